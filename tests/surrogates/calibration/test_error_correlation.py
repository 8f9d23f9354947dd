"""Correlation of the errors of predictions: closed forms against naive ones, estimates, storing."""

import numpy as np
import pandas as pd
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from benchmarks import get_space
from surrogates import BoostedSurrogate, GaussianProcessSurrogate, Oracle, load_pretrained
from surrogates.calibration.error_correlation import ErrorCorrelation, left_out_pairs
from surrogates.calibration.normal_scores import NormalScores
from surrogates.calibration.shift import ShiftCalibration
from surrogates.kernels.features import standard_features
from surrogates.oracle.join import JoinedSurrogate
from surrogates.oracle.predictors import CachedSurrogate, LazySurrogate, error_correlation_of
from surrogates.oracle.tabulated import TabulatedSurrogate
from surrogates.store.load import load_surrogate
from tests.surrogates.cli.helpers import QUICK

MICRO = get_space("transnas101-micro")
MACRO = get_space("transnas101-macro")


def forms(n: int, seed: int = 0) -> list[str]:
    return list(dict.fromkeys(MICRO.simplify(MICRO.sample(n, rng=seed))))


def kernel_matrix(shift: ShiftCalibration, archs: list[str]) -> np.ndarray:
    X = standard_features(MICRO.name, archs) * shift.weights
    return Matern(4.0 * np.sqrt(X.shape[1]), nu=1.5)(X)


@pytest.fixture(scope="module")
def shift() -> ShiftCalibration:
    archs = forms(200)
    y = np.array([arch.count("3") + 0.5 * arch.count("2") for arch in archs])
    return ShiftCalibration.fit(MICRO.name, archs, NormalScores(y).forward(y)[:, None], np.ones(1))


def test_errors_of_left_out_pairs_are_those_of_a_process_fitted_without_them() -> None:
    rng = np.random.default_rng(0)
    X, z = rng.normal(size=(12, 3)), rng.normal(size=12)
    K = Matern(2.0, nu=1.5)(X) + 0.1 * np.eye(12)
    errors, covariances = left_out_pairs(np.linalg.inv(K), z)
    for pair, (i, j) in enumerate(zip(*np.triu_indices(12, 1), strict=True)):
        rest = [row for row in range(12) if row not in (i, j)]
        process = GaussianProcessRegressor(Matern(2.0, nu=1.5), alpha=0.1, optimizer=None).fit(X[rest], z[rest])
        mean, covariance = process.predict(X[[i, j]], return_cov=True)
        np.testing.assert_allclose(errors[:, pair], z[[i, j]] - mean, atol=1e-8)
        np.testing.assert_allclose(covariances[pair], covariance + 0.1 * np.eye(2), atol=1e-8)


def test_the_covariance_is_that_of_a_process(shift: ShiftCalibration) -> None:
    asked = [arch for arch in forms(30, seed=5) if arch not in shift.archs]

    def posterior(known: list[str]) -> np.ndarray:
        K, n = kernel_matrix(shift, [*known, *asked]), len(known)
        return K[n:, n:] - K[n:, :n] @ np.linalg.solve(K[:n, :n] + 0.1 * np.eye(n), K[:n, n:])

    seen = np.arange(len(asked)) < 2
    found = shift.covariance(asked, seen)
    np.testing.assert_allclose(shift.covariance(asked, ~seen & seen), posterior(list(shift.archs)), atol=1e-6)
    one = posterior([*shift.archs, asked[0]])
    np.testing.assert_allclose(found[0, 0], one[0, 0], atol=1e-6)
    np.testing.assert_allclose(found[0, 2:], one[0, 2:], atol=1e-6)
    both = posterior([*shift.archs, *asked[:2]])
    np.testing.assert_allclose(found[0, 1], both[0, 1], atol=0.01)
    np.testing.assert_allclose(shift.covariance(asked[:3], seen[:3]), found[:3, :3], atol=1e-12)


def test_a_row_of_the_process_knows_its_own_label_once(shift: ShiftCalibration) -> None:
    new = next(arch for arch in forms(30, seed=5) if arch not in shift.archs)
    asked, n = [*shift.archs[:4], new], len(shift.archs)
    K = kernel_matrix(shift, [*shift.archs, *asked])
    posterior = K[n:, n:] - K[n:, :n] @ np.linalg.solve(K[:n, :n] + 0.1 * np.eye(n), K[:n, n:])
    np.testing.assert_allclose(shift.covariance(asked, np.arange(5) < 4), posterior, atol=1e-6)


def test_the_share_that_labels_were_drawn_with_is_found(shift: ShiftCalibration) -> None:
    rng = np.random.default_rng(1)
    K = kernel_matrix(shift, list(shift.archs))
    root = np.linalg.cholesky(K + 1e-9 * np.eye(len(K)))
    Z = root @ rng.normal(size=(len(K), 8)) + np.sqrt(0.1) * rng.normal(size=(len(K), 8))
    shares = ErrorCorrelation.fit(shift, Z).shares
    assert 0.05 < np.exp(np.log(shares).mean()) < 0.2
    noise = ErrorCorrelation.fit(shift, rng.normal(size=(len(K), 8))).shares  # predictions are all that is shared
    assert np.log(noise).mean() > np.log(shares).mean() + 0.3


