"""Objectives of optimisers in worker processes that are started afresh (spawned)."""

import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import optuna
import pytest

from benchmarks import get_space
from surrogates import Oracle
from surrogates.search import Constraint, make_searcher, run_search
from surrogates.search.adapters import (
    Decisions,
    Objectives,
    OptunaObjective,
    PymooProblem,
    SearcherSampler,
    SyneTuneBlackbox,
)
from surrogates.search.objective import open_objective
from tests.surrogates.search.functions import threes

ARCHS = get_space("transnas101-macro").sample(7, rng=3)


def of_optuna(objective: OptunaObjective) -> list[Any]:
    return [objective(optuna.trial.FixedTrial(objective.objectives.decisions.describe(arch))) for arch in ARCHS]


def of_pymoo(problem: PymooProblem) -> list[Any]:
    return problem.values(problem.evaluate(problem.encode(ARCHS))).tolist()


def of_syne_tune(blackbox: SyneTuneBlackbox) -> list[Any]:
    return [blackbox(blackbox.objectives.decisions.describe(arch), fidelity=1) for arch in ARCHS]


def of_objectives(objectives: Objectives) -> list[Any]:
    return [objectives.names, objectives.measure(ARCHS).tolist(), objectives.decisions.encode(ARCHS).tolist()]


def of_objective(objective: Any) -> list[Any]:
    return objective.measure(list(ARCHS)).tolist()


def asked(searcher: Any) -> list[str]:
    return searcher.ask(5)


def cases() -> list[tuple[Callable[[Any], list[Any]], Any]]:
    oracle = Oracle.from_pretrained("transnas101-macro")
    small = Constraint(max_params=3e7)
    started = make_searcher("evolution", 3).start("transnas101-macro")
    both = open_objective(oracle, ["jigsaw", "normal"], constraint=small)
    return [
        (of_optuna, OptunaObjective(oracle, "jigsaw", constraint=small)),
        (of_optuna, OptunaObjective(threes, "mine", costs=["params"], space="transnas101-macro")),
        (of_pymoo, PymooProblem(oracle, ["jigsaw", "normal"], costs=["multiply_adds"])),
        (of_pymoo, PymooProblem(threes, "mine", space="transnas101-macro")),
        (of_syne_tune, SyneTuneBlackbox(oracle, "jigsaw")),
        (of_syne_tune, SyneTuneBlackbox(threes, "mine", space="transnas101-macro")),
        (of_objectives, Objectives(oracle, "jigsaw")),
        (of_objective, both),
        (of_objective, both.only("normal")),
        (asked, started),
    ]


def test_objectives_answer_alike_in_spawned_processes() -> None:
    expected = [function(pickle.loads(pickle.dumps(value))) for function, value in cases()]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(function, value) for function, value in cases()]
        assert [future.result(timeout=120) for future in waiting] == expected
    assert expected == [function(value) for function, value in cases()]


def test_what_is_measured_is_the_oracles() -> None:
    copy = pickle.loads(pickle.dumps(OptunaObjective(Oracle.from_pretrained("transnas101-macro"), "jigsaw")))
    oracle = Oracle.from_pretrained("transnas101-macro")
    assert of_optuna(copy) == [oracle(arch, "jigsaw") for arch in ARCHS]


def test_a_sampler_and_a_history_are_picklable() -> None:
    sampler = pickle.loads(pickle.dumps(SearcherSampler("local", Decisions("transnas101-macro"), 1)))
    assert isinstance(sampler, SearcherSampler)
    history = run_search("random", threes, "mine", 5, space="transnas101-macro")
    assert pickle.loads(pickle.dumps(history)).to_frame().equals(history.to_frame())


def test_a_local_function_is_named_in_the_error() -> None:
    objective = OptunaObjective(lambda archs: np.ones(len(archs)), "mine", space="transnas101-macro")
    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
        pickle.dumps(objective)
