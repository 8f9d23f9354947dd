import json
from pathlib import Path

from benchmarks.table import Table
from tests.surrogates.cli.helpers import run


def test_table_info_counts(table_file: Path, macro_table: Table) -> None:
    result = run("table", "info", table_file)
    assert result.exit_code == 0
    assert "60 architectures of transnas101-macro, 2 tasks" in result.stdout
    assert f"SHA-256 of the content: {macro_table.hash}" in result.stdout
    found = json.loads(run("table", "info", table_file, "--json").stdout)
    assert found["archs"] == 60
    assert [(task["task"], task["unit"], task["measured"], task["missing"]) for task in found["tasks"]] == [
        ("jigsaw", "%", 54, 6),
        ("room_layout", "-", 60, 0),
    ]


def test_table_info_says_how_many_epochs_the_file_keeps() -> None:
    lines = run("table", "info", "rooms-mini").stdout.splitlines()
    assert "missing  epochs kept" in lines[1]
    assert max(map(len, lines)) <= 100


def test_table_convert_keeps_where_values_come_from(tmp_path: Path) -> None:
    from benchmarks import table_provenance

    result = run("table", "convert", "rooms-mini", "--out", tmp_path / "copy.parquet", "--space", "transnas101-micro")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert table_provenance(tmp_path / "copy.parquet") == table_provenance("rooms-mini")
    lossy = run("table", "convert", tmp_path / "copy.parquet", "--out", tmp_path / "copy.csv")
    assert lossy.exit_code == 0
    assert "copy.csv does not hold the provenance recorded in" in lossy.stderr


def test_table_convert_keeps_the_content(table_file: Path, macro_table: Table, tmp_path: Path) -> None:
    from benchmarks import load_table

    result = run("table", "convert", table_file, "--out", tmp_path / "copy.parquet")
    assert result.exit_code == 0
    assert load_table(tmp_path / "copy.parquet").hash == macro_table.hash
    wrong = run("table", "convert", table_file, "--out", tmp_path / "copy.csw")
    assert wrong.exit_code == 2
    assert "unknown file ending '.csw'; did you mean '.csv'" in wrong.stderr
    nowhere = run("table", "convert", table_file, "--out", tmp_path / "no" / "copy.csv")
    assert nowhere.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["copy.parquet"]


def test_table_croissant_describes_the_file(table_file: Path, macro_table: Table, tmp_path: Path) -> None:
    from benchmarks import croissant_metadata

    printed = json.loads(run("table", "croissant", table_file, "--license", "CC0-1.0").stdout)
    assert printed == croissant_metadata(table_file, license="CC0-1.0")
    result = run("table", "croissant", table_file, "--url", "https://example.org", "--out", tmp_path / "a.json")
    assert f"describes {table_file.name}, to be kept in the same folder" in result.stdout
    written = json.loads((tmp_path / "a.json").read_text())
    assert {**written, "license": "CC0-1.0"} == {**printed, "url": "https://example.org"}
    assert str(table_file.parent) not in json.dumps(written)
    wrong = run("table", "croissant", tmp_path / "a.json")
    assert wrong.exit_code != 0
    assert "expected a .parquet or .csv file" in wrong.stderr
    before = table_file.read_bytes()
    over = run("table", "croissant", table_file, "--out", table_file)
    assert over.exit_code == 2
    assert "expected a .json file" in over.stderr
    assert table_file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
