"""Registry of search spaces, and inference of the space from an architecture string."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from benchmarks.errors import ArchitectureError, choice, shown
from benchmarks.limits import STRING
from benchmarks.spaces.nasbench201 import NASBench201
from benchmarks.spaces.space import Space
from benchmarks.spaces.transnas_macro import TransNASMacro
from benchmarks.spaces.transnas_micro import TransNASMicro

__all__ = ["get_space", "infer_space", "list_spaces", "naslib_hint"]

_NASLIB = re.compile(r"[\[(]\s*\d(?:[\s,]+\d)*\s*,?\s*[\])]")
_SPACES: dict[str, type[Space]] = {cls.name: cls for cls in (TransNASMicro, TransNASMacro, NASBench201)}


def list_spaces() -> tuple[str, ...]:
    """Names of all search spaces.

    Example:
        >>> list_spaces()
        ('transnas101-micro', 'transnas101-macro', 'nasbench201')
    """
    return tuple(_SPACES)


def get_space(name: str | Space) -> Space:
    """Return a search space by name (one shared instance per name).

    Raises:
        UnknownNameError: If there is no such space; names the nearest one.

    Example:
        >>> len(get_space("transnas101-micro"))
        4096
    """
    return name if isinstance(name, Space) else _instance(choice(name, _SPACES, "space"))


def infer_space(archs: str | Iterable[str]) -> Space:
    """Return the space of an architecture string, or the common space of several.

    Raises:
        ArchitectureError: If a string matches no space, or the strings belong to different spaces.

    Example:
        >>> infer_space("64-2311-basic").name
        'transnas101-macro'
    """
    strings = [str(archs)] if isinstance(archs, str) or not isinstance(archs, Iterable) else [str(a) for a in archs]
    if not strings:
        raise ArchitectureError("expected at least one architecture string, got an empty list")
    first: Space | None = None
    for string in strings:
        if first is not None and first.recognises(string):
            continue
        space = _space_of(string)
        if first is not None:
            raise ArchitectureError(
                f"architectures of different spaces: {shown(strings[0])} is {first.name}, {shown(string)} is "
                f"{space.name}; expected one space at a time"
            )
        first = space
    assert first is not None
    return first


def naslib_hint(arch: object) -> str:
    """End of the message about something that is not an architecture string, if it looks like a tuple of NASLib.

    Example:
        >>> naslib_hint((4, 0, 3, 1, 4, 3))
        "; tuples and lists of NASLib: get_space('nasbench201').from_naslib((4, 0, 3, 1, 4, 3)) returns the string"
        >>> naslib_hint("64-2311-basic")
        ''
    """
    if hasattr(arch, "tolist"):
        arch = arch.tolist()
    text = arch if isinstance(arch, str) else shown(arch)
    if not _NASLIB.fullmatch(text[:STRING].strip()):
        return ""
    text = f"({text.strip()[1:-1].strip(', ')})"
    return f"; tuples and lists of NASLib: get_space('nasbench201').from_naslib({text:.100}) returns the string"


@cache
def _instance(name: str) -> Space:
    return _SPACES[name]()


def _space_of(string: str) -> Space:
    if len(string) > STRING:
        raise ArchitectureError(
            f"expected an architecture string of at most {STRING:,} characters, got {len(string):,}: {shown(string)}"
        )
    for name in _SPACES:
        if _instance(name).recognises(string):
            return _instance(name)
    examples = ", ".join(f"{_instance(name).example!r} ({name})" for name in _SPACES)
    raise ArchitectureError(
        f"{shown(string)} is not an architecture of any known space; expected e.g. {examples}; what their parts mean: "
        f"get_space(name).notation, or surrogates lookup --help{naslib_hint(string)}"
    )
