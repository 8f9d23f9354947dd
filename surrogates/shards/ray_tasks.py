"""Shards as tasks of Ray: each machine of a cluster predicts some of them into one shared folder."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import __version__
from benchmarks.extras import DISTRIBUTION
from benchmarks.ray_cluster import RayError, connect, places
from benchmarks.spaces.enumeration import ArchRows
from benchmarks.spaces.registry import register_again
from surrogates.oracle.predictors import Predictor
from surrogates.shards.predict import ShardProgress, claim_shards, predict_shards

__all__ = ["predict_shards_on_ray"]

_WAIT = 1.0
_RETRIES = 3


def predict_shards_on_ray(
    load: Callable[[], Predictor],
    rows: ArchRows,
    folder: str | Path,
    shards: int,
    top: int = 100,
    keep_rows: bool = True,
    address: str = "auto",
) -> Generator[ShardProgress, None, None]:
    """Predict all shards as `predict_shards` does, one a task, on as many machines as a cluster of Ray has.

    Args:
        load: Loads the predictor, on every machine, such as ``partial(load_surrogate, "/shared/model")``; is pickled.
        rows: The rows.
        folder: Folder to write, which all machines share.
        shards: Number of shards; several for each CPU of the cluster.
        top: As in `predict_shards`.
        keep_rows: As in `predict_shards`.
        address: ``"auto"`` or ``"host:port"``.

    Yields:
        One at the beginning, then one after every shard.

    Raises:
        ArtefactError: If the folder holds other predictions.
        MissingExtraError: If Ray is not installed.
        OSError: If a file cannot be written; finished shards are intact.
        RayError: If no cluster answers, a machine has another version of this package, or machines are lost again and
            again.
        ValueError: If the predictor is of another space, or a number is out of range.
    """
    ray = connect(address)
    room = places(ray, {"CPU": 1.0})
    place = claim_shards(load(), rows, folder, shards, None, top, keep_rows)
    sizes = {shard: -int(np.subtract(*place.range_of(shard))) for shard in range(1, shards + 1)}
    ahead = deque(shard for shard in sizes if not place.is_finished(shard))
    total, finished = len(rows), len(rows) - sum(sizes[shard] for shard in ahead)
    yield ShardProgress(total, finished)
    options = {"num_cpus": 1, "max_retries": _RETRIES}
    task = ray.remote(**options)(_task())
    order = ray.put((load, rows, place.path.absolute(), shards, top, keep_rows))
    running: dict[Any, int] = {}
    elsewhere: list[int] = []
    try:
        while ahead or running:
            while ahead and len(running) < 2 * room:
                shard = ahead.popleft()
                running[task.remote([order], shard, __version__)] = shard
            for done in ray.wait(list(running), num_returns=1, timeout=_WAIT)[0]:
                shard = running.pop(done)
                if _answer(ray, done):
                    finished += sizes[shard]
                else:
                    elsewhere.append(shard)
                yield ShardProgress(total, finished, shard, tuple(elsewhere))
    finally:
        for left in running:
            ray.cancel(left, force=True)


def do_shard(order: tuple[Any, ...], shard: int) -> bool:
    """Predict one shard, on the machine of a task; whether it is finished then.

    Args:
        order: Function that loads the predictor, rows, folder, number of shards, best rows and whether to keep all.
        shard: The shard.
    """
    load, rows, folder, shards, top, keep_rows = order
    register_again(rows.space)  # one of the user's own is not known here
    for step in predict_shards(_loaded(load), rows, folder, shards, shard, top, keep_rows):
        last = step
    return not last.elsewhere


@lru_cache(maxsize=1)
def _loaded_of(pickled: bytes) -> Predictor:
    import pickle

    return pickle.loads(pickled)()  # type: ignore[no-any-return]


def _loaded(load: Callable[[], Predictor]) -> Predictor:
    """The predictor, loaded once a process."""
    import pickle

    return _loaded_of(pickle.dumps(load))


def _task() -> Callable[..., Any]:
    """What a task calls; made here, so that Ray sends its code and a machine of another version can answer."""

    def predict(order: list[Any], shard: int, version: str) -> bool | str:
        import platform

        import benchmarks

        if benchmarks.__version__ != version:
            return f"{platform.node()} has version {benchmarks.__version__}"
        import ray

        from surrogates.shards.ray_tasks import do_shard

        return do_shard(ray.get(order[0]), shard)

    return predict


def _answer(ray: Any, done: Any) -> bool:
    """Whether a task finished its shard."""
    try:
        answer = ray.get(done)
    except ray.exceptions.RayTaskError as error:  # raised by our own code there
        cause = getattr(error, "cause", None)
        raise cause if isinstance(cause, Exception) else RayError(str(error)) from error
    except ray.exceptions.RayError as error:
        raise RayError(f"a machine was lost {_RETRIES + 1} times: {error}") from error
    if isinstance(answer, str):
        raise RayError(f"{answer} of {DISTRIBUTION}, expected this machine's, {__version__}")
    return bool(answer)
