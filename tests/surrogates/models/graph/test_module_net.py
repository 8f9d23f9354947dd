"""Networks of PyTorch Geometric in a GraphSurrogate: ours against a loop, one's own, their storage, and bad ones."""

import copy
import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau
from sklearn.base import clone

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")  # torch-geometric itself must be imported by encoders.pyg, which knows its warnings

from encoders.pyg import require_geometric, to_batch  # noqa: E402

require_geometric()

from torch_geometric.nn import GCNConv, SAGEConv, global_add_pool, global_mean_pool  # noqa: E402

from benchmarks import ArtefactError, MissingExtraError, get_space, list_spaces  # noqa: E402
from benchmarks.table import Table  # noqa: E402
from encoders.node_features import NODE_CENTRE, NODE_FEATURES, NODE_SCALE  # noqa: E402
from surrogates import EnsembleSurrogate, GaussianProcessSurrogate, GraphSurrogate, load_surrogate  # noqa: E402
from surrogates import register_storable as storable  # noqa: E402
from surrogates.models.graph import DirectedGNN  # noqa: E402
from surrogates.models.graph.datasets import graph_tensors, predict_members  # noqa: E402
from surrogates.models.graph.module_net import ModuleNet, network_name  # noqa: E402
from surrogates.models.graph.net import Sizes  # noqa: E402
from surrogates.registry import STORABLE_MODELS, make_model  # noqa: E402
from surrogates.testing import check_surrogate  # noqa: E402
from tests.surrogates.cli.helpers import run  # noqa: E402

MICRO = "transnas101-micro"
SMALL = {"n_members": 2, "trunk": 8, "n_steps": 20, "n_jobs": 1}
BRIEF = {**SMALL, "n_steps": 5}  # the contract holds however well it learns
SMALL_GNN = partial(DirectedGNN, hidden=8, layers=1)
OUTSIDE = {MICRO: "32-4114-3_01_223", "transnas101-macro": "32-23111141-basic", "nasbench201": None}
F = len(NODE_FEATURES)


@storable
class Convolution(torch.nn.Module):
    """The least network: one convolution and a mean."""

    def __init__(self, in_channels, hidden=6, dropout=0.0):
        super().__init__()
        self.convolution = GCNConv(in_channels, hidden)
        self.dropout = torch.nn.Dropout(dropout)

    def forward(self, batch):
        return global_mean_pool(self.dropout(self.convolution(batch.x, batch.edge_index)).relu(), batch.batch)


class Geometric(torch.nn.Module):
    """What users write: lazy layers, norms with statistics, a batch written to, double precision."""

    def __init__(self, in_channels):
        super().__init__()
        self.layer, self.norm = SAGEConv((-1, -1), 5), torch.nn.BatchNorm1d(5)

    def forward(self, batch):
        batch.x = self.norm(self.layer(batch.x, batch.edge_index)).relu_()
        return global_add_pool(batch.x, batch.batch).double()


def module_net(network, **options):
    graphs = graph_tensors(MICRO, get_space(MICRO).sample(12, rng=3))
    return ModuleNet(network, Sizes(3, trunk=5), {MICRO: graphs.features.shape[1]}, {"a": 2}, seed=1, **options), graphs


@pytest.mark.parametrize("name", list_spaces())
def test_contract(name):
    check_surrogate(GraphSurrogate(network=SMALL_GNN, **BRIEF), get_space(name), outside=OUTSIDE[name])


def test_a_network_of_your_own_fulfils_the_contract():
    check_surrogate(GraphSurrogate(network=Convolution, **BRIEF), "transnas101-macro", outside="32-23111141-basic")


def standard(batch):
    """A batch of strings with the features that networks see."""
    batch.x = (batch.x - torch.from_numpy(NODE_CENTRE)) / torch.from_numpy(NODE_SCALE)
    return batch


