"""One flipped bit in a file that the package wrote is refused, or changes nothing; a damaged cache is rebuilt."""

import json
import random
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import TableError, load_table, save_table
from benchmarks.formats.bundled import find_table, list_tables
from benchmarks.formats.mmap_cache import cache_dir, cached
from benchmarks.table import Table
from tests.benchmarks.conftest import MACRO, MICRO

FLIPS = 500


def small_table(rng):
    archs = [*MACRO, *MICRO]
    table = Table.from_logs(
        archs,
        {
            "jigsaw": {"valid_top1": 90 * rng.random((7, 3)), "valid_loss": rng.random((7, 3))},
            "mine": {"valid_value": rng.standard_normal((7, 2))},
        },
        {"jigsaw": {"model_params": rng.integers(1, 10**9, 7), "inference_time": rng.random(7)}},
    )
    return replace(table, provenance={"commit": "1a2b3c", "seconds": 3.5})


def everything(table):
    return (table.hash, table.archs, table.row_spaces, table.tasks, json.dumps(dict(table.provenance), sort_keys=True))


def flipped(whole, bit):
    data = bytearray(whole)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


@pytest.mark.parametrize("suffix", [".pth", ".parquet"])
def test_a_flipped_bit_is_refused_or_changes_nothing(tmp_path, rng, suffix):
    path = tmp_path / f"table{suffix}"
    save_table(small_table(rng), path)
    whole = path.read_bytes()
    expected = everything(load_table(path))
    refused = 0
    for bit in random.Random(0).sample(range(8 * len(whole)), FLIPS):
        path.write_bytes(flipped(whole, bit))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = everything(load_table(path))
        except TableError:
            refused += 1
        else:
            assert found == expected, bit
    assert refused > FLIPS // 3  # the rest lies in padding, dates and statistics that nobody reads


@pytest.mark.parametrize("name", ["float64.npy", "int64.npy", "header.json", "header.sha256"])
def test_any_flipped_bit_in_a_cache_is_noticed_and_mended(tmp_path, rng, name):
    source = tmp_path / "slow.bin"
    source.write_text("1")
    table = replace(small_table(rng), provenance={})
    calls = []

    def convert(path):
        calls.append(path)
        return table

    cached(source, convert)
    (folder,) = cache_dir().iterdir()
    whole = (folder / name).read_bytes()
    draws = random.Random(1)
    head = (8 * byte + draws.randrange(8) for byte in range(min(len(whole), 128)))  # of npy: all that its parser reads
    bits = {*head, *draws.sample(range(8 * len(whole)), 100)}
    for bit in sorted(bits):
        (folder / name).write_bytes(flipped(whole, bit))
        before = len(calls)
        assert cached(source, convert).hash == table.hash
        assert len(calls) == before + 1, bit
    cached(source, convert)
    assert len(calls) == len(bits) + 1


def test_a_value_that_only_the_hash_protects_is_refused(tmp_path, rng):
    """Rewritten by another program with right checksums of pages, but the old SHA-256 of the content."""
    import pyarrow.parquet

    path = tmp_path / "a.parquet"
    save_table(small_table(rng), path)
    columns = pyarrow.parquet.read_table(path)
    frame = columns.to_pandas()
    frame.loc[3, "jigsaw"] += 1
    changed = pyarrow.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(columns.schema.metadata)
    pyarrow.parquet.write_table(changed, path, write_page_checksum=True)
    with pytest.raises(TableError, match=r"a\.parquet: damaged: the SHA-256 of the content differs"):
        load_table(path)


def test_parquet_of_others_is_read_without_a_hash(tmp_path):
    pd.DataFrame({"arch": MACRO, "jigsaw": [1.0, 2.0, 3.0]}).to_parquet(tmp_path / "a.parquet")
    assert load_table(tmp_path / "a.parquet").to_frame()["jigsaw"].tolist() == [1, 2, 3]


def test_bundled_tables_carry_checksums():
    import pyarrow.parquet

    assert list_tables()
    for name in list_tables():
        metadata = pyarrow.parquet.read_schema(find_table(name)).metadata
        assert len(metadata[b"transnas-surrogates sha256"]) == 64


def test_an_old_pth_without_checksums_is_read_with_a_warning(database, tmp_path):
    import torch

    torch.save(database, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    with pytest.warns(UserWarning, match=r"old\.pth is of torch's old format, which has no checksums"):
        table = load_table(tmp_path / "old.pth")
    assert len(table) == 7


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".pth"])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_loaded_is_what_was_saved(tmp_path, suffix, seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    archs = [*rng.permutation([*MACRO, *MICRO])[:n].tolist()]
    if suffix == ".pth":
        archs.sort(key=lambda arch: arch in MICRO)  # the layout holds one space after the other
    values = rng.standard_normal((n, 1)) * 10.0 ** rng.integers(-30, 30, (n, 1))
    values[rng.random((n, 1)) < 0.3] = np.nan
    params = rng.integers(0, 2**60, n)
    table = Table.from_logs(
        archs,
        {
            "jigsaw": {"valid_top1": 100 * rng.random((n, 1)), "extra_train_g_loss": values.copy()},
            "my task": {"valid_value": values},
            "low": {"valid_cost": -values},
        },
        {"jigsaw": {"model_params": params, "info_latency": rng.random(n)}},
    )
    path = tmp_path / f"a{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about the extra metric
        save_table(table, path)
        back = load_table(path, **({} if suffix == ".pth" else {"duplicates": "error"}))
    assert (back.hash, back.archs, back.tasks) == (table.hash, table.archs, table.tasks)
    for task in table.tasks:
        assert back.metrics(task) == table.metrics(task)
        assert set(back.logs[task].info) == set(table.logs[task].info)
    assert back.info("model_params")["jigsaw"].tolist() == params.tolist()
