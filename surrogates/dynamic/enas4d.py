"""ENAS4D: choices that trade accuracy against average cost, on a network trained once for all (arXiv 2009.09182, 2020).

Searched are the channels of each stage, and, if the network was trained for them, depths, kernels and the side of the
images. The paper's search is not known to us in detail; here it is NSGA-II on the two objectives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.training.dynamic.grid import ChoiceGrid
from surrogates.dynamic.space import ChoiceSpace, registered, search_folder
from surrogates.search.history import History
from surrogates.search.pareto import non_dominated
from surrogates.search.registry import SearcherLike
from surrogates.search.run import run_search

if TYPE_CHECKING:
    from benchmarks.training.dynamic.measurement import ExitMeasurement

__all__ = ["search_tradeoffs", "tradeoff_front"]

_POPULATION = 20


def search_tradeoffs(
    measure: Callable[[str], ExitMeasurement],
    grid: ChoiceGrid,
    evaluations: int = 60,
    seed: int = 0,
    *,
    price: float = 10.0,
    searcher: SearcherLike | None = None,
    folder: str | Path | None = None,
    about: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> History:
    """Search the choices of a grid for high accuracy and a low average cost.

    A choice has a curve of accuracy against average multiply-adds on validation images; it is judged at the point with
    the highest accuracy less a price times the logarithm of the cost.

    Args:
        measure: Function from the text of a choice to its logits and costs, such as `ExitScorer.measure`.
        grid: The choices.
        evaluations: Number of choices to measure.
        seed: Seed of the searcher.
        price: Points of accuracy that e times the cost must gain.
        searcher: NSGA-II with a population of 20, so at first 20 random choices; or any other searcher.
        folder: Folder of the search, where an interrupted one is resumed.
        about: Further settings that must be the same to resume it, such as the fingerprint of the network.
        progress: Show a progress bar.

    Returns:
        The choices in the order they were measured, with ``"top1"`` (%) and ``"multiply_adds"``.

    Raises:
        ValueError: If the price is negative, or there are more evaluations than choices.
        ArtefactError: If the folder holds another search.
        MissingExtraError: If pymoo is not installed.

    Example:
        >>> from benchmarks.training.dynamic import ExitLogits
        >>> from benchmarks.training.dynamic.measurement import ExitMeasurement
        >>> def measure(choice):
        ...     first = choice.count("3:1")
        ...     targets = np.arange(10) % 2
        ...     logits = np.zeros((2, 10, 2))
        ...     logits[:, np.arange(10), targets] = np.where(np.arange(10) < 5 + first, 1.0, -1.0)
        ...     valid = ExitLogits(logits, targets)
        ...     return ExitMeasurement(choice, np.array([10 + first, 20]), valid, None, np.ones(2))
        >>> history = search_tradeoffs(measure, ChoiceGrid(2), evaluations=9)
        >>> tradeoff_front(history)[["top1", "multiply_adds"]].values.tolist()
        [[50.0, 10.0], [60.0, 11.0], [70.0, 12.0]]
    """
    if price < 0:
        raise ValueError(f"expected price >= 0, got {price:g}")

    def values(choices: list[str]) -> list[list[float]]:
        found = []
        for choice in choices:
            curve = measure(choice).valid_curve()
            point = int(curve.rewards(1.0, price).argmax())
            found.append([float(curve.accuracy[point]), float(curve.multiply_adds[point])])
        return found

    if searcher is None:
        from surrogates.search.searchers.nsga2 import NSGA2Search

        searcher = NSGA2Search(population=_POPULATION)
    names = ("top1", "multiply_adds")
    where = search_folder(folder, {"grid": grid.name, "price": price, **(about or {})})
    with registered(ChoiceSpace(grid)) as space:
        return run_search(
            searcher,
            values,
            names,
            evaluations,
            seed,
            space=space,
            minimize=names[1:],
            folder=where,
            progress=progress,
        )


def tradeoff_front(history: History) -> pd.DataFrame:
    """The choices of a search that no other one dominates, the cheapest first: choice, top1 and multiply_adds.

    One of several choices with equal values is kept.
    """
    points = np.asarray(history.values * np.array([1.0, -1.0]))
    frame = pd.DataFrame(history.values, columns=list(history.tasks))
    frame.insert(0, "choice", history.archs)
    kept = frame[non_dominated(points)].drop_duplicates(list(history.tasks))
    return kept.sort_values("multiply_adds", ignore_index=True)
