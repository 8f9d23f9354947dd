"""Sub-networks of shared weights that are kept between calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["RecentViews"]

_V = TypeVar("_V")


class RecentViews(Generic[_V]):
    """The views that were asked for last; they have no weights of their own, so a copy or a pickle has none of them.

    Args:
        at_most: Number of views that are kept.

    Example:
        >>> import copy
        >>> views = RecentViews(at_most=2)
        >>> [views.get(name, name.upper) for name in ("a", "b", "a", "c")], "a" in views, "b" in views
        (['A', 'B', 'A', 'C'], True, False)
        >>> "a" in copy.deepcopy(views)
        False
    """

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._views: dict[str, _V] = {}  # the one asked for last is the last

    def get(self, name: str, make: Callable[[], _V]) -> _V:
        """The view of a name; made if it is not there."""
        view = self._views.pop(name) if name in self._views else make()
        while len(self._views) >= self._at_most:
            del self._views[next(iter(self._views))]
        self._views[name] = view
        return view

    def __contains__(self, name: str) -> bool:
        return name in self._views

    def __reduce__(self) -> tuple[Any, ...]:
        return RecentViews, (self._at_most,)
