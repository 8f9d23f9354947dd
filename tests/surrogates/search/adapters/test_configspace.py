"""`ConfigSpaceObjective`, and the tools of docs/configspace.md, each in a run of its own example."""

import contextlib
import importlib.util
import io
import json
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Configuration, ConfigurationSpace

import surrogates
from benchmarks import DagSpace, get_space, list_spaces, register_space, unregister_space
from benchmarks.errors import ArchitectureError, UnknownNameError
from surrogates import Oracle
from surrogates.search import Constraint
from surrogates.search.adapters import ConfigSpaceObjective, Decisions
from surrogates.search.adapters.configspace_objective import configuration_space
from tests.own_spaces import random_graphs

PAGE = Path(surrogates.__file__).parents[1] / "docs" / "configspace.md"
BLOCKS = re.findall(r"```python\n(.*?)```\n(?:\n```\n(.*?)```)?", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def ones(archs: list[str]) -> np.ndarray:
    return np.array([arch.count("1") for arch in archs], dtype=float)


@pytest.mark.parametrize("name", list_spaces())
def test_architectures_and_configurations_go_both_ways(name: str) -> None:
    objective = ConfigSpaceObjective(ones, "ones", space=name)
    for arch in get_space(name).sample(50, rng=0):
        config = objective.configuration(arch)
        config.check_valid_configuration()
        assert objective.architecture(config) == objective.architecture(dict(config)) == arch
        assert objective.value(config) == ones([arch])[0]


def test_all_that_is_sampled_is_an_architecture_that_is_allowed(macro: Oracle) -> None:
    small = Constraint(max_params=2e6)
    objective = ConfigSpaceObjective(macro, "jigsaw", constraint=small, seed=0)
    archs = [objective.architecture(config) for config in objective.configspace.sample_configuration(100)]
    assert all(small(archs))
    again = ConfigSpaceObjective(macro, "jigsaw", constraint=small, seed=0).configspace.sample_configuration(100)
    assert archs == [objective.architecture(config) for config in again]


def test_the_space_is_that_of_the_decisions_and_survives_its_own_file(tmp_path: Path) -> None:
    decisions = Decisions("nasbench201")
    space = configuration_space(decisions)
    assert space.name == "nasbench201"
    assert {name: space[name].choices for name in space} == decisions.options
    assert (len(space.conditions), len(space.forbidden_clauses)) == (0, 0)
    space.to_json(tmp_path / "space.json")
    assert ConfigurationSpace.from_json(tmp_path / "space.json") == space


def test_losses_are_lower_where_values_are_better(macro: Oracle) -> None:
    objective = ConfigSpaceObjective(macro, ["jigsaw", "room_layout"], costs=["params"])
    config = objective.configuration("64-2311-basic")
    loss, value = objective.loss(config, seed=3), objective.value(config)
    jigsaw, layout = (macro("64-2311-basic", task) for task in ("jigsaw", "room_layout"))
    assert value == {"jigsaw": jigsaw, "room_layout": layout, "params": value["params"]}
    assert loss == {"jigsaw": -jigsaw, "room_layout": -layout, "params": value["params"]}
    assert value["params"] > 1e5
    lower = ConfigSpaceObjective(ones, "ones", space="transnas101-macro", minimize="ones")
    assert lower.loss(lower.configuration("64-2311-basic")) == 2.0


def test_a_space_of_ones_own() -> None:
    space = register_space(DagSpace("hub-own", random_graphs(12)))
    try:
        objective = ConfigSpaceObjective(lambda archs: np.ones(len(archs)), "mine", space=space)
        assert [objective.architecture(objective.configuration(arch)) for arch in space.archs] == list(space.archs)
    finally:
        unregister_space("hub-own")


def test_it_can_be_sent_to_other_processes(macro: Oracle) -> None:
    objective = ConfigSpaceObjective(macro, "jigsaw")
    again = pickle.loads(pickle.dumps(objective))
    config = objective.configuration("64-2311-basic")
    assert again.loss(config) == again.loss(again.configuration("64-2311-basic")) == objective.loss(config)


def test_bad_input(macro: Oracle) -> None:
    objective = ConfigSpaceObjective(macro, "jigsaw")
    with pytest.raises(ValueError, match="missing: 'module 2'"):
        objective.loss({"module 1": "1"})
    with pytest.raises(
        TypeError, match=r"expected a configuration, .* got str '64-2311-basic'; objective.configuration"
    ):
        objective.loss("64-2311-basic")
    with pytest.raises(UnknownNameError, match="unknown module 1 '7'"):
        objective.architecture({f"module {i}": "7" for i in range(1, 7)})
    with pytest.raises(ArchitectureError, match="outside the 3,256"):
        objective.configuration("64-1111-basic")
    with pytest.raises(UnknownNameError, match="did you mean 'jigsaw'"):
        ConfigSpaceObjective(macro, "jigsav")


# -- the page ---------------------------------------------------------------------------------------------------------


def example(library: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of the page's one example that imports a library, after it ran and printed what the page says."""
    if not importlib.util.find_spec(library):
        pytest.skip(f"needs {library}")
    monkeypatch.chdir(folder)
    ((code, printed),) = [block for block in BLOCKS if re.match(rf"(import|from) {library}\b", block[0])]
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, PAGE.name, "exec"), names)
    assert out.getvalue() == printed
    return names


def test_the_first_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(example("surrogates", tmp_path, monkeypatch)["config"], Configuration)


def test_smac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, micro: Oracle) -> None:
    import smac

    names = example("smac", tmp_path, monkeypatch)
    assert isinstance(names["scenario"], smac.Scenario)
    assert names["value"] == micro(names["arch"], "jigsaw")
    (tried,) = tmp_path.rglob("runhistory.json")
    assert json.loads(tried.read_text())["stats"]["finished"] == 14


@pytest.mark.filterwarnings("ignore")
def test_neps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = example("neps", tmp_path, monkeypatch)
    full, _ = names["neps"].status(tmp_path / "neps")
    assert len(full) == 12
    assert np.isfinite(full["objective_to_minimize"]).all()


@pytest.mark.filterwarnings("ignore")
def test_carps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, micro: Oracle) -> None:
    names = example("carps", tmp_path, monkeypatch)
    arch = names["objective"].architecture(names["info"].config)
    assert -names["cost"].cost == micro(arch, "jigsaw")
    assert names["task"].objective_function.n_function_calls == 20


def test_nevergrad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, micro: Oracle) -> None:
    import nevergrad

    names = example("nevergrad", tmp_path, monkeypatch)
    assert isinstance(names["optimizer"], nevergrad.optimizers.base.Optimizer)
    assert names["optimizer"].num_tell == 40
    assert micro.rank(names["best"], "jigsaw") < 400


@pytest.mark.filterwarnings("ignore")
def test_ax(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, macro: Oracle) -> None:
    names = example("ax", tmp_path, monkeypatch)
    parameters, values, *_ = names["best"]
    arch = names["decisions"].build({name.replace("_", " "): option for name, option in parameters.items()})
    assert values["jigsaw"][0] == pytest.approx(macro(arch, "jigsaw"))


def test_every_example_of_the_page_has_a_test() -> None:
    first = [re.match(r"(?:import|from) (\w+)", code) for code, _ in BLOCKS]
    assert [match and match[1] for match in first] == ["surrogates", "smac", "neps", "carps", "nevergrad", "ax"]
