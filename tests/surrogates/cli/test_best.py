"""``surrogates best``, and constraints, stored models and any cost as objective in ``surrogates search``."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import Table, get_space, load_table, save_table
from surrogates import BoostedSurrogate, Oracle
from surrogates.search import Constraint, run_search
from tests.surrogates.cli.helpers import QUICK, rows_of, run

MACRO, MICRO = get_space("transnas101-macro"), get_space("transnas101-micro")


@pytest.fixture(scope="module")
def latency(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stored surrogate of a latency that grows with the number of modules."""
    archs = MACRO.sample(200, rng=0)
    milliseconds = pd.Series([float(len(arch) - 9) for arch in archs], name="latency_ms")
    surrogate = BoostedSurrogate(**QUICK, equivalence="string", random_state=0).fit(
        archs, milliseconds, minimize="latency_ms"
    )
    return surrogate.save(tmp_path_factory.mktemp("models") / "latency")


@pytest.fixture(scope="module")
def joined(latency: Path) -> Oracle:
    from surrogates import load_surrogate

    return Oracle.from_pretrained("transnas101-macro").join(load_surrogate(latency))


def test_ten_for_jigsaw_under_a_million_parameters_are_ten_functions() -> None:
    asked = ("best", "jigsaw", "--space", "transnas101-micro", "--constraint", "params<=1e6")
    result = run(*asked)
    assert result.exit_code == 0, result.stderr
    head, *rows, end = result.stdout.splitlines()
    expected = ["arch", "jigsaw", "±", "std", "rank", "of", "4,096", "twins", "params", "multiply_adds"]
    assert head.split() == expected
    archs = [row.split()[0] for row in rows]
    assert len(rows) == len(set(MICRO.simplify(archs))) == 10
    best = Oracle.from_pretrained("transnas101-micro").best("jigsaw", constraints="params<=1M")
    assert archs == best["arch"].tolist()
    small = int(Constraint("params<=1e6").mask(MICRO).sum())
    total = "architectures of transnas101-micro with at most 1,000,000 params."
    assert end == f"All 10 different functions of {small} {total}"
    assert run(*asked, "-n", "3").stdout.splitlines()[-1] == f"3 of the 10 different functions of {small} {total}"
    every = run(*asked, "--all", "-n", "3").stdout.splitlines()
    assert every[-1] == f"3 of {small} {total}"
    assert len(rows_of(run(*asked, "--all", "-n", "1000", "--csv").stdout)) == small


def test_one_function_is_said_as_one() -> None:
    asked = ("best", "jigsaw", "--space", "transnas101-micro", "--constraint", "params<1e5")
    which = "architectures of transnas101-micro with less than 100,000 params."
    assert run(*asked).stdout.splitlines()[-1] == f"One function, that of all 8 {which}"
    only = run("best", "jigsaw", "--space", "transnas101-macro", "--constraint", "params<9.9e5", "--all").stdout
    assert only.splitlines()[-1].startswith("The only architecture of transnas101-macro with")


def test_the_full_name_of_a_task_tells_the_space_as_well() -> None:
    plain, full = (run("best", task, "-n", "3", "--csv") for task in ("cifar10", "cifar10/valid_top1"))
    assert full.exit_code == 0, full.stderr
    assert full.stdout == plain.stdout
    bounded = run("best", "cifar10", "--constraint", "cifar100/valid_top1>=73", "-n", "3", "--csv")
    assert bounded.exit_code == 0, bounded.stderr
    assert len(rows_of(bounded.stdout)) == 3
    unclear, wrong = run("best", "jigsaw/valid_top1"), run("best", "cifar10/valid_loss")
    assert "expected --table or --space (one of transnas101-micro, transnas101-macro)" in unclear.stderr
    assert "unknown task 'cifar10/valid_loss'" in wrong.stderr


def test_csv_and_json_are_exact() -> None:
    asked = ("best", "cifar10", "-n", "4", "--constraint", "cifar100 >= 70", "--constraint", "multiply_adds<60M")
    expected = Oracle.from_pretrained("nasbench201").best(
        "cifar10", 4, constraints=["cifar100>=70", "multiply_adds<6e7"]
    )
    from_json = json.loads(run(*asked, "--json").stdout)
    from_csv = rows_of(run(*asked, "--csv").stdout)
    assert len(from_json) == len(from_csv) == len(expected)
    for answer, line, row in zip(from_json, from_csv, expected.to_dict(orient="records"), strict=True):
        assert {name: answer[name] for name in row} == row
        assert {name: type(row[name])(line[name]) for name in row} == row
        assert (answer["unit"], answer["higher_is_better"], answer["of"]) == ("%", True, 15625)
        assert (answer["space"], answer["task"]) == ("nasbench201", "cifar10")


def test_measured_values_only_with_a_table(table_file: Path, macro_table: Table) -> None:
    (first, *others) = rows_of(run("best", "jigsaw", "--table", table_file, "--csv", "-n", "1000").stdout)
    measured = macro_table.to_frame()["jigsaw"].dropna()
    assert len(others) + 1 == len(measured)
    assert float(first["value"]) == measured.max()
    assert first["std"] == ""
    shown = run("best", "jigsaw", "--table", table_file, "-n", "1").stdout.splitlines()
    assert "rank of 54" in shown[0]
    assert shown[1].split()[3] == "-"


