"""Bundled surrogates: one folder per space, fitted on all published results.

Names are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.pretrained.load import list_pretrained as list_pretrained
    from surrogates.pretrained.load import load_agreement as load_agreement
    from surrogates.pretrained.load import load_answers as load_answers
    from surrogates.pretrained.load import load_pretrained as load_pretrained

__all__, __getattr__, __dir__ = lazy_facade(__name__)
