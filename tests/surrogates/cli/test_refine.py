"""``surrogates refine`` with a fake trainer."""

import json
from pathlib import Path

import pytest

import benchmarks.training.campaign as package
from benchmarks import get_space, load_table, save_table, table_provenance
from benchmarks.formats.parquet import read_provenance
from benchmarks.training.campaign import campaign_table, load_plan
from benchmarks.training.campaign.worker import Job, do
from benchmarks.training.recipe import VERSION
from tests.benchmarks.training.campaign.campaign_fakes import Fake
from tests.surrogates.cli.helpers import run
from tests.surrogates.small_models import small_defaults

TREES = ("--model", "boosted")  # quick, where it does not matter


@pytest.fixture(autouse=True)
def _quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_defaults(monkeypatch)
    monkeypatch.setattr(package, "ImageTrainer", lambda *_: Fake(tmp_path / "diary"))


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    draw = {"space": "transnas101-macro", "sample": 12}
    path.write_text(json.dumps({"architectures": draw, "tasks": ["jigsaw", "class_scene"], "recipe": {"epochs": 2}}))
    return path


@pytest.fixture
def table(plan: Path, tmp_path: Path) -> Path:
    whole, path = load_plan(plan), tmp_path / "table.parquet"
    for trial in whole.trials():
        do(Job(trial), whole, tmp_path / "plan", Fake(tmp_path / "first"))
    save_table(campaign_table(whole, tmp_path / "plan"), path)
    return path


def test_two_rounds_are_trained_shown_and_added(table: Path, plan: Path, tmp_path: Path) -> None:
    out = tmp_path / "refined.parquet"
    arguments = ["refine", table, "--plan", plan, "--budget", "3", "--rounds", "2", "--out", out]
    result = run(*map(str, arguments))
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "round 1: trained 3, 15 architectures known"
    assert lines[1].split() == [
        "task",
        "measured",
        "std",
        "before",
        "after",
        "cv",
        "tau",
        "before",
        "after",
        "tau",
        "of",
        "new",
    ]
    assert [line.split()[:2] for line in lines[2:4]] == [["jigsaw", "3"], ["class_scene", "3"]]
    assert lines[4] == "round 2: trained 3, 18 architectures known"
    assert lines[-1] == f"Wrote {out}: 18 architectures, 6 of them new."
    assert load_table(out).archs[:12] == load_table(table).archs
    found = read_provenance(out)
    assert found["refined"]["table"] == load_table(table).hash
    added = found["refined"]["added"]["trainings"]
    assert {task: (made["done"], made["failed"]) for task, made in added.items()} == {
        "jigsaw": (6, 0),
        "class_scene": (6, 0),
    }
    trained = Fake(tmp_path / "diary").trained()
    assert len(set(trained)) == len(trained) == 12
    again = run(*map(str, arguments))
    assert again.stdout == result.stdout
    assert Fake(tmp_path / "diary").trained() == trained


def test_a_searcher_chooses(table: Path, plan: Path, tmp_path: Path) -> None:
    """Local search asks for neighbours of the architecture that is best on both tasks."""
    arguments = ["refine", table, "--plan", plan, "--budget", "3", "--by", "local", "--out", tmp_path / "new.csv"]
    result = run(*map(str, arguments), *TREES, "--json")
    assert result.exit_code == 0, result.stderr
    (turn,) = json.loads(result.stdout)
    ranks = load_table(table).oriented().rank(method="max").mean(axis=1)
    best = ranks.index[ranks == ranks.max()]
    around = {near for arch in best for near in get_space("transnas101-macro").neighbors(arch)}
    assert set(turn["archs"]) <= around
    result = run(*map(str, [*arguments[:-4], "--by", "locla", "--out", tmp_path / "other.csv"]))
    assert result.exit_code == 2
    assert "unknown selection method 'locla'; did you mean 'local'?" in result.stderr


def test_a_device_that_is_not_there_is_refused_before_anything_is_chosen(
    table: Path, plan: Path, tmp_path: Path
) -> None:
    result = run("refine", table, "--plan", plan, "--device", "gpu", "--out", tmp_path / "new.csv")
    assert result.exit_code == 2
    assert "expected auto, cpu, cuda or cuda:N as the device" in result.stderr
    assert not (tmp_path / "new").exists()


def test_the_bundled_table_is_refined_as_it_was_made(tmp_path: Path) -> None:
    out, known = tmp_path / "refined.csv", load_table("rooms-mini", space="transnas101-macro")
    options = ["--space", "transnas101-macro", "--preset", "mini", "--budget", "1"]
    result = run(*map(str, ["refine", "rooms-mini", *options, "--out", out]))
    if min(table_provenance("rooms-mini").get("version", {}).get(task, 1) for task in known.tasks) < VERSION:
        assert result.exit_code == 2
        assert "expected the same recipe and images as in" in result.stderr
        assert f"version was 1 and is now {VERSION}" in result.stderr
        return
    assert result.exit_code == 0, result.stderr
    assert {trial.task for trial in Fake(tmp_path / "diary").trained()} == set(known.tasks)
    assert len(load_table(out)) == len(known) + 1


