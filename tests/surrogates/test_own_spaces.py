"""A space of the user's own from the first fit to the last search: stored, loaded elsewhere, confused with another."""

import multiprocessing
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import benchmarks
from benchmarks import ArtefactError, DagSpace, SpaceError, Table, register_space, unregister_space
from surrogates import (
    BoostedSurrogate,
    EnsembleSurrogate,
    GaussianProcessSurrogate,
    GraphSurrogate,
    Oracle,
    Surrogate,
    TransferSurrogate,
    load_surrogate,
    save_surrogate,
)
from surrogates.kernels.features import standard_features, written_features
from surrogates.oracle.tabulated import TabulatedSurrogate
from surrogates.search import compare_searchers, front, list_searchers, make_searcher, run_search
from surrogates.search.adapters import Decisions
from surrogates.search.equivalence import function_classes
from surrogates.search.quantities import cost_to_minimise
from surrogates.search.space_arrays import choices, complexity, costs, neighbor_rows
from surrogates.search.testing import check_searcher
from surrogates.store import try_artefact
from surrogates.testing import check_surrogate
from tests.own_spaces import quality, random_graphs
from tests.surrogates.cli.helpers import run

ROOT = Path(benchmarks.__file__).parents[1]
QUICK = {"n_members": 2, "n_rounds": 20, "n_jobs": 1}
GRAPHS = random_graphs(160)


@pytest.fixture
def space() -> DagSpace:
    made = DagSpace("mine", GRAPHS, open=True)
    register_space(made)
    return made


@pytest.fixture
def table(space: DagSpace) -> Table:
    rng = np.random.default_rng(0)
    return Table.from_frame({
        "arch": list(space.archs[:80]),
        "accuracy": [quality(space.parse(arch).nodes, rng) for arch in space.archs[:80]],
        "latency_ms": [1.0 + len(space.parse(arch).nodes) for arch in space.archs[:80]],
    }, minimize=["latency_ms"])  # fmt: skip


@pytest.fixture
def fitted(table: Table) -> Surrogate:
    return BoostedSurrogate(**QUICK, equivalence="function").fit(table.archs, table.to_frame())


def outside(space: DagSpace) -> str:
    return space.written(["input", *["conv3x3"] * 9, "output"], [(i, i + 1) for i in range(10)])


# -- surrogates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "surrogate",
    [
        BoostedSurrogate(**QUICK),
        BoostedSurrogate(**QUICK, equivalence="string"),
        GaussianProcessSurrogate(),
        GaussianProcessSurrogate(equivalence="string"),
        EnsembleSurrogate(members=[BoostedSurrogate(**QUICK), GaussianProcessSurrogate()]),
    ],
    ids=lambda surrogate: f"{type(surrogate).__name__}-{getattr(surrogate, 'equivalence', None)}",
)
def test_surrogates_fulfil_their_contract_on_it(surrogate: Surrogate, space: DagSpace) -> None:
    check_surrogate(surrogate, space, outside=outside(space))


def test_the_graph_network_fulfils_its_contract_on_it(space: DagSpace) -> None:
    pytest.importorskip("torch_geometric")
    check_surrogate(GraphSurrogate(n_members=2, n_steps=3, hidden=8, trunk=8), space, outside=outside(space))


def test_the_graph_network_tells_operations_of_unknown_names_apart() -> None:
    """Chains of equal shape whose operations no benchmark has: only their names differ."""
    torch = pytest.importorskip("torch")
    from surrogates.models.graph.datasets import graph_tensors
    from surrogates.models.graph.net import GraphNet, Sizes

    names = ["swish", "mystery"]
    graphs = {f"{a}-{b}": ([a, b], [(0, 1)]) for a in names for b in names}
    space = register_space(DagSpace("unknown", graphs))
    tensors = graph_tensors("unknown", space.archs)
    same = tensors._replace(features=torch.zeros_like(tensors.features))
    net = GraphNet(Sizes(members=2), {"unknown": same.features.shape[1]}, {"y": 1}, operations={"unknown": 2}).eval()
    scores = net(same, "unknown", "y")[0, :, 0].tolist()
    assert len({round(score, 5) for score in scores}) == 4


def test_pretraining_on_a_benchmark_carries_over_to_it(table: Table) -> None:
    pytest.importorskip("torch_geometric")
    micro = benchmarks.get_space("transnas101-micro").sample(30, rng=0)
    source = Table.from_frame({"arch": micro, "jigsaw": np.linspace(50, 90, 30)})
    small = GraphSurrogate(n_members=2, hidden=8, trunk=8, n_steps=3)
    small.pretrain([source, table], n_steps=2)
    small.finetune(table.archs, table.to_frame()["accuracy"])
    assert np.isfinite(small.predict(table.archs)).all()


