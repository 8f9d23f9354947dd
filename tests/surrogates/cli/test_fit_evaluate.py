import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
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


@pytest.mark.usefixtures("small_boosted")
def test_means_are_over_what_is_shown_and_missing_runs_are_told(macro_table: Table, tmp_path: Path) -> None:
    frame = macro_table.to_frame()
    frame.loc[frame.index[6:], "jigsaw"] = float("nan")
    frame.rename_axis("arch").reset_index().to_csv(tmp_path / "rare.csv", index=False)
    asked = ("evaluate", tmp_path / "rare.csv", "--train-sizes", "6", "--seeds", "0,1,2,3,4,5", "--model", "boosted")
    rows = {row["task"]: row for row in json.loads(run(*asked, "--json").stdout)["results"]}
    assert rows["mean"]["tau"] == pytest.approx((rows["jigsaw"]["tau"] + rows["room_layout"]["tau"]) / 2)
    assert rows["room_layout"]["runs"] == 6
    assert 0 < rows["jigsaw"]["runs"] < 6
    said = run(*asked).stdout.splitlines()
    assert f"jigsaw: mean of {rows['jigsaw']['runs']} of 6 runs; the others had no labels to fit or test." in said


@pytest.mark.usefixtures("small_boosted")
def test_usual_sizes_are_those_the_table_has_rows_for(table_file: Path) -> None:
    found = json.loads(run("evaluate", table_file, "--seeds", "0", "--model", "boosted", "--json").stdout)
    assert found["train_sizes"] == [50], "of 50, 100 and 400; the table has 60 rows"


@pytest.mark.usefixtures("small_boosted")
def test_leaderboard_keeps_what_is_done_when_stopped(
    table_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from surrogates.evaluation import leaderboard

    whole = leaderboard.held_out_runs

    def stopped(*arguments: Any) -> Any:
        yield next(whole(*arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr(leaderboard, "held_out_runs", stopped)
    out = tmp_path / "runs.csv"
    asked = ("leaderboard", table_file, "--models", "boosted", "--train-sizes", "20,30", "--seeds", "0", "--out", out)
    assert run(*asked).exit_code == 130
    assert out.read_text().splitlines()[1].startswith("boosted,all,20,0,jigsaw,")


def test_fit_refuses_what_cannot_be_stored_before_the_work(
    table_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoostedSurrogate, "fit", lambda *_: pytest.fail("worked first"))
    result = run("fit", table_file, "--out", tmp_path / "m", "--model", "linear")
    assert result.exit_code == 2
    assert "got 'linear', a baseline that cannot be stored" in result.stderr
    assert "boosted, gp, graph, ensemble" in result.stderr


@pytest.fixture
def losses(macro_table: Table, tmp_path: Path) -> Path:
    """A table of two tasks, of which only losses were recorded: those of `macro_table`, upside down."""
    frame = macro_table.to_frame()
    frame = pd.DataFrame({"jigsaw/valid_loss": 100 - frame["jigsaw"], "room_layout/valid_loss": -frame["room_layout"]})
    frame.to_csv(tmp_path / "losses.csv", index_label="arch")
    return tmp_path / "losses.csv"


@pytest.mark.usefixtures("small_boosted")
def test_a_table_of_other_metrics_is_fitted_as_in_python(losses: Path, tmp_path: Path) -> None:
    result = run("fit", losses, "--out", tmp_path / "m", "--model", "boosted")
    assert result.exit_code == 0, result.stderr
    found = load_surrogate(tmp_path / "m")
    frame = pd.read_csv(losses, index_col="arch")
    expected = BoostedSurrogate(random_state=0).fit(list(frame.index), frame)
    assert found.tasks_ == expected.tasks_ == ("jigsaw/valid_loss", "room_layout/valid_loss")
    np.testing.assert_array_equal(found.predict(frame.index), expected.predict(frame.index))
    one = run("fit", losses, "--out", tmp_path / "m", "--model", "boosted", "--task", "jigsaw/valid_loss")
    assert one.exit_code == 0, one.stderr
    assert load_surrogate(tmp_path / "m").tasks_ == ("jigsaw/valid_loss",)


@pytest.mark.parametrize("command", ["evaluate", "leaderboard"])
def test_models_are_compared_on_other_metrics(command: str, losses: Path) -> None:
    model = ["--models" if command == "leaderboard" else "--model", "linear"]
    result = run(command, losses, "--train-sizes", "30", "--seeds", "0", *model)
    assert result.exit_code == 0, result.stderr
    assert "jigsaw/valid_loss" in result.stdout
    assert "room_layout/valid_loss" in result.stdout


@pytest.mark.usefixtures("small_boosted")
def test_losses_are_transferred_and_searched_as_what_they_mirror(
    losses: Path, table_file: Path, tmp_path: Path
) -> None:
    gains = {}
    for name, path in (("mirrored", losses), ("plain", table_file)):
        result = run("transfer", path, "--k", "16", "--seeds", "0", "--out", tmp_path / name, "--json")
        assert result.exit_code == 0, result.stderr
        gains[name] = [row["tau"] for row in json.loads(result.stdout)["results"]]
    assert gains["mirrored"] == pytest.approx(gains["plain"], abs=0.05)
    options = ("--methods", "random", "--seeds", "0", "--budget", "5", "--train-rows", "30", "--model", "boosted")
    result = run("search-benchmark", losses, *options, "--out", tmp_path / "study")
    assert result.exit_code == 0, result.stderr
    result = run("unnas", losses, "--method", "random", "--budget", "5", "--seeds", "0", "--out", tmp_path / "unnas")
    assert result.exit_code == 0, result.stderr
