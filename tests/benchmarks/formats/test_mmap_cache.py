"""The memory-mapped cache: used, rebuilt, shared, bypassed."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks import TableError
from benchmarks.formats.mmap_cache import cache_dir, cached
from benchmarks.formats.transnas_pth import from_nested


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source.pth"
    path.write_text("1")
    return path


@pytest.fixture
def convert(database):
    """A conversion that counts how often it ran."""

    def converter(path):
        converter.calls += 1
        return from_nested(database)

    converter.calls = 0
    return converter


def only_cache():
    (folder,) = cache_dir().iterdir()
    return folder


def test_the_second_load_maps_the_same_content(source, convert, database):
    first, second = cached(source, convert), cached(source, convert)
    assert convert.calls == 1
    assert first.hash == second.hash == from_nested(database).hash
    assert second.archs == from_nested(database).archs
    assert second.info("model_params").dtypes.eq(np.int64).all()
    np.testing.assert_array_equal(second.logs["jigsaw"].lengths, 10)


def test_columns_are_mapped_not_read(source, convert):
    values = cached(source, convert).where(space="transnas101-micro").logs["jigsaw"].metrics["valid_top1"]
    while not isinstance(values, np.memmap):
        values = values.base
        assert values is not None
    assert not values.flags.writeable


@pytest.mark.parametrize("replace", [True, False])
def test_a_file_of_the_same_size_and_time_is_another_file(source, convert, replace):
    cached(source, convert)
    state = source.stat()
    new = source.with_suffix(".new") if replace else source
    new.write_text("2")
    os.utime(new, ns=(state.st_atime_ns, state.st_mtime_ns))
    new.replace(source)
    assert (source.stat().st_size, source.stat().st_mtime_ns) == (state.st_size, state.st_mtime_ns)
    cached(source, convert)
    assert convert.calls == 2


def test_a_changed_file_is_converted_again_and_its_old_cache_removed(source, convert):
    cached(source, convert)
    old = only_cache()
    source.write_text("22")
    cached(source, convert)
    assert convert.calls == 2
    assert only_cache() != old
    os.utime(source, ns=(1, 1))
    cached(source, convert)
    assert convert.calls == 3


def test_what_another_process_is_writing_stays(source, convert):
    cached(source, convert)
    half = only_cache().with_name(f".0123abcd-{only_cache().name}")
    half.mkdir()
    source.write_text("22")
    cached(source, convert)
    assert half.is_dir()
    assert len(list(cache_dir().iterdir())) == 2


def test_another_file_of_the_same_name_has_its_own_cache(source, convert, tmp_path):
    other = tmp_path / "elsewhere" / source.name
    other.parent.mkdir()
    other.write_text("1")
    cached(source, convert)
    cached(other, convert)
    cached(source, convert)
    assert convert.calls == 2


@pytest.mark.parametrize("name", ["header.json", "float64.npy", "int64.npy"])
@pytest.mark.parametrize("damage", ["truncated", "empty", "missing", "garbage"])
def test_a_damaged_cache_is_rebuilt_without_a_word(source, convert, name, damage):
    good = cached(source, convert).hash
    path = only_cache() / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes({"truncated": content[: len(content) // 2], "empty": b"", "garbage": b"\x80[1]"}[damage])
    assert cached(source, convert).hash == good
    assert convert.calls == 2
    assert cached(source, convert).hash == good
    assert convert.calls == 2


def test_a_cache_of_another_version_is_rebuilt(source, convert):
    cached(source, convert)
    path = only_cache() / "header.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 0}))
    cached(source, convert)
    assert convert.calls == 2


def test_an_interrupted_conversion_leaves_nothing(source):
    def interrupted(path):
        raise KeyboardInterrupt("stop")

    with pytest.raises(KeyboardInterrupt, match="stop"):
        cached(source, interrupted)
    assert not any(cache_dir().iterdir())


def test_an_interrupted_write_leaves_nothing(source, convert, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt("stop")

    monkeypatch.setattr(np, "save", interrupted)
    with pytest.raises(KeyboardInterrupt, match="stop"):
        cached(source, convert)
    assert not any(cache_dir().iterdir())


def test_an_error_of_the_conversion_is_not_kept(source, convert):
    def failing(path):
        raise TableError("bad file")

    with pytest.raises(TableError, match="bad file"):
        cached(source, failing)
    assert len(cached(source, convert)) == 7


def test_a_cache_folder_that_cannot_be_written_warns_and_answers(source, convert, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TRANSNAS_CACHE_DIR", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match=r"cannot be written .*set TRANSNAS_CACHE_DIR"):
        table = cached(source, convert)
    assert len(table) == 7


def test_where_caches_are_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("TRANSNAS_CACHE_DIR", "~/mine")
    assert cache_dir() == Path.home() / "mine"
    monkeypatch.delenv("TRANSNAS_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "transnas-surrogates"


def test_notes_are_kept_beside_the_table(source, database):
    found, calls = [], []

    def convert(path):
        calls.append(path)
        found[-1]["left out"] = ["a", "\ud800"]
        return from_nested(database)

    for _ in range(2):
        found.append({"mine": 1})
        cached(source, convert, found[-1])
    assert found == [{"mine": 1, "left out": ["a", "\ud800"]}] * 2
    assert len(calls) == 1
