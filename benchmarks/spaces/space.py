"""Abstract base class of search spaces.

A new space implements `parse`, `format`, `enumerate` and its two graphs; it then works with every encoder, surrogate
and searcher. Architectures are identified by string: methods take and return strings in the benchmark's own format.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError, shown
from benchmarks.forks import cached_property
from benchmarks.graph import ArchGraph, GraphBatch, kind_id
from benchmarks.limits import SHOWN
from benchmarks.seeds import as_generator

__all__ = ["Space", "naslib_integers"]


class Space(ABC):
    """A set of architectures; its grammar may allow more than the published set.

    Attributes:
        name: Unique name, e.g. ``"transnas101-micro"``.
        tasks: Names of the tasks that the benchmark trained on.
        input_size: Side of the published training images in pixels.
        example: A valid architecture string.
        notation: What the parts of a string mean, in one line of text; empty if that is not told.
    """

    name: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]]
    input_size: ClassVar[int]
    example: ClassVar[str]
    notation: ClassVar[str] = ""

    # -- strings ------------------------------------------------------------------------------------------------

    @abstractmethod
    def recognises(self, arch: str) -> bool:
        """Whether a string looks like one of this space, valid or not (used to infer the space)."""

    @abstractmethod
    def parse(self, arch: str) -> Any:
        """Return the structure that a string describes; the grammar decides, not the published set.

        Raises:
            ArchitectureError: States what was expected, what was given, and the nearest valid string.
        """

    @abstractmethod
    def format(self, spec: Any) -> str:
        """Inverse of `parse`: the string of a structure."""

    @abstractmethod
    def enumerate(self) -> Sequence[str]:
        """All published architectures in a fixed order."""

    def validate(self, arch: str) -> str:
        """Return the string in the benchmark's spelling, or raise `ArchitectureError`."""
        return self.format(self.parse(str(arch)))

    def from_naslib(self, ops: Sequence[int]) -> str:
        """The string of an architecture that NASLib writes as integers (``get_hash``, ``op_indices``).

        Args:
            ops: Tuple or list. For cells, the index of the operation on each of the six edges; for the macro space, its
                digits, with or without zeros at the end.

        Raises:
            ArchitectureError: If NASLib has no such form for the space, or they are not one of its architectures.

        Example:
            >>> from benchmarks import get_space
            >>> get_space("nasbench201").from_naslib((4, 0, 3, 1, 4, 3))
            '|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|'
            >>> get_space("transnas101-micro").from_naslib([3, 0, 1, 2, 2, 1])
            '64-41414-3_01_221'
            >>> get_space("transnas101-macro").from_naslib((2, 3, 1, 1, 0, 0))
            '64-2311-basic'
        """
        raise ArchitectureError(f"NASLib has no tuples for architectures of {self.name}, got {shown(ops)}")

    @cached_property
    def archs(self) -> tuple[str, ...]:
        """All published architectures."""
        return tuple(self.enumerate())

    @cached_property
    def _position(self) -> dict[str, int]:
        return {arch: position for position, arch in enumerate(self.archs)}

    def __len__(self) -> int:
        return len(self.archs)

    def __iter__(self) -> Iterator[str]:
        return iter(self.archs)

    def __getitem__(self, position: int) -> str:
        """The published architecture at a position, in an order of this package.

        It is not the index of a benchmark's own files: of NAS-Bench-201's 15,625 indices one is the same. Strings are
        the identity of architectures; exchange those.
        """
        return self.archs[position]

    def __contains__(self, arch: object) -> bool:
        return str(arch) in self._position

    def index(self, arch: str) -> int:
        """Position of a published architecture, in the order of `archs`, which is not that of a benchmark's own index.

        Raises:
            ArchitectureError: If the string is not an architecture, or not a published one.
        """
        try:
            return self._position[str(arch)]
        except KeyError:
            raise ArchitectureError(
                f"{shown(self.validate(arch))} is outside the {len(self):,} published architectures of {self.name}"
            ) from None

    def __eq__(self, other: object) -> bool:
        """Spaces are equal if their names are equal; a space also equals its name."""
        return self.name == (other.name if isinstance(other, Space) else other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<{self.name}: {len(self):,} architectures, {len(self.tasks)} tasks>"

    def __str__(self) -> str:
        return self.name

    # -- equivalence --------------------------------------------------------------------------------------------

    def canonical(self, arch: str) -> str:
        """The representative of the architectures equivalent to this one."""
        return self.canonicals([arch])[0]

    def canonicals(self, archs: Sequence[str]) -> list[str]:
        """`canonical` of many architectures; by default no two strings are equivalent."""
        return [self.validate(arch) for arch in archs]

    def simplify(self, archs: Sequence[str]) -> list[str]:
        """For each architecture the smallest one known to compute the same function.

        Coarser than `canonicals`: identity operations are resolved as well. Measurements of one architecture hold, up
        to training noise, for all with the same simplest form; features and surrogates are computed on that form.
        """
        return self.canonicals(archs)

    # -- neighbours and samples ---------------------------------------------------------------------------------

    @abstractmethod
    def neighbors(self, arch: str) -> list[str]:
        """The architectures one edit away, in a fixed order, without `arch` itself."""

    def sample(self, n: int = 1, rng: int | np.random.Generator | None = None) -> list[str]:
        """Draw n different published architectures uniformly.

        Args:
            n: Number of architectures; at most the size of the space.
            rng: Seed or generator; fresh draws by default.

        Raises:
            ValueError: If n is not between 0 and the size of the space.
        """
        if not 0 <= n <= len(self):
            raise ValueError(f"expected 0 <= n <= {len(self):,} (the size of {self.name}), got n={n}")
        positions = as_generator(rng).choice(len(self), size=n, replace=False)
        return [self.archs[position] for position in positions]

    def mutate(self, arch: str, rng: int | np.random.Generator | None = None) -> str:
        """Draw a neighbour uniformly.

        Args:
            arch: Architecture string.
            rng: Seed or generator; a fresh draw by default.
        """
        neighbors = self.neighbors(arch)
        return neighbors[int(as_generator(rng).integers(len(neighbors)))]

    def image_size(self, input_size: int | None) -> int:
        """Side of the input images in pixels; None for the published one.

        Raises:
            ValueError: If it is not a positive integer.
        """
        size = self.input_size if input_size is None else input_size
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"expected a positive integer as input_size, got {shown(size)}")
        return int(size)

    # -- graphs -------------------------------------------------------------------------------------------------

    @abstractmethod
    def cell_graphs(self, archs: Sequence[str]) -> GraphBatch:
        """`cell_graph` of many architectures, as one batch."""

    def cell_graph(self, arch: str) -> ArchGraph:
        """The graph that the literature uses for this space, without dead operations."""
        return self.cell_graphs([arch])[0]

    @abstractmethod
    def network_graph(self, arch: str, input_size: int | None = None) -> ArchGraph:
        """The graph of the whole backbone, including dead operations (they have parameters).

        Args:
            arch: Architecture string.
            input_size: Side of the input images in pixels; the published one by default.
        """

    def feature_shape(self, arch: str, input_size: int | None = None) -> tuple[int, int]:
        """Channels and side in pixels of the backbone's last feature map."""
        graph = self.network_graph(arch, input_size)
        return int(graph.channels_out[-1]), int(graph.resolution_out[-1])

    def network_parts(
        self, archs: Sequence[str], input_size: int | None = None
    ) -> tuple[list[ArchGraph], NDArray[np.int64]]:
        """Parts whose costs add up to the costs of the backbones.

        Returns:
            P graphs and the count of each in each architecture, of shape (n, P). Costs that are additive over the nodes
            of a network (parameters, multiply-adds) are thus computed once per part instead of once per architecture.
        """
        parts = [self.network_graph(arch, input_size) for arch in archs]
        return parts, np.eye(len(parts), dtype=np.int64)

    def depths(self, archs: Sequence[str]) -> NDArray[np.int64]:
        """Convolutions on the longest live path from image to last feature map, of shape (n,)."""
        graphs = [self.network_graph(arch) for arch in archs]
        return np.array([graph.longest_path(_is_conv(graph)) for graph in graphs], dtype=np.int64)


def naslib_integers(ops: Any, space: str, most: int) -> list[int]:
    """The integers of a tuple, list or array of NASLib, from 0 to `most`.

    Raises:
        ArchitectureError: If it is something else.

    Example:
        >>> naslib_integers((4, 0, 3), "nasbench201", 4)
        [4, 0, 3]
    """
    found = ops.tolist() if hasattr(ops, "tolist") else ops
    listed = isinstance(found, (list, tuple)) and len(found) <= SHOWN
    if not listed or any(isinstance(op, bool) or not isinstance(op, (int, np.integer)) for op in found):
        raise ArchitectureError(f"expected a tuple or list of integers of NASLib for {space}, got {shown(ops)}")
    if outside := [op for op in found if not 0 <= op <= most]:
        raise ArchitectureError(
            f"expected integers from 0 to {most} for {space}, got {shown(outside[0])} in {shown(ops)}"
        )
    return [int(op) for op in found]


def _is_conv(graph: ArchGraph) -> NDArray[np.int64]:
    """1 for convolutions, 0 for other operations that pass data on, very negative for those that do not."""
    weight: NDArray[np.int64] = graph.where("conv").astype(np.int64)
    weight[graph.kind == kind_id("none")] = -(10**9)
    return weight
