"""``--cost`` in lookup, best, search and search-benchmark: exact, measured, predicted; bounds; errors."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import Table, get_space
from encoders import Costs
from surrogates import BoostedSurrogate, Oracle, load_surrogate
from tests.surrogates.cli.helpers import CELL, QUICK, rows_of, run

MACRO = get_space("transnas101-macro")
ARCH = "64-2311-basic"


@pytest.fixture(scope="module")
def latencies() -> pd.Series:
    archs = list(MACRO.archs)
    return pd.Series([float(len(arch) - 9) + row % 3 / 10 for row, arch in enumerate(archs)], archs, name="latency_ms")


@pytest.fixture(scope="module")
def costs(latencies: pd.Series, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("costs") / "costs.csv"
    latencies.to_frame().assign(energy_mJ=1.0).to_csv(path, index_label="arch")
    return path


@pytest.fixture(scope="module")
def stored(latencies: pd.Series, tmp_path_factory: pytest.TempPathFactory) -> Path:
    some = latencies.sample(100, random_state=0)
    surrogate = BoostedSurrogate(**QUICK, equivalence="string").fit(list(some.index), some, minimize="latency_ms")
    return surrogate.save(tmp_path_factory.mktemp("models") / "latency")


def test_lookup_shows_costs_with_unit_source_and_rank(costs: Path, stored: Path, latencies: pd.Series) -> None:
    asked = ("lookup", ARCH, "--task", "jigsaw", "--cost", "params", "--cost", f"{costs}:latency_ms")
    result = run(*asked)
    assert result.exit_code == 0, result.stderr
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines()[2:-1]}
    assert list(rows) == ["jigsaw", "params", "latency_ms"]
    exact = int(Costs().exact([ARCH])[0, 0])
    assert rows["params"][1:4] == ["cost", f"{exact:,}", "-"]
    assert rows["latency_ms"][2:4] == [f"{latencies[ARCH]:g}", "ms"]
    assert (rows["params"][-1], rows["latency_ms"][-1], rows["jigsaw"][-1]) == ("exact", "table", "surrogate")
    assert rows["latency_ms"][-4] == f"{1 + int((latencies < latencies[ARCH]).sum()):,}"
    predicted = json.loads(run("lookup", ARCH, "--task", "jigsaw", "--cost", stored, "--json").stdout)
    assert [row["task"] for row in predicted] == ["jigsaw", "latency_ms"]
    assert (predicted[1]["source"], predicted[1]["higher_is_better"], predicted[1]["unit"]) == (
        "surrogate",
        False,
        "ms",
    )
    assert predicted[1]["std"] > 0
    both = rows_of(
        run("lookup", ARCH, "32-2311-basic", "--cost", stored, "--cost", f"{costs}:latency_ms", "--csv").stdout
    )
    sources = [(row["arch"], row["source"]) for row in both if row["task"] == "latency_ms"]
    assert sources == [(ARCH, "table"), ("32-2311-basic", "surrogate")]


def test_costs_in_the_table_or_model_that_is_looked_up(stored: Path, tmp_path: Path) -> None:
    found = json.loads(
        run("lookup", ARCH, "--model", stored, "--cost", "latency_ms", "--cost", "params", "--json").stdout
    )
    assert [row["task"] for row in found] == ["latency_ms", "params"]
    table = Table.from_logs(
        [ARCH, "64-1234-basic"],
        {"jigsaw": {"valid_top1": [90.0, 91.0]}},
        {"jigsaw": {"inference_time": [0.01, 0.02], "model_params": [1000, 2000]}},
    )
    from benchmarks import save_table

    save_table(table, tmp_path / "facts.parquet")
    asked = ("lookup", ARCH, "--table", tmp_path / "facts.parquet", "--task", "jigsaw")
    shown = run(
        *asked, "--cost", "jigsaw/inference_time", "--cost", f"{tmp_path / 'facts.parquet'}:jigsaw/model_params"
    )
    assert shown.exit_code == 0, shown.stderr
    assert [line.split()[2:4] for line in shown.stdout.splitlines()[3:5]] == [["0.01", "s"], ["1000", "-"]]
    fitted = run("fit", tmp_path / "facts.parquet", "--task", "jigsaw/inference_time", "--out", tmp_path / "time")
    assert fitted.exit_code == 0, fitted.stderr
    own = json.loads(run("lookup", "64-111114-basic", "-t", "jigsaw", "--cost", tmp_path / "time", "--json").stdout)
    assert (own[1]["task"], own[1]["unit"], own[1]["source"]) == ("jigsaw/inference_time", "s", "surrogate")


def test_fit_to_a_table_of_costs_needs_no_directions(costs: Path, tmp_path: Path, small_boosted: None) -> None:
    few = tmp_path / "few.csv"
    few.write_text("".join(line for line in costs.read_text().splitlines(keepends=True)[:40]))
    result = run("fit", "--cost", f"{few}:latency_ms", "--model", "boosted", "--out", tmp_path / "model")
    assert result.exit_code == 0, result.stderr
    assert "taken for a cost by name" not in result.stderr
    surrogate = load_surrogate(tmp_path / "model")
    assert (surrogate.tasks_, surrogate.minimize_, surrogate.equivalence_) == (
        ("latency_ms",),
        ("latency_ms",),
        "string",
    )
    asked = ("--out", tmp_path / "other")
    beside = run("fit", few, "--cost", few, *asked)
    assert (beside.exit_code, "expected --cost alone" in beside.stderr) == (2, True)
    pooled = run("fit", "--cost", few, "--model", "graph", *asked)
    assert (pooled.exit_code, "boosted, gp and ensemble do" in " ".join(pooled.stderr.split())) == (2, True)
    stored = run("fit", "--cost", tmp_path / "model", *asked)
    assert (stored.exit_code, "expected a table of costs, got a stored surrogate" in stored.stderr) == (2, True)


def test_best_shows_and_bounds_costs(costs: Path, latencies: pd.Series) -> None:
    asked = ("best", "jigsaw", "--space", "transnas101-macro", "--cost", f"{costs}:latency_ms")
    found = rows_of(run(*asked, "--constraint", "latency_ms<=4.1", "-n", "5", "--csv").stdout)
    values = Oracle.from_pretrained("transnas101-macro").ranking("jigsaw").values
    allowed = np.flatnonzero(latencies.to_numpy() <= 4.1)
    assert float(found[0]["value"]) == values[allowed].max()
    assert [float(row["latency_ms"]) for row in found] == [latencies[row["arch"]] for row in found]
    shown = run(*asked, "-n", "2").stdout.splitlines()
    assert shown[0].split()[-1] == "latency_ms"
    assert shown[1].split()[-1] == "ms"


def test_searches_bound_and_minimise_costs_of_files(costs: Path, latencies: pd.Series, tmp_path: Path) -> None:
    asked = ("search", "--space", "transnas101-macro", "--task", "jigsaw", "--cost", costs, "--budget", "12")
    within = run(*asked, "--method", "random", "--constraint", "latency_ms<=4.1", "--out", tmp_path / "study", "--json")
    assert within.exit_code == 0, within.stderr
    assert all(latencies[row["arch"]] <= 4.1 for row in json.loads(within.stdout)["best"])
    other = run(*asked[:-4], "--budget", "12", "--method", "random", "--out", tmp_path / "study")
    assert "holds another study" in other.stderr
    front = run(*asked, "--method", "nsga2", "--objective", "latency_ms", "--json")
    assert front.exit_code == 0, front.stderr
    for row in json.loads(front.stdout)["front"]:
        assert row["latency_ms"] == latencies[row["arch"]]


def test_each_cost_is_measured_by_the_table_that_has_it_and_else_predicted(
    latencies: pd.Series, tmp_path: Path
) -> None:
    frame = latencies.to_frame().assign(energy_mJ=2 * latencies)
    some = frame.sample(100, random_state=0)
    model = BoostedSurrogate(**QUICK, equivalence="string").fit(
        list(some.index), some, minimize=["latency_ms", "energy_mJ"]
    )
    stored = model.save(tmp_path / "both")
    (measured,) = MACRO.sample(1, rng=3)
    table = (frame + 100).loc[[measured]]
    table.to_csv(tmp_path / "both.csv", index_label="arch")
    for name in ("latency_ms", "energy_mJ"):
        table[[name]].to_csv(tmp_path / f"{name}.csv", index_label="arch")
    columns = [f"{tmp_path / 'both.csv'}:{name}" for name in table]
    for files in (columns, [tmp_path / f"{name}.csv" for name in table]):
        options = [word for file in (*files, stored) for word in ("--cost", file)]
        asked = ("lookup", measured, ARCH, "--task", "jigsaw", *options, "--json")
        rows = {(row["arch"], row["task"]): row for row in json.loads(run(*asked).stdout)}
        for name in table:
            row = rows[measured, name]
            assert (row["source"], row["value"]) == ("table", table.loc[measured, name])
            assert rows[ARCH, name]["source"] == "surrogate"
        best = run("best", "jigsaw", "--space", "transnas101-macro", *options, "-n", "3300", "--csv")
        assert best.exit_code == 0, best.stderr
        found = {row["arch"]: row for row in rows_of(best.stdout)}
        for arch in (measured, ARCH):
            for name in table:
                assert float(found[arch][name]) == pytest.approx(rows[arch, name]["value"], rel=1e-6)
    twice = run("lookup", ARCH, "--cost", stored, "--cost", f"{stored}:energy_mJ")
    assert "expected each cost once, got 'energy_mJ' again" in " ".join(twice.stderr.replace("│", " ").split())


def test_search_benchmark_within_bounds(costs: Path, table_file: Path, tmp_path: Path, small_boosted: None) -> None:
    asked = ("search-benchmark", "--space", "transnas101-macro", "--task", "jigsaw", "--methods", "random,local")
    limits = ("--budget", "8", "--seeds", "0", "--cost", costs, "--constraint", "latency_ms<=4.1")
    result = run(*asked, *limits, "--out", tmp_path / "open", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["constraint"] == "at most 4.1 latency_ms"
    again = run(*asked, *limits[:-2], "--out", tmp_path / "open")
    assert "constraint was 'at most 4.1 latency_ms'" in again.stderr
    on_table = ("search-benchmark", table_file, "--task", "jigsaw", "--methods", "random,local", "--budget", "4")
    bounds = ("--seeds", "0", "--constraint", "params<=3e6", "--train-rows", "5", "--model", "boosted")
    found = run(*on_table, *bounds, "--out", tmp_path / "table", "--json")
    assert found.exit_code == 0, found.stderr
    nothing = run(*on_table, "--constraint", "params<=5", "--out", tmp_path / "none")
    assert nothing.exit_code == 2
    assert "has at most 5 params: the smallest has" in nothing.stderr


def test_files_with_the_name_of_a_cost_are_not_in_the_way(tmp_path: Path, stored: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("params", "latency_ms"):
        (tmp_path / name).mkdir()
    (tmp_path / "multiply_adds").write_text("mine")
    asked = ("lookup", ARCH, "--model", stored, "--json")
    names = ("params", "multiply_adds", "latency_ms")
    found = run(*asked, *(word for name in names for word in ("--cost", name)))
    assert found.exit_code == 0, found.stderr
    assert {row["task"] for row in json.loads(found.stdout)} == set(names)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["lookup", ARCH, "--cost", "no.csv:latency_ms"], "no such file: no.csv"),
        (["lookup", ARCH, "--cost", "no.parquet:jigsaw/time:s"], "no such file: no.parquet"),
        (["lookup", ARCH, "--cost", "a" * 400], "unknown cost or task of the oracle"),
        (["lookup", ARCH, "--cost", "latency"], "unknown cost or task of the oracle 'latency'"),
        (["lookup", ARCH, "--cost", "latency"], "or the file of a table of costs, or a stored surrogate"),
        (["lookup", ARCH, "--cost", "jigsaw"], "'jigsaw' is better when higher, and no cost"),
        (["lookup", CELL, "--cost", "{costs}"], "expected architectures of transnas101-macro, the space of"),
        (["lookup", ARCH, "--cost", "{costs}:latency"], "unknown task 'latency'"),
        (["lookup", "32-2311-basic", "--cost", "{costs}:latency_ms"], "was not measured on latency_ms"),
        (["lookup", ARCH, "--cost", "no.csv"], "no such file: no.csv"),
        (["lookup", ARCH, "--cost", "{table}"], "no column is named after a cost"),
        (["best", "cifar10", "--cost", "{costs}"], "expected costs of nasbench201, got those of transnas101-macro"),
        (
            ["best", "jigsaw", "--space", "transnas101-macro", "--cost", "{costs}", "--cost", "{costs}:latency_ms"],
            "expected each cost once, got 'latency_ms' again",
        ),
        (["search", "--task", "cifar10", "--cost", "params"], "expected the file of a table of costs"),
        (["search", "--task", "cifar10", "--cost", "{costs}"], "expected costs of nasbench201"),
    ],
)
def test_bad_input(options: list[str], message: str, costs: Path, table_file: Path) -> None:
    result = run(*(option.format(costs=costs, table=table_file) for option in options))
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert result.stdout == ""


@pytest.mark.parametrize("command", [("best", "cifar10"), ("search", "--task", "cifar10", "--budget", "3")])
def test_an_unknown_cost_is_told_how_to_come_from_a_file(command: tuple[str, ...], tmp_path: Path) -> None:
    costs = tmp_path / "costs.csv"
    costs.write_text("arch,fpga_latency\n" + f"{get_space('nasbench201').archs[0]},5\n")
    for space in ([], ["--space", "nasbench201"]):
        without = run(*command, *space, "--constraint", "fpga_latency<=5")
        assert without.exit_code == 2
        assert without.stderr.endswith("A cost in a file is given with --cost FILE\n")
        mistyped = run(*command, *space, "--constraint", "fpga_latncy<=5", "--cost", costs)
        assert mistyped.exit_code == 2
        assert "--cost has fpga_latency; did you mean 'fpga_latency'?" in mistyped.stderr
    task = run(*(word.replace("cifar10", "cifar11") for word in command))
    assert "did you mean 'cifar10'" in task.stderr
    assert "--cost" not in task.stderr
