"""Objects of the user's own modules, named ``module:attribute`` on the command line, as entry points are."""

from __future__ import annotations

import importlib
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import typer

from benchmarks.errors import did_you_mean
from benchmarks.user_errors import said, user_place

if TYPE_CHECKING:
    from surrogates.search.registry import SearcherLike

__all__ = ["load_object", "own_modules", "own_searcher"]

own_modules: ContextVar[set[str]] = ContextVar("own_modules")
"""Names of the top-level modules that `load_object` was asked for by the command that runs."""


def load_object(name: str) -> Any:
    """Import an object of the user's own.

    Modules of the working directory are found as well.

    Args:
        name: ``module:attribute``, such as ``my_searchers:Climber`` or ``package.module:Class``.

    Raises:
        ValueError: If the name has another form, the module cannot be imported, or it has no such attribute.

    Example:
        >>> load_object("math:sqrt")(9.0)
        3.0
    """
    module, _, attribute = name.partition(":")
    if not attribute or not all(part.isidentifier() for part in module.split(".")) or module.endswith(".py"):
        raise ValueError(
            f"expected module:attribute, such as mine:MyRegressor for a class in the file mine.py, got {name!r:.200}"
        )
    own_modules.get(set()).add(module.partition(".")[0])
    if "" not in sys.path:
        sys.path.append("")  # the working directory, after everything else
    try:
        found: Any = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # whatever the user's module raises
        raise ValueError(f"cannot import {module!r:.200}: {said(error):.400}") from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise ValueError(f"{module!r:.200} has no {attribute!r:.200}{did_you_mean(part, dir(found))}")
        found = getattr(found, part)
    return found


def own_searcher(name: str, option: str) -> SearcherLike:
    """Import a searcher of the user's own: a class, an instance, or a function (`surrogates.search.FunctionSearcher`).

    Args:
        name: ``module:attribute``.
        option: Name of the option that it was given with, for the message.

    Raises:
        typer.BadParameter: If it cannot be imported, or is no searcher.

    Example:
        >>> own_searcher("surrogates.search.searchers.local:LocalSearch", "--method").__name__
        'LocalSearch'
    """
    from surrogates.search.registry import seeded_searcher

    try:
        found: SearcherLike = load_object(name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
    try:
        seeded_searcher(found, 0)
    except Exception as error:
        why = said(error) if user_place(error) else str(error)
        raise typer.BadParameter(f"{name!r:.200} is no searcher: {why:.400}", param_hint=option) from error
    return found
