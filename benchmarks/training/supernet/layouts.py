"""Which part of a supernet each node of an architecture's network belongs to: one layout per kind of space.

A path of a supernet is an architecture in its simplest form: operations that do not change the function have no weights
there, and would read statistics that other paths left.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from benchmarks.errors import ArchitectureError, SpaceError, shown
from benchmarks.forks import cached_property
from benchmarks.spaces.cell import EDGES, CellSpace, CellSpec, live_edges
from benchmarks.spaces.registry import get_space, infer_space
from benchmarks.spaces.skeleton import BlockShape, Skeleton
from benchmarks.spaces.space import Space
from benchmarks.spaces.transnas_macro import TransNASMacro

__all__ = ["CellLayout", "Layout", "MacroLayout", "PartKey", "layout_of"]

_WIDTH = 64
_STEM_NODES, _BLOCK_NODES, _PROJECTION_NODES = 5, 7, 2
"""Stem: conv, norm, ReLU, conv, norm. Block: ReLU, conv, norm, ReLU, conv, norm, sum. Projection: conv, norm."""


class PartKey(NamedTuple):
    """A part of a supernet: operations with weights of their own that a path has or has not.

    Attributes:
        place: ``(cell, edge)`` in spaces of cells, ``(position,)`` of a module in the macro space; ``()`` for the
            frame, which every path has.
        operation: Name of the operation; of a module its channels and stride, e.g. ``"64-128-2"``.
    """

    place: tuple[int, ...]
    operation: str

    def __str__(self) -> str:
        return "_".join([*(str(number) for number in self.place), self.operation])


FRAME = PartKey((), "frame")


class Layout(Protocol):
    """How the architectures of a space share parts.

    Attributes:
        space: The space.
        functions: The F distinct functions that can be trained, as simplest forms in the order of the space.
    """

    @property
    def space(self) -> Space:
        """The space."""

    @property
    def functions(self) -> tuple[str, ...]:
        """Distinct functions that can be trained."""

    def check(self, arch: str) -> None:
        """Raise `ArchitectureError` if an architecture is of another space, or a skeleton or width without weights."""

    def path(self, arch: str) -> str:
        """The simplest form of an architecture.

        Raises:
            ArchitectureError: If a supernet of the space has no such path; names the nearest one.
        """

    def is_dead(self, arch: str) -> bool:
        """Whether no path leads from an architecture's input to its output: its answer is the same for all images."""

    def covering(self) -> Sequence[str]:
        """Architectures that together have every part."""

    def keys(self, arch: str) -> list[PartKey]:
        """For each node of the network graph the part that it belongs to, of length V."""


def layout_of(space: str | Space) -> Layout:
    """The layout of a space.

    Raises:
        SpaceError: If there is none for its kind.

    Example:
        >>> layout = layout_of("transnas101-micro")
        >>> len(layout.functions), layout.path("64-41414-3_00_100")
        (1228, '64-41414-0_00_100')
        >>> len(layout_of("transnas101-macro").functions)
        3256
    """
    found = get_space(space)
    if isinstance(found, CellSpace):
        return CellLayout(found)
    if isinstance(found, TransNASMacro):
        return MacroLayout(found)
    raise SpaceError(
        f"expected a space of cells or transnas101-macro for a supernet, got {found.name!r}, whose architectures "
        "have no parts in common"
    )


