"""How good the predictions of several tasks are, as one tidy frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from benchmarks.metrics import kendall_tau, precision_at_k, regret_at_k, spearman_rho
from benchmarks.tasks import find_task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["score_frame"]


def score_frame(truth: pd.DataFrame, prediction: pd.DataFrame | ArrayLike, k: int = 10) -> pd.DataFrame:
    """Score the predictions of every task.

    Args:
        truth: Measured primary metrics of shape (n, T), one column a task, each in its own unit; NaN = not
            measured.
        prediction: Predictions of shape (n, T). A DataFrame is matched by architecture and task, an array by
            position.
        k: Places for precision and regret.

    Returns:
        DataFrame indexed by task with the columns n (pairs compared), kendall, spearman, precision@k,
        regret@k, mae and rmse (the last three in the task's unit).

    Raises:
        ValueError: If the shapes, architectures or tasks do not match.

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
    rows = []
    for column, task in enumerate(truth.columns):
        y, p = truth.iloc[:, column].to_numpy(dtype=np.float64), guess[:, column]
        higher = find_task(str(task)).metric.higher_is_better
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


def _names(frame: pd.DataFrame) -> set[object]:
    return {*frame.columns, *frame.index}
