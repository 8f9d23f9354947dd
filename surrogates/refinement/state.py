"""State file of a refinement: the selected architectures, stored to resume after an interruption."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.errors import ArtefactError
from benchmarks.files import write_beside
from benchmarks.run_directory import RunDirectory

__all__ = ["STATE", "read_choices", "write_choices"]

STATE = "refinement.json"
_EARLIER = {"by": "uncertainty", "model": None}
"""Values of settings that files of earlier versions do not contain."""
_REMEDY = f"choose another folder (--folder), or delete {STATE} in it to start again"


def read_choices(folder: Path | None, about: Mapping[str, Any]) -> list[list[str]]:
    """Read the architectures selected before an interruption, one list per round started.

    Args:
        folder: Folder of the refinement; None if nothing is stored.
        about: Settings that determine the selection, by name: the table's hash, the budget, the model, the selection
            method.

    Raises:
        ArtefactError: If the folder belongs to a refinement with other settings, or its file is damaged.
    """
    if folder is None or not (folder / STATE).exists():
        return []
    directory = RunDirectory(folder, "refinement", STATE, _REMEDY)
    state = directory.about()
    try:
        choices: list[list[str]] = [list(map(str, archs)) for archs in state["rounds"]]
        found = {**_EARLIER, "table": state["table"], "budget": state["budget"], **state}
    except (KeyError, TypeError) as error:
        raise ArtefactError(f"{str(directory.description)!r} is damaged: {error}; delete it to start again") from error
    directory.check(about, found, _say)
    return choices


def write_choices(folder: Path | None, about: Mapping[str, Any], rounds: Sequence[Sequence[str]]) -> None:
    """Write the architectures selected in every round started, and the settings."""
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with write_beside(folder / STATE) as beside:
        beside.write_text(json.dumps({**about, "rounds": rounds}, indent=2) + "\n", encoding="utf-8")


def _say(value: Any) -> str:
    return "not recorded" if value is None else str(value)
