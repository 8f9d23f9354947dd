"""Contract tests of surrogates: `check_surrogate` checks one surrogate against the contract of `Surrogate`."""

from __future__ import annotations

import copy
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from benchmarks.errors import ArchitectureError
from benchmarks.spaces.registry import get_space, list_spaces
from benchmarks.spaces.space import Space
from encoders import GraphFeatures
from surrogates.base import Surrogate
from surrogates.store.load import load_surrogate
from surrogates.store.save import save_surrogate

__all__ = ["check_surrogate"]

_TRAIN, _TEST = 40, 30


def check_surrogate(surrogate: Surrogate, space: str | Space, outside: str | None = None) -> None:
    """Check a surrogate on synthetic labels of a space.

    A class of your own is stored and loaded as well: `surrogates.register_storable` allows it.

    Args:
        surrogate: Any surrogate, fitted or not; it is cloned and fitted a dozen times to 40 labels.
        space: The space, or its name.
        outside: A valid architecture of the space outside its published set, if there is one.

    Raises:
        AssertionError: If a property of the contract does not hold; the message names the property.

    Example:
        >>> from surrogates import BoostedSurrogate
        >>> check_surrogate(BoostedSurrogate(n_members=2, n_rounds=5), "transnas101-micro")
    """
    space = get_space(space)
    archs = space.sample(_TRAIN + _TEST, rng=0)
    labels = _labels(archs)
    train, test = archs[:_TRAIN], archs[_TRAIN:]
    Y = labels.loc[train]
    fitted = _check_predictions(surrogate, train, Y, test)
    _check_one_task(surrogate, train, Y, test)
    _check_missing(surrogate, train, Y, test)
    _check_degenerate(surrogate, train, test)
    _check_store(fitted, test)
    _check_bad_input(surrogate, fitted, space, train, Y)
    if outside is not None:
        mean, std = fitted.predict([outside], return_std=True)
        assert np.isfinite(mean).all() and np.isfinite(std).all(), (
            "architectures outside the published set are predicted"
        )


def _labels(archs: list[str]) -> pd.DataFrame:
    """Two synthetic tasks that depend on the architecture, with little noise and very different units."""
    X = GraphFeatures().fit_transform(archs).astype(float)
    rng = np.random.default_rng(0)
    size = X[:, -1] + rng.normal(0, 0.05, len(X))
    return pd.DataFrame({"large": 1000 * size, "small": 0.001 * (X[:, 0] - 0.3 * size)}, index=archs)


def _check_predictions(surrogate: Surrogate, train: list[str], Y: pd.DataFrame, test: list[str]) -> Surrogate:
    """The surrogate fitted to all labels, which the other checks predict with."""
    fitted: Surrogate = clone(surrogate)
    _expect(NotFittedError, lambda: fitted.predict(test), "predict before fit is refused")
    assert fitted.fit(train, Y) is fitted, "fit returns self"
    assert fitted.tasks_ == ("large", "small"), "columns name the tasks"
    mean, std = fitted.predict(test, return_std=True)
    assert mean.shape == std.shape == (len(test), 2), "predictions are of shape (n, T)"
    assert np.isfinite(mean).all() and (std > 0).all(), "predictions are finite, stds positive"
    assert np.allclose(mean, fitted.predict(test)), "the mean does not depend on return_std"
    assert np.allclose(mean[::-1], fitted.predict(test[::-1])), "rows follow their architectures"
    alone = np.concatenate([fitted.predict([arch]) for arch in test])
    assert np.allclose(mean, alone, rtol=1e-4), "a prediction does not depend on the others"
    assert np.array_equal(mean, clone(surrogate).fit(train, Y).predict(test)), "the same seed predicts the same"
    assert np.array_equal(mean, copy.deepcopy(fitted).predict(test)), "copies agree"
    refitted = _fit_to_equal(surrogate, train, Y * 0 + 1.5).fit(train, Y)
    assert np.array_equal(mean, refitted.predict(test)), "a second fit discards the first"
    twice = clone(surrogate).fit(train + train, pd.concat([Y, Y])).predict(test)
    assert twice.shape == mean.shape, "repeated architectures are replicates"
    assert fitted.predict([]).shape == (0, 2), "no architectures give no predictions"
    tau = fitted.score(train, Y)
    assert -1 <= tau <= 1 or np.ptp(mean, axis=0).min() == 0, "score is a rank correlation, or predictions are constant"
    return fitted


