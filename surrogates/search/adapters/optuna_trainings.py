"""Trainings as Optuna trials that report every epoch, so that pruners stop those that fall behind."""

from __future__ import annotations

from collections.abc import Iterable

import optuna
from optuna.trial import BaseTrial

from surrogates.oracle.oracle import Oracle
from surrogates.search.adapters.optuna_objective import OptunaObjective
from surrogates.search.adapters.trainings import Trainings
from surrogates.search.constraints import Constraint

__all__ = ["OptunaTrainings"]


class OptunaTrainings(OptunaObjective):
    """An objective for `optuna.Study.optimize` whose trials can be pruned.

    A trial reports the value after each epoch, in the metric's own unit, with the number of epochs trained as its step:
    1 to E. Pruned trials cost the simulated seconds of the epochs that they reported (`oracle.queries`).

    Args:
        oracle: An `Oracle` that knows epochs of the task: of a table with every epoch, or with `curves`.
        task: The task.
        constraint: Bounds on an architecture.
        constraints: Further bounds as strings, as in `OptunaObjective`.

    Attributes:
        trainings: The values after every epoch.
        epochs: Epochs of a training, E: the `max_resource` of `optuna.pruners.HyperbandPruner`.

    Raises:
        TypeError: If the oracle is none.
        TableError: If it knows no epochs of the task.
        ValueError, UnknownNameError, ConstraintError: As `OptunaObjective`.

    Example:
        >>> import optuna
        >>> from benchmarks import get_space
        >>> from benchmarks.table import Table
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> archs = get_space("transnas101-macro").sample(30, rng=0)
        >>> curves = [[len(arch), 2 * len(arch)] for arch in archs]
        >>> table = Table.from_logs(archs, {"jigsaw": {"valid_top1": curves, "time_elapsed": [[5, 10]] * 30}})
        >>> objective = OptunaTrainings(Oracle.from_table(table), "jigsaw")
        >>> pruner = optuna.pruners.MedianPruner(n_startup_trials=1)
        >>> sampler = optuna.samplers.RandomSampler(0)
        >>> study = optuna.create_study(directions=objective.directions, sampler=sampler, pruner=pruner)
        >>> study.optimize(objective, n_trials=10)
        >>> sorted({trial.state.name for trial in study.trials})
        ['COMPLETE', 'PRUNED']
    """

    def __init__(
        self,
        oracle: Oracle,
        task: str,
        *,
        constraint: Constraint | None = None,
        constraints: str | Iterable[str] = (),
    ) -> None:
        self.trainings = Trainings(oracle, task)
        super().__init__(oracle, task, space=oracle.space, constraint=constraint, constraints=constraints)
        self.oracle = oracle
        self.epochs = self.trainings.epochs

    def __call__(self, trial: BaseTrial) -> float:
        """Suggest an architecture and train it until the end, or until the pruner says to stop.

        Raises:
            optuna.TrialPruned: If the pruner does.
            ValueError: If the study has other directions.
            TableError: If an epoch was neither measured nor is predicted.
        """
        arch = self.suggest(trial)
        for epochs in range(1, self.epochs + 1):
            value = self.trainings.value(arch, epochs)
            trial.report(value, step=epochs)
            if epochs < self.epochs and trial.should_prune():
                raise optuna.TrialPruned(f"{arch} after {epochs} of {self.epochs} epochs")
        return value
