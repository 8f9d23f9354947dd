"""Evaluation of surrogates on held-out architectures, with the splits of the literature.

`held_out_runs` is the loop of `evaluate`, the leaderboard, the transfer matrix and the pre-training study, which differ
in the tasks that are fitted together and in the methods. `means_over_seeds` summarises the runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import kendall_tau, spearman_rho
from benchmarks.protocols import Protocol, eligible_rows, split
from surrogates.base import Surrogate
from surrogates.calibration.calibration import Z_LEVEL
from surrogates.evaluation.estimators import as_method

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.table import Table

__all__ = [
    "Method",
    "check_sizes",
    "clone_with_seed",
    "evaluate",
    "held_out_runs",
    "held_out_scores",
    "means_over_seeds",
]

Float = NDArray[np.float64]
Method: TypeAlias = "Surrogate | Callable[[list[str], pd.DataFrame, int], Surrogate]"
"""An unfitted surrogate, or a function that fits one to architectures and labels with a seed (`held_out_runs`)."""
_SCORES = ["tau", "rho", "coverage"]
_KEYS = ["method", "n_train", "seed", "task"]


def evaluate(
    surrogate: object,
    table: Table,
    train_sizes: Sequence[int] = (50, 100, 400),
    seeds: Sequence[int] = (0, 1, 2),
    protocol: Protocol = "all",
) -> pd.DataFrame:
    """Fit on some rows of a table, predict the others, and score, for every training size and seed.

    Args:
        surrogate: Unfitted surrogate, cloned for every run; `random_state`, if it has one, is set to the run's seed. Or
            a scikit-learn regressor or pipeline, or an object with ``fit(archs, y)`` and ``predict(archs)``
            (`surrogates.evaluation.estimators`).
        table: Measured results of one space.
        train_sizes: Numbers of training rows.
        seeds: Seeds of the splits.
        protocol: ``"all"`` rows, or one row per canonical form, ``"distinct"`` (`benchmarks.protocols`).

    Returns:
        One row per run and task: n_train, seed, task, tau (Kendall's tau-b), rho (Spearman), coverage (fraction of the
        test values within the 90 % interval, 0 to 1; NaN if predictions have no standard deviation). NaN if a task has
        no label in the training rows, or no two different ones in the test rows; tau and rho are 0 if all predictions
        are equal.

    Raises:
        ValueError: If a training size is not between 0 and the number of rows.
        UnknownNameError: If there is no such protocol.

    Example:
        >>> from benchmarks import get_space
        >>> from benchmarks.table import Table
        >>> from surrogates import BoostedSurrogate
        >>> archs = get_space("transnas101-macro").sample(80)
        >>> table = Table.from_logs(archs, {"jigsaw": {"valid_top1": [float(arch[3:7]) / 100 for arch in archs]}})
        >>> results = evaluate(BoostedSurrogate(n_rounds=20), table, train_sizes=[40], seeds=[0])
        >>> results.columns.tolist(), bool(results["tau"].iloc[0] > 0.5)
        (['n_train', 'seed', 'task', 'tau', 'rho', 'coverage'], True)
    """
    import pandas as pd

    runs = held_out_runs(table.to_frame(), {"": surrogate}, train_sizes, seeds, protocol)
    return pd.concat(runs, ignore_index=True).drop(columns="method")


def held_out_runs(
    values: pd.DataFrame,
    methods: Mapping[str, Method | object],
    train_sizes: Sequence[int],
    seeds: Sequence[int],
    protocol: Protocol = "all",
    *,
    one_task_at_a_time: bool = False,
    done: pd.DataFrame | None = None,
) -> Iterator[pd.DataFrame]:
    """Fit every method on the same rows, predict the others, and score; yields each run when it is complete.

    Args:
        values: Measured values of shape (n, T), indexed by architectures of one space; NaN where not measured.
        methods: Name -> an unfitted surrogate, cloned for each run with the run's seed (`clone_with_seed`); or a
            function that gets the training architectures, their labels as a DataFrame with one column per task that has
            labels, and the run's seed, and returns a fitted surrogate. It can select sources for each run, or fine-tune
            a pre-trained surrogate. Or a predictor of another library (`surrogates.evaluation.estimators`).
        train_sizes: Numbers of training rows. Rows without any label are not used for fitting.
        seeds: Seeds of the splits.
        protocol: Rows to sample from, as in `benchmarks.protocols.split`.
        one_task_at_a_time: Whether each task is fitted in a separate run; all tasks jointly if not.
        done: Results of an earlier call, with at least the first four columns; these runs are skipped.

    Returns:
        One frame per run, ordered by training size, seed, task (if one at a time) and method, with one row per task:
        method, n_train, seed, task, tau, rho, coverage (see `evaluate`).

    Raises:
        ValueError: If a training size is not between 0 and the number of rows; raised before the first run.
        UnknownNameError: If there is no such protocol.
        TypeError: If a method is none of these.

    Example:
        >>> import pandas as pd
        >>> from benchmarks import get_space
        >>> from surrogates import BoostedSurrogate, GaussianProcessSurrogate
        >>> archs = get_space("transnas101-macro").sample(80)
        >>> values = pd.DataFrame({"jigsaw": [float(arch[3:7]) / 100 for arch in archs]}, index=archs)
        >>> methods = {
        ...     "boosted": BoostedSurrogate(n_rounds=20),
        ...     "gp": lambda archs, labels, seed: GaussianProcessSurrogate(random_state=seed).fit(archs, labels),
        ... }
        >>> runs = list(held_out_runs(values, methods, [40], [0]))
        >>> [(run["method"].item(), bool(run["tau"].item() > 0.5)) for run in runs]
        [('boosted', True), ('gp', True)]
        >>> len(list(held_out_runs(values, methods, [40], [0], done=runs[0])))
        1
    """
    archs = [str(arch) for arch in values.index]
    check_sizes(archs, train_sizes, protocol)
    together = [[task] for task in values.columns] if one_task_at_a_time else [list(values.columns)]
    known = set() if done is None else set(done[_KEYS].itertuples(index=False, name=None))
    usable = {name: as_method(method) for name, method in methods.items()}
    return _runs(values, archs, usable, [(n, seed) for n in train_sizes for seed in seeds], protocol, together, known)


def clone_with_seed(surrogate: Surrogate, seed: int, **parameters: Any) -> Surrogate:
    """An unfitted copy of a surrogate with changed parameters and `random_state`, if it has one, set to the seed.

    Example:
        >>> from surrogates import BoostedSurrogate
        >>> copy = clone_with_seed(BoostedSurrogate(n_members=3), seed=7, n_rounds=20)
        >>> copy.n_members, copy.n_rounds, copy.random_state
        (3, 20, 7)
    """
    from sklearn.base import clone

    fresh: Surrogate = clone(surrogate)
    if "random_state" in fresh.get_params(deep=False):
        parameters = {"random_state": seed, **parameters}
    fresh.set_params(**parameters)
    return fresh


def means_over_seeds(
    runs: pd.DataFrame, keys: Sequence[str] = ("n_train",), scores: Sequence[str] = _SCORES, task: str = "task"
) -> pd.DataFrame:
    """Mean and standard deviation over the seeds, of every task and of the mean over tasks.

    Args:
        runs: One row per run and task, with the columns `keys`, ``"seed"``, `task` and `scores`.
        keys: Columns that identify a setting.
        scores: Columns to average; NaN is ignored.
        task: Column of the task.

    Returns:
        One row per setting and task, in the order of `runs`, then one per setting with the task ``"mean"``: its score
        is the mean of the tasks' means, its standard deviation that of the seeds' means over tasks. Columns: `keys`,
        `task`, for every score its mean and ``<score>_sd`` (n - 1; NaN for one seed), and runs (number of seeds with a
        value of the first score).

    Example:
        >>> import pandas as pd
        >>> rows = [(50, seed, task, tau + seed / 10) for seed in (0, 1, 2) for task, tau in [("a", 0.5), ("b", 0.7)]]
        >>> means_over_seeds(pd.DataFrame(rows, columns=["n_train", "seed", "task", "tau"]), scores=["tau"]).round(2)
           n_train  task  tau  tau_sd  runs
        0       50     a  0.6     0.1     3
        1       50     b  0.8     0.1     3
        2       50  mean  0.7     0.1     3
    """
    import pandas as pd

    keys, scores = list(keys), list(scores)
    groups = runs.groupby([*keys, task], sort=False)[scores]
    seeds = runs.groupby([*keys, "seed"], sort=False)[scores].mean().groupby(keys, sort=False)
    means = groups.mean().groupby(keys, sort=False).mean()
    parts = [(groups.mean(), groups.std(), groups.count()), (means, seeds.std(), seeds.count())]
    tables = [
        mean.join(spread.add_suffix("_sd")).assign(runs=count[scores[0]]).reset_index() for mean, spread, count in parts
    ]
    columns = [*keys, task, *(name for score in scores for name in (score, f"{score}_sd")), "runs"]
    return pd.concat([tables[0], tables[1].assign(**{task: "mean"})], ignore_index=True)[columns]


def check_sizes(archs: Table | Sequence[str], sizes: Sequence[int], protocol: Protocol = "all") -> None:
    """Check that a table has enough rows for each training size and at least one test row.

    Raises:
        ValueError: If a size is not between 0 and the number of rows; the message has the largest valid size.
        UnknownNameError: If there is no such protocol.

    Example:
        >>> check_sizes(["64-2311-basic", "64-1234-basic", "64-1111-basic"], [1, 2])
    """
    rows = len(eligible_rows(archs, protocol))
    for size in sizes:
        if not 0 < size < rows:
            raise ValueError(
                f"expected training sizes from 1 to {rows - 1:,} (protocol {protocol!r} has {rows:,} rows, at least "
                f"one of them for testing), got {size:,}"
            )


def held_out_scores(truth: Float, mean: Float, std: Float) -> tuple[float, float, float]:
    """Scores of predictions against measured values.

    Args:
        truth: Measured values of shape (m,), NaN where not measured.
        mean: Predicted values of shape (m,), in the unit of `truth`.
        std: Standard deviations of the predictions, of shape (m,), in the same unit; NaN if there are none.

    Returns:
        Kendall's tau-b, Spearman's rho, and the fraction of the values within the 90 % interval, 0 to 1. tau and rho
        are 0 if all predictions are equal, and NaN if the measured values cannot be ranked.

    Example:
        >>> truth, mean = np.array([1.0, 2.0, np.nan]), np.array([1.1, 2.5, 3.0])
        >>> tau, rho, coverage = held_out_scores(truth, mean, std=np.array([0.2, 0.2, 0.2]))
        >>> tau, coverage
        (1.0, 0.5)
    """
    known = ~np.isnan(truth)
    inside = (np.abs(truth - mean) <= Z_LEVEL * std)[known & ~np.isnan(std)]
    coverage = float(inside.mean()) if len(inside) else np.nan
    if known.any() and np.ptp(mean[known]) == 0 and np.ptp(truth[known]) > 0:
        return 0.0, 0.0, coverage
    return kendall_tau(truth, mean), spearman_rho(truth, mean), coverage


def _runs(
    values: pd.DataFrame,
    archs: list[str],
    methods: Mapping[str, Method],
    splits: Sequence[tuple[int, int]],
    protocol: Protocol,
    together: list[list[str]],
    known: set[tuple[Any, ...]],
) -> Iterator[pd.DataFrame]:
    import pandas as pd

    for n_train, seed in splits:
        parts = split(archs, n_train, seed, protocol)
        train, test = values.iloc[parts.train], values.iloc[parts.test]
        for tasks in together:
            for name, method in methods.items():
                keys = [(name, n_train, seed, task) for task in tasks]
                if not known.issuperset(keys):
                    scores = _scores(method, train[tasks], test[tasks], seed)
                    rows = [(*key, *score) for key, score in zip(keys, scores, strict=True)]
                    yield pd.DataFrame(rows, columns=[*_KEYS, *_SCORES])


def _scores(method: Method, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> list[tuple[float, float, float]]:
    """The scores of each task; NaN for a task without training labels."""
    scores = dict.fromkeys(train.columns, (np.nan, np.nan, np.nan))
    labels = train.dropna(how="all").dropna(axis=1, how="all")
    if labels.size:
        archs, others = list(labels.index), list(test.index)
        if isinstance(method, Surrogate):
            fitted = clone_with_seed(method, seed).fit(archs, labels)
        else:
            fitted = method(archs, labels, seed)
        shape = len(others), labels.shape[1]
        mean, std = (part.reshape(shape) for part in fitted.predict(others, return_std=True))
        for column, task in enumerate(labels.columns):
            scores[task] = held_out_scores(test[task].to_numpy(dtype=np.float64), mean[:, column], std[:, column])
    return list(scores.values())
