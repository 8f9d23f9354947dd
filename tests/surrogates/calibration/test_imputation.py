"""Filling in missing scores, against the textbook conditional expectation and against knowing the truth."""

import numpy as np
import pytest

from surrogates.calibration.imputation import fill_missing


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    truth = np.array([[1.0, 0.9, 0.3], [0.9, 1.0, 0.4], [0.3, 0.4, 1.0]])
    return rng.multivariate_normal(np.zeros(3), truth, size=4000), truth


def test_many_rows_give_the_conditional_expectation(scores):
    Z, truth = scores
    holes = Z.copy()
    holes[:1000, 2] = np.nan
    weights = np.linalg.solve(truth[:2, :2], truth[:2, 2])
    filled = fill_missing(holes)
    assert np.abs(filled[:1000, 2] - Z[:1000, :2] @ weights).max() < 0.15
    np.testing.assert_array_equal(filled[1000:], Z[1000:])


def test_better_than_the_mean_even_from_few_rows(scores):
    Z, _ = scores
    holes = Z[:300].copy()
    holes[15:, 1] = np.nan
    error = fill_missing(holes)[15:, 1] - Z[15:300, 1]
    assert (error**2).mean() < 0.4 * (Z[15:300, 1] ** 2).mean()


def test_nothing_to_go_by_gives_the_mean():
    Z = np.array([[1.0, np.nan], [np.nan, 1.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(fill_missing(Z), [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
