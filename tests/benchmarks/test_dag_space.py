"""`DagSpace`: the contract of spaces, equality of graphs against networkx, and files that are broken."""

import gzip
import json
import pickle
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import ArchitectureError, DagSpace, SpaceError, get_space, infer_space, register_space
from benchmarks.spaces.dag_graphs import Dags
from benchmarks.spaces.isomorphism import first_equals, label_hashes
from benchmarks.spaces.similarity import signatures
from benchmarks.testing import check_space
from encoders import GraphFeatures, OneHotEncoding, PathEncoding, WrittenFeatures
from encoders.testing import check_encoder
from tests.own_spaces import random_graphs

Graph = tuple[list[str], list[tuple[int, int]]]
CHAIN: Graph = (["input", "conv3x3", "output"], [(0, 1), (1, 2)])


@st.composite
def graphs(draw: st.DrawFn, most: int = 7, labels: str = "ab") -> Graph:
    size = draw(st.integers(1, most))
    pairs = [(source, target) for target in range(size) for source in range(target)]
    kept = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    nodes = draw(st.lists(st.sampled_from(labels), min_size=size, max_size=size))
    return nodes, [pair for pair, keep in zip(pairs, kept, strict=True) if keep]


def moved(graph: Graph, order: list[int]) -> Graph:
    """The same graph with node i at position order[i]."""
    nodes = [""] * len(order)
    for node, position in enumerate(order):
        nodes[position] = graph[0][node]
    return nodes, [(order[source], order[target]) for source, target in graph[1]]


def of_networkx(graph: Graph) -> nx.DiGraph:
    made = nx.DiGraph()
    made.add_nodes_from((node, {"op": label}) for node, label in enumerate(graph[0]))
    made.add_edges_from(graph[1])
    return made


def are_equal(one: Graph, other: Graph) -> bool:
    return bool(nx.is_isomorphic(of_networkx(one), of_networkx(other), node_match=lambda a, b: a == b))


# -- the contract -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("open", [False, True])
def test_contract(open: bool) -> None:
    space = register_space(DagSpace("mine", random_graphs(120), open=open))
    outside = space.written(["input", *["conv3x3"] * 12, "output"], [(i, i + 1) for i in range(13)]) if open else None
    check_space(space, outside=outside)
    for encoder in (OneHotEncoding(), PathEncoding(), GraphFeatures(), WrittenFeatures()):
        check_encoder(encoder, space, outside=outside)


@pytest.mark.parametrize("n", [1, 2])
def test_small_spaces_fulfil_the_contract(n: int) -> None:
    check_space(register_space(DagSpace("small", random_graphs(n))))


def test_names_of_many_kinds_are_read(tmp_path: Path) -> None:
    names = ["0", "17", "-", "a b", "Zelle-β", "x" * 500, '{"a": 1}', "mine", "mine:"]
    space = register_space(DagSpace("mine", dict.fromkeys(names, CHAIN), open=True))
    check_space(space)
    assert [infer_space(name).name for name in names] == ["mine"] * len(names)
    assert DagSpace.from_jsonl(space.to_jsonl(tmp_path / "f.jsonl")).archs == tuple(names)


# -- equal graphs -------------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(graphs(), st.data())
def test_the_order_of_nodes_makes_no_difference(graph: Graph, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(graph[0]))))
    space = DagSpace("mine", {"listed": moved(graph, order), "labels": (["a", "b"] * 5, [])}, open=True)
    assert space.canonical(space.written(*graph)) == "listed"
    unlisted = DagSpace("mine", {"other": (["a", "b"] * 5, [])}, open=True)
    forms = unlisted.canonicals([unlisted.written(*graph), unlisted.written(*moved(graph, order))])
    assert forms[0] == forms[1] == unlisted.canonical(forms[0])
    assert are_equal((list(unlisted.parse(forms[0]).nodes), list(unlisted.parse(forms[0]).edges)), graph)


