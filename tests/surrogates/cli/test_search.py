"""``surrogates search``, on the bundled oracle and on a small table."""

import json
from pathlib import Path

import pytest

from benchmarks import get_space, save_table
from benchmarks.table import Table
from surrogates import Oracle
from surrogates.cli.arguments import SEARCHERS
from surrogates.search import list_searchers, run_search
from surrogates.search.space_arrays import costs
from surrogates.search.studies import figures
from tests.surrogates.cli.helpers import run
from tests.surrogates.search.functions import threes

MACRO = ("--space", "transnas101-macro", "--task", "jigsaw")


def test_the_best_are_shown() -> None:
    result = run("search", *MACRO, "--method", "random", "--budget", "30", "--seeds", "0,1", "--top", "3")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""  # no progress bar without a terminal
    head, *rows, end = result.stdout.splitlines()
    assert head.split() == ["arch", "jigsaw", "±", "std", "rank", "of", "3,256", "seeds"]
    assert len(rows) == 3
    oracle = Oracle.from_pretrained("transnas101-macro")
    asked = {arch for seed in (0, 1) for arch in run_search("random", oracle, "jigsaw", 30, seed).archs}
    best = sorted(asked, key=lambda arch: -oracle(arch, "jigsaw"))
    assert [row.split()[0] for row in rows] == best[:3]
    assert rows[0].split()[5] == str(oracle.rank(best[0], "jigsaw"))
    for row in rows:
        value, unit, _, std = row.split()[1:5]
        assert (unit, len(value.partition(".")[2])) == ("%", len(std.partition(".")[2])), row
    assert end.startswith("2 searches by random, 30 queries each; simulated training time per search: ")


def test_json_of_several_tasks_on_a_table(macro_table: Table, table_file: Path) -> None:
    options = ["--task", "jigsaw", "--task", "room_layout", "--method", "evolution", "--budget", "25", "--seed", "3"]
    result = run("search", "--table", table_file, *options, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["space"], found["tasks"]) == ("transnas101-macro", ["jigsaw", "room_layout"])
    (search,) = found["searches"]
    history = run_search("evolution", macro_table, ["jigsaw", "room_layout"], 25, 3)
    assert search["best_arch"] == history.best_arch() == found["best"][0]["arch"]
    assert search["best"]["jigsaw"] == history.best[-1, 0]
    assert search["training_seconds"] == pytest.approx(history.cost.sum())
    answer = found["best"][0]["tasks"]["jigsaw"]
    assert answer["std"] is None
    assert answer["value"] == macro_table.value(history.best_arch(), "jigsaw")


