"""Searchers by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from inspect import signature
from numbers import Integral
from typing import TYPE_CHECKING, Any

from benchmarks.errors import check_type, choice

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.search.base import Searcher

__all__ = [
    "informed_searcher",
    "list_searchers",
    "make_searcher",
    "searcher_class",
    "searcher_cost",
    "seeded_searcher",
]

_SEARCHERS = {
    "random": ("surrogates.search.searchers.random", "RandomSearch"),
    "local": ("surrogates.search.searchers.local", "LocalSearch"),
    "evolution": ("surrogates.search.searchers.evolution", "RegularisedEvolution"),
    "reinforce": ("surrogates.search.searchers.reinforce", "Reinforce"),
    "ddpnas": ("surrogates.search.searchers.ddpnas", "DDPNAS"),
    "pnas": ("surrogates.search.searchers.pnas", "PNAS"),
    "bananas": ("surrogates.search.searchers.bananas", "Bananas"),
    "predictor": ("surrogates.search.searchers.predictor", "PredictorSearch"),
    "attentive": ("surrogates.search.searchers.attentive", "AttentiveSampling"),
    "front": ("surrogates.search.searchers.front", "FrontSearch"),
    "nsga2": ("surrogates.search.searchers.nsga2", "NSGA2Search"),
    "transfer": ("surrogates.search.searchers.transfer", "TransferSearch"),
}

_INFORMED = "transfer"
"""The searcher that knows other tasks."""


def list_searchers() -> tuple[str, ...]:
    """Names of all searchers.

    Example:
        >>> "evolution" in list_searchers()
        True
    """
    return tuple(_SEARCHERS)


def searcher_class(name: str) -> type[Searcher]:
    """The class behind a name; imported when first asked for.

    Raises:
        UnknownNameError: If there is no such searcher; names the nearest one.
    """
    module, attribute = _SEARCHERS[choice(name, _SEARCHERS, "searcher")]
    found: type[Searcher] = getattr(importlib.import_module(module), attribute)
    return found


def make_searcher(name: str, seed: int = 0, **params: Any) -> Searcher:
    """A searcher by name, not started.

    Args:
        name: One of `list_searchers`.
        seed: Its random state.
        params: Keyword arguments of its constructor.

    Raises:
        UnknownNameError: If there is no such searcher or argument; names the nearest one.

    Example:
        >>> make_searcher("random", seed=3)
        RandomSearch(random_state=3)
    """
    kind = searcher_class(name)
    known = [argument for argument in signature(kind).parameters if argument != "random_state"]
    for argument in params:
        choice(argument, known, f"argument of the searcher {name!r}")
    return kind(random_state=seed, **params)


def informed_searcher(name: str, seed: int, others: Callable[[], pd.DataFrame], **params: Any) -> Searcher:
    """A searcher by name; `transfer` is given what is known of other tasks.

    Args:
        name: One of `list_searchers`.
        seed: Its random state.
        others: Gives other tasks' values, higher is better, of shape (n, S), indexed by architecture; called if needed.
        params: Its other parameters.

    Raises:
        UnknownNameError: If there is no such searcher or parameter; names the nearest one.
        ValueError: If `transfer` has no other task to learn from.

    Example:
        >>> import pandas as pd
        >>> informed_searcher("random", 3, pd.DataFrame)
        RandomSearch(random_state=3)
    """
    if name == _INFORMED:
        sources = others()
        if not sources.shape[1]:
            raise ValueError(f"the searcher {name!r} learns from other tasks: expected one besides those searched")
        params["sources"] = sources
    return make_searcher(name, seed, **params)


def searcher_cost(name: str, wanted: str | None = None) -> str | None:
    """The cost that a searcher makes small besides its aim: the one wanted, or the one it minds without being told.

    Args:
        name: One of `list_searchers`.
        wanted: ``"params"`` or ``"multiply_adds"``; its own, which may be none, if not given.

    Returns:
        The value for its parameter ``cost``; None if it has no such parameter or minds no cost.

    Raises:
        UnknownNameError: If there is no such searcher; names the nearest one.
        ValueError: If a cost is wanted of a searcher that has one aim; names those that have two.

    Example:
        >>> searcher_cost("front"), searcher_cost("nsga2"), searcher_cost("nsga2", "params"), searcher_cost("local")
        ('multiply_adds', None, 'params', None)
    """
    parameter = signature(searcher_class(name)).parameters.get("cost")
    if wanted is None:
        return None if parameter is None else parameter.default
    if parameter is None:
        able = [other for other in _SEARCHERS if "cost" in signature(searcher_class(other)).parameters]
        raise ValueError(
            f"the searcher {name!r} has one aim, and cannot make {wanted} small too: expected {', '.join(able[:-1])} "
            f"or {able[-1]}, or a bound on {wanted}"
        )
    return wanted


def seeded_searcher(searcher: str | Searcher, seed: int) -> Searcher:
    """A searcher by name, or a copy of one, with a seed; not started.

    Raises:
        UnknownNameError: If there is no searcher of that name; names the nearest one.
        TypeError: If it is neither a name nor a `Searcher`, its constructor takes no `random_state`, or the seed is no
            integer.

    Example:
        >>> seeded_searcher(make_searcher("local"), 3)
        LocalSearch(random_state=3)
    """
    from surrogates.search.base import Searcher

    check_type(seed, Integral, "seed", "an integer")
    check_type(searcher, str | Searcher, "searcher", "a name or a Searcher")
    if isinstance(searcher, Searcher):
        if "random_state" not in searcher.get_params(deep=False):
            raise TypeError(f"expected a searcher whose constructor takes random_state, got {type(searcher).__name__}")
        return type(searcher)(**{**searcher.get_params(deep=False), "random_state": seed})
    return make_searcher(searcher, seed)
