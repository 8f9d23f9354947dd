"""Intervals far from the training rows: novelty, how errors grow with it, and what is said of it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from benchmarks import get_space
from surrogates import BoostedSurrogate, EnsembleSurrogate, GaussianProcessSurrogate, Oracle
from surrogates.calibration.normal_scores import NormalScores
from surrogates.calibration.shift import ShiftCalibration
from surrogates.kernels.features import standard_features
from surrogates.store.load import load_surrogate

MICRO = get_space("transnas101-micro")
MACRO = get_space("transnas101-macro")


def forms(space, n: int, seed: int = 0) -> list[str]:
    return list(dict.fromkeys(space.simplify(space.sample(n, rng=seed))))


def scores(y: np.ndarray) -> np.ndarray:
    return NormalScores(y).forward(y)[:, None]


def convolutions(archs: list[str]) -> np.ndarray:
    return np.array([arch.count("3") + 0.5 * arch.count("2") for arch in (arch.split("-")[2] for arch in archs)])


@pytest.fixture(scope="module")
def fitted() -> tuple[ShiftCalibration, list[str]]:
    archs = forms(MICRO, 400)
    return ShiftCalibration.fit(MICRO.name, archs, scores(convolutions(archs)), np.ones(1)), archs


def test_novelty_is_a_posterior_deviation(fitted: tuple[ShiftCalibration, list[str]]) -> None:
    shift, _ = fitted
    asked = [*forms(MICRO, 40, seed=1), "64-41414-0_00_100"]
    X, Q = (standard_features(MICRO.name, rows) * shift.weights for rows in (shift.archs, asked))
    length = 4.0 * np.sqrt(X.shape[1])
    process = GaussianProcessRegressor(Matern(length, nu=1.5), alpha=0.1, optimizer=None).fit(X, np.zeros(len(X)))
    expected = process.predict(Q, return_std=True)[1]
    assert shift.novelty(asked) * shift.unit == pytest.approx(expected, abs=1e-6)
    left_out = []
    for row in range(len(X)):
        rest = np.arange(len(X)) != row
        left_out.append(process.fit(X[rest], np.zeros(rest.sum())).predict(X[[row]], return_std=True)[1][0])
    assert shift.unit == pytest.approx(np.quantile(left_out, 0.95), abs=1e-6)


def test_most_left_out_rows_keep_their_intervals(fitted: tuple[ShiftCalibration, list[str]]) -> None:
    shift, archs = fitted
    others = [arch for arch in forms(MICRO, 600, seed=2) if arch not in archs]
    factors = shift.factors(others)
    assert factors.min() == 1
    assert (factors > 1).mean() < 0.15
    assert factors.mean() < 1.06


@pytest.mark.parametrize("model", [GaussianProcessSurrogate(), BoostedSurrogate(n_members=4, n_jobs=1, random_state=0)])
def test_rows_with_more_of_something_are_covered(model, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    archs = forms(MACRO, 700)
    strides = np.array([sum(digit in "34" for digit in arch.split("-")[1]) for arch in archs])
    y = np.sqrt(strides) + rng.normal(0, 0.2, len(archs))
    near, far = (np.flatnonzero(rows) for rows in (strides <= 2, strides > 2))
    surrogate = model.fit([archs[i] for i in near[:-50]], y[near[:-50]])

    def covered(rows: np.ndarray) -> float:
        mean, std = surrogate.predict([archs[i] for i in rows], return_std=True)
        return float((np.abs(y[rows] - mean) <= 1.645 * std).mean())

    inside, outside = covered(near[-50:]), covered(far)
    assert surrogate.novelty([archs[i] for i in far]).min() > 1 > np.median(surrogate.novelty([archs[i] for i in near]))
    monkeypatch.setattr(ShiftCalibration, "widened", lambda self, archs, std: std)
    assert covered(near[-50:]) == pytest.approx(inside, abs=0.1)
    assert outside > 0.8
    assert covered(far) < outside - 0.2


def test_trained_functions_are_not_novel() -> None:
    archs = MICRO.sample(60, rng=3)
    surrogate = EnsembleSurrogate(random_state=0).fit(archs, convolutions(archs))
    assert surrogate.novelty(archs).tolist() == [0.0] * 60
    assert surrogate.members_[0].calibration_.shift is None  # the ensemble's is the one that counts


def test_nothing_is_unfamiliar_about_what_was_trained() -> None:
    archs = MICRO.sample(300, rng=0)
    rows = pd.DataFrame({"mine": convolutions(archs), "latency_ms": np.arange(300.0)})
    with pytest.warns(UserWarning, match="taken for a cost"):
        surrogate = GaussianProcessSurrogate().fit(archs, rows, minimize="latency_ms")
    shift = surrogate.parts_[0].calibration_.shift
    far = [arch for arch in archs if shift.factors([arch])[0] > 1.1]
    assert far, "some training rows are unlike the others, and keep their intervals"
    assert {surrogate.unfamiliar(arch) for arch in far} == {""}
    assert surrogate.parts_[0].unfamiliar(far[0]) == ""
    assert shift.unfamiliar(far[0])


def test_costs_are_not_widened() -> None:
    archs = MACRO.sample(60, rng=3)
    latency = pd.DataFrame({"latency_ms": [float(len(arch)) for arch in archs]})
    surrogate = BoostedSurrogate(n_members=2, n_jobs=1, equivalence="string", random_state=0)
    surrogate.fit(archs, latency, minimize="latency_ms")
    assert np.isnan(surrogate.novelty(["64-11111111-basic"])).all()


def test_what_is_unfamiliar_is_named(tmp_path) -> None:
    archs = [arch for arch in MACRO.sample(400, rng=0) if sum(digit in "34" for digit in arch) <= 2]
    surrogate = GaussianProcessSurrogate().fit(archs, [float(len(arch)) for arch in archs])
    arch = "64-133333-basic"
    (novelty,) = surrogate.novelty([arch])
    said = surrogate.unfamiliar(arch)
    assert novelty > 1.5
    assert "modules that halve the resolution: 5 (trained 1)" in said
    assert surrogate.unfamiliar(archs[0]) == ""
    again = load_surrogate(surrogate.save(tmp_path / "model"))
    assert again.novelty([arch]) == pytest.approx(novelty)
    assert again.unfamiliar(arch) == said
    assert again.predict([arch], return_std=True)[1] == pytest.approx(surrogate.predict([arch], return_std=True)[1])
    for oracle in (Oracle(again), Oracle(again).bake()):
        answers = oracle.query([archs[0], "64-11-basic", arch])
        assert answers["novelty"].tolist() == pytest.approx(again.novelty([archs[0], "64-11-basic", arch]), rel=1e-6)
        assert oracle.unfamiliar(arch) == said


def test_few_or_equal_labels_are_no_obstacle() -> None:
    for labels in ([1.0, 2.0], [1.0, 1.0]):
        archs = ["64-2311-basic", "64-1234-basic"]
        with np.errstate(all="raise"):
            shift = ShiftCalibration.fit(MACRO.name, archs, np.array(labels)[:, None], np.std(labels, keepdims=True))
        assert np.isfinite(shift.factors(["64-444444-basic"])).all()


def test_tasks_that_do_not_vary_do_not_count() -> None:
    archs = forms(MICRO, 400)
    z = scores(convolutions(archs))
    failed = np.where(z > np.quantile(z, 0.99), 1.0, 0.0)  # equal in many of the simulated shifts
    with np.errstate(all="raise"):
        alone = ShiftCalibration.fit(MICRO.name, archs, z, np.ones(1))
        beside = ShiftCalibration.fit(MICRO.name, archs, np.concatenate([z, 0 * z], axis=1), np.ones(2))
        rare = ShiftCalibration.fit(MICRO.name, archs, failed, np.ones(1))
    assert beside.slope == pytest.approx(alone.slope, rel=0.2)
    assert np.isfinite(rare.factors(archs)).all()
