"""The examples of docs/adapters.md run and give the documented results."""

import re
from pathlib import Path
from typing import Any

import pytest

import surrogates

TEXT = (Path(surrogates.__file__).parents[1] / "docs" / "adapters.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)


def run(example: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(example, "docs/adapters.md", "exec"), names)
    return names


def test_a_plain_function() -> None:
    names = run(EXAMPLES[0])
    assert len(names["history"]) == 50
    assert names["many"].shape == (100, 2)


def test_optuna() -> None:
    names = run(EXAMPLES[1])
    assert len(names["study"].trials) == 60
    assert names["study"].best_value == names["objective"].objectives.objective.measure([names["best"]])[0, 0]


def test_optuna_of_several_objectives() -> None:
    names = run(EXAMPLES[2])
    assert len(names["study"].trials) == 100
    assert all(names["small"](list(names["front"])))


def test_optuna_with_a_searcher() -> None:
    assert len(set(run(EXAMPLES[3])["asked"])) == 60


def test_optuna_with_a_pruner() -> None:
    names = run(EXAMPLES[4])
    assert {trial.state.name for trial in names["study"].trials} == {"COMPLETE", "PRUNED"}
    distinct = {trial.user_attrs["arch"] for trial in names["study"].trials}
    assert 0 < names["hours"] < len(distinct) * 180 / 3600


def test_pymoo() -> None:
    names = run(EXAMPLES[5])
    for arch, (scene, jigsaw, _) in names["front"].items():
        oracle = names["problem"].objectives._oracle
        assert (scene, jigsaw) == pytest.approx((oracle(arch, "class_scene"), oracle(arch, "jigsaw")))


def test_syne_tune() -> None:
    names = run(EXAMPLES[6])
    assert names["best"] in names["blackbox"].objectives.decisions.space


def test_scikit_learn() -> None:
    names = run(EXAMPLES[7])
    assert len(names["search"].cv_results_["params"]) == 4
    assert names["trees"].best_score_ > 0


def test_a_comparison_with_ones_own() -> None:
    names = run(EXAMPLES[8])
    assert set(names["study"].runs["searcher"]) == {"mine", "random", "local"}
    assert names["timed"].runs["seconds"].max() <= 100 * 3600


def test_a_hook_of_the_predictor() -> None:
    history = run(EXAMPLES[9])["history"]
    assert history.search["searcher"] == "UpperBound"
    assert history.best[-1, 0] > history.best[9, 0]  # better than the first ten, which are random


def test_all_examples_are_run_and_short() -> None:
    assert len(EXAMPLES) == 10
    assert all(len(example.split("\n\n")[-1].splitlines()) <= 10 for example in EXAMPLES)
