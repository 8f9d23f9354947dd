"""The copula of learning curves: conditioning, shrinkage and coverage, beside naive computations."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, spearmanr

from surrogates.models.curve_copula import CurveCopula, conditional, fit_copulas


def curves_of(rng: np.random.Generator, n: int, epochs: int) -> np.ndarray:
    """Guesses and curves: a level that the guess knows roughly, learned in the square root of time, and noise."""
    level = rng.normal(size=n)
    time = np.arange(1, epochs + 1) / epochs
    late = 0.5 * rng.normal(size=(n, 1)) * (1 - time)
    values = 10 + 5 * (level[:, None] * np.sqrt(time) + late + 0.1 * rng.normal(size=(n, epochs)))
    return np.column_stack([level + rng.normal(size=n), values])


def test_the_condition_is_that_of_a_joint_normal() -> None:
    """The density of the joint over that of what is known is the conditional density."""
    rng = np.random.default_rng(0)
    root = rng.normal(size=(4, 6))
    covariance = root @ root.T
    scale = np.sqrt(np.diag(covariance))
    correlation = covariance / scale / scale[:, None]
    missing = np.array([False, True, False, False])
    known = np.array([[0.3, -1.0, 0.5]])
    mean, std = conditional(correlation, known, missing)
    for x in (-1.0, 0.2, 2.0):
        joint = multivariate_normal.pdf([0.3, x, -1.0, 0.5], cov=correlation)
        given = joint / multivariate_normal.pdf(known[0], cov=correlation[np.ix_(~missing, ~missing)])
        assert multivariate_normal.pdf(x, mean[0, 0], std[0] ** 2) == pytest.approx(given)


def test_with_nothing_known_it_is_the_margin() -> None:
    mean, std = conditional(np.array([[1.0, 0.5], [0.5, 1.0]]), np.empty((3, 0)), np.array([True, True]))
    assert mean.tolist() == [[0.0, 0.0]] * 3
    assert std.tolist() == [1.0, 1.0]


def test_new_curves_are_inside_their_intervals_and_more_epochs_say_more() -> None:
    rng = np.random.default_rng(1)
    train, new = curves_of(rng, 120, 8), curves_of(rng, 2000, 8)
    (copula,) = fit_copulas([train], prior_rows=16.0)
    errors = []
    for k in (0, 2, 4, 7):
        known = np.array(new)
        known[:, 1 + k :] = np.nan
        mean, std = copula.predict(known)
        outside = np.abs(mean - new)[:, -1] > 1.645 * std[:, -1]
        assert 0.04 < outside.mean() < 0.17, k
        errors.append(np.abs(mean - new)[:, -1].mean())
        assert (std[:, : 1 + k] == 0).all()
        assert (mean[:, 1 : 1 + k] == new[:, 1 : 1 + k]).all()
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.4 * errors[0]


def test_few_rows_lean_on_the_other_schedules() -> None:
    """Correlations of five rows are nearer to the truth with a schedule of another length beside them."""
    rng = np.random.default_rng(2)
    truth, _ = spearmanr(curves_of(rng, 5000, 4))
    many = curves_of(rng, 300, 8)
    apart = []
    for _ in range(6):
        few = curves_of(rng, 5, 4)
        (alone,) = fit_copulas([few], prior_rows=0.0)
        _, beside = fit_copulas([many, few], prior_rows=16.0)
        apart.append([np.abs(copula.correlation - truth).mean() for copula in (alone, beside)])
    alone, beside = np.mean(apart, axis=0)
    assert beside < 0.5 * alone


def test_gaps_are_allowed_anywhere() -> None:
    rng = np.random.default_rng(3)
    train = curves_of(rng, 150, 6)
    gaps = np.where(rng.random(train.shape) < 0.3, np.nan, train)
    gaps[:, [0, -1]] = train[:, [0, -1]]
    gaps[:, 3] = np.nan  # an epoch that nobody measured
    (copula,) = fit_copulas([gaps], prior_rows=16.0)
    known = np.array(train[:5])
    known[:, [2, 3, 6]] = np.nan
    mean, std = copula.predict(known)
    assert np.isnan(mean[:, 3]).all()
    others = [0, 1, 2, 4, 5, 6]
    assert np.isfinite(mean[:, others]).all()
    assert np.isfinite(std[:, others]).all()
    assert np.abs(mean[:, 2] - train[:5, 2]).max() < 5


def test_an_epoch_of_equal_values_says_nothing() -> None:
    rng = np.random.default_rng(4)
    train = curves_of(rng, 40, 4)
    train[:, 1] = 3.0
    (copula,) = fit_copulas([train], prior_rows=16.0)
    known = np.full((2, 5), np.nan)
    known[:, 0] = train[:2, 0]
    without, _ = copula.predict(known)
    assert without[:, 1].tolist() == [3.0, 3.0]
    known[:, 1] = 99.0
    assert copula.predict(known)[0][:, 2:] == pytest.approx(without[:, 2:])


def test_correlations_are_those_of_a_distribution() -> None:
    rng = np.random.default_rng(5)
    for copula in fit_copulas([curves_of(rng, 4, 12), curves_of(rng, 3, 2), curves_of(rng, 30, 5)], prior_rows=1.0):
        assert np.linalg.eigvalsh(copula.correlation).min() > 0
        assert np.diag(copula.correlation) == pytest.approx(1.0)
        again = CurveCopula.from_arrays(copula.to_arrays())
        assert (again.predict(copula.values * np.nan)[0] == copula.predict(copula.values * np.nan)[0]).all()
