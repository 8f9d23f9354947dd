"""The greedy design against a loop that inverts the covariance for every candidate."""

import numpy as np
import pytest

from surrogates.kernels.integrated_variance import reduce_integrated_variance

NOISE = 0.3


def covariance(m: int, seed: int) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(m, m + 2))
    return root @ root.T / m


def remaining(K: np.ndarray, weights: np.ndarray, measured: list[int]) -> float:
    """Weighted sum of the posterior variances, by the textbook formula."""
    S = K[np.ix_(measured, measured)] + NOISE * np.eye(len(measured))
    return float(weights @ np.diag(K - K[:, measured] @ np.linalg.inv(S) @ K[measured]))


@pytest.mark.parametrize("known", [[], [7], [3, 11, 5]])
def test_each_choice_leaves_the_least_variance(known: list[int]) -> None:
    K, weights = covariance(14, seed=1), np.random.default_rng(2).gamma(1.0, size=14)
    expected: list[int] = []
    for _ in range(6):
        left = [j for j in range(14) if j not in known + expected]
        expected.append(min(left, key=lambda j: remaining(K, weights, [*known, *expected, j])))
    assert reduce_integrated_variance(K, weights, NOISE, 6, known) == expected


def test_a_longer_choice_begins_with_the_shorter_one() -> None:
    K, weights = covariance(30, seed=3), np.ones(30)
    longest = reduce_integrated_variance(K, weights, NOISE, 27, [2, 4, 6])
    assert sorted([*longest, 2, 4, 6]) == list(range(30))
    for n in (1, 5, 20):
        assert reduce_integrated_variance(K, weights, NOISE, n, [2, 4, 6]) == longest[:n]


def test_of_equal_points_the_first_is_chosen() -> None:
    assert reduce_integrated_variance(np.eye(4), np.ones(4), NOISE, 4) == [0, 1, 2, 3]
    same = np.ones((4, 4)) * (1 + 1e-13 * np.arange(4)[:, None])  # rounding, as of another CPU
    assert reduce_integrated_variance(same, np.ones(4), NOISE, 1) == [0]


def test_points_without_weight_are_chosen_only_for_others() -> None:
    apart = np.kron(np.eye(3), np.array([[1.0, 0.9], [0.9, 1.0]]))  # three pairs of points
    weights = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 2.0])
    assert reduce_integrated_variance(apart, weights, NOISE, 2) == [5, 0]
