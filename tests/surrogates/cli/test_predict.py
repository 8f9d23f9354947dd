import csv
import io
import json
from pathlib import Path

import pytest

from surrogates import BoostedSurrogate, load_pretrained
from tests.surrogates.cli.helpers import CELL, rows_of, run


def test_predict_writes_every_digit(model: Path, fitted: BoostedSurrogate, macro_archs: list[str]) -> None:
    result = run("predict", model, *macro_archs[:3])
    assert result.exit_code == 0
    mean, std = fitted.predict(macro_archs[:3], return_std=True)
    rows = list(csv.reader(io.StringIO(result.stdout)))
    assert rows[0] == ["arch", "jigsaw", "room_layout", "jigsaw_std", "room_layout_std", "in_domain", "novelty"]
    assert rows[1:] == [
        [arch, *map(repr, values), *map(repr, spreads), "True", "0.0"]
        for arch, values, spreads in zip(macro_archs[:3], mean.tolist(), std.tolist(), strict=True)
    ]


def test_predict_says_which_architectures_are_published(model: Path) -> None:
    rows = rows_of(run("predict", model, "64-2311-basic", "32-2311-basic", "64-23111141-basic").stdout)
    assert [row["in_domain"] for row in rows] == ["True", "False", "False"]


def test_predict_says_how_novel_each_architecture_is(model: Path, table_file: Path, tmp_path: Path) -> None:
    archs = ["64-2311-basic", "4-2311-basic"]
    rows = rows_of(run("predict", model, *archs).stdout)
    answers = json.loads(run("lookup", *archs, "--model", model, "--task", "jigsaw", "--json").stdout)
    assert [float(row["novelty"]) for row in rows] == pytest.approx([answer["novelty"] for answer in answers])
    assert float(rows[1]["novelty"]) > 1
    assert run("fit", "--sources", table_file, "--task", "normal", "--out", tmp_path / "transfer").exit_code == 0
    (row,) = rows_of(run("predict", tmp_path / "transfer", "64-2311-basic").stdout)
    assert row["novelty"] == ""  # not known


def test_predict_streams_stdin_in_order(model: Path, macro_archs: list[str]) -> None:
    lines = macro_archs * 40  # more than two batches
    result = run("predict", model, "-", stdin="\n\n".join(lines) + "\n")
    assert result.exit_code == 0
    assert [row["arch"] for row in rows_of(result.stdout)] == lines
    assert run("predict", model, "-", stdin="").stdout.count("\n") == 1


def test_predict_stops_at_a_bad_line_and_names_it(model: Path) -> None:
    result = run("predict", model, "-", stdin="64-2311-basic\n64-2315-basic\n64-1234-basic\n")
    assert result.exit_code == 2
    assert [row["arch"] for row in rows_of(result.stdout)] == ["64-2311-basic"]
    assert result.stderr.startswith("error: stdin, line 2: '64-2315-basic': expected a macro code")
    assert run("predict", model, CELL).stderr.startswith(
        "error: expected an architecture of transnas101-macro, got '" + CELL
    )


def test_predict_takes_a_bundled_model_by_name() -> None:
    row = rows_of(run("predict", "transnas101-macro", "64-2311-basic").stdout)[0]
    expected = load_pretrained("transnas101-macro").predict(["64-2311-basic"])[0]
    # what is looked up was stored on another CPU, whose linear algebra may round otherwise
    found = [float(row[task]) for task in ("class_scene", "autoencoder")]
    assert found == pytest.approx([expected[0], expected[-1]], rel=1e-9)
    (looked_up,) = json.loads(run("lookup", "64-2311-basic", "--task", "class_scene", "--json").stdout)
    assert looked_up["value"] == pytest.approx(expected[0], rel=1e-9)


def test_predict_repeats_rows_word_for_word() -> None:
    archs = ["64-2311-basic", "64-1234-basic", "32-2311-basic"] * 500
    lines = run("predict", "transnas101-macro", "-", stdin="\n".join(archs)).stdout.splitlines()
    assert len(lines) == 1501
    assert lines[1:4] * 500 == lines[1:]
