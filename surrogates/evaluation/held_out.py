"""How well a surrogate predicts architectures it was not fitted on, on the splits of the literature."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import kendall_tau, spearman_rho
from benchmarks.protocols import Protocol, eligible_rows, split
from surrogates.calibration.calibration import Z_LEVEL

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.table import Table
    from surrogates.base import Surrogate

__all__ = ["check_sizes", "evaluate", "evaluate_runs", "held_out_scores"]

Float = NDArray[np.float64]


def evaluate(
    surrogate: Surrogate,
    table: Table,
    train_sizes: Sequence[int] = (50, 100, 400),
    seeds: Sequence[int] = (0, 1, 2),
    protocol: Protocol = "all",
) -> pd.DataFrame:
    """Fit on some rows of a table, predict all others, and compare, for every training size and seed.

    Args:
        surrogate: Cloned for every run, never changed; `random_state`, where it has one, becomes the run's seed.
        table: Measured results of one space.
        train_sizes: Numbers of rows to fit on.
        seeds: Of the splits.
        protocol: ``"all"`` rows, or one row for each class of ``"distinct"`` architectures (`benchmarks.protocols`).

    Returns:
        One row a run and task: n_train, seed, task, tau (Kendall's tau-b), rho (Spearman), coverage (share of the test
        values within the 90 % interval, 0 to 1). NaN where a task has no label in the training rows, or no two
        different ones in the test rows; predictions that are all equal rank nothing, so their tau and rho are 0.

    Raises:
        ValueError: If a training size is not between 0 and the number of rows.
        UnknownNameError: If there is no such protocol.

    Example:
        >>> from benchmarks import get_space
        >>> from benchmarks.table import Table
        >>> from surrogates import BoostedSurrogate
        >>> archs = get_space("transnas101-macro").sample(80, rng=0)
        >>> table = Table.from_logs(archs, {"jigsaw": {"valid_top1": [float(arch[3:7]) / 100 for arch in archs]}})
        >>> results = evaluate(BoostedSurrogate(n_rounds=20), table, train_sizes=[40], seeds=[0])
        >>> results.columns.tolist(), bool(results["tau"].iloc[0] > 0.5)
        (['n_train', 'seed', 'task', 'tau', 'rho', 'coverage'], True)
    """
    import pandas as pd

    runs = list(evaluate_runs(surrogate, table, train_sizes, seeds, protocol))
    return pd.concat(runs, ignore_index=True)


def evaluate_runs(
    surrogate: Surrogate, table: Table, train_sizes: Sequence[int], seeds: Sequence[int], protocol: Protocol = "all"
) -> Iterator[pd.DataFrame]:
    """As `evaluate`, one frame for each of `len(train_sizes) * len(seeds)` runs as soon as it is done."""
    check_sizes(table, train_sizes, protocol)
    frame = table.to_frame()
    for n_train in train_sizes:
        for seed in seeds:
            parts = split(table, n_train, seed, protocol)
            yield _run(surrogate, frame.iloc[parts.train], frame.iloc[parts.test], seed)


def check_sizes(archs: Table | Sequence[str], sizes: Sequence[int], protocol: Protocol = "all") -> None:
    """Before the work: whether a table has rows to train on and others to test.

    Raises:
        ValueError: If a size is not between 0 and the number of rows; names the largest that is possible.
        UnknownNameError: If there is no such protocol.

    Example:
        >>> check_sizes(["64-2311-basic", "64-1234-basic", "64-1111-basic"], [1, 2])
    """
    rows = len(eligible_rows(archs, protocol))
    for size in sizes:
        if not 0 < size < rows:
            raise ValueError(
                f"expected training sizes from 1 to {rows - 1:,} (of the {rows:,} rows of protocol {protocol!r} at "
                f"least one must test), got {size:,}"
            )


def held_out_scores(truth: Float, mean: Float, std: Float) -> tuple[float, float, float]:
    """How well predictions agree with measured values.

    Args:
        truth: Measured values of shape (m,), NaN where not measured.
        mean: Predicted values of shape (m,), in the unit of `truth`.
        std: Their standard deviations of shape (m,), in the same unit.

    Returns:
        Kendall's tau-b, Spearman's rho, and the share of the values within the 90 % interval, 0 to 1. Predictions that
        are all equal have tau and rho 0; NaN is left for measured values that cannot be ranked.

    Example:
        >>> truth, mean = np.array([1.0, 2.0, np.nan]), np.array([1.1, 2.5, 3.0])
        >>> tau, rho, coverage = held_out_scores(truth, mean, std=np.array([0.2, 0.2, 0.2]))
        >>> tau, coverage
        (1.0, 0.5)
    """
    known = ~np.isnan(truth)
    inside = (np.abs(truth - mean) <= Z_LEVEL * std)[known]
    coverage = float(inside.mean()) if len(inside) else np.nan
    if known.any() and np.ptp(mean[known]) == 0 and np.ptp(truth[known]) > 0:
        return 0.0, 0.0, coverage
    return kendall_tau(truth, mean), spearman_rho(truth, mean), coverage


def _run(surrogate: Surrogate, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> pd.DataFrame:
    import pandas as pd
    from sklearn.base import clone

    fresh = clone(surrogate)
    if "random_state" in fresh.get_params(deep=False):
        fresh.set_params(random_state=seed)
    measured = train.columns[train.notna().any()]
    fresh.fit(list(train.index), train[measured])
    mean, std = fresh.predict(list(test.index), return_std=True)
    rows = []
    for task in test.columns:
        scores = (np.nan, np.nan, np.nan)
        if task in measured:
            column = measured.get_loc(task)
            truth = test[task].to_numpy(dtype=np.float64)
            scores = held_out_scores(truth, mean[:, column], std[:, column])
        rows.append((len(train), seed, task, *scores))
    return pd.DataFrame(rows, columns=["n_train", "seed", "task", "tau", "rho", "coverage"])
