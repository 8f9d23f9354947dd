"""Predictions of numbered rows in shards: parquet files, each written as a whole or not at all, and resumed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.file_locks import file_lock
from benchmarks.files import write_beside
from benchmarks.spaces.enumeration import ArchRows
from surrogates.oracle.predictors import Predictor, about, predict_matrix
from surrogates.shards.blocks import Block, batch_size, predicted_blocks
from surrogates.shards.folder import ShardFolder
from surrogates.shards.top import TopRows, higher_is_better

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ShardProgress", "claim_shards", "predict_shards"]

_PROBES = 256
_BEFORE, _BEHIND = ("index", "arch"), ("in_domain", "novelty", "n_archs")
"""Columns of the files before and behind those of tasks."""
_GROUP = 131_072
"""Rows of a row group of the parquet files, about."""


@dataclass(frozen=True)
class ShardProgress:
    """Progress of shards after a block.

    Attributes:
        total: Number of rows of all shards that were asked for.
        finished: Number of rows that are predicted, those of shards that were finished before included.
        shard: Shard of the last block; None at the beginning.
        elsewhere: Shards that other processes were working on.
    """

    total: int
    finished: int
    shard: int | None = None
    elsewhere: tuple[int, ...] = ()


def predict_shards(
    predictor: Predictor,
    rows: ArchRows,
    folder: str | Path,
    shards: int = 1,
    shard: int | None = None,
    top: int = 100,
    keep_rows: bool = True,
) -> Generator[ShardProgress, None, None]:
    """Predict numbered rows and write them as parquet files, in constant memory.

    A shard that is finished is skipped; one that was interrupted is predicted again; one that another process is
    working on is left to it. So several processes, also of machines that share the folder, can be given all shards.

    Args:
        predictor: Predictor of the rows' space: a fitted surrogate, `load_answers`, or any other.
        rows: The rows (`benchmarks.spaces.enumerate_space`).
        folder: Folder to write; created if needed.
        shards: Number of shards; their sizes are equal up to a batch (`batch_size`).
        shard: The one to predict, counted from 1; all if not given.
        top: Number of best rows of every task that is kept of each shard (`top_rows` merges them).
        keep_rows: Whether to write the predictions; if not, only the best are.

    Yields:
        One at the beginning, then one after every block.

    Raises:
        ArtefactError: If the folder holds other predictions: other rows, another model, another number of shards;
            nothing is changed then.
        OSError: If a file cannot be written (a full disk); finished shards are intact, and nothing is half-written.
        ValueError: If the predictor is of another space, a number is out of range, or a task has the name of another
            column.

    Example:
        >>> import tempfile
        >>> from benchmarks.spaces import enumerate_space
        >>> from surrogates.pretrained.load import load_answers
        >>> rows, folder = enumerate_space("nasbench201"), tempfile.mkdtemp()
        >>> for progress in predict_shards(load_answers("nasbench201"), rows, folder, shards=2):
        ...     print(progress.finished, progress.total)
        0 4930
        4096 4930
        4930 4930
        >>> from surrogates.shards import top_rows
        >>> top_rows(folder, "cifar100", n=1)[["rank", "index", "n_archs"]].values.tolist()
        [[1, 3107, 1]]
    """
    place = claim_shards(predictor, rows, folder, shards, shard, top, keep_rows)
    asked = range(1, shards + 1) if shard is None else [shard]
    ranges = {each: place.range_of(each) for each in asked}
    total = sum(stop - start for start, stop in ranges.values())
    finished = sum(stop - start for each, (start, stop) in ranges.items() if place.is_finished(each))
    yield ShardProgress(total, finished)
    reported, elsewhere = finished, list[int]()
    for each, (start, stop) in ranges.items():
        if place.is_finished(each):
            continue
        with file_lock(place.lock_file(each)) as mine:
            if not mine:
                elsewhere.append(each)
            elif not place.is_finished(each):
                for count in _write(predictor, rows, place, each, start, stop):
                    finished += count
                    reported = finished
                    yield ShardProgress(total, finished, each, tuple(elsewhere))
            else:  # by another process, since the beginning
                finished += stop - start
    if elsewhere or finished != reported:
        yield ShardProgress(total, finished, None, tuple(elsewhere))


def claim_shards(
    predictor: Predictor, rows: ArchRows, folder: str | Path, shards: int, shard: int | None, top: int, keep_rows: bool
) -> ShardFolder:
    """Create the folder of `predict_shards`, whose arguments these are, or check that it is of the same predictions.

    Raises:
        ArtefactError: If the folder holds other predictions.
        OSError: If it cannot be written.
        ValueError: If the predictor is of another space, a number is out of range, or a task has the name of another
            column.
    """
    if predictor.space_ != rows.space:
        raise ValueError(f"expected rows of {predictor.space_}, the space of the model, got rows of {rows.space.name}")
    if about(predictor).equivalence == "string" and rows.describe().get("rows") == "functions":
        raise ValueError(
            "expected one row for every string, as the model tells apart architectures of one function, got one for "
            "every function: equivalence='string'"
        )
    batch = batch_size(predictor, rows)
    most = max(-(-len(rows) // batch), 1)
    if not 1 <= shards <= most:
        raise ValueError(
            f"expected 1 to {most:,} shards for {len(rows):,} rows, of at least {batch:,} rows each, got {shards:,}"
        )
    if shard is not None and not 1 <= shard <= shards:
        raise ValueError(f"expected a shard from 1 to {shards:,}, got {shard:,}")
    _check_columns(predictor.tasks_)
    if top < 1:
        raise ValueError(f"expected at least 1 best row to keep, got {top:,}")
    lowered = about(predictor).minimize or ()
    settings = {
        "rows": rows.describe(),
        "n_rows": len(rows),
        "n_architectures": rows.n_archs,
        "batch": batch,
        "shards": shards,
        "top": top,
        "keep_rows": keep_rows,
        "tasks": {task: higher_is_better(task, lowered) for task in predictor.tasks_},
    }
    return ShardFolder.claim(folder, settings, _probe(predictor, rows))


def _check_columns(tasks: tuple[str, ...]) -> None:
    """Refuse a task whose name, or that of its standard deviations, is that of another column."""
    known = {*_BEFORE, *_BEHIND}
    for task in tasks:
        for name in (task, f"{task}_std"):
            if name in known:
                raise ValueError(
                    f"expected tasks with columns of their own, got {task!r:.200}: {name!r:.200} is a column already "
                    f"({', '.join((*_BEFORE, *_BEHIND))}, each task and its _std)"
                )
            known.add(name)


def _probe(predictor: Predictor, rows: ArchRows) -> dict[str, list[float]]:
    """Predictions of a few rows, from the first to the last."""
    numbers = dict.fromkeys(np.linspace(0, len(rows) - 1, _PROBES).astype(np.int64).tolist())
    archs = [rows.archs(number, number + 1)[0] for number in numbers]
    found = np.concatenate(predict_matrix(predictor, archs), axis=1)
    return dict(zip(archs, found.tolist(), strict=True))


def _write(
    predictor: Predictor, rows: ArchRows, place: ShardFolder, shard: int, start: int, stop: int
) -> Iterator[int]:
    """Write a shard; yields the number of rows of each block."""
    place.clear(shard)
    best = TopRows(list(place.higher.values()), place.top)
    known: dict[int, dict[str, Any]] = {}  # what is told of the best rows, by their number
    with _RowsFile(place, shard).opened() as file:
        for block in predicted_blocks(predictor, rows, start, stop):
            columns = _columns(block, rows, place.tasks)
            file.write(columns)
            _keep_best(best, known, block, columns)
            yield len(block.archs)
        file.finish()
    _write_top(place, shard, best, known)


def _columns(block: Block, rows: ArchRows, tasks: tuple[str, ...]) -> dict[str, NDArray[Any] | list[str]]:
    """The columns of a block of m rows."""
    stop = block.start + len(block.archs)
    mean, std = block.mean.astype(np.float32), block.std.astype(np.float32)
    counts = rows.counts(block.start, stop).astype(np.int32)
    return {
        **dict(zip(_BEFORE, (np.arange(block.start, stop, dtype=np.int64), block.archs), strict=True)),
        **{task: mean[:, t] for t, task in enumerate(tasks)},
        **{f"{task}_std": std[:, t] for t, task in enumerate(tasks)},
        **dict(zip(_BEHIND, (block.published, block.novelty.astype(np.float32), counts), strict=True)),
    }


def _keep_best(best: TopRows, known: dict[int, dict[str, Any]], block: Block, columns: dict[str, Any]) -> None:
    """Bring the best rows, and what is known of them, up to date with a block."""
    best.add(block.start, block.mean)
    kept = set(np.concatenate(best.rows()).tolist())
    for number in known.keys() - kept:
        del known[number]
    for number in kept - known.keys():
        known[number] = {name: column[number - block.start] for name, column in columns.items()}


def _write_top(place: ShardFolder, shard: int, best: TopRows, known: dict[int, dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    named = [(task, known[number]) for task, rows in zip(place.tasks, best.rows(), strict=True) for number in rows]
    kinds = {"index": pa.int64(), "arch": pa.string(), "value": pa.float32(), "std": pa.float32()}
    kinds |= {"in_domain": pa.bool_(), "novelty": pa.float32(), "n_archs": pa.int32()}
    said = [{**row, "value": row[task], "std": row[f"{task}_std"]} for task, row in named]
    columns = {"task": pa.array([task for task, _ in named], pa.string())}
    columns |= {name: pa.array([row[name] for row in said], kind) for name, kind in kinds.items()}
    with write_beside(place.top_file(shard)) as beside:
        pyarrow.parquet.write_table(pa.table(columns), beside, compression="zstd", write_page_checksum=True)


class _RowsFile:
    """The file of a shard's predictions, a row group a batch; nothing is written if the rows are not kept."""

    def __init__(self, place: ShardFolder, shard: int) -> None:
        self.place, self.shard = place, shard
        self._writer: Any = None
        self._beside: Path | None = None
        self._waiting: list[pa.Table] = []

    @contextmanager
    def opened(self) -> Iterator[_RowsFile]:
        """The file, written beside its name until all is written."""
        if not self.place.about["keep_rows"]:
            yield self
            return
        with write_beside(self.place.rows_file(self.shard)) as self._beside:
            try:
                yield self
            finally:
                if self._writer is not None:
                    self._writer.close()

    def write(self, columns: dict[str, Any]) -> None:
        """Add the rows of a block."""
        if self._beside is None:
            return
        import pyarrow as pa

        self._waiting.append(pa.table({**columns, "arch": pa.array(columns["arch"], pa.string())}))
        if sum(map(len, self._waiting)) >= _GROUP:
            self._flush()

    def finish(self) -> None:
        """Write what is left."""
        if self._waiting:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet

        found = pa.concat_tables(self._waiting)
        if self._writer is None:
            self._writer = pyarrow.parquet.ParquetWriter(
                self._beside,
                found.schema,
                compression="zstd",
                use_dictionary=["novelty", "n_archs"],
                column_encoding={
                    "index": "DELTA_BINARY_PACKED",
                    "arch": "DELTA_BYTE_ARRAY",
                    **{name: "BYTE_STREAM_SPLIT" for task in self.place.tasks for name in (task, f"{task}_std")},
                },
                write_page_checksum=True,
            )
        self._waiting = []
        self._writer.write_table(found)
