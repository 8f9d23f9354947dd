"""What TAB completes in the arguments of all commands: tasks, spaces, architectures, models, tables, searchers.

``surrogates --install-completion`` switches it on. Names come from where they are kept, none is listed here, and no
library for tables or models is imported for them. Where nothing fits, the shell completes names of files.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

__all__ = ["architectures", "complete_names"]

_MOST = 32  # choices to show at once


@dataclass(frozen=True)
class _Item:
    """A completion, with the attributes that shells read."""

    value: str
    help: str | None = None
    type: str = "plain"


def complete_names(command: Any) -> None:
    """Let the arguments and options of a command, and of all below it, complete what their place in it calls for.

    Example:
        >>> from surrogates.cli.app import app
        >>> import typer.main
        >>> command = typer.main.get_command(app).commands["best"]
        >>> [item.value for item in command.params[0].shell_complete(None, "room")]
        ['room_layout']
    """
    for child in getattr(command, "commands", {}).values():
        complete_names(child)
    for param in command.params:
        places = (param.metavar or "", *(f"{command.name} {name}" for name in param.opts), *param.opts)
        names = next((_NAMES[place] for place in places if place in _NAMES), None)
        if names is not None:
            param.shell_complete = partial(_items, names)


def architectures(incomplete: str) -> list[str]:
    """Published architectures of TransNAS-Bench-101 that begin so; if they are many, the next characters of them.

    Example:
        >>> architectures("64-41414-3_33_33")
        ['64-41414-3_33_330', '64-41414-3_33_331', '64-41414-3_33_332', '64-41414-3_33_333']
        >>> architectures("64-41414-3")[:2]
        ['64-41414-3_00', '64-41414-3_01']
    """
    from benchmarks.spaces import get_space

    spaces = map(get_space, ("transnas101-micro", "transnas101-macro"))
    return _shortened([arch for space in spaces for arch in space if arch.startswith(incomplete)], len(incomplete))


def _shortened(names: Sequence[str], typed: int) -> list[str]:
    """All names, or so many of their characters that few are left; at least one more than those typed."""
    if len(names) <= _MOST:
        return list(names)
    found: list[str] = []
    for length in itertools.count(typed + 1):
        cut = list(dict.fromkeys(name[:length].rstrip("_-") for name in names))
        if len(cut) > _MOST and len(found) > 1:
            return found
        found = cut
    raise AssertionError


def _items(names: Callable[[str], Iterable[str]], ctx: Any, incomplete: str) -> list[_Item]:
    return [_Item(name) for name in names(incomplete) if name.startswith(incomplete)]


def _tasks(incomplete: str) -> list[str]:
    from benchmarks.spaces import get_space, list_spaces

    return list(dict.fromkeys(task for space in list_spaces() for task in get_space(space).tasks))


def _spaces(incomplete: str) -> tuple[str, ...]:
    from benchmarks.spaces import list_spaces

    return list_spaces()


def _bundled(incomplete: str) -> tuple[str, ...]:
    from surrogates.pretrained.load import list_pretrained

    return list_pretrained()


def _tables(incomplete: str) -> tuple[str, ...]:
    from benchmarks.formats.bundled import list_tables

    return list_tables()


def _models(incomplete: str) -> tuple[str, ...]:
    from surrogates.registry import MODELS

    return tuple(MODELS)


def _storable(incomplete: str) -> tuple[str, ...]:
    from surrogates.registry import STORABLE_MODELS

    return tuple(STORABLE_MODELS)


def _searchers(incomplete: str) -> tuple[str, ...]:
    from surrogates.search.registry import list_searchers

    return list_searchers()


def _presets(incomplete: str) -> tuple[str, ...]:
    from benchmarks.training.presets import list_presets

    return list_presets()


_NAMES: dict[str, Callable[[str], Iterable[str]]] = {
    "TASK": _tasks,
    "SPACE": _spaces,
    "ARCH": architectures,
    "ARCH|-": architectures,
    "MODEL": _bundled,
    "TABLE": _tables,
    "[TABLE]": _tables,
    "--space": _spaces,
    "fit --model": _storable,
    "refine --model": _storable,
    "--model": _models,
    "--method": _searchers,
    "--preset": _presets,
}
"""What a value is called in the help, or the option it belongs to, of one command or of any -> its names."""
