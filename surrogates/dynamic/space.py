"""The choices of a multi-stage network as a space, so that every searcher can search them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.run_directory import RunDirectory
from benchmarks.spaces.dag import DagSpace
from benchmarks.spaces.registry import register_space, unregister_space
from benchmarks.training.dynamic.grid import ChoiceGrid

__all__ = ["ChoiceSpace", "registered", "search_folder"]


class ChoiceSpace(DagSpace):
    """All choices of a grid; an architecture string is the text of a choice (`StageChoice`).

    Its graph is a chain with a node for each decision, whose operation is the option. Neighbours differ in one of them.

    Args:
        grid: The choices.

    Attributes:
        grid: As above.

    Example:
        >>> space = ChoiceSpace(ChoiceGrid(2))
        >>> len(space), space[1], space.neighbors("1:3-1:3")
        (9, '1:3-1:1', ['1:1-1:3', '3:1-1:3', '1:3-1:1', '1:3-3:1'])
    """

    def __init__(self, grid: ChoiceGrid) -> None:
        decisions = grid.decisions()
        chain = [(node, node + 1) for node in range(len(decisions) - 1)]
        labels = [[f"{name.partition(' ')[0]} {option}" for option in options] for name, options in decisions.items()]
        codes = product(*(range(len(options)) for options in decisions.values()))
        self._codes = {str(grid.choice(code)): code for code in codes}
        graphs = {
            text: ([options[index] for options, index in zip(labels, code, strict=True)], chain)
            for text, code in self._codes.items()
        }
        self.grid = grid
        self._options = [len(options) for options in decisions.values()]
        text = f"{grid.n_modules} {grid.name}"
        super().__init__(f"stages-{hashlib.sha256(text.encode()).hexdigest()[:12]}", graphs)

    def neighbors(self, arch: str) -> list[str]:
        """Choices that differ in one decision."""
        code = self._codes[self.validate(arch)]
        return [
            str(self.grid.choice((*code[:place], option, *code[place + 1 :])))
            for place, n_options in enumerate(self._options)
            for option in range(n_options)
            if option != code[place]
        ]


@contextmanager
def registered(space: ChoiceSpace) -> Iterator[ChoiceSpace]:
    """Within the context a space is known by its name, as a search needs it.

    Example:
        >>> from benchmarks import get_space
        >>> with registered(ChoiceSpace(ChoiceGrid(2))) as space:
        ...     get_space(space.name) is space
        True
    """
    register_space(space)
    try:
        yield space
    finally:
        unregister_space(space.name)


def search_folder(folder: str | Path | None, settings: Mapping[str, Any]) -> Path | None:
    """The folder of the history of a search, within a folder whose settings are checked; None if there is none.

    Raises:
        ArtefactError: If the folder holds a search with other settings; says what differs.

    Example:
        >>> search_folder(None, {}) is None
        True
    """
    if folder is None:
        return None
    return RunDirectory(folder, "search of choices", "choices.json").claim(settings).file("history")
