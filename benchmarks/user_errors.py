"""Errors that were raised in the user's own code: where that was, for messages that say whose code failed."""

from __future__ import annotations

import os
import sysconfig
import traceback
from collections.abc import Collection
from pathlib import Path
from types import FrameType

from benchmarks.user_warnings import OURS

__all__ = ["said", "user_place"]

_PATHS = sysconfig.get_paths()
_INSTALLED = ("stdlib", "platstdlib", "purelib", "platlib", "scripts")
_LIBRARIES = tuple({str(Path(_PATHS[kind]).resolve()) + os.sep for kind in _INSTALLED})
_SITES = {"site-packages", "dist-packages"}


def user_place(error: BaseException, modules: Collection[str] = ()) -> str:
    """The innermost place in the user's code that an error passed, as ``file, line, function``; empty if there is none.

    Args:
        error: An exception that was caught.
        modules: Names of top-level modules that count as the user's although they are installed, or of this package.

    Example:
        >>> from benchmarks import get_space
        >>> try:
        ...     get_space("transnas101-macro").parse("64-9311-basic")
        ... except ValueError as error:
        ...     print(user_place(error).partition(", ")[2])
        line 2, in <module>
    """
    found = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if _is_the_users(frame, modules):
            function = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)  # co_qualname: Python 3.11
            found = f"{_shown(frame.f_code.co_filename)}, line {line}, in {function}"
    return found


def said(error: BaseException) -> str:
    """Kind and message of an error, in one line, and the place in the user's code if it passed one.

    Example:
        >>> said(KeyError("jigsaw"))
        "KeyError: 'jigsaw'"
    """
    place = user_place(error)
    text = " ".join(str(error).split())
    return f"{type(error).__name__}{': ' * bool(text)}{text}{f' ({place})' if place else ''}"


def _is_the_users(frame: FrameType, modules: Collection[str]) -> bool:
    if str(frame.f_globals.get("__name__", "")).partition(".")[0] in modules:
        return True
    file = frame.f_code.co_filename
    path = Path(file).resolve()
    return not (
        file.startswith(("<frozen", *OURS)) or str(path).startswith(_LIBRARIES) or not _SITES.isdisjoint(path.parts)
    )


def _shown(file: str) -> str:
    """A path for messages: relative if it is in the working directory."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file
