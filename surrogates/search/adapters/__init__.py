"""Adapters of the oracle and the searchers to Optuna, OptunaHub, pymoo, syne-tune and ConfigSpace (docs/adapters.md).

Names are imported on first use; if the library of an adapter is missing, the error names the extra that installs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.search.adapters.configspace_objective import ConfigSpaceObjective as ConfigSpaceObjective
    from surrogates.search.adapters.decisions import Decisions as Decisions
    from surrogates.search.adapters.objectives import Objectives as Objectives
    from surrogates.search.adapters.optuna_objective import OptunaObjective as OptunaObjective
    from surrogates.search.adapters.optuna_sampler import SearcherSampler as SearcherSampler
    from surrogates.search.adapters.optuna_trainings import OptunaTrainings as OptunaTrainings
    from surrogates.search.adapters.optunahub_problem import OptunaHubProblem as OptunaHubProblem
    from surrogates.search.adapters.pymoo_problem import PymooProblem as PymooProblem
    from surrogates.search.adapters.syne_tune_blackbox import SyneTuneBlackbox as SyneTuneBlackbox
    from surrogates.search.adapters.syne_tune_trainings import SyneTuneTrainings as SyneTuneTrainings

_EXTRAS = {
    "ConfigSpace": ("ConfigSpace", "configspace"),
    "optuna": ("optuna", "search"),
    "optunahub": ("optunahub", "optunahub"),
    "pymoo": ("pymoo", "search"),
    "syne_tune": ("syne-tune", "syne-tune"),
    "huggingface_hub": ("huggingface-hub", "syne-tune"),
}
"""Optional libraries: import name -> (package, extra that installs it)."""

__all__, __getattr__, __dir__ = lazy_facade(__name__, _EXTRAS)
