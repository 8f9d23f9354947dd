from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from benchmarks import get_space
from benchmarks.costs import graph_costs
from benchmarks.errors import UnknownNameError
from benchmarks.training.supernet import layout_of
from surrogates.search.cost_bins import log_bins
from surrogates.supernet import BestUp, CostLaw, Sandwich, WorstUp, supernet_sampler

MICRO, MACRO = "transnas101-micro", "transnas101-macro"


def naive_bins(space: str, bins: int) -> dict[str, int]:
    """Range of each function, one after the other from its own graph."""
    there = get_space(space)
    logs = {arch: np.log(graph_costs(there.network_graph(arch))[1]) for arch in layout_of(space).functions}
    low, high = min(logs.values()), max(logs.values())
    edges = [low + (high - low) * number / bins for number in range(1, bins)]
    return {arch: sum(value >= edge for edge in edges) for arch, value in logs.items()}


class Losses:
    """Random losses that remember what was asked."""

    def __init__(self):
        self.asked = []
        self.rng = np.random.default_rng(5)

    def __call__(self, archs):
        values = self.rng.random(len(archs))
        self.asked.append((list(archs), values))
        return values


@pytest.mark.parametrize("space", [MICRO, MACRO])
def test_the_law_is_that_of_a_count(space):
    law, naive = CostLaw(space, bins=7), naive_bins(space, 7)
    counts = Counter(naive.values())
    assert law.p_bin.sum() == pytest.approx(1)
    for number in range(7):
        assert law.p_bin[number] == pytest.approx(counts[number] / len(naive))
        given = law.p_given(number)
        for arch, share in zip(law.functions, given, strict=True):
            assert share == pytest.approx(1 / counts[number] if naive[arch] == number else 0)


def test_draws_follow_the_law():
    law, rng = CostLaw(MICRO, bins=6), np.random.default_rng(0)
    number = dict(zip(law.functions, law.bin_of.tolist(), strict=True))
    draws = [law.draw(3, rng) for _ in range(10_000)]
    for drawn in draws:
        assert len({number[arch] for arch in drawn}) == 1
        assert len(set(drawn)) == len(drawn)
    bins = Counter(number[drawn[0]] for drawn in draws)
    there = np.flatnonzero(law.p_bin)
    assert set(bins) <= set(there.tolist())
    assert chisquare([bins[b] for b in there], 10_000 * law.p_bin[there]).pvalue > 0.001
    for b in there:
        archs = Counter(arch for drawn in draws if number[drawn[0]] == b for arch in drawn)
        functions = [arch for arch in law.functions if number[arch] == b]
        of_bin = sum(archs.values())
        if len(functions) > 3 and of_bin > 5 * len(functions):
            expected = of_bin * law.p_given(int(b))[law.bin_of == b]
            assert chisquare([archs[arch] for arch in functions], expected).pvalue > 0.001


def test_empty_ranges_are_not_drawn():
    law = CostLaw(MICRO, bins=200)
    (empty, *_) = np.flatnonzero(law.p_bin == 0)
    with pytest.raises(ValueError, match=rf"expected a range with functions, got {empty}, which has none"):
        law.p_given(int(empty))
    drawn = {law.bin_of[law.functions.index(law.draw(1, np.random.default_rng(seed))[0])] for seed in range(200)}
    assert empty not in drawn


@pytest.mark.parametrize(
    ("space", "largest", "smallest"),
    [
        (MICRO, "64-41414-3_33_333", "64-41414-0_00_100"),
        (MACRO, "64-222113-basic", "64-3334-basic"),
    ],
)
def test_every_step_has_the_largest_and_the_smallest_and_two_of_a_drawn_cost(space, largest, smallest):
    naive, rng = naive_bins(space, 10), np.random.default_rng(1)
    best, losses = BestUp(space), Losses()
    for step in range(50):
        losses.asked.clear()
        first, *sampled, last = best.paths_on(step, rng, losses)
        assert (first, last) == (largest, smallest)
        assert len(sampled) == len(losses.asked) == 2
        for arch, (candidates, _) in zip(sampled, losses.asked, strict=True):
            assert arch in candidates
            assert len({naive[other] for other in candidates}) == 1
        first, *sampled, last = Sandwich(space).paths(step, rng)
        assert (first, last) == (largest, smallest)
        assert len(sampled) == 2
        assert set(sampled) <= set(naive)


def test_the_sampled_paths_of_a_sandwich_are_uniform_over_functions():
    sampler, rng = Sandwich(MICRO), np.random.default_rng(0)
    drawn = Counter(arch for step in range(10_000) for arch in sampler.paths(step, rng)[1:-1])
    assert chisquare([drawn[arch] for arch in layout_of(MICRO).functions]).pvalue > 0.001