def test_the_bundled_surrogate_predicts_what_a_model_or_a_table_lacks(
    latency: Path, joined: Oracle, table_file: Path, tmp_path: Path
) -> None:
    found = rows_of(run("best", "jigsaw", "--model", latency, "--constraint", "latency_ms<=5.7", "--csv").stdout)
    expected = joined.best("jigsaw", constraints=["latency_ms<=5.7"])
    assert [row["arch"] for row in found] == expected["arch"].tolist()
    assert [float(row["latency_ms"]) for row in found] == expected["latency_ms"].tolist()
    fastest = rows_of(run("best", "latency_ms", "--model", latency, "--csv").stdout)
    assert float(fastest[0]["value"]) == joined.ranking("latency_ms").values.min()
    by_name = run("best", "jigsaw", "--model", latency, "--model", "transnas101-macro", "-n", "2", "--csv")
    assert by_name.stdout == run("best", "jigsaw", "--space", "transnas101-macro", "-n", "2", "--csv").stdout
    measured = rows_of(run("best", "normal", "--table", table_file, "--constraint", "jigsaw>=65", "--csv").stdout)
    assert {row["arch"] for row in measured} <= set(pd.read_csv(table_file)["arch"])
    assert float(measured[0]["std"]) > 0


def test_trainings_unlike_the_published_are_not_put_beside_them(tmp_path: Path) -> None:
    rooms = load_table("rooms-mini").where(space="transnas101-micro", tasks=["jigsaw"])
    save_table(rooms, tmp_path / "rooms.parquet")
    asked = ("best", "jigsaw", "--table", tmp_path / "rooms.parquet")
    assert run(*asked).exit_code == 0
    mixed = run(*asked, "--constraint", "normal>=0.5")
    assert mixed.exit_code == 2
    assert "expected trainings like the published ones beside" in mixed.stderr
    assert "images of rooms instead of taskonomy" in mixed.stderr


def test_a_search_within_a_latency(latency: Path, joined: Oracle) -> None:
    options = (
        "--method",
        "evolution",
        "--budget",
        "30",
        "--constraint",
        "latency_ms<=5.7",
        "--constraint",
        "params<=20M",
    )
    result = run("search", "--task", "jigsaw", "--model", latency, *options, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    history = run_search("evolution", joined, "jigsaw", 30, constraints=["latency_ms<=5.7", "params<=2e7"])
    assert found["searches"][0]["best_arch"] == history.best_arch()
    assert joined.answers(history.archs, "latency_ms").value.max() <= 5.7


def test_a_search_minimises_a_latency(latency: Path, joined: Oracle, tmp_path: Path) -> None:
    options = ("--method", "attentive", "--objective", "latency_ms", "--budget", "30", "--out", tmp_path / "found")
    result = run("search", "--task", "jigsaw", "--model", latency, *options, "--json")
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)["front"]
    paid = [row["latency_ms"] for row in rows]
    assert paid == sorted(paid)
    assert paid == joined.answers([row["arch"] for row in rows], "latency_ms").value[:, 0].tolist()
    values = [row["tasks"]["jigsaw"]["value"] for row in rows]
    assert values == sorted(values)
    shown = run("search", "--task", "jigsaw", "--model", latency, *options)
    assert shown.stdout.split()[1:3] == ["latency_ms", "jigsaw"]
    other = run("search", "--task", "jigsaw", "--space", "transnas101-macro", *options[:2], *options[4:])
    assert other.exit_code == 1
    assert "holds another study" in other.stderr


def test_a_search_shows_different_functions() -> None:
    found = json.loads(
        run(
            *("search", "--space", "transnas101-micro", "--task", "jigsaw", "--method", "evolution", "--budget", "40"),
            *("--constraint", "params<=1e6", "--top", "4", "--json"),
        ).stdout
    )
    archs = [row["arch"] for row in found["best"]]
    assert len(archs) == len(set(MICRO.simplify(archs))) == 4
    values = [row["tasks"]["jigsaw"]["value"] for row in found["best"]]
    assert values == sorted(values, reverse=True)
    assert values[0] == found["searches"][0]["best"]["jigsaw"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["jigsaw"], "expected --table or --space (one of transnas101-micro, transnas101-macro), or --model"),
        (["jigsau"], "unknown task 'jigsau'; did you mean 'jigsaw'"),
        (["jigsau", "--space", "transnas101-macro"], "unknown task 'jigsau'; did you mean 'jigsaw'"),
        (["jigsaw", "--space", "transnas101-makro"], "did you mean 'transnas101-macro'"),
        (["cifar10", "--constraint", "params=<5"], "expected one bound, like 'params<=1e6'"),
        (["cifar10", "--constraint", "latency<=5"], "unknown task 'latency'"),
        (
            ["cifar10", "--space", "nasbench201", "--constraint", "flops<=5"],
            "unknown cost or task of the oracle 'flops'",
        ),
        (["cifar10", "--constraint", "params<=5"], "no architecture of nasbench201 has at most 5 params: the smallest"),
        (["cifar10", "-n", "0"], "greater than or equal to 1"),
        (["cifar10", "--json", "--csv"], "expected one of --json and --csv, got both"),
        (["cifar10", "--model", "nasbench20"], "did you mean 'nasbench201'"),
        (["cifar10", "--model", "nasbench201", "--model", "nasbench201"], "got several of 'ImageNet16-120'"),
        (["cifar10", "--model", "nasbench201", "--model", "transnas101-micro"], "expected surrogates of one space"),
        (
            ["cifar10", "--model", "nasbench201", "--space", "transnas101-micro"],
            "expected nasbench201, the space of the model, got transnas101-micro",
        ),
    ],
)
def test_bad_input(options: list[str], message: str) -> None:
    result = run("best", *options)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert result.stdout == ""


def test_a_latency_that_is_better_when_higher_is_no_objective(latency: Path) -> None:
    result = run("search", "--task", "jigsaw", "--model", latency, "--method", "front", "--objective", "normal")
    assert result.exit_code == 2
    assert "'normal' is better when higher and cannot be minimised as a cost" in result.stderr
