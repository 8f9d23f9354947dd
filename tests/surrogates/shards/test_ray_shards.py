"""Shards as tasks of a real Ray on this machine."""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import ArtefactError, DagSpace, get_space, register_space, unregister_space
from benchmarks.ray_cluster import RayError
from benchmarks.spaces import enumerate_space
from surrogates.shards import ShardFolder, predict_shards, predict_shards_on_ray, ray_tasks, top_rows
from tests.own_spaces import random_graphs
from tests.ray_cluster import cluster_of_one
from tests.surrogates.shards.test_shards import ROWS, Stub

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of Ray's own processes and files


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with cluster_of_one(2) as found:
        yield found.address


def test_tasks_write_the_same_shards(address: str, tmp_path: Path) -> None:
    list(predict_shards(Stub(), ROWS, tmp_path / "here", shards=2))
    steps = list(predict_shards_on_ray(Stub, ROWS, tmp_path / "there", shards=2, address=address))
    assert (steps[0].finished, steps[-1].finished, len(steps)) == (0, len(ROWS), 3)
    for shard in (1, 2):
        files = [ShardFolder.open(tmp_path / name).rows_file(shard) for name in ("here", "there")]
        pd.testing.assert_frame_equal(*map(pd.read_parquet, files))
    pd.testing.assert_frame_equal(top_rows(tmp_path / "there"), top_rows(tmp_path / "here"))
    assert [
        step.finished for step in predict_shards_on_ray(Stub, ROWS, tmp_path / "there", shards=2, address=address)
    ] == [len(ROWS)]
    with pytest.raises(ArtefactError, match="shards was 2 and is now 1"):
        list(predict_shards_on_ray(Stub, ROWS, tmp_path / "there", shards=1, address=address))


def own_stub() -> Stub:
    stub = Stub()
    stub.space_ = get_space("mine").name  # as `load_surrogate` does
    return stub


def test_a_space_of_the_users_own_is_known_in_another_process(tmp_path: Path) -> None:
    register_space(DagSpace("mine", random_graphs(8)))
    try:
        order = (own_stub, enumerate_space("mine"), tmp_path / "out", 1, 5, True)
        (tmp_path / "order").write_bytes(pickle.dumps(order))
    finally:
        unregister_space("mine")
    program = """if True:
        import pickle
        from surrogates.shards.ray_tasks import do_shard
        print(do_shard(pickle.load(open("order", "rb")), 1))
    """
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout == "True\n", done.stderr


def test_errors_of_a_task_are_those_of_this_machine(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = predict_shards_on_ray(Stub, ROWS, tmp_path / "out", shards=2, address=address)
    next(steps)
    (tmp_path / "out" / "shards.json").write_text("{}")
    with pytest.raises(ArtefactError, match="holds another set of predictions"):
        list(steps)
    monkeypatch.setattr(ray_tasks, "__version__", "9.9.9")
    with pytest.raises(RayError, match=r"has version .* of transnas-surrogates, expected this machine's, 9\.9\.9"):
        list(predict_shards_on_ray(Stub, ROWS, tmp_path / "other", shards=2, address=address))
    assert not list((tmp_path / "other").glob("*.parquet"))
