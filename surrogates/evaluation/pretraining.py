"""Pre-training study: the benefit of pre-training on other tasks and spaces, as a function of the number of labels.

A `GraphSurrogate` is pre-trained once on the sources. For every k, seed and target task it is then fine-tuned on the
first k rows of a seeded permutation and compared on all other rows with one trained from scratch, and with boosted
trees. One folder contains the description of the experiment, the pre-trained network, and one csv row per completed
run, so an interrupted experiment can be resumed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from benchmarks import __version__
from benchmarks.errors import ArtefactError, choice
from benchmarks.files import write_beside
from benchmarks.run_directory import RunDirectory
from benchmarks.short_repr import ShortRepr
from benchmarks.table import Table
from surrogates.evaluation.held_out import Method, check_sizes, held_out_runs, means_over_seeds

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.models.graph.surrogate import GraphSurrogate

__all__ = [
    "METHODS",
    "RESULTS",
    "UPDATE_CHOICES",
    "Experiment",
    "PretrainingRun",
    "pretraining_gain",
    "experiment_runs",
    "run_experiment",
]

METHODS = ("pretrained", "scratch", "boosted")
"""Compared methods: fine-tuned after pre-training, the same network from scratch, boosted trees."""
UPDATE_CHOICES = ("auto", "head", "adapter", "full")
"""Updates for fine-tuning (`GraphSurrogate.finetune`): an average that includes "scratch", or a single one."""
RESULTS = "results.csv"
"""Name of the results file in an experiment's folder, with one row per run."""
_NETWORK, _CHECKPOINTS = "pretrained.safetensors", "checkpoints"
_COMPARED = [*METHODS, "gain"]
_SCORES = ["tau", "rho", "coverage"]
_KEYS = ["task", "method", "k", "seed"]
_COLUMNS = ["space", *_KEYS, *_SCORES]


class PretrainingRun(NamedTuple):
    """One run of an experiment: a method fitted to k labels of a task, with the seed of the split.

    Attributes:
        task: Target task.
        method: One of `METHODS`.
        k: Number of labels.
        seed: Seed of the split and of the method.
    """

    task: str
    method: str
    k: int
    seed: int


@dataclass(frozen=True, eq=False, repr=False)
class Experiment(ShortRepr):
    """Settings of a pre-training experiment.

    Attributes:
        sources: Tables to pre-train on, of any spaces. The target tasks on the target's own space are excluded, so the
            target's table can be among the sources.
        target: Table of one space; each of its tasks is fitted separately.
        k: Numbers of labels.
        seeds: Seeds of the splits and of the methods.
        n_steps: Optimiser steps of the pre-training.
        label_free: Whether pre-training also predicts parameters and multiply-adds.
        update: Update for fine-tuning (`GraphSurrogate.finetune`).

    Raises:
        TableError: If the target is of several spaces.
        ValueError: If a k is not between 0 and the number of rows of the target, a setting is empty, or the sources
            contain only the target tasks.

    Example:
        >>> import pandas as pd
        >>> table = Table.from_frame(
        ...     pd.DataFrame({"arch": ["64-2311-basic", "64-1234-basic"], "jigsaw": [90.1, 94.2], "normal": [0.5, 0.6]})
        ... )
        >>> experiment = Experiment((table,), table.where(tasks=["jigsaw"]), k=(1,), seeds=(0, 1))
        >>> [source.tasks for source in experiment.datasets()], len(experiment.runs())
        ([('normal',)], 6)
    """

    sources: tuple[Table, ...]
    target: Table
    k: tuple[int, ...]
    seeds: tuple[int, ...]
    n_steps: int = 600
    label_free: bool = True
    update: Literal["auto", "head", "adapter", "full"] = "auto"

    def __post_init__(self) -> None:
        for name in ("sources", "k", "seeds"):
            if not getattr(self, name):
                raise ValueError(f"expected at least one of {name}, got none")
        if self.n_steps < 1:
            raise ValueError(f"expected n_steps >= 1, got {self.n_steps}")
        choice(self.update, UPDATE_CHOICES, "update")
        check_sizes(self.target, self.k)
        if not self.datasets():
            tasks = ", ".join(self.target.tasks)
            raise ValueError(f"expected sources other than the target, got only {tasks} of {self._space}")

    @property
    def _space(self) -> str:
        return self.target.space.name

    def datasets(self) -> list[Table]:
        """The sources, one table per source and space, without the target tasks on the target's space."""
        found = []
        for source in self.sources:
            for space in source.spaces:
                taken = self.target.tasks if space == self._space else ()
                if tasks := [task for task in source.tasks if task not in taken]:
                    found.append(source.where(tasks=tasks, space=space))
        return found

    def runs(self) -> list[PretrainingRun]:
        """All runs of the experiment, ordered by k, seed, task and method."""
        return [
            PretrainingRun(task, method, n, seed)
            for n in self.k
            for seed in self.seeds
            for task in self.target.tasks
            for method in METHODS
        ]

    def describe(self) -> dict[str, Any]:
        """The settings that determine the results, as JSON values; tables by the hash of their content."""
        return {
            "sources": [_describe(source) for source in self.sources],
            "target": _describe(self.target),
            "k": list(self.k),
            "seeds": list(self.seeds),
            "n_steps": self.n_steps,
            "label_free": self.label_free,
            "update": self.update,
            "version": __version__,
        }