def test_searches_are_kept_and_taken_up(table_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "found"
    options = ["search", "--table", table_file, "--task", "jigsaw", "--method", "local", "--out", out]
    assert run(*options, "--budget", "10").exit_code == 0
    kept = json.loads((out / "seed-0" / "history.json").read_text())
    result = run(*options, "--budget", "20", "--seeds", "0,1", "--plot", tmp_path / "best.png")
    assert result.exit_code == 0, result.stderr
    longer = json.loads((out / "seed-0" / "history.json").read_text())
    assert (longer["archs"][:10], len(longer["archs"])) == (kept["archs"], 20)
    assert (out / "seed-1").is_dir()
    assert (tmp_path / "best.png").stat().st_size > 1000
    result = run(*options[:-3], "evolution", "--budget", "10", "--out", out)
    assert result.exit_code == 1
    assert "holds another study: method was 'local' and is now 'evolution'" in result.stderr


@pytest.mark.parametrize("bound", [["--hours", "48"], ["--hours", "48", "--budget", "3"]])
def test_hours(bound: list[str], tmp_path: Path) -> None:
    options = ["--method", "local", "--seeds", "0,1", "--plot", tmp_path / "best.png", "--json"]
    result = run("search", *MACRO, *bound, *options)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["hours"] == 48
    budget = 3 if "--budget" in bound else None
    oracle = Oracle.from_pretrained("transnas101-macro")
    for seed, search in enumerate(found["searches"]):
        history = run_search("local", oracle, "jigsaw", budget, seed, max_seconds=48 * 3600)
        assert search["queries"] == len(history)
        assert search["training_seconds"] == pytest.approx(history.cost.sum())
        assert search["training_seconds"] <= 48 * 3600
    assert (tmp_path / "best.png").stat().st_size > 1000


def test_the_front_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    real = figures.front_figure
    monkeypatch.setattr(figures, "front_figure", lambda *given: drawn.append(given[1:]) or real(*given))
    monkeypatch.setattr(figures, "history_figure", lambda *given: pytest.fail("not the front"))
    options = ["--method", "nsga2", "--objective", "params", "--budget", "20", "--plot", tmp_path / "front.pdf"]
    result = run("search", *MACRO, *options)
    assert result.exit_code == 0, result.stderr
    assert drawn == [("params", "nsga2 on transnas101-macro")]
    assert (tmp_path / "front.pdf").read_bytes().startswith(b"%PDF")


def test_constraint_and_front() -> None:
    options = ["--method", "attentive", "--objective", "params", "--budget", "25"]
    result = run("search", *MACRO, *options, "--max-params", "3e6", "--json")
    assert result.exit_code == 0, result.stderr
    front = json.loads(result.stdout)["front"]
    values, sizes = [row["tasks"]["jigsaw"]["value"] for row in front], [row["params"] for row in front]
    assert values == sorted(values)
    assert sizes == sorted(sizes)
    space = Oracle.from_pretrained("transnas101-macro").space
    assert sizes == costs(space)[[space.index(row["arch"]) for row in front], 0].tolist()
    assert sizes[-1] <= 3e6


def test_the_target_under_another_name_is_no_source(tmp_path: Path) -> None:
    options = ["--space", "transnas101-macro", "--method", "transfer", "--budget", "8", "--json"]
    plain, full = (run("search", *options, "--task", task) for task in ("jigsaw", "jigsaw/valid_top1"))
    assert full.exit_code == 0, full.stderr
    assert json.loads(full.stdout)["best"] == json.loads(plain.stdout)["best"]
    archs = get_space("transnas101-macro").sample(30, rng=0)
    losses = {"valid_top1": threes(archs).tolist(), "valid_loss": (9 - threes(archs)).tolist()}
    save_table(Table.from_logs(archs, {"jigsaw": losses}), tmp_path / "one.csv")
    options = ["--table", tmp_path / "one.csv", "--method", "transfer", "--budget", "8"]
    for task in ("jigsaw/valid_loss", "jigsaw/valid_top1"):
        refused = run("search", *options, "--task", task)
        assert refused.exit_code == 2
        assert "learns from other tasks: expected at least one, got none" in refused.stderr


def test_transfer_is_told_the_other_tasks() -> None:
    result = run("search", *MACRO, "--method", "transfer", "--budget", "12", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["best"][0]["tasks"]["jigsaw"]["rank"] < 500


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "jigsau", "--space", "transnas101-macro"], "did you mean 'jigsaw'"),
        ([*MACRO, "--method", "evolutoin"], "did you mean 'evolution'"),
        ([*MACRO, "--budget", "0"], "1 <= budget <= 3,256"),
        ([*MACRO, "--hours", "0.001"], "expected max_seconds >="),
        ([*MACRO, "--hours", "nan"], "expected max_seconds >="),
        ([*MACRO, "--budget", "3257"], "1 <= budget <= 3,256"),
        ([*MACRO, "--max-params", "10"], "no architecture of transnas101-macro has at most 10 params"),
        ([*MACRO, "--seeds", "first"], "expected comma-separated integers >= 0"),
        (
            [*MACRO, "--method", "local", "--objective", "params"],
            "expected attentive, front or nsga2, or an upper bound on params",
        ),
        (["--task", "jigsaw"], "expected --table or --space"),
        (["--task", "jigsaw", "--space", "transnas101-makro"], "did you mean 'transnas101-macro'"),
        ([*MACRO, "--plot", "best.txt"], "expected a file with one of the suffixes"),
        ([*MACRO, "--plot", "no/such/folder/best.png"], "there is no folder 'no/such/folder'"),
    ],
)
def test_bad_input(options: list[str], message: str, tmp_path: Path) -> None:
    result = run("search", *options, "--out", tmp_path / "kept")
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert not (tmp_path / "kept").exists()


def test_help_names_every_searcher() -> None:
    assert ", ".join(list_searchers()) + "." == SEARCHERS
