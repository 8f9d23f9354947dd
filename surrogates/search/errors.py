"""Errors of searching; `SearchError`, which holds a history, is beside `History`."""

from __future__ import annotations

from benchmarks.errors import SurrogatesError

__all__ = ["ConstraintError"]


class ConstraintError(SurrogatesError, ValueError):
    """A constraint that no architecture of the space meets."""
