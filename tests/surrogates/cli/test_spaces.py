"""``surrogates --spaces``: files, names and modules of the user's own, before any command."""

from pathlib import Path

import pytest

from benchmarks import DagSpace, list_spaces, unregister_space
from tests.own_spaces import quality, random_graphs
from tests.surrogates.cli.helpers import rows_of, run


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Graphs and measured values in the working directory."""
    monkeypatch.chdir(tmp_path)
    graphs = random_graphs(60)
    DagSpace("mine", graphs, open=True).to_jsonl("graphs.jsonl")
    lines = [f"{arch},{quality(nodes)}" for arch, (nodes, _) in list(graphs.items())[:40]]
    Path("results.csv").write_text("arch,accuracy\n" + "\n".join(lines) + "\n")
    return tmp_path


def again(*arguments: str) -> tuple[int, str, str]:
    """A command in a process that knows no space of one's own yet."""
    done = run(*arguments)
    for name in set(list_spaces()) & {"mine", "other", "cells"}:
        unregister_space(name)
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.usefixtures("small_boosted")
def test_fit_lookup_best_predict_and_search(files: Path) -> None:
    spaces = ("--spaces", "graphs.jsonl")
    status, said, errors = again(*spaces, "fit", "results.csv", "--out", "model", "--model", "boosted")
    assert (status, "of mine" in said) == (0, True), errors
    status, said, errors = again(*spaces, "lookup", "net_50", "net_1", "--model", "model", "--csv")
    assert [row["arch"] for row in rows_of(said)] == ["net_50", "net_1"], errors
    written = 'mine:{"nodes":["input","conv3x3","output"],"edges":[[0,1],[1,2]]}'
    status, said, errors = again(*spaces, "lookup", written, "--model", "model")
    assert (status, "Out of domain" in said) == (0, True), errors
    status, said, errors = again(*spaces, "lookup", "net_1", "--table", "results.csv", "--csv")
    assert rows_of(said)[0]["source"] == "table", errors
    status, said, errors = again(*spaces, "best", "accuracy", "--model", "model", "-n", "2")
    assert (status, "multiply_adds" in said) == (0, False), errors
    status, said, errors = again(*spaces, "predict", "model", "net_50")
    assert (status, rows_of(said)[0]["arch"]) == (0, "net_50"), errors
    status, said, errors = again(*spaces, "search", "--task", "accuracy", "--model", "model", "--budget", "10")
    assert status == 0, errors
    status, said, errors = again(*spaces, "evaluate", "results.csv", "--train-sizes", "20", "--seeds", "0")
    assert status == 0, errors


def test_a_name_for_the_space_of_a_file(files: Path) -> None:
    status, _, errors = again("--spaces", "other=graphs.jsonl", "lookup", "net_1")
    assert status == 1
    assert "no bundled answers for other, a space of your own: fit a surrogate" in errors


def test_a_space_of_a_module(files: Path) -> None:
    Path("own_space_module.py").write_text(
        "from benchmarks import DagSpace\n"
        "def make():\n    return DagSpace('cells', {'a': (['conv'], []), 'b': (['pool'], [])})\n"
        "number = 7\n"
    )
    Path("two.csv").write_text("arch,accuracy\na,1.0\nb,2.0\n")
    status, said, errors = again("--spaces", "own_space_module:make", "lookup", "a", "--table", "two.csv")
    assert (status, "(cells)" in said) == (0, True), errors
    for name, message in (
        ("own_space_module:number", "is not callable"),
        ("own_space_module:nothing", "has no 'nothing'"),
        ("no_such_module:make", "cannot import 'no_such_module'"),
        ("builtins:dict", "to be a benchmarks.Space, or to make one, got dict"),
    ):
        status, _, errors = again("--spaces", name, "lookup", "a")
        assert status == 2
        assert message in errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.jsonl",), "--spaces: expected a file of graphs, got 'missing.jsonl', which does not exist"),
        (("broken.jsonl",), "'broken.jsonl', line 2: expected the keys arch, nodes and edges; missing: edges"),
        (("graphs.jsonl", "twice.jsonl"), "would be read as an architecture of mine"),
        (("nasbench201=graphs.jsonl",), "'nasbench201' is the name of a space of this package"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(files: Path, arguments: tuple[str, ...], message: str) -> None:
    Path("broken.jsonl").write_text('{"arch": "a", "nodes": ["x"], "edges": []}\n{"arch": "b", "nodes": ["x"]}\n')
    Path("twice.jsonl").write_text(Path("graphs.jsonl").read_text().replace('"space": "mine"', '"space": "other"'))
    options = [part for source in arguments for part in ("--spaces", source)]
    status, _, errors = again(*options, "lookup", "net_1")
    assert status == 2
    assert message in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lookup", "net_1", "--spaces", "g.jsonl"), "No such option: --spaces; it goes before the command: {how}"),
        (("lookup", "net_1", "--spaces=g.jsonl"), "No such option: --spaces; it goes before the command: {how}"),
        (("lookup", "net_1", "--space", "g"), "--space; did you mean --spaces? It goes before the command: {how}"),
        (("--table", "a.csv", "lookup"), "--table; it goes after the name of a command that has it (lookup, best, sea"),
        (("best", "jigsaw", "--spce", "g"), "No such option: --spce (Possible options: --space)"),
    ],
)
def test_an_option_in_the_wrong_place_is_told_its_place(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    expected = message.format(how="surrogates --spaces [NAME=]FILE lookup ...")
    assert expected in " ".join(result.stderr.replace("│", " ").split())


def test_the_nearest_name_of_an_own_space_is_told(files: Path) -> None:
    status, _, errors = again("--spaces", "graphs.jsonl", "lookup", "nett_31")
    assert status == 2
    assert "'nett_31' is not an architecture of any known space; nearest: 'net_31' (mine); " in errors
    assert len(errors) < 240, "three lines"


def test_a_file_named_twice_is_one_space(files: Path) -> None:
    status, _, errors = again("--spaces", "graphs.jsonl", "--spaces", "graphs.jsonl", "lookup", "net_1")
    assert status == 1
    assert "no bundled answers for mine" in errors
