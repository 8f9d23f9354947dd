"""The label transform and the calibration, against scipy and against data whose noise is known."""

import numpy as np
import pytest
from scipy.stats import norm, rankdata

from surrogates.calibration import Z_LEVEL, Calibration
from surrogates.transform import NormalScores


def test_scores_against_scipy():
    labels = np.random.default_rng(0).choice([1.0, 2.0, 5.0, 7.5, 9.0], size=40)
    expected = norm.ppf((rankdata(labels) - 0.5) / 40)
    np.testing.assert_allclose(NormalScores(labels).forward(labels), expected, atol=1e-12)


def test_backward_inverts_forward_and_goes_on_beyond():
    labels = np.sort(np.random.default_rng(1).exponential(size=200))
    transform = NormalScores(labels)
    np.testing.assert_allclose(transform.backward(transform.forward(labels)), labels, atol=1e-12)
    grid = transform.backward(np.linspace(-6, 6, 500))
    assert (np.diff(grid) >= 0).all()
    assert grid[-1] > labels[-1]
    assert grid[0] < labels[0]
    assert transform.backward(np.array([-6.0])) == transform.backward(np.array([-60.0]))  # failures have a floor


def test_missing_labels_stay_missing():
    assert np.isnan(NormalScores(np.arange(5.0)).forward(np.array([np.nan]))).all()


def test_level_is_the_normal_quantile():
    assert pytest.approx(norm.ppf(0.95)) == Z_LEVEL


@pytest.fixture
def rows():
    """Scores, labels whose noise grows to the left, and which rows have a twin (those are half as noisy)."""
    rng = np.random.default_rng(2)
    truth = rng.normal(size=6000)
    seen = rng.random(6000) < 0.5
    noise = 0.3 * np.exp(-truth / 1.5) * np.where(seen, 0.5, 1.0)
    return truth, truth + noise * rng.normal(size=6000), seen


def test_coverage_of_fresh_rows(rows):
    scores, labels, seen = rows
    fit, fresh = slice(0, 1500), slice(1500, None)
    calibration = Calibration.fit(NormalScores(labels[fit]), labels[fit], scores[fit], seen[fit])
    error = np.abs(labels - calibration.mean(scores))
    covered = error <= Z_LEVEL * calibration.std(scores, seen)
    for kind, tolerance in ((seen, 0.03), (~seen, 0.03), (scores < -1, 0.06), (scores > 0, 0.06)):
        assert covered[fresh][kind[fresh]].mean() == pytest.approx(0.9, abs=tolerance)


def test_std_follows_the_noise(rows):
    scores, labels, seen = rows
    calibration = Calibration.fit(NormalScores(labels), labels, scores, seen)
    left, right = calibration.std(np.array([-1.0, 0.5]), np.array([False, False]))
    assert left / right == pytest.approx(np.exp(1), rel=0.3)
    new, known = calibration.std(np.array([0.5, 0.5]), np.array([False, True]))
    assert new / known == pytest.approx(2, rel=0.2)


def test_scores_that_are_too_timid_are_stretched(rows):
    """Averaging shrinks scores towards 0; the expected label makes up for it."""
    truth, labels, seen = rows
    calibration = Calibration.fit(NormalScores(labels), labels, 0.8 * truth, seen)
    slope = np.polyfit(calibration.mean(0.8 * truth), labels, 1)[0]
    assert slope == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("m", [2, 3, 5, 9])
def test_few_rows_give_finite_answers(m):
    labels = np.arange(float(m))
    scores = np.random.default_rng(m).normal(size=m)
    calibration = Calibration.fit(NormalScores(labels), labels, scores, np.zeros(m, dtype=bool))
    std = calibration.std(scores, np.zeros(m, dtype=bool))
    assert np.isfinite(calibration.mean(scores)).all()
    assert (std > 0).all()
    assert (np.abs(labels - calibration.mean(scores)) <= Z_LEVEL * std + 1e-9).all()  # too few to leave one out


def test_equal_labels_are_certain():
    calibration = Calibration.fit(NormalScores(np.full(4, 3.0)), np.full(4, 3.0), np.zeros(4), np.zeros(4, dtype=bool))
    assert calibration.mean(np.array([-2.0, 2.0])).tolist() == [3.0, 3.0]
    assert calibration.std(np.array([0.0]), np.array([True])).tolist() == [0.0]