def test_a_table_of_another_recipe_is_refused(table: Path, tmp_path: Path) -> None:
    result = run("refine", table, "--out", tmp_path / "refined.csv")
    assert result.exit_code == 2
    assert "got others for jigsaw: recipe: epochs was 2 and is now 5" in result.stderr
    assert not (tmp_path / "diary").exists()


def test_rows_of_unknown_origin_stay_so(table: Path, plan: Path, tmp_path: Path) -> None:
    save_table(load_table(table), tmp_path / "table.csv")
    out = tmp_path / "refined.parquet"
    for begin, end in ((tmp_path / "table.csv", out), (out, tmp_path / "again.parquet")):
        result = run(*map(str, ["refine", begin, "--plan", plan, "--budget", "2", *TREES, "--out", end]))
        assert result.exit_code == 0, result.stderr
        assert "does not record how it was made" in result.stderr
    assert "recipes" not in read_provenance(out)
    assert set(read_provenance(out)["refined"]["added"]["recipes"]) == {"jigsaw", "class_scene"}


def test_a_table_that_does_not_say_is_taken_with_a_note(table: Path, tmp_path: Path) -> None:
    save_table(load_table(table), tmp_path / "table.csv")
    out = tmp_path / "refined.csv"
    result = run("refine", tmp_path / "table.csv", "-t", "jigsaw", "--budget", "2", *TREES, "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    assert "does not record how it was made" in result.stderr
    (turn,) = json.loads(result.stdout)
    assert [row["task"] for row in turn["tasks"]] == ["jigsaw"]
    assert len(load_table(out)) == 14


def test_failed_trainings_say_why_and_are_tried_again(
    table: Path, plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {(arch, task): "nan" for arch in get_space("transnas101-macro") for task in ("jigsaw", "class_scene")}
    out = tmp_path / "refined.csv"
    arguments = [str(part) for part in ("refine", table, "--plan", plan, "--budget", "2", *TREES, "--out", out)]
    with monkeypatch.context() as patch:
        patch.setattr(package, "ImageTrainer", lambda *_: Fake(tmp_path / "diary", broken=broken))
        assert run(*arguments).exit_code == 1
    again = run(*arguments)
    assert again.exit_code == 1
    assert "no training of the plan is done; 4 failed: loss is nan in epoch 2 (--retry-failed" in again.stderr
    assert len(Fake(tmp_path / "diary").trained()) == 4
    assert not out.exists()
    healed = run(*arguments, "--retry-failed")
    assert healed.exit_code == 0, healed.stderr
    assert len(load_table(out)) == 14
    assert sorted(Fake(tmp_path / "diary").trained()[4:]) == sorted(Fake(tmp_path / "diary").trained()[:4])


def test_what_failed_of_a_round_is_said_at_the_end(
    table: Path, plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {(arch, "jigsaw"): "nan" for arch in get_space("transnas101-macro")}
    monkeypatch.setattr(package, "ImageTrainer", lambda *_: Fake(tmp_path / "diary", broken=broken))
    result = run("refine", table, "--plan", plan, "--budget", "2", *TREES, "--out", tmp_path / "refined.csv")
    assert result.exit_code == 0
    assert result.stderr.endswith("2 trainings failed: loss is nan in epoch 2\nuse --retry-failed to run them again\n")


def test_another_model_is_refused_in_the_same_folder(table: Path, plan: Path, tmp_path: Path) -> None:
    arguments = ["refine", table, "--plan", plan, "--budget", "2", "--out", tmp_path / "refined.csv", "--model"]
    assert run(*arguments, "boosted").exit_code == 0
    result = run(*arguments, "gp")
    assert result.exit_code == 1
    assert "model was BoostedSurrogate(" in result.stderr
    assert "is now GaussianProcessSurrogate()" in result.stderr
    assert "choose another folder (--folder)" in result.stderr
    assert run(*arguments, "gp", "--folder", tmp_path / "other").exit_code == 0


def test_what_would_lose_something_is_refused_before_any_training(table: Path, plan: Path, tmp_path: Path) -> None:
    before = table.read_bytes()
    for arguments, code, message in (
        (["--out", table], 2, "expected a file other than TABLE"),
        (["--out", tmp_path / "refined.csv", "--preset", "mini"], 2, "expected one of --plan and --preset, got both"),
        (["--out", tmp_path / "nodir" / "a.csv", "--folder", tmp_path / "x"], 2, "there is no folder"),
    ):
        result = run("refine", table, "--plan", plan, *arguments)
        assert result.exit_code == code
        assert message in result.stderr
    assert table.read_bytes() == before
    assert not (tmp_path / "diary").exists()


def test_help_has_examples() -> None:
    assert "\n    surrogates refine" in run("refine", "--help").stdout.split("Examples:")[1]
