"""The graph network: gating, masks, members, and a message-passing loop as second opinion."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from benchmarks import ArtefactError, get_space  # noqa: E402
from encoders.node_features import NODE_CENTRE, NODE_FEATURES, NODE_SCALE  # noqa: E402
from surrogates.models.graph.datasets import graph_tensors, predict_members  # noqa: E402
from surrogates.models.graph.net import GraphNet, GraphTensors, Sizes  # noqa: E402
from surrogates.models.graph.weights import TrainedNet  # noqa: E402

MICRO, MACRO = "transnas101-micro", "transnas101-macro"
SIZES = Sizes(members=3, hidden=6, layers=2, trunk=5)


def graphs_of(space, n=12):
    return graph_tensors(space, get_space(space).sample(n, rng=3))


@pytest.fixture
def net():
    widths = {space: graphs_of(space, 1).features.shape[1] for space in (MICRO, MACRO)}
    return GraphNet(SIZES, widths, {"a": 2, "b": 1}, seed=1).eval()


def naive_scores(net, graphs, space, head, member, row):
    """One member on one architecture, node by node and edge by edge."""
    live = np.flatnonzero(graphs.live[row])
    x = {v: ((graphs.nodes[row, v].numpy() - NODE_CENTRE) / NODE_SCALE).astype(float) for v in live}

    def linear(layer, value):
        return value @ layer.weight[member].detach().double().numpy() + layer.bias[member, 0].detach().double().numpy()

    state = {v: np.maximum(linear(net.lift, x[v]), 0) for v in live}
    edges = [(s, t) for s in live for t in live if graphs.adjacency[row, s, t]]
    hidden = SIZES.hidden
    for flow in net.flows:
        messages = {v: linear(flow.messages, state[v]) for v in live}
        gates = {v: 1 / (1 + np.exp(-linear(flow.gates, x[v]))) for v in live}
        change = {}
        for v in live:
            total = messages[v][2 * hidden :].copy()
            for s, t in edges:
                if t == v:
                    total += gates[v][:hidden] * messages[s][:hidden]
                if s == v:
                    total += gates[v][hidden:] * messages[t][hidden : 2 * hidden]
            total = (total - total.mean()) / np.sqrt(total.var() + 1e-5)
            change[v] = np.maximum(total, 0)
        state = {v: state[v] + change[v] for v in live}
    mean = np.mean([state[v] for v in live], axis=0)
    output = state[max(live)]
    features = np.maximum(linear(net.features[space], graphs.features[row].double().numpy()), 0)
    trunk = np.maximum(linear(net.trunk, np.concatenate([1.5 * mean, 0.7 * output, features])), 0)
    return linear(net.heads[head], trunk)


@pytest.mark.parametrize("space", [MICRO, MACRO])
def test_equals_a_naive_loop(net, space):
    graphs = graphs_of(space)
    scores = predict_members(net, graphs, space, "a")
    for member, row in ((0, 0), (2, 5), (1, 11)):
        np.testing.assert_allclose(scores[member, row], naive_scores(net, graphs, space, "a", member, row), atol=1e-4)


def test_padding_changes_nothing(net):
    graphs = graphs_of(MICRO)
    n, width, _ = graphs.nodes.shape
    nodes, live = torch.zeros(n, width + 3, len(NODE_FEATURES)), torch.zeros(n, width + 3)
    adjacency = torch.zeros(n, width + 3, width + 3)
    nodes[:, :width], live[:, :width], adjacency[:, :width, :width] = graphs.nodes, graphs.live, graphs.adjacency
    padded = GraphTensors(nodes, adjacency, live, graphs.features, torch.zeros(*nodes.shape[:2], 0))
    expected = predict_members(net, graphs, MICRO, "b")
    np.testing.assert_allclose(predict_members(net, padded, MICRO, "b"), expected, atol=1e-5)


def test_members_do_not_mix(net):
    graphs = graphs_of(MICRO)
    before = predict_members(net, graphs, MICRO, "a")
    with torch.no_grad():
        for parameter in net.parameters():
            parameter[1] += 0.1
    after = predict_members(net, graphs, MICRO, "a")
    np.testing.assert_array_equal(before[[0, 2]], after[[0, 2]])
    assert not np.allclose(before[1], after[1])


def test_same_seed_same_weights_and_dropout():
    first, second, other = (GraphNet(SIZES, {MICRO: 4}, {"a": 1}, dropout=0.5, seed=seed).train() for seed in (1, 1, 2))
    graphs = graphs_of(MICRO)._replace(features=torch.ones(12, 4))
    one, two, three = (net(graphs, MICRO, "a").detach() for net in (first, second, other))
    assert torch.equal(one, two)
    assert not torch.equal(one, three)
    assert not torch.equal(one, first(graphs, MICRO, "a"))  # dropout goes on


def test_no_global_seed_is_read_or_moved():
    state = torch.get_rng_state()
    net = GraphNet(SIZES, {MICRO: 4}, {"a": 1}).train()
    net(graphs_of(MICRO)._replace(features=torch.ones(12, 4)), MICRO, "a")
    assert torch.equal(state, torch.get_rng_state())


def test_weights_survive_bytes_and_copies(net):
    trained = TrainedNet(net, {space: np.ones(layer.weight.shape[1]) for space, layer in net.features.items()})
    archs = get_space(MACRO).sample(9, rng=0)
    expected = trained.scores(MACRO, archs, "b")
    again = TrainedNet.from_bytes(trained.to_bytes())
    np.testing.assert_array_equal(again.scores(MACRO, archs, "b"), expected)
    assert again.to_bytes() == trained.to_bytes()
    np.testing.assert_array_equal(copy.deepcopy(trained).scores(MACRO, archs, "b"), expected)


def test_foreign_weights_are_refused(net):
    trained = TrainedNet(net, {space: np.ones(layer.weight.shape[1]) for space, layer in net.features.items()})
    data = trained.to_bytes()
    with pytest.raises(ArtefactError, match="expected the weights of a graph network"):
        TrainedNet.from_bytes(data[: len(data) // 2])
    with pytest.raises(ArtefactError, match="expected the weights of a graph network"):
        TrainedNet.from_bytes(b"")
    future = data.replace(rb"\"node_schema\": 1", rb"\"node_schema\": 9")
    assert future != data
    with pytest.raises(ArtefactError, match="expected node schema 1, got 9; retrain with this version"):
        TrainedNet.from_bytes(future)
    from safetensors.torch import save

    with pytest.raises(ArtefactError, match="expected the weights of a graph network"):
        TrainedNet.from_bytes(save({"weight": torch.ones(2)}))
