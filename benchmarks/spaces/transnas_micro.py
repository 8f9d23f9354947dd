"""TransNAS-Bench-101, micro space: the operations inside a cell (paper, section 3.2).

Strings have the form ``64-41414-a_bc_def``: base width and macro code, then the operation on each edge in the order
0->1 | 0->2, 1->2 | 0->3, 1->3, 2->3. The published set is all 4,096 cells in the skeleton ``64-41414``; other skeletons
parse as well, but are outside the published set.
"""

from __future__ import annotations

import re
from functools import lru_cache

from benchmarks.errors import ArchitectureError, shown
from benchmarks.graph import ArchGraph, GraphBuilder
from benchmarks.limits import SHOWN
from benchmarks.spaces.cell import CellSpace, CellSpec, Operation
from benchmarks.spaces.skeleton import BlockShape, Skeleton, add_stem
from benchmarks.tasks import TRANSNAS_TASKS

__all__ = ["TransNASMicro"]

_CELL = re.compile(r"([0-3])_([0-3])([0-3])_([0-3])([0-3])([0-3])")


class TransNASMicro(CellSpace):
    """The 4,096 cells: 1,948 distinct graphs (2,128 if the inner nodes are not interchangeable), 1,229 functions.

    A skip from node 1 or 2 is the identity in every cell. The benchmark merged equivalent cells: rows that share one
    training compute one function (tested), and most of them are one graph.

    Example:
        >>> space = TransNASMicro()
        >>> len(space), space.canonical("64-41414-3_00_100")
        (4096, '64-41414-0_00_100')
        >>> space.parse("32-4141-3_33_333")
        CellSpec(skeleton='32-4141', code=(3, 3, 3, 3, 3, 3))
    """

    name = "transnas101-micro"
    tasks = TRANSNAS_TASKS
    input_size = 256
    example = "64-41414-3_33_333"
    notation = (
        "64-41414-a_bc_def: 64 channels in the stem; 41414 is a digit a module (1 same shape, 2 doubles the channels, "
        "3 halves the resolution, 4 both); then the operation on each edge of the cell: a leads to node 1, b and c to "
        "node 2, d, e and f to node 3, from nodes 0, 1, 2 (0 none, 1 skip, 2 conv 1x1, 3 conv 3x3)"
    )
    skeleton = "64-41414"
    naslib_operations = (0, 1, 2, 3)  # NASLib queries the benchmark with its indices as the digits of the string
    identity_from = 1
    operations = (
        Operation("none", "none", 0),
        Operation("skip", "skip", 0),
        Operation("conv1x1", "conv", 1),
        Operation("conv3x3", "conv", 3),
    )

    def recognises(self, arch: str) -> bool:
        """Whether the string has three fields and the underscores of a cell code."""
        return "_" in arch and "|" not in arch and arch.count("-") == 2

    def parse(self, arch: str) -> CellSpec:
        """Return skeleton and operation indices.

        Raises:
            ArchitectureError: If the string does not have the form ``<base>-<code>-a_bc_def``.
        """
        return _parse(str(arch))

    def format(self, spec: CellSpec) -> str:
        """The string of a parsed cell."""
        a, b, c, d, e, f = spec.code
        return f"{spec.skeleton}-{a}_{b}{c}_{d}{e}{f}"

    def cell_shapes(self, skeleton: str, input_size: int) -> list[BlockShape]:
        """Two cells per module."""
        base, code = skeleton.split("-")
        return Skeleton(int(base), code).blocks(input_size)

    def frame_graph(self, skeleton: str, input_size: int) -> ArchGraph:
        """The stem."""
        builder = GraphBuilder(3, input_size)
        add_stem(builder, int(skeleton.split("-")[0]))
        return builder.build()

    def frame_key(self, skeleton: str) -> str:
        """The width of the stem."""
        return skeleton.split("-")[0]

    def edge_graph(self, operation: int, shape: BlockShape) -> ArchGraph:
        """The network graph of one operation on an edge."""
        builder = GraphBuilder(shape.channels_in, shape.resolution)
        _add_operation(builder, builder.input, self.operations[operation], shape)
        return builder.build()

    def edge_depth(self, operation: int, changes_shape: bool) -> int:
        """One for a convolution, and for a skip that changes the shape."""
        kind = self.operations[operation].kind
        return int(kind == "conv" or (kind == "skip" and changes_shape))

    def network_graph(self, arch: str, input_size: int | None = None) -> ArchGraph:
        """Stem, then two cells per module."""
        spec = self.parse(arch)
        size = self.image_size(input_size)
        builder = GraphBuilder(3, size)
        node = add_stem(builder, int(spec.skeleton.split("-")[0]))
        for shape in self.cell_shapes(spec.skeleton, size):
            node = self._add_cell(builder, node, spec.code, shape)
        return builder.build()

    def _add_cell(self, builder: GraphBuilder, node: int, code: tuple[int, ...], shape: BlockShape) -> int:
        inner = BlockShape(shape.channels_out, shape.channels_out, 1, -(-shape.resolution // shape.stride))
        nodes = [node]
        edge = 0
        for target in (1, 2, 3):
            arriving = []
            for source in range(target):
                edge_shape = shape if source == 0 else inner
                arriving.append(_add_operation(builder, nodes[source], self.operations[code[edge]], edge_shape))
                edge += 1
            nodes.append(builder.add("sum", arriving))
        return nodes[-1]


@lru_cache(maxsize=1 << 16)
def _parse(arch: str) -> CellSpec:
    fields = arch.split("-")
    if len(fields) != 3:
        raise ArchitectureError(
            f"{shown(arch)}: expected '<base channels>-<macro code>-a_bc_def', e.g. '64-41414-3_33_333', got "
            f"{len(fields)} fields instead of 3 between dashes"
        )
    cell = _CELL.fullmatch(fields[2])
    if cell is None:
        raise ArchitectureError(
            f"{shown(arch)}: expected a cell code a_bc_def of digits 0 (none), 1 (skip), 2 (conv 1x1) and 3 (conv 3x3)"
            f", got {shown(fields[2])}; nearest: {shown(_nearest_cell(fields[2]))}"
        )
    skeleton = Skeleton.parse(fields[0], fields[1], arch)
    return CellSpec(str(skeleton), tuple(int(digit) for digit in cell.groups()))


def _nearest_cell(text: str) -> str:
    digits = [str(min(int(c), 3)) for c in text[:SHOWN] if c in "0123456789"][:6]
    a, b, c, d, e, f = digits + ["0"] * (6 - len(digits))
    return f"{a}_{b}{c}_{d}{e}{f}"


def _add_operation(builder: GraphBuilder, node: int, operation: Operation, shape: BlockShape) -> int:
    """One edge (published code, cell_ops): none and skip have no weights unless the skip changes the shape."""
    if operation.kind == "conv":
        return builder.relu_conv_bn(node, operation.kernel, shape.stride, shape.channels_out)
    if operation.kind == "none" or not shape.changes_shape:
        return builder.add(operation.kind, [node], stride=shape.stride, channels=shape.channels_out)
    node = builder.add("relu", [node])
    shifted = builder.add("shift", [node])
    halves = (shape.channels_out // 2, shape.channels_out - shape.channels_out // 2)
    left = builder.add("conv", [node], kernel=1, stride=shape.stride, channels=halves[0])
    right = builder.add("conv", [shifted], kernel=1, stride=shape.stride, channels=halves[1])
    return builder.add("batch_norm", [builder.add("concat", [left, right])])
