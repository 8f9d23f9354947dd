"""Files and folders appear whole or not at all, and a folder belongs to one undertaking."""

import hashlib
import json
import multiprocessing
import os
import time
from pathlib import Path

import pytest

from benchmarks.errors import ArtefactError
from benchmarks.files import (
    file_marks,
    is_litter,
    kind_of_file,
    read_file,
    sha256_of,
    write_beside,
    write_folder_beside,
)
from benchmarks.run_directory import RunDirectory, differences


def names(folder):
    return [path.name for path in folder.iterdir()]


def write_and_stop(target, error):
    with write_beside(target) as beside:
        beside.write_text("half")
        raise error


def test_the_file_appears_when_it_is_complete(tmp_path):
    target = tmp_path / "a.txt"
    with write_beside(target) as beside:
        beside.write_text("new")
        assert not target.exists()
        assert beside.suffix == ".txt"
    assert target.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupt_leaves_the_old_file_and_no_half_one(tmp_path, error):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(error, match="stop"):
        write_and_stop(target, error("stop"))
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_missing_folder_is_named(tmp_path):
    target = tmp_path / "nowhere" / "a.txt"
    with pytest.raises(FileNotFoundError, match=r"cannot write: the folder does not exist: .*nowhere.a.txt"):
        write_and_stop(target, RuntimeError("the block must not run"))


def test_a_name_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(OSError, match=r"cannot write: .*a.txt"), write_beside(tmp_path / "a.txt") as beside:
        beside.write_text("x")
    assert names(tmp_path) == ["a.txt"]


def test_of_several_writers_the_first_wins_where_nothing_is_replaced(tmp_path):
    for text in ("first", "second"):
        with write_beside(tmp_path / "a.txt", replace=False) as beside:
            beside.write_text(text)
    assert (tmp_path / "a.txt").read_text() == "first"
    assert names(tmp_path) == ["a.txt"]


