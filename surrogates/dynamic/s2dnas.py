"""S2DNAS: the best multi-stage network within an architecture for a budget, by REINFORCE (Yuan et al., ECCV 2020).

A policy over the splits of the modules is searched on a network that was trained once for all of them; the paper trains
candidates one by one. The reward is the accuracy on validation images within a budget of average multiply-adds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.training.dynamic.grid import ChoiceGrid
from surrogates.dynamic.space import ChoiceSpace, registered, search_folder
from surrogates.search.history import History
from surrogates.search.registry import SearcherLike
from surrogates.search.run import run_search

if TYPE_CHECKING:
    from benchmarks.training.dynamic.measurement import ExitMeasurement

__all__ = ["search_splits"]


def search_splits(
    measure: Callable[[str], ExitMeasurement],
    grid: ChoiceGrid,
    budget: float,
    evaluations: int = 60,
    seed: int = 0,
    *,
    searcher: SearcherLike = "reinforce",
    folder: str | Path | None = None,
    about: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> History:
    """Search the choices of a grid for the highest reward: accuracy within a budget.

    The reward of a choice is the largest of `ExitCurve.rewards` over the thresholds of its validation curve. It is
    optimistic by what the best of some forty thresholds gains on the images that chose it.

    Args:
        measure: Function from the text of a choice to its logits and costs, such as `ExitScorer.measure`.
        grid: The choices.
        budget: Average multiply-adds for one image.
        evaluations: Number of choices to measure.
        seed: Seed of the searcher.
        searcher: REINFORCE with a policy over the decisions; or any other searcher.
        folder: Folder of the search, where an interrupted one is resumed.
        about: Further settings that must be the same to resume it, such as the fingerprint of the network.
        progress: Show a progress bar.

    Returns:
        The choices in the order they were measured, and their rewards under the name ``"reward"``.

    Raises:
        ValueError: If the budget is not positive, or there are more evaluations than choices.
        ArtefactError: If the folder holds another search.

    Example:
        >>> import numpy as np
        >>> from benchmarks.training.dynamic import ExitLogits
        >>> from benchmarks.training.dynamic.measurement import ExitMeasurement
        >>> def measure(choice):  # the more channels are in the first stage, the better and the dearer it is
        ...     first = choice.count("3:1")
        ...     targets = np.arange(10) % 2
        ...     logits = np.zeros((2, 10, 2))
        ...     logits[:, np.arange(10), targets] = np.where(np.arange(10) < 5 + first, 1.0, -1.0)
        ...     valid = ExitLogits(logits, targets)
        ...     return ExitMeasurement(choice, np.array([10 + first, 20]), valid, None, np.ones(2))
        >>> history = search_splits(measure, ChoiceGrid(2), budget=12.0, evaluations=9)
        >>> history.best_arch(), history.best[-1].tolist()
        ('3:1-3:1', [70.0])
    """

    def rewards(choices: list[str]) -> list[float]:
        return [float(measure(choice).valid_curve().rewards(budget).max()) for choice in choices]

    if not budget > 0:
        raise ValueError(f"expected a positive budget of multiply-adds, got {budget:g}")
    where = search_folder(folder, {"grid": grid.name, "budget": budget, **(about or {})})
    with registered(ChoiceSpace(grid)) as space:
        return run_search(searcher, rewards, "reward", evaluations, seed, space=space, folder=where, progress=progress)
