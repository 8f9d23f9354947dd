"""Leaderboard: all surrogates and baselines on the same splits, with published results for comparison."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.provenance import unlike_published
from benchmarks.tasks import TRANSNAS_TASKS
from surrogates.evaluation.estimators import as_method
from surrogates.evaluation.held_out import check_sizes, held_out_runs, means_over_seeds
from surrogates.registry import MODELS, make_model

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.protocols import Protocol
    from benchmarks.table import Table

__all__ = ["PUBLISHED", "leaderboard", "leaderboard_runs", "standings"]

_TASKS = ("class_scene", "class_object", "room_layout", "jigsaw", "segmentsemantic", "autoencoder")
PUBLISHED: dict[str, dict[str, dict[int, dict[str, float]]]] = {
    "transnas101-micro": {
        "FLAN (published)": {
            32: dict(zip(_TASKS, (0.657, 0.527, 0.683, 0.535, 0.758, 0.583), strict=True)),
            128: dict(zip(_TASKS, (0.775, 0.668, 0.779, 0.641, 0.806, 0.652), strict=True)),
            512: dict(zip(_TASKS, (0.815, 0.701, 0.816, 0.666, 0.838, 0.683), strict=True)),
        },
    },
    "transnas101-macro": {
        "graph features + forest (published)": {32: {"mean": 0.610}, 128: {"mean": 0.675}, 1024: {"mean": 0.720}},
    },
}
"""Space -> method -> training size -> task (or "mean" of the seven) -> tau, protocol *all*, one task at a time.

FLAN: Akhauri and Abdelfattah, 2024. Graph features: Kadlecova et al., ICML 2024.
"""


def leaderboard(
    table: Table,
    models: Sequence[str] | Mapping[str, object] = tuple(MODELS),
    train_sizes: Sequence[int] = (32, 128, 512),
    seeds: Sequence[int] = (0, 1, 2),
    protocols: Sequence[Protocol] = ("all", "distinct"),
) -> pd.DataFrame:
    """Evaluate models on a table of one space.

    Args:
        table: Measured results of one space.
        models: Names of models (`surrogates.registry.MODELS`), or a dict of a name to a model: such a name, an unfitted
            surrogate, a scikit-learn regressor or pipeline, or any object with ``fit(archs, y)`` and ``predict(archs)``
            (`surrogates.evaluation.estimators`).
        train_sizes: Numbers of training rows.
        seeds: Seeds of the splits.
        protocols: ``"all"`` rows, ``"distinct"`` canonical forms, or both (`benchmarks.protocols`).

    Returns:
        One row per run and task: model, protocol, n_train, seed, task, tau, rho, coverage (see `surrogates.evaluate`),
        and seconds: the CPU time of the whole run, fitting all tasks and predicting all other rows, of all threads.

    Raises:
        UnknownNameError: If there is no such model or protocol.
        TypeError: If a model cannot be fitted or predict.
        ValueError: If a training size is not between 0 and the number of rows.

    Example:
        >>> from benchmarks import get_space
        >>> from benchmarks.table import Table
        >>> archs = get_space("transnas101-macro").sample(80, rng=0)
        >>> table = Table.from_logs(archs, {"jigsaw": {"valid_top1": [float(arch[3:7]) / 100 for arch in archs]}})
        >>> found = leaderboard(table, ["linear", "knn"], train_sizes=[40], seeds=[0], protocols=["all"])
        >>> found["model"].tolist()
        ['linear', 'knn']

        Models of your own beside them; coverage is NaN for those that predict no standard deviation:

        >>> from encoders import PathEncoding
        >>> from sklearn.linear_model import Ridge
        >>> from sklearn.pipeline import make_pipeline
        >>> models = {"linear": "linear", "mine": Ridge(), "on paths": make_pipeline(PathEncoding(), Ridge())}
        >>> found = leaderboard(table, models, train_sizes=[40], seeds=[0], protocols=["all"])
        >>> found.set_index("model")["coverage"].isna().to_dict()
        {'linear': False, 'mine': True, 'on paths': True}
    """
    import pandas as pd

    return pd.concat(leaderboard_runs(table, models, train_sizes, seeds, protocols), ignore_index=True)


def leaderboard_runs(
    table: Table,
    models: Sequence[str] | Mapping[str, object],
    train_sizes: Sequence[int],
    seeds: Sequence[int],
    protocols: Sequence[Protocol],
) -> Iterator[pd.DataFrame]:
    """As `leaderboard`, but yields one frame per run when it is complete, all models on a split before the next."""
    named = models if isinstance(models, Mapping) else {name: name for name in models}
    surrogates = {
        name: as_method(make_model(model) if isinstance(model, str) else model) for name, model in named.items()
    }
    values = table.to_frame()
    if isinstance(protocols, str):
        raise TypeError(f"expected a list of protocols, got the string {protocols!r}: [{protocols!r}]")
    for protocol in protocols:
        check_sizes(table, train_sizes, protocol)
    for protocol in protocols:
        runs = held_out_runs(values, surrogates, train_sizes, seeds, protocol)
        start = time.process_time()
        for run in runs:
            run.insert(1, "protocol", protocol)
            run["seconds"] = time.process_time() - start
            yield run.rename(columns={"method": "model"})
            start = time.process_time()


def standings(runs: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Mean over seeds, then over tasks, of a leaderboard, best first, with published results where comparable.

    Args:
        runs: Results of `leaderboard`.
        table: Table of the runs. Published results are added only if it contains all published architectures of the
            space, trained with the published recipe.

    Returns:
        One row per protocol, training size and model: protocol, n_train, model, tau, tau_sd (over seeds, of the mean
        over tasks), coverage, seconds (median over seeds, as the first run also imports libraries), and one column per
        task.
    """
    import pandas as pd

    keys = ["protocol", "n_train", "model"]
    tasks = list(dict.fromkeys(runs["task"]))
    summary = means_over_seeds(runs, keys, ["tau", "coverage"])
    by_task = summary.set_index([*keys, "task"])["tau"].unstack()
    rows = summary[summary["task"] == "mean"].join(by_task[tasks], on=keys)
    rows = rows.join(runs.groupby([*keys, "seed"])["seconds"].first().groupby(keys).median(), on=keys)
    sizes = set(rows.loc[rows["protocol"] == "all", "n_train"])
    for method, figures in _published(table).items():
        for n, taus in figures.items():
            known = {task: taus.get(task, np.nan) for task in tasks}
            mean = taus.get("mean", np.nan) if set(tasks) == set(TRANSNAS_TASKS) else np.nan
            if n in sizes and not np.isnan([mean, *known.values()]).all():
                row = {"protocol": "all", "n_train": n, "model": method, "tau": mean, **known}
                rows = pd.concat([rows, pd.DataFrame([row])], ignore_index=True)
    columns = [*keys, "tau", "tau_sd", "coverage", "seconds", *tasks]
    order = ["protocol", "n_train", "tau"]
    return rows.sort_values(order, ascending=[True, True, False], na_position="last")[columns].reset_index(drop=True)


def _published(table: Table) -> dict[str, dict[int, dict[str, float]]]:
    """Method -> training size -> task -> tau; empty if the table's architectures or trainings are not the published."""
    space = table.space
    if set(table.archs) != set(space.archs) or unlike_published(table):
        return {}
    return PUBLISHED.get(space.name, {})
