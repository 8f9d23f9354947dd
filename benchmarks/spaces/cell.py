"""Cells of four nodes with an operation on each of the six edges, shared by two benchmarks.

Edges are in the order of both benchmarks: 0->1 | 0->2, 1->2 | 0->3, 1->3, 2->3. A node sums its inputs; node 3 is the
cell's output. Each architecture is one integer code, so canonical forms and graphs are look-ups in tables over all
codes, computed once.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError, shown
from benchmarks.forks import cached_property
from benchmarks.graph import ArchGraph, GraphBatch, kind_id
from benchmarks.spaces.memo import cached_by_space
from benchmarks.spaces.skeleton import BlockShape
from benchmarks.spaces.space import Space, naslib_integers

__all__ = ["EDGES", "PATHS", "CellSpace", "CellSpec", "Operation", "first_rows", "live_edges"]

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
PATHS = ((3,), (0, 4), (1, 5), (0, 2, 5))
"""The four paths from node 0 to node 3, as indices into `EDGES`."""
_SWAPPED = (1, 0, 2, 3, 5, 4)
"""Permutation of the edges if nodes 1 and 2 are swapped (possible if edge 1->2 is absent)."""


class Operation(NamedTuple):
    """An operation on an edge: its name in strings, kind of node, kernel size."""

    name: str
    kind: str
    kernel: int


class CellSpec(NamedTuple):
    """A parsed cell: its skeleton ("" if the space has only one) and one operation index per edge."""

    skeleton: str
    code: tuple[int, ...]


class CellSpace(Space):
    """A space of cells; subclasses define the skeletons that repeat the cell."""

    operations: ClassVar[tuple[Operation, ...]]
    """Operation 0 is "none"."""
    skeleton: ClassVar[str]
    """The published skeleton."""
    naslib_operations: ClassVar[tuple[int, ...]]
    """Operation that each operation index of NASLib's tuples means."""
    naslib_edges: ClassVar[tuple[tuple[int, int], ...]] = EDGES
    """Edges in the order of NASLib's tuples."""
    identity_from: ClassVar[int]
    """First node whose outgoing skips are identities in every cell (skips from node 0 may change the shape)."""

    @abstractmethod
    def cell_shapes(self, skeleton: str, input_size: int) -> list[BlockShape]:
        """Input and output shapes of each cell of a skeleton, from first to last."""

    @abstractmethod
    def frame_graph(self, skeleton: str, input_size: int) -> ArchGraph:
        """Parts of a backbone outside the cells: the stem, and blocks between the stages."""

    @abstractmethod
    def edge_graph(self, operation: int, shape: BlockShape) -> ArchGraph:
        """The network graph of one operation on an edge."""

    @abstractmethod
    def edge_depth(self, operation: int, changes_shape: bool) -> int:
        """Number of convolutions that an operation adds to a path."""

    # -- strings ------------------------------------------------------------------------------------------------

    def enumerate(self) -> Sequence[str]:
        """All codes in lexicographic order of their operation indices."""
        return [self.from_code(code) for code in self.codes.tolist()]

    def from_code(self, code: Sequence[int]) -> str:
        """The architecture of the published skeleton with an operation on each edge, of shape (6,).

        Example:
            >>> from benchmarks import get_space
            >>> get_space("transnas101-micro").from_code([3, 0, 1, 0, 0, 3])
            '64-41414-3_01_003'
        """
        return self.format(CellSpec(self.skeleton, tuple(int(operation) for operation in code)))

    def from_naslib(self, ops: Sequence[int]) -> str:
        """The published cell of a tuple of NASLib: see `Space.from_naslib`."""
        code = naslib_integers(ops, self.name, len(self.operations) - 1)
        if len(code) != len(EDGES):
            raise ArchitectureError(f"expected {len(EDGES)} operation indices of NASLib, got {shown(ops)}")
        placed = dict(zip(self.naslib_edges, (self.naslib_operations[index] for index in code), strict=True))
        return self.from_code([placed[edge] for edge in EDGES])

    def neighbors(self, arch: str) -> list[str]:
        """Architectures with another operation on one edge."""
        spec = self.parse(arch)
        return [
            self.format(CellSpec(spec.skeleton, (*spec.code[:edge], operation, *spec.code[edge + 1 :])))
            for edge in range(len(EDGES))
            for operation in range(len(self.operations))
            if operation != spec.code[edge]
        ]

    # -- codes --------------------------------------------------------------------------------------------------

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """Operation index on each edge, of all cells in lexicographic order, of shape (n_ops ** 6, 6)."""
        return np.array(list(itertools.product(range(len(self.operations)), repeat=len(EDGES))), dtype=np.int64)

    def cell_codes(self, archs: Sequence[str]) -> NDArray[np.int64]:
        """Operation index on each edge, of shape (n, 6)."""
        return np.array([self.parse(arch).code for arch in archs], dtype=np.int64).reshape(-1, len(EDGES))

    def code_rows(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row of each code, of shape (n, 6), in `codes`; of shape (n,)."""
        weights = len(self.operations) ** np.arange(len(EDGES))[::-1]
        return np.asarray(codes @ weights)

    @cached_property
    def canonical_rows(self) -> NDArray[np.int64]:
        """Row of the canonical code of every code, of shape (n_ops ** 6,)."""
        pruned = np.where(live_edges(self.codes), self.codes, 0)
        rows = self.code_rows(pruned)
        swapped = self.code_rows(pruned[:, _SWAPPED])
        return np.where(pruned[:, 2] == 0, np.minimum(rows, swapped), rows)

    @cached_property
    def simplest_rows(self) -> NDArray[np.int64]:
        """Row of the code with fewest operations, then the smallest, of the same function; of shape (n_ops ** 6,)."""
        skip = next(index for index, operation in enumerate(self.operations) if operation.kind == "skip")
        rows = self.code_rows(np.where(live_edges(self.codes), self.codes, 0))  # of the pruned codes
        pruned, inverse = np.unique(rows, return_inverse=True)
        first = first_rows(self.codes[pruned], lambda code: _function(code, skip, self.identity_from))
        return np.asarray(pruned[first][inverse])

    def canonicals(self, archs: Sequence[str]) -> list[str]:
        """Canonical forms: dead edges removed, then the smaller of the two orders of the inner nodes."""
        return self._replace(archs, self.canonical_rows)

    def simplify(self, archs: Sequence[str]) -> list[str]:
        """For each cell the one with fewest operations that computes the same function; identities are resolved."""
        return self._replace(archs, self.simplest_rows)

    def _replace(self, archs: Sequence[str], rows: NDArray[np.int64]) -> list[str]:
        if isinstance(archs, str):
            raise ArchitectureError(f"expected a list of architecture strings, got the string {shown(archs)}")
        specs = [self.parse(arch) for arch in archs]
        codes = np.array([spec.code for spec in specs], dtype=np.int64).reshape(-1, len(EDGES))
        keys = [(spec.skeleton, row) for spec, row in zip(specs, rows[self.code_rows(codes)].tolist(), strict=True)]
        names = {key: self.format(CellSpec(key[0], tuple(self.codes[key[1]].tolist()))) for key in set(keys)}
        return [names[key] for key in keys]

    # -- graphs -------------------------------------------------------------------------------------------------

    def cell_graphs(self, archs: Sequence[str]) -> GraphBatch:
        """Nodes: input, the six edges' operations, output; shapes are those of the first cell."""
        specs = [self.parse(arch) for arch in archs]
        codes = np.array([spec.code for spec in specs], dtype=np.int64).reshape(-1, len(EDGES))
        first = {name: self.cell_shapes(name, self.input_size)[0] for name in {spec.skeleton for spec in specs}}
        shape = np.array([first[spec.skeleton] for spec in specs], dtype=np.int64).reshape(-1, 4)
        n, width = len(codes), len(EDGES) + 2
        live = np.ones((n, width), dtype=bool)
        live[:, 1:-1] = live_edges(codes)
        kind = np.empty((n, width), dtype=np.int64)
        kind[:, 0], kind[:, -1] = kind_id("input"), kind_id("output")
        kind[:, 1:-1] = np.array([kind_id(op.kind) for op in self.operations])[codes]
        kernel = np.zeros((n, width), dtype=np.int64)
        kernel[:, 1:-1] = np.array([op.kernel for op in self.operations])[codes]
        from_input = np.array([False] + [source == 0 for source, _ in EDGES] + [False])
        before = from_input.copy()
        before[0] = True
        channels_in, channels_out, stride, resolution = shape.T[:, :, None]
        smaller = -(-resolution // stride)
        return GraphBatch(
            kind=kind,
            kernel=kernel,
            stride=np.where(from_input, stride, 1),
            channels_in=np.where(before, channels_in, channels_out),
            channels_out=np.where(np.arange(width) == 0, channels_in, channels_out),
            resolution_in=np.where(before, resolution, smaller),
            resolution_out=np.where(np.arange(width) == 0, resolution, smaller),
            live=live,
            adjacency=_TEMPLATE & live[:, :, None] & live[:, None, :],
        )

    def feature_shape(self, arch: str, input_size: int | None = None) -> tuple[int, int]:
        """Channels and side in pixels of the backbone's last feature map."""
        last = self.cell_shapes(self.parse(arch).skeleton, self.image_size(input_size))[-1]
        return last.channels_out, last.resolution

    def network_parts(
        self, archs: Sequence[str], input_size: int | None = None
    ) -> tuple[list[ArchGraph], NDArray[np.int64]]:
        """One part per frame, and one per operation and distinct edge shape."""
        size = self.image_size(input_size)
        specs = [self.parse(arch) for arch in archs]
        codes = np.array([spec.code for spec in specs], dtype=np.int64).reshape(-1, len(EDGES))
        skeletons: dict[str, int] = {}
        of = np.array([skeletons.setdefault(spec.skeleton, len(skeletons)) for spec in specs], dtype=np.int64)
        frames = {self.frame_key(name): name for name in skeletons}
        number = {key: index for index, key in enumerate(frames)}
        framed = np.zeros((len(skeletons), len(frames)), dtype=np.int64)
        framed[np.arange(len(skeletons)), [number[self.frame_key(name)] for name in skeletons]] = 1
        shapes: dict[_EdgeShape, int] = {}
        found = [
            (row, shapes.setdefault(shape, len(shapes)), repeats)
            for name, row in skeletons.items()
            for shape, repeats in _edge_shapes(self.cell_shapes(name, size)).items()
        ]
        shaped = np.zeros((len(skeletons), len(shapes)), dtype=np.int64)
        rows, columns, repeats = np.array(found, dtype=np.int64).reshape(-1, 3).T
        shaped[rows, columns] = repeats
        parts = [self.frame_graph(name, size) for name in frames.values()]
        counts = [framed[of]]
        leaves = np.array([shape.leaves_input for shape in shapes], dtype=bool)
        for operation in range(1, len(self.operations)):
            chosen = codes == operation
            outer, inner = (chosen[:, edges].sum(axis=1)[:, None] for edges in (_OUTER, _INNER))
            parts += [_edge_graph(self, operation, shape.block) for shape in shapes]
            counts.append(shaped[of] * np.where(leaves, outer, inner))
        return parts, np.concatenate(counts, axis=1)

    def frame_key(self, skeleton: str) -> str:
        """What the frame of a skeleton depends on: skeletons of one key have the same frame; by default one each."""
        return skeleton

    def depths(self, archs: Sequence[str]) -> NDArray[np.int64]:
        """Convolutions on the longest live path from image to last feature map, of shape (n,)."""
        specs = [self.parse(arch) for arch in archs]
        codes = np.array([spec.code for spec in specs], dtype=np.int64).reshape(-1, len(EDGES))
        total = np.zeros(len(codes), dtype=np.int64)
        for name in {spec.skeleton for spec in specs}:
            rows = np.array([spec.skeleton == name for spec in specs])
            shapes = self.cell_shapes(name, self.input_size)
            frame = self.frame_graph(name, self.input_size)
            in_frame = int((frame.where("conv") & (frame.kernel > 1)).sum())
            in_cells = sum(self._cell_depths(codes[rows], shape.changes_shape) for shape in shapes)
            total[rows] = in_frame + in_cells
        alive = live_edges(codes).any(axis=1)
        return np.where(alive, total, 0)

    def _cell_depths(self, codes: NDArray[np.int64], changes_shape: bool) -> NDArray[np.int64]:
        n_ops = range(len(self.operations))
        inner = np.array([self.edge_depth(op, False) for op in n_ops])[codes]
        outer = np.array([self.edge_depth(op, changes_shape) for op in n_ops])[codes]
        weight = np.where([source == 0 for source, _ in EDGES], outer, inner)
        lengths = [np.where((codes[:, path] > 0).all(axis=1), weight[:, path].sum(axis=1), 0) for path in PATHS]
        return np.asarray(np.max(lengths, axis=0))


def live_edges(codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which edges carry data from node 0 to node 3, of shape (n, 6); operation 0 is "none".

    Example:
        >>> live_edges(np.array([[3, 0, 0, 1, 0, 3]])).astype(int).tolist()  # 0->1 leads nowhere, 2->3 starts nowhere
        [[0, 0, 0, 1, 0, 0]]
    """
    present = codes > 0
    live = np.zeros_like(present)
    for path in PATHS:
        live[:, path] |= present[:, path].all(axis=1, keepdims=True)
    return live


def first_rows(codes: NDArray[np.int64], key: Callable[[list[int]], str]) -> NDArray[np.int64]:
    """For each code, of shape (N, 6), the row with the same key that has fewest operations, then the first one."""
    order = np.lexsort((np.arange(len(codes)), (codes > 0).sum(axis=1)))
    rows = np.empty(len(codes), dtype=np.int64)
    first: dict[str, int] = {}
    listed = codes.tolist()
    for row in order.tolist():
        rows[row] = first.setdefault(key(listed[row]), row)
    return rows


def _function(code: list[int], skip: int, identity_from: int) -> str:
    """Normal form of the function that a cell computes: each node as its sorted summands, nested sums flattened."""
    nodes: list[list[str]] = [["x"]]
    edges = iter(code)
    for target in (1, 2, 3):
        arriving: list[str] = []
        for source in range(target):
            operation = next(edges)
            if operation == skip and source >= identity_from:
                arriving += nodes[source]
            elif operation and nodes[source]:
                arriving.append(f"{operation}({'+'.join(nodes[source])})")
        nodes.append(sorted(arriving))
    return "+".join(nodes[3])


class _EdgeShape(NamedTuple):
    """Shape of an edge, and whether it leaves node 0, as the edges 0, 1 and 3 do."""

    leaves_input: bool
    block: BlockShape


@cached_by_space(maxsize=8192)
def _edge_graph(space: CellSpace, operation: int, shape: BlockShape) -> ArchGraph:
    return space.edge_graph(operation, shape)


def _edge_shapes(cells: list[BlockShape]) -> dict[_EdgeShape, int]:
    """Shapes of the edges, each with its number of cells."""
    found: dict[_EdgeShape, int] = {}
    for cell in cells:
        rest = BlockShape(cell.channels_out, cell.channels_out, 1, -(-cell.resolution // cell.stride))
        for shape in (_EdgeShape(True, cell), _EdgeShape(False, rest)):
            found[shape] = found.get(shape, 0) + 1
    return found


def _template() -> NDArray[np.bool_]:
    """Edges between input, the six operations and output where all are live, of shape (8, 8)."""
    adjacency = np.zeros((len(EDGES) + 2, len(EDGES) + 2), dtype=bool)
    for index, (source, target) in enumerate(EDGES):
        adjacency[0, index + 1] = source == 0
        adjacency[index + 1, -1] = target == 3
        for later, (next_source, _) in enumerate(EDGES):
            adjacency[index + 1, later + 1] = target == next_source
    return adjacency


_TEMPLATE = _template()
_OUTER = [edge for edge, (source, _) in enumerate(EDGES) if source == 0]
_INNER = [edge for edge, (source, _) in enumerate(EDGES) if source > 0]
