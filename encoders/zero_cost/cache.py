"""Cache of computed scores, in memory and optionally on disk."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.files import write_beside

__all__ = ["ScoreCache"]

_MEMORY: dict[str, dict[str, dict[str, float]]] = {}
_SECONDS = 20.0
_log = logging.getLogger(__name__)


class ScoreCache:
    """Scores by architecture and name, for one set of settings.

    Caches with equal settings share memory. On disk they are one JSON file, written atomically; a damaged file is
    rebuilt.

    Args:
        settings: Everything that the scores depend on, apart from architecture and name; plain values.
        folder: Folder that stores them between processes; None = in memory only.

    Example:
        >>> cache = ScoreCache({"seed": 0, "note": "example"}, None)
        >>> cache.add("64-2311-basic", {"synflow": 1.5})
        >>> ScoreCache({"seed": 0, "note": "example"}, None).known("64-2311-basic")
        {'synflow': 1.5}
    """

    def __init__(self, settings: Mapping[str, Any], folder: str | Path | None) -> None:
        self._settings = json.loads(json.dumps(dict(settings), sort_keys=True))
        digest = hashlib.sha256(json.dumps(self._settings, sort_keys=True).encode()).hexdigest()[:16]
        self._scores = _MEMORY.setdefault(digest, {})
        self._path = None if folder is None else Path(folder) / f"zero-cost-{digest}.json"
        self._saved = time.monotonic()
        self._merge_stored()

    def known(self, arch: str) -> dict[str, float]:
        """Name -> cached score of an architecture; NaN = not defined."""
        return self._scores.get(arch, {})

    def add(self, arch: str, scores: Mapping[str, float]) -> None:
        """Add scores; they are written to disk every 20 seconds, so that an interrupted run can resume."""
        self._scores.setdefault(arch, {}).update(scores)
        if time.monotonic() - self._saved > _SECONDS:
            self.save()

    def save(self) -> None:
        """Write the file and keep scores that other processes have added to it."""
        if self._path is None:
            return
        self._merge_stored()
        plain = {
            arch: {name: None if math.isnan(score) else score for name, score in scores.items()}
            for arch, scores in sorted(self._scores.items())
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with write_beside(self._path) as beside:
            beside.write_text(json.dumps({"settings": self._settings, "scores": plain}), encoding="utf-8")
        self._saved = time.monotonic()

    def _merge_stored(self) -> None:
        """Add scores of the file that are missing in memory."""
        if self._path is None:
            return
        try:
            stored = json.loads(self._path.read_text("utf-8"))
            if stored["settings"] != self._settings:
                raise ValueError("it holds other settings")
            found = {
                arch: {name: math.nan if score is None else float(score) for name, score in scores.items()}
                for arch, scores in stored["scores"].items()
            }
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            _log.warning("%s is invalid and will be rebuilt: %s", self._path, error)
            return
        for arch, scores in found.items():
            self._scores[arch] = {**scores, **self._scores.get(arch, {})}
