"""Spaces of the user's own on the command line: ``surrogates --spaces FILE ...``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from surrogates.cli.objects import load_object

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space

__all__ = ["OwnSpaces", "register_sources"]

OwnSpaces = Annotated[
    list[str] | None,
    typer.Option(
        "--spaces",
        metavar="[NAME=]FILE",
        help="Your own space of graphs (docs/spaces.md); repeatable.",
    ),
]


def register_sources(sources: Sequence[str]) -> None:
    """Register the spaces of files of graphs, and of modules of the user's own.

    Args:
        sources: ``FILE``, ``NAME=FILE`` or ``module:attribute`` each; the attribute is a space, or a class or function
            that makes one.

    Raises:
        SpaceError: If a file cannot be read or a graph is broken; names the line.
        typer.BadParameter: If a module cannot be imported, or has no space there.

    Example:
        >>> register_sources([])
    """
    from benchmarks.spaces.registry import own_space, register_space

    for source in sources:
        space = _open(source)
        if _is_known(space.name) and (known := own_space(space.name)) and known.fingerprint == space.fingerprint:
            continue  # TRANSNAS_SPACES names it as well
        register_space(space)


def _open(source: str) -> Space:
    from pathlib import Path

    from benchmarks.errors import SpaceError
    from benchmarks.spaces.registry import open_space
    from benchmarks.spaces.space import Space

    module, _, attribute = source.partition(":")
    is_module = all(part.isidentifier() for part in (*module.split("."), *attribute.split(".")))
    if not is_module or Path(source).exists():
        try:
            return open_space(source)
        except SpaceError as error:
            raise SpaceError(f"--spaces: {error}") from error
    try:
        found = load_object(source)
        found = found if isinstance(found, Space) else found()
    except Exception as error:  # whatever the user's code raises
        raise typer.BadParameter(f"{source!r:.200}: {error!s:.500}", param_hint="--spaces") from error
    if not isinstance(found, Space):
        raise typer.BadParameter(
            f"expected {source!r:.200} to be a benchmarks.Space, or to make one, got {type(found).__name__}",
            param_hint="--spaces",
        )
    return found


def _is_known(name: str) -> bool:
    from benchmarks.spaces.registry import list_spaces

    return name in list_spaces()
