"""Search methods behind one ask/tell interface, and `run_search`, which runs them on an oracle.

Names are imported on first use: the command line reads the names of the searchers without loading one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.search.base import Searcher as Searcher
    from surrogates.search.constraints import Bound as Bound
    from surrogates.search.constraints import Constraint as Constraint
    from surrogates.search.errors import ConstraintError as ConstraintError
    from surrogates.search.history import History as History
    from surrogates.search.history import SearchError as SearchError
    from surrogates.search.pareto import front as front
    from surrogates.search.quantities import cost_series as cost_series
    from surrogates.search.ranks import scores as scores
    from surrogates.search.registry import list_searchers as list_searchers
    from surrogates.search.registry import make_searcher as make_searcher
    from surrogates.search.run import run_search as run_search
    from surrogates.search.searchers.function import FunctionSearcher as FunctionSearcher
    from surrogates.search.studies.comparison import SearcherComparison as SearcherComparison
    from surrogates.search.studies.comparison import compare_searchers as compare_searchers

__all__, __getattr__, __dir__ = lazy_facade(__name__)
