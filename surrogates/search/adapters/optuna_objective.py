"""An oracle as an Optuna objective: one trial at a time, or batches of trials with one oracle call each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from optuna.distributions import CategoricalDistribution
from optuna.study import Study
from optuna.trial import BaseTrial, FrozenTrial, Trial, TrialState

from benchmarks.spaces.space import Space
from surrogates.search.adapters.decisions import Decisions
from surrogates.search.adapters.objectives import Objectives
from surrogates.search.constraints import Constraint

__all__ = ["OptunaObjective", "distributions", "trial_values"]


def distributions(decisions: Decisions) -> dict[str, CategoricalDistribution]:
    """The Optuna search space: one categorical parameter per decision.

    Example:
        >>> distributions(Decisions("transnas101-micro"))["2->3"].choices
        ('none', 'skip', 'conv1x1', 'conv3x3')
    """
    return {name: CategoricalDistribution(options) for name, options in decisions.options.items()}


def trial_values(objectives: Objectives, arch: str) -> float | tuple[float, ...]:
    """What Optuna is told of an architecture: its objectives in their own units; the number alone if there is one.

    Example:
        >>> from surrogates import Oracle
        >>> oracle = Oracle.from_pretrained("transnas101-macro")
        >>> trial_values(Objectives(oracle, "jigsaw"), "64-2311-basic") == oracle("64-2311-basic", "jigsaw")
        True
    """
    values = tuple(objectives.measure([arch])[0].tolist())
    return values if len(values) > 1 else values[0]


class OptunaObjective:
    """An objective for `optuna.Study.optimize`; values are in the metrics' own units.

    Combinations of parameters that are not a published and allowed architecture are evaluated as the nearest one (see
    `Decisions`), so no trial is lost; each trial stores its architecture in the user attribute ``"arch"``.

    Args:
        oracle: An `Oracle`, a `Table`, or a function of architectures (see `Objectives`).
        tasks: One task or several.
        costs: ``"params"``, ``"multiply_adds"`` and tasks that are better when lower, each an additional objective to
            minimise.
        space: The space to search; required if the oracle is a function.
        constraint: Bounds on an architecture.
        constraints: Further bounds as strings, such as ``["params<=1e6", "latency_ms<=5"]``, as in `run_search`.
        minimize: As in `run_search`.

    Attributes:
        objectives: The objectives and the encoding of architectures.
        directions: ``"maximize"`` or ``"minimize"`` for each objective, for `optuna.create_study`.
        distributions: The search space, for `optuna.Study.ask`.

    Raises:
        ValueError, UnknownNameError, ConstraintError: As `Objectives`.

    Example:
        >>> import optuna
        >>> from surrogates import Oracle
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> objective = OptunaObjective(Oracle.from_pretrained("transnas101-macro"), "jigsaw")
        >>> study = optuna.create_study(directions=objective.directions, sampler=optuna.samplers.RandomSampler(0))
        >>> study.optimize(objective, n_trials=5)
        >>> study.best_trial.user_attrs["arch"] == objective.architecture(study.best_params)
        True
    """

    def __init__(
        self,
        oracle: object,
        tasks: str | Sequence[str],
        costs: str | Sequence[str] = (),
        *,
        space: str | Space | None = None,
        constraint: Constraint | None = None,
        constraints: str | Iterable[str] = (),
        minimize: Collection[str] | str = (),
    ) -> None:
        self.objectives = Objectives(
            oracle, tasks, costs, space=space, constraint=constraint, constraints=constraints, minimize=minimize
        )
        self.directions = ["maximize" if sign > 0 else "minimize" for sign in self.objectives.signs]
        self.distributions = distributions(self.objectives.decisions)

    def __call__(self, trial: BaseTrial) -> float | tuple[float, ...]:
        """Suggest an architecture and measure it.

        Raises:
            ValueError: If the study has other directions, or the oracle returns a value that is not finite.
        """
        return trial_values(self.objectives, self.suggest(trial))

    def suggest(self, trial: BaseTrial) -> str:
        """The architecture that a trial suggests, which it stores as its user attribute ``"arch"``.

        Raises:
            ValueError: If the study has other directions.
        """
        study = getattr(trial, "study", None)  # a FixedTrial has none
        if study is not None:
            self._check(study)
        arch = self.architecture(
            {name: trial.suggest_categorical(name, space.choices) for name, space in self.distributions.items()}
        )
        trial.set_user_attr("arch", arch)
        return arch

    def architecture(self, params: dict[str, Any]) -> str:
        """The architecture that the parameters of a trial encode.

        Raises:
            ValueError: If parameters are missing.
            UnknownNameError: If a parameter has no such option; names the nearest one.
        """
        return self.objectives.decisions.build(params)

    def optimize(self, study: Study, n_trials: int, batch_size: int = 16) -> list[FrozenTrial]:
        """Run trials in batches: ask the study for a batch, call the oracle once, tell the study the values.

        Args:
            study: A study with these `directions`.
            n_trials: Number of trials to add.
            batch_size: Number of trials per batch.

        Returns:
            The `n_trials` finished trials.

        Raises:
            ValueError: If a number is below 1, the study has other directions, the oracle returns a value that is not
                finite, or the sampler has no architecture left. The trials of that batch are marked as failed; earlier
                batches are kept.

        Example:
            >>> import optuna
            >>> from surrogates import Oracle
            >>> objective = OptunaObjective(Oracle.from_pretrained("transnas101-micro"), "jigsaw", costs=["params"])
            >>> study = optuna.create_study(directions=objective.directions, sampler=optuna.samplers.RandomSampler(0))
            >>> len(objective.optimize(study, n_trials=40, batch_size=20))
            40
        """
        if n_trials < 1 or batch_size < 1:
            raise ValueError(f"expected n_trials >= 1 and batch_size >= 1, got {n_trials} and {batch_size}")
        self._check(study)
        done = []
        for start in range(0, n_trials, batch_size):
            space: dict[str, Any] = dict(self.distributions)
            trials: list[Trial] = []
            try:
                for _ in range(start, min(start + batch_size, n_trials)):  # not a comprehension: `ask` may raise
                    trials += [study.ask(space)]
                archs = [self.architecture(trial.params) for trial in trials]
                values = self.objectives.measure(archs).tolist()
            except Exception:
                for trial in trials:
                    study.tell(trial, state=TrialState.FAIL)
                raise
            for trial, arch, value in zip(trials, archs, values, strict=True):
                trial.set_user_attr("arch", arch)
                done.append(study.tell(trial, value))
        return done

    def _check(self, study: Study) -> None:
        came = [direction.name.lower() for direction in study.directions]
        if came != self.directions:
            raise ValueError(f"expected a study with directions={self.directions}, got {came}")
