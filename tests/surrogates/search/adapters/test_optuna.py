"""Optuna studies on `OptunaObjective`, and with `SearcherSampler`."""

import pickle

import numpy as np
import optuna
import pytest

from surrogates import Oracle
from surrogates.search import Constraint, make_searcher, run_search
from surrogates.search.adapters import Decisions, OptunaObjective, SearcherSampler
from surrogates.search.adapters.optuna_objective import distributions
from surrogates.search.space_arrays import costs

MACRO = "transnas101-macro"


def counting(archs: list[str]) -> np.ndarray:
    return np.array([arch.count("3") for arch in archs], dtype=float)


def test_one_at_a_time(macro: Oracle) -> None:
    objective = OptunaObjective(macro, "jigsaw")
    study = optuna.create_study(directions=objective.directions, sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=15)
    for trial in study.trials:
        assert trial.value == macro(trial.user_attrs["arch"], "jigsaw")
        assert objective.architecture(trial.params) == trial.user_attrs["arch"]


def test_in_batches_the_oracle_is_asked_once_each() -> None:
    calls = []
    objective = OptunaObjective(lambda archs: calls.append(len(archs)) or counting(archs), "mine", space=MACRO)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(0))
    trials = objective.optimize(study, n_trials=25, batch_size=10)
    assert calls == [10, 10, 5]
    assert [trial.value for trial in trials] == [trial.user_attrs["arch"].count("3") for trial in study.trials]


@pytest.mark.parametrize("sampler", [optuna.samplers.NSGAIISampler(seed=0), optuna.samplers.TPESampler(seed=0)])
def test_several_objectives(micro: Oracle, sampler: optuna.samplers.BaseSampler) -> None:
    small = Constraint(max_params=1.5e6)
    objective = OptunaObjective(micro, ["jigsaw", "normal"], costs=["params"], constraint=small)
    assert objective.directions == ["maximize", "maximize", "minimize"]
    study = optuna.create_study(directions=objective.directions, sampler=sampler)
    objective.optimize(study, n_trials=20, batch_size=10)
    study.optimize(objective, n_trials=5)
    assert all(small([trial.user_attrs["arch"] for trial in study.trials]))
    assert study.best_trials


def test_without_a_study(macro: Oracle) -> None:
    objective = OptunaObjective(macro, "jigsaw")
    params = objective.objectives.decisions.describe("64-2311-basic")
    assert objective(optuna.trial.FixedTrial(params)) == macro("64-2311-basic", "jigsaw")


def test_a_batch_that_fails_is_told_so() -> None:
    answers = iter([np.ones(4), np.full(4, np.nan)])
    objective = OptunaObjective(lambda archs: next(answers), "mine", space=MACRO)
    study = optuna.create_study(direction="maximize")
    with pytest.raises(ValueError, match="the oracle returned nan"):
        objective.optimize(study, n_trials=8, batch_size=4)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 4 + ["FAIL"] * 4


def test_a_sampler_that_runs_out_fails_its_batch(macro: Oracle) -> None:
    few = Constraint(max_params=float(np.sort(costs(macro.space)[:, 0])[5]))
    objective = OptunaObjective(macro, "jigsaw", constraint=few)
    decisions = objective.objectives.decisions
    n = int(decisions.allowed(macro.space.archs).sum())
    study = optuna.create_study(direction="maximize", sampler=SearcherSampler("random", decisions))
    with pytest.raises(ValueError, match=f"all {n} allowed architectures"):
        objective.optimize(study, n_trials=n + 3, batch_size=n - 1)
    states = [trial.state.name for trial in study.trials]
    assert states[: n - 1] == ["COMPLETE"] * (n - 1)
    assert states[n - 1] == "FAIL"


def test_another_direction_is_refused(macro: Oracle) -> None:
    objective = OptunaObjective(macro, "jigsaw")
    with pytest.raises(ValueError, match=r"directions=\['maximize'\], got \['minimize'\]"):
        objective.optimize(optuna.create_study(), n_trials=1)
    with pytest.raises(ValueError, match=r"directions=\['maximize'\], got \['minimize'\]"):
        optuna.create_study().optimize(objective, n_trials=1)
    with pytest.raises(ValueError, match="n_trials >= 1 and batch_size >= 1, got 0 and 16"):
        objective.optimize(optuna.create_study(direction="maximize"), n_trials=0)


# -- SearcherSampler ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("searcher", ["random", "local", "evolution", "reinforce"])
def test_a_sampler_asks_what_the_searcher_asks(macro: Oracle, searcher: str) -> None:
    objective = OptunaObjective(macro, "jigsaw")
    sampler = SearcherSampler(searcher, objective.objectives.decisions, seed=3)
    study = optuna.create_study(directions=objective.directions, sampler=sampler)
    study.optimize(objective, n_trials=10)
    objective.optimize(study, n_trials=30, batch_size=1)
    expected = run_search(searcher, macro, "jigsaw", budget=40, seed=3).archs
    assert [trial.user_attrs["arch"] for trial in study.trials] == expected


