"""Searchers by name."""

from __future__ import annotations

import importlib
from inspect import signature
from numbers import Integral
from typing import TYPE_CHECKING, Any

from benchmarks.errors import choice

if TYPE_CHECKING:
    from surrogates.search.base import Searcher

__all__ = ["list_searchers", "make_searcher", "searcher_class", "seeded_searcher"]

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
    from surrogates.search.errors import expect

    expect(seed, Integral, "seed", "an integer")
    expect(searcher, str | Searcher, "searcher", "a name or a Searcher")
    if isinstance(searcher, Searcher):
        if "random_state" not in searcher.get_params(deep=False):
            raise TypeError(f"expected a searcher whose constructor takes random_state, got {type(searcher).__name__}")
        return type(searcher)(**{**searcher.get_params(deep=False), "random_state": seed})
    return make_searcher(searcher, seed)
