"""Predictions in shards: the same values as `predict`, exact tops, resuming, and refusals that lose nothing."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from numpy.typing import NDArray

from benchmarks import ArtefactError, get_space
from benchmarks.file_locks import file_lock
from benchmarks.run_directory import RunDirectory
from benchmarks.spaces import enumerate_space
from surrogates.oracle.predictors import novelty_of, predict_matrix
from surrogates.pretrained.load import load_answers
from surrogates.shards import ShardFolder, blocks, predict_shards, top_rows
from surrogates.shards.predict import ShardProgress

ROWS = enumerate_space("nasbench201")


class Stub:
    """Values that are easy to know, with many ties; "loss" is better when lower."""

    space_, tasks_, minimize_ = "nasbench201", ("cifar10", "loss"), ("loss",)
    shift = 0.0

    def predict(self, archs: Sequence[str], return_std: Any = True) -> tuple[NDArray[Any], NDArray[Any]]:
        counts = np.array([[arch.count("conv_3x3"), arch.count("skip")] for arch in archs], dtype=float)
        return counts + 1 + self.shift, np.ones_like(counts)


class Strings(Stub):
    equivalence_ = "string"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_STRINGS", 512)


def run(folder: Path, predictor: Any = None, **options: Any) -> list[ShardProgress]:
    return list(predict_shards(predictor or Stub(), ROWS, folder, **options))


def frame(folder: Path) -> pd.DataFrame:
    parts = [pd.read_parquet(file) for file in sorted(folder.glob("shard-*.parquet"))]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("shards", [1, 3, 10])
def test_shards_hold_every_row_once(shards: int, tmp_path: Path) -> None:
    steps = run(tmp_path / "out", shards=shards)
    assert (steps[0].finished, steps[-1].finished, steps[-1].total) == (0, len(ROWS), len(ROWS))
    found = frame(tmp_path / "out")
    assert found["index"].tolist() == list(range(len(ROWS)))
    assert found["arch"].tolist() == ROWS.archs(0, len(ROWS))
    mean, std = Stub().predict(found["arch"].tolist())
    np.testing.assert_array_equal(found[["cifar10", "loss"]], mean)
    np.testing.assert_array_equal(found[["cifar10_std", "loss_std"]], std)
    assert found["n_archs"].sum() == 15625
    assert found["in_domain"].all()
    assert found["novelty"].isna().all()
    assert not list((tmp_path / "out").glob("*.lock"))


@pytest.mark.parametrize("shards", [1, 4])
def test_the_best_are_those_of_a_sorted_table(shards: int, tmp_path: Path) -> None:
    run(tmp_path, shards=shards, top=20)
    everything = frame(tmp_path)
    for task, lower in (("cifar10", False), ("loss", True)):
        expected = everything.sort_values([task, "index"], ascending=[lower, True]).head(20)
        found = top_rows(tmp_path, task)
        for name in ("index", "arch", "n_archs", "in_domain"):
            assert found[name].tolist() == expected[name].tolist()
        assert found["value"].tolist() == expected[task].tolist()
        assert found["rank"].tolist() == list(range(1, 21))
    assert len(top_rows(tmp_path, n=3)) == 6


def test_the_best_alone_may_be_kept(tmp_path: Path) -> None:
    run(tmp_path / "all", shards=2, top=7)
    run(tmp_path / "top", shards=2, top=7, keep_rows=False)
    assert sorted(file.name for file in (tmp_path / "top").iterdir()) == [
        "shards.json",
        "top-1-of-2.parquet",
        "top-2-of-2.parquet",
    ]
    pd.testing.assert_frame_equal(top_rows(tmp_path / "top"), top_rows(tmp_path / "all"))


def test_cells_in_skeletons_are_predicted_as_one_by_one(tmp_path: Path) -> None:
    predictor = load_answers("transnas101-micro")
    rows = enumerate_space("transnas101-micro", (5, 5), [64], halvings=(3, 3), doublings=(3, 3))  # 41414 among them
    list(predict_shards(predictor, rows, tmp_path, keep_rows=True, top=5))
    found = frame(tmp_path)
    start = rows.index("64-41414-0_00_000")
    picked = [*np.random.default_rng(0).choice(len(rows), 200, replace=False), *range(start - 20, start + 100)]
    own = found.iloc[picked]
    mean, std = predict_matrix(predictor, own["arch"].tolist())
    np.testing.assert_allclose(own[list(predictor.tasks_)], mean, rtol=1e-6)
    np.testing.assert_allclose(own[[f"{task}_std" for task in predictor.tasks_]], std, rtol=1e-6)
    np.testing.assert_allclose(own["novelty"], novelty_of(predictor, own["arch"].tolist()), rtol=1e-6)
    assert own["in_domain"].tolist() == [arch in get_space("transnas101-micro") for arch in own["arch"]]
    best = found.sort_values(["jigsaw", "index"], ascending=[False, True]).head(5)
    assert top_rows(tmp_path, "jigsaw")["arch"].tolist() == best["arch"].tolist()


def test_finished_shards_are_skipped_and_an_interrupted_one_is_done_again(tmp_path: Path) -> None:
    run(tmp_path / "whole", shards=3)
    steps = predict_shards(Stub(), ROWS, tmp_path / "out", shards=3)
    for step in steps:
        if step.shard == 2:
            break
    steps.close()
    names = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert names == ["shard-1-of-3.parquet", "shards.json", "top-1-of-3.parquet"]
    before = (tmp_path / "out" / "shard-1-of-3.parquet").stat().st_mtime_ns
    again = run(tmp_path / "out", shards=3)
    assert 0 < again[0].finished < again[-1].finished == len(ROWS)
    assert (tmp_path / "out" / "shard-1-of-3.parquet").stat().st_mtime_ns == before
    pd.testing.assert_frame_equal(frame(tmp_path / "out"), frame(tmp_path / "whole"))
    assert [step.finished for step in run(tmp_path / "out", shards=3)] == [len(ROWS)]


def test_one_shard_can_be_asked_for(tmp_path: Path) -> None:
    run(tmp_path, shards=5, shard=4)
    assert ShardFolder.open(tmp_path).finished() == [4]
    assert top_rows(tmp_path, "loss", 1)["index"].tolist() == [
        int(frame(tmp_path)["index"].iloc[frame(tmp_path)["loss"].argmin()])
    ]


def test_a_shard_that_another_process_works_on_is_left_to_it(tmp_path: Path) -> None:
    run(tmp_path, shards=3, shard=1)
    with file_lock(ShardFolder.open(tmp_path).lock_file(2)):
        assert run(tmp_path, shards=3)[-1].elsewhere == (2,)
    assert ShardFolder.open(tmp_path).finished() == [1, 3]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    program = """
        import os, signal
        from surrogates.shards import blocks, predict_shards
        from tests.surrogates.shards.test_shards import ROWS, Stub
        blocks._STRINGS = 512
        for step in predict_shards(Stub(), ROWS, "out", shards=2):
            if step.finished > 3000:
                os.kill(os.getpid(), signal.SIGKILL)
    """
    root = Path(__file__).parents[3]
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(root)}
    )
    assert killed.returncode == -signal.SIGKILL
    out = tmp_path / "out"
    assert [file.name for file in out.glob(".*")]  # half of a shard, under another name
    assert ShardFolder.open(out).finished() == [1]
    run(out, shards=2)
    assert ShardFolder.open(out).finished() == [1, 2]
    assert not list(out.glob(".*"))
    assert frame(out)["index"].tolist() == list(range(len(ROWS)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shards": 4}, "shards was 3 and is now 4; choose another folder"),
        ({"top": 3}, "top was 100 and is now 3"),
        ({"keep_rows": False}, "keep_rows was True and is now False"),
    ],
)
def test_other_predictions_are_refused_and_nothing_is_lost(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    run(tmp_path, shards=3, shard=1)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(ArtefactError, match=message):
        run(tmp_path, **{"shards": 3, **changes})
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_two_machines_that_start_together_share_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Stub()
    other.shift = 1e-9  # as another processor rounds
    make = RunDirectory.make

    def made_by_another_first(self: RunDirectory) -> Path:
        monkeypatch.setattr(RunDirectory, "make", make)
        run(tmp_path / "out", other, shards=3, shard=1)
        return make(self)

    monkeypatch.setattr(RunDirectory, "make", made_by_another_first)
    assert run(tmp_path / "out", shards=3)[-1].finished == len(ROWS)


def test_another_space_or_model_is_refused(tmp_path: Path) -> None:
    run(tmp_path, shards=3, shard=1)
    other = Stub()
    other.shift = 0.01
    with pytest.raises(ArtefactError, match=r"another model: of \|.* it predicted 1, this one predicts 1.01; choose"):
        run(tmp_path, other, shards=3)
    every = enumerate_space("nasbench201", equivalence="string")
    with pytest.raises(ArtefactError, match="rows: rows was 'functions' and is now 'strings'"):
        list(predict_shards(Stub(), every, tmp_path, shards=3))
    with pytest.raises(
        ValueError, match="expected rows of nasbench201, the space of the model, got rows of transnas101-m"
    ):
        list(predict_shards(Stub(), enumerate_space("transnas101-macro", (1, 2)), tmp_path))
    with pytest.raises(ValueError, match="expected one row for every string"):
        list(predict_shards(Strings(), ROWS, tmp_path / "strings"))
    assert not (tmp_path / "strings").exists()
    assert run(tmp_path, shards=3)[-1].finished == len(ROWS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shards": 11}, "expected 1 to 10 shards for 4,930 rows, of at least 512 rows each, got 11"),
        ({"shards": 0}, "got 0"),
        ({"shards": 2, "shard": 3}, "expected a shard from 1 to 2, got 3"),
        ({"top": 0}, "expected at least 1 best row"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        run(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("tasks", "name"),
    [
        (("index", "loss"), "'index': 'index' is a column"),
        (("arch", "loss"), "'arch': 'arch'"),
        (("loss", "n_archs"), "'n_archs'"),
        (("novelty", "loss"), "'novelty'"),
        (("loss", "loss_std"), "'loss_std': 'loss_std' is a column"),
        (("loss_std", "loss"), "'loss': 'loss_std' is a column"),
    ],
)
def test_tasks_that_would_overwrite_a_column_are_refused(tasks: tuple[str, str], name: str, tmp_path: Path) -> None:
    stub = Stub()
    stub.tasks_ = tasks
    with pytest.raises(ValueError, match=f"expected tasks with columns of their own, got .*{name}"):
        run(tmp_path / "out", stub)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    run(tmp_path / "out", shards=2, shard=1)
    program = """
        import resource, signal
        from surrogates.shards import blocks, predict_shards
        from tests.surrogates.shards.test_shards import ROWS, Stub
        blocks._STRINGS = 512
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))
        try:
            list(predict_shards(Stub(), ROWS, "out", shards=2))
        except OSError as error:
            print(error.errno, error)
    """
    root = Path(__file__).parents[3]
    found = subprocess.run(
        [sys.executable, "-B", "-c", textwrap.dedent(program)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.startswith(f"{errno.EFBIG} ")
    assert "shard-2-of-2.parquet" in found.stdout
    names = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert names == ["shard-1-of-2.parquet", "shards.json", "top-1-of-2.parquet"]
    assert run(tmp_path / "out", shards=2)[-1].finished == len(ROWS)


def test_folders_that_are_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"expected a folder with predictions in shards .*without shards.json"):
        top_rows(tmp_path)
    (tmp_path / "mine.txt").write_text("1")
    with pytest.raises(ArtefactError, match=r"holds 'mine.txt' but no shards.json; choose a new or empty folder"):
        run(tmp_path)
    run(tmp_path / "out", shards=2)
    with pytest.raises(ValueError, match="expected 1 to 100 rows, as many as each shard keeps, got 101"):
        top_rows(tmp_path / "out", n=101)
    file = tmp_path / "out" / "top-2-of-2.parquet"
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(ArtefactError, match=r"top-2-of-2.parquet' is damaged .*; delete it"):
        top_rows(tmp_path / "out")
    for left in (tmp_path / "out").glob("top-*"):
        left.unlink()
    with pytest.raises(ArtefactError, match="none of 2 shards is finished"):
        top_rows(tmp_path / "out")


def test_pages_have_checksums(tmp_path: Path) -> None:
    run(tmp_path)
    found = pyarrow.parquet.read_table(tmp_path / "shard-1-of-1.parquet", page_checksum_verification=True)
    assert found.num_rows == len(ROWS)
