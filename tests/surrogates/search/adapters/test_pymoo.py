"""pymoo algorithms on `PymooProblem`."""

import numpy as np
import pytest
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.mixed import MixedVariableGA
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.crossover.ux import UniformCrossover
from pymoo.operators.mutation.pm import PM
from pymoo.operators.mutation.rm import ChoiceRandomMutation
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.operators.sampling.rnd import IntegerRandomSampling
from pymoo.optimize import minimize

from surrogates import Oracle
from surrogates.search import Constraint
from surrogates.search.adapters import PymooProblem
from surrogates.search.pareto import non_dominated


def test_a_population_equals_one_at_a_time(macro: Oracle) -> None:
    problem = PymooProblem(macro, ["jigsaw", "normal"], costs=["params"])
    archs = macro.space.sample(12, rng=0)
    X = problem.encode(archs)
    F = problem.evaluate(X)
    assert problem.decode(X) == archs
    np.testing.assert_array_equal(problem.values(F)[:, 1], [macro(arch, "normal") for arch in archs])
    np.testing.assert_array_equal(F[:, 0], [-macro(arch, "jigsaw") for arch in archs])
    np.testing.assert_array_equal(F[:, 2], problem.values(F)[:, 2])
    np.testing.assert_array_equal(problem.evaluate(X[0]), F[0])


@pytest.mark.parametrize("mutation", [ChoiceRandomMutation(), PM(vtype=float, repair=RoundingRepair())])
def test_a_front(macro: Oracle, mutation: object) -> None:
    small = Constraint(max_params=5e6)
    problem = PymooProblem(macro, ["jigsaw"], costs=["multiply_adds"], constraint=small)
    algorithm = NSGA2(16, sampling=IntegerRandomSampling(), crossover=UniformCrossover(), mutation=mutation)
    result = minimize(problem, algorithm, ("n_gen", 6), seed=1)
    archs, values = problem.decode(result.X), problem.values(result.F)
    assert all(small(archs))
    assert non_dominated(values * problem.objectives.signs).all()
    np.testing.assert_array_equal(values, problem.objectives.measure(archs))


def test_the_oracle_is_asked_once_a_generation() -> None:
    calls = []

    def function(archs: list[str]) -> np.ndarray:
        calls.append(len(archs))
        return np.array([arch.count("3") for arch in archs], dtype=float)

    problem = PymooProblem(function, "mine", space="transnas101-micro")
    operators = {"crossover": UniformCrossover(), "mutation": ChoiceRandomMutation()}
    algorithm = NSGA2(10, sampling=IntegerRandomSampling(), **operators)
    result = minimize(problem, algorithm, ("n_gen", 30), seed=0)
    assert len(calls) == 30
    assert max(calls) == 10
    assert problem.decode(result.X) == ["64-41414-3_33_333"]
    assert problem.values(result.F).tolist() == [[6.0]]


def test_mixed_variables(micro: Oracle) -> None:
    problem = PymooProblem(micro, "jigsaw")
    result = minimize(problem, MixedVariableGA(pop_size=10), ("n_evals", 60), seed=0)
    (arch,) = problem.decode(result.X)
    assert problem.values(result.F)[0, 0] == micro(arch, "jigsaw")


def test_operators_of_real_numbers_round(micro: Oracle) -> None:
    problem = PymooProblem(micro, "jigsaw", costs="params")
    operators = [make(vtype=float, repair=RoundingRepair()) for make in (SBX, PM)]
    algorithm = NSGA2(10, sampling=IntegerRandomSampling(), crossover=operators[0], mutation=operators[1])
    result = minimize(problem, algorithm, ("n_gen", 5), seed=0)
    assert set(problem.decode(result.X)) <= set(micro.space.archs)
    assert problem.objectives.names == ("jigsaw", "params")


def test_what_is_no_integer_is_refused(micro: Oracle) -> None:
    problem = PymooProblem(micro, "jigsaw")
    with pytest.raises(ValueError, match="expected integers"):
        problem.evaluate(np.full((1, 6), 0.5))
