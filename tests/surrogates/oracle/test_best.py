"""The best of a whole space, against a loop; and oracles joined from several sources."""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from benchmarks import Table, get_space
from benchmarks.errors import UnknownNameError
from surrogates import BoostedSurrogate, Oracle
from surrogates.oracle.join import JoinedSurrogate
from surrogates.search import ConstraintError, front, make_searcher, run_search
from surrogates.search.adapters import Objectives
from surrogates.search.space_arrays import costs
from tests.surrogates.helpers import Counting

MICRO = get_space("transnas101-micro")
MACRO = get_space("transnas101-macro")


class Latency:
    """Latencies of micro architectures: the sum of their operations' numbers, dead ones included, and 1."""

    space_ = "transnas101-micro"
    tasks_ = ("latency_ms",)
    minimize_ = ("latency_ms",)
    equivalence_ = "string"

    def predict(
        self, archs: Sequence[str], return_std: Literal[True]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        milliseconds = np.array([[1.0 + sum(map(int, arch.split("-")[2].replace("_", "")))] for arch in archs])
        return milliseconds, np.full_like(milliseconds, 0.5)


def naive_best(oracle: Oracle, task: str, n: int, holds: NDArray[np.bool_], sign: float, distinct: bool) -> list[tuple]:
    """(arch, value, rank, twins) by sorting the whole space and walking down it."""
    frame = oracle.query(oracle.space.archs, [task])
    values = dict(zip(frame["arch"], frame["value"], strict=True))
    functions = dict(zip(oracle.space.archs, oracle.space.simplify(oracle.space.archs), strict=True))
    params, adds = costs(oracle.space).T
    allowed = [row for row, held in enumerate(holds) if held]
    allowed.sort(key=lambda row: (-sign * values[oracle.space[row]], adds[row], params[row], row))
    found, seen = [], set()
    for row in allowed:
        if len(found) == n:
            break
        arch = oracle.space[row]
        if distinct and functions[arch] in seen:
            continue
        seen.add(functions[arch])
        rank = 1 + sum(sign * other > sign * values[arch] for other in values.values())
        twins = sum(functions[oracle.space[other]] == functions[arch] for other in allowed) - 1
        found.append((arch, values[arch], rank, twins))
    return found


@pytest.mark.parametrize("distinct", [True, False])
@pytest.mark.parametrize("task", ["jigsaw", "normal"])
def test_the_best_are_those_of_a_loop(task: str, distinct: bool) -> None:
    """With many ties: the value is a count of threes, 0 to 6, in 4,096 architectures."""
    oracle = Oracle(Counting()).bake()
    params = costs(MICRO)[:, 0]
    for most in (1e5, 3e6, 1e9):
        found = oracle.best(task, 25, constraints=[f"params<={most}"], distinct=distinct)
        expected = naive_best(oracle, task, 25, params <= most, 1.0, distinct)
        assert list(found[["arch", "value", "rank", "twins"]].itertuples(index=False, name=None)) == expected
        rows = [MICRO.index(arch) for arch in found["arch"]]
        assert np.array_equal(found[["params", "multiply_adds"]], costs(MICRO)[rows])
        assert (found["std"] == 0.5).all()


def test_ten_for_jigsaw_under_a_million_parameters_are_ten_functions() -> None:
    oracle = Oracle.from_pretrained("transnas101-micro")
    found = oracle.best("jigsaw", 10, constraints=["params<=1e6"])
    assert len(found) == len(set(MICRO.simplify(list(found["arch"])))) == 10
    assert found["params"].max() <= 1e6
    small = [arch for arch, params in zip(MICRO.archs, costs(MICRO)[:, 0], strict=True) if params <= 1e6]
    assert found["value"][0] == oracle.answers(small, ["jigsaw"]).value.max()
    assert found["value"].is_monotonic_decreasing
    everyone = oracle.best("jigsaw", 10**6, constraints=["params<=1e6"])
    assert int((everyone["twins"] + 1).sum()) == len(small)
    assert len(oracle.best("jigsaw", 10**6, constraints=["params<=1e6"], distinct=False)) == len(small)


def test_lower_is_better_where_it_is() -> None:
    oracle = Oracle(Counting()).join(Latency())
    found = oracle.best("latency_ms", 10, constraints=["jigsaw>=2"])
    values = oracle.answers(MICRO.archs, "jigsaw").value[:, 0]
    expected = naive_best(oracle, "latency_ms", 10, values >= 2, -1.0, True)
    assert list(found[["arch", "value", "rank", "twins"]].itertuples(index=False, name=None)) == expected
    assert found["value"].is_monotonic_increasing
    assert found["jigsaw"].min() >= 2


def test_a_loss_of_a_table_is_best_when_lowest(macro_archs: list[str]) -> None:
    losses = np.arange(60.0) % 7
    table = Table.from_frame(pd.DataFrame({"arch": macro_archs, "jigsaw": 90 - losses, "jigsaw/valid_loss": losses}))
    oracle = Oracle.from_table(table)
    found = oracle.best("jigsaw/valid_loss", 3)
    assert found["value"].tolist() == [0, 0, 0]
    assert set(found["arch"]) <= set(np.array(macro_archs)[losses == 0])
    assert found["rank"].tolist() == [1, 1, 1]
    assert found["std"].isna().all()
    assert oracle.best("jigsaw/valid_top1", 3)["arch"].tolist() == oracle.best("jigsaw", 3)["arch"].tolist()
    bounded = oracle.best("jigsaw", 100, constraints=["jigsaw/valid_loss>=3"])
    assert len(bounded) == int((losses >= 3).sum())
    assert bounded["jigsaw/valid_loss"].min() == 3


def test_only_measured_ones_are_listed(macro_table: Table) -> None:
    found = Oracle.from_table(macro_table).best("jigsaw", 1000)
    column = macro_table.to_frame()["jigsaw"].dropna()
    assert set(found["arch"]) == set(column.index)
    assert (column[found["arch"]].to_numpy() == found["value"]).all()


def test_twins_are_counted_among_those_that_meet_the_constraints() -> None:
    table = pd.DataFrame({"arch": ["64-41414-0_00_100", "64-41414-0_30_100"], "jigsaw": [80.0, 80.0]})
    oracle = Oracle.from_table(Table.from_frame(table))  # the second has a dead convolution more
    (row,) = oracle.best("jigsaw").itertuples(index=False)
    assert (row.arch, row.twins) == ("64-41414-0_00_100", 1)
    (row,) = oracle.best("jigsaw", constraints=[f"params<={row.params}"]).itertuples(index=False)
    assert (row.arch, row.twins) == ("64-41414-0_00_100", 0)
    assert oracle.best("jigsaw", distinct=False)["twins"].tolist() == [1, 1]


def test_the_best_are_not_queries_and_bad_input_is_named() -> None:
    oracle = Oracle.from_pretrained("transnas101-macro")
    oracle.best("jigsaw", constraints="normal>0.5")
    assert oracle.queries.total == 0
    with pytest.raises(UnknownNameError, match="did you mean 'jigsaw'"):
        oracle.best("jigsau")
    with pytest.raises(UnknownNameError, match="unknown cost or task of the oracle 'nomal'; did you mean 'normal'"):
        oracle.best("jigsaw", constraints=["nomal>=0.5"])
    with pytest.raises(ConstraintError, match="at most 10 params: the smallest has"):
        oracle.best("jigsaw", constraints=["params<=10"])
    with pytest.raises(ValueError, match="expected n >= 1, got 0"):
        oracle.best("jigsaw", 0)
    with pytest.raises(TypeError, match=r"expected an integer as n, got 2.5"):
        oracle.best("jigsaw", 2.5)  # type: ignore[arg-type]


# -- joined oracles -------------------------------------------------------------------------------------------------


def test_a_joined_oracle_answers_as_its_parts() -> None:
    bundled = Oracle.from_pretrained("transnas101-micro")
    joined = bundled.join(Latency())
    archs = ["64-41414-3_33_333", "64-41414-0_30_100", "64-41414-0_00_100"]
    assert joined.tasks == (*bundled.tasks, "latency_ms")
    assert np.array_equal(joined.answers(archs, bundled.tasks).value, bundled.answers(archs).value)
    assert joined.answers(archs, "latency_ms").value[:, 0].tolist() == Latency().predict(archs, True)[0][:, 0].tolist()
    assert not joined.task("latency_ms").metric.higher_is_better
    assert joined.rank("64-41414-0_00_000", "latency_ms") == 1
    assert np.array_equal(joined.bake().answers(archs).value, joined.answers(archs).value)
    copy = pickle.loads(pickle.dumps(joined))
    assert copy.best("jigsaw", 3, constraints=["latency_ms<=6"]).equals(
        joined.best("jigsaw", 3, constraints=["latency_ms<=6"])
    )
    with pytest.raises(ValueError, match="expected oracles of different tasks, got several of 'latency_ms'"):
        joined.join(Latency())
    with pytest.raises(ValueError, match="expected surrogates of one space, got transnas101-macro, transnas101-micro"):
        Oracle.from_pretrained("transnas101-macro").join(Latency())


def test_measured_costs_are_joined_too(macro_table: Table, fitted: BoostedSurrogate) -> None:
    archs = list(macro_table.archs)
    milliseconds = np.linspace(1, 2, len(archs))
    measured = Table.from_frame(pd.DataFrame({"arch": archs, "latency_ms": milliseconds}), minimize="latency_ms")
    joined = Oracle(fitted).join(measured)
    found = joined.best("jigsaw", 100, constraints=["latency_ms<=1.5"])
    assert set(found["arch"]) == set(np.array(archs)[milliseconds <= 1.5])
    with pytest.raises(ValueError, match=r"expected at most one table in the joined oracles, got 2"):
        Oracle.from_table(macro_table).join(measured)
    with pytest.raises(ValueError, match=r"got several of 'jigsaw'.*Oracle\(surrogate, table\)"):
        Oracle.from_table(macro_table).join(fitted)


def test_a_joined_surrogate_knows_what_its_parts_know() -> None:
    other = type("Other", (Latency,), {"trainings_": {"latency_ms": "rooms"}})
    joined = JoinedSurrogate([(Counting(), ["normal"]), (other(), ["latency_ms"])])
    assert joined.tasks_ == ("normal", "latency_ms")
    assert (joined.equivalence_, joined.minimize_) == ("string", ("latency_ms",))
    assert joined.trainings_ == {"latency_ms": "rooms"}
    assert JoinedSurrogate([(Counting(), ["normal"])]).equivalence_ == "function"
    with pytest.raises(ValueError, match="expected surrogates of different tasks, got several of 'normal'"):
        JoinedSurrogate([(Counting(), ["normal"]), (Counting(), ["normal"])])


# -- a cost as constraint and as objective --------------------------------------------------------------------------


def test_a_search_stays_within_a_latency() -> None:
    oracle = Oracle(Counting()).join(Latency())
    history = run_search("evolution", oracle, "jigsaw", 60, constraints=["latency_ms<=8"])
    assert oracle.answers(history.archs, "latency_ms").value.max() <= 8
    assert history.search["constraint"] == "at most 8 latency_ms"


@pytest.mark.parametrize("method", ["nsga2", "front", "attentive"])
def test_a_latency_is_minimised_by_its_name(method: str) -> None:
    if method == "nsga2":
        pytest.importorskip("pymoo")
    oracle = Oracle(Counting()).join(Latency())
    named = run_search(make_searcher(method, cost="latency_ms"), oracle, "jigsaw", 50)
    latency = oracle.oriented("latency_ms")["latency_ms"] * -1
    given = run_search(make_searcher(method, cost=latency), oracle, "jigsaw", 50)
    assert named.archs == given.archs
    assert named.archs != run_search(make_searcher(method, cost="params"), oracle, "jigsaw", 50).archs
    found = front(named, latency, distinct=True)
    assert list(found.columns) == ["arch", "jigsaw", "latency_ms"]
    points = list(zip(found["jigsaw"], found["latency_ms"], strict=True))
    asked = [(oracle(arch, "jigsaw"), oracle(arch, "latency_ms")) for arch in named.archs]
    dominated = [
        (value, paid)
        for value, paid in asked
        if any(v >= value and p <= paid and (v, p) != (value, paid) for v, p in asked)
    ]
    assert set(points) == set(asked) - set(dominated)


def test_what_cannot_be_minimised_is_named() -> None:
    oracle = Oracle(Counting()).join(Latency())
    with pytest.raises(ValueError, match="'normal' is better when higher and cannot be minimised as a cost"):
        run_search(make_searcher("front", cost="normal"), oracle, "jigsaw", 10)
    with pytest.raises(UnknownNameError, match="did you mean 'latency_ms'"):
        run_search(make_searcher("front", cost="latency"), oracle, "jigsaw", 10)
    few = pd.Series([1.0], index=[MICRO[5]], name="energy_mj")
    with pytest.raises(ValueError, match=r"expected a known energy_mj of every architecture.* 4,094 others have none"):
        run_search(make_searcher("front", cost=few), oracle, "jigsaw", 10)
    with pytest.raises(TypeError, match=r"expected one of params, multiply_adds, or a Series.* as cost, got 5"):
        run_search(make_searcher("front", cost=5), oracle, "jigsaw", 10)


def test_objectives_of_optimisers_charge_a_latency() -> None:
    oracle = Oracle(Counting()).join(Latency())
    objectives = Objectives(oracle, "jigsaw", costs=["latency_ms", "params"], constraints=["latency_ms<=9"])
    archs = ["64-41414-3_33_000", "64-41414-0_00_100"]
    expected = np.column_stack(
        [oracle.answers(archs, ["jigsaw", "latency_ms"]).value, costs(MICRO)[[MICRO.index(a) for a in archs], 0]]
    )
    assert np.array_equal(objectives.measure(archs), expected)
    assert objectives.signs.tolist() == [1, -1, -1]
    assert objectives.decisions.allowed(archs).tolist() == [False, True]
    with pytest.raises(ValueError, match="'normal' is better when higher"):
        Objectives(oracle, "jigsaw", costs="normal")


@pytest.mark.data
def test_the_best_within_measured_costs_of_nasbench201(nas_data: Path) -> None:
    frame = pd.read_csv(nas_data / "nasbench201" / "costs.csv").set_index("arch")
    lowered = [name for name in frame if name != "eyeriss_arithmetic_intensity"]
    table = Table.from_frame(frame.reset_index(), minimize=lowered)
    bundled = Oracle.from_pretrained("nasbench201")
    found = bundled.join(table).best("cifar10", 20, constraints=["edgegpu_latency<=4", "fpga_energy<=60"])
    cheap = frame[(frame["edgegpu_latency"] <= 4) & (frame["fpga_energy"] <= 60)]
    values = bundled.query(list(cheap.index), "cifar10").set_index("arch")["value"]
    functions = dict(zip(values.index, bundled.space.simplify(list(values.index)), strict=True))
    of_functions = values.groupby(functions).agg(["max", "size"]).sort_values("max", ascending=False)
    assert found["value"].tolist() == of_functions["max"][:20].tolist()
    assert (found["twins"] + 1).tolist() == [int(of_functions["size"][functions[arch]]) for arch in found["arch"]]
    assert np.array_equal(found["edgegpu_latency"], frame["edgegpu_latency"][found["arch"]])
