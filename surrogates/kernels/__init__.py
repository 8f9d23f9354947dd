"""Building blocks of Gaussian processes: features, kernels, evidence, coregionalisation, posteriors.

Names are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.kernels.coregion import Coregion as Coregion
    from surrogates.kernels.feature_kernels import FeatureKernel as FeatureKernel
    from surrogates.kernels.posterior import Posterior as Posterior

__all__, __getattr__, __dir__ = lazy_facade(__name__)
