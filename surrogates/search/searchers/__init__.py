"""The search methods, one per module; `surrogates.search.registry` lists them by name.

Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.search.searchers.attentive import AttentiveSampling as AttentiveSampling
    from surrogates.search.searchers.bananas import Bananas as Bananas
    from surrogates.search.searchers.ddpnas import DDPNAS as DDPNAS
    from surrogates.search.searchers.evolution import RegularisedEvolution as RegularisedEvolution
    from surrogates.search.searchers.front import FrontSearch as FrontSearch
    from surrogates.search.searchers.local import LocalSearch as LocalSearch
    from surrogates.search.searchers.nsga2 import NSGA2Search as NSGA2Search
    from surrogates.search.searchers.pnas import PNAS as PNAS
    from surrogates.search.searchers.predictor import PredictorSearch as PredictorSearch
    from surrogates.search.searchers.random import RandomSearch as RandomSearch
    from surrogates.search.searchers.reinforce import Reinforce as Reinforce
    from surrogates.search.searchers.transfer import TransferSearch as TransferSearch

__all__, __getattr__, __dir__ = lazy_facade(__name__)
