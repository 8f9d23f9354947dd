"""Datasets of graph networks: labelled architectures of one space, and the rows that each member is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.short_repr import ShortRepr
from encoders.node_features import cell_graphs
from surrogates.kernels.features import standard_features
from surrogates.models.graph.net import GraphTensors, MemberNet

__all__ = ["TaskDataset", "graph_tensors", "predict_members"]

_CHUNK = 512


@dataclass(frozen=True, eq=False, repr=False)
class TaskDataset(ShortRepr):
    """Labels of n rows on T tasks of one space.

    Attributes:
        space: Name of the space.
        head: Name of the head that predicts the tasks.
        graphs: The m distinct architectures.
        rows: Index into `graphs` of every row, of shape (n,).
        scores: Normal scores, NaN where not measured, of shape (n, T).
        seen: Whether a member is trained on a row, of shape (K, n).
    """

    space: str
    head: str
    graphs: GraphTensors
    rows: Tensor
    scores: Tensor
    seen: Tensor

    @classmethod
    def from_arrays(
        cls,
        space: str,
        head: str,
        graphs: GraphTensors,
        rows: NDArray[np.int64],
        scores: NDArray[np.float64],
        seen: NDArray[np.bool_],
    ) -> TaskDataset:
        """Create a dataset from numpy arrays."""
        values = torch.from_numpy(scores.astype(np.float32))
        return cls(space, head, graphs, torch.from_numpy(rows), values, torch.from_numpy(seen))

    def __len__(self) -> int:
        return len(self.rows)

    def to(self, device: torch.device) -> TaskDataset:
        """A copy on another device."""
        moved = {name: getattr(self, name).to(device) for name in ("graphs", "rows", "scores", "seen")}
        return replace(self, **moved)

    def part(self, rows: Tensor) -> TaskDataset:
        """The dataset of some rows and their architectures."""
        used, renumbered = torch.unique(self.rows[rows], return_inverse=True)
        graphs = self.graphs.take(used)
        return replace(self, graphs=graphs, rows=renumbered, scores=self.scores[rows], seen=self.seen[:, rows])


def graph_tensors(space: str, archs: Sequence[str], weights: NDArray[np.float64] | None = None) -> GraphTensors:
    """Cell graphs and standardised graph features of m architectures of one space.

    Args:
        space: Name of the space.
        archs: m architecture strings.
        weights: Weights of the features, of shape (d,); not weighted if not given.

    Example:
        >>> graph_tensors("transnas101-micro", ["64-41414-3_00_300"]).nodes.shape[:2]
        torch.Size([1, 8])
    """
    dense = cell_graphs(space, archs)
    X = standard_features(space, archs)
    weighted = (X if weights is None else X * weights).astype(np.float32)
    return GraphTensors(
        torch.from_numpy(dense.nodes),
        torch.from_numpy(dense.adjacency.astype(np.float32)),
        torch.from_numpy(dense.live.astype(np.float32)),
        torch.from_numpy(weighted),
    )


def predict_members(net: MemberNet, graphs: GraphTensors, space: str, head: str | None) -> NDArray[np.float64]:
    """Predictions of every member, without gradients, in chunks of 512 architectures.

    Returns:
        Scores of shape (K, m, T), or the trunk's output of shape (K, m, trunk) if `head` is None.
    """
    net.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(graphs.nodes), _CHUNK):
            chunk = graphs.take(slice(start, start + _CHUNK))
            parts.append(net.embed(chunk, space) if head is None else net(chunk, space, head))
    return torch.cat(parts, dim=1).numpy().astype(np.float64)
