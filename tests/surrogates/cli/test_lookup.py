import json
from pathlib import Path

import pytest

from benchmarks.table import Table
from surrogates import Oracle, load_pretrained
from tests.surrogates.cli.helpers import CELL, OUTSIDE, rows_of, run


def test_lookup_shows_every_task_with_unit_uncertainty_rank_and_source() -> None:
    result = run("lookup", CELL)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"{CELL}  (transnas101-micro)"
    assert lines[1].split() == ["task", "metric", "value", "±", "std", "rank", "of", "4,096", "source"]
    oracle = Oracle.from_pretrained("transnas101-micro")
    for line, task in zip(lines[2:9], oracle.tasks, strict=True):
        fields = line.split()
        assert fields[0] == task
        assert float(fields[2]) == pytest.approx(oracle(CELL, task), rel=0.01)
        assert f"{oracle.rank(CELL, task):,}" in fields
        assert fields[-1] == "surrogate"
    assert lines[9] == "In domain: one of the 4,096 published architectures of transnas101-micro."
    assert max(map(len, lines)) <= 80


def test_lookup_takes_several_architectures_of_several_spaces() -> None:
    result = run("lookup", OUTSIDE, "64-2311-basic", "--task", "jigsaw")
    assert result.exit_code == 0
    assert f"{OUTSIDE}  (transnas101-micro)" in result.stdout
    assert "Out of domain: not one of the 4,096 published architectures" in result.stdout
    assert "ranks are those that it would have among them" in result.stdout
    assert "rank among 4,096" in result.stdout
    assert "rank of 4,096" not in result.stdout
    assert "64-2311-basic  (transnas101-macro)" in result.stdout
    assert "rank of 3,256" in result.stdout
    assert result.stdout.count("jigsaw") == 2
    assert "class_scene" not in result.stdout


def test_lookup_prints_exact_json_and_csv() -> None:
    from_json = json.loads(run("lookup", CELL, OUTSIDE, "--json").stdout)
    from_csv = rows_of(run("lookup", CELL, OUTSIDE, "--csv").stdout)
    expected = Oracle.from_pretrained("transnas101-micro").query([CELL, OUTSIDE])
    for answer, line, row in zip(from_json, from_csv, expected.itertuples(), strict=True):
        assert (answer["arch"], answer["task"]) == (line["arch"], line["task"]) == (row.arch, row.task)
        assert answer["value"] == float(line["value"]) == row.value
        assert answer["std"] == float(line["std"]) == row.std
        assert answer["in_domain"] is bool(row.in_domain)
        assert answer["of"] == 4096 + (
            not answer["in_domain"]
        )  # an unpublished architecture is ranked among the published ones and itself
    assert {answer["unit"] for answer in from_json} == {"%", "-"}


def test_lookup_says_in_words_what_is_unfamiliar() -> None:
    result = run("lookup", "4-41414-3_33_333", "--task", "jigsaw")
    assert "times as wide as for 64-41414-3_33_333; 4 channels (trained 64)" in result.stdout
    alone = load_pretrained("transnas101-micro").unfamiliar("4-41414-3_33_333")
    assert "activations for one image: 369,000 (trained 786,000 to 5.9 million)" in alone


def test_lookup_reads_architectures_from_stdin() -> None:
    piped = run("lookup", "-", "--csv", stdin=f"\ufeff{CELL}\n\n64-2311-basic \r\n")
    assert piped.exit_code == 0
    assert piped.stdout == run("lookup", CELL, "64-2311-basic", "--csv").stdout
    assert run("lookup", "-", "--csv", stdin=f"arch\n{CELL}\n64-2311-basic\n").stdout == piped.stdout
    assert run("lookup", "-", "--csv", stdin=f"arch,a\n{CELL},1\n64-2311-basic,2\n").stdout == piped.stdout


