"""Weights of the operations of a cell that are learnt by gradient, and how a cell is derived from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.errors import choice
from benchmarks.spaces.cell import EDGES, CellSpace, live_edges
from benchmarks.training.supernet.mixture import sparsify
from surrogates.supernet.live_cells import most_probable_live

__all__ = ["CELL_METHODS", "CellWeights", "has_skips_alone"]

_INPUTS = tuple(tuple(edge for edge, (_, to) in enumerate(EDGES) if to == node) for node in (1, 2, 3))
"""Edges into each inner node and the output."""
_START = 1e-3  # standard deviation of the first alpha, as in DARTS
_STRONGEST = 2  # inputs of a node that DARTS keeps


class CellWeights(nn.Module):
    """Trainable weights of a cell, shared by all its copies: alpha of each operation on each edge, beta of each node.

    Args:
        space: Space of cells.
        method: How weights and cells follow from alpha and beta, one of `CELL_METHODS`.
        threshold: First threshold of every node, sigmoid(beta), in (0, 1).
        seed: Seed of the first alpha, normal with a standard deviation of 0.001.

    Attributes:
        alpha: Logits of the operations, of shape (6, K), "none" first.
        beta: Logits of the thresholds of the nodes 1, 2, 3, of shape (3,).
        single: Whether at most one operation an edge has a weight; see `CELL_METHODS`.

    Raises:
        UnknownNameError: If there is no such method.
        ValueError: If the threshold is not between 0 and 1.

    Example:
        >>> from benchmarks import get_space
        >>> weights = CellWeights(get_space("transnas101-micro"), "entrannas")
        >>> with torch.no_grad():
        ...     weights.alpha[:, 3] = torch.tensor([4.0, 0.0, 4.0, 4.0, 0.0, 4.0])
        >>> weights.derive()  # edges 0 -> 2 and 1 -> 3 are below the thresholds of their nodes
        '64-41414-3_03_303'
    """

    def __init__(self, space: CellSpace, method: str, threshold: float = 0.5, seed: int = 0) -> None:
        super().__init__()
        if not 0 < threshold < 1:
            raise ValueError(f"expected a threshold between 0 and 1, got {threshold}")
        self.space, self.method = space, choice(method, CELL_METHODS, "method")
        start = np.random.default_rng(seed).normal(size=(len(EDGES), len(space.operations)))
        self.alpha = nn.Parameter(torch.as_tensor(_START * start, dtype=torch.float32))
        self.beta = nn.Parameter(torch.full((len(_INPUTS),), float(np.log(threshold / (1 - threshold)))))
        self.single = False

    def forward(self) -> Tensor:
        """Weights of the operations in an Engine cell, of shape (6, K); zeros for those that are not called."""
        return CELL_METHODS[self.method].weights(self.alpha, self.beta, self.single)

    @property
    def thresholds(self) -> Tensor:
        """Thresholds of the nodes 1, 2, 3, of shape (3,)."""
        return torch.sigmoid(self.beta)

    @torch.no_grad()
    def derive(self) -> str:
        """The cell that the weights stand for now; never a dead one."""
        code = CELL_METHODS[self.method].derive(self.alpha, self.beta)
        return self.space.from_code(code)


def has_skips_alone(space: CellSpace, arch: str) -> bool:
    """Whether the simplest form of an architecture has no operation but skips.

    Example:
        >>> from benchmarks import get_space
        >>> has_skips_alone(get_space("transnas101-micro"), "64-41414-1_03_100")  # no data passes edge 1 -> 2
        True
    """
    (simplest,) = space.simplify([arch])
    return {space.operations[index].kind for index in space.parse(simplest).code} - {"none"} == {"skip"}


class _Method(NamedTuple):
    weights: Callable[[Tensor, Tensor, bool], Tensor]
    derive: Callable[[Tensor, Tensor], list[int]]
    all_engine: bool


def _shares(alpha: Tensor) -> Tensor:
    """Softmax over the operations of each edge but "none", of shape (6, K) with zeros for "none"."""
    return torch.cat([torch.zeros_like(alpha[:, :1]), torch.softmax(alpha[:, 1:], dim=1)], dim=1)


def _sparse(alpha: Tensor, beta: Tensor, single: bool) -> Tensor:
    """Weights by `sparsify` over the inputs of each node: all operations, or the best one of each edge.

    The weights of a node sum to the number of its edges that stay, as in the derived cell, whose weights are ones.
    """
    p, t = _shares(alpha), torch.sigmoid(beta)
    if single:
        p = p * nn.functional.one_hot(p.argmax(dim=1), p.shape[1]).to(p.dtype)
    nodes = [sparsify(p[list(edges)], threshold) for edges, threshold in zip(_INPUTS, t, strict=True)]
    nodes = [q.detach() + 0 * q if (q > 0).sum() == 1 else q for q in nodes]  # no gradient of rounding errors
    return torch.cat([q * (q.amax(dim=1) > 0).sum() for q in nodes])  # edges are in the order of the nodes they lead to


def _sparse_cell(alpha: Tensor, beta: Tensor) -> list[int]:
    """The best operation of each edge that stays; none on the others."""
    q = _sparse(alpha, beta, True)
    return torch.where(q.amax(dim=1) > 0, q.argmax(dim=1), 0).tolist()


def _two_strongest(alpha: Tensor, beta: Tensor) -> list[int]:
    """The best operation, "none" left out, of the two strongest inputs of each node."""
    p = _shares(alpha)
    best, code = p.amax(dim=1), [0] * len(EDGES)
    for edges in _INPUTS:
        for edge in sorted(edges, key=lambda edge: -float(best[edge]))[:_STRONGEST]:
            code[edge] = int(p[edge].argmax())
    return code


def _most_probable(alpha: Tensor, beta: Tensor) -> list[int]:
    """The best operation of each edge, "none" included; of live cells, if that cell is dead."""
    logits = torch.log_softmax(alpha, dim=1).cpu().double().numpy()
    best = logits.argmax(axis=1)
    if not live_edges(best[None]).any():
        best = most_probable_live(logits)
    return [int(index) for index in best]


CELL_METHODS: Mapping[str, _Method] = {
    "entrannas": _Method(_sparse, _sparse_cell, False),
    "entrannas-base": _Method(lambda alpha, beta, single: _shares(alpha), _two_strongest, False),
    "darts": _Method(lambda alpha, beta, single: torch.softmax(alpha, dim=1), _most_probable, True),
}
"""Method -> weights in an Engine cell, derived cell, and whether all cells are Engine cells.

``"entrannas"`` is EnTranNAS-DST: softmax over the operations of an edge but "none", then `sparsify` over the inputs of
a node, times the number of its edges that stay: the published weights of a node sum to 1, which the derived cell's do
not, and no batch norm follows the sum. A cell of these spaces has one operation an edge, so the derived cell has the
best operation of each edge that stays, and "none" elsewhere; with `single`, the weights are restricted in the same way,
and what is mixed and what is derived are the same operations. ``"entrannas-base"`` has DARTS's weights, and DARTS's
rule in every step: the two strongest inputs of a node, "none" left out. ``"darts"`` has "none" among the operations of
the softmax, and the best one of each edge in the end, as in the published run on NAS-Bench-201.
"""
