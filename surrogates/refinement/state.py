"""What a refinement has chosen, kept so that it goes on after an interruption as if there had been none."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.errors import ArtefactError
from benchmarks.files import RunDirectory, write_beside

__all__ = ["STATE", "read_choices", "write_choices"]

STATE = "refinement.json"
_EARLIER = {"by": "uncertainty", "model": None}
"""What files of earlier versions do not say."""
_REMEDY = f"choose another folder (--folder), or delete {STATE} in it to choose again"


def read_choices(folder: Path | None, about: Mapping[str, Any]) -> list[list[str]]:
    """What was chosen before the interruption, a list for every round begun.

    Args:
        folder: Of the refinement; None = nothing is kept.
        about: What decides the choices, by name: the table's hash, the budget, the model, by what is chosen.

    Raises:
        ArtefactError: If the folder is of a refinement about something else, or its file is damaged.
    """
    if folder is None or not (folder / STATE).exists():
        return []
    directory = RunDirectory(folder, "refinement", STATE, _REMEDY)
    state = directory.about()
    try:
        choices: list[list[str]] = [list(map(str, archs)) for archs in state["rounds"]]
        found = {**_EARLIER, "table": state["table"], "budget": state["budget"], **state}
    except (KeyError, TypeError) as error:
        raise ArtefactError(f"{str(directory.description)!r} is damaged: {error}; delete it to choose again") from error
    directory.check(about, found, _say)
    return choices


def write_choices(folder: Path | None, about: Mapping[str, Any], rounds: Sequence[Sequence[str]]) -> None:
    """Keep what was chosen in every round begun, and about what."""
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with write_beside(folder / STATE) as beside:
        beside.write_text(json.dumps({**about, "rounds": rounds}, indent=2) + "\n", encoding="utf-8")


def _say(value: Any) -> str:
    return "not recorded" if value is None else str(value)
