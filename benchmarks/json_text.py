"""JSON as people write it: what a reader would understand in two ways is refused."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.errors import shown

__all__ = ["read_json"]


def read_json(content: str | bytes) -> Any:
    """The value of a JSON text; bytes are UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    Raises:
        ValueError: If it is not JSON, nested too deeply, or a name stands twice in one object, of which the `json`
            module would use the last and say nothing.

    Example:
        >>> read_json('{"tasks": ["jigsaw"], "tasks": ["normal"]}')
        Traceback (most recent call last):
        ...
        ValueError: expected different names in an object, got 'tasks' more than once
    """
    try:
        return json.loads(content, object_pairs_hook=_different)
    except RecursionError:
        raise ValueError("expected fewer lists or objects inside each other") from None


def _different(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"expected different names in an object, got {shown(twice)} more than once")
    return found