def test_several_objectives_are_told_higher_is_better(macro: Oracle) -> None:
    objective = OptunaObjective(macro, ["jigsaw", "normal"], costs=["params"])
    searcher = make_searcher("nsga2", population=8, cost=None)
    sampler = SearcherSampler(searcher, objective.objectives.decisions)
    study = optuna.create_study(directions=objective.directions, sampler=sampler)
    objective.optimize(study, n_trials=32, batch_size=8)
    own = make_searcher("nsga2", population=8, cost=None).start(MACRO, n_tasks=3)
    asked = []
    for _ in range(4):
        asked += (batch := own.ask(8))
        own.tell(batch, objective.objectives.measure(batch) * [1, 1, -1])
    assert [trial.user_attrs["arch"] for trial in study.trials] == asked


def test_a_stored_study_goes_on(macro: Oracle) -> None:
    """Trials of another process and enqueued trials are told to the searcher, and not asked for again."""
    objective = OptunaObjective(macro, "jigsaw")
    decisions = objective.objectives.decisions
    storage = optuna.storages.InMemoryStorage()
    first = optuna.create_study(
        storage=storage, study_name="s", direction="maximize", sampler=SearcherSampler("local", decisions)
    )
    objective.optimize(first, n_trials=10)
    sampler = SearcherSampler("local", decisions, seed=1)
    study = optuna.load_study(storage=storage, study_name="s", sampler=sampler)
    study.enqueue_trial(decisions.describe("64-2311-basic"))
    study.optimize(objective, n_trials=10)
    archs = [trial.user_attrs["arch"] for trial in study.trials]
    assert archs[10] == "64-2311-basic"
    assert len(set(archs)) == 20
    assert [decisions.space[row] for row in sampler._searcher.rows_] == archs[:19]


def test_failed_trials_are_not_told() -> None:
    objective = OptunaObjective(lambda archs: counting(archs), "mine", space=MACRO)
    sampler = SearcherSampler("evolution", objective.objectives.decisions)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for number in range(12):
        trial = study.ask(objective.distributions)
        value = {"state": optuna.trial.TrialState.FAIL} if number % 3 == 0 else {"values": float(number)}
        study.tell(trial, **value)
    study.ask(objective.distributions)
    assert sampler._searcher.values_[:, 0].tolist() == [1, 2, 4, 5, 7, 8, 10, 11]


def test_other_parameters_are_drawn_and_copies_go_on(macro: Oracle) -> None:
    def train(trial: optuna.Trial) -> float:
        arch = decisions.build({name: trial.suggest_categorical(name, o) for name, o in decisions.options.items()})
        return float(trial.suggest_float("rate", 0.1, 1.0) * macro(arch, "jigsaw"))

    decisions = Decisions(MACRO)
    study = optuna.create_study(direction="maximize", sampler=SearcherSampler("local", decisions))
    study.optimize(train, n_trials=6)
    study.sampler = pickle.loads(pickle.dumps(study.sampler))
    study.optimize(train, n_trials=6, n_jobs=2)
    assert len({decisions.build(trial.params) for trial in study.trials}) == 12
    assert len({trial.params["rate"] for trial in study.trials}) > 6


def test_another_study_begins_anew_and_an_end_is_an_error() -> None:
    decisions = Decisions(MACRO, np.arange(3256) < 5)
    objective = OptunaObjective(lambda archs: counting(archs), "mine", space=MACRO)
    sampler = SearcherSampler("random", decisions)
    for _ in range(2):
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.optimize(objective, n_trials=5)
        assert {trial.user_attrs["arch"] for trial in study.trials} == set(decisions.space.archs[:5])
    with pytest.raises(ValueError, match="all 5 allowed architectures"):
        study.optimize(objective, n_trials=1)


def test_a_study_of_something_else_is_refused() -> None:
    study = optuna.create_study(direction="maximize", sampler=SearcherSampler("random", Decisions(MACRO)))
    study.add_trial(optuna.trial.create_trial(value=1.0))
    with pytest.raises(ValueError, match="missing: 'module 1'"):
        study.ask(dict(distributions(Decisions(MACRO))))


def test_an_oracle_is_no_decisions() -> None:
    with pytest.raises(TypeError, match=r"OptunaObjective\(oracle, task\).objectives.decisions .*, got .*\(Oracle\)"):
        SearcherSampler("evolution", Oracle.from_pretrained("transnas101-micro"))  # type: ignore[arg-type]


def test_another_study_of_the_same_name_begins_anew() -> None:
    objective = OptunaObjective(counting, "mine", space=MACRO)

    def asked(sampler: SearcherSampler) -> list[str]:
        study = optuna.create_study(direction="maximize", sampler=sampler, study_name="one")
        study.optimize(objective, n_trials=25)
        return [trial.user_attrs["arch"] for trial in study.trials]

    twice = SearcherSampler("evolution", objective.objectives.decisions)
    assert asked(twice) == asked(twice) == asked(SearcherSampler("evolution", objective.objectives.decisions))
