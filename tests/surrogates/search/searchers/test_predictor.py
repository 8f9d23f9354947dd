"""`PredictorSearch` and `TransferSearch`: what they find, reproducibility, and their components."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import trapezoid
from scipy.stats import norm

from benchmarks import get_space, load_table
from surrogates.models.gaussian_process import GaussianProcessSurrogate
from surrogates.search import make_searcher, run_search
from surrogates.search.base import Searcher
from surrogates.search.equivalence import function_classes, training_classes
from surrogates.search.searchers.bananas import Bananas
from surrogates.search.searchers.predictor import PredictorSearch, expected_improvement
from surrogates.search.searchers.transfer import TransferSearch
from surrogates.search.space_arrays import choices

Oracle = Callable[[list[str]], np.ndarray]
MICRO, MACRO = get_space("transnas101-micro"), get_space("transnas101-macro")


def additive(space_name: str, noise: float = 0.0) -> pd.Series:
    """A value for every architecture, additive in the decisions of its simplest form, plus training noise."""
    space = get_space(space_name)
    rng = np.random.default_rng(5)
    decisions = choices(space)[[space.index(form) for form in space.simplify(space.archs)]]
    amounts = rng.normal(size=(decisions.shape[1], decisions.max() + 1))
    value = amounts[np.arange(decisions.shape[1]), decisions].sum(axis=1)
    return pd.Series(value + noise * rng.normal(size=len(value)), index=list(space.archs))


def searched(searcher: Searcher, truth: pd.Series, budget: int, batch: int = 1) -> list[str]:
    found: list[str] = []
    while len(found) < budget:
        archs = searcher.ask(batch)
        searcher.tell(archs, truth[archs].to_numpy())
        found += archs
    return found


def rank(truth: pd.Series, archs: list[str]) -> int:
    return 1 + int((truth > truth[archs].max()).sum())


# -- search results -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", [MICRO.name, MACRO.name])
def test_predictor_finds_the_optimum_where_random_search_is_far(space: str) -> None:
    truth = additive(space)
    ranks = [rank(truth, searched(PredictorSearch(random_state=seed).start(space), truth, 50)) for seed in (0, 1)]
    chance = [rank(truth, searched(make_searcher("random", seed).start(space), truth, 50)) for seed in (0, 1)]
    assert ranks == [1, 1]
    assert min(chance) > 5


def test_bananas_beats_random_search() -> None:
    truth = additive(MACRO.name)
    searcher = Bananas(surrogate=GaussianProcessSurrogate(), random_state=0).start(MACRO)
    assert rank(truth, searched(searcher, truth, 50)) < 10  # random search: 3,256 / 51 on average


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_sources_find_the_optimum_sooner(sign: float) -> None:
    """Sources that are negatively correlated with the target are used, too."""
    truth = additive(MACRO.name)
    noisy = pd.DataFrame({"other": sign * additive(MACRO.name, noise=0.3)})
    searcher = TransferSearch(sources=noisy, random_state=0).start(MACRO)
    assert rank(truth, searched(searcher, truth, 25)) == 1
    assert searcher.sources_ == ("other",)


def test_a_source_that_says_nothing_does_no_harm() -> None:
    truth = additive(MACRO.name)
    nothing = pd.DataFrame({"noise": np.random.default_rng(0).normal(size=len(truth))}, index=truth.index)
    assert rank(truth, searched(TransferSearch(sources=nothing, random_state=0).start(MACRO), truth, 50)) <= 3


def test_without_sources_a_transfer_search_is_a_predictor_search() -> None:
    truth = additive(MACRO.name)
    assert searched(TransferSearch(n_first=10).start(MACRO), truth, 22) == searched(
        PredictorSearch().start(MACRO), truth, 22
    )


def test_more_trainings_of_a_very_good_function_are_asked_for_each_once() -> None:
    """One function is far better than all others, and its trainings differ, so repeating it is worthwhile."""
    _, function = function_classes(MICRO)
    number = training_classes(MICRO)
    best = int(np.bincount(function).argmax())
    value = np.where(function == best, 10.0, 0.0) + np.random.default_rng(0).normal(size=number.max() + 1)[number]
    truth = pd.Series(value, index=list(MICRO.archs))
    searcher = PredictorSearch(random_state=0).start(MICRO)
    seen = [MICRO.archs[row] for row in np.flatnonzero(function == best)[:3]]
    searcher.tell(seen, truth[seen].to_numpy())
    rows = np.array([MICRO.index(arch) for arch in searched(searcher, truth, 39)])[7:]  # all after the first draw
    assert (function[rows] == best).mean() >= 0.2  # about once per round of four
    assert len(set(number[searcher.rows_].tolist())) >= len(searcher.rows_) - 5  # the first draw may contain duplicates


# -- reproducibility and edge cases -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["predictor", "bananas"])
def test_a_stopped_search_goes_on_as_if_it_had_not(name: str, tmp_path: Path) -> None:
    truth = additive(MACRO.name, noise=0.1)
    params = {"surrogate": GaussianProcessSurrogate()} if name == "bananas" else {}
    searcher = make_searcher(name, **params)

    def oracle(archs: list[str]) -> np.ndarray:
        return truth[archs].to_numpy()

    run_search(searcher, oracle, "y", 13, seed=4, space=MACRO, folder=tmp_path)
    resumed = run_search(searcher, oracle, "y", 24, seed=4, space=MACRO, folder=tmp_path)
    assert resumed.archs == run_search(searcher, oracle, "y", 24, seed=4, space=MACRO).archs
    assert resumed.archs != run_search(searcher, oracle, "y", 24, seed=5, space=MACRO).archs


def test_what_was_asked_and_not_told_counts_as_on_its_way() -> None:
    truth = additive(MICRO.name)
    searcher = PredictorSearch(random_state=0).start(MICRO)
    searched(searcher, truth, 12)
    waiting = searcher.ask(6) + searcher.ask(6) + searcher.ask(30)
    assert len(set(waiting)) == 42


def test_a_large_batch_takes_what_is_left() -> None:
    searcher = PredictorSearch(random_state=0).start(MICRO, allowed=lambda archs: np.arange(len(archs)) < 200)
    first = searcher.ask(10)
    searcher.tell(first, np.arange(10.0))
    rest = searcher.ask(500)
    assert sorted(first + rest) == sorted(MICRO.archs[:200])


def test_many_labels_are_thinned_and_equal_ones_borne() -> None:
    searcher = PredictorSearch(random_state=0).start(MACRO)
    archs = searcher.ask(1000)
    searcher.tell(archs, np.zeros(1000))
    rows, z = searcher.labels()
    assert len(rows) == len(z) == 800
    assert len(searcher.ask(3)) == 3


def test_several_tasks_become_one_number() -> None:
    truth = additive(MACRO.name)
    searcher = PredictorSearch(random_state=0).start(MACRO, n_tasks=2)
    for _ in range(6):
        archs = searcher.ask(6)
        searcher.tell(archs, np.stack([truth[archs], 1e6 * truth[archs] ** 3], axis=1))
    assert rank(truth, [MACRO.archs[row] for row in searcher.rows_]) <= 3


@pytest.mark.parametrize(
    ("kind", "name"), [(PredictorSearch, "n_round"), (Bananas, "n_best"), (TransferSearch, "n_first")]
)
def test_a_parameter_below_one_is_refused(kind: type[Searcher], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        kind(**{name: 0}).start(MACRO)


# -- components -------------------------------------------------------------------------------------------------------


def test_expected_improvement_agrees_with_the_integral() -> None:
    x = np.linspace(-12, 12, 200_001)
    for mean, std in ((0.3, 1.2), (-1.0, 0.5)):
        integral = trapezoid(np.maximum(x - 0.7, 0) * norm(mean, std).pdf(x), x)
        assert expected_improvement(np.array([mean]), np.array([std]), 0.7)[0] == pytest.approx(integral, rel=1e-5)


def test_trainings_are_finer_than_functions() -> None:
    number, (_, function) = training_classes(MICRO), function_classes(MICRO)
    pairs = set(zip(number.tolist(), function.tolist(), strict=True))
    assert len(pairs) == len(set(number.tolist()))
    assert len(set(training_classes(MACRO).tolist())) == len(MACRO)
    one = {number[MICRO.index(f"64-41414-{cell}")] for cell in ("0_22_002", "0_22_012", "0_22_003")}
    assert len(one) == 2  # skips from unreached nodes make no difference, other convolutions do


@pytest.mark.data
def test_rows_of_one_training_share_their_published_values(nas_data: Path) -> None:
    """Where input reaches output; what learns nothing at all differs by chance alone."""
    values = load_table(nas_data / "transnas101/micro_final.csv").to_frame().loc[list(MICRO.archs)]
    forms, function = function_classes(MICRO)
    alive = function != forms.index("64-41414-0_00_000")
    spread = values[alive].groupby(training_classes(MICRO)[alive]).nunique().max(axis=1)
    assert (spread == 1).mean() > 0.95


@pytest.mark.data
@pytest.mark.parametrize(("space", "task", "most"), [("micro", "class_scene", 3), ("macro", "segmentsemantic", 2)])
def test_predictor_finds_the_best_of_the_published_table(space: str, task: str, most: int, nas_data: Path) -> None:
    table = load_table(nas_data / f"transnas101/{space}_final.csv")
    history = run_search("predictor", table, task, budget=96)
    assert rank(table.oriented()[task], history.archs) <= most