def test_other_tasks_of_it_help_a_transfer(space: DagSpace, table: Table, tmp_path: Path) -> None:
    y = table.to_frame()["accuracy"]
    noisy = pd.DataFrame({"other": y + np.random.default_rng(1).normal(0, 1, len(y))})
    moved = TransferSurrogate(sources=noisy, n_members=2, n_rounds=10, n_jobs=1).fit(y.index[:12], y[:12])
    alone = BoostedSurrogate(**QUICK).fit(y.index[:12], y[:12])
    assert moved.score(y.index[12:], y[12:]) > alone.score(y.index[12:], y[12:])
    again = load_surrogate(moved.save(tmp_path / "model"))
    np.testing.assert_allclose(again.predict(space.archs), moved.predict(space.archs), rtol=1e-6)


def test_equal_graphs_have_equal_predictions(space: DagSpace, fitted: Surrogate) -> None:
    forms = pd.Series(fitted.predict(space.archs)[:, 0], index=space.canonicals(space.archs))
    assert (forms.groupby(level=0).nunique() == 1).all()
    assert forms.nunique() > 40


@pytest.mark.parametrize("surrogate", [BoostedSurrogate(**QUICK), GaussianProcessSurrogate()])
def test_a_space_of_one_graph_is_predicted_as_its_mean(surrogate: Surrogate) -> None:
    register_space(DagSpace("one", {"solo": (["x"], []), "again": (["x"], [])}))
    fitted = surrogate.fit(["solo", "solo", "again"], [1.0, 2.0, 3.0])
    assert fitted.predict(["again"]) == pytest.approx(2.0, abs=0.6)


# -- a walk to another process ------------------------------------------------------------------------------------


def other_process(code: str, folder: Path) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, cwd=folder)
    return done.stdout + done.stderr


def cli(folder: Path, *arguments: str) -> tuple[int, str, str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "surrogates", *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=folder)
    return done.returncode, done.stdout, done.stderr


def test_from_the_first_fit_to_the_command_line(tmp_path: Path, space: DagSpace, fitted: Surrogate) -> None:
    """Fit, save, load in a new process, oracle, search, and `surrogates --spaces FILE lookup`."""
    space.to_jsonl(tmp_path / "graphs.jsonl")
    fitted.save(tmp_path / "model")
    expected = float(Oracle(fitted)("net_130", "accuracy"))
    code = f"""
from benchmarks import DagSpace, register_space
from surrogates import Oracle, load_surrogate
from surrogates.search import run_search
space = register_space(DagSpace.from_jsonl("graphs.jsonl"))
oracle = Oracle(load_surrogate("model"))
assert abs(oracle("net_130", "accuracy") - {expected!r}) < 1e-6
assert oracle.query([{outside(space)!r}])["in_domain"].sum() == 0
print(run_search("local", oracle, "accuracy", budget=30, seed=0).to_frame()["best"].iloc[-1] > 60)
print(oracle.best("accuracy", 1, constraints=["latency_ms<=7"]).columns.tolist())
"""
    assert other_process(code, tmp_path) == ("True\n['arch', 'value', 'std', 'rank', 'twins', 'latency_ms']\n")
    status, said, errors = cli(tmp_path, "--spaces", "graphs.jsonl", "lookup", "net_130", "--model", "model", "--csv")
    assert status == 0, errors
    assert f"net_130,mine,accuracy,{expected:.4}"[:30] in said
    unregister_space("mine")
    found = run("lookup", "net_130", "--model", tmp_path / "model")
    assert found.exit_code == 2
    assert "surrogates --spaces FILE" in found.stderr
    found = run("best", "accuracy", "--model", tmp_path / "model")
    assert found.exit_code == 1
    assert "unknown space 'mine'; a space of your own is registered before its surrogate is loaded" in found.stderr
    assert "surrogates --spaces mine=FILE.jsonl" in found.stderr


def test_a_stored_surrogate_knows_its_graphs(tmp_path: Path, space: DagSpace, fitted: Surrogate) -> None:
    save_surrogate(fitted, tmp_path / "model")
    TabulatedSurrogate.from_predictor(fitted).save(tmp_path / "answers")
    unregister_space("mine")
    for load in (load_surrogate, TabulatedSurrogate.load):
        with pytest.raises(ArtefactError, match=r"unknown space 'mine'; a space of your own.*register_space"):
            load(tmp_path / ("model" if load is load_surrogate else "answers"))
    register_space(DagSpace("mine", random_graphs(160, seed=1)))
    differs = f"another space named 'mine': its fingerprint is {space.fingerprint[:8]}"
    for load in (load_surrogate, TabulatedSurrogate.load):
        with pytest.raises(ArtefactError, match=differs):
            load(tmp_path / ("model" if load is load_surrogate else "answers"))
    unregister_space("mine")
    register_space(DagSpace("mine", GRAPHS))
    assert load_surrogate(tmp_path / "model").space_ == "mine"


