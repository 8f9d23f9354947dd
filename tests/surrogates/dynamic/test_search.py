import numpy as np
import pytest

from benchmarks import get_space
from benchmarks.errors import ArtefactError, UnknownNameError
from benchmarks.spaces.registry import list_spaces
from benchmarks.training.dynamic.choices import StageChoice
from benchmarks.training.dynamic.exits import ExitLogits
from benchmarks.training.dynamic.grid import ChoiceGrid
from benchmarks.training.dynamic.measurement import ExitMeasurement
from surrogates.dynamic import ChoiceSpace, search_splits, search_tradeoffs, tradeoff_front
from surrogates.search.searchers.policy import Policy
from surrogates.search.searchers.reinforce import Reinforce

GRID = ChoiceGrid(5)
SMALL = ChoiceGrid(2, kernels=(1, 3), sides=(16, 32))


def measure(choice: str) -> ExitMeasurement:
    """Both exits are right on the more images the more channels are in the first stage; those cost more."""
    found = StageChoice.parse(choice)
    first = sum(parts[0] / sum(parts) for parts in found.split) + (found.side or 0) / 32
    rng = np.random.default_rng(sum(map(ord, choice)))
    n = 40
    targets = np.arange(n) % 4
    logits = rng.normal(size=(2, n, 4))
    right = np.arange(n) < 10 * np.minimum(first, 4)
    logits[:, right, targets[right]] += 4
    return ExitMeasurement(
        choice, np.array([int(100 * first), int(100 * first) + 150]), ExitLogits(logits, targets), None, np.ones(2)
    )


def test_the_space_has_every_choice_once():
    space = ChoiceSpace(GRID)
    assert len(space) == len(set(space.archs)) == 243
    assert {StageChoice.parse(arch).n_modules for arch in space} == {5}
    around = space.neighbors(space[100])
    assert len(set(around)) == 10
    for other in around:
        pairs = zip(StageChoice.parse(other).split, StageChoice.parse(space[100]).split, strict=True)
        assert sum(a != b for a, b in pairs) == 1
    assert len(ChoiceSpace(SMALL)) == SMALL.size == 3**2 * 2**2 * 2
    assert ChoiceSpace(SMALL).name != space.name


def test_the_gradient_of_reinforce_is_that_of_the_exact_expected_reward():
    """Finite differences of the expectation over all 243 splits, in each logit of the policy."""
    policy = Policy(ChoiceSpace(GRID))
    rng = np.random.default_rng(0)
    policy.logits[:] = 0.5 * rng.normal(size=policy.logits.shape)
    rewards = rng.normal(size=243)

    def expected(logits):
        scores = [sum(logits[place, option] for place, option in enumerate(row)) for row in policy.choices]
        weights = np.exp(scores)
        return float((weights * rewards).sum() / weights.sum())

    before = policy.logits.copy()
    numeric = np.zeros_like(before)
    for place in np.ndindex(*before.shape):
        step = np.zeros_like(before)
        step[place] = 1e-5
        numeric[place] = (expected(before + step) - expected(before - step)) / 2e-5
    probability = np.exp(policy.scores())
    probability /= probability.sum()
    baseline = 0.7  # of any value: it does not change the expectation
    rows = np.arange(243)
    policy.gradient(rows, probability * (rewards - baseline), np.ones(243, dtype=bool))
    np.testing.assert_allclose(policy.logits - before, numeric, atol=1e-8)
    assert np.abs(numeric).max() > 0.01


def test_drawn_gradients_are_unbiased():
    policy = Policy(ChoiceSpace(GRID))
    rewards = np.random.default_rng(1).normal(size=243)
    exact = Policy(ChoiceSpace(GRID))
    exact.gradient(np.arange(243), rewards / 243, np.ones(243, dtype=bool))
    rng = np.random.default_rng(2)
    drawn = rng.integers(243, size=200_000)  # logits of zero: uniform
    policy.gradient(drawn, rewards[drawn] / len(drawn), np.ones(243, dtype=bool))
    np.testing.assert_allclose(policy.logits, exact.logits, atol=5e-3)


