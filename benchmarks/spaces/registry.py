"""Registry of search spaces, and inference of the space from an architecture string."""

from __future__ import annotations

import copyreg
import difflib
import os
import re
import threading
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import TypeVar

from benchmarks.errors import ArchitectureError, SpaceError, UnknownNameError, choice, shown
from benchmarks.forks import ForkSafeLock
from benchmarks.limits import SHOWN, STRING
from benchmarks.spaces.dag import DagSpace
from benchmarks.spaces.dag_files import check_space_name
from benchmarks.spaces.nasbench201 import NASBench201
from benchmarks.spaces.space import Space
from benchmarks.spaces.transnas_macro import TransNASMacro
from benchmarks.spaces.transnas_micro import TransNASMicro
from benchmarks.user_warnings import warn_user

__all__ = [
    "ENTRY_POINTS",
    "VARIABLE",
    "cache_key",
    "get_space",
    "infer_space",
    "list_benchmarks",
    "list_spaces",
    "naslib_hint",
    "open_space",
    "own_space",
    "register_again",
    "register_space",
    "same_space",
    "unregister_space",
]

ENTRY_POINTS = "transnas_surrogates.spaces"
"""Group of entry points with which an installed package brings spaces: an instance, a class or a function each."""
VARIABLE = "TRANSNAS_SPACES"
"""Environment variable with files of graphs, separated as in PATH, that every process registers when it needs them."""

_NASLIB = re.compile(r"[\[(]\s*\d(?:[\s,]+\d)*\s*,?\s*[\])]")
_BENCHMARKS: dict[str, type[Space]] = {cls.name: cls for cls in (TransNASMicro, TransNASMacro, NASBench201)}
_SAMPLE = 100
_S = TypeVar("_S", bound=Space)
_COMPARED = 2000  # strings of each of the user's own spaces
_HOW = (
    "your own spaces must be registered in this process too: benchmarks.register_space(space), surrogates --spaces "
    f"FILE or {VARIABLE} (docs/spaces.md)"
)


class _Own:
    """The user's own spaces, and whether those of the environment are among them."""

    spaces: dict[str, Space] = {}  # noqa: RUF012
    complete = False
    completing: int | None = None  # thread that does; what it imports may register spaces itself
    lock = ForkSafeLock()


def list_benchmarks() -> tuple[str, ...]:
    """Names of the spaces of this package.

    Example:
        >>> list_benchmarks()
        ('transnas101-micro', 'transnas101-macro', 'nasbench201')
    """
    return tuple(_BENCHMARKS)


def list_spaces() -> tuple[str, ...]:
    """Names of all search spaces: those of this package, then registered ones.

    Example:
        >>> list_spaces()
        ('transnas101-micro', 'transnas101-macro', 'nasbench201')
    """
    _complete()
    return (*_BENCHMARKS, *_Own.spaces)


def register_space(space: _S) -> _S:
    """Make a space of your own known in this process, under its name.

    Its architectures are then recognised wherever this package takes an architecture string.

    Args:
        space: A `DagSpace`, or an instance of your own subclass of `Space`.

    Returns:
        The space.

    Raises:
        TypeError: If it is not an instance of `Space`.
        SpaceError: If the name is taken, the space lacks an attribute, has no architectures or does not recognise its
            own, or another space recognises one of them. Nothing is registered then.

    Example:
        >>> from benchmarks import DagSpace
        >>> chain = (["conv", "pool"], [(0, 1)])
        >>> space = register_space(DagSpace("mine", {"chain": chain}))
        >>> infer_space("chain").name, "mine" in list_spaces()
        ('mine', True)
        >>> unregister_space("mine")
    """
    _complete()
    _register(space)
    return space


def unregister_space(name: str) -> None:
    """Forget a space of your own, for example to register a changed one under its name.

    Raises:
        UnknownNameError: If no space of your own has this name.

    Example:
        >>> unregister_space("nasbench201")
        Traceback (most recent call last):
        ...
        benchmarks.errors.UnknownNameError: unknown space of your own 'nasbench201'. Choices: none
    """
    del _Own.spaces[choice(name, _Own.spaces, "space of your own")]


