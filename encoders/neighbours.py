"""Raises an `ImportError` if another package hides ``benchmarks``, a name that many projects have for their own."""

from __future__ import annotations

import importlib.util
import os
import sys

__all__ = ["EXPECTED"]

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120  # in a zip file as well
EXPECTED = os.path.join(_ROOT, "benchmarks", "__init__.py")  # noqa: PTH118
"""File of the package ``benchmarks`` that belongs to this one."""

_module = sys.modules.get("benchmarks")
_spec = importlib.util.find_spec("benchmarks") if _module is None else None
_found: str | None = getattr(_module or _spec, "__file__" if _module else "origin", None)
if _found is None or os.path.realpath(_found) != os.path.realpath(EXPECTED):
    raise ImportError(
        f"another package named 'benchmarks' hides that of transnas-surrogates: found {_found or 'none'}, expected "
        f"{EXPECTED}; rename it, or run where it is not on the path (from another folder, without PYTHONPATH, or with "
        "python -P)"
    )
