"""``surrogates design``."""

import json
from pathlib import Path

import pytest

from benchmarks import DagSpace, get_space, load_table, register_space
from benchmarks.training.campaign import load_plan
from surrogates import initial_design
from tests.own_spaces import random_graphs
from tests.surrogates.cli.helpers import run

MICRO, MACRO = "transnas101-micro", "transnas101-macro"


def test_one_architecture_a_line_the_best_first() -> None:
    result = run("design", MICRO, "-n", "5", "--seed", "3")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == initial_design(MICRO, 5, random_state=3)
    assert run("design", MICRO, "--n", "5", "--seed", "3").stdout == result.stdout
    assert json.loads(run("design", MICRO, "-n", "5", "--seed", "3", "--json").stdout) == result.stdout.splitlines()
    assert run("design", MICRO, "-n", "5", "--seed", "4").stdout != result.stdout


def test_measured_architectures_come_from_a_table_or_a_text_file(tmp_path: Path) -> None:
    """The bundled table holds both spaces; those of the wanted one count."""
    archs = [arch for arch in load_table("rooms-mini").archs if arch in get_space(MACRO)]
    expected = initial_design(MACRO, 6, have=archs, random_state=0)
    assert run("design", MACRO, "-n", "6", "--have", "rooms-mini").stdout.splitlines() == expected
    (tmp_path / "have.txt").write_text("\ufeff" + "\r\n".join(archs) + "\n\n", encoding="utf-8")
    assert run("design", MACRO, "-n", "6", "--have", tmp_path / "have.txt").stdout.splitlines() == expected
    result = run("design", "nasbench201", "-n", "6", "--have", "rooms-mini")
    assert result.exit_code == 2
    assert "have: expected architectures of nasbench201, got '64-41414" in result.stderr


def test_allowed_architectures_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "allowed.txt"
    archs = get_space(MACRO).sample(12, rng=0)
    file.write_text("\n".join(archs))
    result = run("design", MACRO, "-n", "12", "--allowed", file)
    assert sorted(result.stdout.splitlines()) == sorted(archs)
    result = run("design", MACRO, "-n", "13", "--allowed", file)
    assert result.exit_code == 2
    assert "expected n from 1 to 12, the number of different functions of transnas101-macro that are" in result.stderr
    for name, text in (
        ("a.txt", "arch\n" + "\n".join(archs)),
        ("a.csv", "Arch\n\n" + "\n".join(archs)),
        ("b.csv", "\n".join(archs)),
        ("c.txt", "rank;arch\n" + "\n".join(f"1;{arch}" for arch in archs)),
        ("d.csv", "arch,jigsaw\n" + "\n".join(f"{arch},90.5" for arch in archs)),
    ):
        (tmp_path / name).write_text(text)
        for option in ("--allowed", "--have"):
            again = run("design", MACRO, "-n", "12", option, tmp_path / name)
            assert again.exit_code == 0, again.stderr
            chosen = set(again.stdout.splitlines())
            assert chosen == set(archs) if option == "--allowed" else chosen.isdisjoint(archs)
    file.write_text("arch\n\n64-2399-basic\n")
    result = run("design", MACRO, "--allowed", file)
    assert result.exit_code == 2
    assert "allowed.txt, line 3: " in result.stderr
    file.write_text("\n")
    assert "expected architectures in" in run("design", MACRO, "--allowed", file).stderr


def test_a_plan_trains_them_in_this_order(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    result = run("design", MICRO, "-n", "4", "--plan", plan)
    assert result.exit_code == 0, result.stderr
    assert f"surrogates campaign run {plan}" in result.stderr
    assert list(dict.fromkeys(trial.arch for trial in load_plan(plan).trials())) == result.stdout.splitlines()
    again = run("design", MICRO, "-n", "4", "--plan", plan)
    assert again.exit_code == 2
    assert "expected a new file" in again.stderr
    assert not again.stdout
    assert "expected a file ending in .json" in run("design", MICRO, "--plan", tmp_path / "plan.yaml").stderr


def test_sources_change_the_design() -> None:
    result = run("design", MACRO, "-n", "6", "--sources", "rooms-mini")
    assert result.exit_code == 0, result.stderr
    assert result.stdout != run("design", MACRO, "-n", "6").stdout
    assert "did you mean 'rooms-mini'" in run("design", MACRO, "--sources", "rooms-mimi").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["transnas101-micr"], "did you mean 'transnas101-micro'"),
        ([MICRO, "-n", "0"], "greater than or equal to 1"),
        ([MICRO, "-n", "1230"], "expected n from 1 to 1,229"),
        ([MICRO, "--have", "nowhere.csv"], "no such file: nowhere.csv"),
        ([MICRO, "--have", "nowhere.txt"], "nowhere.txt"),
    ],
)
def test_bad_input_ends_in_one_message(arguments: list[str], message: str) -> None:
    result = run("design", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr + result.stdout


def test_no_plan_is_written_for_graphs_that_cannot_be_trained(tmp_path: Path) -> None:
    register_space(DagSpace("graphs", random_graphs(20)))
    plan = tmp_path / "plan.json"
    result = run("design", "graphs", "-n", "3", "--plan", plan)
    assert result.exit_code == 2
    assert "expected an architecture with a network, to train it" in result.stderr
    assert not plan.exists()
    assert run("design", "graphs", "-n", "3").exit_code == 0
