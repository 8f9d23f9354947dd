"""Storage of fitted surrogates without pickle: written atomically, verified when read.

Names are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.store.card import write_card as write_card
    from surrogates.store.load import load_surrogate as load_surrogate
    from surrogates.store.pack import Pack as Pack
    from surrogates.store.save import save_surrogate as save_surrogate
    from surrogates.store.trial import LoadReport as LoadReport
    from surrogates.store.trial import try_artefact as try_artefact

__all__, __getattr__, __dir__ = lazy_facade(__name__)
