"""Encoders: the contract on every one and every space, and each formula against a second opinion."""

import itertools
import os
import re
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import encoders
from benchmarks import DagSpace, get_space, infer_space, list_spaces
from benchmarks.costs import graph_costs
from benchmarks.graph import GraphBuilder
from encoders import Costs, Encoder, GraphFeatures, OneHotEncoding, PathEncoding, WrittenFeatures, ZeroCost
from encoders.dag_paths import longest_paths, mean_paths, path_counts, shortest_paths
from encoders.feature_words import feature_words
from encoders.testing import check_encoder
from tests.own_spaces import random_graphs

PROXIES = ZeroCost(proxies=("l2_norm", "naswot"), base_channels=4, input_size=32, batch_size=4, images="noise")
ENCODERS = [OneHotEncoding(), PathEncoding(), GraphFeatures(), WrittenFeatures(), Costs(), PROXIES]
ENCODERS += [Costs(task="jigsaw", input_size=64)]
OUTSIDE = {
    "transnas101-micro": "32-4114-3_01_223",
    "transnas101-macro": "32-23111141-basic",
    "nasbench201": None,
}


@pytest.mark.parametrize("name", list_spaces())
@pytest.mark.parametrize("encoder", ENCODERS, ids=repr)
def test_contract(encoder, name):
    check_encoder(encoder, get_space(name), outside=OUTSIDE[name])


def test_every_public_encoder_is_checked():
    public = {getattr(encoders, name) for name in encoders.__all__}
    classes = {c for c in public if isinstance(c, type) and issubclass(c, Encoder) and c is not Encoder}
    assert {type(encoder) for encoder in ENCODERS} == classes


@pytest.mark.parametrize("name", [*list_spaces(), "mine"])
def test_every_feature_has_words_of_its_own(name):
    space = DagSpace("mine", random_graphs(8)) if name == "mine" else get_space(name)
    names = GraphFeatures().feature_names(space)
    words = [feature_words(space, feature) for feature in names]
    assert all(re.fullmatch(r"[\w ,()>'/-]+[\w)]", found.text) for found in words)
    assert not any("log_" in found.text or "[" in found.text for found in words)
    same = sum("middle[" in feature and "+" not in feature for feature in names)  # 1->2=skip is middle[skip]
    assert len({found.text for found in words}) == len(names) - same
    assert all(found.show(1.0) for found in words)
    with pytest.raises(ValueError, match="expected a feature of GraphFeatures of " + name + ", got 'colour'"):
        feature_words(space, "colour")


def test_words_show_natural_units():
    arch = "64-41414-3_33_333"
    features = GraphFeatures().fit([arch])
    values = dict(zip(features.get_feature_names_out(), features.transform([arch])[0], strict=True))
    costs = Costs().fit([arch]).exact([arch])[0]
    space = get_space("transnas101-micro")
    for feature, cost in zip(("log_params", "log_multiply_adds", "log_activations"), costs, strict=False):
        number, word = feature_words(space, feature).show(values[feature]).split()
        assert float(number) * {"million": 1e6, "billion": 1e9}[word] == pytest.approx(cost, rel=5e-3)
    assert feature_words(space, "0->1=skip").show(0.0) == "no"
    macro = get_space("transnas101-macro")
    assert feature_words(macro, "log2_channels[-1]").show(8.0) == "256"
    assert feature_words(macro, "log_multiply_adds_at_resolution[1]").show(np.float32(np.log(1e7))) == "0"


@pytest.mark.parametrize("name", list_spaces())
def test_one_hot_tells_all_apart(name):
    space = get_space(name)
    assert len(np.unique(OneHotEncoding().fit_transform(space.archs), axis=0)) == len(space)


@pytest.mark.parametrize("name", list_spaces())
def test_written_features_tell_all_apart_that_graph_features_pool(name):
    space = get_space(name)
    archs = space.sample(300, rng=0)
    encoder = WrittenFeatures().fit(archs)
    X, groups = encoder.transform(archs), encoder.groups(space)
    assert len(np.unique(X, axis=0)) == len(archs)
    assert [columns.start for columns in groups.values()] == [0, *(columns.stop for columns in groups.values())][:-1]
    np.testing.assert_array_equal(X[:, groups["function"]], GraphFeatures().fit_transform(archs))
    names = encoder.get_feature_names_out()
    assert len(set(names)) == len(names) == X.shape[1] == groups["function"].stop
    params = X[:, names.tolist().index("written_params")]
    np.testing.assert_array_equal(params, Costs().fit_transform(archs)[:, 0])


