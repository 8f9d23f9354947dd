"""Comparisons of many searches over methods, seeds and tasks, on a table and on a surrogate of it.

Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.search.studies.comparison import SearcherComparison as SearcherComparison
    from surrogates.search.studies.comparison import compare_searchers as compare_searchers
    from surrogates.search.studies.fidelity import Fidelity as Fidelity
    from surrogates.search.studies.fidelity import predicted_table as predicted_table
    from surrogates.search.studies.grid import FinishedSearch as FinishedSearch
    from surrogates.search.studies.grid import run_grid as run_grid
    from surrogates.search.studies.unnas import UnNASStudy as UnNASStudy
    from surrogates.search.studies.unnas import unnas_study as unnas_study

__all__, __getattr__, __dir__ = lazy_facade(__name__)