def _check_one_task(surrogate: Surrogate, train: list[str], Y: pd.DataFrame, test: list[str]) -> None:
    vector = Y["large"].to_numpy()
    mean, std = clone(surrogate).fit(train, vector).predict(test, return_std=True)
    assert mean.shape == std.shape == (len(test),), "a vector of labels gives a vector of predictions"
    column = clone(surrogate).fit(train, vector[:, None]).predict(test)
    assert np.allclose(mean[:, None], column), "a vector and its column agree"
    affine = clone(surrogate).fit(train, 2 * vector + 5).predict(test)
    assert np.allclose(affine, 2 * mean + 5, rtol=1e-3), "predictions follow the unit of the labels"


def _fit_to_equal(surrogate: Surrogate, archs: list[str], Y: object) -> Surrogate:
    """A clone fitted to labels that are all equal; checks that `fit` warns."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        fitted: Surrogate = clone(surrogate).fit(archs, Y)
    assert any("are equal" in str(warning.message) for warning in said), "fit warns about equal labels"
    return fitted


def _check_missing(surrogate: Surrogate, train: list[str], Y: pd.DataFrame, test: list[str]) -> None:
    holes = Y.copy()
    holes.iloc[::3, 1] = np.nan
    holes.iloc[1, :] = np.nan
    assert np.isfinite(clone(surrogate).fit(train, holes).predict(test)).all(), "missing labels are allowed"


def _check_degenerate(surrogate: Surrogate, train: list[str], test: list[str]) -> None:
    mean, std = _fit_to_equal(surrogate, train, np.full(len(train), 7.0)).predict(test, return_std=True)
    assert np.allclose(mean, 7) and np.allclose(std, 0), "equal labels are predicted, with a std of 0"
    if surrogate.needs_labels:
        mean, std = _fit_to_equal(surrogate, train[:1], [7.0]).predict(test, return_std=True)
        assert np.allclose(mean, 7) and np.allclose(std, 0), "one label is predicted"
    else:
        _check_without_labels(surrogate, train, test)
    few = clone(surrogate).fit(train[:3], [1.0, 2.0, 3.0]).predict(test)
    assert np.isfinite(few).all(), "three labels are enough to predict"


def _check_without_labels(surrogate: Surrogate, train: list[str], test: list[str]) -> None:
    """What a surrogate that needs no labels predicts without any, and with one."""
    one = clone(surrogate).fit(train[:1], [7.0])
    mean, std = one.predict([*train[:1], *test], return_std=True)
    assert np.isclose(mean[0], 7), "one label is predicted at its architecture"
    assert np.isfinite(mean).all() and (std > 0).all(), "one label says nothing certain of other architectures"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that predictions are in another unit
        none = clone(surrogate).fit([], pd.DataFrame(columns=["large", "small"]))
    mean, std = none.predict(test, return_std=True)
    assert mean.shape == std.shape == (len(test), 2), "predictions without labels are of shape (n, T)"
    assert np.isfinite(mean).all() and (std > 0).all(), "predictions without labels are finite, stds positive"
    _check_store(none, test)
    _check_store(one, test)


def _check_store(fitted: Surrogate, test: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        again = load_surrogate(save_surrogate(fitted, Path(folder) / "model"))
    for mine, theirs in zip(fitted.predict(test, return_std=True), again.predict(test, return_std=True), strict=True):
        assert np.array_equal(mine, theirs), "a stored surrogate predicts the same bits"
    assert again.tasks_ == fitted.tasks_ and again.cv_scores_ == fitted.cv_scores_, "fitted attributes are stored"


def _check_bad_input(surrogate: Surrogate, fitted: Surrogate, space: Space, train: list[str], Y: pd.DataFrame) -> None:
    fit = clone(surrogate).fit
    other = next(get_space(name) for name in list_spaces() if name != space.name)
    if surrogate.needs_labels:
        _expect(ArchitectureError, lambda: fit([], []), "an empty fit is refused")
    _expect(ValueError, lambda: fit([], Y), "labels without architectures are refused")
    _expect(ArchitectureError, lambda: fit([*train[:-1], other.example], Y.to_numpy()), "mixed spaces are refused")
    _expect(ArchitectureError, lambda: fit(train[0], [1.0]), "a single string is refused")
    _expect(ValueError, lambda: fit(train, Y.iloc[:-1]), "different lengths are refused")
    endless = Y.copy()
    endless.iloc[0, 0] = np.inf
    _expect(ValueError, lambda: fit(train, endless), "infinite labels are refused")
    _expect(ValueError, lambda: fit(train, Y.assign(small=np.nan)), "a task without labels is refused")
    _expect(ValueError, lambda: fit(train[::-1], Y), "labels of other architectures are refused")
    _expect(ValueError, lambda: fit(train, ["good"] * len(train)), "labels that are not numbers are refused")
    _expect(ArchitectureError, lambda: fitted.predict([other.example]), "another space is refused")


def _expect(error: type[Exception], call: Callable[[], object], promise: str) -> None:
    try:
        call()
    except error:
        return
    raise AssertionError(promise)