def test_it_is_a_correlation(shift: ShiftCalibration) -> None:
    archs = [*forms(40, seed=3), *forms(3, seed=3)]
    found = ErrorCorrelation(shift, np.array([0.05, 0.5])).matrix(archs, np.arange(len(archs)) % 2 == 0)
    assert found.shape == (2, len(archs), len(archs))
    np.testing.assert_allclose(found, found.transpose(0, 2, 1))
    np.testing.assert_allclose(np.diagonal(found, axis1=1, axis2=2), 1)
    assert np.linalg.eigvalsh(found).min() > -1e-9
    assert (abs(found) <= 1 + 1e-12).all()
    copies = [archs.index(arch) for arch in archs[-3:]]
    np.testing.assert_allclose(found[:, copies, [-3, -2, -1]], 1)
    off = ~np.eye(len(archs), dtype=bool) & (found[0] < 1)
    assert (abs(found[1][off]) < abs(found[0][off]) + 1e-12).all()  # a larger share is less in common


def test_near_architectures_err_more_alike_than_far_ones_and_the_seen_hardly() -> None:
    archs = forms(60)
    y = pd.Series([float(arch.count("3")) for arch in archs], name="jigsaw")
    surrogate = GaussianProcessSurrogate(length_scales=[4.0]).fit(archs, y)
    new = [arch for arch in forms(400, seed=1) if arch not in archs]
    near = [(a, b) for a in new for b in MICRO.simplify(MICRO.neighbors(a)) if b in new and b != a][:50]
    far = list(zip(new[:50], new[50:100], strict=True))
    means = [np.mean([surrogate.error_correlation(pair)[0, 0, 1] for pair in pairs]) for pairs in (near, far)]
    assert means[0] > means[1] + 0.05
    seen = np.mean([surrogate.error_correlation([archs[0], other])[0, 0, 1] for other in archs[1:20]])
    assert abs(seen) < 0.1


def test_twins_have_one_error_and_costs_have_unknown_ones() -> None:
    archs = MICRO.sample(40, rng=0)
    frame = pd.DataFrame({"jigsaw": range(40), "latency_ms": range(40)}, archs, dtype=float)
    with pytest.warns(UserWarning, match="taken for a cost by name"):
        surrogate = BoostedSurrogate(**QUICK).fit(archs, frame, minimize="latency_ms")
    twins = ["64-41414-3_00_300", "64-41414-0_00_300"]
    performance, cost = surrogate.error_correlation(twins)
    assert performance.tolist() == [[1, 1], [1, 1]]
    assert np.isnan(cost).tolist() == [[False, True], [True, False]]


def test_it_is_stored_and_older_files_have_a_default(tmp_path) -> None:
    archs = MACRO.sample(40, rng=0)
    surrogate = GaussianProcessSurrogate(length_scales=[4.0]).fit(archs, [float(len(arch)) for arch in archs])
    asked = MACRO.sample(5, rng=1)
    loaded = load_surrogate(surrogate.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.error_correlation(asked), surrogate.error_correlation(asked))
    arrays = surrogate.calibration_.to_arrays()
    del arrays["error_shares"]
    assert type(surrogate.calibration_).from_arrays(1, arrays).errors.shares.tolist() == [0.1]


def test_every_wrapper_says_the_same(tmp_path) -> None:
    archs, asked = MACRO.sample(40, rng=0), MACRO.sample(4, rng=2)
    frame = pd.DataFrame({"jigsaw": range(40), "normal": [len(arch) / 20 for arch in archs]}, archs, dtype=float)
    surrogate = BoostedSurrogate(**QUICK).fit(archs, frame)
    expected = surrogate.error_correlation(asked)
    joined = JoinedSurrogate([(surrogate, ["normal", "jigsaw"])])
    for wrapper in (CachedSurrogate(surrogate, 9), TabulatedSurrogate.from_predictor(surrogate)):
        np.testing.assert_array_equal(error_correlation_of(wrapper, asked), expected)
    order = [surrogate.tasks_.index(task) for task in ("normal", "jigsaw")]
    np.testing.assert_array_equal(error_correlation_of(joined, asked), expected[order])
    stored = surrogate.save(tmp_path / "model")
    np.testing.assert_array_equal(error_correlation_of(LazySurrogate(stored), asked), expected)
    bundled = Oracle.from_pretrained("transnas101-macro").surrogate
    expected = load_pretrained("transnas101-macro").error_correlation(asked)
    np.testing.assert_allclose(error_correlation_of(bundled, asked), expected)
    open_ones = error_correlation_of(bundled, ["32-2311-basic", "32-2312-basic"])
    assert np.isnan(open_ones[:, 0, 1]).all()  # composed of two surrogates: not known


def test_a_predictor_that_does_not_know_says_so() -> None:
    class Own:
        space_, tasks_ = "transnas101-macro", ("jigsaw",)

    assert np.isnan(error_correlation_of(Own(), MACRO.sample(2, rng=0))[0, 0, 1])
