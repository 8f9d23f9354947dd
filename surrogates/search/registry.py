"""Registry of searchers by name."""

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
    "INFORMED",
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

INFORMED = "transfer"
"""The searcher that uses values of other tasks."""


def list_searchers() -> tuple[str, ...]:
    """Names of all searchers.

    Example:
        >>> "evolution" in list_searchers()
        True
    """
    return tuple(_SEARCHERS)


def searcher_class(name: str) -> type[Searcher]:
    """The class of a searcher, imported on first use.

    Raises:
        UnknownNameError: If there is no such searcher; names the nearest one.
    """
    module, attribute = _SEARCHERS[choice(name, _SEARCHERS, "searcher")]
    found: type[Searcher] = getattr(importlib.import_module(module), attribute)
    return found


def make_searcher(name: str, seed: int = 0, **params: Any) -> Searcher:
    """Create a searcher by name, not started.

    Args:
        name: One of `list_searchers`.
        seed: Its `random_state`.
        params: Further keyword arguments of its constructor.

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
    """Create a searcher by name; `transfer` is given the values of other tasks as its sources.

    Args:
        name: One of `list_searchers`.
        seed: Its `random_state`.
        others: Returns the values of S other tasks, higher is better, of shape (n, S), indexed by architecture; called
            only if the searcher needs them.
        params: Further keyword arguments of its constructor.

    Raises:
        UnknownNameError: If there is no such searcher or parameter; names the nearest one.
        ValueError: If `transfer` is wanted and there is no other task.

    Example:
        >>> import pandas as pd
        >>> informed_searcher("random", 3, pd.DataFrame)
        RandomSearch(random_state=3)
    """
    if name == INFORMED:
        sources = others()
        if not sources.shape[1]:
            raise ValueError(f"the searcher {name!r} learns from other tasks: expected at least one, got none")
        params["sources"] = sources
    return make_searcher(name, seed, **params)


def searcher_cost(name: str, wanted: str | None = None) -> str | None:
    """The cost that a searcher minimises as a second objective: the one wanted, or the searcher's default.

    Args:
        name: One of `list_searchers`.
        wanted: ``"params"`` or ``"multiply_adds"``; the default of the searcher, possibly no cost, if not given.

    Returns:
        The value for its parameter ``cost``; None if it has no such parameter, or minimises no cost by default.

    Raises:
        UnknownNameError: If there is no such searcher; names the nearest one.
        ValueError: If a cost is wanted of a single-objective searcher; names those with a second objective.

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
            f"the searcher {name!r} has a single objective and cannot minimise {wanted} as well: expected "
            f"{', '.join(able[:-1])} or {able[-1]}, or an upper bound on {wanted}"
        )
    return wanted


def seeded_searcher(searcher: str | Searcher, seed: int) -> Searcher:
    """A searcher created by name, or a copy of the given one, with the given seed; not started.

    Raises:
        UnknownNameError: If there is no searcher of that name; names the nearest one.
        TypeError: If `searcher` is neither a name nor a `Searcher`, its constructor takes no `random_state`, or the
            seed is not an integer.

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