def test_a_search_finds_the_best_split_of_a_budget():
    history = search_splits(measure, GRID, budget=380.0, evaluations=120, seed=1)
    table = {arch: measure(arch).valid_curve().rewards(380.0).max() for arch in ChoiceSpace(GRID)}
    assert history.values[:, 0].tolist() == [pytest.approx(table[arch]) for arch in history.archs]
    found = sorted(table.values(), reverse=True).index(history.best[-1, 0])
    assert found < 12  # of 243
    assert not set(list_spaces()) - {"transnas101-micro", "transnas101-macro", "nasbench201"}


def test_other_searchers_search_as_well():
    for searcher in ("random", "evolution", Reinforce(learning_rate=1.0)):
        assert len(search_splits(measure, GRID, 380.0, 12, searcher=searcher)) == 12


def test_a_front_has_no_dominated_choice():
    history = search_tradeoffs(measure, SMALL, evaluations=36, seed=0)
    front = tradeoff_front(history)
    assert set(front["choice"]) <= set(history.archs)
    for _, kept in front.iterrows():
        for top1, cost in history.values.tolist():
            worse = top1 <= kept["top1"] or cost >= kept["multiply_adds"]
            assert worse or (top1 == kept["top1"] and cost == kept["multiply_adds"])
    for top1, cost in history.values.tolist():
        assert ((front["top1"] >= top1) & (front["multiply_adds"] <= cost)).any()
    assert front["multiply_adds"].is_monotonic_increasing
    assert front["top1"].is_monotonic_increasing


def test_an_interrupted_search_goes_on_without_measuring_again(tmp_path):
    whole = search_splits(measure, GRID, 380.0, 20, seed=3)
    seen = []

    def counted(choice):
        if len(seen) == 8:
            seen.append("stop")
            raise KeyboardInterrupt
        seen.append(choice)
        return measure(choice)

    with pytest.raises(KeyboardInterrupt):
        search_splits(counted, GRID, 380.0, 20, seed=3, folder=tmp_path)
    resumed = search_splits(counted, GRID, 380.0, 20, seed=3, folder=tmp_path)
    assert resumed.archs == whole.archs
    np.testing.assert_array_equal(resumed.values, whole.values)
    assert len(seen) == 21  # twenty and the interruption


def test_a_search_for_tradeoffs_goes_on_with_more_evaluations(tmp_path):
    pytest.importorskip("pymoo")
    first = search_tradeoffs(measure, SMALL, 12, folder=tmp_path)
    more = search_tradeoffs(measure, SMALL, 30, folder=tmp_path)
    assert more.archs[:12] == first.archs
    assert more.archs == search_tradeoffs(measure, SMALL, 30).archs


def test_the_folder_of_another_search_is_refused(tmp_path):
    search_splits(measure, GRID, 380.0, 3, folder=tmp_path, about={"weights": "a"})
    for changes, match in (
        ({"budget": 300.0}, "budget was 380.0 and is now 300.0"),
        ({"about": {"weights": "b"}}, "weights was 'a' and is now 'b'"),
        ({"grid": ChoiceGrid(5, sides=(16, 32))}, "grid was "),
    ):
        options = {"grid": GRID, "budget": 380.0, "about": {"weights": "a"}, **changes}
        with pytest.raises(ArtefactError, match=f"holds another search of choices: {match}"):
            search_splits(measure, evaluations=3, folder=tmp_path, **options)


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="positive budget of multiply-adds, got 0"):
        search_splits(measure, GRID, 0.0, 5)
    with pytest.raises(ValueError, match="expected price >= 0, got -1"):
        search_tradeoffs(measure, GRID, 5, price=-1.0)
    with pytest.raises(ValueError, match="244"):
        search_splits(measure, GRID, 380.0, 244)
    with pytest.raises(UnknownNameError, match="did you mean 'reinforce'"):
        search_splits(measure, GRID, 380.0, 5, searcher="reinforc")
    with pytest.raises(UnknownNameError, match="unknown space"):
        get_space(ChoiceSpace(GRID).name)  # known within a search only
