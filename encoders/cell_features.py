"""Graph features of cells: paths, depths, degrees, variance propagation and size, by operation.

They include the neural graph features of Kadlecova et al. (ICML 2024, section 3): operation counts, and for every
subset of the operations the number of paths that use only those, the shortest and longest of them, and the degrees of
input and output. Added here: depths in convolutions, receptive field, propagation of the activations' variance, size.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.graph import GraphBatch
from benchmarks.spaces.cell import EDGES, CellSpace
from encoders.costs import network_costs
from encoders.dag_paths import longest_paths, mean_paths, path_counts, shortest_paths, steps

__all__ = ["cell_features"]

Features = dict[str, NDArray[Any]]

_TINY = 1e-9


class _Cells(NamedTuple):
    """Live parts of n simplified cells: graphs, and masks of the nodes with each operation, of shape (n_ops, n, V)."""

    space: CellSpace
    graphs: GraphBatch
    has: NDArray[np.bool_]

    def any_of(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Mask of the nodes with one of these operations, of shape (n, V)."""
        wanted = [op.name in names for op in self.space.operations[1:]]
        return np.asarray(self.has[wanted].any(axis=0))

    @property
    def convolutions(self) -> NDArray[np.bool_]:
        """Mask of the convolutions, of shape (n, V)."""
        return self.any_of([op.name for op in self.space.operations if op.kind == "conv"])


def cell_features(space: CellSpace, archs: list[str]) -> Features:
    """Features by name, each of shape (n,), of n simplified cells (`Space.simplify`)."""
    graphs = space.cell_graphs(archs)
    codes = space.cell_codes(archs)
    has = np.zeros((len(space.operations) - 1, *graphs.live.shape), dtype=bool)
    for index in range(1, len(space.operations)):
        has[index - 1, :, 1:-1] = (codes == index) & graphs.live[:, 1:-1]
    cells = _Cells(space, graphs, has)
    return {
        **_indicators(cells, codes),
        **_counts(cells),
        **_subset_features(cells),
        **_depths(cells),
        **_receptive_field(cells),
        **_signal(cells),
        **_size(space, archs),
    }


def _indicators(cells: _Cells, codes: NDArray[np.int64]) -> Features:
    """Indicators of each operation on each edge."""
    operations = enumerate(cells.space.operations)
    return {
        f"{source}->{target}={op.name}": codes[:, edge] == index
        for index, op in operations
        if index
        for edge, (source, target) in enumerate(EDGES)
    }


def _counts(cells: _Cells) -> Features:
    names = [op.name for op in cells.space.operations[1:]]
    features: Features = {f"count[{name}]": cells.has[i].sum(axis=1) for i, name in enumerate(names)}
    features["count[any]"] = cells.has.any(axis=0).sum(axis=1)
    features["count[conv]"] = cells.convolutions.sum(axis=1)
    into = [[index + 1 for index, edge in enumerate(EDGES) if edge[1] == node] for node in (1, 2)]
    features["inner_nodes"] = np.sum([cells.graphs.live[:, nodes].any(axis=1) for nodes in into], axis=0)
    return features


def _subset_features(cells: _Cells) -> Features:
    """Paths and degrees for every subset of the operations."""
    names = [op.name for op in cells.space.operations[1:]]
    subsets = [c for size in range(1, len(names) + 1) for c in itertools.combinations(names, size)]
    ends = np.zeros(cells.graphs.live.shape, dtype=bool)
    ends[:, [0, -1]] = True
    members = np.stack([cells.any_of(subset) for subset in subsets])  # (subsets, n, V)
    adjacency = cells.graphs.adjacency
    allowed, steps = members | ends, members.astype(float)
    paths = path_counts(adjacency, allowed)
    none = paths == 0
    shortest = np.where(none, len(EDGES), shortest_paths(adjacency, allowed, steps))
    longest = np.where(none, 0, longest_paths(adjacency, allowed, steps))
    outgoing = (members & adjacency[:, 0, :]).sum(axis=-1)
    arriving = (members & adjacency[:, :, -1]).sum(axis=-1)
    middle = members[:, :, 1 + EDGES.index((1, 2))]
    features: Features = {}
    for i, subset in enumerate(subsets):
        label = "+".join(subset)
        features[f"paths[{label}]"] = paths[i]
        features[f"shortest[{label}]"] = shortest[i]
        features[f"longest[{label}]"] = longest[i]
        features[f"input_degree[{label}]"] = outgoing[i]
        features[f"output_degree[{label}]"] = arriving[i]
        features[f"middle[{label}]"] = middle[i]
    return features


