"""Ranks of architectures among all published ones of their space, computed once a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.forks import cached_property
from surrogates.oracle.answers import Answers, Ranking
from surrogates.oracle.value_sources import ValueSources
from surrogates.search.space_arrays import cost_column

__all__ = ["SpaceRanking"]


class SpaceRanking:
    """Ranks among all N published architectures that have a value.

    Args:
        sources: Has the values.

    Example:
        >>> from surrogates.pretrained import load_answers
        >>> answers = load_answers("transnas101-macro")
        >>> from benchmarks import get_space
        >>> ranking = SpaceRanking(ValueSources(get_space("transnas101-macro"), answers, None))
        >>> len(ranking.task("jigsaw"))
        3256
    """

    def __init__(self, sources: ValueSources) -> None:
        self._sources = sources
        self._rankings: dict[str, Ranking] = {}
        self._costs: dict[str, Ranking] = {}

    @cached_property
    def published(self) -> Answers:
        """The values of all published architectures on all tasks."""
        return self._sources.find(self._sources.space.archs, self._sources.tasks)

    def answers(self, task: str) -> Answers:
        """The values of all published architectures on a task of a known name, in a column among others."""
        known = task in self._sources.tasks
        return self.published if known else self._sources.find(self._sources.space.archs, (task,))

    def task(self, name: str) -> Ranking:
        """Ranking of all published architectures on one task, computed once; raises as `ValueSources.choose`."""
        chosen = self._sources.choose(name)
        if chosen not in self._rankings:
            there = self.answers(chosen)
            column = there.value[:, there.tasks.index(chosen)]
            self._rankings[chosen] = Ranking(column, self._sources.task(chosen).metric.sign > 0)
        return self._rankings[chosen]

    def exact_cost(self, name: str) -> Ranking:
        """Ranking of all published architectures by an exact cost, computed once."""
        if name not in self._costs:
            self._costs[name] = Ranking(cost_column(self._sources.space, name), higher_is_better=False)
        return self._costs[name]

    def rank(self, arch: str, task: str, value: Callable[[], float]) -> int:
        """Rank of a valid architecture; `value` gives its value if it is not published, or has none there."""
        ranking, space = self.task(task), self._sources.space
        known = ranking.values[space.index(arch)] if arch in space else np.nan
        return ranking.rank(value() if np.isnan(known) else known)

    def ranked(self, answers: Answers) -> Answers:
        """Answers with ranks, where the rank of a published architecture is that in the whole space."""
        rank = np.empty(answers.value.shape, dtype=np.int64)
        published = np.empty(len(answers.tasks), dtype=np.int64)
        for column, task in enumerate(answers.tasks):
            if task in answers.exact:
                ranking = self.exact_cost(task)
                rank[:, column] = ranking.ranks(answers.value[:, column])
            else:
                ranking = self.task(task)
                for row, arch in enumerate(answers.archs):
                    value = float(answers.value[row, column])
                    rank[row, column] = self.rank(arch, task, lambda value=value: value)  # type: ignore[misc]
            published[column] = len(ranking)
        return replace(answers, rank=rank, of=published + ~answers.in_domain[:, None])
