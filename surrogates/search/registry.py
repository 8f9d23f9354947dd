"""Registry of searchers by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from inspect import Signature, signature
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeAlias

from benchmarks.errors import check_type, choice

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.search.base import Searcher

__all__ = [
    "INFORMED",
    "SearcherLike",
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

SearcherLike: TypeAlias = "str | Searcher | Callable[..., Any]"
"""What can be a searcher: see `seeded_searcher`."""
_PROPOSER_ARGUMENTS = 4  # space, archs, values, rng

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
        wanted: ``"params"``, ``"multiply_adds"`` or a task of the oracle that is better when lower; the default of the
            searcher, possibly no cost, if not given.

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


def seeded_searcher(searcher: SearcherLike, seed: int) -> Searcher:
    """A searcher with the given seed, not started.

    Args:
        searcher: A name; a searcher, of which a copy is made; a class or a function that makes a searcher, called with
            ``random_state=seed``; or a function that proposes architectures (see `FunctionSearcher`).
        seed: Its `random_state`.

    Raises:
        UnknownNameError: If there is no searcher of that name; names the nearest one.
        TypeError: If `searcher` is none of these, its constructor takes no `random_state`, or the seed is not an
            integer.

    Example:
        >>> seeded_searcher(make_searcher("local"), 3)
        LocalSearch(random_state=3)
    """
    from surrogates.search.base import Searcher

    check_type(seed, Integral, "seed", "an integer")
    if isinstance(searcher, str):
        return make_searcher(searcher, seed)
    if isinstance(searcher, Searcher):
        if "random_state" not in searcher.get_params(deep=False):
            raise TypeError(f"expected a searcher whose constructor takes random_state, got {type(searcher).__name__}")
        return type(searcher)(**{**searcher.get_params(deep=False), "random_state": seed})
    if not callable(searcher):
        raise TypeError(
            f"expected a name, a Searcher, a class of searchers or a function as searcher, got {searcher!r:.200} "
            f"({type(searcher).__name__})"
        )
    return _made(searcher, seed)


def _made(source: Callable[..., Any], seed: int) -> Searcher:
    """The searcher that a class or a factory makes, or one that asks a function."""
    from surrogates.search.base import Searcher
    from surrogates.search.searchers.function import FunctionSearcher

    name = getattr(source, "__name__", type(source).__name__)
    try:
        arguments = signature(source)
    except (TypeError, ValueError):  # some builtins
        arguments = Signature()
    parameters = arguments.parameters.values()
    by_position = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    required = [one.name for one in by_position if one.default is one.empty and one.name != "random_state"]
    if required and not isinstance(source, type) and len(by_position) == _PROPOSER_ARGUMENTS:
        return FunctionSearcher(function=source, random_state=seed)  # a factory requires no arguments
    takes_seed = any(one.name == "random_state" or one.kind is one.VAR_KEYWORD for one in parameters)
    if required or (isinstance(source, type) and not issubclass(source, Searcher)):
        raise TypeError(
            "expected as searcher a subclass of Searcher, a function that makes one, or a function propose(space, "
            f"archs, values, rng), got {name:.200}{arguments!s:.200}"
        )
    made = source(random_state=seed) if takes_seed else source()
    if not isinstance(made, Searcher):
        raise TypeError(f"expected {name:.200}() to return a Searcher, got {type(made).__name__}")
    return seeded_searcher(made, seed)