def _depths(cells: _Cells) -> Features:
    """Maximum, minimum and mean number of each operation along the live paths; -1 if there is no path."""
    weights = {op.name: cells.has[i] for i, op in enumerate(cells.space.operations[1:])}
    weights["conv"] = cells.convolutions
    weight = np.stack(list(weights.values())).astype(float)  # (k, n, V)
    live, adjacency = cells.graphs.live, cells.graphs.adjacency
    dead = path_counts(adjacency, live) == 0
    most = np.where(dead, -1, longest_paths(adjacency, live, weight))
    fewest = np.where(dead, -1, shortest_paths(adjacency, live, weight))
    mean = np.where(dead, -1, mean_paths(adjacency, live, weight))
    features: Features = {}
    for i, name in enumerate(weights):
        features |= {f"most[{name}]": most[i], f"fewest[{name}]": fewest[i], f"mean[{name}]": mean[i]}
    return features


def _receptive_field(cells: _Cells) -> Features:
    """Log2 of the receptive field's side, in pixels, of an output pixel of the published skeleton."""
    growth = np.maximum(cells.graphs.kernel - 1, 0).astype(float)
    from_input = cells.graphs.adjacency[:, 0, :]
    space = cells.space
    shapes = space.cell_shapes(space.skeleton, space.input_size)
    frame = space.frame_graph(space.skeleton, space.input_size)
    in_frame = (frame.kernel - 1) * (space.input_size // frame.resolution_in)
    distinct = list(dict.fromkeys(shapes))
    pixel = np.array([space.input_size / shape.resolution for shape in distinct])[:, None, None]
    strides = np.array([shape.stride for shape in distinct])[:, None, None]
    step = np.where(from_input, pixel, pixel * strides)  # (shapes, n, V)
    widest = longest_paths(cells.graphs.adjacency, cells.graphs.live, growth * step)
    repeats = np.array([shapes.count(shape) for shape in distinct], dtype=np.float64)
    field = 1 + in_frame[frame.where("conv")].sum() + repeats @ np.where(np.isfinite(widest), widest, 0)
    return {"log2_receptive_field": np.log2(field)}


def _signal(cells: _Cells) -> Features:
    """Propagation of variance and depth if every convolution (with its batch norm) outputs unit variance.

    A sum adds the variances of its summands; its depth is the mean over summands weighted by their variance. Computed
    for one cell that keeps the shape, and through all cells of the published skeleton.
    """
    space = cells.space
    shapes = space.cell_shapes(space.skeleton, space.input_size)
    names = [op.name for op in space.operations[1:]]
    convolutions = [op.kind == "conv" for op in space.operations[1:]]
    through = _Flow(cells)
    features: Features = {}
    for label, changes in (("cell", [False]), ("network", [shape.changes_shape for shape in shapes])):
        state = np.zeros((1 + len(names), len(cells.graphs)))
        state[0] = 1.0
        for change in changes:
            state = through(state, change)
        variance = state[0]
        depths = state[1:] / np.maximum(variance, _TINY)
        features[f"log_variance[{label}]"] = np.log(variance + 0.1)
        features[f"depth[{label},any]"] = depths.sum(axis=0)
        features[f"depth[{label},conv]"] = depths[convolutions].sum(axis=0)
        features |= {f"depth[{label},{name}]": depths[i] for i, name in enumerate(names)}
    return features


class _Flow:
    """Propagates variance, and depth in each operation times variance, of shape (1 + n_ops, n), through n cells."""

    def __init__(self, cells: _Cells) -> None:
        adjacency = cells.graphs.adjacency
        # for each node after the input: its sources and edges, whether it resets the variance, its operation
        self._arriving = [
            [(source, adjacency[:, source, node].astype(np.float64)) for source in sources.tolist()]
            for node, sources in steps(adjacency)
        ]
        self._renewing = list(cells.convolutions.T[1:])
        self._after_input = list(adjacency[:, 0, 1:].T)
        self._own = np.moveaxis(cells.has, -1, 0)[1:].astype(np.float64)  # (V - 1, n_ops, n)

    def __call__(self, state: NDArray[np.float64], changes_shape: bool) -> NDArray[np.float64]:
        states = [state]
        for node, sources in enumerate(self._arriving):
            arriving = np.zeros_like(state)
            for source, edge in sources:
                arriving += states[source] * edge
            # a skip that changes the shape ends with batch norm, like a convolution
            renewing = self._renewing[node] | self._after_input[node] if changes_shape else self._renewing[node]
            power = np.where(renewing, arriving[0] > 0, arriving[0])
            left = np.empty_like(state)
            left[0] = power
            left[1:] = (arriving[1:] / np.maximum(arriving[0], _TINY) + self._own[node]) * power
            states.append(left)
        return states[-1]


def _size(space: CellSpace, archs: list[str]) -> Features:
    costs = network_costs(space, archs).astype(np.float64)
    return {
        "log_params": np.log(costs[:, 0]),
        "log_multiply_adds": np.log(costs[:, 1]),
        "log_activations": np.log(costs[:, 2]),
    }
