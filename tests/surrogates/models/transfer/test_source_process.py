"""Source tasks smoothed by Gaussian processes, against the textbook formula."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.gaussian_process.kernels import Matern

from benchmarks import UnknownNameError, get_space
from encoders import Costs, GraphFeatures
from surrogates.kernels.features import standardise
from surrogates.models.transfer import source_process
from surrogates.models.transfer.source_process import SourceProcess


@pytest.fixture
def macro():
    archs = get_space("transnas101-macro").sample(60, rng=4)
    size = np.log(Costs().fit_transform(archs)[:, 0])
    noise = np.random.default_rng(0).normal(0, 0.1, (60, 2))
    return pd.DataFrame(np.stack([size, -size], axis=1) + noise, columns=["up", "down"], index=archs)


def _naive(X, z, rows, at, noise, length):
    """Posterior mean by the formula, with the kernel of scikit-learn."""
    kernel = Matern(length_scale=length * np.sqrt(X.shape[1]), nu=2.5)(X, X[rows])
    return kernel[at] @ np.linalg.solve(kernel[rows] + noise * np.eye(len(rows)), z[rows])


def _features(frame):
    features = GraphFeatures().fit_transform(list(frame.index)).astype(float)
    return standardise(features, np.stack([features.mean(axis=0), features.std(axis=0)]), 2.5)


def test_measured_and_new_architectures_get_the_posterior_mean(macro, monkeypatch):
    monkeypatch.setattr(source_process, "_GRID", ((0.1, 2.0),))
    known = macro.iloc[:50]
    source = SourceProcess.fit(list(known.index), known)
    features = GraphFeatures().fit_transform(list(macro.index)).astype(float)
    X = standardise(features, source.centre, 2.5)
    z = np.append(norm.ppf((known["up"].rank() - 0.5) / 50), np.zeros(10))
    expected = _naive(X, z, np.arange(50), np.arange(60), 0.1, 2.0)
    np.testing.assert_allclose(source.predict(list(macro.index))[:, 0], expected, atol=1e-5)


def test_rows_beyond_the_limit_still_see_their_own_measurement(macro, monkeypatch):
    monkeypatch.setattr(source_process, "_GRID", ((0.1, 2.0),))
    monkeypatch.setattr(source_process, "_MOST_ROWS", 40)
    source = SourceProcess.fit(list(macro.index), macro)
    macro = macro.sort_index()  # rows are drawn from those in an order of their own, whatever order they came in
    chosen = np.random.default_rng(0).permutation(60)[:40]
    z = norm.ppf((macro["down"].rank().to_numpy() - 0.5) / 60)
    for row in np.setdiff1d(np.arange(60), chosen)[:5]:
        rows = np.append(chosen, row)
        expected = _naive(_features(macro), z, rows, [row], 0.1, 2.0)
        np.testing.assert_allclose(source.predict([macro.index[row]])[0, 1], expected[0], atol=1e-5)


def test_tasks_with_gaps_are_as_if_fitted_alone(macro):
    gaps = macro.copy()
    gaps.iloc[::3, 1] = np.nan
    together = SourceProcess.fit(list(gaps.index), gaps).predict(list(gaps.index))
    alone = SourceProcess.fit(list(macro.index), macro[["up"]]).predict(list(macro.index))
    np.testing.assert_allclose(together[:, :1], alone, atol=1e-12)
    assert np.corrcoef(together[::3, 1], macro["down"].iloc[::3])[0, 1] > 0.8


def test_some_tasks_can_be_taken_out(macro):
    both = SourceProcess.fit(list(macro.index), macro)
    new = get_space("transnas101-macro").sample(5, rng=9)
    np.testing.assert_allclose(both.only(["down"]).predict(new), both.predict(new)[:, 1:], atol=1e-12)
    with pytest.raises(UnknownNameError, match="did you mean 'down'"):
        both.only(["dwn"])


def test_constant_features_and_constant_values_are_harmless():
    archs = get_space("transnas101-macro").sample(5, rng=0)
    source = SourceProcess.fit(archs, pd.DataFrame({"same": [3.0] * 5}))
    np.testing.assert_allclose(source.predict(archs), 0, atol=1e-12)
    one = SourceProcess.fit(archs[:1], pd.DataFrame({"same": [3.0]}))
    assert np.isfinite(one.predict(archs)).all()
