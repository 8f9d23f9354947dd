"""The contract of a search space.

A new space implements parse, format, enumerate and its two graphs; it then works with every encoder, surrogate and
searcher. Strings are the identity everywhere: methods take and return the strings the benchmark itself writes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError
from benchmarks.graph import ArchGraph, GraphBatch, kind_id

__all__ = ["Space"]


class Space(ABC):
    """A set of architectures with a grammar that may allow more than the published set.

    Attributes:
        name: Unique name, e.g. ``"transnas101-micro"``.
        tasks: Names of the tasks the benchmark trained it on.
        input_size: Side of the published training images in pixels.
        example: A valid architecture string.
    """

    name: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]]
    input_size: ClassVar[int]
    example: ClassVar[str]

    # -- strings ------------------------------------------------------------------------------------------------

    @abstractmethod
    def recognises(self, arch: str) -> bool:
        """Whether a string looks like one of this space's, valid or not (used to infer the space)."""

    @abstractmethod
    def parse(self, arch: str) -> Any:
        """Return the structure a string describes (the published set is not asked for, only the grammar).

        Raises:
            ArchitectureError: What was expected, what came, the nearest valid string.
        """

    @abstractmethod
    def format(self, spec: Any) -> str:
        """The string of what `parse` returned."""

    @abstractmethod
    def enumerate(self) -> Sequence[str]:
        """All published architectures in a fixed order."""

    def validate(self, arch: str) -> str:
        """Return the string in the benchmark's own spelling, or raise `ArchitectureError`."""
        return self.format(self.parse(str(arch)))

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
        return self.archs[position]

    def __contains__(self, arch: object) -> bool:
        return str(arch) in self._position

    def index(self, arch: str) -> int:
        """Position of a published architecture.

        Raises:
            ArchitectureError: If the string is not an architecture, or not a published one.
        """
        try:
            return self._position[str(arch)]
        except KeyError:
            raise ArchitectureError(
                f"{self.validate(arch)!r} is outside the {len(self):,} published architectures of {self.name}"
            ) from None

    def __eq__(self, other: object) -> bool:
        """Spaces are equal if their names are; a space also equals its name."""
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
        """`canonical` of many; the default says that no two strings are equivalent."""
        return [self.validate(arch) for arch in archs]

    def simplify(self, archs: Sequence[str]) -> list[str]:
        """For each architecture the smallest one that computes the same function, so far as the space knows.

        Coarser than `canonicals`: it also sees through identity operations. What was measured on one holds, up to
        training noise, for all with the same simplest form; features and surrogates are computed on it.
        """
        return self.canonicals(archs)

    # -- moves --------------------------------------------------------------------------------------------------

    @abstractmethod
    def neighbors(self, arch: str) -> list[str]:
        """The architectures one edit away, in a fixed order, without `arch` itself."""

    def sample(self, n: int = 1, rng: int | np.random.Generator | None = None) -> list[str]:
        """Draw n different published architectures uniformly.

        Args:
            n: How many; at most the size of the space.
            rng: Seed or generator; fresh draws if not given.

        Raises:
            ValueError: If n is not between 0 and the size of the space.
        """
        if not 0 <= n <= len(self):
            raise ValueError(f"expected 0 <= n <= {len(self):,} (the size of {self.name}), got n={n}")
        positions = np.random.default_rng(rng).choice(len(self), size=n, replace=False)
        return [self.archs[position] for position in positions]

    def mutate(self, arch: str, rng: int | np.random.Generator | None = None) -> str:
        """A uniformly drawn neighbour.

        Args:
            arch: Architecture string.
            rng: Seed or generator; a fresh draw if not given.
        """
        neighbors = self.neighbors(arch)
        return neighbors[int(np.random.default_rng(rng).integers(len(neighbors)))]

    def image_size(self, input_size: int | None) -> int:
        """Side of the input images in pixels: the published one if not given.

        Raises:
            ValueError: If it is not a positive integer.
        """
        size = self.input_size if input_size is None else input_size
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"expected a positive integer as input_size, got {size!r}")
        return int(size)

    # -- graphs -------------------------------------------------------------------------------------------------

    @abstractmethod
    def cell_graphs(self, archs: Sequence[str]) -> GraphBatch:
        """The graphs the literature of this space uses, dead operations left out, of many architectures at once."""

    def cell_graph(self, arch: str) -> ArchGraph:
        """The graph the literature of this space uses, dead operations left out."""
        return self.cell_graphs([arch])[0]

    @abstractmethod
    def network_graph(self, arch: str, input_size: int | None = None) -> ArchGraph:
        """The whole backbone unrolled, dead operations included (they hold parameters).

        Args:
            arch: Architecture string.
            input_size: Side of the input images in pixels; the published one if not given.
        """

    def feature_shape(self, arch: str, input_size: int | None = None) -> tuple[int, int]:
        """Channels and side in pixels of the backbone's last feature map."""
        graph = self.network_graph(arch, input_size)
        return int(graph.channels_out[-1]), int(graph.resolution_out[-1])

    def network_parts(
        self, archs: Sequence[str], input_size: int | None = None
    ) -> tuple[list[ArchGraph], NDArray[np.int64]]:
        """Parts whose costs add up to those of the backbones.

        Returns:
            P graphs and how often each occurs in each architecture, of shape (n, P). What is additive over the nodes
            of a network (parameters, multiply-adds) is so computed once a part, not once an architecture.
        """
        parts = [self.network_graph(arch, input_size) for arch in archs]
        return parts, np.eye(len(parts), dtype=np.int64)

    def depths(self, archs: Sequence[str]) -> NDArray[np.int64]:
        """Convolutions on the longest live path from image to last feature map, of shape (n,)."""
        graphs = [self.network_graph(arch) for arch in archs]
        return np.array([graph.longest_path(_is_conv(graph)) for graph in graphs], dtype=np.int64)


def _is_conv(graph: ArchGraph) -> NDArray[np.int64]:
    """1 for a convolution, 0 for what passes data on, very negative for what stops it."""
    weight: NDArray[np.int64] = graph.where("conv").astype(np.int64)
    weight[graph.kind == kind_id("none")] = -(10**9)
    return weight
