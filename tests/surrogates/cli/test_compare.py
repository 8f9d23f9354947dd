"""``surrogates compare``: tables, formats, pictures, costs from files, errors."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import get_space
from surrogates import BoostedSurrogate, Oracle
from tests.surrogates.cli.helpers import CELL, rows_of, run

OTHER = "64-41414-3_33_332"
TWINS = ("64-41414-3_00_300", "64-41414-0_00_300")


def test_two_architectures_side_by_side() -> None:
    result = run("compare", CELL, OTHER, "--cost", "params")
    assert result.exit_code == 0, result.stderr
    first, second, head, *rows = result.stdout.splitlines()
    assert (first.split(), second.split()) == (["A", CELL], ["B", OTHER])
    assert head.split()[:6] == ["task", "A", "B", "A", "better", "by"]
    assert [row.split()[0] for row in rows] == [*get_space("transnas101-micro").tasks, "params"]
    expected = Oracle.from_pretrained("transnas101-micro").compare(CELL, OTHER, costs="params")
    scene = expected.iloc[0]
    assert f"{scene['advantage']:+.2f} %" in rows[0]
    assert f"{scene['low']:+.2f} .. {scene['high']:+.2f}" in rows[0]
    assert f"{scene['p_better']:.2f}" in rows[0].split()
    assert rows[-1].split()[1:4] == ["41,411,616", "34,595,872", "-6,815,744"]


def test_json_and_csv_are_exact() -> None:
    asked = ("compare", CELL, OTHER, "--task", "jigsaw", "--cost", "multiply_adds")
    expected = Oracle.from_pretrained("transnas101-micro").compare(CELL, OTHER, tasks="jigsaw", costs="multiply_adds")
    from_json = json.loads(run(*asked, "--json").stdout)
    from_csv = rows_of(run(*asked, "--csv").stdout)
    for answer, line, (_, row) in zip(from_json, from_csv, expected.iterrows(), strict=True):
        assert list(answer) == list(line) == list(expected.columns)
        assert (answer["advantage"], answer["p_better"]) == (row["advantage"], row["p_better"])
        assert float(line["high"]) == row["high"]
    assert from_json[1]["std_a"] is None
    assert from_json[0]["same_function"] is False


def test_what_must_be_known_to_read_it(tmp_path: Path) -> None:
    twins = run("compare", *TWINS, "--task", "jigsaw").stdout
    assert "A and B compute the same function: predictions are equal by construction." in twins
    assert " 0.50 " in twins
    table = tmp_path / "measured.csv"
    table.write_text(f"arch,jigsaw\n{TWINS[0]},93\n{TWINS[1]},92\n")
    measured = run("compare", *TWINS, "--task", "jigsaw", "--table", table).stdout
    assert "equal by construction" not in measured
    assert "Measured values are those of one training each" in measured
    outside = run("compare", "32-41414-3_33_333", "32-41414-3_33_332", "--task", "jigsaw").stdout
    assert "(not one of the published architectures of transnas101-micro)" in outside
    assert "Errors taken as independent, as their correlation is not known: jigsaw." in outside


def test_several_by_pairs() -> None:
    result = run("compare", CELL, OTHER, TWINS[0], "--task", "normal")
    lines = result.stdout.splitlines()
    assert lines[4].split()[:5] == ["normal", "value", "rank", "of", "4,096"]
    assert lines[4].split()[5:] == ["P(beats", "A)", "P(beats", "B)", "P(beats", "C)"]
    rows = [line.split()[3:] for line in lines[5:8]]
    assert float(rows[0][0]) == pytest.approx(1 - float(rows[1][0]), abs=0.011)


def test_costs_from_files(tmp_path: Path) -> None:
    costs = tmp_path / "costs.csv"
    costs.write_text(f"arch,latency_ms,energy_mJ\n{CELL},5,1\n{OTHER},4,2\n")
    asked = ("compare", CELL, OTHER, "--task", "jigsaw", "--cost", f"{costs}:latency_ms", "--cost", "params", "--json")
    found = {row["task"]: row for row in json.loads(run(*asked).stdout)}
    assert list(found) == ["jigsaw", "params", "latency_ms"]
    row = found["latency_ms"]
    assert (row["advantage"], row["p_better"], row["source_a"], row["unit"]) == (-1, 0, "table", "ms")
    assert "of one training each" not in run(*asked[:-1]).stdout  # of a latency
    missing = run("compare", CELL, TWINS[0], "--cost", costs)
    assert missing.exit_code == 2
    assert "was not measured on latency_ms" in missing.stderr
    assert "surrogates fit" in missing.stderr


def test_ranks_say_among_how_many(tmp_path: Path) -> None:
    costs = tmp_path / "costs.csv"
    costs.write_text(f"arch,latency_ms\n{CELL},5\n{OTHER},4\n{TWINS[0]},3\n")
    asked = ("--task", "jigsaw", "--cost", costs)
    _, _, head, jigsaw, latency = run("compare", CELL, OTHER, *asked).stdout.splitlines()
    assert "rank A  rank B     of" in head
    assert "4,096" in jigsaw.split()
    assert latency.split()[-5:-2] == ["3", "2", "3"]  # rank A, rank B, of
    alone = run("compare", CELL, OTHER, "--task", "jigsaw").stdout.splitlines()
    assert "rank B of 4,096" in alone[2]
    three = run("compare", CELL, OTHER, TWINS[0], *asked).stdout
    assert [head.partition("P(beats")[0].split()[2:] for head in three.splitlines() if "beats" in head] == [
        ["rank", "of", "4,096"],
        ["rank", "of", "3"],
    ]
    page = tmp_path / "page.html"
    assert run("compare", CELL, OTHER, *asked, "--out", page).exit_code == 0
    assert "<th>rank B</th><th>of</th>" in page.read_text()


def test_errors_of_predicted_costs_are_correlated_where_that_is_known(tmp_path: Path) -> None:
    archs = get_space("transnas101-micro").sample(60, rng=0)
    latency = pd.Series([float(sum(map(int, arch[-8:].replace("_", "")))) for arch in archs], name="latency_ms")
    for equivalence in ("function", "string"):
        surrogate = BoostedSurrogate(n_members=2, n_rounds=5, equivalence=equivalence, random_state=0)
        folder = surrogate.fit(archs, latency, minimize="latency_ms").save(tmp_path / equivalence)
        asked = ("compare", CELL, OTHER, "--task", "jigsaw", "--cost", folder)
        row = json.loads(run(*asked, "--json").stdout)[1]
        rho = surrogate.error_correlation([CELL, OTHER])[0, 0, 1]
        said = "correlation is not known: latency_ms" in run(*asked).stdout
        if equivalence == "function":
            assert row["correlation"] == pytest.approx(rho)
            width = row["std_a"] ** 2 + row["std_b"] ** 2 - 2 * rho * row["std_a"] * row["std_b"]
            assert row["high"] - row["low"] == pytest.approx(2 * 1.644854 * width**0.5, rel=1e-5)
            assert not said
        else:
            assert (row["correlation"], said) == (None, True)


@pytest.mark.parametrize("archs", [(CELL, OTHER), (CELL, OTHER, TWINS[0])])
def test_a_task_that_is_named_twice_is_compared_once(archs: tuple[str, ...], tmp_path: Path) -> None:
    pairs = len(archs) * (len(archs) - 1) // 2
    twice = run("compare", *archs, "-t", "jigsaw", "-t", "jigsaw")
    assert (twice.exit_code, twice.stdout.count("jigsaw")) == (0, 1), twice.stderr
    costs = tmp_path / "costs.csv"
    costs.write_text("arch,latency_ms\n" + "".join(f"{arch},{len(arch)}\n" for arch in archs))
    asked = ("--table", costs, "--minimize", "latency_ms", "-t", "latency_ms", "--cost", costs)
    both = run("compare", *archs, *asked, "--json")
    assert both.exit_code == 0, both.stderr
    assert [row["task"] for row in json.loads(both.stdout)] == pairs * ["latency_ms"]
    looked_up = json.loads(run("lookup", *archs, *asked, "--json").stdout)
    assert [row["task"] for row in looked_up] == len(archs) * ["latency_ms"]
    table = tmp_path / "jigsaw.csv"
    table.write_text("arch,jigsaw\n" + "".join(f"{arch},90\n" for arch in archs))
    for command in ("compare", "lookup"):
        task = run(command, *archs, "-t", "jigsaw", "--cost", f"{table}:jigsaw")
        assert (task.exit_code, "--table" in task.stderr) == (2, True)


@pytest.mark.parametrize("ending", ["svg", "html"])
def test_drawings(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"compare.{ending}"
    result = run("compare", CELL, OTHER, "--task", "jigsaw", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert f"Wrote {out}." in result.stdout
    text = out.read_text(encoding="utf-8")
    if ending == "svg":
        root = ElementTree.fromstring(text)
        inside = [element for element in root if element.tag.endswith("svg")]
        assert len(inside) == 2
        bottom = float(inside[0].get("y", 0)) + float(inside[0].get("height", 0))
        assert bottom <= float(inside[1].get("y", 0))
        assert float(inside[1].get("y", 0)) + float(inside[1].get("height", 0)) <= float(root.get("height", 0))
    else:
        assert text.count("<svg") == 3
        assert "P(A better)" in text
        assert "<script" not in text
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([CELL], "expected 2 to 26 architectures to compare, got 1"),
        ([CELL, "64-2311-basic"], "expected architectures of one space, got '64-41414-3_33_333'"),
        ([CELL, "64-41414-3_33_334"], "nearest: '3_33_333'"),
        ([CELL, OTHER, "--task", "jigsau"], "did you mean 'jigsaw'"),
        ([CELL, OTHER, "--json", "--csv"], "expected one of --json and --csv, got both"),
        ([CELL, OTHER, "--out", "both.png"], "expected a file ending in .svg or .html as --out"),
        ([CELL, OTHER, "--cost", "param"], "did you mean 'params'"),
        ([CELL, OTHER, "--cost", "normal"], "'normal' is better when higher, and no cost"),
        ([CELL, OTHER, "--cost", "none.csv"], "no such file: none.csv"),
        ([CELL, OTHER, "--model", "transnas101-macro"], "the space of the model transnas101-macro"),
    ],
)
def test_bad_input(options: list[str], message: str) -> None:
    result = run("compare", *options)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert result.stdout == ""