def run_experiment(experiment: Experiment, directory: str | Path) -> pd.DataFrame:
    """Run an experiment, or resume it; arguments, results and errors as in `experiment_runs`.

    Returns:
        One row per run: space, task, method, k, seed, tau, rho, coverage.
    """
    import pandas as pd

    return pd.concat(experiment_runs(experiment, directory), ignore_index=True)


def experiment_runs(experiment: Experiment, directory: str | Path) -> Iterator[pd.DataFrame]:
    """Pre-train if necessary, then run the missing runs and save each result when it is complete.

    Args:
        experiment: The experiment.
        directory: Folder of ``experiment.json``, ``pretrained.safetensors`` and ``results.csv``; created if missing. An
            interrupted experiment is resumed, including its pre-training.

    Yields:
        A frame with one row for each run, completed ones first: space, task, method, k, seed, tau (Kendall's tau-b on
        the test rows), rho (Spearman), coverage (fraction of the test values within the 90 % interval, 0 to 1). NaN if
        none of the k rows has a label.

    Raises:
        ArtefactError: If the directory belongs to another experiment, or is damaged.
        MissingExtraError: If torch or lightning is not installed.
        OSError: If the directory cannot be written.
    """
    import pandas as pd

    claimed = RunDirectory(directory, "experiment")
    folder = claimed.claim(experiment.describe(), {_NETWORK, RESULTS}.__contains__, _short).path
    done = _finished(folder / RESULTS, experiment)
    yield from (done.iloc[[row]] for row in range(len(done)))
    values, methods = experiment.target.to_frame(), _methods(experiment, folder)
    earlier = done.rename(columns={"k": "n_train"})
    for run in held_out_runs(values, methods, experiment.k, experiment.seeds, one_task_at_a_time=True, done=earlier):
        row = run.rename(columns={"n_train": "k"}).assign(space=experiment.target.space.name)[_COLUMNS]
        done = row if done.empty else pd.concat([done, row], ignore_index=True)
        with write_beside(folder / RESULTS) as beside:
            done.to_csv(beside, index=False, na_rep="nan")
        yield row