def own_space(name: str) -> Space | None:
    """The registered space of the user's own of that name; None for a space of this package.

    Raises:
        UnknownNameError: If there is no such space.

    Example:
        >>> own_space("nasbench201") is None
        True
    """
    return None if name in _BENCHMARKS else get_space(name)


def cache_key(space: Space) -> str:
    """A text that tells a space from another one of its name: the name, or the fingerprint of one of the user's own.

    Example:
        >>> cache_key(get_space("nasbench201"))
        'nasbench201'
    """
    return space.name if space.name in _BENCHMARKS else f"{space.name} {space.fingerprint}"


def register_again(space: Space) -> Space:
    """The registered space that equals one from another process, which is registered if there is none.

    Raises:
        SpaceError: If a different space has its name.

    Example:
        >>> register_again(get_space("nasbench201")) is get_space("nasbench201")
        True
    """
    if space.name in _BENCHMARKS:
        return _instance(space.name)
    _complete()
    known = _Own.spaces.get(space.name)
    if known is None:
        return _register(space)
    return _checked(known, space, "as in the process that made this object", "registered here")


def same_space(space: Space) -> Space:
    """The registered space of this one's name, if it is the same.

    Raises:
        SpaceError: If it is another one, or there is none.

    Example:
        >>> same_space(get_space("nasbench201")).name
        'nasbench201'
    """
    known = _instance(space.name) if space.name in _BENCHMARKS else _Own.spaces.get(space.name)
    if known is space:
        return known
    if known is None:
        raise SpaceError(f"the space {space.name} is not registered any more: register_space(space) makes it known")
    return _checked(known, space, "that of the fit", "registered since then")


def open_space(source: str) -> DagSpace:
    """The space of a file of graphs, given as ``FILE`` or ``NAME=FILE``.

    Raises:
        SpaceError: If the file cannot be read, or a graph is broken; names the line.

    Example:
        >>> open_space("mine=missing.jsonl")
        Traceback (most recent call last):
        ...
        benchmarks.errors.SpaceError: expected a file of graphs, got 'missing.jsonl', which does not exist
    """
    name, _, path = source.rpartition("=")
    if not name or Path(source).exists():
        return DagSpace.from_jsonl(source)
    return DagSpace.from_jsonl(path, name=name)


def get_space(name: str | Space) -> Space:
    """Return a search space by name (one shared instance per name).

    Raises:
        UnknownNameError: If there is no such space; names the nearest one.

    Example:
        >>> len(get_space("transnas101-micro"))
        4096
    """
    if isinstance(name, Space):
        return name
    if name in _BENCHMARKS:
        return _instance(name)
    if name not in _Own.spaces:
        _complete()
    try:
        return _Own.spaces[choice(name, (*_BENCHMARKS, *_Own.spaces), "space")]
    except UnknownNameError as error:
        raise UnknownNameError(f"{error}; {_HOW}") from None


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


def _checked(known: Space, space: Space, whose: str, when: str) -> Space:
    """The registered space of a name, if it is the same as another one of that name."""
    if known.fingerprint == space.fingerprint:
        return known
    raise SpaceError(
        f"expected the space {space.name} with fingerprint {space.fingerprint[:8]}, {whose}, got another space of the "
        f"name ({known.fingerprint[:8]}), {when}"
    )


@cache
def _instance(name: str) -> Space:
    return _BENCHMARKS[name]()


def _known() -> tuple[Space, ...]:
    return (*map(_instance, _BENCHMARKS), *_Own.spaces.values())


def _space_of(string: str) -> Space:
    if len(string) > STRING:
        raise ArchitectureError(
            f"expected an architecture string of at most {STRING:,} characters, got {len(string):,}: {shown(string)}"
        )
    found = _recognising(string)
    if found is None and not _Own.complete:
        _complete()
        found = _recognising(string)
    if found is not None:
        return found
    near = _nearest(string)
    one = near or f"expected e.g. {shown(TransNASMacro.example)} ({TransNASMacro.name})"
    advice = (
        naslib_hint(string)
        or f"; notation: get_space(name).notation, or surrogates lookup --help{'' if near else f'; {_HOW}'}"
    )
    raise ArchitectureError(f"{shown(string)} is not an architecture of any known space; {one}{advice}")


