"""The label transform and the calibration, against scipy and against data whose noise is known."""

import numpy as np
import pytest
from scipy.stats import norm, rankdata

from benchmarks import get_space
from surrogates.calibration.calibration import Z_LEVEL, Calibration, left_out_means
from surrogates.calibration.folds import FoldCalibration, normal_scores
from surrogates.calibration.normal_scores import NormalScores
from surrogates.labels import Labels


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


def test_extrapolated_scores_undo_themselves_everywhere():
    labels = np.sort(np.random.default_rng(1).exponential(size=200))
    transform = NormalScores(labels)
    expected = np.linspace(-2, labels[-1] + 2, 500)
    scores = transform.extrapolate(expected)
    assert (np.diff(scores) > 0).all()  # also below the lowest label: costs have no floor
    np.testing.assert_allclose(np.interp(scores, *transform.knots()), expected, atol=1e-9)
    inside = (expected > labels[0]) & (expected < labels[-1])
    np.testing.assert_allclose(scores[inside], transform.forward(expected)[inside])


def test_labels_predicted_in_their_own_unit_stay_as_predicted():
    """Predictions are off by 1 or less: the map adds nothing, and the interval is that of the errors."""
    rng = np.random.default_rng(3)
    labels = rng.exponential(scale=30, size=2000)
    predicted = labels + rng.uniform(-1, 1, size=2000)
    transform, unseen = NormalScores(labels), np.zeros(2000, dtype=bool)
    scores = transform.extrapolate(predicted)
    calibration = Calibration.fit(transform, labels, scores, unseen, own_unit=True)
    np.testing.assert_allclose(calibration.mean(scores), predicted, atol=1e-9)
    np.testing.assert_allclose(Z_LEVEL * calibration.std(scores, unseen), 0.9, atol=0.1)
    fitted = Calibration.fit(transform, labels, scores, unseen).mean(scores)
    assert np.abs(fitted - predicted).max() > 0.1


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


@pytest.mark.parametrize("m", [2, 17, 150])
def test_left_out_means_are_those_of_a_fit_to_the_other_rows(m):
    rng = np.random.default_rng(m)
    scores = rng.normal(size=m)
    labels = np.round(np.exp(scores + rng.normal(size=m)), 1)
    means = left_out_means(labels, scores)
    for i in range(0, m, 5):
        others = np.arange(m) % 64 != i % 64
        rest = labels[others]
        fitted = Calibration.fit(NormalScores(rest), rest, scores[others], np.zeros(len(rest), dtype=bool))
        assert means[i] == pytest.approx(fitted.mean(scores[i : i + 1])[0], abs=1e-9)


def test_a_row_alone_has_no_others_to_learn_from():
    assert left_out_means(np.array([3.0]), np.array([0.5])).tolist() == [3.0]


@pytest.fixture(scope="module")
def coverage_of_few():
    """Mean coverage of fresh labels after 32 rows, scores as good on both, with and without maps that leave out."""
    found = {"left out": [], "seen": []}
    for seed in range(150):
        rng = np.random.default_rng(seed)
        truth = rng.normal(size=1032)
        labels, scores = np.exp(truth + 0.5 * rng.normal(size=1032)), 0.9 * truth
        few, fresh, unseen = slice(32), slice(32, None), np.zeros(1032, dtype=bool)
        for name, expected in (("left out", left_out_means(labels[few], scores[few])), ("seen", None)):
            fitted = Calibration.fit(NormalScores(labels[few]), labels[few], scores[few], unseen[few], expected)
            inside = np.abs(labels - fitted.mean(scores)) <= Z_LEVEL * fitted.std(scores, unseen)
            found[name].append(inside[fresh].mean())
    return {name: np.mean(shares) for name, shares in found.items()}


def test_few_rows_cover_what_they_say(coverage_of_few):
    assert coverage_of_few["left out"] == pytest.approx(0.9, abs=0.015)


def test_a_map_that_saw_the_labels_is_too_sure(coverage_of_few):
    assert coverage_of_few["seen"] < coverage_of_few["left out"] - 0.01


def test_the_map_leaves_rows_out_where_each_is_a_fold(rng):
    """Rows left out one at a time have wider intervals than the same scores from two folds."""
    archs = get_space("transnas101-macro").sample(30, rng=0)
    labels = Labels.from_data(archs, rng.normal(size=30))
    scores = normal_scores(labels.values) + 0.3 * rng.normal(size=(30, 1))
    one_by_one, _ = FoldCalibration.fit(labels, scores, np.arange(30))
    folds, _ = FoldCalibration.fit(labels, scores, np.arange(30) % 2)
    values = labels.values[:, 0]
    expected = left_out_means(values, scores[:, 0])
    alone = Calibration.fit(NormalScores(values), values, scores[:, 0], np.zeros(30, dtype=bool), expected)
    np.testing.assert_array_equal(one_by_one.tasks[0].stds, alone.stds)
    assert one_by_one.tasks[0].stds.mean() > folds.tasks[0].stds.mean()
    np.testing.assert_array_equal(one_by_one.tasks[0].means, folds.tasks[0].means)  # predictions are the same
