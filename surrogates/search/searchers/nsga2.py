"""NSGA-II, on pymoo's implementation: multi-objective evolutionary search."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.optional import needs_extra
from surrogates.search.base import Searcher
from surrogates.search.searchers.charged import known_costs
from surrogates.search.space_arrays import choices

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NSGA2Search"]


class NSGA2Search(Searcher):
    """Non-dominated sorting genetic algorithm (Deb et al., IEEE Transactions on Evolutionary Computation 2002).

    The objectives are the tasks and optionally the cost of an architecture. Selection, crossover and survival
    are pymoo's (Blank and Deb, IEEE Access 2020); the genes are the decisions of an architecture.

    Deviations: mutation replaces a gene by a random option. A child that is not an allowed architecture, or was asked
    for before, is replaced by the nearest free one: the one with the fewest different genes, ties broken at random.
    Architectures asked for while values of a generation are missing are drawn uniformly.

    Args:
        population: Number of survivors, and of children per generation.
        cost: ``"multiply_adds"`` or ``"params"`` of the backbone as an additional objective, or another cost as a
            Series indexed by architecture; none if not given. In `run_search` also the name of a task of the oracle
            that is better when lower.
        random_state: Seed.

    Raises:
        MissingExtraError: On `start`, if pymoo is not installed.

    Example:
        >>> searcher = NSGA2Search(population=4).start("transnas101-macro", n_tasks=2)
        >>> first = searcher.ask(4)
        >>> searcher.tell(first, np.arange(8.0).reshape(4, 2))
        >>> len(searcher.ask(4))
        4
    """

    def __init__(
        self, *, population: int = 20, cost: str | pd.Series[float] | None = None, random_state: int = 0
    ) -> None:
        super().__init__(random_state=random_state)
        self.population = population
        self.cost = cost

    def begin(self) -> None:
        if self.population < 2:
            raise ValueError(f"expected population >= 2, got {self.population}")
        with needs_extra("NSGA-II", "search", "pymoo"):
            importlib.import_module("pymoo.algorithms.moo.nsga2")
        self._charged = None if self.cost is None else known_costs(self, self.cost)
        self._genes = choices(self.space_)
        self._children: Any = None
        self._waiting: dict[int, int] = {}  # row -> index of the child that it evaluates
        self._ahead = 0
        self._objectives: NDArray[np.float64] = np.zeros((0, 0))
        self._algorithm: Any = None

    def propose(self, n: int) -> Iterable[int]:
        if self._waiting:  # asked before all values were told; values that never come must not block the search
            self._ahead += n
            told = [child for child in range(len(self._children)) if child not in self._waiting.values()]
            if self._ahead < len(self._children) or not told:
                return self.random_rows(n)
            self._close(told)
        self._ahead = 0
        if self._algorithm is None:
            self._found()
        self._children = self._algorithm.ask()
        genes = np.asarray(self._children.get("X"), dtype=np.int64)
        rows = self._nearest(genes)
        self._children = self._children[: len(rows)]
        self._children.set("X", self._genes[rows])
        self._waiting = {row: child for child, row in enumerate(rows.tolist())}
        self._objectives = np.zeros((len(rows), self.n_tasks_ + (self._charged is not None)))
        return rows

    def learn(self, rows: list[int], values: NDArray[np.float64]) -> None:
        for row, value in zip(rows, values, strict=True):
            if (child := self._waiting.pop(row, None)) is None:
                continue
            self._objectives[child] = self._minimised(row, value)
            if not self._waiting:
                self._close(list(range(len(self._children))))

    def _found(self) -> None:
        """Set up the algorithm; the first generation is the values told so far if enough, else random architectures."""
        told = self.rows_ if len(self.rows_) >= self.population else []
        first = self._genes[told] if told else self._genes[self.random_rows(self.population)]
        n_objectives = self.n_tasks_ + (self._charged is not None)
        seed = int(self.rng_.integers(2**31))
        self._algorithm = _nsga2(self._genes, first, self.population, n_objectives, seed)
        if told:
            generation = self._algorithm.ask()
            values = [self._minimised(row, value) for row, value in zip(told, self.values_, strict=True)]
            generation.set("X", first)
            generation.set("F", np.array(values))
            self._algorithm.tell(infills=generation)

    def _minimised(self, row: int, value: NDArray[np.float64]) -> list[float]:
        """Objectives of a row, lower is better."""
        charged = [] if self._charged is None else [float(self._charged[row])]
        return [*(-value).tolist(), *charged]

    def _close(self, told: list[int]) -> None:
        """Finish a generation with the children whose values were told."""
        self._waiting = {}
        children = self._children[told]
        children.set("F", self._objectives[told])
        self._algorithm.tell(infills=children)

    def _nearest(self, genes: NDArray[np.int64]) -> NDArray[np.int64]:
        """The nearest free row of each of n genomes, all different; fewer rows if fewer are free."""
        free = self.free_.copy()
        rows = []
        for genome in genes[: int(free.sum())]:
            distance = np.where(free, (self._genes != genome).sum(axis=1), len(genome) + 1)
            nearest = np.flatnonzero(distance == distance.min())
            row = int(nearest[self.rng_.integers(len(nearest))])
            free[row] = False
            rows.append(row)
        return np.array(rows, dtype=np.int64)


def _nsga2(genes: NDArray[np.int64], first: NDArray[np.int64], population: int, n_objectives: int, seed: int) -> Any:
    """Set up pymoo's NSGA-II for genes as in `genes`, of shape (N, D), with an initial population of shape (n, D)."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.duplicate import NoDuplicateElimination
    from pymoo.core.problem import Problem
    from pymoo.core.termination import NoTermination
    from pymoo.core.variable import Choice
    from pymoo.operators.crossover.ux import UniformCrossover
    from pymoo.operators.mutation.rm import ChoiceRandomMutation

    options = {f"{decision}": Choice(options=np.unique(column)) for decision, column in enumerate(genes.T)}
    algorithm = NSGA2(
        pop_size=min(population, len(first)),
        sampling=first,
        crossover=UniformCrossover(),
        mutation=ChoiceRandomMutation(),
        eliminate_duplicates=NoDuplicateElimination(),  # `_nearest` excludes duplicates
    )
    algorithm.setup(Problem(vars=options, n_obj=n_objectives), seed=seed, termination=NoTermination())
    return algorithm
