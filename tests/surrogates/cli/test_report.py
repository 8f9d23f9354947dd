"""``surrogates report``: what it puts on the page, and what it says of input that it cannot use."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import DagSpace, Table
from surrogates import Oracle, TransferMatrix
from surrogates.search import run_search
from tests.surrogates.cli.helpers import run
from tests.surrogates.report.reading import page_data


def test_a_bundled_space_with_searches_and_a_transfer_matrix(tmp_path: Path) -> None:
    oracle = Oracle.from_pretrained("transnas101-macro")
    for seed in (0, 1):
        run_search("random", oracle, "jigsaw", 5, seed, folder=tmp_path / "found" / f"seed-{seed}")
    run_search("random", oracle, "normal", 5, 2).save(tmp_path / "single.json")
    row = {"source": "a", "target": "b", "k": 16, "seed": 0, "correlation": 0.5, "tau": 0.6, "alone": 0.5, "gain": 0.1}
    TransferMatrix(pd.DataFrame([row])).save(tmp_path / "matrix", plots=False)
    out = tmp_path / "report.html"
    given = ("--search", tmp_path / "found", "--search", tmp_path / "single.json", "--transfer", tmp_path / "matrix")
    result = run("report", "--space", "transnas101-macro", "--task", "jigsaw", *given, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"Wrote {out}: 3,256 architectures of transnas101-macro, 0.")
    shown = page_data(out.read_text(encoding="utf-8"))
    assert shown["columns"][0]["key"] == "jigsaw_predicted"
    assert [search["seed"] for search in shown["searches"]] == [0, 1, 2]
    assert [found["task"] for found in shown["agreement"]] == ["jigsaw"]
    assert shown["transfer"]["matrices"][0]["rows"] == [[None], [0.1]]


def test_a_table_and_a_stored_model(table_file: Path, model: Path, macro_table: Table, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    result = run("report", "--table", table_file, "--model", model, "--out", out)
    assert result.exit_code == 0, result.stderr
    shown = page_data(out.read_text(encoding="utf-8"))
    keys = ["jigsaw_measured", "jigsaw_predicted", "room_layout_measured", "room_layout_predicted"]
    assert [column["key"] for column in shown["columns"]][:4] == keys
    assert shown["agreement"] == []  # that is of bundled models
    row = shown["archs"].index(macro_table.archs[1])
    assert shown["arrays"]["values0"][row] == macro_table.value(macro_table.archs[1], "jigsaw")
    assert int((~np.isnan(shown["arrays"]["values0"])).sum()) == 54
    assert [found["n"] for found in shown["comparisons"]] == [54, 60]


def test_a_space_of_graphs_with_a_table_alone(tmp_path: Path) -> None:
    nodes = ["input", "conv", "output"]
    DagSpace("mine", {"a": (nodes, [(0, 1), (1, 2)]), "b": (nodes, [(0, 2)])}).to_jsonl(tmp_path / "mine.jsonl")
    (tmp_path / "results.csv").write_text("arch,fit\na,1.5\nb,2.5\n")
    out = tmp_path / "report.html"
    given = ("--table", tmp_path / "results.csv", "--space", "mine", "--out", out)
    result = run("--spaces", tmp_path / "mine.jsonl", "report", *given)
    assert result.exit_code == 0, result.stderr
    shown = page_data(out.read_text(encoding="utf-8"))
    assert [column["key"] for column in shown["columns"]] == ["fit_measured"]
    assert len(shown["notes"]) == 2


def test_errors_come_before_the_work_and_leave_no_file(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.json").write_text(json.dumps({"format": 1}))
    (tmp_path / "transfer.csv").write_text("source,target\na,b\n")
    cases = [
        (["--out", tmp_path / "report.pdf", "--space", "nasbench201"], "expected a file ending in .html"),
        (["--out", tmp_path / "no" / "report.html", "--space", "nasbench201"], "there is no folder"),
        (["--out", out], "expected --space, --table or --model, got none of them"),
        (["--out", out, "--space", "nasbench"], "did you mean 'nasbench201'"),
        (["--out", out, "--space", "nasbench201", "--task", "cifar"], "did you mean 'cifar10'"),
        (
            ["--out", out, "--space", "nasbench201", "--model", model],
            "expected transnas101-macro, the space of the model",
        ),
        (["--out", out, "--space", "nasbench201", "--search", tmp_path / "none"], "there is no"),
        (["--out", out, "--space", "nasbench201", "--search", tmp_path / "empty"], "a folder without history.json"),
        (["--out", out, "--space", "nasbench201", "--search", tmp_path / "broken.json"], "broken.json"),
        (["--out", out, "--space", "nasbench201", "--transfer", tmp_path / "empty"], "a folder of surrogates transfer"),
        (["--out", out, "--space", "nasbench201", "--transfer", tmp_path], "correlation, tau, alone, gain as columns"),
    ]
    for arguments, message in cases:
        result = run("report", *arguments)
        assert result.exit_code in (1, 2), arguments
        assert message in " ".join(result.stderr.split()), arguments
    assert not list(tmp_path.glob("*.html"))


def test_a_search_of_another_space_is_refused(tmp_path: Path) -> None:
    run_search("random", Oracle.from_pretrained("nasbench201"), "cifar10", 3, 0).save(tmp_path / "run.json")
    result = run(
        "report", "--space", "transnas101-macro", "--search", tmp_path / "run.json", "--out", tmp_path / "r.html"
    )
    assert result.exit_code in (1, 2)
    assert "expected searches of transnas101-macro, got one of nasbench201" in " ".join(result.stderr.split())


@pytest.mark.data
def test_published_values_beside_predictions(nas_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    result = run("report", "--table", nas_data / "nasbench201" / "final.csv", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert out.stat().st_size < 3e6
    shown = page_data(out.read_text(encoding="utf-8"))
    assert len(shown["archs"]) == 15_625
    assert all(found["tau"] > 0.9 for found in shown["comparisons"])
