"""The benchmark problem of OptunaHub, and the registry's folder as OptunaHub loads it."""

import re
from pathlib import Path

import numpy as np
import optuna
import optunahub
import pytest

from encoders import Costs
from surrogates import Oracle
from surrogates.search.adapters import OptunaHubProblem

REGISTRY = Path(__file__).parents[4] / "docs" / "optunahub" / "package"
FOLDER = REGISTRY / "benchmarks" / "transnas_surrogates"
MACRO = "transnas101-macro"


def test_values_are_those_of_the_oracle_and_constraints_those_of_the_architecture(macro: Oracle) -> None:
    problem = OptunaHubProblem(macro, ["jigsaw", "normal"], "params", constraints=["params<=3M", "jigsaw >= 94"])
    assert [direction.name for direction in problem.directions] == ["MAXIMIZE", "MAXIMIZE", "MINIMIZE"]
    study = optuna.create_study(directions=problem.directions, sampler=optuna.samplers.NSGAIISampler(seed=0))
    study.optimize(problem, n_trials=20)
    feasible = set()
    for trial in study.trials:
        arch = problem.architecture(trial.params)
        params = int(Costs().exact([arch])[0, 0])
        jigsaw = macro(arch, "jigsaw")
        assert trial.values == [jigsaw, macro(arch, "normal"), params]
        expected = {"params<=3000000": params - 3e6, "jigsaw>=94": 94 - jigsaw}
        assert problem.evaluate_constraints(trial.params) == pytest.approx(expected)
        feasible.add(params <= 3e6 and jigsaw >= 94)
    assert feasible == {True, False}


def test_samplers_see_the_constraints(macro: Oracle) -> None:
    problem = OptunaHubProblem(macro, "jigsaw", constraints="params<=1M")
    study = optuna.create_study(directions=problem.directions, sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(problem, n_trials=60)
    within = np.array([problem.evaluate_constraints(trial.params)["params<=1000000"] <= 0 for trial in study.trials])
    assert within[30:].mean() > within[:10].mean()
    assert problem.evaluate_constraints(study.best_trial.params)["params<=1000000"] <= 0


def test_other_operators_are_refused(macro: Oracle) -> None:
    with pytest.raises(ValueError, match="expected constraints with <= or >=, got 'params<1000000'"):
        OptunaHubProblem(macro, "jigsaw", constraints="params<1M")


def test_the_registry_folder_loads_and_runs_as_its_readme_says() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    front = dict(re.findall(r"(?m)^(\w+): (.+)$", text.split("---")[1]))
    assert set(front) == {"author", "title", "description", "tags", "optuna_versions", "license"}
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Abstract", "## APIs", "## Installation", "## Example",
    ]  # fmt: skip
    example = text.split("```python")[1].split("```")[0]
    local = example.replace('optunahub.load_module("', 'optunahub.load_local_module("').replace(
        '_surrogates")', f'_surrogates", registry_root={str(REGISTRY)!r})'
    )
    found: dict[str, object] = {}
    exec(local, {"print": lambda *values: found.update(arch=values[0], value=values[1])})
    assert Oracle.from_pretrained("transnas101-micro")(str(found["arch"]), "class_scene") == found["value"]
    assert Costs().exact([str(found["arch"])])[0, 0] <= 5_000_000
    module = optunahub.load_local_module("benchmarks/transnas_surrogates", registry_root=str(REGISTRY))
    assert len(module.Problem("nasbench201", "cifar100").search_space) == 6