def test_a_trial_in_a_child_knows_the_space(tmp_path: Path, space: DagSpace, fitted: Surrogate) -> None:
    report = try_artefact(fitted.save(tmp_path / "model"))
    assert (report.ok, "BoostedSurrogate of mine" in report.detail) == (True, True), report.detail
    unregister_space("mine")
    report = try_artefact(tmp_path / "model")
    assert not report.ok
    assert "unknown space 'mine'" in report.detail


def test_artefacts_of_benchmarks_are_as_before(tmp_path: Path) -> None:
    archs = ["64-2311-basic", "64-1234-basic", "64-3114-basic"]
    BoostedSurrogate(**QUICK).fit(archs, [1.0, 2.0, 3.0]).save(tmp_path / "model")
    assert "fingerprint" not in (tmp_path / "model" / "metadata.json").read_text()


# -- pickles and workers --------------------------------------------------------------------------------------------


def test_pickles_take_the_space_along(space: DagSpace, fitted: Surrogate, table: Table) -> None:
    data = pickle.dumps([fitted, Oracle(fitted, table)])
    expected = fitted.predict(space.archs)
    unregister_space("mine")
    again, oracle = pickle.loads(data)
    np.testing.assert_array_equal(again.predict(space.archs), expected)
    assert oracle.space is benchmarks.get_space("mine")
    assert pickle.loads(data)[1].space is oracle.space, "an equal space is registered once"
    unregister_space("mine")
    register_space(DagSpace("mine", random_graphs(5)))
    with pytest.raises(SpaceError, match="got another space of the name"):
        pickle.loads(data)


def test_a_fitted_surrogate_does_not_read_another_space_of_the_name(
    space: DagSpace, fitted: Surrogate, table: Table
) -> None:
    oracle = Oracle(fitted, table)
    baked = oracle.bake()
    expected = fitted.predict(["net_130"])
    unregister_space("mine")
    with pytest.raises(SpaceError, match="the space mine is not registered any more"):
        baked.surrogate.predict(["net_130"], return_std=True)
    register_space(DagSpace("mine", random_graphs(160, seed=1)))
    for ask_again in (fitted.predict, lambda archs: oracle.answers(archs), lambda archs: baked.answers(archs)):
        with pytest.raises(SpaceError, match=r"another space of the name .*registered since then"):
            ask_again(["net_130"])
    unregister_space("mine")
    register_space(DagSpace("mine", GRAPHS))
    np.testing.assert_array_equal(fitted.predict(["net_130"]), expected)


def ask(surrogate: Surrogate, arch: str) -> float:
    return float(surrogate.predict([arch])[0, 0])


def test_a_spawned_worker_gets_the_space_with_the_surrogate(fitted: Surrogate) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(ask, (fitted, "net_130")) == ask(fitted, "net_130")


# -- searches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(list_searchers()) - {"attentive", "front", "transfer"}))
def test_searchers_fulfil_their_contract_on_it(name: str, space: DagSpace) -> None:
    if name == "nsga2":
        pytest.importorskip("pymoo")
    if name in ("pnas", "bananas"):
        run_search(name, lambda archs: [quality(space.parse(arch).nodes) for arch in archs], "y", 20, space="mine")
    else:
        check_searcher(make_searcher(name), space)


def test_searches_find_good_graphs(space: DagSpace) -> None:
    """In 160 graphs, 60 queries of each method find a better one than the median best of random draws of 10."""

    def measure(archs: list[str]) -> list[float]:
        return [quality(space.parse(arch).nodes) for arch in archs]

    every = np.sort(measure(list(space.archs)))
    for name in ("local", "evolution", "predictor"):
        assert run_search(name, measure, "accuracy", 60, space=space, seed=0).to_frame()["best"].iloc[-1] >= every[-8]


