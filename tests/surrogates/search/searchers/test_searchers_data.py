"""Searches on the published values, against theoretical and published results."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import hypergeom, rankdata

from benchmarks import load_table
from surrogates.search import run_search
from surrogates.search.pareto import hypervolume, non_dominated
from surrogates.search.space_arrays import costs

BUDGET, SEEDS = 100, 10
RANDOM = {"micro": 40.6, "macro": 32.2}
"""Expected rank of the best of 100 drawn without replacement: (N + 1) / 101 without ties."""
PUBLISHED_EVOLUTION = {"micro": 23, "macro": 21}
"""Mean rank of regularised evolution after 100 queries, as published."""


def mean_ranks(name: str, path: Path, seeds: int) -> list[float]:
    """Mean rank of the best found, task by task."""
    table = load_table(path)
    frame = table.to_frame()
    ranks = []
    for task in table.tasks:
        place = dict(zip(frame.index, rankdata(-frame[task], method="min"), strict=True))
        found = [run_search(name, table, task, BUDGET, seed) for seed in range(seeds)]
        ranks.append(float(np.mean([place[history.best_arch()] for history in found])))
    return ranks


@pytest.mark.data
@pytest.mark.parametrize("space", ["micro", "macro"])
def test_random_search_by_reckoning(nas_data: Path, space: str) -> None:
    path = nas_data / "transnas101" / f"{space}_final.csv"
    frame = load_table(path).to_frame()
    expected = []
    for task in frame:
        places = np.sort(rankdata(-frame[task], method="min"))
        none_better = hypergeom.sf(0, len(places), np.arange(1, len(places) + 1), BUDGET)  # one of the best i is drawn
        expected.append(places @ np.diff(none_better, prepend=0.0))
    assert np.mean(expected) == pytest.approx(RANDOM[space], abs=1.0)  # ties share the best rank
    simulated = mean_ranks("random", path, SEEDS)
    error = RANDOM[space] / np.sqrt(7 * SEEDS)  # the rank is roughly geometric: its standard deviation is its mean
    assert np.mean(simulated) == pytest.approx(np.mean(expected), abs=3 * error)


@pytest.mark.data
@pytest.mark.parametrize("space", ["micro", "macro"])
def test_evolution_is_no_worse_than_published(nas_data: Path, space: str) -> None:
    path = nas_data / "transnas101" / f"{space}_final.csv"
    assert np.mean(mean_ranks("evolution", path, SEEDS)) < PUBLISHED_EVOLUTION[space]


@pytest.mark.data
def test_nsga2_front_is_better_than_random(nas_data: Path) -> None:
    table = load_table(nas_data / "transnas101" / "macro_final.csv")
    space, values = table.space, table.to_frame()["class_object"].reindex(table.space.archs).to_numpy()
    charged = costs(space)[:, 1].astype(float)

    def share(name: str, seed: int) -> float:
        """Hypervolume of the search as a share of that of the exhaustive front."""
        rows = [space.index(arch) for arch in run_search(name, table, "class_object", 200, seed).archs]
        corner = (values.min(), charged.max())
        return hypervolume(values[rows], charged[rows], *corner) / hypervolume(values, charged, *corner)

    assert non_dominated(np.column_stack([values, -charged])).sum() > 5
    found = {name: np.mean([share(name, seed) for seed in range(5)]) for name in ("random", "nsga2")}
    assert found["random"] < found["nsga2"] <= 1
