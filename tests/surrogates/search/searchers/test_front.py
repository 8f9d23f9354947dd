"""`FrontSearch`: expected hypervolume improvement against numerical integration, and the fronts it finds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import trapezoid
from scipy.stats import norm

from benchmarks import get_space, load_table
from surrogates.search import make_searcher, run_search
from surrogates.search.pareto import hypervolume
from surrogates.search.searchers.front import FrontSearch, expected_area
from surrogates.search.space_arrays import choices, costs

MICRO, MACRO = get_space("transnas101-micro"), get_space("transnas101-macro")
WORST, DEAREST = 0.0, 10.0


def share(truth: np.ndarray, charged: np.ndarray, rows: list[int]) -> float:
    """The hypervolume of the search as a share of that of the whole space."""
    reference = float(truth.min()), float(charged.max())
    return hypervolume(truth[rows], charged[rows], *reference) / hypervolume(truth, charged, *reference)


def additive(name: str) -> np.ndarray:
    """A value for every architecture of a space, additive in the decisions of its simplest form."""
    space = get_space(name)
    decisions = choices(space)[[space.index(form) for form in space.simplify(space.archs)]]
    amounts = np.random.default_rng(5).normal(size=(decisions.shape[1], decisions.max() + 1))
    return np.asarray(amounts[np.arange(decisions.shape[1]), decisions].sum(axis=1))


def searched(searcher: FrontSearch, truth: np.ndarray, budget: int) -> list[int]:
    while len(searcher.rows_) < budget:
        archs = searcher.ask()
        searcher.tell(archs, truth[[searcher.space_.index(arch) for arch in archs]])
    return searcher.rows_


@pytest.mark.parametrize("seed", range(4))
def test_expected_area_is_the_mean_of_hypervolumes(seed: int) -> None:
    """The expected area equals the mean over 801 hypervolumes with one more point, weighted by its value's density."""
    rng = np.random.default_rng(seed)
    values, paid = rng.uniform(-1, 4, size=12), rng.integers(0, 12, size=12).astype(float)  # some beyond the reference
    mean, std, charged = rng.normal(2, 2, size=5), rng.uniform(0.2, 2, size=5), rng.uniform(-1, 11, size=5)
    before = hypervolume(values, paid, WORST, DEAREST)
    naive = []
    for m, s, c in zip(mean, std, charged, strict=True):
        y = np.linspace(m - 8 * s, m + 8 * s, 801)
        after = [hypervolume(np.append(values, v), np.append(paid, c), WORST, DEAREST) for v in y]
        naive.append(trapezoid((np.array(after) - before) * norm(m, s).pdf(y), y))
    found = expected_area(mean, std, charged, values, paid, WORST, DEAREST)
    np.testing.assert_allclose(found, naive, rtol=2e-3, atol=1e-6)


def test_expected_area_of_an_empty_front_is_one_rectangle() -> None:
    nothing = np.zeros(0)
    found = expected_area(np.array([3.0]), np.array([1e-9]), np.array([4.0]), nothing, nothing, WORST, DEAREST)
    assert found[0] == pytest.approx(3.0 * 6.0)


@pytest.mark.parametrize("space", [MICRO.name, MACRO.name])
def test_the_front_of_an_additive_value_is_found(space: str) -> None:
    truth, charged = additive(space), costs(space)[:, 1].astype(float)
    found = [
        share(truth, charged, searched(FrontSearch(n_first=10, random_state=seed).start(space), truth, 60))
        for seed in (0, 1)
    ]
    chance = np.random.default_rng(0).permutation(len(truth))[:60].tolist()
    assert min(found) > 0.99
    assert share(truth, charged, chance) < 0.96


