"""Abstract base class of search spaces.

A new space implements `recognises`, `parse`, `format`, `enumerate`, `neighbors` and its two graphs; once registered
(`benchmarks.register_space`), it works with every encoder, surrogate and searcher. Architectures are identified by
string: methods take and return strings in the benchmark's own format.
"""

from __future__ import annotations

import functools
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError, shown
from benchmarks.forks import cached_property
from benchmarks.graph import KINDS, ArchGraph, GraphBatch, kind_id
from benchmarks.limits import SHOWN
from benchmarks.seeds import as_generator

__all__ = ["Space", "naslib_integers"]

_CHUNK = 4096  # architectures whose graphs are in memory at once


class Space(ABC):
    """A set of architectures; its grammar may allow more than the published set.

    Attributes:
        name: Unique name, e.g. ``"transnas101-micro"``.
        tasks: Names of the tasks that the benchmark trained on.
        input_size: Side of the published training images in pixels.
        example: A valid architecture string.
        notation: What the parts of a string mean, in one line of text; empty if that is not told.
        has_networks: Whether architectures have a network graph, and so costs; without it nothing can be trained.
        own_operations: Operations that the kinds of `benchmarks.graph.KINDS` and kernel sizes do not tell apart; none
            in most spaces. They are then the `operations_in_graphs`.
    """

    name: str
    tasks: tuple[str, ...]
    input_size: int
    example: str
    notation: str = ""
    has_networks: bool = True
    own_operations: tuple[str, ...] = ()

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

    def __deepcopy__(self, memo: dict[int, Any]) -> Space:
        """The space itself, which never changes."""
        return self

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: all attributes apart from those that are computed when first used."""
        kinds = {name: kind for cls in reversed(type(self).__mro__) for name, kind in vars(cls).items()}
        computed = {name for name, kind in kinds.items() if isinstance(kind, functools.cached_property)}
        return {name: value for name, value in vars(self).items() if name not in computed}

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal digits that tell this space from another one of its name: a hash of its strings and graphs."""
        digest = hashlib.blake2b(self.name.encode(), digest_size=16)
        for start in range(0, len(self), _CHUNK):
            archs = self.archs[start : start + _CHUNK]
            digest.update("\n".join(archs).encode())
            batch = self.cell_graphs(archs)
            for field in fields(batch):
                digest.update(np.ascontiguousarray(getattr(batch, field.name)).tobytes())
        return digest.hexdigest()

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

        Raises:
            ValueError: If the architecture has no neighbours.
        """
        neighbors = self.neighbors(arch)
        if not neighbors:
            raise ValueError(f"expected an architecture with neighbours in {self.name}, got {shown(arch)}, without one")
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

    @cached_property
    def operations_in_graphs(self) -> tuple[str, ...]:
        """Names of the operations of all published cell graphs, such as ``conv3x3``: a kind and, if any, a kernel size.

        Input, output and absent nodes are none.
        """
        kinds = {int(code) for start in range(0, len(self), _CHUNK) for code in self._codes_of(start)}
        return tuple(_operation_name(code) for code in sorted(kinds))

    @cached_property
    def most_nodes(self) -> int:
        """Most operations of a published cell graph, without input and output."""
        starts = range(0, len(self), _CHUNK)
        batches = (self.cell_graphs(self.archs[start : start + _CHUNK]) for start in starts)
        return max(int(batch.live[:, 1:-1].sum(axis=1).max(initial=0)) for batch in batches)

    def labelled_graphs(self, archs: Sequence[str]) -> tuple[GraphBatch, NDArray[np.int64]]:
        """`cell_graphs`, and the operation of each node as its place in `operations_in_graphs`, of shape (n, V).

        It is -1 for input, output and absent nodes, and for operations that no published architecture has.

        Example:
            >>> from benchmarks import get_space
            >>> space = get_space("nasbench201")
            >>> graphs, operation = space.labelled_graphs([space.example])
            >>> [space.operations_in_graphs[number] for number in operation[0, 1:3]]
            ['conv3x3', 'conv3x3']
        """
        batch = self.cell_graphs(archs)
        place = {name: number for number, name in enumerate(self.operations_in_graphs)}
        codes = _operation_codes(batch)
        found = np.full(codes.shape, -1, dtype=np.int64)
        for code in np.unique(codes[codes >= 0]).tolist():
            found[codes == code] = place.get(_operation_name(code), -1)
        return batch, found

    def _codes_of(self, start: int) -> NDArray[np.int64]:
        codes = np.unique(_operation_codes(self.cell_graphs(self.archs[start : start + _CHUNK])))
        return np.asarray(codes[codes >= 0])

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


def _operation_codes(batch: GraphBatch) -> NDArray[np.int64]:
    """Kind and kernel size of every operation as one number, -1 for input, output and absent nodes, of shape (n, V)."""
    ends = np.isin(batch.kind, [kind_id("input"), kind_id("output")])
    return np.where(batch.live & ~ends, batch.kernel * len(KINDS) + batch.kind, -1)


def _operation_name(code: int) -> str:
    kernel, kind = divmod(code, len(KINDS))
    return f"{KINDS[kind]}{kernel}x{kernel}" if kernel else KINDS[kind]


def _is_conv(graph: ArchGraph) -> NDArray[np.int64]:
    """1 for convolutions, 0 for other operations that pass data on, very negative for those that do not."""
    weight: NDArray[np.int64] = graph.where("conv").astype(np.int64)
    weight[graph.kind == kind_id("none")] = -(10**9)
    return weight
