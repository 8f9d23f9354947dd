import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.table import Table
from surrogates import BoostedSurrogate, EnsembleSurrogate, evaluate, load_surrogate
from tests.surrogates.cli.helpers import QUICK, run


@pytest.mark.usefixtures("small_boosted")
def test_fit_writes_a_surrogate_of_the_table(table_file: Path, macro_table: Table, tmp_path: Path) -> None:
    result = run("fit", table_file, "--out", tmp_path / "model", "--seed", "3", "--model", "boosted")
    assert result.exit_code == 0
    assert "jigsaw" in result.stdout
    assert result.stdout.splitlines()[-1].startswith(f"Wrote {tmp_path / 'model'}: boosted, ")
    surrogate = load_surrogate(tmp_path / "model")
    assert surrogate.tasks_ == ("jigsaw", "room_layout")
    assert surrogate.random_state == 3
    assert json.loads((tmp_path / "model" / "metadata.json").read_text())["table_hash"] == macro_table.hash
    again = run("fit", table_file, "--out", tmp_path / "model", "--task", "jigsaw", "--model", "boosted")
    assert again.exit_code == 0
    assert load_surrogate(tmp_path / "model").tasks_ == ("jigsaw",)


def test_fit_looks_at_the_directory_before_the_work(
    table_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1").write_text("")
    monkeypatch.setattr(EnsembleSurrogate, "fit", lambda *_: pytest.fail("worked first"))
    assert run("fit", table_file, "--out", table_file / "model").exit_code == 1
    result = run("fit", table_file, "--out", tmp_path / "thesis")
    assert result.exit_code == 1
    assert "'chapter1', which is not part of a stored artefact" in result.stderr
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter1"]


def test_ctrl_c_in_fit_leaves_nothing(table_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(EnsembleSurrogate, "fit", interrupt)
    result = run("fit", table_file, "--out", tmp_path / "model")
    assert result.exit_code == 130
    assert result.stderr == "error: interrupted\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small_boosted")
def test_evaluate_tells_every_task_and_the_mean(table_file: Path, macro_table: Table) -> None:
    result = run("evaluate", table_file, "--train-sizes", "20,30", "--seeds", "0,1", "--model", "boosted", "--json")
    assert result.exit_code == 0
    scores = json.loads(result.stdout)
    assert scores["table_hash"] == macro_table.hash
    assert [(row["n_train"], row["task"]) for row in scores["results"]] == [
        (n, task) for n in (20, 30) for task in ("jigsaw", "room_layout")
    ] + [(20, "mean"), (30, "mean")]
    runs = evaluate(BoostedSurrogate(**QUICK), macro_table, [20, 30], [0, 1])
    chosen = runs[(runs["n_train"] == 30) & (runs["task"] == "jigsaw")]
    row = next(row for row in scores["results"] if (row["n_train"], row["task"]) == (30, "jigsaw"))
    assert row["tau"] == pytest.approx(chosen["tau"].mean())
    assert row["tau_sd"] == pytest.approx(chosen["tau"].std())
    assert row["coverage"] == pytest.approx(chosen["coverage"].mean())
    assert row["ceiling"] is None, "the macro space has no twins"


@pytest.mark.usefixtures("small_boosted")
def test_evaluate_prints_a_table_for_each_size(table_file: Path) -> None:
    result = run(
        "evaluate", table_file, "--train-sizes", "20", "--seeds", "0", "--protocol", "distinct", "--model", "boosted"
    )
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "n = 20"
    assert lines[1].split() == ["task", "tau", "±", "sd", "rho", "coverage", "ceiling"]
    assert [line.split()[0] for line in lines[2:]] == ["jigsaw", "room_layout", "mean"]
