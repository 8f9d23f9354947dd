"""Predictors of other libraries as methods of an evaluation: scikit-learn regressors, pipelines, classes of one's own.

A `Surrogate` fits all tasks at once and has a standard deviation. Anything else with `fit` and `predict` is fitted to
one task at a time, on the architectures that have a label, and has a standard deviation only if its `predict` takes
`return_std`. What it sees are the architecture strings; a bare regressor of scikit-learn, XGBoost or the like, which
needs numbers, sees their one-hot encoding, as the baselines do.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, ClusterMixin, clone
from sklearn.pipeline import Pipeline, make_pipeline

from benchmarks.errors import shown
from benchmarks.numbers import real_numbers
from benchmarks.user_errors import said
from encoders.one_hot import OneHotEncoding
from surrogates.base import Surrogate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FittedEstimators", "as_method"]

Float = NDArray[np.float64]
_NUMERIC = ("sklearn", "xgboost", "lightgbm", "catboost", "ngboost", "tabpfn", "skopt")
"""Libraries whose regressors take numbers, not strings."""
_SETTINGS = ("Encoder", "Pipeline", "ColumnTransformer", "FeatureUnion")


class FittedEstimators:
    """Estimators of T tasks, one each, as one predictor.

    Args:
        estimators: Task name -> fitted estimator.
        has_std: Whether their `predict` takes `return_std`.

    Example:
        >>> from encoders import OneHotEncoding
        >>> from sklearn.linear_model import Ridge
        >>> from sklearn.pipeline import Pipeline, make_pipeline
        >>> archs = ["64-2311-basic", "64-1234-basic", "64-3114-basic"]
        >>> fitted = make_pipeline(OneHotEncoding(), Ridge()).fit(archs, [90.0, 92.0, 94.0])
        >>> mean, std = FittedEstimators({"jigsaw": fitted}, has_std=False).predict(archs, return_std=True)
        >>> mean.shape, bool(np.isnan(std).all())
        ((3, 1), True)
    """

    def __init__(self, estimators: Mapping[str, Any], has_std: bool) -> None:
        self.estimators = dict(estimators)
        self.has_std = has_std

    def predict(self, archs: list[str], return_std: bool = True) -> tuple[Float, Float]:
        """Mean and standard deviation of n architectures, each of shape (n, T); the latter NaN if there is none.

        Raises:
            ValueError: If an estimator returns anything but n real numbers, or n with a standard deviation each.
        """
        mean, std = np.full((2, len(archs), len(self.estimators)), np.nan)
        for column, (task, estimator) in enumerate(self.estimators.items()):
            name = f"{type(estimator).__name__}, {task}"
            found = estimator.predict(archs, return_std=True) if self.has_std else (estimator.predict(archs),)
            if not isinstance(found, tuple) or len(found) != 1 + self.has_std:
                raise ValueError(f"{name}: expected a pair of means and standard deviations, got {shown(found)}")
            for part, values in zip((mean, std), found, strict=False):
                given = real_numbers(values, f"predictions of {name}")
                if given.size != len(archs):
                    raise ValueError(f"{name}: expected {len(archs)} predictions, got an array of shape {given.shape}")
                part[:, column] = given.reshape(-1)
            if (missing := int((~np.isfinite(mean[:, column])).sum())) > 0:
                raise ValueError(
                    f"{name}: expected finite predictions, got NaN or infinity for {missing} of {len(archs)}"
                )
        return mean, std


def as_method(model: object) -> Surrogate | Callable[[list[str], pd.DataFrame, int], Any]:
    """A model as a method of `held_out_runs`.

    Args:
        model: An unfitted `Surrogate`; a scikit-learn regressor or pipeline, or any object with `fit(archs, y)` and
            `predict(archs)`; the class of one of these, which is called without arguments; or a function that fits a
            surrogate to architectures, labels and a seed.

    Returns:
        The surrogate or function itself, or a function that fits a copy for every task. Every parameter
        ``random_state`` of the copy, also of its parts, is set to the seed of the run.

    Raises:
        TypeError: If it is none of these.

    Example:
        >>> import pandas as pd
        >>> from sklearn.linear_model import Ridge
        >>> labels = pd.DataFrame({"jigsaw": [90.0, 92.0]}, index=["64-2311-basic", "64-1234-basic"])
        >>> as_method(Ridge())(list(labels.index), labels, 0).predict(["64-2311-basic"])[0].shape
        (1, 1)
    """
    if callable(getattr(model, "forward", None)) and not hasattr(model, "fit"):
        name = getattr(model, "__name__", type(model).__name__)
        raise TypeError(f"expected a surrogate, got the network {name}: GraphSurrogate(network={name}) trains it")
    if isinstance(model, type):
        model = _made(model)
    if isinstance(model, Surrogate):
        return model
    if inspect.isroutine(model) or isinstance(model, partial):
        return model
    able = all(callable(getattr(model, name, None)) for name in ("fit", "predict"))
    if not able or isinstance(model, (ClassifierMixin, ClusterMixin)):
        raise TypeError(
            "expected an unfitted surrogate, a regressor or pipeline of scikit-learn, or an object with fit(archs, y) "
            f"and predict(archs), got {model!r:.200} ({type(model).__name__})"
        )
    return lambda archs, labels, seed: _fit(model, archs, labels, seed)


def _made(kind: type[Any]) -> object:
    """An object of a class, with the class's own defaults."""
    try:
        return kind()
    except Exception as error:
        raise TypeError(
            f"expected an object, or a class that needs no arguments, got {kind.__name__}: {said(error):.400}"
        ) from error


def _fit(model: Any, archs: list[str], labels: pd.DataFrame, seed: int) -> FittedEstimators:
    fitted = {}
    for task in labels.columns:
        known = labels[task].notna().to_numpy()
        estimator = _copy(model, seed)
        if not _takes_strings(model):
            estimator = make_pipeline(OneHotEncoding(), estimator)
        strings = [arch for arch, has in zip(archs, known, strict=True) if has]
        try:
            estimator.fit(strings, labels[task].to_numpy(dtype=np.float64)[known])
        except (TypeError, ValueError) as error:
            if "string" not in str(error) and "2D array" not in str(error):
                raise
            raise ValueError(
                f"{type(model).__name__} does not read architecture strings, put an encoder before it: "
                f"make_pipeline(OneHotEncoding(), ...); it said: {' '.join(str(error).split())!s:.150}"
            ) from error
        fitted[str(task)] = estimator
    return FittedEstimators(fitted, _has_std(model))


def _copy(model: Any, seed: int) -> Any:
    """An unfitted copy with the seed."""
    if not hasattr(model, "get_params"):
        return copy.deepcopy(model)
    fresh = clone(model)
    seeds = [name for name in fresh.get_params() if name == "random_state" or name.endswith("__random_state")]
    return fresh.set_params(**dict.fromkeys(seeds, seed))


def _takes_strings(model: Any) -> bool:
    """Whether a model reads architecture strings: all do but those whose `fit` is a numeric library's own."""
    parts = [model, *(model.get_params().values() if hasattr(model, "get_params") else ())]
    if any(kind.__name__ in _SETTINGS for part in parts for kind in type(part).__mro__):
        return True
    return str(getattr(type(model).fit, "__module__", "")).partition(".")[0] not in _NUMERIC


def _has_std(model: Any) -> bool:
    """Whether `predict` takes `return_std`; a pipeline passes it on to its last step, which may do nothing."""
    while isinstance(model, Pipeline):
        model = model.steps[-1][1]
    predict = getattr(model, "predict", None)
    return predict is not None and "return_std" in inspect.signature(predict).parameters
