"""What a fitted surrogate is made of, in forms that need no pickle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

__all__ = ["Pack"]


@dataclass
class Pack:
    """What a fitted surrogate is made of, in forms that need no pickle.

    Attributes:
        settings: JSON values.
        arrays: Numeric arrays by name.
        models: Native model files by name, e.g. XGBoost UBJ.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    models: dict[str, bytes] = field(default_factory=dict)
