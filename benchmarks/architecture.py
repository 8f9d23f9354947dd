"""An architecture: a frozen value of its space and its string."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.registry import get_space, infer_space

if TYPE_CHECKING:
    from benchmarks.graph import ArchGraph

__all__ = ["Architecture"]


@dataclass(frozen=True)
class Architecture:
    """An architecture string with the space it belongs to; `str()` gives the string back.

    Args:
        string: As the benchmark writes it.
        space: Name of the space; inferred from the string if not given.

    Raises:
        ArchitectureError: If the string is not an architecture of the space.

    Example:
        >>> cell = Architecture("64-41414-0_31_023")
        >>> cell.space, cell.canonical, cell.in_domain
        ('transnas101-micro', '64-41414-0_30_003', True)
    """

    string: str
    space: str = ""

    def __post_init__(self) -> None:
        space = get_space(self.space) if self.space else infer_space(self.string)
        object.__setattr__(self, "space", space.name)
        object.__setattr__(self, "string", space.validate(self.string))

    def __str__(self) -> str:
        return self.string

    @property
    def canonical(self) -> str:
        """The smallest string among the equivalent architectures."""
        return get_space(self.space).canonical(self.string)

    @property
    def in_domain(self) -> bool:
        """Whether it is one of the published architectures of its space."""
        return self.string in get_space(self.space)

    def cell_graph(self) -> ArchGraph:
        """The graph its literature uses: the cell, or the chain of blocks."""
        return get_space(self.space).cell_graph(self.string)

    def network_graph(self, input_size: int | None = None) -> ArchGraph:
        """The whole backbone, unrolled."""
        return get_space(self.space).network_graph(self.string, input_size)
