"""Ranking metrics: Kendall's tau, Spearman's rho, precision and regret at k, with bootstrap intervals.

Every function takes true values and predictions, both of shape (n,), ignores pairs in which either is NaN, and returns
NaN where the metric is not defined (fewer than two pairs, or constant values for a rank correlation).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.directions import declared
from benchmarks.seeds import as_generator
from benchmarks.task_names import name_tasks

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "best_index",
    "bootstrap_interval",
    "kendall_tau",
    "precision_at_k",
    "regret_at_k",
    "score_frame",
    "spearman_rho",
]


def kendall_tau(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Kendall's tau-b, -1 to 1: pairs in the same order minus pairs in opposite order, corrected for ties.

    Source: Kendall, "The treatment of ties in ranking problems", Biometrika 33 (1945); computed by scipy.

    Args:
        truth: Measured values of shape (n,).
        prediction: Predicted values of shape (n,), in the same direction as the truth.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> kendall_tau([1, 2, 3, 4], [10, 20, 40, 30])
        0.666...
    """
    from scipy import stats

    truth, prediction = _pairs(truth, prediction)
    if _constant(truth) or _constant(prediction):
        return float("nan")
    return float(stats.kendalltau(truth, prediction).statistic)


def spearman_rho(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Spearman's rho, -1 to 1: the linear correlation of the ranks, ties sharing their mean rank.

    Args:
        truth: Measured values of shape (n,).
        prediction: Predicted values of shape (n,), in the same direction as the truth.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> round(spearman_rho([1, 2, 3, 4], [10, 20, 40, 30]), 6)
        0.8
    """
    from scipy import stats

    truth, prediction = _pairs(truth, prediction)
    if _constant(truth) or _constant(prediction):
        return float("nan")
    return float(stats.spearmanr(truth, prediction).statistic)


def precision_at_k(truth: ArrayLike, prediction: ArrayLike, k: int = 10, higher_is_better: bool = True) -> float:
    """Fraction of the k best architectures that are among the k predicted best, 0 to 1.

    Ties: the result is the mean over all ways to break them, so it does not depend on the order of the rows.

    Args:
        truth: Measured values of shape (n,).
        prediction: Predicted values of shape (n,), in the same direction as the truth.
        k: Places; NaN is returned if fewer than k pairs are there.
        higher_is_better: Direction of both.

    Raises:
        ValueError: If the shapes differ or k < 1.

    Example:
        >>> precision_at_k([1, 2, 3, 4], [10, 20, 40, 5], k=2)
        0.5
    """
    truth, prediction = _pairs(truth, prediction)
    _check_k(k)
    if k > len(truth):
        return float("nan")
    sign = 1.0 if higher_is_better else -1.0
    return float(_places(sign * truth, k) @ _places(sign * prediction, k) / k)


def regret_at_k(truth: ArrayLike, prediction: ArrayLike, k: int = 1, higher_is_better: bool = True) -> float:
    """Regret of training only the k predicted best: best true value minus the best of these, in the truth's unit.

    Ties between predictions: the result is the mean over all ways to break them.

    Args:
        truth: Measured values of shape (n,).
        prediction: Predicted values of shape (n,), in the same direction as the truth.
        k: Places; NaN is returned if fewer than k pairs are there.
        higher_is_better: Direction of both; the regret is never negative.

    Raises:
        ValueError: If the shapes differ or k < 1.

    Example:
        >>> regret_at_k([1, 2, 3, 4], [10, 20, 40, 5], k=2)
        1.0
    """
    truth, prediction = _pairs(truth, prediction)
    _check_k(k)
    if k > len(truth):
        return float("nan")
    sign = 1.0 if higher_is_better else -1.0
    truth, prediction = sign * truth, sign * prediction
    border = np.sort(prediction)[-k]
    sure = truth[prediction > border]
    tied = np.sort(truth[prediction == border])[::-1]
    floor = sure.max(initial=-np.inf)
    free, m = k - len(sure), len(tied)
    expected, none_yet = 0.0, 1.0  # none_yet: probability that no better one of the tied was drawn
    for drawn, value in enumerate(tied[: m - free + 1]):
        chance = free / (m - drawn)
        expected += none_yet * chance * max(value, floor)
        none_yet *= 1 - chance
    return float(truth.max() - expected)


def best_index(values: ArrayLike, higher_is_better: bool = True) -> int:
    """Position of the best value, the first one for ties; NaN is never the best.

    Args:
        values: Values of shape (n,).
        higher_is_better: Direction of the values.

    Raises:
        ValueError: If every value is NaN.

    Example:
        >>> best_index([3.0, 1.0, float("nan")], higher_is_better=False)
        1
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or np.isnan(array).all():
        raise ValueError(f"expected values of shape (n,), at least one of them not NaN, got shape {array.shape}")
    return int(np.nanargmax(array if higher_is_better else -array))


def bootstrap_interval(
    metric: Callable[[NDArray[np.float64], NDArray[np.float64]], float],
    truth: ArrayLike,
    prediction: ArrayLike,
    level: float = 0.9,
    n_resamples: int = 1000,
    rng: int | np.random.Generator | None = None,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a metric; architectures are resampled with replacement.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3.

    Args:
        metric: Function of (truth, prediction), such as `kendall_tau`.
        truth: Measured values of shape (n,).
        prediction: Predicted values of shape (n,).
        level: Fraction of the resamples inside the interval, between 0 and 1.
        n_resamples: Number of resamples; those for which the metric is NaN are ignored.
        rng: Seed or generator; fresh resamples if not given.

    Returns:
        Lower and upper end; NaN if the metric is not defined on any resample.

    Raises:
        ValueError: If the shapes differ, or `level` or `n_resamples` is out of range.

    Example:
        >>> low, high = bootstrap_interval(kendall_tau, [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 6, 5], rng=0)
        >>> 0.4 < low < high <= 1.0
        True
    """
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1, got {level}")
    if n_resamples < 1:
        raise ValueError(f"expected n_resamples >= 1, got {n_resamples}")
    truth, prediction = _pairs(truth, prediction)
    generator = as_generator(rng)
    if not len(truth):
        return float("nan"), float("nan")
    draws = generator.integers(len(truth), size=(n_resamples, len(truth)))
    values = np.array([metric(truth[rows], prediction[rows]) for rows in draws])
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def score_frame(
    truth: pd.DataFrame,
    prediction: pd.DataFrame | ArrayLike,
    k: int = 10,
    *,
    minimize: Collection[str] | str = (),
) -> pd.DataFrame:
    """Score the predictions of every task.

    Args:
        truth: Measured primary metrics of shape (n, T), one column per task, each in its own unit; NaN = not
            measured.
        prediction: Predictions of shape (n, T). A DataFrame is matched by architecture and task, an array by
            position.
        k: The k of precision and regret at k.
        minimize: User-defined tasks that are better when lower; a frame of a `Table` knows them.

    Returns:
        DataFrame indexed by task with the columns n (pairs compared), kendall, spearman, precision@k,
        regret@k, mae and rmse (the last three in the task's unit).

    Raises:
        ValueError: If the shapes, architectures or tasks do not match, or a task has a name that is refused.

    Example:
        >>> import pandas as pd
        >>> truth = pd.DataFrame({"jigsaw": [90.0, 80.0, 70.0]}, index=["a", "b", "c"])
        >>> score_frame(truth, [[91.0], [82.0], [73.0]], k=1).loc["jigsaw", ["kendall", "mae"]].tolist()
        [1.0, 2.0]
    """
    import pandas as pd

    if isinstance(prediction, pd.DataFrame):
        missing = [str(name) for name in [*truth.columns, *truth.index] if name not in _names(prediction)]
        if missing:
            raise ValueError(f"expected predictions of every architecture and task, {missing[0]!r} is missing")
        guess = prediction.loc[truth.index, truth.columns].to_numpy(dtype=np.float64)
    else:
        guess = np.asarray(prediction, dtype=np.float64)
    if guess.shape != truth.shape:
        raise ValueError(f"expected predictions of shape {truth.shape}, got {guess.shape}")
    stated = declared(truth)
    lowered = {minimize} if isinstance(minimize, str) else set(minimize)
    names = [str(name) for name in truth.columns]
    tasks = name_tasks(names, lowered | stated.minimize, stated.maximize)
    if unnamed := [name for name in names if name not in tasks]:
        raise ValueError(f"expected values of tasks, got {', '.join(map(repr, unnamed))}, the name of bookkeeping")
    rows = []
    for column, task in enumerate(truth.columns):
        y, p = truth.iloc[:, column].to_numpy(dtype=np.float64), guess[:, column]
        higher = tasks[str(task)].metric.sign > 0
        error = (p - y)[~np.isnan(p - y)]
        rows.append(
            {
                "task": task,
                "n": len(error),
                "kendall": kendall_tau(y, p),
                "spearman": spearman_rho(y, p),
                f"precision@{k}": precision_at_k(y, p, k, higher),
                f"regret@{k}": regret_at_k(y, p, k, higher),
                "mae": float(np.abs(error).mean()) if len(error) else np.nan,
                "rmse": float(np.sqrt((error**2).mean())) if len(error) else np.nan,
            }
        )
    return pd.DataFrame(rows).set_index("task")


def _pairs(truth: ArrayLike, prediction: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as floats of shape (m,), without pairs that contain NaN."""
    a, b = np.asarray(truth, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"expected truth and prediction of the same shape (n,), got {a.shape} and {b.shape}")
    both = ~(np.isnan(a) | np.isnan(b))
    return a[both], b[both]


def _constant(values: NDArray[np.float64]) -> bool:
    return len(values) < 2 or bool((values == values[0]).all())


def _check_k(k: int) -> None:
    if k < 1:
        raise ValueError(f"expected k >= 1, got k={k}")


def _places(values: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Probability of each value to be among the k largest if ties are broken at random, of shape (n,)."""
    border = np.sort(values)[-k]
    above, tied = values > border, values == border
    return np.asarray(above + tied * ((k - above.sum()) / tied.sum()), dtype=np.float64)


def _names(frame: pd.DataFrame) -> set[object]:
    return {*frame.columns, *frame.index}
