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


def complete_names(command: Any, path: str = "") -> None:
    """Let the arguments and options of a command, and of all below it, complete what their place in it calls for.

    Args:
        command: The command, or the group of commands.
        path: How it is typed, after ``surrogates``.

    Example:
        >>> from surrogates.cli.app import app
        >>> import typer.main
        >>> command = typer.main.get_command(app).commands["best"]
        >>> [item.value for item in command.params[0].shell_complete(None, "room")]
        ['room_layout']
    """
    for name, child in getattr(command, "commands", {}).items():
        complete_names(child, f"{path} {name}".lstrip())
    for param in command.params:
        if "--minimize" in param.opts:  # tasks of one's own
            continue
        places = (*(f"{path} {name}" for name in param.opts), param.metavar or "", *param.opts)
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


def _trained_tasks(incomplete: str) -> tuple[str, ...]:
    from benchmarks.tasks import TRANSNAS_TASKS

    return TRANSNAS_TASKS


def _supernet_tasks(incomplete: str) -> tuple[str, ...]:
    from benchmarks.tasks import TRANSNAS_TASKS
    from benchmarks.training.recipe import CONTRAST

    return (*TRANSNAS_TASKS, CONTRAST)


def _confident_tasks(incomplete: str) -> tuple[str, ...]:
    from benchmarks.training.dynamic.choices import CONFIDENT_TASKS

    return tuple(CONFIDENT_TASKS)


def _cell_spaces(incomplete: str) -> list[str]:
    from benchmarks.spaces import get_space, list_spaces
    from benchmarks.spaces.cell import CellSpace

    return [name for name in list_spaces() if isinstance(get_space(name), CellSpace)]


def _deriving(incomplete: str) -> tuple[str, ...]:
    from surrogates.cli.derive import METHODS

    return METHODS


def _multi_stage(incomplete: str) -> tuple[str, ...]:
    from surrogates.cli.dynamic import METHODS

    return METHODS


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
    "train --task": _trained_tasks,
    "supernet train --task": _supernet_tasks,
    "supernet derive --task": _trained_tasks,
    "supernet derive --space": _cell_spaces,
    "supernet derive --method": _deriving,
    "supernet probe --task": _trained_tasks,
    "dynamic train --task": _confident_tasks,
    "dynamic search --method": _multi_stage,
    "TASK": _tasks,
    "SPACE": _spaces,
    "ARCH": architectures,
    "ARCH|-": architectures,
    "MODEL": _bundled,
    "TABLE": _tables,
    "--space": _spaces,
    "fit --model": _storable,
    "refine --model": _storable,
    "--model": _models,
    "--method": _searchers,
    "--preset": _presets,
}
"""The option of one command, or what a value is called in the help, or the option of any command -> its names."""
