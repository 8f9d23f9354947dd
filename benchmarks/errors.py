"""Errors of the project: a small tree, each also a builtin, each naming the nearest valid choice."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import UnionType

__all__ = [
    "ArchitectureError",
    "ArtefactError",
    "MissingExtraError",
    "SurrogatesError",
    "TableError",
    "TableNotFoundError",
    "UnknownNameError",
    "check_type",
    "choice",
    "did_you_mean",
]


class SurrogatesError(Exception):
    """Base of every error this project raises on purpose."""


class ArchitectureError(SurrogatesError, ValueError):
    """A string that is not an architecture of the space it was given to."""


class UnknownNameError(SurrogatesError, ValueError):
    """A name (space, task, metric, model) that does not exist."""


class TableError(SurrogatesError, ValueError):
    """A table of results that cannot be read, or whose content is not usable."""


class TableNotFoundError(TableError, FileNotFoundError):
    """There is no file where a table was expected."""


class ArtefactError(SurrogatesError, ValueError):
    """A stored surrogate that is damaged, truncated, foreign or newer than this version."""


class MissingExtraError(SurrogatesError, ImportError):
    """An optional dependency is missing; the message says which extra installs it."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs {package!r}, which is not installed: pip install 'transnas-surrogates[{extra}]'"
        )


def choice(name: object, choices: Iterable[str], what: str) -> str:
    """Return `name` if it is one of `choices`.

    Args:
        name: What the user asked for.
        choices: The valid names.
        what: What is being chosen, as it reads in the message ("task", "space").

    Raises:
        UnknownNameError: Names the nearest choice and lists all of them.

    Example:
        >>> choice("jigsaw", ["jigsaw", "normal"], "task")
        'jigsaw'
        >>> choice("jigsau", ["jigsaw", "normal"], "task")
        Traceback (most recent call last):
        ...
        benchmarks.errors.UnknownNameError: unknown task 'jigsau'; did you mean 'jigsaw'? Choices: jigsaw,
        normal
    """
    valid = list(choices)
    if isinstance(name, str) and name in valid:
        return name
    raise UnknownNameError(f"unknown {what} {name!r}{did_you_mean(name, valid)} Choices: {', '.join(valid) or 'none'}")


def check_type(value: object, kind: type | UnionType, name: str, what: str) -> None:
    """Refuse an argument of the wrong type.

    Raises:
        TypeError: Says what was expected, and what came.

    Example:
        >>> from numbers import Integral
        >>> check_type(5.5, Integral, "budget", "an integer")
        Traceback (most recent call last):
        ...
        TypeError: expected an integer as budget, got 5.5 (float)
    """
    if not isinstance(value, kind):
        raise TypeError(f"expected {what} as {name}, got {value!r:.200} ({type(value).__name__})")


_PART = 3  # letters from which a part of a name tells something


def did_you_mean(name: object, choices: Iterable[str]) -> str:
    """How a message goes on after a wrong name: the nearest choice, if one is near, or one that has the name in it.

    Example:
        >>> did_you_mean("jigsau", ["jigsaw", "normal"]), did_you_mean("?", ["jigsaw", "normal"])
        ("; did you mean 'jigsaw'?", '.')
        >>> did_you_mean("micro", ["nasbench201", "transnas101-micro"])
        "; did you mean 'transnas101-micro'?"
    """
    asked = str(name).casefold().replace("_", "-")
    folded = {entry.casefold().replace("_", "-"): entry for entry in choices}
    near = difflib.get_close_matches(asked, folded, n=1, cutoff=0.5)
    near += [entry for entry in folded if len(asked) >= _PART and asked in entry]
    return f"; did you mean {folded[near[0]]!r}?" if near else "."
