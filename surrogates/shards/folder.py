"""A folder of shards: what its predictions are of, which shards are finished, and its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.errors import ArtefactError
from benchmarks.run_directory import RunDirectory

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ShardFolder"]

_KIND, _FILE, _FORMAT = "set of predictions", "shards.json", 1
_PROBE = "probe"
_CLOSE = 1e-5
"""Relative difference of predictions of one model on two machines that is let pass."""


class ShardFolder:
    """The shards of one set of predictions.

    Args:
        path: The folder.
        about: Its description, as JSON values (`shards.json`).

    Attributes:
        path, about: As above.

    Example:
        >>> folder = ShardFolder("out", {"shards": 16, "top": 100, "tasks": {"jigsaw": True}, "keep_rows": True})
        >>> folder.rows_file(3).name, folder.top_file(3).name
        ('shard-03-of-16.parquet', 'top-03-of-16.parquet')
    """

    def __init__(self, path: str | Path, about: Mapping[str, Any]) -> None:
        self.path, self.about = Path(path), dict(about)

    @classmethod
    def claim(cls, path: str | Path, about: Mapping[str, Any], probe: Mapping[str, Sequence[float]]) -> ShardFolder:
        """Create a folder, or check that an existing one holds the same predictions.

        Args:
            path: The folder.
            about: Everything that the predictions depend on, apart from the model, as JSON values.
            probe: Predictions of a few architectures, which tell one model from another.

        Raises:
            ArtefactError: If it holds other predictions or other files; names what differs. Nothing is changed then.
            OSError: If it cannot be written.
        """
        directory = RunDirectory(path, _KIND, _FILE)
        numbers = {arch: [float(value) for value in values] for arch, values in probe.items()}
        settings = {"format": _FORMAT, **about}
        directory.claim(settings, beside={_PROBE: numbers})
        _check_model(directory, numbers)
        return cls(path, settings)

    @classmethod
    def open(cls, path: str | Path) -> ShardFolder:
        """An existing folder.

        Raises:
            ArtefactError: If there is none, or its description is damaged.
        """
        try:
            about = RunDirectory(path, _KIND, _FILE).about()
        except (FileNotFoundError, NotADirectoryError):
            raise ArtefactError(
                f"expected a folder with predictions in shards (surrogates predict MODEL --space SPACE --out FOLDER), "
                f"got {str(path)!r:.200}, without {_FILE}"
            ) from None
        if about.get("format") != _FORMAT or not {"shards", "top", "tasks", "keep_rows", "batch", "n_rows"} <= set(
            about
        ):
            raise ArtefactError(f"{str(path)!r:.200}: {_FILE} is damaged, or written by another version")
        return cls(path, about)

    @property
    def shards(self) -> int:
        """Number of shards."""
        return int(self.about["shards"])

    @property
    def top(self) -> int:
        """Number of best rows that each shard keeps of every task."""
        return int(self.about["top"])

    @property
    def higher(self) -> dict[str, bool]:
        """For each task whether higher values are better."""
        return dict(self.about["tasks"])

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks."""
        return tuple(self.higher)

    def range_of(self, shard: int) -> tuple[int, int]:
        """First row of a shard, and that behind its last; sizes are equal up to a batch."""
        batch, n_rows = int(self.about["batch"]), int(self.about["n_rows"])
        batches = -(-n_rows // batch)
        start, stop = (end * batches // self.shards * batch for end in (shard - 1, shard))
        return start, min(stop, n_rows)

    def rows_file(self, shard: int) -> Path:
        """The predictions of a shard; shards are counted from 1."""
        return self._file("shard", shard, "parquet")

    def top_file(self, shard: int) -> Path:
        """The best rows of a shard, the last file that is written of it."""
        return self._file("top", shard, "parquet")

    def lock_file(self, shard: int) -> Path:
        """The file that a process locks while it works on a shard."""
        return self._file("shard", shard, "lock")

    def is_finished(self, shard: int) -> bool:
        """Whether a shard is written."""
        files = [self.top_file(shard), *([self.rows_file(shard)] if self.about["keep_rows"] else [])]
        return all(file.exists() for file in files)

    def finished(self) -> list[int]:
        """The shards that are written.

        Raises:
            ArtefactError: If there is none.
        """
        found = [shard for shard in range(1, self.shards + 1) if self.is_finished(shard)]
        if not found:
            raise ArtefactError(f"{str(self.path)!r:.200}: none of {self.shards:,} shards is finished")
        return found

    def read_top(self, shard: int) -> pd.DataFrame:
        """The best rows of a finished shard.

        Raises:
            ArtefactError: If the file is damaged; says what to do.
        """
        import pyarrow as pa
        import pyarrow.parquet

        file = self.top_file(shard)
        try:
            frame: pd.DataFrame = pyarrow.parquet.read_table(file, page_checksum_verification=True).to_pandas()
        except (pa.ArrowException, OSError) as error:
            text = " ".join(str(error).split())
            raise ArtefactError(
                f"{str(file)!r:.200} is damaged ({text:.100}); delete it, and predict that shard again"
            ) from error
        return frame

    def clear(self, shard: int) -> None:
        """Remove what a killed process left of a shard; only for the holder of its lock."""
        for file in (self.rows_file(shard), self.top_file(shard)):
            for left in self.path.glob(f".*-{file.name}"):
                left.unlink(missing_ok=True)

    def _file(self, kind: str, shard: int, suffix: str) -> Path:
        digits = len(str(self.shards))
        return self.path / f"{kind}-{shard:0{digits}}-of-{self.shards}.{suffix}"


def _check_model(directory: RunDirectory, numbers: Mapping[str, list[float]]) -> None:
    before = directory.about().get(_PROBE)
    if not isinstance(before, dict) or before.keys() != numbers.keys():
        raise ArtefactError(f"{str(directory.description)!r:.200} is damaged: expected predictions under {_PROBE!r}")
    for arch, values in numbers.items():
        if not np.allclose(before[arch], values, rtol=_CLOSE, atol=0.0, equal_nan=True):
            raise ArtefactError(
                f"{str(directory.path)!r:.200} holds predictions of another model: of {arch} it predicted "
                f"{before[arch][0]:.6g}, this one predicts {values[0]:.6g}; choose another folder, or delete that one "
                "to start again"
            )