def test_written_features_of_a_cell_by_hand():
    """Edges 0->1 none, 0->2 conv3x3, 1->2 skip, 0->3 conv1x1, 1->3 skip, 2->3 none: only 0->3 is live."""
    encoder = WrittenFeatures().fit(["64-41414-0_31_210"])
    named = dict(
        zip(encoder.get_feature_names_out(), encoder.transform(["64-41414-0_31_210"])[0].tolist(), strict=True)
    )
    ones = {name for name, value in named.items() if name.startswith(("written[", "live[")) and value}
    assert ones == {
        "written[0->1=none]",
        "written[0->2=conv3x3]",
        "written[1->2=skip]",
        "written[0->3=conv1x1]",
        "written[1->3=skip]",
        "written[2->3=none]",
        "live[0->3=conv1x1]",
    }
    counts = {name: value for name, value in named.items() if name.startswith("written_count")}
    assert list(counts.values()) == [2, 2, 1, 1]


def test_path_encoding_against_networkx():
    space = get_space("transnas101-micro")
    archs = space.sample(100, rng=0)
    encoding = PathEncoding().fit(archs)
    names = list(encoding.get_feature_names_out())
    operations = {"1": "skip", "2": "conv1x1", "3": "conv3x3"}
    for arch, row in zip(archs, encoding.transform(archs), strict=True):
        graph = _networkx_cell(arch)
        paths = {
            ">".join(operations[graph.edges[edge]["op"]] for edge in itertools.pairwise(path))
            for path in nx.all_simple_paths(graph, 0, 3)
        }
        assert {names[i] for i in np.flatnonzero(row)} == paths


def test_macro_grams_are_counted():
    encoding = PathEncoding().fit(["64-1414-basic"])
    row = dict(zip(encoding.get_feature_names_out(), encoding.transform(["64-1414-basic"])[0], strict=True))
    assert (row["count:1"], row["count:14"], row["count:41"], row["count:141"], row["count:2"]) == (2, 2, 1, 1, 0)


def test_path_sums_against_enumeration():
    rng = np.random.default_rng(0)
    adjacency = np.triu(rng.random((50, 6, 6)) < 0.5, k=1)
    allowed = rng.random((50, 6)) < 0.8
    weight = rng.integers(0, 4, size=(50, 6)).astype(float)
    for row in range(50):
        nodes = [v for v in range(6) if allowed[row, v]]
        graph = nx.DiGraph([(u, v) for u in nodes for v in nodes if adjacency[row, u, v]])
        graph.add_nodes_from([0, 5])
        paths = list(nx.all_simple_paths(graph, 0, 5)) if allowed[row, 0] and allowed[row, 5] else []
        sums = [weight[row, path].sum() for path in paths]
        args = adjacency[row : row + 1], allowed[row : row + 1], weight[row : row + 1]
        assert path_counts(*args[:2])[0] == len(paths)
        assert mean_paths(*args)[0] == pytest.approx(np.mean(sums) if sums else 0)
        assert longest_paths(*args)[0] == max(sums, default=-np.inf)
        assert shortest_paths(*args)[0] == min(sums, default=np.inf)


