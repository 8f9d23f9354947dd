"""``surrogates unnas`` and ``surrogates search-benchmark`` on a small synthetic table."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import get_space, save_table
from benchmarks.table import Table
from surrogates import BoostedSurrogate, Oracle
from surrogates.cli import output
from surrogates.search import compare_searchers
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
    assert lines[0] == "Searchers by the mean rank of what they found, 6 pairs of a task and a seed"
    assert {line.split()[0] for line in lines[2:4]} == {"random", "local"}
    start = lines.index("Order of the searchers, surrogate against table (Kendall's tau)")
    found = [line.split()[0] for line in lines[start + 1 : start + 6]]
    assert found == ["task", "class_scene", "jigsaw", "room_layout", "all"]
    assert lines[-1] == f"Wrote {out}: 8 files."
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
    assert (found["budget"], found["max_seconds"], len(found["searchers"])) == (15, None, 2)
    assert len(found["regret"]) == 6
    row = next(row for row in found["regret"] if (row["method"], row["task"]) == ("local", "jigsaw"))
    assert row["added"] == pytest.approx(row["regret_surrogate"] - row["regret_table"])
    other = run("search-benchmark", tasks_file, *options, "--fit-seed", "1", "--out", out)
    assert other.exit_code == 1
    assert "holds another study: fit_seed was 0 and is now 1" in other.stderr


OWN = """
from surrogates.search import Searcher


class Climber(Searcher):
    def propose(self, n):
        if not self.rows_:
            return self.random_rows(n)
        best = self.space_[self.rows_[int(self.values_[:, 0].argmax())]]
        return [self.space_.index(arch) for arch in self.space_.neighbors(best)]


def mutate(space, archs, values, rng):
    return space.mutate(archs[values.argmax()], rng) if archs else space.sample(5, rng)


class Unseeded(Climber):
    def __init__(self):
        super().__init__()


class Broken(Climber):
    def __init__(self, *, random_state=0):
        raise RuntimeError("no licence")


