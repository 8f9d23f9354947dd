"""Costs beside tasks: exact, measured and predicted, with units, ranks and errors; tables of costs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import DagSpace, Table, UnknownNameError, get_space, register_space, unregister_space
from benchmarks.errors import SpaceError, TableError
from benchmarks.quantities import unit_of
from benchmarks.tasks import find_task, minimized
from encoders import Costs
from surrogates import BoostedSurrogate, EnsembleSurrogate, Oracle, load_costs
from surrogates.oracle.cost_tables import tabulated_costs
from surrogates.oracle.exact_costs import exact_costs
from surrogates.search import run_search
from tests.own_spaces import random_graphs
from tests.surrogates.cli.helpers import QUICK

MACRO = get_space("transnas101-macro")
OUTSIDE = ["64-2311-basic", "32-23111141-basic", "64-1234-basic"]


@pytest.fixture(scope="module")
def macro() -> Oracle:
    return Oracle.from_pretrained("transnas101-macro")


def facts(n: int = 30) -> Table:
    """Facts about models as in the published file: one value a training, whatever the epochs."""
    archs = MACRO.sample(n, rng=0)
    metrics = {"jigsaw": {"valid_top1": [[1.0, 2.0]] * n}, "normal": {"valid_ssim": [[0.1, 0.2]] * n}}
    seconds = [0.001 * len(arch) for arch in archs]
    sizes = Costs(task="jigsaw").fit(archs).exact(archs)[:, 0]
    return Table.from_logs(archs, metrics, {"jigsaw": {"inference_time": seconds, "model_params": sizes}})


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("latency_ms", "ms"),
        ("edgegpu_energy_mJ", "mJ"),
        ("inference_time_s", "s"),
        ("peak_memory_MB", "MB"),
        ("fpga_latency", "-"),
        ("ms", "-"),
        ("images_per_second", "-"),
        ("energy_MJ", "-"),
    ],
)
def test_the_name_of_a_cost_ends_with_its_unit(name: str, unit: str) -> None:
    assert unit_of(name) == minimized(find_task(name)).metric.unit == unit


def test_costs_come_after_the_tasks_of_each_architecture(macro: Oracle) -> None:
    found = macro.query(OUTSIDE, ["jigsaw", "normal"], rank=True, costs=["multiply_adds", "params"])
    assert found["task"].tolist() == ["jigsaw", "normal", "multiply_adds", "params"] * 3
    plain = macro.query(OUTSIDE, ["jigsaw", "normal"], rank=True)
    rows = found[~found["task"].isin(["multiply_adds", "params"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, plain)
    params = found[found["task"] == "params"].set_index("arch")
    assert params["value"].tolist() == Costs().exact(OUTSIDE)[:, 0].tolist()
    assert set(params["source"]) == {"exact"}
    assert params[["std", "novelty"]].isna().all(axis=None)
    everyone = Costs().exact(list(MACRO.archs))[:, 0]
    for arch, row in params.iterrows():
        assert row["rank"] == 1 + (everyone < row["value"]).sum()
        assert row["of"] == len(MACRO) + (arch not in MACRO)
    assert next(iter(macro.answers(OUTSIDE[:1], (), costs="params"))).source == "exact"


def test_costs_are_no_queries(macro: Oracle) -> None:
    before = macro.queries.total
    macro.query(OUTSIDE, ["jigsaw"], costs=["params"])
    assert macro.queries.total == before + 3
    assert macro.queries.simulated_seconds > 0


def test_a_measured_latency_before_a_predicted_one(macro: Oracle) -> None:
    archs = MACRO.sample(60, rng=0)
    latency = pd.Series([float(len(arch)) for arch in archs], name="latency_ms")
    surrogate = BoostedSurrogate(**QUICK, equivalence="string").fit(archs, latency, minimize="latency_ms")
    frame = pd.DataFrame({"arch": archs[:5], "latency_ms": [1.0, 2.0, 3.0, 4.0, 5.0]})
    costs = Oracle(surrogate, Table.from_frame(frame, minimize="latency_ms"))
    found = macro.join(costs).query(archs[4:6], "jigsaw", costs=["latency_ms"], rank=True)
    own = found[found["task"] == "latency_ms"]
    assert own["source"].tolist() == ["table", "surrogate"]
    assert own["value"].iloc[0] == 5
    assert own["std"].isna().tolist() == [True, False]
    assert macro.join(costs).task("latency_ms").metric.unit == "ms"


def test_bad_costs(macro: Oracle) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown cost or task of the oracle 'param'; did you mean 'params'"):
        macro.query(OUTSIDE, costs=["param"])
    with pytest.raises(ValueError, match="'jigsaw' is better when higher, and no cost: ask for it as a task"):
        macro.query(OUTSIDE, costs=["jigsaw"])
    with pytest.raises(ValueError, match="expected no costs with an epoch"):
        Oracle.from_table(facts()).query(facts().archs[:1], epoch=0, costs=["params"])
    assert exact_costs(MACRO, OUTSIDE, []).shape == (3, 0)
    with pytest.raises(TableError, match="was not measured on jigsaw/inference_time; use a surrogate"):
        Oracle.from_table(facts(3)).query(MACRO.archs[-1:], (), costs=["jigsaw/inference_time"])


def test_graphs_of_ones_own_have_no_parameters() -> None:
    space = register_space(DagSpace("graphs-without-costs", random_graphs(8)))
    try:
        table = Table.from_frame(pd.DataFrame({"arch": list(space.archs), "score": range(8)}))
        with pytest.raises(SpaceError, match="have no networks, and so no 'params'"):
            Oracle.from_table(table).query([space.archs[0]], costs=["params"])
    finally:
        unregister_space("graphs-without-costs")


def test_facts_about_models_are_costs_to_fit_to_look_up_and_to_bound() -> None:
    table = facts()
    seconds = table.where(tasks=["jigsaw/inference_time"])
    assert seconds.results == ("jigsaw/inference_time",)
    assert seconds.task("jigsaw/inference_time").metric.unit == "s"
    labels = seconds.to_frame()
    assert labels["jigsaw/inference_time"].tolist() == table.info("inference_time")["jigsaw"].tolist()
    surrogate = EnsembleSurrogate(members=[BoostedSurrogate(**QUICK)], equivalence="string")
    surrogate.fit(list(seconds.archs), labels)
    oracle = Oracle.from_pretrained("transnas101-macro").join(surrogate)
    found = oracle.query(["64-2311-basic"], "jigsaw", costs=["jigsaw/inference_time"], rank=True)
    assert found["source"].tolist() == ["surrogate", "surrogate"]
    bound = f"jigsaw/inference_time<={float(np.median(labels)):.6f}"
    best = oracle.best("normal", 3, constraints=[bound], costs=["params"])
    assert list(best.columns[-1:]) == ["jigsaw/inference_time"]
    history = run_search("random", oracle, "normal", 5, constraints=[bound])
    assert len(history) == 5
    own = Oracle.from_table(table).query(table.archs[:2], "jigsaw", costs=["jigsaw/model_params"])
    assert own["source"].tolist() == ["table"] * 4


def test_several_facts_at_once_but_not_with_metrics() -> None:
    both = facts().where(tasks=["jigsaw/inference_time", "jigsaw/model_params"])
    assert both.results == ("jigsaw/inference_time", "jigsaw/model_params")
    logs = {"jigsaw": {"valid_top1": [1.0], "valid_loss": [2.0]}}
    mixed = Table.from_logs(["64-2311-basic"], logs, {"jigsaw": {"inference_time": [0.1]}})
    with pytest.raises(TableError, match="jigsaw: expected metrics, or facts about the model such as 'inference_time'"):
        mixed.where(tasks=["jigsaw/valid_loss", "jigsaw/inference_time"])


def test_a_table_of_costs_needs_no_directions(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    text = "arch,jigsaw,latency_ms,throughput,test_error,seed\n64-2311-basic,90,5,7,3,1\n64-1234-basic,91,6,,2,2\n"
    path.write_text(text)
    with pytest.warns(UserWarning, match="left out 'seed'"):
        table = load_costs(path)
    assert table.results == ("latency_ms", "throughput")
    ways = [table.task(name).metric.higher_is_better for name in table.results]
    assert ways == [False, True]
    path.write_text(text.replace(",seed", ",other"))
    assert load_costs(path, ["test_error"]).task("test_error").metric.higher_is_better is False
    with pytest.raises(UnknownNameError, match="did you mean 'latency_ms'"):
        load_costs(path, ["latency_m"])
    plain = tmp_path / "plain.csv"
    plain.write_text("arch,jigsaw\n64-2311-basic,90\n")
    with pytest.raises(TableError, match="no column is named after a cost; name one after a colon, as FILE:COL"):
        load_costs(plain)
    several = tmp_path / "several.csv"
    several.write_text("arch,latency_ms\n64-2311-basic,5\n64-41414-0_00_100,6\n")
    with pytest.raises(TableError, match="holds the spaces"):
        load_costs(several)
    assert len(load_costs(several, space="transnas101-macro")) == 1


def test_costs_in_parquet_need_no_directions(tmp_path: Path) -> None:
    frame = pd.DataFrame({"arch": MACRO.sample(4, rng=0), "latency_ms": 5.0, "throughput": 7.0, "jigsaw": 90.0})
    frame.to_parquet(tmp_path / "costs.parquet", index=False)
    (tmp_path / "parts").mkdir()
    for part in range(2):
        frame[2 * part : 2 * part + 2].to_parquet(tmp_path / "parts" / f"part-{part}.parquet", index=False)
    for name in ("costs.parquet", "parts"):
        table = load_costs(tmp_path / name)
        assert table.results == ("latency_ms", "throughput")
        assert [table.task(task).metric.higher_is_better for task in table.results] == [False, True]
        assert len(table) == 4
    (tmp_path / "torn.parquet").write_bytes((tmp_path / "costs.parquet").read_bytes()[:-9])
    with pytest.raises(TableError, match=r"torn\.parquet"):
        load_costs(tmp_path / "torn.parquet")


def test_measured_costs_as_a_predictor_bound_only_what_was_measured(macro: Oracle, tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    archs = MACRO.sample(20, rng=3)
    path.write_text("arch,latency_ms\n" + "".join(f"{arch},{row}\n" for row, arch in enumerate(archs)))
    joined = macro.join(tabulated_costs(load_costs(path)))
    best = joined.best("jigsaw", 100, constraints=["latency_ms<=9"], distinct=False)
    assert sorted(best["arch"]) == sorted(archs[:10])
    assert joined.task("latency_ms").metric.higher_is_better is False
