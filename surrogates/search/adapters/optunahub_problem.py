"""An oracle as a benchmark problem of OptunaHub, whose constraints are told to the sampler instead of being decoded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optunahub.benchmarks import BaseProblem

from surrogates.search.adapters.objectives import Objectives
from surrogates.search.adapters.optuna_objective import distributions, trial_values
from surrogates.search.constraints import Bound

__all__ = ["OptunaHubProblem"]


class OptunaHubProblem(BaseProblem):
    """A benchmark problem: one categorical parameter per decision, values in the metrics' own units.

    Combinations of parameters that are no published architecture are evaluated as the nearest one (`Decisions`). Unlike
    in `OptunaObjective`, every published architecture can be evaluated, and constraints are values that the sampler
    sees: by how much an architecture violates a bound, zero or less if it does not. Optuna 5 or newer is needed for
    them.

    Args:
        oracle: An `Oracle`, or a `Table` (only measured architectures are evaluated).
        tasks: One task or several.
        costs: ``"params"``, ``"multiply_adds"`` and tasks that are better when lower, each an additional objective to
            minimise.
        constraints: Bounds such as ``["params<=1e6"]``, with ``<=`` or ``>=``, on costs and on tasks of an oracle.

    Attributes:
        objectives: The objectives and the encoding of architectures.
        bounds: The constraints.

    Raises:
        ValueError, UnknownNameError: As `Objectives`, and for a bound that is not ``<=`` or ``>=``.

    Example:
        >>> import optuna
        >>> from surrogates import Oracle
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> problem = OptunaHubProblem(Oracle.from_pretrained("transnas101-micro"), "jigsaw", constraints="params<=2M")
        >>> study = optuna.create_study(directions=problem.directions, sampler=optuna.samplers.TPESampler(seed=0))
        >>> study.optimize(problem, n_trials=5)
        >>> arch = problem.architecture(study.trials[0].params)
        >>> study.trials[0].value == Oracle.from_pretrained("transnas101-micro")(arch, "jigsaw")
        True
    """

    def __init__(
        self,
        oracle: object,
        tasks: str | Sequence[str],
        costs: str | Sequence[str] = (),
        *,
        constraints: str | Iterable[str] = (),
    ) -> None:
        self.objectives = Objectives(oracle, tasks, costs)
        self.bounds = [Bound.parse(text) for text in ([constraints] if isinstance(constraints, str) else constraints)]
        if wrong := next((bound for bound in self.bounds if bound.operator not in ("<=", ">=")), None):
            raise ValueError(f"expected constraints with <= or >=, got {str(wrong)!r}")
        over = self.objectives.objective.oracle or self.objectives.objective.space
        self._bounded = [bound.values(over) for bound in self.bounds]

    @property
    def search_space(self) -> dict[str, BaseDistribution]:
        """One categorical parameter per decision."""
        return dict(distributions(self.objectives.decisions))

    @property
    def directions(self) -> list[StudyDirection]:
        """The direction of each objective."""
        return [StudyDirection.MAXIMIZE if sign > 0 else StudyDirection.MINIMIZE for sign in self.objectives.signs]

    def architecture(self, params: dict[str, Any]) -> str:
        """The architecture that parameters encode.

        Raises:
            ValueError: If parameters are missing.
            UnknownNameError: If a parameter has no such option; names the nearest one.
        """
        return self.objectives.decisions.build(params)

    def evaluate(self, params: dict[str, Any]) -> float | tuple[float, ...]:
        """The objectives of the architecture that parameters encode, each in its own unit."""
        return trial_values(self.objectives, self.architecture(params))

    def evaluate_constraints(self, params: dict[str, Any]) -> dict[str, float]:
        """For each constraint by how much it is violated; zero or less if it is met, infinite if it is not known."""
        row = self.objectives.objective.space.index(self.architecture(params))
        found = {}
        for bound, values in zip(self.bounds, self._bounded, strict=True):
            excess = float(values[row] - bound.number) * (1.0 if bound.operator == "<=" else -1.0)
            found[str(bound)] = float("inf") if np.isnan(excess) else excess
        return found
