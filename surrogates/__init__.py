"""Surrogate models, their storage and evaluation, the oracle, and search.

Names are imported when first used, so a look-up of a bundled answer loads no machine learning library; the package
itself imports nothing, so the command line can answer Ctrl-C and say what is wrong from its first moment on.
"""

from __future__ import annotations

from surrogates.neighbours import shadowed
from surrogates.startup import end_on_interrupt, is_command_line

TYPE_CHECKING = False  # that of `typing`, without its import
if TYPE_CHECKING:
    from typing import Any

    from benchmarks import __version__ as __version__
    from surrogates.base import Surrogate as Surrogate
    from surrogates.design import initial_design as initial_design
    from surrogates.drawing.pictures import draw as draw
    from surrogates.evaluation.held_out import evaluate as evaluate
    from surrogates.evaluation.leaderboard import leaderboard as leaderboard
    from surrogates.evaluation.transfer_matrix import TransferMatrix as TransferMatrix
    from surrogates.labels import Labels as Labels
    from surrogates.models.boosted import BoostedSurrogate as BoostedSurrogate
    from surrogates.models.ensemble import EnsembleSurrogate as EnsembleSurrogate
    from surrogates.models.gaussian_process import GaussianProcessSurrogate as GaussianProcessSurrogate
    from surrogates.models.graph.surrogate import GraphSurrogate as GraphSurrogate
    from surrogates.models.learning_curves import LearningCurveSurrogate as LearningCurveSurrogate
    from surrogates.models.transfer.surrogate import TransferSurrogate as TransferSurrogate
    from surrogates.models.transnas import TransNASSurrogate as TransNASSurrogate
    from surrogates.oracle.cost_tables import load_costs as load_costs
    from surrogates.oracle.oracle import Oracle as Oracle
    from surrogates.pretrained.load import list_pretrained as list_pretrained
    from surrogates.pretrained.load import load_agreement as load_agreement
    from surrogates.pretrained.load import load_pretrained as load_pretrained
    from surrogates.store.card import write_card as write_card
    from surrogates.store.load import load_surrogate as load_surrogate
    from surrogates.store.pack import Pack as Pack
    from surrogates.store.save import save_surrogate as save_surrogate
    from surrogates.store.storable import register_storable as register_storable
    from surrogates.supernet.estimates import SupernetEstimates as SupernetEstimates
    from surrogates.supernet.surrogate import SupernetSurrogate as SupernetSurrogate

if is_command_line():
    end_on_interrupt()  # what is wrong, the command itself says
elif _hidden := shadowed():
    raise ImportError(_hidden)


def __getattr__(name: str) -> Any:
    """Import a public name, or all that there is to know about them (`benchmarks.facade`)."""
    if name.startswith("__") and name not in ("__all__", "__version__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from benchmarks.facade import lazy_facade

    names, find, _ = lazy_facade(__name__)
    return names if name == "__all__" else find(name)


def __dir__() -> list[str]:
    return list(__getattr__("__all__"))
