"""Exceptions of the project. Each also derives from a builtin exception; messages name the nearest valid choice."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from benchmarks.limits import SHOWN

if TYPE_CHECKING:
    from types import UnionType

__all__ = [
    "ArchitectureError",
    "ArtefactError",
    "MissingExtraError",
    "SpaceError",
    "SurrogatesError",
    "TableError",
    "TableNotFoundError",
    "UnknownNameError",
    "check_type",
    "choice",
    "did_you_mean",
    "shown",
]

_LISTED = 100  # choices listed in one message


class SurrogatesError(Exception):
    """Base class of every exception that this project raises on purpose."""


class ArchitectureError(SurrogatesError, ValueError):
    """A string that is not an architecture of the given search space."""


class SpaceError(SurrogatesError, ValueError):
    """A search space of the user's own that cannot be read or registered, or lacks what is asked of it."""


class UnknownNameError(SurrogatesError, ValueError):
    """A name (space, task, metric, model) that does not exist."""


class TableError(SurrogatesError, ValueError):
    """A table of results that cannot be read or has invalid content."""


class TableNotFoundError(TableError, FileNotFoundError):
    """No file exists at the path of a table."""


class ArtefactError(SurrogatesError, ValueError):
    """A stored file that is damaged, truncated, of another kind or written by a newer version."""


class MissingExtraError(SurrogatesError, ImportError):
    """An optional dependency is missing; the message says how to install it, and which extra it belongs to."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        from benchmarks.extras import install_command

        self._asked = feature, package, extra
        super().__init__(
            f"{feature} needs {package!r}, which is not installed: {install_command(package, extra)} (extra [{extra}])"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """What `pickle` and `copy` need; the message stays that of the process where the package is missing."""
        return type(self), self._asked, {**vars(self), "args": self.args, "msg": self.msg}


def choice(name: object, choices: Iterable[str], what: str) -> str:
    """Return `name` if it is one of `choices`.

    Args:
        name: Name given by the user.
        choices: The valid names.
        what: Kind of name for the message, e.g. "task" or "space".

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
    more = f" and {len(valid) - _LISTED:,} more" if len(valid) > _LISTED else ""
    raise UnknownNameError(
        f"unknown {what} {shown(name)}{did_you_mean(name, valid)} Choices: "
        f"{', '.join(islice(valid, _LISTED)) or 'none'}{more}"
    )


def check_type(value: object, kind: type | UnionType, name: str, what: str) -> None:
    """Raise `TypeError` for an argument of the wrong type.

    Raises:
        TypeError: If `value` is not an instance of `kind`; states what was expected and what was given.

    Example:
        >>> from numbers import Integral
        >>> check_type(5.5, Integral, "budget", "an integer")
        Traceback (most recent call last):
        ...
        TypeError: expected an integer as budget, got 5.5 (float)
    """
    if not isinstance(value, kind):
        raise TypeError(f"expected {what} as {name}, got {shown(value)} ({type(value).__name__})")


def shown(value: object) -> str:
    """An input as messages repeat it: its `repr` in one line, cut after `benchmarks.limits.SHOWN` characters.

    It is never an error.

    Example:
        >>> shown("jigsaw"), len(shown("x" * 4_000_000))
        ("'jigsaw'", 200)
        >>> shown(10**5000)
        'an int that cannot be shown'
    """
    return re.sub(r"\s*\n\s*", " ", _cut(repr, value))  # arrays and tensors have lines; the repr of a text has none


_PART = 3  # shortest name that is also matched as a substring of the choices


def did_you_mean(name: object, choices: Iterable[str]) -> str:
    """End of the message about an unknown name: the most similar choice, or one that contains the name, if any.

    Example:
        >>> did_you_mean("jigsau", ["jigsaw", "normal"]), did_you_mean("?", ["jigsaw", "normal"])
        ("; did you mean 'jigsaw'?", '.')
        >>> did_you_mean("micro", ["nasbench201", "transnas101-micro"])
        "; did you mean 'transnas101-micro'?"
    """
    asked = _cut(str, name).casefold().replace("_", "-")
    folded = {entry.casefold().replace("_", "-"): entry for entry in choices}
    near = difflib.get_close_matches(asked, folded, n=1, cutoff=0.5)
    near += [entry for entry in folded if len(asked) >= _PART and asked in entry]
    return f"; did you mean {folded[near[0]]!r}?" if near else "."


def _cut(convert: Callable[[object], str], value: object) -> str:
    try:
        text = convert(value[: SHOWN + 1] if isinstance(value, (str, bytes)) else value)
    except Exception:  # an integer of more digits than Python converts, an object of someone else
        return f"an {type(value).__name__} that cannot be shown"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
