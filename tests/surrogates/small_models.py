"""Default surrogates that are quick to fit."""

import pytest

from surrogates.models.boosted import BoostedSurrogate
from surrogates.models.graph.surrogate import GraphSurrogate

SMALL_BOOSTED = {"n_members": 2, "n_rounds": 5, "n_jobs": 1}
SMALL_GRAPH = {"n_members": 2, "hidden": 8, "layers": 1, "trunk": 8, "n_steps": 20, "n_jobs": 1}


def small_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make boosted trees and graph networks small for the time of a test."""
    for surrogate, small in ((BoostedSurrogate, SMALL_BOOSTED), (GraphSurrogate, SMALL_GRAPH)):
        defaults = surrogate.__init__.__kwdefaults__  # type: ignore[misc]
        monkeypatch.setattr(surrogate.__init__, "__kwdefaults__", {**defaults, **small})  # type: ignore[misc]
