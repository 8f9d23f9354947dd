"""Weights of stacked members against scipy on an augmented system, and against trying all weights."""

import numpy as np
import pytest
from scipy.optimize import nnls

from surrogates.calibration.stacking import stack_weights


@pytest.mark.parametrize("normalise", [True, False])
def test_they_are_non_negative_least_squares_with_rows_for_the_prior(rng, normalise):
    scores, target, rows = rng.normal(size=(3, 40)), rng.normal(size=40), rng.integers(1, 5, 40).astype(float)
    prior = np.array([0.6, 0.3, 0.1])
    repeated = np.repeat(np.arange(40), rows.astype(int))  # a row of weight 3 is a row that stands there three times
    design = np.concatenate([scores[:, repeated].T, np.repeat(np.eye(3), 7, axis=0)])
    expected, _ = nnls(design, np.concatenate([target[repeated], np.repeat(prior, 7)]))
    found = stack_weights(scores, target, strength=7, prior=prior, row_weights=rows, normalise=normalise)
    np.testing.assert_allclose(found, expected / expected.sum() if normalise else expected, atol=1e-10)


def test_no_other_weights_fit_better(rng):
    target = rng.normal(size=30)
    scores = np.stack([target + rng.normal(size=30), -target + rng.normal(size=30)])
    found = stack_weights(scores, target, strength=4.0, normalise=False)

    def loss(weights):
        return ((target - weights @ scores) ** 2).sum() + 4.0 * ((weights - 0.5) ** 2).sum()

    grid = np.linspace(0, 1.5, 301)
    losses = [[loss(np.array([a, b])) for b in grid] for a in grid]
    i, j = np.unravel_index(np.argmin(losses), (301, 301))
    np.testing.assert_allclose(found, [grid[i], grid[j]], atol=0.005)
    assert loss(found) <= np.min(losses)


def test_they_find_the_member_that_knows(rng):
    Z = rng.normal(size=(2000, 2))
    good, bad = Z + 0.3 * rng.normal(size=Z.shape), rng.normal(size=Z.shape)
    weights = stack_weights(np.stack([bad, good]), Z, strength=128)
    assert weights.sum() == pytest.approx(1)
    assert weights[1] > 0.9


def test_few_rows_say_little(rng):
    Z = rng.normal(size=(4, 1))
    weights = stack_weights(np.stack([Z, rng.normal(size=Z.shape)]), Z, strength=64)
    assert weights == pytest.approx([0.5, 0.5], abs=0.1)


def test_errors_that_differ_cancel(rng):
    """Two equally noisy members: the least-squares weights are the textbook one half each."""
    Z = rng.normal(size=(5000, 1))
    members = Z + 0.5 * rng.normal(size=(2, 5000, 1))
    assert stack_weights(members, Z, strength=0) == pytest.approx([0.5, 0.5], abs=0.03)


def test_gaps_are_left_out(rng):
    scores, target = rng.normal(size=(2, 9, 2)), rng.normal(size=(9, 2))
    rows = rng.random((9, 2))
    scores[0, 3, 1] = target[5, 0] = np.nan
    known = np.ones((9, 2), dtype=bool)
    known[3, 1] = known[5, 0] = False
    with_gaps = stack_weights(scores, target, strength=1.0, row_weights=rows)
    without = stack_weights(scores[:, known], target[known], strength=1.0, row_weights=rows[known])
    np.testing.assert_array_equal(with_gaps, without)


@pytest.mark.parametrize("strength", [0.0, 8.0])
def test_without_rows_they_are_the_prior(strength):
    nothing = np.full((2, 4), np.nan)
    assert stack_weights(nothing, nothing[0], strength=strength) == pytest.approx([0.5, 0.5])
    assert stack_weights(nothing, nothing[0], strength=strength, prior=[0.75, 0.25]) == pytest.approx([0.75, 0.25])


def test_members_that_are_all_wrong_leave_the_prior(rng):
    target = rng.normal(size=5)
    np.testing.assert_array_equal(stack_weights(-target[None], target, strength=0.1, normalise=False), [1.0])
