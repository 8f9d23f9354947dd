"""The oracle and the searchers inside other people's tools: Optuna, pymoo, syne-tune (`docs/adapters.md`).

Names are imported when first used; if the tool behind one is missing, the error says which extra installs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_names

if TYPE_CHECKING:
    from surrogates.search.adapters.decisions import Decisions
    from surrogates.search.adapters.objectives import Objectives
    from surrogates.search.adapters.optuna_objective import OptunaObjective
    from surrogates.search.adapters.optuna_sampler import SearcherSampler
    from surrogates.search.adapters.pymoo_problem import PymooProblem
    from surrogates.search.adapters.syne_tune_blackbox import SyneTuneBlackbox

__all__ = ["Decisions", "Objectives", "OptunaObjective", "PymooProblem", "SearcherSampler", "SyneTuneBlackbox"]

_MODULES = {
    "Decisions": "surrogates.search.adapters.decisions",
    "Objectives": "surrogates.search.adapters.objectives",
    "OptunaObjective": "surrogates.search.adapters.optuna_objective",
    "PymooProblem": "surrogates.search.adapters.pymoo_problem",
    "SearcherSampler": "surrogates.search.adapters.optuna_sampler",
    "SyneTuneBlackbox": "surrogates.search.adapters.syne_tune_blackbox",
}
_EXTRA = {
    "optuna": ("optuna", "search"),
    "pymoo": ("pymoo", "search"),
    "syne_tune": ("syne-tune", "syne-tune"),
    "huggingface_hub": ("huggingface-hub", "syne-tune"),
}
"""What an extra installs: import name -> package, extra."""

__getattr__ = lazy_names(__name__, _MODULES, _EXTRA)


def __dir__() -> list[str]:
    return sorted(__all__)
