"""Errors of searches; `SearchError`, which holds a history, is defined next to `History`."""

from __future__ import annotations

from benchmarks.errors import SurrogatesError

__all__ = ["ConstraintError"]


class ConstraintError(SurrogatesError, ValueError):
    """No architecture of the space meets the constraint."""