def test_members_read_what_the_encoder_makes():
    archs = get_space(MICRO).sample(12, rng=3)
    net, graphs = module_net(partial(Convolution, hidden=4))
    net.eval()
    vectors = net.vectors(graphs, MICRO).detach().numpy()
    assert vectors.shape == (3, 12, 4)
    for k, member in enumerate(net.members):
        np.testing.assert_allclose(vectors[k], member.eval()(standard(to_batch(archs))).detach(), atol=1e-6)
    assert len({vectors[k].tobytes() for k in range(3)}) == 3, "members start from weights of their own"

    def linear(layer, values):
        return values @ layer.weight.detach().numpy() + layer.bias.detach().numpy()

    features = np.maximum(linear(net.features[MICRO], graphs.features.numpy()[None]), 0)
    trunk = np.maximum(linear(net.trunk, np.concatenate([vectors, features], axis=-1)), 0)
    np.testing.assert_allclose(predict_members(net, graphs, MICRO, "a"), linear(net.heads["a"], trunk), atol=1e-5)


def naive_gnn(network, batch):
    """The equations of `SAGEConv` and `DirGNNConv`, edge by edge."""

    def affine(layer, row):
        shift = 0 if layer.bias is None else layer.bias.detach().numpy()
        return layer.weight.detach().numpy() @ row + shift

    x, edges = batch.x.numpy(), batch.edge_index.T.tolist()
    state = [np.maximum(affine(network.lift, row), 0) for row in x]
    for layer, norm in zip(network.rounds, network.norms, strict=True):
        total = [affine(layer.lin, row) for row in state]
        for v in range(len(state)):
            before = sum((state[source] for source, target in edges if target == v), np.zeros_like(state[v]))
            after = sum((state[target] for source, target in edges if source == v), np.zeros_like(state[v]))
            total[v] = total[v] + 0.5 * affine(layer.conv_in.lin_l, before) + 0.5 * affine(layer.conv_out.lin_l, after)
        for v, row in enumerate(total):
            normal = (row - row.mean()) / np.sqrt(row.var() + 1e-5)
            normal = normal * norm.weight.detach().numpy() + norm.bias.detach().numpy()
            state[v] = state[v] + np.maximum(normal, 0)
    return np.concatenate([np.mean(state, axis=0), state[-1]])


@pytest.mark.parametrize("arch", [MICRO, "transnas101-macro"])
def test_the_shipped_network_equals_a_naive_loop(arch):
    torch.manual_seed(0)
    network = DirectedGNN(F, hidden=6, layers=2).eval()
    archs = get_space(arch).sample(4, rng=0)
    found = network(standard(to_batch(archs))).detach().numpy()
    for row, each in zip(found, archs, strict=True):
        np.testing.assert_allclose(row, naive_gnn(network, standard(to_batch([each]))), atol=1e-5)


def test_randomness_is_the_seeds_alone():
    state = torch.get_rng_state()
    network = partial(Convolution, dropout=0.5)
    (one, graphs), (two, _) = module_net(network, dropout=0.0), module_net(network, dropout=0.0)
    first = one.train().vectors(graphs, MICRO)
    assert torch.equal(first, two.train().vectors(graphs, MICRO))
    assert not torch.equal(first, one.vectors(graphs, MICRO)), "dropout goes on"
    assert torch.equal(state, torch.get_rng_state())


def test_what_users_write_is_trained():
    space = get_space(MICRO)
    archs = space.sample(160, rng=1)
    y = [(space.cell_codes([space.simplify([arch])[0]]) == 3).sum() for arch in archs]
    fitted = GraphSurrogate(network=Geometric, n_members=3, n_steps=80, n_jobs=1).fit(archs[:80], y[:80])
    mean, std = fitted.predict(archs[80:], return_std=True)
    assert kendalltau(mean, y[80:]).statistic > 0.6
    assert np.isfinite(std).all()
    assert clone(fitted).network is Geometric
    assert fitted.get_params()["network"] is Geometric
    with pytest.raises(
        ArtefactError, match=r"surrogate.network .* registered by surrogates.register_storable, got .*:G"
    ):
        fitted.save("never")


