"""Errors of searching."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.errors import SurrogatesError

if TYPE_CHECKING:
    from surrogates.search.history import History

__all__ = ["ConstraintError", "SearchError"]


class ConstraintError(SurrogatesError, ValueError):
    """A constraint that no architecture of the space meets."""


class SearchError(SurrogatesError, RuntimeError):
    """A search that could not go on, because its oracle failed or its searcher broke the contract.

    Attributes:
        history: The queries that were answered.
    """

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history
