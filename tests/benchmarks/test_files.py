"""Files appear whole or not at all."""

import pytest

from benchmarks.files import write_beside


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
