"""Rank metrics against scipy, naive loops and hand-made cases."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.metrics import best_index, bootstrap_interval, kendall_tau, precision_at_k, regret_at_k, spearman_rho

NAN = float("nan")


def naive_tau_b(x, y):
    concordant = discordant = ties_x = ties_y = 0
    for i, j in itertools.combinations(range(len(x)), 2):
        a, b = np.sign(x[i] - x[j]), np.sign(y[i] - y[j])
        concordant += a * b > 0
        discordant += a * b < 0
        ties_x += a == 0
        ties_y += b == 0
    pairs = len(x) * (len(x) - 1) / 2
    return (concordant - discordant) / math.sqrt((pairs - ties_x) * (pairs - ties_y))


def orders(prediction, higher=True):
    """All rankings, best first, that a prediction with ties allows."""
    n = len(prediction)
    sign = -1 if higher else 1
    return {tuple(sorted(p, key=lambda i: sign * prediction[i])) for p in itertools.permutations(range(n))}


@pytest.mark.parametrize("levels", [3, 1000])
def test_tau_and_rho_agree_with_second_opinions(rng, levels):
    for _ in range(20):
        x, y = rng.integers(levels, size=(2, 15))
        assert kendall_tau(x, y) == pytest.approx(naive_tau_b(x, y))
        ranks = np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1]
        assert spearman_rho(x, y) == pytest.approx(ranks)


@pytest.mark.parametrize("metric", [kendall_tau, spearman_rho])
def test_rank_correlations_are_bounded_symmetric_and_ignore_scale(metric, rng):
    x, y = rng.random((2, 30))
    assert metric(x, x) == pytest.approx(1)
    assert metric(x, -x) == pytest.approx(-1)
    assert metric(x, y) == pytest.approx(metric(y, x))
    assert metric(x, np.exp(y)) == pytest.approx(metric(x, y))


@pytest.mark.parametrize("metric", [kendall_tau, spearman_rho])
@pytest.mark.parametrize(
    ("x", "y"), [([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [2, 2, 2]), ([1], [1]), ([], []), ([NAN] * 3, [1, 2, 3])]
)
def test_undefined_rank_correlations_are_nan(metric, x, y):
    assert math.isnan(metric(x, y))


@pytest.mark.parametrize("metric", [kendall_tau, spearman_rho, precision_at_k, regret_at_k])
def test_pairs_with_nan_are_left_out(metric, rng):
    x, y = rng.random((2, 30))
    with_nan = metric([*x, NAN, 0.5], [*y, 0.5, NAN])
    assert with_nan == metric(x, y)


@pytest.mark.parametrize("metric", [kendall_tau, spearman_rho, precision_at_k, regret_at_k])
def test_shapes_must_match(metric):
    with pytest.raises(ValueError, match=r"same shape \(n,\), got \(3,\) and \(2,\)"):
        metric([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match=r"got \(1, 2\) and \(1, 2\)"):
        metric([[1, 2]], [[1, 2]])


@pytest.mark.parametrize("higher", [True, False])
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_precision_and_regret_are_means_over_all_ways_to_break_ties(rng, k, higher):
    for _ in range(10):
        truth, prediction = rng.integers(3, size=(2, 5)).astype(float)
        by_truth, by_prediction = orders(truth, higher), orders(prediction, higher)
        precision = np.mean([len(set(a[:k]) & set(b[:k])) / k for a in by_truth for b in by_prediction])
        sign = 1 if higher else -1
        regret = np.mean([max(sign * truth) - max(sign * truth[list(b[:k])]) for b in by_prediction])
        assert precision_at_k(truth, prediction, k, higher) == pytest.approx(precision)
        assert regret_at_k(truth, prediction, k, higher) == pytest.approx(regret)


def test_precision_and_regret_of_fewer_than_k_pairs_are_nan():
    assert math.isnan(precision_at_k([1, 2], [1, 2], k=3))
    assert math.isnan(regret_at_k([1, 2], [1, 2], k=3))


@pytest.mark.parametrize("metric", [precision_at_k, regret_at_k])
def test_k_must_be_positive(metric):
    with pytest.raises(ValueError, match="expected k >= 1, got k=0"):
        metric([1, 2], [1, 2], k=0)


def test_best_index_goes_by_direction_and_skips_nan():
    assert best_index([NAN, 2, 5, 5, 1]) == 2
    assert best_index([NAN, 2, 5, 1, 1], higher_is_better=False) == 3


@pytest.mark.parametrize("values", [[], [NAN, NAN], [[1.0]]])
def test_best_index_needs_a_value(values):
    with pytest.raises(ValueError, match=r"expected values of shape \(n,\), at least one"):
        best_index(values)


def test_bootstrap_interval_agrees_with_scipy(rng):
    x = rng.random(60)
    y = x + 0.3 * rng.random(60)
    low, high = bootstrap_interval(spearman_rho, x, y, level=0.9, n_resamples=2000, rng=1)
    scipys = stats.bootstrap(
        (x, y), spearman_rho, paired=True, vectorized=False, method="percentile", confidence_level=0.9,
        n_resamples=2000, random_state=np.random.default_rng(2),
    ).confidence_interval  # fmt: skip
    assert (low, high) == pytest.approx(tuple(scipys), abs=0.01)
    assert low < spearman_rho(x, y) < high


def test_bootstrap_interval_is_reproducible_and_undefined_when_the_metric_is(rng):
    x, y = rng.random((2, 20))
    first = bootstrap_interval(kendall_tau, x, y, n_resamples=50, rng=3)
    assert first == bootstrap_interval(kendall_tau, x, y, n_resamples=50, rng=3)
    assert first != bootstrap_interval(kendall_tau, x, y, n_resamples=50, rng=4)
    assert np.isnan(bootstrap_interval(kendall_tau, [1, 1], [1, 2], n_resamples=5)).all()
    assert np.isnan(bootstrap_interval(kendall_tau, [], [], n_resamples=5)).all()


@pytest.mark.parametrize(("arguments", "message"), [({"level": 1}, "level between"), ({"n_resamples": 0}, ">= 1")])
def test_bootstrap_interval_refuses_nonsense(arguments, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(kendall_tau, [1, 2], [1, 2], **arguments)
