"""Warnings that point to the user's line, not to one of this package."""

from __future__ import annotations

import inspect
import os
import warnings
from pathlib import Path

__all__ = ["OURS", "warn_user"]

OURS = tuple(str(Path(__file__).parents[1] / name) + os.sep for name in ("benchmarks", "encoders", "surrogates"))
"""Folders of this package."""


def warn_user(text: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning at the innermost frame outside this package and the standard library's context managers.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     warn_user("mind the gap")
        >>> str(caught[0].message), caught[0].category.__name__
        ('mind the gap', 'UserWarning')
    """
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_back is not None and _is_ours(frame.f_code.co_filename):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, category, stacklevel=level)


def _is_ours(file: str) -> bool:
    return file.startswith(OURS) or file.endswith(("contextlib.py", "functools.py"))