def test_a_front_of_all_architectures_is_covered_from_end_to_end() -> None:
    """The value is the logarithm of the cost: sixty well-spaced queries cover nearly all of the area."""
    charged = costs(MACRO)[:, 1].astype(float)
    truth = np.log(charged)
    rows = searched(FrontSearch(n_first=10, random_state=0).start(MACRO), truth, 60)
    assert charged[rows].min() < 1.05 * charged.min()
    assert charged[rows].max() > 0.7 * charged.max()
    chance = np.random.default_rng(0).permutation(len(truth))[:60].tolist()
    assert share(truth, charged, chance) < 0.96
    assert share(truth, charged, rows) > 0.975


def test_the_other_cost_gives_another_front() -> None:
    truth = additive(MACRO.name)
    found = {}
    for cost in ("params", "multiply_adds"):
        found[cost] = searched(FrontSearch(cost=cost, n_first=10, random_state=0).start(MACRO), truth, 40)
    assert found["params"][:10] == found["multiply_adds"][:10]
    params = costs(MACRO)[:, 0].astype(float)
    assert share(truth, params, found["params"]) > share(truth, params, found["multiply_adds"])


def test_where_all_cost_the_same_the_best_is_looked_for() -> None:
    charged = costs(MICRO)[:, 1]
    levels, counts = np.unique(charged, return_counts=True)
    same = charged == levels[counts.argmax()]
    truth = additive(MICRO.name)
    rows = searched(FrontSearch(n_first=10, random_state=0).start(MICRO, allowed=lambda archs: same), truth, 40)
    assert same[rows].all()
    assert truth[rows].max() == truth[same].max()


def test_a_failed_training_does_not_hide_the_front() -> None:
    """A value a thousand times worse than all others, as from a diverged training."""
    truth, charged = additive(MACRO.name), costs(MACRO)[:, 1].astype(float)
    searcher = FrontSearch(n_first=10, random_state=0).start(MACRO)
    first = searcher.ask(10)
    values = truth[[MACRO.index(arch) for arch in first]]
    values[3] = -1000.0
    searcher.tell(first, values)
    assert share(truth, charged, searched(searcher, truth, 60)) > 0.99


def test_a_stopped_search_goes_on_as_if_it_had_not(tmp_path: Path) -> None:
    truth = pd.Series(additive(MACRO.name), index=list(MACRO.archs))

    def oracle(archs: list[str]) -> np.ndarray:
        return truth[archs].to_numpy()

    searcher = FrontSearch(n_first=10)
    run_search(searcher, oracle, "y", 13, seed=4, space=MACRO, folder=tmp_path)
    resumed = run_search(searcher, oracle, "y", 24, seed=4, space=MACRO, folder=tmp_path)
    assert resumed.archs == run_search(searcher, oracle, "y", 24, seed=4, space=MACRO).archs


def test_batches_of_any_size_until_nothing_is_left() -> None:
    searcher = FrontSearch(n_first=10, random_state=0).start(MICRO, allowed=lambda archs: np.arange(len(archs)) < 120)
    first = searcher.ask(10)
    searcher.tell(first, np.arange(10.0))
    waiting = searcher.ask(6) + searcher.ask(6)
    assert sorted(first + waiting + searcher.ask(500)) == sorted(MICRO.archs[:120])


def test_more_values_than_the_process_looks_at_are_borne() -> None:
    searcher = FrontSearch(n_first=10, random_state=0).start(MACRO)
    archs = searcher.ask(1000)
    searcher.tell(archs, np.zeros(1000))
    assert len(searcher.ask(3)) == 3


@pytest.mark.data
@pytest.mark.parametrize(("name", "task"), [("micro", "class_scene"), ("macro", "jigsaw")])
def test_the_front_of_the_published_table_is_found(name: str, task: str, nas_data: Path) -> None:
    table = load_table(nas_data / f"transnas101/{name}_final.csv")
    history = run_search(make_searcher("front"), table, task, budget=100)
    truth = table.oriented()[task].reindex(list(table.space.archs)).to_numpy()
    charged = costs(table.space)[:, 1].astype(float)
    assert share(truth, charged, [table.space.index(arch) for arch in history.archs]) > 0.98