@settings(max_examples=80, deadline=None)
@given(graphs(5), graphs(5))
def test_graphs_are_equal_if_networkx_says_so(one: Graph, other: Graph) -> None:
    space = DagSpace("mine", {"one": one, "other": other, "labels": (["a", "b"] * 5, [])}, open=True)
    expected = are_equal(one, other)
    assert (space.canonical("other") == "one") == expected
    lone = DagSpace("mine", {"labels": (["a", "b"] * 5, [])}, open=True)
    assert (lone.canonical(lone.written(*one)) == lone.canonical(lone.written(*other))) == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(graphs(4, "a"), min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_first_equal_graphs_of_many_at_once(several: list[Graph], random: Any) -> None:
    shuffled = [moved(graph, random.sample(range(len(graph[0])), len(graph[0]))) for graph in several]
    every = [*several, *shuffled]
    space = DagSpace("mine", {str(row): graph for row, graph in enumerate(every)})
    found = space.canonicals(space.archs)
    assert found == [str(next(row for row in range(len(every)) if are_equal(every[row], graph))) for graph in every]


def test_graphs_with_equal_colours_are_compared_exactly() -> None:
    """Two cycles of three pairs and one of six, as bipartite graphs: refinement alone cannot tell them apart."""
    ring = [(i, 6 + i) for i in range(6)] + [(i, 6 + (i + 1) % 6) for i in range(6)]
    halves = [(i, 6 + i) for i in range(6)] + [(i, 6 + 3 * (i // 3) + (i + 1) % 3) for i in range(6)]
    nodes = ["a"] * 12
    assert not are_equal((nodes, ring), (nodes, halves))
    rng = np.random.default_rng(0)
    copies = {f"ring{i}": moved((nodes, ring), rng.permutation(12).tolist()) for i in range(4)}
    copies |= {f"halves{i}": moved((nodes, halves), rng.permutation(12).tolist()) for i in range(4)}
    space = DagSpace("mine", copies, open=True)
    assert space.canonicals(space.archs) == ["ring0"] * 4 + ["halves0"] * 4
    assert space.canonical(space.written(*moved((nodes, halves), rng.permutation(12).tolist()))) == "halves0"


def test_many_symmetries_do_not_take_for_ever() -> None:
    """30 equal chains between two nodes have 30! symmetries; a search without them would not end."""
    chains = 30
    nodes = ["in", *["a", "b"] * chains, "out"]
    last = len(nodes) - 1
    edges = [pair for i in range(1, last, 2) for pair in ((0, i), (i, i + 1), (i + 1, last))]
    space = DagSpace("mine", {"labels": (["a", "b", "in", "out"], [])}, open=True)
    order = np.random.default_rng(0).permutation(len(nodes)).tolist()
    assert space.canonical(space.written(nodes, edges)) == space.canonical(space.written(*moved((nodes, edges), order)))


def test_hashes_do_not_depend_on_the_batch() -> None:
    lists = list(random_graphs(50).values())
    labels = sorted({label for nodes, _ in lists for label in nodes})
    hashes = label_hashes(labels)
    dags = Dags.from_lists([[labels.index(label) for label in nodes] for nodes, _ in lists], [e for _, e in lists])
    together = first_equals(dags, hashes)[0]
    alone = [first_equals(dags.take(np.array([row])), hashes)[0][0] for row in range(50)]
    assert together.tolist() == alone
    assert (signatures(dags, hashes)[7] == signatures(dags.take(np.array([7])), hashes)[0]).all()


def test_neighbours_are_the_most_alike() -> None:
    """Chains of 1 to 30 convolutions: those next in length are nearest."""
    chains = {f"c{n}": (["conv"] * n, [(i, i + 1) for i in range(n - 1)]) for n in range(1, 31)}
    space = DagSpace("mine", chains)
    assert {"c14", "c16"} <= set(space.neighbors("c15"))
    assert "c30" not in space.neighbors("c15")
    assert space.neighbors("c15") == sorted(space.neighbors("c15"), key=space.index)


def test_a_copy_has_its_original_as_neighbour() -> None:
    space = DagSpace("mine", {**random_graphs(20), "copy": next(iter(random_graphs(1).values()))})
    assert space.neighbors("copy") == [space.archs[0]]
    assert "copy" in space.neighbors(space.archs[0])


# -- files and networkx -------------------------------------------------------------------------------------------


def line(arch: object = "a", nodes: object = ("conv", "pool"), edges: object = ((0, 1),)) -> str:
    return json.dumps({"arch": arch, "nodes": nodes, "edges": edges}) + "\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected at least one graph, got none"),
        ("\n \n", "expected at least one graph, got none"),
        ('{"space": "mine"}\n', "expected at least one graph, got none"),
        (line() + '{"arch": "b", \n', "line 2: expected a JSON object"),
        (line() + "\n[1, 2]\n", r"line 3: expected a JSON object .*, got \[1, 2\]"),
        (line() + '{"arch": "b", "nodes": ["a"]}', "line 2: expected the keys arch, nodes and edges; missing: edges"),
        (line() + line(), "line 2: expected a name a graph, got 'a', that of line 1"),
        (line(edges=[[0, 1], [1, 0]]), "graph 'a': expected a graph without cycles"),
        (line(nodes=["x", "y", "z"], edges=[[0, 1], [1, 2], [2, 1]]), "graph 'a': expected a graph without cycles"),
        (line(nodes=["conv", None]), r"line 1 \('a'\), node 1: expected the name of its operation, got None"),
        (line(nodes=["conv", ""]), "node 1: expected the name of its operation, got ''"),
        (line(nodes=["conv", 3]), "node 1: expected the name of its operation, got 3"),
        (line(nodes=[]), "expected nodes to be a list of 1 to 1,000 operations, got 0 entries"),
        (line(nodes=["a"] * 1001, edges=[]), "a list of 1 to 1,000 operations, got 1,001 entries"),
        (line(nodes="conv"), "expected nodes to be a list"),
        (line(edges=[[0, 2]]), "edge 0: expected two of its nodes 0 to 1, got node 2"),
        (line(edges=[[-1, 1]]), "edge 0: expected two of its nodes 0 to 1, got node -1"),
        (line(edges=[[1, 1]]), "edge 0: expected two different nodes, got 1 twice"),
        (line(edges=[[0, 1], [0, 1]]), r"expected each edge once, got \[0, 1\] more than once"),
        (line(edges=[[0, 1, 2]]), r"edge 0: expected a pair of whole numbers, got \[0, 1, 2\]"),
        (line(edges=[[0, True]]), "edge 0: expected a pair of whole numbers"),
        (line(edges=[[0, 0.5]]), "edge 0: expected a pair of whole numbers"),
        (line(edges=[["0", "1"]]), "edge 0: expected a pair of whole numbers"),
        (line(edges=None), "expected edges to be a list of pairs"),
        (line(arch=7), "as the name of a graph, got 7"),
        (line(arch=" a"), "as the name of a graph, got ' a'"),
        (line(arch="a\nb"), "as the name of a graph"),
        (line(arch=""), "as the name of a graph"),
        ('{"space": "my space"}\n' + line(), "expected a name of letters, digits, - and _"),
        ('{"space": "mine", "opne": true}\n' + line(), "got 'opne': True"),
        ('{"space": "mine", "open": 1}\n' + line(), "got 'open': 1"),
        ("[" * 100_000, "line 1: expected a JSON object"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_with_the_place(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "graphs.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpaceError, match=message) as caught:
        DagSpace.from_jsonl(path)
    assert "graphs.jsonl" in str(caught.value)
    assert len(str(caught.value)) < 800


def test_a_file_that_is_no_text_or_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "bytes.jsonl").write_bytes(line().encode() + b"\xff\xfe\n")
    with pytest.raises(SpaceError, match="line 2: expected a JSON object"):
        DagSpace.from_jsonl(tmp_path / "bytes.jsonl")
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(line().encode())[:-9])
    with pytest.raises(SpaceError, match="cannot be read"):
        DagSpace.from_jsonl(tmp_path / "cut.jsonl.gz")
    with pytest.raises(SpaceError, match="which does not exist"):
        DagSpace.from_jsonl(tmp_path / "none.jsonl")
    with pytest.raises(SpaceError, match="cannot be read: expected a file, got a"):
        DagSpace.from_jsonl(tmp_path)


def test_a_file_comes_back_as_written(tmp_path: Path) -> None:
    space = DagSpace("mine", random_graphs(30), open=True, tasks=["accuracy"])
    path = space.to_jsonl(tmp_path / "other-name.jsonl")
    again = DagSpace.from_jsonl(path)
    assert (again.name, again.open, again.tasks) == ("mine", True, ("accuracy",))
    assert again.fingerprint == space.fingerprint
    (tmp_path / "other-name.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    zipped = DagSpace.from_jsonl(tmp_path / "other-name.jsonl.gz", open=False, name="zipped")
    assert (zipped.name, zipped.open, zipped.fingerprint) == ("zipped", False, space.fingerprint)


def test_a_name_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "my graphs.v2.jsonl").write_text("\ufeff" + line(), encoding="utf-8")
    assert DagSpace.from_jsonl(tmp_path / "my graphs.v2.jsonl").name == "my-graphs-v2"


def test_graphs_of_networkx() -> None:
    lists = random_graphs(20)
    made = {name: of_networkx(graph) for name, graph in lists.items()}
    space = DagSpace.from_networkx(made, name="mine")
    assert space.fingerprint == DagSpace("mine", lists).fingerprint
    assert DagSpace.from_networkx(made).name == f"dag-{space.fingerprint[:8]}"
    for attribute in ("label", "operation", "kind"):
        renamed = {}
        for name, graph in made.items():
            renamed[name] = nx.DiGraph(graph.edges)
            renamed[name].add_nodes_from((node, {attribute: data["op"]}) for node, data in graph.nodes(data=True))
        label = "kind" if attribute == "kind" else None
        assert set(DagSpace.from_networkx(renamed, label=label).own_operations) == set(space.own_operations)


def test_graphs_of_networkx_that_are_none() -> None:
    with pytest.raises(SpaceError, match="graph 'a': expected a directed graph, got an undirected one"):
        DagSpace.from_networkx({"a": nx.path_graph(3)})
    with pytest.raises(SpaceError, match=r"of node 0 in its attribute 'op', got the attributes none.*label="):
        DagSpace.from_networkx({"a": nx.DiGraph([(0, 1)])})
    double = nx.MultiDiGraph([(0, 1), (0, 1)])
    nx.set_node_attributes(double, "conv", "op")
    with pytest.raises(SpaceError, match="expected each edge once"):
        DagSpace.from_networkx({"a": double})
    with pytest.raises(SpaceError, match="expected a directed graph of networkx, got 3"):
        DagSpace.from_networkx({"a": 3})
    with pytest.raises(SpaceError, match="dictionary of names and graphs"):
        DagSpace.from_networkx([double])  # type: ignore[arg-type]
    with pytest.raises(SpaceError, match="expected at least one graph, got none"):
        DagSpace.from_networkx({})


# -- open and closed ----------------------------------------------------------------------------------------------


def test_a_closed_space_has_only_its_graphs() -> None:
    space = register_space(DagSpace("mine", {"chain1": CHAIN, "chain2": CHAIN}))
    with pytest.raises(ArchitectureError, match="mine is closed"):
        infer_space('mine:{"nodes":["input"],"edges":[]}').validate('mine:{"nodes":["input"],"edges":[]}')
    with pytest.raises(ArchitectureError, match="'chain3' is none of the 2 graphs of mine; did you mean 'chain"):
        space.validate("chain3")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine:{", "expected a graph as JSON"),
        ("mine:{}", "expected mine:"),
        ('mine:{"nodes":["conv9x9"],"edges":[]}', "expected operations of mine, got 'conv9x9'; did you mean 'conv3x3'"),
        ('mine:{"nodes":["input","output"],"edges":[[0,1],[1,0]]}', "without cycles"),
        ('mine:{"nodes":["input","output"],"edges":[[0,2]]}', "expected two of its nodes 0 to 1, got node 2"),
    ],
)
def test_a_broken_graph_written_out(text: str, message: str) -> None:
    space = register_space(DagSpace("mine", {"chain": CHAIN}, open=True))
    with pytest.raises(ArchitectureError, match=message):
        infer_space(text).validate(text)
    with pytest.raises(ArchitectureError, match=message):
        space.canonicals([text])
    with pytest.raises(ArchitectureError, match=message):
        space.cell_graphs(["chain", text])


def test_a_written_graph_has_one_spelling() -> None:
    space = DagSpace("mine", {"chain": CHAIN}, open=True)
    text = 'mine: {"edges": [[2, 0], [1, 2]], "nodes": ["output", "input", "conv3x3"]}'.replace("mine: ", "mine:")
    assert space.validate(text) == space.written(*CHAIN) == space.validate(space.validate(text))
    assert space.canonical(text) == "chain"


def test_cell_graphs_of_listed_and_written_ones_keep_their_order() -> None:
    space = DagSpace("mine", random_graphs(10), open=True)
    archs = [space.archs[3], space.written(*CHAIN), space.archs[1], space.written(["pool"], [])]
    batch, operation = space.labelled_graphs(archs)
    for row, arch in enumerate(archs):
        dag = space.parse(arch)
        assert [space.own_operations[n] for n in operation[row] if n >= 0] == list(dag.nodes)
        inner = batch.adjacency[row, 1:-1, 1:-1]
        assert [tuple(pair) for pair in np.argwhere(inner).tolist()] == sorted(dag.edges)


def test_what_a_graph_lacks_is_said() -> None:
    space = register_space(DagSpace("mine", {"chain": CHAIN}))
    with pytest.raises(SpaceError, match=r"expected an architecture with a network.*names of the operations"):
        space.network_graph("chain")


def test_training_a_graph_is_refused_with_the_reason() -> None:
    task_network = pytest.importorskip("benchmarks.training")
    register_space(DagSpace("mine", {"chain": CHAIN}))
    with pytest.raises(SpaceError, match="expected an architecture with a network"):
        task_network.build_network("chain", "jigsaw", input_size=64)


# -- copies -------------------------------------------------------------------------------------------------------


def test_a_pickle_holds_the_graphs_and_no_caches() -> None:
    space = DagSpace("mine", random_graphs(50))
    size = len(pickle.dumps(space))
    space.canonicals(space.archs)
    space.neighbors(space.archs[0])
    assert len(pickle.dumps(space)) == size
    again = pickle.loads(pickle.dumps(space))
    assert again.canonicals(again.archs) == space.canonicals(space.archs)
    assert get_space(again) is again


def test_fingerprints_tell_spaces_apart() -> None:
    lists = random_graphs(10)
    first, second = list(lists)[:2]
    plain = DagSpace("mine", lists).fingerprint
    assert plain == DagSpace("other", lists, open=True).fingerprint
    assert plain != DagSpace("mine", {**lists, first: lists[second]}).fingerprint
    assert plain != DagSpace("mine", dict(reversed(lists.items()))).fingerprint
    assert plain != DagSpace("mine", {**lists, "more": CHAIN}).fingerprint
    assert plain != DagSpace("mine", {f"{name}x": graph for name, graph in lists.items()}).fingerprint