def test_graph_features_against_networkx():
    """Counts, paths, lengths and degrees within a subset of operations, from a plain graph of the pruned cell."""
    space = get_space("transnas101-micro")
    archs = space.simplify(space.sample(80, rng=1))
    features = GraphFeatures().fit(archs)
    frame = pd.DataFrame(features.transform(archs), columns=features.get_feature_names_out(), index=archs)
    for arch, row in frame.iterrows():
        graph = _networkx_cell(arch)
        for names, ops in (("conv3x3", "3"), ("skip+conv1x1", "12"), ("skip+conv1x1+conv3x3", "123")):
            kept = nx.DiGraph([(u, v) for u, v, op in graph.edges.data("op") if op in ops])
            kept.add_nodes_from(range(4))
            lengths = [len(path) - 1 for path in nx.all_simple_paths(kept, 0, 3)]
            assert row[f"paths[{names}]"] == len(lengths)
            assert row[f"shortest[{names}]"] == min(lengths, default=6)
            assert row[f"longest[{names}]"] == max(lengths, default=0)
            assert row[f"input_degree[{names}]"] == kept.out_degree(0)
            assert row[f"output_degree[{names}]"] == kept.in_degree(3)
        convs = [
            sum(graph.edges[edge]["op"] in "23" for edge in itertools.pairwise(path))
            for path in nx.all_simple_paths(graph, 0, 3)
        ]
        assert row["most[conv]"] == max(convs, default=-1)
        assert row["fewest[conv]"] == min(convs, default=-1)
        assert row["mean[conv]"] == pytest.approx(np.mean(convs) if convs else -1)
        assert row["count[any]"] == graph.number_of_edges()


def test_equal_functions_get_equal_features():
    X = GraphFeatures().fit_transform(
        ["64-41414-2_01_022", "64-41414-2_02_021", "64-41414-0_00_100", "64-41414-3_00_100"]
    )
    np.testing.assert_array_equal(X[0], X[1])
    np.testing.assert_array_equal(X[2], X[3])


def test_signal_of_a_residual_cell_by_hand():
    """skip + conv in a cell that keeps the shape: variance 1 + 1, mean depth half a convolution."""
    features = GraphFeatures().fit(["64-41414-0_00_100"])
    cell = "|skip_connect~0|+|none~0|none~1|+|nor_conv_3x3~0|skip_connect~1|none~2|"
    row = _row(GraphFeatures(), cell)
    assert row["log_variance[cell]"] == pytest.approx(np.log(2.1))
    assert row["depth[cell,conv]"] == pytest.approx(0.5)
    assert _row(features, "64-41414-0_00_100")["depth[cell,conv]"] == 0


def test_receptive_fields_by_hand():
    """Macro 64-2311: 7 + blocks at strides 4, 4 | 4, 8 (halving) | 8, 8 | 8, 8, each adding 2 and 2 input pixels."""
    row = _row(GraphFeatures(), "64-2311-basic")
    field = 7 + 2 * (8 + 8) + (8 + 16) + (16 + 16) + 2 * 2 * (16 + 16)
    assert 2 ** row["log2_receptive_field"] == pytest.approx(field)
    assert 2 ** _row(GraphFeatures(), "64-41414-0_00_200")["log2_receptive_field"] == pytest.approx(7)


def test_macro_state_by_hand():
    row = _row(GraphFeatures(), "64-14214-basic")
    assert [row[f"log2_channels[{i}]"] for i in range(1, 7)] == [6, 7, 8, 8, 9, 9]
    assert [row[f"halvings[-{i}]"] for i in range(1, 7)] == [2, 1, 1, 1, 0, 0]
    assert (row["halving1_at"], row["halving2_at"], row["halving2_from_end"], row["doubling3_at"]) == (1, 4, 1, 4)
    assert (row["modules_after_halvings[1]"], row["modules_after_doublings[2]"]) == (3, 2)


def test_costs_of_single_layers_by_hand():
    builder = GraphBuilder(channels=16, resolution=8)
    node = builder.relu_conv_bn(builder.input, kernel=3, stride=2, channels=32)
    node = builder.add("conv_transpose", [node], kernel=3, stride=2, channels=8, bias=True)
    builder.add("linear", [builder.add("global_pool", [node])], channels=10, bias=True)
    params, multiply_adds, activations = graph_costs(builder.build())
    assert params == (9 * 16 * 32 + 2 * 32) + (9 * 32 * 8 + 8) + (8 * 10 + 10)
    assert multiply_adds == 9 * 16 * 32 * 16 + 9 * 32 * 8 * 16 + 80
    assert activations == 32 * 16 + 8 * 64 + 10