def write_folder(target, content, error=None):
    with write_folder_beside(target) as beside:
        for name, text in content.items():
            (beside / name).write_text(text)
        if error is not None:
            raise error


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_folder_is_replaced_when_the_new_one_is_complete(tmp_path):
    target = tmp_path / "some" / "folder"
    write_folder(target, {"a": "1", "b": "2"})
    write_folder(target, {"a": "3"})
    assert contents(target) == {"a": "3"}
    assert names(target.parent) == ["folder"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_folder_stays_when_the_block_fails(tmp_path, error):
    target = tmp_path / "folder"
    with pytest.raises(error, match="stop"):
        write_folder(target, {"a": "1"}, error("stop"))
    assert names(tmp_path) == []
    write_folder(target, {"a": "old"})
    with pytest.raises(error, match="stop"):
        write_folder(target, {"a": "new"}, error("stop"))
    assert contents(target) == {"a": "old"}
    assert names(tmp_path) == ["folder"]


def test_a_folder_stays_when_the_new_one_cannot_be_put_in_its_place(tmp_path, monkeypatch):
    target = tmp_path / "folder"
    write_folder(target, {"a": "old"})
    rename, calls = Path.rename, []

    def fails_the_second_time(old, new):
        calls.append(new)
        if len(calls) == 2:
            raise OSError(28, "no space left on device")
        return rename(old, new)

    monkeypatch.setattr(Path, "rename", fails_the_second_time)
    with pytest.raises(OSError, match="no space left"):
        write_folder(target, {"a": "new"})
    assert contents(target) == {"a": "old"}
    assert names(tmp_path) == ["folder"]


def test_a_run_directory_is_made_once_and_checked_after(tmp_path):
    about = {"seeds": (0, 1), "table": "abc"}
    folder = RunDirectory(tmp_path / "new", "study").claim(about)
    assert folder.about() == {"seeds": [0, 1], "table": "abc"}
    assert folder.file("rows.csv") == tmp_path / "new" / "rows.csv"
    folder.file("rows.csv").write_text("1")
    folder.claim({"table": "abc"}).claim(about)
    with pytest.raises(ArtefactError, match=r"another study: seeds was .0, 1. and is now .0.; table was 'abc' and"):
        folder.claim({"seeds": [0], "table": "b"})
    assert json.loads(folder.description.read_text()) == {"seeds": [0, 1], "table": "abc"}


@pytest.mark.parametrize("content", ["{", "[1]", "\x80"])
def test_a_damaged_description_is_named(tmp_path, content):
    (tmp_path / "study.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(ArtefactError, match=r"study.json' is damaged: "):
        RunDirectory(tmp_path, "study").claim({"seed": 0})


def test_foreign_files_are_refused_and_the_operating_systems_are_not(tmp_path):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", ".0123abcd-study.json"):
        (tmp_path / name).touch()
    (tmp_path / "mine.txt").touch()
    with pytest.raises(ArtefactError, match=r"holds 'mine.txt' but no study.json; choose a new or empty folder"):
        RunDirectory(tmp_path, "study").claim({})
    RunDirectory(tmp_path, "study").claim({}, results=lambda name: name.endswith(".csv"))
    with pytest.raises(ArtefactError, match=r"expected a folder or nothing at .*mine.txt', got a file"):
        RunDirectory(tmp_path / "mine.txt", "study").claim({})


def claim(folder, start, seed):
    start.wait()
    try:
        RunDirectory(folder, "study").claim({"seed": seed})
    except ArtefactError as error:
        raise SystemExit(1 if "holds another study: seed was" in str(error) else 2) from error


def test_of_several_processes_one_claims_and_the_others_are_refused(tmp_path):
    context = multiprocessing.get_context("fork")
    for round_ in range(5):
        start = context.Barrier(4)
        workers = [context.Process(target=claim, args=(tmp_path / str(round_), start, seed)) for seed in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert sorted(worker.exitcode for worker in workers) == [0, 1, 1, 1]
        assert names(tmp_path / str(round_)) == ["study.json"]


def test_differences_name_every_entry_that_is_not_as_before():
    before = {"a": 1, "b": {"x": [1], "y": {"z": None}}, "c": 3}
    assert differences(before, before) == []
    assert differences(before, {"b": {"x": [2], "y": {"z": 0}}, "c": 3, "d": "e"}) == [
        "a was 1 and is now None",
        "b: x was [1] and is now [2]",
        "b: y: z was None and is now 0",
        "d was None and is now 'e'",
    ]


def test_what_is_kept_of_an_older_folder_stays(tmp_path):
    target = tmp_path / "folder"
    write_folder(target, {"a.csv": "old", "b.csv": "old", "notes.txt": "mine"})
    with write_folder_beside(target, keep=lambda name: not name.endswith(".csv")) as beside:
        (beside / "a.csv").write_text("new")
    assert contents(target) == {"a.csv": "new", "notes.txt": "mine"}
    with pytest.raises(NotADirectoryError), write_folder_beside(target / "notes.txt") as beside:
        (beside / "a").write_text("1")
    assert contents(target) == {"a.csv": "new", "notes.txt": "mine"}


@pytest.mark.parametrize(
    "name",
    [".DS_Store", "Thumbs.db", "desktop.ini", "._a", "._.DS_Store", ".nfs0001", ".gitkeep", ".ipynb_checkpoints"],
)
def test_a_run_starts_in_a_folder_that_holds_only_litter(tmp_path, name):
    assert is_litter(name)
    (tmp_path / name).touch()
    assert RunDirectory(tmp_path, "study").claim({"seed": 0}).about() == {"seed": 0}


@pytest.mark.parametrize("name", ["results.csv", ".git", ".gitignore", "nfs", "_", ".hidden", "DS_Store"])
def test_what_people_put_in_a_folder_is_no_litter(tmp_path, name):
    assert not is_litter(name)
    (tmp_path / name).touch()
    with pytest.raises(ArtefactError, match="holds"):
        RunDirectory(tmp_path, "study").claim({"seed": 0})


def test_only_regular_files_are_read(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_file(tmp_path / "a") == b"12345"
    assert read_file(tmp_path / "a", most=5) == b"12345"
    with pytest.raises(OSError, match="expected at most 4 bytes, got 5"):
        read_file(tmp_path / "a", most=4)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "b")
    os.mkfifo(tmp_path / "fifo")
    for path, kind in ((tmp_path / "fifo", "a FIFO"), (tmp_path, "a folder"), ("/dev/null", "a device")):
        assert kind_of_file(path) == kind
        with pytest.raises(OSError, match=f"expected a file, got {kind}"):
            read_file(path)
    assert kind_of_file("a\0b") == kind_of_file("x" * 5_000) == "nothing"


@pytest.mark.parametrize("size", [0, 1, 2**20 - 1, 2**20, 2**20 + 1, 5 * 2**19])
def test_a_file_is_hashed_in_parts(tmp_path, rng, size):
    (tmp_path / "a").write_bytes(content := rng.bytes(size))
    assert sha256_of(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_only_regular_files_are_hashed(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path, kind in ((tmp_path / "fifo", "a FIFO"), (tmp_path, "a folder"), ("/dev/zero", "a device")):
        with pytest.raises(OSError, match=f"expected a file, got {kind}"):
            sha256_of(path)
    with pytest.raises(FileNotFoundError):
        sha256_of(tmp_path / "b")


def replaced(path):
    path.with_suffix(".new").write_text(path.read_text())
    path.with_suffix(".new").replace(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text("22"),
        lambda path: os.utime(path, ns=(1, 1)),
        lambda path: path.chmod(0o600),
        replaced,
    ],
    ids=["content", "time", "entry", "another file"],
)
def test_marks_change_with_the_file(tmp_path, change):
    path = tmp_path / "a.txt"
    path.write_text("1")
    before = file_marks(path)
    path.read_text()
    assert file_marks(path) == before
    time.sleep(0.02)  # a file system's clock may tick only every 10 ms
    change(path)
    assert file_marks(path) != before
    path.unlink()
    with pytest.raises(FileNotFoundError):
        file_marks(path)
