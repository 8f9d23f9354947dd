"""``surrogates unnas`` and ``surrogates search-benchmark`` on a small synthetic table."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import get_space, save_table
from benchmarks.table import Table
from surrogates.cli import output
from surrogates.search.studies import fidelity
from tests.surrogates.cli.helpers import run


@pytest.fixture(scope="module")
def tasks_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 skeletons: class_scene is jigsaw plus noise, room_layout has the opposite order."""
    archs = get_space("transnas101-macro").sample(120, rng=0)
    rng = np.random.default_rng(0)
    jigsaw = 50 + np.array([arch.count("4") for arch in archs]) + rng.normal(size=120)
    frame = pd.DataFrame({"arch": archs, "class_scene": jigsaw + 0.1 * rng.normal(size=120), "jigsaw": jigsaw})
    path = tmp_path_factory.mktemp("tables") / "tasks.csv"
    save_table(Table.from_frame(frame.assign(room_layout=-jigsaw)), path)
    return path


def test_unnas(tasks_file: Path, tmp_path: Path) -> None:
    result = run("unnas", tasks_file, "--budget", "20", "--seeds", "0,1", "--out", tmp_path / "study")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "True rank of the best found with 20 queries by evolution, mean of 2 seeds"
    assert lines[1].split() == ["searched", "on", "class_scene", "jigsaw", "room_layout"]
    ranks = {line.split()[0]: [float(cell) for cell in line.split()[1:]] for line in lines[2:5]}
    assert ranks["jigsaw"][0] < 20 < 100 < ranks["jigsaw"][2]
    assert [line.split()[:2] for line in lines[8:11]] == [
        ["class_scene", "yes"],
        ["jigsaw", "no"],
        ["room_layout", "yes"],
    ]
    assert lines[-1] == f"Wrote {tmp_path / 'study'}: 3 files."


def test_unnas_json_without_matplotlib(tasks_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "find_spec", lambda name: None)
    options = [
        "--task",
        "jigsaw",
        "--task",
        "room_layout",
        "--budget",
        "9",
        "--seeds",
        "0",
        "--out",
        tmp_path / "study",
    ]
    result = run("unnas", tasks_file, *options, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert [Path(path).name for path in found["files"]] == ["unnas.csv", "unnas_searches.csv"]
    assert [(row["source"], row["label_free"]) for row in found["sources"]] == [("jigsaw", True)]
    assert found["sources"][0]["kendall"] == pytest.approx(-1.0)
    assert len(found["pairs"]) == 4
    result = run("unnas", tasks_file, *options)
    assert "(no figure without matplotlib: pip install " in result.stdout.splitlines()[-1]
    result = run("unnas", tasks_file, *options[:-1], tasks_file)
    assert result.exit_code == 1
    assert "expected a directory or no file of that name, got a file" in result.stderr


@pytest.mark.usefixtures("small_boosted")
def test_search_benchmark_and_again(tasks_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "study"
    options = [
        "--methods",
        "random,local",
        "--budget",
        "15",
        "--seeds",
        "0,1",
        "--train-rows",
        "40",
        "--model",
        "boosted",
    ]
    result = run("search-benchmark", tasks_file, *options, "--out", out)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:6]] == ["task", "class_scene", "jigsaw", "room_layout", "all"]
    assert lines[-1] == f"Wrote {out}: 4 files."
    assert len(pd.read_csv(out / "curves.csv")) == 2 * 2 * 3 * 2 * 15
    about = json.loads((out / "study.json").read_text())
    assert (about["surrogate"], about["train_rows"]) == ("boosted", 40)
    kept = sorted(out.glob("searches/*/*/*/*/history.json"))
    assert len(kept) == 2 * 2 * 3 * 2
    changed = [path.stat().st_mtime_ns for path in kept]
    again = run("search-benchmark", tasks_file, *options, "--out", out, "--json")
    assert again.exit_code == 0, again.stderr
    assert [path.stat().st_mtime_ns for path in kept] == changed
    found = json.loads(again.stdout)
    assert len(found["regret"]) == 6
    row = next(row for row in found["regret"] if (row["method"], row["task"]) == ("local", "jigsaw"))
    assert row["added"] == pytest.approx(row["regret_surrogate"] - row["regret_table"])
    other = run("search-benchmark", tasks_file, *options, "--fit-seed", "1", "--out", out)
    assert other.exit_code == 1
    assert "holds another study: fit_seed was 0 and is now 1" in other.stderr


def test_the_bundle_instead(tasks_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fidelity.Fidelity, "plot", lambda study: pytest.fail("drawn without matplotlib"))
    monkeypatch.setattr(output, "find_spec", lambda name: None)
    options = ["--methods", "random", "--budget", "5", "--seeds", "0", "--bundled", "--task", "jigsaw"]
    result = run("search-benchmark", tasks_file, *options, "--out", tmp_path / "study", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["surrogate"] == "bundled"
    assert found["agreement"][0] == {"task": "jigsaw", "tau": None, "tau_seeds": None}


@pytest.mark.parametrize(
    ("command", "options", "message"),
    [
        ("unnas", ["--method", "transfer"], "does not use the target tasks, got 'transfer'"),
        ("unnas", ["--method", "rendom"], "did you mean 'random'"),
        ("unnas", ["--budget", "121"], "1 <= budget <= 120"),
        ("unnas", ["--task", "jigsaw"], "at least two tasks"),
        ("search-benchmark", ["--methods", "random,locale"], "did you mean 'local'"),
        ("search-benchmark", ["--train-rows", "120"], "expected 0 < n < 120"),
        ("search-benchmark", ["--model", "bosted", "--train-rows", "30"], "did you mean 'boosted'"),
        ("search-benchmark", ["--budget", "0", "--model", "linear", "--train-rows", "30"], "1 <= budget <= 120"),
    ],
)
def test_bad_input(command: str, options: list[str], message: str, tasks_file: Path, tmp_path: Path) -> None:
    result = run(command, tasks_file, *options, "--out", tmp_path / "study")
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "study").exists()


def test_the_bundle_does_not_predict_other_trainings(tmp_path: Path) -> None:
    options = ["--space", "transnas101-macro", "--bundled", "--budget", "5", "--out", tmp_path / "study"]
    result = run("search-benchmark", "rooms-mini", *options)
    assert result.exit_code == 2
    assert "got different trainings" in result.stderr
    assert not (tmp_path / "study").exists()