def test_lookup_names_the_line_of_a_bad_architecture() -> None:
    result = run("lookup", "-", stdin=f"{CELL}\n\n64-2315-basic\n")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: stdin, line 3: '64-2315-basic': expected a macro code")
    assert "at least one architecture on stdin, got none" in run("lookup", "-", stdin="\n").stderr
    both = run("lookup", CELL, "-", stdin="")
    assert both.exit_code == 2
    assert "either architectures or -" in " ".join(both.stderr.replace("│", " ").split())


def test_lookup_answers_every_time_it_is_asked() -> None:
    rows = rows_of(run("lookup", CELL, "64-2311-basic", CELL, "--task", "jigsaw", "--csv").stdout)
    assert [row["arch"] for row in rows] == [CELL, "64-2311-basic", CELL]


def test_lookup_asks_a_table_first(table_file: Path, macro_table: Table) -> None:
    measured, gap = macro_table.archs[1], macro_table.archs[0]
    answers = json.loads(run("lookup", measured, gap, "-t", "jigsaw", "--table", table_file, "--json").stdout)
    assert answers[0]["value"] == macro_table.value(measured, "jigsaw")
    assert (answers[0]["source"], answers[0]["std"]) == ("table", None)
    assert answers[1]["source"] == "surrogate"
    alone = run("lookup", measured, "-t", "jigsaw", "--table", table_file, "--source", "table")
    assert alone.exit_code == 0
    assert "rank of 54" in alone.stdout
    assert alone.stdout.splitlines()[2].split()[4] == "-"
    result = run("lookup", gap, "-t", "jigsaw", "--table", table_file, "--source", "table")
    assert result.exit_code == 2
    advice = "use source='auto' or 'surrogate' to predict it"
    assert result.stderr == f"error: '{gap}' was not measured on jigsaw; {advice}\n"


def test_lookup_uses_a_table_where_it_applies(table_file: Path, macro_table: Table) -> None:
    measured = macro_table.archs[1]
    asked = ("-t", "jigsaw", "--table", table_file)
    answers = json.loads(run("lookup", CELL, measured, *asked, "--json").stdout)
    assert [answer["source"] for answer in answers] == ["surrogate", "table"]
    of_none = run("lookup", CELL, OUTSIDE, *asked)
    assert of_none.exit_code == 2
    assert ", got transnas101-micro" in of_none.stderr
    alone = run("lookup", measured, CELL, *asked, "--source", "table")
    assert alone.exit_code == 2
    assert "expected a table of transnas101-micro, the surrogate's space, got one of transnas101-macro" in alone.stderr
    wrong = run("lookup", measured, "-t", "jigsau", "--table", table_file, "--source", "table")
    assert "unknown task 'jigsau'; did you mean 'jigsaw'" in wrong.stderr


def test_lookup_does_not_rank_other_trainings_among_predictions_of_the_published() -> None:
    from benchmarks import load_table

    rooms = load_table("rooms-mini").where(space="transnas101-micro")
    asked = (rooms.archs[0], "-t", "jigsaw", "--table", "rooms-mini")
    mixed = run("lookup", *asked)
    assert mixed.exit_code == 2
    assert "images of rooms instead of taskonomy" in mixed.stderr
    assert "Fit a surrogate to the table, or use only one source (table or surrogate)" in mixed.stderr
    alone = run("lookup", *asked, "--source", "table")
    assert alone.exit_code == 0
    assert f"rank of {len(rooms)}" in alone.stdout
    assert "surrogate" in run("lookup", *asked, "--source", "surrogate").stdout


def test_an_unpublished_architecture_counts_itself(tmp_path: Path) -> None:
    worst = "64-1111-basic"  # not published, because it has no stride
    (tmp_path / "own.csv").write_text(f"arch,jigsaw\n{worst},0.5\n64-1234-basic,91\n")
    asked = ("lookup", worst, "-t", "jigsaw", "-t", "jigsaw", "--table", tmp_path / "own.csv", "--csv")
    (row,) = rows_of(run(*asked).stdout)
    assert (row["rank"], row["of"], row["in_domain"]) == ("3257", "3257", "False")