def _nearest(string: str) -> str:
    """The example, or string of the user's own spaces, that one of no space is most like; empty if none is alike."""
    spaces = {space.example: space.name for space in _known()}
    for space in _Own.spaces.values():
        spaces |= dict.fromkeys(islice(space, _COMPARED), space.name)
    near = difflib.get_close_matches(string[:SHOWN], spaces, n=1)
    return f"nearest: {shown(near[0])} ({spaces[near[0]]})" if near else ""


def _recognising(string: str) -> Space | None:
    return next((space for space in _known() if space.recognises(string)), None)


def _register(space: object) -> Space:
    if not isinstance(space, Space):
        what = (
            f"the class {space.__name__}; register_space({space.__name__}())"
            if isinstance(space, type)
            else shown(space)
        )
        raise TypeError(f"expected an instance of Space, got {what}")
    for attribute in ("name", "tasks", "input_size", "example"):
        if not hasattr(space, attribute):
            raise SpaceError(f"expected {type(space).__name__} to have a {attribute}, got none (see benchmarks.Space)")
    name = check_space_name(space.name)
    if name in _Own.spaces:
        again = _Own.spaces[name] is space or _Own.spaces[name].fingerprint == space.fingerprint
        what = "is registered already" if again else "is the name of another space that is registered"
        raise SpaceError(f"{name!r} {what}: expected a new name, or unregister_space({name!r}) before")
    if name in _BENCHMARKS:
        raise SpaceError(f"{name!r} is the name of a space of this package: expected another one")
    _check_claims(space)
    _Own.spaces[name] = space
    return space


def _check_claims(space: Space) -> None:
    """Refuse a space whose strings would not be recognised as its own, or that would claim those of others."""
    if not len(space):
        raise SpaceError(f"expected {space.name} to have at least one architecture, got none")
    if unknown := next((arch for arch in space if not space.recognises(arch)), None):
        raise SpaceError(f"expected {space.name} to recognise its own architectures, but not {shown(unknown)}")
    for other in _known():
        if claimed := next((arch for arch in space if other.recognises(arch)), None):
            raise SpaceError(
                f"{shown(claimed)} of {space.name} would be read as an architecture of {other.name}: expected strings "
                "that no other space recognises, so rename it"
            )
        theirs = (other.example, *other.archs[:: max(1, len(other) // _SAMPLE)])
        if claimed := next((arch for arch in theirs if space.recognises(arch)), None):
            raise SpaceError(
                f"expected {space.name} to recognise only its own architectures, but it recognises {shown(claimed)} of "
                f"{other.name}"
            )


def _complete() -> None:
    """Register the spaces of installed packages and of the environment, once."""
    if _Own.complete or _Own.completing == threading.get_ident():
        return
    with _Own.lock:
        _Own.completing = threading.get_ident()
        try:
            _register_all()
        finally:
            _Own.completing = None


def _register_all() -> None:
    if _Own.complete:  # by the thread that this one waited for
        return
    for point in metadata.entry_points(group=ENTRY_POINTS):
        _register_point(point)
    for source in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)):
        _register_file(source)
    _Own.complete = True


def _register_point(point: metadata.EntryPoint) -> None:
    """Register the space of an installed package; a broken one is told, and is no reason to stop."""
    try:
        made = point.load()
        _register_once(made if isinstance(made, Space) else made())
    except Exception as error:  # whatever somebody else's package raises
        warn_user(
            f"the space {point.name!r:.100} of an installed package ({point.value:.100}) is not available: "
            f"{type(error).__name__}: {error!s:.300}"
        )


def _register_once(space: Space) -> None:
    """Register a space, unless it is already, by an earlier try that failed at another space."""
    known = _Own.spaces.get(space.name)
    if known is None or known.fingerprint != space.fingerprint:
        _register(space)


def _register_file(source: str) -> None:
    try:
        _register_once(open_space(source))
    except SpaceError as error:
        raise SpaceError(f"environment variable {VARIABLE}: {error}") from None


def _reduced(space: Space) -> tuple[object, tuple[str]]:
    return get_space, (space.name,)


for _kind in _BENCHMARKS.values():
    copyreg.pickle(_kind, _reduced)  # type: ignore[arg-type]  # the shared instance, also in another process