def test_another_network_learns_from_tables_and_is_tuned(tmp_path):
    space = get_space(MICRO)
    archs = space.sample(120, rng=1)
    codes = space.cell_codes(space.simplify(archs))
    size = (codes == 3).sum(axis=1) + 0.5 * (codes == 2).sum(axis=1)
    table = Table.from_frame(pd.DataFrame({"a": size}, index=archs))
    base = GraphSurrogate(network=partial(Convolution, hidden=8), n_members=2, trunk=8, n_steps=40, n_jobs=1)
    base.pretrain(table, n_steps=60)
    before = copy.deepcopy(base.pretrained_.net.state_dict())
    tuned = base.finetune(archs[:12], -size[:12], update="adapter")
    after = tuned.nets_["adapter"].net.state_dict()
    changed = {name for name in after if name in before and not before[name].equal(after[name])}
    assert changed
    assert all(name.endswith("bias") for name in changed), "matrices of weights stay"
    assert any(name.startswith("members.") for name in changed)
    whole = base.finetune(archs[:12], -size[:12])
    assert kendalltau(whole.predict(archs[12:]), -size[12:]).statistic > 0.5
    again = load_surrogate(whole.save(tmp_path / "model"))
    np.testing.assert_array_equal(again.predict(archs), whole.predict(archs))
    path = base.save_pretraining(tmp_path / "net.safetensors")
    other = clone(base).load_pretraining(path).finetune(archs[:12], -size[:12])
    np.testing.assert_array_equal(other.predict(archs), whole.predict(archs))
    with pytest.raises(
        ArtefactError, match=r"expected the weights of our dense network .*, got those of 'Convolution\(h"
    ):
        GraphSurrogate().load_pretraining(path)
    with pytest.raises(ArtefactError, match=r"expected the weights of DirectedGNN, got those of 'Convolution"):
        GraphSurrogate(network=DirectedGNN).load_pretraining(path)


def test_an_ensemble_of_it_is_stored(tmp_path):
    archs = get_space(MICRO).sample(30, rng=0)
    members = [GraphSurrogate(network=Convolution, **SMALL), GaussianProcessSurrogate()]
    fitted = EnsembleSurrogate(members=members).fit(archs, [float(arch.count("3")) for arch in archs])
    again = load_surrogate(fitted.save(tmp_path / "model"))
    np.testing.assert_array_equal(again.predict(archs), fitted.predict(archs))


@pytest.fixture
def stored(tmp_path):
    """A fitted surrogate whose network has keywords, and its folder."""
    archs = get_space(MICRO).sample(20, rng=0)
    own = GraphSurrogate(network=partial(Convolution, hidden=3), **SMALL).fit(archs, range(20))
    return own, own.save(tmp_path / "model"), archs


def test_keywords_are_stored(stored):
    own, folder, archs = stored
    again = load_surrogate(folder)
    assert (again.network.func, again.network.keywords) == (Convolution, {"hidden": 3})
    np.testing.assert_array_equal(again.predict(archs), own.predict(archs))
    written = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))["params"]["network"]
    assert written == {"type": f"{__name__}:Convolution", "keywords": {"hidden": 3}}