@pytest.mark.parametrize(("sampler", "chosen"), [(BestUp, min), (WorstUp, max)])
def test_the_candidate_of_the_lowest_or_highest_loss_is_trained(sampler, chosen):
    losses, rng = Losses(), np.random.default_rng(2)
    for step in range(30):
        losses.asked.clear()
        _, *sampled, _ = sampler(MACRO, candidates=4, sampled=3).paths_on(step, rng, losses)
        expected = [chosen(zip(values, archs, strict=True))[1] for archs, values in losses.asked]
        assert sampled == expected
        assert all(len(archs) <= 4 for archs, _ in losses.asked)


class Predictor:
    """Predicts two tasks, one of them better when lower."""

    space_ = MACRO
    tasks_ = ("class_scene", "class_scene/valid_loss")

    def predict(self, archs, return_std=False):
        digits = np.array([[sum(map(int, arch.split("-")[1]))] for arch in archs], dtype=float)
        values = np.concatenate([digits, -digits], axis=1)
        return (values, np.ones_like(values)) if return_std else values


@pytest.mark.parametrize("task", Predictor.tasks_)
@pytest.mark.parametrize(("sampler", "chosen"), [(BestUp, max), (WorstUp, min)])
def test_a_predictor_chooses_instead_of_losses(sampler, chosen, task):
    def unused(_):
        raise AssertionError("losses are not needed")

    own = sampler(MACRO, candidates=5, predictor=Predictor(), task=task)
    law, rng, same = CostLaw(MACRO), np.random.default_rng(3), np.random.default_rng(3)

    def digits(arch):
        return sum(map(int, arch.split("-")[1]))

    for step in range(20):
        for arch in own.paths_on(step, rng, unused)[1:-1]:
            assert digits(arch) == chosen(map(digits, law.draw(5, same)))


@pytest.mark.parametrize("strange", [np.nan, np.inf])
@pytest.mark.parametrize("sampler", [BestUp, WorstUp])
def test_predictions_that_are_not_finite_are_refused(sampler, strange):
    class Odd(Predictor):
        def predict(self, archs, return_std=False):
            values, std = super().predict(archs, return_std=True)
            values[[list(archs).index(arch) for arch in ("64-2311-basic", "64-1234-basic")], 0] = strange
            return values, std

    with pytest.raises(
        ValueError, match=r"all 3,256 functions of .*, got 2 that are not, the first for '64-1234-basic'"
    ):
        sampler(MACRO, predictor=Odd(), task="class_scene")
    sampler(MACRO, predictor=Odd(), task="class_scene/valid_loss")  # the other column is finite


def test_names_tell_settings_and_predictions_apart():
    names = {
        supernet_sampler("best_up", MACRO).name,
        BestUp(MACRO, candidates=4).name,
        BestUp(MACRO, bins=4).name,
        BestUp(MACRO, cost="params").name,
        BestUp(MACRO, sampled=1).name,
        BestUp(MACRO, predictor=Predictor(), task="class_scene").name,
        WorstUp(MACRO).name,
        Sandwich(MACRO).name,
        Sandwich(MACRO, 3).name,
    }
    assert len(names) == 9
    same = BestUp(MACRO, predictor=Predictor(), task="class_scene/valid_loss").name
    assert same in names


def test_log_ranges_are_equally_wide():
    costs = np.random.default_rng(0).lognormal(size=500)
    found = log_bins(costs, 9)
    edges = np.linspace(np.log(costs).min(), np.log(costs).max(), 10)
    assert found.tolist() == (np.searchsorted(edges[1:-1], np.log(costs), side="right")).tolist()
    assert log_bins(np.ones(3), 4).tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="expected positive costs, got 0"):
        log_bins(np.array([1.0, 0.0]), 2)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: BestUp(MACRO, candidates=0), ValueError, "an integer of at least 1 as candidates, got 0"),
        (lambda: WorstUp(MACRO, candidates=2.5), ValueError, "an integer of at least 1 as candidates, got 2.5"),
        (lambda: Sandwich(MACRO, 0), ValueError, "an integer of at least 1 as sampled, got 0"),
        (lambda: BestUp(MACRO, bins=0), ValueError, "expected 1 to 3,256 bins.*got 0"),
        (lambda: BestUp(MICRO, bins=1229), ValueError, "expected 1 to 1,228 bins, the number of functions.*got 1229"),
        (lambda: CostLaw(MICRO, "flops"), UnknownNameError, "unknown cost 'flops'"),
        (lambda: supernet_sampler("bestup", MICRO), UnknownNameError, "did you mean 'best_up'"),
        (lambda: BestUp(MICRO, predictor=Predictor()), ValueError, f"a predictor of {MICRO}, got one of {MACRO}"),
        (lambda: BestUp(MACRO, predictor=Predictor()), ValueError, "the task that the predictor compares by, one of"),
        (
            lambda: BestUp(MACRO, predictor=Predictor(), task="class_scen"),
            UnknownNameError,
            "did you mean 'class_scene'",
        ),
    ],
)
def test_bad_settings_are_refused(make, error, match):
    with pytest.raises(error, match=match):
        make()
