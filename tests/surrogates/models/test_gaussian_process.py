"""GaussianProcessSurrogate: contract, what it learns, and how it is calibrated."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from benchmarks import get_space, list_spaces
from benchmarks.errors import UnknownNameError
from surrogates.models import gaussian_process
from surrogates.models.gaussian_process import GaussianProcessSurrogate
from surrogates.testing import check_surrogate

OUTSIDE = {
    "transnas101-micro": "32-4114-3_01_223",
    "transnas101-macro": "32-23111141-basic",
    "nasbench201": None,
}


@pytest.mark.parametrize("name", list_spaces())
def test_contract(name):
    check_surrogate(GaussianProcessSurrogate(length_scales=(2.0, 8.0)), get_space(name), outside=OUTSIDE[name])


def test_the_kernels_are_those_asked_for():
    archs = get_space("transnas101-macro").sample(60, rng=0)
    size = [float(sum(map(int, arch.split("-")[1]))) for arch in archs]
    for name in ("laplace", "matern"):
        fitted = GaussianProcessSurrogate(kernels=[name]).fit(archs, size)
        assert {kernel.shape for kernel in fitted.kernels_} == {name}
    with pytest.raises(UnknownNameError, match="did you mean 'laplace'"):
        GaussianProcessSurrogate(kernels=["laplac"]).fit(archs, size)
    with pytest.raises(ValueError, match="kernels: expected a list of names"):
        GaussianProcessSurrogate(kernels="laplace").fit(archs, size)


def test_related_tasks_lend_labels():
    archs = get_space("transnas101-macro").sample(300, rng=0)
    size = np.array([sum(map(int, arch.split("-")[1])) + 0.1 * len(arch) for arch in archs])
    Y = pd.DataFrame({"a": size, "b": -(size**2)}, index=archs)
    train, test = Y.iloc[:100].copy(), Y.iloc[100:]
    train.iloc[8:, 1] = np.nan
    together = GaussianProcessSurrogate().fit(list(train.index), train).predict(list(test.index))[:, 1]
    alone = GaussianProcessSurrogate().fit(list(train.index[:8]), train["b"][:8]).predict(list(test.index))
    assert kendalltau(together, test["b"]).statistic > kendalltau(alone, test["b"]).statistic + 0.05


def test_more_rows_than_it_uses_are_drawn():
    archs = get_space("transnas101-macro").sample(120, rng=0)
    size = [float(sum(map(int, arch.split("-")[1]))) for arch in archs]
    few = GaussianProcessSurrogate(max_rows=40, evidence_rows=20)
    assert kendalltau(few.fit(archs, size).predict(archs), size).statistic > 0.7
    other = GaussianProcessSurrogate(max_rows=40, evidence_rows=20, random_state=1)
    assert not np.allclose(few.predict(archs), other.fit(archs, size).predict(archs))


def test_few_labels_of_known_noise_are_covered():
    """Fresh labels of the same noise, 32 rows to learn from, over several draws."""
    space = get_space("transnas101-macro")
    covered = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        archs = space.sample(432, rng=seed)
        size = np.array([sum(map(int, arch.split("-")[1])) for arch in archs])
        labels = np.exp((size - size.mean()) / size.std() + 0.4 * rng.normal(size=len(archs)))
        fitted = GaussianProcessSurrogate().fit(archs[:32], labels[:32])
        mean, std = fitted.predict(archs[32:], return_std=True)
        covered.append((np.abs(labels[32:] - mean) <= 1.645 * std).mean())
    assert np.mean(covered) == pytest.approx(0.9, abs=0.03)


def test_threads_make_no_difference():
    archs = get_space("transnas101-macro").sample(420, rng=0)
    size = [float(sum(map(int, arch.split("-")[1]))) for arch in archs]
    one, two = (
        GaussianProcessSurrogate(length_scales=(4.0,), evidence_rows=64, n_jobs=n).fit(archs, size) for n in (1, 2)
    )
    np.testing.assert_allclose(one.predict(archs), two.predict(archs), rtol=1e-6)


@pytest.mark.parametrize(("n_jobs", "rows", "expected"), [(3, 500, 3), (3, 50, 1), (None, 500, 1), (-1, 500, 8)])
def test_threads_are_limited(monkeypatch, n_jobs, rows, expected):
    asked = []
    monkeypatch.setattr(gaussian_process, "threadpool_limits", lambda limits, user_api: asked.append(limits))
    monkeypatch.setattr("joblib.effective_n_jobs", lambda n: 8)
    GaussianProcessSurrogate(n_jobs=n_jobs)._threads(rows)
    assert asked == [expected]


def test_threads_that_make_no_sense():
    with pytest.raises(ValueError, match=r"n_jobs: expected a number of threads from 1, .* got 0"):
        GaussianProcessSurrogate(n_jobs=0).fit(["64-2311-basic"], [1.0])
