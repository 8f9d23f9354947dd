"""Search methods behind one ask/tell interface, and `run_search`, which runs them on an oracle."""

from surrogates.search.base import Searcher
from surrogates.search.constraints import Constraint
from surrogates.search.errors import ConstraintError
from surrogates.search.history import History, SearchError
from surrogates.search.ranks import scores
from surrogates.search.registry import list_searchers, make_searcher
from surrogates.search.run import run_search

__all__ = [
    "Constraint",
    "ConstraintError",
    "History",
    "SearchError",
    "Searcher",
    "list_searchers",
    "make_searcher",
    "run_search",
    "scores",
]
