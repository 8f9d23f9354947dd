"""PyTorch Geometric graphs: one schema for all spaces, equal to a naive loop, cached."""

import subprocess
import sys

import numpy as np
import pytest

from benchmarks import ArchitectureError, MissingExtraError, get_space, list_spaces
from benchmarks.errors import UnknownNameError
from encoders import node_features
from encoders.node_features import NODE_FEATURES, cell_graphs, graph_nodes

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")  # torch-geometric itself must be imported by encoders.pyg, which knows its warnings

from encoders.pyg import dense_to_batch, to_batch, to_data  # noqa: E402


def naive_nodes(graph):
    """The schema written as a loop over the nodes of an `ArchGraph`."""
    edges = graph.edges.tolist()
    depth, height = [0] * len(graph), [0] * len(graph)
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        depth[target] = max(depth[target], depth[source] + 1)
    for source, target in sorted(edges, key=lambda edge: -edge[0]):
        height[source] = max(height[source], height[target] + 1)
    rows = []
    for v, name in enumerate(graph.names):
        row = dict.fromkeys(NODE_FEATURES, 0.0) | {f"kind={name}": 1.0}
        row["kernel"], row["bias"] = graph.kernel[v], graph.bias[v]
        row["kernel>1"] = graph.kernel[v] > 1
        row["log2_growth"] = np.log2(graph.channels_out[v] / graph.channels_in[v])
        for quantity in ("stride", "channels_in", "channels_out", "resolution_in", "resolution_out"):
            row[f"log2_{quantity}"] = np.log2(getattr(graph, quantity)[v])
        row |= {"depth": depth[v], "height": height[v], "position": depth[v] / max(depth[v] + height[v], 1)}
        rows.append(list(row.values()))
    return np.array(rows)


@pytest.mark.parametrize("name", list_spaces())
def test_cell_view_equals_a_naive_loop(name):
    space = get_space(name)
    archs = space.sample(40, rng=0)
    for arch, data in zip(archs, to_data(archs), strict=True):
        graph = space.cell_graph(arch)
        np.testing.assert_allclose(data.x.numpy(), naive_nodes(graph), rtol=1e-6)
        assert sorted(map(tuple, data.edge_index.T.tolist())) == sorted(map(tuple, graph.edges.tolist()))
        assert (data.arch, data.space) == (arch, name)


@pytest.mark.parametrize("name", list_spaces())
def test_dense_graphs_are_the_same_batch_standardised(name):
    archs = get_space(name).sample(40, rng=0)
    dense, expected = cell_graphs(name, archs), to_batch(archs)
    batch = dense_to_batch(*map(torch.from_numpy, (dense.nodes, dense.adjacency.astype(np.float32), dense.live)))
    for part in ("edge_index", "batch", "ptr"):
        np.testing.assert_array_equal(batch[part], expected[part])
    x = (expected.x.numpy() - node_features.NODE_CENTRE) / node_features.NODE_SCALE
    np.testing.assert_allclose(batch.x, x, rtol=1e-6)
    assert batch.num_graphs == 40


@pytest.mark.parametrize("name", list_spaces())
def test_network_view_equals_a_naive_loop(name):
    space = get_space(name)
    data = to_data([space.example], view="network")[0]
    graph = space.network_graph(space.example)
    np.testing.assert_allclose(data.x.numpy(), naive_nodes(graph), rtol=1e-6)
    np.testing.assert_array_equal(data.edge_index.numpy(), graph.edges.T)


def test_spaces_mix_in_one_batch():
    archs = [get_space(name).example for name in list_spaces()]
    batch = to_batch(archs)
    assert batch.num_graphs == 3
    assert batch.x.shape[1] == len(NODE_FEATURES)
    assert batch.arch == archs


def test_dense_graphs_hold_the_same_nodes():
    archs = get_space("transnas101-micro").sample(20, rng=0)
    dense = cell_graphs("transnas101-micro", archs)
    for i, data in enumerate(to_data(archs)):
        np.testing.assert_array_equal(dense.nodes[i][dense.live[i]], data.x.numpy())
        assert dense.adjacency[i].sum() == data.edge_index.shape[1]
    assert not dense.nodes[~dense.live].any()
    assert len(dense) == 20


def test_a_second_call_shares_tensors_but_not_the_object():
    first, second = (to_data(["64-2311-basic"])[0] for _ in range(2))
    assert first is not second
    assert first.x is second.x
    first.y = 1
    assert "y" not in to_data(["64-2311-basic"])[0]


def test_a_cell_without_a_path_has_input_and_output_only():
    data = to_data(["64-41414-0_00_000"])[0]
    assert data.num_nodes == 2
    assert data.edge_index.shape == (2, 0)


def test_outsiders_of_the_published_set_are_read():
    assert to_data(["32-23111141-basic"])[0].num_nodes == 18
    assert graph_nodes(get_space("transnas101-micro").network_graph("32-4114-3_01_223")).shape[1] == len(NODE_FEATURES)


def test_bad_input_is_named():
    with pytest.raises(ArchitectureError, match="empty list"):
        to_batch([])
    assert to_data([]) == []
    with pytest.raises(UnknownNameError, match="did you mean 'network'"):
        to_data(["64-2311-basic"], view="networks")
    with pytest.raises(ArchitectureError, match="not an architecture"):
        to_data(["nonsense"])


def test_constants_fit_the_schema():
    assert node_features.NODE_CENTRE.shape == node_features.NODE_SCALE.shape == (len(NODE_FEATURES),)
    assert (node_features.NODE_SCALE > 0).all()


def test_what_to_install_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_geometric", None)
    monkeypatch.setitem(sys.modules, "torch_geometric.data", None)
    with pytest.raises(MissingExtraError, match=r"encoders.pyg needs 'torch_geometric.*\[gnn\]"):
        to_data(["64-2311-basic"])


def test_encoders_load_without_torch():
    program = "import sys, encoders, encoders.node_features, encoders.pyg; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
