"""An oracle as a pymoo problem: one oracle call per population."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pymoo.core.problem import Problem
from pymoo.core.variable import Choice

from benchmarks.spaces.space import Space
from surrogates.search.adapters.objectives import Objectives
from surrogates.search.constraints import Constraint

__all__ = ["PymooProblem"]


class PymooProblem(Problem):  # type: ignore[misc]
    """A pymoo problem with D integer variables, the decisions of an architecture, and K objectives.

    pymoo minimises all objectives: those that are better when higher are negated, and `values` negates them back.

    The integers have no order: use operators for categorical variables, such as `UniformCrossover` and
    `ChoiceRandomMutation` with `IntegerRandomSampling`, or `MixedVariableGA`. Combinations that are not a published and
    allowed architecture are evaluated as the nearest one (see `Decisions`).

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

    Raises:
        ValueError, UnknownNameError, ConstraintError: As `Objectives`.

    Example:
        >>> from surrogates import Oracle
        >>> oracle = Oracle.from_pretrained("transnas101-macro")
        >>> problem = PymooProblem(oracle, "jigsaw", costs=["multiply_adds"])
        >>> F = problem.evaluate(problem.encode(["64-2311-basic", "64-1141-basic"]))
        >>> bool(problem.values(F)[0, 0] == oracle("64-2311-basic", "jigsaw"))
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
        decisions = self.objectives.decisions
        bounds = zip(decisions.options, decisions.lower, decisions.upper, strict=True)
        super().__init__(
            vars={name: Choice(options=np.arange(first, last + 1)) for name, first, last in bounds},
            n_obj=len(self.objectives.names),
            xl=decisions.lower,
            xu=decisions.upper,
            vtype=int,
        )

    def encode(self, archs: Sequence[str]) -> NDArray[np.int64]:
        """The integers of n published architectures, of shape (n, D).

        Raises:
            ArchitectureError: If a string is not one of the published architectures.
        """
        return self.objectives.decisions.encode(archs)

    def decode(self, X: ArrayLike) -> list[str]:
        """The architectures of a result's `X`: integers of shape (n, D) or (D,), or dictionaries by decision.

        Raises:
            ValueError: If they are not integers, or out of bounds.
        """
        rows = np.atleast_1d(np.asarray(X))
        if isinstance(rows.flat[0], dict):
            rows = np.array([[row[name] for name in self.objectives.decisions.options] for row in rows])
        return self.objectives.decisions.decode(np.atleast_2d(rows))

    def values(self, F: ArrayLike) -> NDArray[np.float64]:
        """A result's `F`, of shape (n, K) or (K,), in the objectives' own units, of shape (n, K)."""
        return np.asarray(np.atleast_2d(np.asarray(F, dtype=np.float64)) * -self.objectives.signs)

    def _evaluate(self, x: Any, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        out["F"] = self.objectives.measure(self.decode(x)) * -self.objectives.signs
