"""Packages whose names are imported when first used, each written once: where type checkers read it."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.errors import MissingExtraError

__all__ = ["lazy_facade"]


def lazy_facade(
    package: str, extras: Mapping[str, tuple[str, str]] | None = None
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """``__all__``, ``__getattr__`` and ``__dir__`` of a package, so that opening it imports none of what it offers.

    What it offers are the imports under ``if TYPE_CHECKING:`` in its ``__init__.py``, each ``from module import Name as
    Name``: type checkers, readers and this function see the same lines. Names imported elsewhere in the file are its
    own affair, apart from ``__version__``.

    Args:
        package: Its ``__name__``.
        extras: Library that may be missing, as it is imported -> package to install, extra of ours that installs it.

    Returns:
        The three, to be assigned. The second raises `AttributeError` for other names, and `MissingExtraError` if a
        library of `extras` is missing.

    Example:
        >>> names, find, _ = lazy_facade("surrogates.oracle")
        >>> names, find("Oracle").__module__
        (['Oracle'], 'surrogates.oracle.oracle')
    """
    modules = _offered(package)
    public = sorted([*modules, *(["__version__"] if hasattr(sys.modules.get(package), "__version__") else [])])

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

    def __dir__() -> list[str]:  # noqa: N807
        return list(public)

    return public, __getattr__, __dir__


def _offered(package: str) -> dict[str, str]:
    """Name -> module, from the block that only type checkers run."""
    found: dict[str, str] = {}
    for block in ast.parse(_source(package)).body:
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING":
            for line in block.body:
                if isinstance(line, ast.ImportFrom) and line.module:
                    found |= {name.asname: line.module for name in line.names if name.asname == name.name}
    return found


def _source(package: str) -> str:
    """The text of a package's ``__init__.py``; also from a zip file."""
    module = sys.modules.get(package) or importlib.import_module(package)
    assert module.__spec__ is not None
    loader: Any = module.__spec__.loader
    text: str = loader.get_source(package)
    return text