class CellLayout:
    """Parts of cells, keyed (cell, edge, operation); stem, blocks between stages and the last norm are the frame.

    The network of the cell of six "none" has one node where another cell has those of an operation.

    Args:
        space: A space of cells.
    """

    def __init__(self, space: CellSpace) -> None:
        self.space: CellSpace = space

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """Simplest forms of all cells but the dead one."""
        rows = sorted(set(self.space.simplest_rows.tolist()))
        codes = self.space.codes[rows]
        alive = codes[live_edges(codes).any(axis=1)].tolist()
        return tuple(self.space.from_code(code) for code in alive)

    def check(self, arch: str) -> None:
        """Refuse cells of other spaces and skeletons."""
        spec = _spec_of(self.space, arch)
        if spec.skeleton != self.space.skeleton:
            nearest = self.space.format(CellSpec(self.space.skeleton, spec.code))
            raise ArchitectureError(
                f"{shown(arch)}: expected an architecture of width and skeleton {self.space.skeleton!r}, for which a "
                f"supernet has weights, got {spec.skeleton!r}; nearest: {nearest!r}"
            )

    def path(self, arch: str) -> str:
        """The simplest form of a live cell in the published skeleton."""
        self.check(arch)
        if self.is_dead(arch):
            nearest = next(near for near in self.space.neighbors(arch) if not self.is_dead(near))
            raise ArchitectureError(
                f"{shown(arch)}: expected a cell with a path from its input to its output, got a dead one, which has "
                f"no weights; nearest: {nearest!r}"
            )
        (simplest,) = self.space.simplify([arch])
        return simplest

    def is_dead(self, arch: str) -> bool:
        """Whether no path leads from the input of a cell to its output."""
        return not live_edges(self.space.cell_codes([arch])).any()

    def covering(self) -> list[str]:
        """For each operation the cell that has it on every edge."""
        return [self._uniform(operation) for operation in range(1, len(self.space.operations))]

    def keys(self, arch: str) -> list[PartKey]:
        """(cell, edge, operation) of the nodes of operations, the frame of the others."""
        code = self.space.parse(arch).code
        found: list[PartKey] = []
        edge = 0
        for kind in self._empty:
            if kind == "none":
                cell, place = divmod(edge, len(EDGES))
                found += [PartKey((cell, place), self.space.operations[code[place]].name)] * self._nodes[edge][
                    code[place]
                ]
                edge += 1
            else:
                found.append(FRAME)
        return found

    @cached_property
    def _empty(self) -> tuple[str, ...]:
        """Kinds of the nodes of the network whose cells are all "none"."""
        return self.space.network_graph(self._uniform(0)).names

    @cached_property
    def _nodes(self) -> list[list[int]]:
        """Number of nodes of each operation, for every edge of every cell."""
        found = []
        for shape in self.space.cell_shapes(self.space.skeleton, self.space.input_size):
            inner = BlockShape(shape.channels_out, shape.channels_out, 1, -(-shape.resolution // shape.stride))
            for source, _ in EDGES:
                edge_shape = shape if source == 0 else inner
                graphs = (self.space.edge_graph(index, edge_shape) for index in range(len(self.space.operations)))
                found.append([len(graph) - 1 for graph in graphs])
        return found

    def _uniform(self, operation: int) -> str:
        return self.space.format(CellSpec(self.space.skeleton, (operation,) * len(EDGES)))


class MacroLayout:
    """Parts of the macro space: modules of two blocks, keyed (position, channels in, channels out, stride).

    Args:
        space: The macro space.
    """

    def __init__(self, space: TransNASMacro) -> None:
        self.space: TransNASMacro = space

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """All published skeletons; no two compute the same function."""
        return self.space.archs

    def check(self, arch: str) -> None:
        """Refuse all but the published skeletons."""
        _spec_of(self.space, arch)
        if arch not in self.space:
            of_the_width = self.space.format(Skeleton(_WIDTH, self.space.parse(arch).code))
            (nearest,) = difflib.get_close_matches(of_the_width, self.space.archs, 1, 0.0)
            raise ArchitectureError(
                f"{shown(arch)}: expected one of the {len(self.space):,} published skeletons of width {_WIDTH}, for "
                f"which a supernet has weights; nearest: {nearest!r}"
            )

    def path(self, arch: str) -> str:
        """The architecture itself."""
        self.check(arch)
        return arch

    def is_dead(self, arch: str) -> bool:
        """False: every skeleton has a path."""
        return False

    @cached_property
    def _covering(self) -> list[str]:
        found, seen = [], set[PartKey]()
        for arch in self.space.archs:
            if new := set(self._modules(arch)) - seen:
                seen |= new
                found.append(arch)
        return found

    def covering(self) -> list[str]:
        """The first architectures of the space that have a new module."""
        return self._covering

    def keys(self, arch: str) -> list[PartKey]:
        """(position, channels and stride) of the nodes of blocks, the frame of the stem's."""
        modules, blocks = self._modules(arch), self.space.parse(arch).blocks(self.space.input_size)
        found = [FRAME] * (1 + _STEM_NODES)
        for index, block in enumerate(blocks):
            found += [modules[index // 2]] * (_BLOCK_NODES + _PROJECTION_NODES * block.changes_shape)
        return found

    def _modules(self, arch: str) -> list[PartKey]:
        blocks = self.space.parse(arch).blocks(self.space.input_size)
        return [
            PartKey((position,), f"{block.channels_in}-{block.channels_out}-{block.stride}")
            for position, block in enumerate(blocks[::2])
        ]


def _spec_of(space: Space, arch: str) -> CellSpec:
    """The parsed architecture, if it is of the space."""
    if infer_space(arch) != space:
        raise ArchitectureError(
            f"expected an architecture of {space.name}, e.g. {space.example!r}, got {shown(arch)} of "
            f"{infer_space(arch).name}"
        )
    spec: CellSpec = space.parse(arch)
    return spec