def pretraining_gain(results: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over seeds of every method's tau, and the gain by pre-training.

    Args:
        results: Results of `run_experiment`.

    Returns:
        One row per k and task, and one for the mean over tasks if there are several: k, task, one column per method,
        gain (pretrained - scratch), and the standard deviation of each over the seeds (``gain_sd``, ...).

    Example:
        >>> import pandas as pd
        >>> taus = {"pretrained": 0.5, "scratch": 0.25, "boosted": 0.4}
        >>> rows = [("jigsaw", method, 8, seed, tau) for method, tau in taus.items() for seed in (0, 1, 2)]
        >>> found = pretraining_gain(pd.DataFrame(rows, columns=["task", "method", "k", "seed", "tau"]))
        >>> found[["k", "task", "pretrained", "gain", "gain_sd"]]
           k    task  pretrained  gain  gain_sd
        0  8  jigsaw         0.5  0.25      0.0
    """
    tasks = list(dict.fromkeys(results["task"]))
    by_run = results.groupby(["k", "seed", "task", "method"])["tau"].mean().unstack().reindex(columns=list(METHODS))
    by_run = by_run.assign(gain=by_run["pretrained"] - by_run["scratch"]).rename_axis(columns=None).reset_index()
    table = means_over_seeds(by_run, ["k"], _COMPARED)
    order = {task: position for position, task in enumerate([*tasks, *(["mean"] if len(tasks) > 1 else [])])}
    table = table.assign(order=table["task"].map(order)).dropna(subset="order").sort_values(["k", "order"])
    return table[["k", "task", *_COMPARED, *(f"{name}_sd" for name in _COMPARED)]].reset_index(drop=True)


def _describe(table: Table) -> dict[str, Any]:
    return {"spaces": list(table.spaces), "tasks": list(table.tasks), "archs": len(table), "sha256": table.hash}


def _methods(experiment: Experiment, folder: Path) -> dict[str, Method]:
    """The function or surrogate of each of `METHODS`; the network is pre-trained, or loaded, on first use."""
    from surrogates.models.boosted import BoostedSurrogate
    from surrogates.models.graph.surrogate import GraphSurrogate

    network = cache(lambda: _pretrained(experiment, folder))

    def finetuned(archs: list[str], labels: pd.DataFrame, seed: int) -> GraphSurrogate:
        surrogate = GraphSurrogate(random_state=seed)
        surrogate.pretrained_ = network().pretrained_
        return surrogate.finetune(archs, labels, update=experiment.update)

    fits: tuple[Method, ...] = (finetuned, GraphSurrogate(), BoostedSurrogate())
    return dict(zip(METHODS, fits, strict=True))


def _pretrained(experiment: Experiment, folder: Path) -> GraphSurrogate:
    """The pre-trained network in the folder; if missing, it is trained, from its last checkpoint if there is one."""
    from surrogates.models.graph.surrogate import GraphSurrogate

    path = folder / _NETWORK
    if path.exists():
        return GraphSurrogate().load_pretraining(path)
    checkpoints = folder / _CHECKPOINTS
    surrogate = GraphSurrogate(checkpoint_dir=checkpoints)
    surrogate.pretrain(experiment.datasets(), n_steps=experiment.n_steps, label_free=experiment.label_free)
    surrogate.save_pretraining(path)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return surrogate


def _finished(path: Path, experiment: Experiment) -> pd.DataFrame:
    """The results of completed runs, in their order; empty if there is no file.

    Raises:
        ArtefactError: If the file is damaged, or has rows that do not belong to this experiment.
    """
    import pandas as pd

    if not path.exists():
        return pd.DataFrame(columns=_COLUMNS)
    again = "delete it to run everything again"
    try:
        frame = pd.read_csv(path, dtype={"task": str}, converters=dict.fromkeys(_SCORES, float), keep_default_na=False)
    except ValueError as error:  # pandas' own errors are ValueErrors
        raise ArtefactError(f"{str(path)!r} is damaged: {error}; {again}") from error
    if list(frame.columns) != _COLUMNS:
        raise ArtefactError(f"{str(path)!r} is damaged: expected the columns {', '.join(_COLUMNS)}; {again}")
    runs = set(experiment.runs())
    for row, key in enumerate(frame[_KEYS].itertuples(index=False, name=None)):
        if key not in runs:
            raise ArtefactError(f"{str(path)!r} is damaged: row {row + 1} is not a run of this experiment; {again}")
    return frame


def _short(value: Any) -> str:
    """Format a setting for a message; tables include the start of their hash, to tell similar ones apart."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "; ".join(map(_short, value))
    if isinstance(value, dict):
        spaces, tasks = ", ".join(value.get("spaces", [])), ", ".join(value.get("tasks", []))
        return f"{tasks} of {spaces} (SHA-256 {str(value.get('sha256'))[:8]})"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