def test_a_front_needs_a_cost_of_ones_own(space: DagSpace, fitted: Surrogate) -> None:
    oracle = Oracle(fitted)
    with pytest.raises(SpaceError, match="architectures of mine have no networks, and so no 'multiply_adds'"):
        run_search("front", oracle, "accuracy", 20)
    history = run_search(make_searcher("front", cost="latency_ms"), oracle, "accuracy", 20, seed=0)
    latency = pd.Series(oracle.ranking("latency_ms").values, space.archs, name="latency_ms")
    assert len(front(history, cost=latency)) >= 1
    with pytest.raises(SpaceError, match="no networks"):
        oracle.best("accuracy", constraints=["params<=1e6"])


def test_a_task_with_the_name_of_a_cost_has_its_own_direction(space: DagSpace) -> None:
    frame = pd.DataFrame({"arch": space.archs, "params": 1.0 * np.arange(len(space)), "accuracy": 1.0})
    oracle = Oracle.from_table(Table.from_frame(frame, minimize="params"))
    assert cost_to_minimise(oracle, "params").tolist() == list(range(len(space)))
    with pytest.raises(ValueError, match="'accuracy' is better when higher and cannot be minimised"):
        cost_to_minimise(oracle, "accuracy")


def test_a_stored_search_is_not_resumed_on_another_space_of_the_name(tmp_path: Path, space: DagSpace) -> None:
    def measure(archs: list[str]) -> list[float]:
        return [float(arch.count("1")) for arch in archs]

    run_search("random", measure, "accuracy", 10, space="mine", folder=tmp_path / "search")
    unregister_space("mine")
    register_space(DagSpace("mine", random_graphs(160, seed=1)))
    with pytest.raises(ArtefactError, match="space_fingerprint"):
        run_search("random", measure, "accuracy", 20, space="mine", folder=tmp_path / "search")
    unregister_space("mine")
    register_space(DagSpace("mine", GRAPHS))
    assert len(run_search("random", measure, "accuracy", 20, space="mine", folder=tmp_path / "search")) == 20


def test_searchers_are_compared_on_it(space: DagSpace, fitted: Surrogate) -> None:
    methods = {"a": "random", "b": "evolution"}
    found = compare_searchers(methods, Oracle(fitted), ["accuracy"], budget=15, seeds=range(2))
    assert len(found.ranking()) == 2


def test_decisions_name_nodes_and_edges_and_come_back(space: DagSpace) -> None:
    decisions = Decisions(space)
    codes = decisions.encode(space.archs)
    assert decisions.decode(codes) == list(space.archs)
    assert [len(options) for options in decisions.options.values()] == (np.ptp(codes, axis=0) + 1).tolist()
    for arch in space.sample(10, rng=0):
        named = decisions.describe(arch)
        assert decisions.build(named) == arch
        dag = space.parse(arch)
        told = [named.get(f"node {node}", "input" if not node else None) for node in range(len(dag.nodes))]
        assert told == list(dag.nodes)
        edges = {name for name, there in named.items() if name.startswith("edge") and there == "yes"}
        assert edges <= {f"edge {source}->{target}" for source, target in dag.edges}
    assert (complexity(space) <= [len(dag.nodes) + len(dag.edges) for dag in map(space.parse, space.archs)]).all()


def test_no_cache_keeps_values_of_an_earlier_space_of_the_name(space: DagSpace) -> None:
    def everything() -> list[np.ndarray]:
        archs = ["net_0", "net_1", "net_2"]
        rows = neighbor_rows("mine")[0]
        return [function_classes("mine")[1], choices("mine"), rows, standard_features("mine", archs),
                written_features("mine", archs)]  # fmt: skip

    before = everything()
    unregister_space("mine")
    register_space(DagSpace("mine", random_graphs(90, seed=5)))
    after = everything()
    fresh = [function_classes("mine")[1], choices("mine")]
    assert len(after[0]) == len(after[1]) == 90
    for old, new in zip(before[3:], after[3:], strict=True):
        assert old.shape != new.shape or not np.allclose(old, new)
    assert all((one == two).all() for one, two in zip(after[:2], fresh, strict=True))
    with pytest.raises(SpaceError, match="expected an architecture with a network"):
        costs("mine")


def test_graphs_of_pytorch_geometric_are_those_of_the_space_registered_now(space: DagSpace) -> None:
    pytest.importorskip("torch_geometric")
    from encoders.pyg import to_batch, to_data

    before = to_data(["net_0"])[0]
    assert [space.own_operations[n] for n in before.operation.tolist() if n >= 0] == list(space.parse("net_0").nodes)
    unregister_space("mine")
    other = DagSpace("mine", {"net_0": (["pool"], [])})
    register_space(other)
    assert to_data(["net_0"])[0].num_nodes == 3 != before.num_nodes
    assert to_batch(["net_0", "64-2311-basic"]).num_graphs == 2
