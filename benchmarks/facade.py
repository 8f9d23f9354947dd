"""Lazy packages: public names are imported on first use and listed once, in the imports that type checkers read."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from benchmarks.errors import MissingExtraError

__all__ = ["lazy_facade"]


def lazy_facade(
    package: str, extras: Mapping[str, tuple[str, str]] | None = None
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """``__all__``, ``__getattr__`` and ``__dir__`` of a package that imports its public names on first use.

    The public names are the imports under ``if TYPE_CHECKING:`` in its ``__init__.py``, each written ``from module
    import Name as Name``: type checkers, readers and this function see the same lines. Names imported elsewhere in the
    file are ignored, apart from ``__version__``.

    Args:
        package: ``__name__`` of the package.
        extras: Import name of an optional library -> (package to install, extra of this project that installs it).

    Returns:
        The three objects, to be assigned in the ``__init__.py``. ``__getattr__`` raises `AttributeError` for other
        names, `MissingExtraError` if a library of `extras` is missing, and passes on any other error of an import.

    Example:
        >>> names, find, _ = lazy_facade("surrogates.oracle")
        >>> names, find("Oracle").__module__
        (['Oracle'], 'surrogates.oracle.oracle')
    """
    modules = _offered(package)
    public = sorted({*modules, *({"__version__"} & vars(_module(package)).keys())})

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
        except AttributeError as error:  # as such, Python would say that there is no such name, and not why
            raise ImportError(f"{package}.{name} cannot be imported: {error}") from error

    def __dir__() -> list[str]:  # noqa: N807
        return list(public)

    return public, __getattr__, __dir__


def _offered(package: str) -> dict[str, str]:
    """Public name -> module, read from the ``if TYPE_CHECKING:`` block."""
    found: dict[str, str] = {}
    for block in ast.parse(_source(package)).body:
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING":
            for line in block.body:
                if isinstance(line, ast.ImportFrom) and line.module:
                    found |= {name.asname: line.module for name in line.names if name.asname == name.name}
    return found


def _source(package: str) -> str:
    """Source text of a package's ``__init__.py``; works for packages in a zip file as well."""
    module = _module(package)
    assert module.__spec__ is not None
    loader: Any = module.__spec__.loader
    text: str = loader.get_source(package)
    return text


def _module(package: str) -> ModuleType:
    return sys.modules.get(package) or importlib.import_module(package)