number = 3
"""


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of a module in the current folder that holds searchers."""
    name = f"own_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(OWN)
    (tmp_path / f"{name}_bad.py").write_text("import nothing_of_that_name")
    (tmp_path / f"{name}_raises.py").write_text("raise KeyError('oh')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return name


def test_own_searchers_without_a_table(own_module: str, tmp_path: Path) -> None:
    methods = f"random,{own_module}:Climber,{own_module}:mutate"
    options = ["--space", "transnas101-macro", "--task", "jigsaw", "--methods", methods, "--seeds", "0,1,2"]
    result = run("search-benchmark", *options, "--budget", "12", "--out", tmp_path / "study", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    sys.path.insert(0, str(tmp_path))
    module = importlib.import_module(own_module)
    searchers = {"random": "random", "Climber": module.Climber, "mutate": module.mutate}
    oracle = Oracle.from_pretrained("transnas101-macro")
    mine = compare_searchers(searchers, oracle, "jigsaw", 12, [0, 1, 2]).ranking()
    assert [row["searcher"] for row in found["searchers"]] == mine["searcher"].tolist()
    assert [row["mean_rank"] for row in found["searchers"]] == mine["mean_rank"].tolist()
    assert [row["p_holm"] for row in found["searchers"]][1:] == mine["p_holm"].tolist()[1:]
    names = ["searchers.csv", "searches.csv", "searcher_regret.csv", "searchers.png"]
    assert [Path(file).name for file in found["files"]] == names
    again = run("search-benchmark", *options, "--budget", "12", "--out", tmp_path / "study")
    assert again.exit_code == 0, again.stderr
    assert again.stdout.splitlines()[1].split()[:3] == ["searcher", "mean", "rank"]
    assert again.stdout.endswith("study: 4 files.\n")


def test_searchers_on_a_stored_surrogate(model: Path, fitted: BoostedSurrogate, tmp_path: Path) -> None:
    options = ["--model", model, "--methods", "random,local", "--seeds", "0,1", "--budget", "9"]
    result = run("search-benchmark", *options, "--out", tmp_path / "study", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    mine = compare_searchers(["random", "local"], Oracle(fitted), None, 9, [0, 1]).ranking()
    assert [row["searcher"] for row in found["searchers"]] == mine["searcher"].tolist()
    assert [row["mean_rank"] for row in found["searchers"]] == pytest.approx(mine["mean_rank"].tolist())
    other = run("search-benchmark", "--space", "transnas101-macro", *options[2:], "--out", tmp_path / "study")
    assert other.exit_code == 1
    assert "holds another study: surrogate was" in other.stderr
    wrong = run("search-benchmark", *options, "--space", "nasbench201", "--out", tmp_path / "other")
    assert wrong.exit_code == 2
    assert "expected a model of nasbench201, got one of transnas101-macro" in " ".join(wrong.stderr.split())


@pytest.mark.usefixtures("small_boosted")
def test_hours_of_a_table_and_its_surrogate(tasks_file: Path, tmp_path: Path) -> None:
    options = ["--methods", "random,local", "--hours", "60", "--seeds", "0,1", "--task", "jigsaw"]
    model = ["--train-rows", "40", "--model", "boosted"]
    result = run("search-benchmark", tasks_file, *options, *model, "--out", tmp_path / "study", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["budget"], found["max_seconds"]) == (None, 60 * 3600)
    for file in ("curves.csv", "searches.csv"):
        runs = pd.read_csv(tmp_path / "study" / file)
        assert 50 * 3600 < runs["seconds"].max() <= 60 * 3600
    assert {row["method"] for row in found["regret"]} == {"random", "local"}


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("{own}:Climbr", "has no 'Climbr'; did you mean 'Climber'?"),
        ("no_such_module:Climber", "cannot import 'no_such_module': ModuleNotFoundError"),
        ("{own}_bad:Climber", "No module named 'nothing_of_that_name'"),
        ("{own}_raises:Climber", "_raises': KeyError: 'oh'"),
        ("{own}:number", "is no searcher: expected a name, a Searcher, a class of searchers or a function"),
        ("{own}:Unseeded", "whose constructor takes random_state, got Unseeded"),
        ("{own}:Broken", "is no searcher: RuntimeError: no licence"),
        ("json:loads", "is no searcher: expected as searcher"),
        ("{own}:", "expected module:attribute, such as mine:MyRegressor"),
        (":Climber", "expected module:attribute"),
    ],
)
def test_what_is_no_searcher_of_ones_own(own_module: str, method: str, message: str, tmp_path: Path) -> None:
    name = method.format(own=own_module)
    benchmark = ["search-benchmark", "--space", "transnas101-macro", "--methods", f"random,{name}"]
    search = ["search", "--space", "transnas101-macro", "--task", "jigsaw", "--method", name]
    for command in (benchmark, search):
        result = run(*command, "--out", tmp_path / "study")
        assert result.exit_code == 2, result.output
        assert message in " ".join(result.stderr.split())
        assert not (tmp_path / "study").exists()


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
        ("search-benchmark", ["--methods", "random,json:random"], "of different names, got two 'random'"),
        ("search-benchmark", ["--hours", "0.001", "--train-rows", "30"], "the shortest training of transnas101-macro"),
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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--space (one of transnas101-micro, transnas101-macro, nasbench201) or --model DIR, got none of them"),
        (["--space", "transnas101-macro", "--model", "linear"], "--model needs a table"),
        (["--space", "transnas101-macro", "--train-rows", "50"], "--train-rows needs a table"),
        (["--space", "transnas101-macro", "--bundled"], "--bundled needs a table"),
        (["--space", "transnas101-macro", "--task", "jigsau"], "did you mean 'jigsaw'"),
    ],
)
def test_bad_input_without_a_table(options: list[str], message: str, tmp_path: Path) -> None:
    result = run("search-benchmark", *options, "--out", tmp_path / "study")
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert not (tmp_path / "study").exists()
