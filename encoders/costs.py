"""Costs of an architecture, computed from its network graph without building the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.costs import graph_costs
from benchmarks.decoders import decoder_graph
from encoders.base import Encoder

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space

__all__ = ["Costs", "network_costs"]

_NAMES = ["params", "multiply_adds", "activations", "depth"]


class Costs(Encoder):
    """Parameters, multiply-adds, activations and depth of a network.

    Dead operations count, as in the published parameter counts; to exclude them, encode `space.canonicals(archs)`.

    - ``params``: trainable parameters. Exact: backbone plus decoder equal the published integers.
    - ``multiply_adds``: of convolutions and linear layers, for one image (for one tile and the joint head in jigsaw).
    - ``activations``: elements of the outputs of convolutions and linear layers, for one image (Radosavovic et al.,
      CVPR 2020, section 3.1).
    - ``depth``: convolutions on the longest live path from image to last feature map; 0 if there is none.

    Args:
        input_size: Side of the images in pixels; the published one of the space by default.
        task: Task whose published decoder is added; by default the backbone alone.
        num_classes: Number of outputs of that decoder; the published number by default.

    Example:
        >>> costs = Costs().fit(["64-41414-0_31_023"])
        >>> dict(zip(costs.get_feature_names_out(), costs.transform(["64-41414-0_31_023"])[0].astype(int).tolist()))
        {'params': 14673952, 'multiply_adds': 3050831872, 'activations': 3342336, 'depth': 22}
    """

    def __init__(
        self, *, input_size: int | None = None, task: str | None = None, num_classes: int | None = None
    ) -> None:
        self.input_size = input_size
        self.task = task
        self.num_classes = num_classes

    def exact(self, archs: list[str]) -> NDArray[np.int64]:
        """The costs as integers (float32 rounds above 16.7 million), of shape (n, 4)."""
        from benchmarks.spaces.registry import infer_space

        return self._exact(infer_space(archs), archs)

    def feature_names(self, space: Space) -> list[str]:
        return list(_NAMES)

    def encode(self, space: Space, archs: list[str]) -> NDArray[np.floating]:
        return self._exact(space, archs).astype(np.float32)

    def _exact(self, space: Space, archs: list[str]) -> NDArray[np.int64]:
        additive = network_costs(space, archs, self.input_size)
        if self.task is not None:
            additive = additive + self._decoder_costs(space, archs)
        return np.concatenate([additive, space.depths(archs)[:, None]], axis=1)

    def _decoder_costs(self, space: Space, archs: list[str]) -> NDArray[np.int64]:
        assert self.task is not None
        size = space.image_size(self.input_size)
        cache: dict[tuple[int, int], tuple[int, int, int]] = {}
        rows = []
        for arch in archs:
            shape = space.feature_shape(arch, size)
            if shape not in cache:
                cache[shape] = graph_costs(decoder_graph(self.task, *shape, size, self.num_classes))
            rows.append(cache[shape])
        return np.array(rows, dtype=np.int64)


def network_costs(space: Space, archs: Sequence[str], input_size: int | None = None) -> NDArray[np.int64]:
    """Parameters, multiply-adds and activations of the backbones of n architectures, of shape (n, 3)."""
    parts, counts = space.network_parts(archs, input_size)
    return counts @ np.array([graph_costs(part) for part in parts], dtype=np.int64).reshape(-1, 3)
