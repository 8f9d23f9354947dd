"""The searchers of this package as Optuna samplers."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from benchmarks.errors import check_type
from benchmarks.forks import ForkSafeLock
from surrogates.search.adapters.decisions import Decisions
from surrogates.search.adapters.optuna_objective import distributions
from surrogates.search.base import Searcher
from surrogates.search.registry import seeded_searcher

__all__ = ["SearcherSampler"]


class SearcherSampler(BaseSampler):
    """An Optuna sampler that takes its architectures from a searcher.

    Before each trial the searcher is told all trials completed since the last one, including those of an earlier run
    of the study, enqueued trials, and other workers on the same storage (use a different seed for each). Failed and
    pruned trials are ignored. Parameters of the study that are not decisions of an architecture are drawn at random.

    Args:
        searcher: A name (`list_searchers`), or a searcher, which is not modified: a copy with this seed is used.
        decisions: Encoding of architectures, such as `OptunaObjective(...).objectives.decisions`.
        seed: Seed of the searcher and of the parameters that are not decisions.

    Raises:
        UnknownNameError: If there is no such searcher; names the nearest one.
        TypeError: If an argument has the wrong type.

    Example:
        >>> import optuna
        >>> from surrogates import Oracle
        >>> from surrogates.search.adapters import OptunaObjective
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> objective = OptunaObjective(Oracle.from_pretrained("transnas101-micro"), "jigsaw")
        >>> sampler = SearcherSampler("local", objective.objectives.decisions)
        >>> study = optuna.create_study(directions=objective.directions, sampler=sampler)
        >>> study.optimize(objective, n_trials=10)
        >>> len({trial.user_attrs["arch"] for trial in study.trials})
        10
    """

    def __init__(self, searcher: str | Searcher, decisions: Decisions, seed: int = 0) -> None:
        check_type(
            decisions, Decisions, "decisions", "OptunaObjective(oracle, task).objectives.decisions or other Decisions"
        )
        self._searcher = seeded_searcher(searcher, seed)
        self._decisions = decisions
        self._others = RandomSampler(seed)
        self._study: Callable[[], Study | None] = lambda: None
        self._told: set[int] = set()
        self._lock = ForkSafeLock()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The decisions of an architecture."""
        return dict(distributions(self._decisions))

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The decisions of the architecture the searcher asks for next.

        Raises:
            ValueError: If no architecture is left, or a completed trial of the study lacks decisions.
        """
        if "fixed_params" in trial.system_attrs:  # an enqueued trial has its parameters already
            return {}
        with self._lock:
            self._catch_up(study)
            (arch,) = self._searcher.ask()
        return dict(self._decisions.describe(arch))

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A random value of a parameter that is not a decision, or is not set in an enqueued trial."""
        return self._others.sample_independent(study, trial, param_name, param_distribution)

    def _catch_up(self, study: Study) -> None:
        """Tell the searcher the completed trials that it was not told yet; restart it if the study is another one."""
        signs = np.array([1.0 if way == StudyDirection.MAXIMIZE else -1.0 for way in study.directions])
        if study is not self._study():
            self._searcher.start(self._decisions.space, len(signs), self._decisions.allowed)
            self._study, self._told = weakref.ref(study), set()
        completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if new := [trial for trial in completed if trial.number not in self._told]:
            archs = [self._decisions.build(trial.params) for trial in new]
            self._searcher.tell(archs, np.array([trial.values for trial in new]) * signs)
            self._told |= {trial.number for trial in new}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_lock", "_study")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock, self._study = ForkSafeLock(), lambda: None  # a copy is told all trials again
