"""Packages whose names are imported when first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.errors import MissingExtraError

__all__ = ["lazy_names"]


def lazy_names(
    package: str, modules: Mapping[str, str], extras: Mapping[str, tuple[str, str]] | None = None
) -> Callable[[str], Any]:
    """A ``__getattr__`` for a package, so that opening it imports none of what it offers.

    Args:
        package: Its name.
        modules: Name it offers -> module that has it.
        extras: Library that may be missing, as it is imported -> package to install, extra of ours that installs it.

    Returns:
        Function from a name to what it stands for. It raises `AttributeError` for other names, and `MissingExtraError`
        if a library of `extras` is missing.

    Example:
        >>> names = lazy_names("numbers", {"Fraction": "fractions"})
        >>> names("Fraction")(1, 2)
        Fraction(1, 2)
    """

    def __getattr__(name: str) -> Any:  # noqa: N807
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            return getattr(importlib.import_module(modules[name]), name)
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if missing not in (extras or {}):
                raise
            raise MissingExtraError(f"{package}.{name}", *(extras or {})[missing]) from error

    return __getattr__
