"""NAS-Bench-201: the operations inside a cell of a CIFAR network (Dong and Yang, ICLR 2020, section 2).

Strings have the form ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`` with five operations. Network: conv 3x3 stem of 16
channels, three stages of five cells with 16, 32 and 64 channels, a residual block of stride 2 between stages, then
batch norm and ReLU.

Equivalence is the benchmark's own: skip_connect is the identity, an operation on a zero is a zero, and the order of
summands is irrelevant. It distinguishes 6,466 cells (paper, section 2.4). It does not drop zeros from sums, so some of
those 6,466 still compute the same function; `simplify` merges these as well.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError, UnknownNameError, choice, shown
from benchmarks.forks import cached_property
from benchmarks.graph import ArchGraph, GraphBuilder
from benchmarks.spaces.cell import CellSpace, CellSpec, Operation, first_rows
from benchmarks.spaces.skeleton import BlockShape
from benchmarks.tasks import NASBENCH201_TASKS

__all__ = ["NASBench201"]

_OPERATIONS = (
    Operation("none", "none", 0),
    Operation("skip_connect", "skip", 0),
    Operation("nor_conv_1x1", "conv", 1),
    Operation("nor_conv_3x3", "conv", 3),
    Operation("avg_pool_3x3", "avg_pool", 3),
)
_NAMES = [operation.name for operation in _OPERATIONS]
_CELL = re.compile(
    r"\|([^|~]*)~0\|\+\|([^|~]*)~0\|([^|~]*)~1\|\+\|([^|~]*)~0\|([^|~]*)~1\|([^|~]*)~2\|"
)  # the six operation names
_STAGES = (16, 32, 64)
_CELLS_PER_STAGE = 5


class NASBench201(CellSpace):
    """The 15,625 cells; 6,466 of them are distinct under the benchmark's definition of equivalence.

    Example:
        >>> space = NASBench201()
        >>> len(space), space[15624]
        (15625, '|avg_pool_3x3~0|+|avg_pool_3x3~0|avg_pool_3x3~1|+|avg_pool_3x3~0|avg_pool_3x3~1|avg_pool_3x3~2|')
    """

    name = "nasbench201"
    tasks = NASBENCH201_TASKS
    input_size = 32
    example = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
    notation = (
        "|op~0|+|op~0|op~1|+|op~0|op~1|op~2|: the operations that lead to nodes 1, 2 and 3 of the cell; ~i: from node "
        "i (none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3)"
    )
    skeleton = ""
    naslib_operations = (1, 0, 3, 2, 4)  # OP_NAMES_NB201 of its conversions: skip, none, 3x3, 1x1, pooling
    naslib_edges = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))  # its EDGE_LIST, which counts nodes from 1
    identity_from = 0
    operations = _OPERATIONS

    def recognises(self, arch: str) -> bool:
        """Whether the string contains the ``|`` of a NAS-Bench-201 cell."""
        return "|" in arch

    def parse(self, arch: str) -> CellSpec:
        """Return the operation indices (the skeleton is fixed).

        Raises:
            ArchitectureError: If the string does not have the form ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``.
        """
        return _parse(str(arch))

    def format(self, spec: CellSpec) -> str:
        """The string of a parsed cell."""
        a, b, c, d, e, f = (_NAMES[operation] for operation in spec.code)
        return f"|{a}~0|+|{b}~0|{c}~1|+|{d}~0|{e}~1|{f}~2|"

    @cached_property
    def canonical_rows(self) -> NDArray[np.int64]:
        """Row of the representative of every code: fewest operations, then smallest code, of shape (15625,)."""
        return first_rows(self.codes, _expression)

    def cell_shapes(self, skeleton: str, input_size: int) -> list[BlockShape]:
        """Five cells per stage; none of them changes the shape."""
        shapes = []
        for channels in _STAGES:
            shapes += [BlockShape(channels, channels, 1, input_size)] * _CELLS_PER_STAGE
            input_size = -(-input_size // 2)
        return shapes

    def frame_graph(self, skeleton: str, input_size: int) -> ArchGraph:
        """Stem, the residual blocks between the stages, the last batch norm and ReLU."""
        builder = GraphBuilder(3, input_size)
        node = _add_stem(builder)
        for channels in _STAGES[1:]:
            node = _add_reduction(builder, node, channels)
        builder.add("relu", [builder.add("batch_norm", [node])])
        return builder.build()

    def edge_graph(self, operation: int, shape: BlockShape) -> ArchGraph:
        """The network graph of one operation on an edge."""
        builder = GraphBuilder(shape.channels_in, shape.resolution)
        _add_operation(builder, builder.input, self.operations[operation])
        return builder.build()

    def edge_depth(self, operation: int, changes_shape: bool) -> int:
        """One for a convolution."""
        return int(self.operations[operation].kind == "conv")

    def network_graph(self, arch: str, input_size: int | None = None) -> ArchGraph:
        """Stem, three stages of five cells, two residual blocks, the last batch norm and ReLU."""
        code = self.parse(arch).code
        builder = GraphBuilder(3, self.image_size(input_size))
        node = _add_stem(builder)
        for stage, channels in enumerate(_STAGES):
            if stage:
                node = _add_reduction(builder, node, channels)
            for _ in range(_CELLS_PER_STAGE):
                node = self._add_cell(builder, node, code)
        builder.add("relu", [builder.add("batch_norm", [node])])
        return builder.build()

    def _add_cell(self, builder: GraphBuilder, node: int, code: tuple[int, ...]) -> int:
        nodes = [node]
        edges = iter(code)
        for target in (1, 2, 3):
            arriving = [
                _add_operation(builder, nodes[source], self.operations[next(edges)]) for source in range(target)
            ]
            nodes.append(builder.add("sum", arriving))
        return nodes[-1]


@lru_cache(maxsize=1 << 16)
def _parse(arch: str) -> CellSpec:
    cell = _CELL.fullmatch(arch)
    if cell is None:
        raise ArchitectureError(
            f"{shown(arch)}: expected '|op~0|+|op~0|op~1|+|op~0|op~1|op~2|' with op one of {', '.join(_NAMES)}; e.g. "
            f"{NASBench201.example!r}"
        )
    try:
        return CellSpec("", tuple(_NAMES.index(choice(name, _NAMES, "operation")) for name in cell.groups()))
    except UnknownNameError as error:
        raise ArchitectureError(f"{shown(arch)}: {error}") from None


def _expression(code: list[int]) -> str:
    """The benchmark's normal form of a cell: identities are removed, operations on a zero are zero."""
    nodes = ["0"]
    edges = iter(code)
    for target in (1, 2, 3):
        arriving = []
        for source in range(target):
            operation = next(edges)
            if operation == 0 or nodes[source] == "#":
                arriving.append("#")
            else:
                arriving.append(nodes[source] if operation == 1 else f"({nodes[source]})@{operation}")
        nodes.append("+".join(sorted(arriving)))
    return nodes[3]


def _add_operation(builder: GraphBuilder, node: int, operation: Operation) -> int:
    if operation.kind == "conv":
        return builder.relu_conv_bn(node, operation.kernel, 1, builder.channels(node))
    return builder.add(operation.kind, [node], kernel=operation.kernel)


def _add_stem(builder: GraphBuilder) -> int:
    node = builder.add("conv", [builder.input], kernel=3, channels=_STAGES[0])
    return builder.add("batch_norm", [node])


def _add_reduction(builder: GraphBuilder, node: int, channels: int) -> int:
    """A basic block of stride 2 whose shortcut is average pooling and a 1x1 convolution (no batch norm)."""
    body = builder.relu_conv_bn(node, 3, 2, channels)
    body = builder.relu_conv_bn(body, 3, 1, channels)
    node = builder.add("avg_pool", [node], kernel=2, stride=2)
    node = builder.add("conv", [node], kernel=1, channels=channels)
    return builder.add("sum", [node, body])