def test_loading_imports_no_module_of_a_stranger(stored, monkeypatch, tmp_path):
    from surrogates.store import artefact

    _, folder, _ = stored
    (tmp_path / "a_stranger.py").write_text("raise SystemExit('executed')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    metadata = artefact.read_metadata(folder, "surrogate")
    files = artefact.read_files(folder, metadata)
    metadata["params"]["network"]["type"] = "a_stranger:Network"
    content = {k: v for k, v in metadata.items() if k not in ("format", "format_version", "kind", "files", "checksum")}
    artefact.write_artefact(folder, "surrogate", content, files)
    with pytest.raises(
        ArtefactError, match=r"class 'Network', stored from the module 'a_stranger', which is not imported"
    ):
        load_surrogate(folder)
    assert "a_stranger" not in sys.modules
    content["params"]["network"]["type"] = "surrogates:BoostedSurrogate"
    artefact.write_artefact(folder, "surrogate", content, files)
    with pytest.raises(ArtefactError, match=r"expected the weights of BoostedSurrogate\(hidden=3\), got"):
        load_surrogate(folder)


@pytest.mark.parametrize(("network", "said"), [
    (partial(Convolution, F), r"expected keywords in functools.partial\(Convolution, ...\), got 1 arguments"),
    (lambda F: Convolution(F), r"expected numbers, strings, .*a class can be registered .*, a function cannot"),
])  # fmt: skip
def test_what_cannot_be_stored_is_told(network, said, tmp_path, stored):
    own, _, _ = stored
    with pytest.raises(ArtefactError, match=said):
        own.set_params(network=network).save(tmp_path / "other")


def forward(value):
    """A network with a weight, whose forward is a function of weight and batch."""

    class Given(torch.nn.Module):
        def __init__(self, in_channels):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(1))

        def forward(self, batch):
            return value(self.weight, batch)

    return Given


class Skipping(Convolution):
    def __init__(self, in_channels):
        super().__init__(in_channels)
        self.unused = torch.nn.LazyLinear(3)


class Narrow(Convolution):
    def __init__(self, in_channels):
        super().__init__(in_channels=12)


class Plain(torch.nn.Module):
    def __init__(self, in_channels):
        super().__init__()

    def forward(self, batch):
        return global_mean_pool(batch.x, batch.batch)


SHARED = Convolution(F)


@pytest.mark.parametrize(("network", "error", "said"), [
    ("gcn", TypeError, r"makes a torch.nn.Module from the number of node features, got 'gcn' \(str\)"),
    (SHARED, TypeError, r"got a module, .* give its class, Convolution, with arguments as functools.partial\(Conv"),
    (dict, TypeError, "got the class dict, which is no torch.nn.Module"),
    (lambda in_channels: [in_channels], TypeError, "<lambda>, which made a list"),
    (torch.nn.Bilinear, TypeError, r"called as Bilinear\(29\), got TypeError: .*functools.partial\(Bilinear, ...\)"),
    (Plain, ValueError, "network Plain: expected a module with parameters to train, got one without"),
    (Skipping, ValueError, "expected forward to use all lazy layers"),
    (Narrow, ValueError, r"network Narrow: expected forward\(batch\) to read graphs of transnas101-micro, with x of "),
    (lambda in_channels: SHARED, ValueError, "expected new parameters from every call, got some twice"),
    (forward(lambda w, b: w * b.x), ValueError, r"got float32 of shape \(\d+, 29\) \(one vector a node: pool them"),
    (forward(lambda w, b: w * global_add_pool(b.x, b.batch)[:, 0]), ValueError, r"of shape \(3, h\).* shape \(3,\)"),
    (forward(lambda w, b: w * global_add_pool(b.x, None)), ValueError, r"got float32 of shape \(1, 29\)"),
    (forward(lambda w, b: global_add_pool(b.x, b.batch).long()), ValueError, "got int64 of shape"),
    (forward(lambda w, b: (w, b)), ValueError, "got a tuple"),
    (forward(lambda w, b: w * b.x.new_zeros(b.num_graphs, 0)), ValueError, r"shape \(3, 0\)"),
    (forward(lambda w, b: torch.log(-w) * b.x.new_ones(b.num_graphs, 1)), ValueError, "expected finite vectors"),
    (forward(lambda w, b: w * b.x.mean() + b.x.new_ones(b.num_graphs, 1)), ValueError, "own graph alone, got another"),
    (forward(lambda w, b: w * torch.rand(b.num_graphs, 2)), ValueError, "draw nothing at random in eval mode"),
    (forward(lambda w, b: w * b.x.new_ones(b.num_graphs, b.num_graphs)), ValueError, "vectors of the same length h"),
])  # fmt: skip
def test_bad_networks_are_named(network, error, said):
    archs = get_space(MICRO).sample(10, rng=0)
    with pytest.raises(error, match=said):
        GraphSurrogate(network=network, **SMALL).fit(archs, range(10))


