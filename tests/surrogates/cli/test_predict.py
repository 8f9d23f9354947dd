import csv
import io
from pathlib import Path

from surrogates import BoostedSurrogate, load_pretrained
from tests.surrogates.cli.helpers import CELL, rows_of, run


def test_predict_writes_every_digit(model: Path, fitted: BoostedSurrogate, macro_archs: list[str]) -> None:
    result = run("predict", model, *macro_archs[:3])
    assert result.exit_code == 0
    mean, std = fitted.predict(macro_archs[:3], return_std=True)
    rows = list(csv.reader(io.StringIO(result.stdout)))
    assert rows[0] == ["arch", "jigsaw", "room_layout", "jigsaw_std", "room_layout_std", "in_domain"]
    assert rows[1:] == [
        [arch, *map(repr, values), *map(repr, spreads), "True"]
        for arch, values, spreads in zip(macro_archs[:3], mean.tolist(), std.tolist(), strict=True)
    ]


def test_predict_says_which_architectures_are_published(model: Path) -> None:
    rows = rows_of(run("predict", model, "64-2311-basic", "32-2311-basic", "64-23111141-basic").stdout)
    assert [row["in_domain"] for row in rows] == ["True", "False", "False"]


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
    assert [float(row[task]) for task in ("class_scene", "autoencoder")] == [expected[0], expected[-1]]
