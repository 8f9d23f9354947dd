"""Leaderboard and model names: every model runs, published rows stand where they belong, means are means."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import Table, UnknownNameError, get_space, load_table, save_table
from benchmarks.tasks import TRANSNAS_TASKS
from surrogates.evaluation.leaderboard import PUBLISHED, leaderboard, standings
from surrogates.registry import BASELINES, MODELS, make_model
from tests.surrogates.cli.helpers import run


@pytest.fixture(scope="module")
def table():
    archs = get_space("transnas101-macro").sample(120, rng=0)
    labels = np.array([float(arch.count("4")) + 0.1 * arch.count("2") for arch in archs])
    return Table.from_frame(pd.DataFrame({"jigsaw": 50 + labels, "normal": 0.1 * labels}, index=archs))


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_learns(name, table):
    found = leaderboard(table, [name], train_sizes=[60], seeds=[0], protocols=["all"])
    assert found["tau"].mean() > 0.4


def test_unknown_model_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'boosted'"):
        make_model("boosted-trees")


def test_seeds_reach_the_models():
    assert all(make_model(name, 7).random_state == 7 for name in MODELS)


def of_all(space, tasks=("jigsaw", "normal")):
    """A table of every published architecture."""
    archs = get_space(space).archs
    return Table.from_frame(pd.DataFrame(dict.fromkeys(tasks, 0.0), index=list(archs)))


def runs_on(tasks=("jigsaw", "normal")):
    return pd.DataFrame(
        [
            ("m", "all", 128, seed, task, tau, tau, 0.9, 2.0 + seed)
            for seed in (0, 1)
            for task, tau in zip(tasks, (0.5 + seed, *[0.1] * (len(tasks) - 1)), strict=True)
        ],
        columns=["model", "protocol", "n_train", "seed", "task", "tau", "rho", "coverage", "seconds"],
    )


def test_standings_are_means_with_published_rows_beside():
    found = standings(runs_on(), of_all("transnas101-micro")).set_index("model")
    assert found.loc["m", "tau"] == pytest.approx((0.3 + 0.8) / 2)
    assert found.loc["m", "tau_sd"] == pytest.approx(np.std([0.3, 0.8], ddof=1))
    assert found.loc["m", "seconds"] == 2.5
    assert np.isnan(found.loc["FLAN (published)", "seconds"])
    assert found.loc["m", ["jigsaw", "normal"]].tolist() == pytest.approx([1.0, 0.1])
    flan = PUBLISHED["transnas101-micro"]["FLAN (published)"][128]
    assert found.loc["FLAN (published)", "jigsaw"] == flan["jigsaw"]
    assert np.isnan(found.loc["FLAN (published)", "normal"])


def test_published_rows_stand_only_beside_what_they_were_measured_on():
    whole = of_all("transnas101-micro")
    part = whole.where(archs=whole.archs[1:])
    other = replace(whole, provenance={"deviations": {"jigsaw": ["epochs: 6 instead of 10"]}})
    for table in (part, other, load_table("rooms-mini").where(space="transnas101-micro"), of_all("nasbench201")):
        assert standings(runs_on(), table)["model"].tolist() == ["m"]
    own = ("mine", "normal")
    assert standings(runs_on(own), of_all("transnas101-micro", own))["model"].tolist() == ["m"]


def test_a_published_mean_of_seven_tasks_stands_beside_seven_tasks():
    found = standings(runs_on(TRANSNAS_TASKS), of_all("transnas101-macro", TRANSNAS_TASKS)).set_index("model")
    assert found.loc["graph features + forest (published)", "tau"] == 0.675
    assert standings(runs_on(), of_all("transnas101-macro"))["model"].tolist() == ["m"]


def test_command_prints_and_writes(table, tmp_path):
    path, out = tmp_path / "table.csv", tmp_path / "runs.csv"
    save_table(table, path)
    arguments = [str(path), "--models", "linear,knn", "--train-sizes", "40", "--seeds", "0,1", "--out", str(out)]
    result = run("leaderboard", *arguments)
    assert result.exit_code == 0, result.output
    assert "protocol all, n = 40" in result.stdout
    assert "CPU s" in result.stdout
    assert "protocol distinct, n = 40" in result.stdout
    assert len(pd.read_csv(out)) == 2 * 2 * 2 * 2  # models, protocols, seeds, tasks


def test_command_refuses_unknown_models(table, tmp_path):
    path = tmp_path / "table.csv"
    save_table(table, path)
    result = run("leaderboard", path, "--models", "lineer")
    assert result.exit_code == 2
    assert "did you mean 'linear'" in result.stderr


def test_one_protocol_in_place_of_a_list_is_refused(table):
    with pytest.raises(TypeError, match="expected a list of protocols, got the string 'all'"):
        leaderboard(table, ["linear"], train_sizes=[60], seeds=[0], protocols="all")