def test_a_network_of_one_space_says_which_it_cannot_read():
    reads_cells = forward(lambda w, b: w * b.x.new_ones(b.num_graphs, 2) if b.num_nodes < 20 else b.no_skeletons)
    macro = get_space("transnas101-macro").sample(10, rng=0)
    with pytest.raises(ValueError, match=r"read graphs of transnas101-macro, .*AttributeError.*no_skeletons"):
        GraphSurrogate(network=reads_cells, **SMALL).fit(macro, range(10))


def test_a_network_that_breaks_in_training_is_named():
    archs = get_space(MICRO).sample(20, rng=0)
    diverging = forward(lambda w, b: torch.log(2.5 - (w - 1.0001).abs() * 1e4) * global_add_pool(b.x, b.batch))
    with pytest.raises(ValueError, match="expected finite vectors, got NaN or infinity; a lower learning_rate"):
        GraphSurrogate(network=diverging, **SMALL).fit(archs, range(20))


MINE = """
import numpy as np
import torch
from surrogates import GraphSurrogate

class Network(torch.nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.layer = torch.nn.Linear(in_channels, 4)

    def forward(self, batch):
        return torch.relu(self.layer(batch.x))[batch.ptr[:-1]]

class Flat(Network):
    def forward(self, batch):
        return self.layer(batch.x)

class Mean:
    def fit(self, archs, y):
        self.mean = np.mean(y)

    def predict(self, archs):
        return np.full(len(archs), self.mean)

small = {"n_members": 2, "trunk": 8, "n_steps": 20, "n_jobs": 1}
surrogate = GraphSurrogate(network=Network, **small)
flat = GraphSurrogate(network=Flat, **small)
"""


def test_it_stands_on_the_leaderboard_beside_estimators(tmp_path, monkeypatch):
    (tmp_path / "my_network_of_a_test.py").write_text(MINE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    archs = get_space(MICRO).sample(60, rng=0)
    pd.DataFrame({"arch": archs, "jigsaw": [30.0 + arch.count("3") for arch in archs]}).to_csv("t.csv", index=False)
    names = [f"my_network_of_a_test:{name}" for name in ("surrogate", "Mean")]
    options = ["--train-sizes", "30", "--seeds", "0", "--protocols", "all", "--json"]
    result = run("leaderboard", "t.csv", "--models", ",".join([*names, "knn"]), *options)
    assert result.exit_code == 0, result.stderr
    rows = {row["model"]: row for row in json.loads(result.stdout)["standings"]}
    assert set(rows) == {*names, "knn"}
    assert all(row["seconds"] > 0 for row in rows.values())
    assert rows[names[0]]["tau"] > 0.4
    for name, said in (
        ("Network", "got the network Network: GraphSurrogate(network=Network) trains it"),
        ("flat", "network Flat: expected forward(batch) to return floats of shape (3, h)"),
    ):
        result = run("leaderboard", "t.csv", "--models", f"my_network_of_a_test:{name}", *options)
        assert result.exit_code == 2
        assert said in result.stderr


def test_the_name_on_the_leaderboard_is_storable():
    assert make_model("pyg", 3).get_params()["network"] is DirectedGNN
    assert "pyg" in STORABLE_MODELS


def test_what_is_missing_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_geometric.data", None)
    with pytest.raises(MissingExtraError, match=r"torch.geometric.*\[gnn\]"):
        GraphSurrogate(network=Convolution, **SMALL).fit(["64-2311-basic", "64-1234-basic"], [1.0, 2.0])


def test_names_show_arguments():
    assert network_name(partial(Convolution, hidden=4)) == "Convolution(hidden=4)"
    assert network_name(Path) == "Path"
