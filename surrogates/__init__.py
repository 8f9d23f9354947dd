"""What is predicted, kept, asked and searched with.

Names are imported when first used, so that a look-up of a bundled answer waits for no machine learning library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import __version__
from benchmarks.facade import lazy_names

if TYPE_CHECKING:
    from surrogates.base import Surrogate
    from surrogates.boosted import BoostedSurrogate
    from surrogates.ensemble import EnsembleSurrogate
    from surrogates.evaluation import evaluate
    from surrogates.gaussian_process.surrogate import GaussianProcessSurrogate
    from surrogates.graph.surrogate import GraphSurrogate
    from surrogates.oracle.oracle import Oracle
    from surrogates.pretrained import list_pretrained, load_agreement, load_pretrained
    from surrogates.store.store import load_surrogate, save_surrogate
    from surrogates.transfer.map import TransferMap
    from surrogates.transfer.surrogate import TransferSurrogate

__all__ = [
    "BoostedSurrogate",
    "EnsembleSurrogate",
    "GaussianProcessSurrogate",
    "GraphSurrogate",
    "Oracle",
    "Surrogate",
    "TransferMap",
    "TransferSurrogate",
    "__version__",
    "evaluate",
    "list_pretrained",
    "load_agreement",
    "load_pretrained",
    "load_surrogate",
    "save_surrogate",
]

_MODULES = {
    "BoostedSurrogate": "surrogates.boosted",
    "EnsembleSurrogate": "surrogates.ensemble",
    "GaussianProcessSurrogate": "surrogates.gaussian_process.surrogate",
    "GraphSurrogate": "surrogates.graph.surrogate",
    "Oracle": "surrogates.oracle.oracle",
    "Surrogate": "surrogates.base",
    "TransferMap": "surrogates.transfer.map",
    "TransferSurrogate": "surrogates.transfer.surrogate",
    "evaluate": "surrogates.evaluation",
    "list_pretrained": "surrogates.pretrained",
    "load_agreement": "surrogates.pretrained",
    "load_pretrained": "surrogates.pretrained",
    "load_surrogate": "surrogates.store.store",
    "save_surrogate": "surrogates.store.store",
}

__getattr__ = lazy_names(__name__, _MODULES)


def __dir__() -> list[str]:
    return sorted(__all__)
