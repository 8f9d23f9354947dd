"""Croissant metadata, read by its own library, against the tables it describes."""

import hashlib
import json
import logging
import shutil
import socket
import warnings
from pathlib import Path
from typing import Any

import mlcroissant
import numpy as np
import pandas as pd
import pytest

from benchmarks import (
    ArchitectureError,
    Table,
    TableError,
    TableNotFoundError,
    UnknownNameError,
    croissant_metadata,
    load_table,
)
from benchmarks.formats.bundled import find_table
from benchmarks.formats.save import save_table
from benchmarks.tasks import find_task

MICRO = ["64-41414-0_00_000", "64-41414-3_33_333", "64-41414-1_01_231"]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(*args: object) -> None:
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    caplog.set_level(logging.CRITICAL)


def dataset(file: Path, metadata: dict[str, Any]) -> "mlcroissant.Dataset":
    """What the library makes of metadata beside a file; it raises if they are not valid."""
    beside = file.with_suffix(".croissant.json")
    beside.write_text(json.dumps(metadata), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlcroissant's, of rdflib and pandas
        return mlcroissant.Dataset(beside)


def records(read: "mlcroissant.Dataset", name: str) -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(read.records(name))


@pytest.mark.parametrize("name", ["rooms-mini", "rooms-mini-again", "rooms-open"])
def test_a_bundled_table_reads_back(name: str, tmp_path: Path) -> None:
    file = tmp_path / f"{name}.parquet"
    shutil.copy(find_table(name), file)
    metadata = croissant_metadata(name, license="Apache-2.0", url="https://example.org")
    read = dataset(file, metadata)
    assert read.metadata.ctx.issues.errors == set()
    table = load_table(name)
    rows = records(read, "results")
    assert [row["results/arch"].decode() for row in rows] == list(table.archs)
    for task in table.tasks:
        found = np.array([row[f"results/{task}"] for row in rows])
        np.testing.assert_array_equal(found, table.to_frame()[task].to_numpy())
    assert metadata["distribution"][0]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert "images of rooms instead of taskonomy" in metadata["description"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_units_and_directions_are_those_of_the_metrics(suffix: str, tmp_path: Path) -> None:
    logs = {
        "jigsaw": {"valid_top1": [90.0, np.nan, 92.5], "valid_loss": [0.5, 0.25, 1.0], "time_elapsed": [1.0, 2.0, 3.0]},
        "room_layout": {"valid_neg_loss": [-0.5, -0.25, -1.0]},
        "latency_ms": {"valid_cost": [3.0, 2.0, 1.0]},
        "class_scene": {"valid_top1": [1.0, 2.0, 3.0], "extra_train_g_loss": [7.0, 8.0, 9.0]},
    }
    file = tmp_path / f"mine{suffix}"
    save_table(Table.from_logs(MICRO, logs), file)
    read = dataset(file, croissant_metadata(file))
    told = {row["columns/name"].decode(): row for row in _decoded(records(read, "columns"))}
    expected = {
        "jigsaw": ("valid_top1", "%", "higher"),
        "jigsaw/valid_loss": ("valid_loss", "-", "lower"),
        "jigsaw/time_elapsed": ("time_elapsed", "s", "lower"),
        "room_layout": ("valid_neg_loss", "-", "higher"),
        "latency_ms/valid_cost": ("valid_cost", "ms", "lower"),
        "class_scene": ("valid_top1", "%", "higher"),
        "class_scene/extra_train_g_loss": ("extra_train_g_loss", "-", "unknown"),
    }
    assert {
        name: tuple(row[f"columns/{key}"].decode() for key in ("metric", "unit", "better"))
        for name, row in told.items()
    } == expected
    for name, (_, unit, better) in expected.items():
        if better != "unknown":
            task = find_task(name)
            assert (task.metric.unit, task.metric.higher_is_better) == (unit, better == "higher")
    rows = records(read, "results")
    assert [row["results/jigsaw/valid_loss"] for row in rows] == [0.5, 0.25, 1.0]
    assert pd.isna(rows[1]["results/jigsaw"])
    fields = {field["name"]: field["description"] for field in croissant_metadata(file)["recordSet"][0]["field"]}
    assert fields["jigsaw/valid_loss"] == (
        "jigsaw/valid_loss: validation loss of jigsaw puzzle, without a unit; lower is better."
    )
    assert fields["latency_ms/valid_cost"].endswith("of the task latency_ms, in ms; lower is better.")
    assert "not known" in fields["class_scene/extra_train_g_loss"]


def _decoded(rows: list[dict[str, Any]]) -> list[dict[str, bytes]]:
    return [
        {key: value if isinstance(value, bytes) else str(value).encode() for key, value in row.items()} for row in rows
    ]


def test_names_with_markup_and_colons(tmp_path: Path) -> None:
    odd = '<script>alert("1: &é")<b>'
    file = tmp_path / "odd: name.csv"
    header = '"' + odd.replace('"', '""') + '"'
    file.write_text(
        f"Architecture, jigsaw ,{header},speed\n{MICRO[0]},90,1.5,2\n{MICRO[1]},91,2.5,1\n", encoding="utf-8"
    )
    metadata = croissant_metadata(file, minimize="speed")
    read = dataset(file, metadata)
    rows = records(read, "results")
    assert [list(row.values())[1:] for row in rows] == [[90.0, 1.5, 2.0], [91.0, 2.5, 1.0]]
    assert [field["name"] for field in metadata["recordSet"][0]["field"]] == ["arch", "jigsaw", odd, "speed"]
    assert [row["columns/better"] for row in metadata["recordSet"][1]["data"]] == ["higher", "higher", "lower"]


def test_bookkeeping_is_no_result(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(f"arch,jigsaw,seed\n{MICRO[0]},90,7\n")
    with pytest.warns(UserWarning, match="left out 'seed'"):
        metadata = croissant_metadata(file)
    assert [field["name"] for field in metadata["recordSet"][0]["field"]] == ["arch", "jigsaw"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.tsv",
            f"arch\tjigsaw\n{MICRO[0]}\t1\n",
            r"a\.tsv: expected a \.parquet or \.csv file; surrogates table convert",
        ),
        ("a.csv", f"arch;jigsaw\n{MICRO[0]};1\n", "expected a column 'arch' in the first line, between commas"),
        ("a.csv", f"# mine\narch,jigsaw\n{MICRO[0]},1\n", "expected a column 'arch' in the first line"),
        ("a.csv", f"arch,task,value\n{MICRO[0]},jigsaw,1\n", "expected one column per task"),
        (
            "a.csv",
            f"arch,jigsaw\n{MICRO[0]},1\n# checked by hand\n{MICRO[1]},2\n",
            "expected one row for each of 2 architectures, got 3 rows",
        ),
        ("a.csv", f"arch,jigsaw\n{MICRO[0]},1\n{MICRO[0]},1\n", "expected one row for each of 1 architectures, got 2"),
        ("a.csv", f"arch,jigsaw\n {MICRO[0]},1\n", rf"expected '{MICRO[0]}' in row 1, got ' {MICRO[0]}'"),
    ],
)
@pytest.mark.filterwarnings("ignore:read as:UserWarning")
def test_other_files_are_refused(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(TableError, match=message):
        croissant_metadata(tmp_path / name)


@pytest.mark.parametrize("license", ["", " ", "My License: v1", "ftp://example.org", "https://"])
def test_a_license_is_a_name_or_an_address(license: str) -> None:
    with pytest.raises(UnknownNameError, match=r"expected a license by its name of spdx\.org, such as 'CC-BY-4\.0'"):
        croissant_metadata("rooms-mini", license=license)


def test_licenses_that_are_kept() -> None:
    assert "license" not in croissant_metadata("rooms-mini")
    for license in ("GPL-2.0+", "https://example.org/license.html"):
        assert croissant_metadata("rooms-mini", license=license)["license"] == license


def test_bad_tables_are_refused_as_when_they_are_loaded(tmp_path: Path) -> None:
    with pytest.raises(TableNotFoundError, match="did you mean 'rooms-mini'"):
        croissant_metadata("rooms-mino")
    with pytest.raises(TableError, match=r"expected a single \.parquet or \.csv file, got a folder"):
        croissant_metadata(tmp_path)
    (tmp_path / "a.csv").write_text("arch,jigsaw\nnothing,1\n")
    with pytest.raises(ArchitectureError, match="nothing"):
        croissant_metadata(tmp_path / "a.csv")
