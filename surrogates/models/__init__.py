"""Surrogate models: boosted trees, Gaussian processes, graph networks, ensembles, and transfer from other tasks.

Names are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.models.boosted import BoostedSurrogate as BoostedSurrogate
    from surrogates.models.ensemble import EnsembleSurrogate as EnsembleSurrogate
    from surrogates.models.gaussian_process import GaussianProcessSurrogate as GaussianProcessSurrogate
    from surrogates.models.graph.surrogate import GraphSurrogate as GraphSurrogate
    from surrogates.models.learning_curves import LearningCurveSurrogate as LearningCurveSurrogate
    from surrogates.models.transfer.surrogate import TransferSurrogate as TransferSurrogate
    from surrogates.models.transnas import TransNASSurrogate as TransNASSurrogate

__all__, __getattr__, __dir__ = lazy_facade(__name__)
