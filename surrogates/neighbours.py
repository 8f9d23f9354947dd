"""Whether the packages beside this one are ours: many projects have a folder ``benchmarks`` of their own.

It imports nothing of them, so it works where they are hidden.
"""

from __future__ import annotations

import os
import sys

__all__ = ["PACKAGES", "found_at", "shadowed"]

PACKAGES = ("benchmarks", "encoders", "surrogates")
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120  # in a zip file as well


def found_at(name: str) -> str | None:
    """The file that ``import name`` would read, or has read; None if there is none.

    Example:
        >>> found_at("no_such_package") is None
        True
    """
    if name in sys.modules:
        return getattr(sys.modules[name], "__file__", None)
    specs = (finder.find_spec(name, None) for finder in sys.meta_path if hasattr(finder, "find_spec"))
    return next((spec.origin for spec in specs if spec is not None), None)


def shadowed() -> str | None:
    """One line about a package that is found elsewhere than beside this one, or None if all are ours.

    Example:
        >>> shadowed() is None
        True
    """
    for name in PACKAGES:
        found = found_at(name)
        expected = os.path.join(_ROOT, name, "__init__.py")  # noqa: PTH118
        if found is None or os.path.realpath(found) != os.path.realpath(expected):
            return (
                f"another package named {name!r} hides that of transnas-surrogates: found {found or 'none'}, "
                f"expected {expected}; rename it, or run where it is not on the path (from another folder, without "
                "PYTHONPATH, or with python -P)"
            )
    return None