@pytest.mark.parametrize("input_size", [None, 48])
def test_costs_of_open_codes_are_those_of_whole_networks(input_size, rng):
    def digits(least, most):
        return "".join(str(rng.integers(1, 5)) for _ in range(rng.integers(least, most + 1)))

    micro = get_space("transnas101-micro")
    skeletons = [f"{rng.choice([2, 16, 64, 4096])}-{digits(1, 16)}-basic" for _ in range(40)]
    cells = [f"{rng.choice([16, 64])}-{digits(1, 4)}-{arch.rpartition('-')[2]}" for arch in micro.sample(25, rng=0)]
    for archs in (skeletons, cells):
        space = infer_space(archs)
        expected = [graph_costs(space.network_graph(arch, input_size)) for arch in archs]
        np.testing.assert_array_equal(Costs(input_size=input_size).exact(archs)[:, :3], expected)
        shapes = [space.feature_shape(arch, input_size) for arch in archs]
        graphs = [space.network_graph(arch, input_size) for arch in archs]
        assert shapes == [(int(graph.channels_out[-1]), int(graph.resolution_out[-1])) for graph in graphs]


@pytest.mark.parametrize(
    ("task", "num_classes", "params"),
    [
        (None, None, 14673952),
        ("room_layout", None, 14678569),
        ("jigsaw", None, 19282952),
        ("segmentsemantic", None, 25698129),
        ("autoencoder", None, 37545811),
        ("class_object", 100, 14673952 + 512 * 100 + 100),
    ],
)
def test_published_parameter_counts(task, num_classes, params):
    costs = Costs(task=task, num_classes=num_classes).exact(["64-41414-0_31_023"])
    assert costs[0, 0] == params


def test_published_nasbench201_costs():
    """Its largest network on CIFAR-10, with classifier: 1.531546 M parameters, 220.12 M multiply-adds."""
    arch = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"
    params, multiply_adds, _, depth = Costs().exact([arch])[0]
    assert params + 64 * 10 + 10 == 1531546
    assert (multiply_adds + 640) / 1e6 == pytest.approx(220.12, abs=0.005)
    assert depth == 1 + 2 * 2 + 15 * 3


def test_dense_decoders_need_a_feature_map_they_can_enlarge():
    with pytest.raises(ValueError, match="4, 8, 16, 32 or 64 times smaller than the 256 pixel image, got 1 pixels"):
        Costs(task="normal").fit_transform(["64-44444444-basic"])


@pytest.mark.data
@pytest.mark.parametrize("task", get_space("transnas101-micro").tasks)
def test_every_published_parameter_count(task):
    """The file counts 100 object and 63 scene classes."""
    published = pd.read_csv(Path(os.environ["NAS_DATA"]) / "transnas101/micro_zero_cost.csv")
    published = published[(published["task"] == task) & published["params"].notna()]
    classes = {"class_object": 100, "class_scene": 63}.get(task)
    costs = Costs(task=task, num_classes=classes).exact(list(published["arch"]))
    assert len(published) == 711
    np.testing.assert_array_equal(costs[:, 0], np.round(published["params"] * 1e6))
    if task in ("class_object", "class_scene", "room_layout"):
        np.testing.assert_allclose(costs[:, 1] / 1e6, published["flops"], rtol=0.03)


def _row(encoder, arch):
    encoder = encoder.fit([arch])
    return dict(zip(encoder.get_feature_names_out(), encoder.transform([arch])[0].tolist(), strict=True))


def _networkx_cell(arch):
    """The live edges of a micro cell, edges in the published order."""
    digits = [c for c in arch.split("-")[2] if c != "_"]
    graph = nx.DiGraph()
    graph.add_nodes_from(range(4))
    for edge, digit in zip([(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)], digits, strict=True):
        if digit != "0":
            graph.add_edge(*edge, op=digit)
    alive = {edge for path in nx.all_simple_paths(graph, 0, 3) for edge in itertools.pairwise(path)}
    graph.remove_edges_from([edge for edge in graph.edges if edge not in alive])
    return graph


@pytest.mark.parametrize("size", [0, -5, 2.5, "a", True])
def test_image_sizes_are_positive_integers(size):
    with pytest.raises(ValueError, match="expected a positive integer as input_size, got"):
        Costs(input_size=size).fit_transform(["64-2311-basic"])
    with pytest.raises(ValueError, match="expected a positive integer as input_size, got"):
        get_space("transnas101-micro").network_graph("64-41414-3_33_333", size)
