import pytest
import torch

from benchmarks import get_space
from benchmarks.errors import ArchitectureError, SpaceError
from benchmarks.spaces.cell import EDGES, CellSpec
from benchmarks.training.networks.task_network import build_network
from benchmarks.training.supernet import Supernet
from benchmarks.training.supernet.mixture import MixtureNetwork, engine_cells, sparsify
from tests.benchmarks.training.small_trainings import small_recipe

MICRO, CIFAR = "transnas101-micro", "nasbench201"
NB201 = "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
MICRO_ARCHS = ["64-41414-3_23_123", "64-41414-3_01_203", "64-41414-0_20_003", "64-41414-3_00_012"]
"""The last one has an edge 1 -> 3 that is live and an edge 2 -> 3 that no data reaches."""


def supernet(space=MICRO, task="room_layout", **changes):
    recipe = small_recipe(task, **{"input_size": 16, "base_channels": 2, **changes})
    return Supernet(space, recipe, seed=3)


def pictures(n=4, size=16):
    return torch.randn(n, 3, size, size, generator=torch.Generator().manual_seed(0))


def one_hot(space, arch):
    found = get_space(space)
    code = torch.tensor(found.parse(arch).code)
    return torch.nn.functional.one_hot(code, len(found.operations)).float()


def pruned(space, arch):
    """The architecture without the edges that no data passes."""
    from benchmarks.spaces.cell import live_edges

    found = get_space(space)
    code = found.cell_codes([arch])
    return found.format(CellSpec(found.skeleton, tuple((code * live_edges(code))[0].tolist())))


def alone(net, arch):
    """The stand-alone network of a pruned architecture, with weights copied by cell, edge and operation.

    Also its parameters, each with the one that it was copied from.
    """
    space, recipe = net.space, net.recipe
    network = build_network(arch, recipe.task, recipe.num_classes, recipe.network_size, base_channels=2)
    used, pairs = {}, []
    own = list(network.backbone.named_children())
    graph = network.backbone.graph
    names = {name.rpartition("_")[2]: module for name, module in own}
    with torch.no_grad():
        for node, key in enumerate(net.layout.keys(arch)):
            module = names.get(str(node))
            if module is None or not list(module.parameters()) or graph.names[node] == "input":
                continue
            place = used.get(key, 0)
            used[key] = place + 1
            for mine, its in zip(module.parameters(), net.parts[str(key)][place].parameters(), strict=True):
                mine.copy_(its)
                pairs.append((mine, its))
        network.decoder.load_state_dict(next(iter(net.decoders.values())).state_dict(), strict=False)
    decoders = network.decoder.parameters(), next(iter(net.decoders.values())).parameters()
    pairs += zip(*decoders, strict=True)
    assert {id(mine) for mine, _ in pairs} == {id(mine) for mine in network.parameters()}
    assert space.name in (MICRO, CIFAR)
    return network, pairs


@pytest.mark.parametrize(("space", "arch"), [*((MICRO, arch) for arch in MICRO_ARCHS), (CIFAR, NB201)])
@pytest.mark.parametrize("engine", ["some", "all", "none"])
def test_one_hot_weights_are_the_derived_network_bit_for_bit(space, arch, engine):
    net = supernet(space)
    cells = len(get_space(space).cell_shapes(get_space(space).skeleton, 16))
    chosen = {"some": engine_cells(get_space(space)), "all": range(cells), "none": []}[engine]
    mixed = MixtureNetwork(net, chosen)
    own, pairs = alone(net, pruned(space, arch))
    for training in (False, True):  # training changes the running statistics
        net.train(training)
        own.train(training)
        outputs = mixed(pictures(), arch, one_hot(space, arch))
        assert torch.equal(outputs, own(pictures()))
        assert torch.equal(outputs, mixed(pictures(), arch))
    targets = torch.ones_like(outputs)
    net.train()
    own.train()
    for network, found in ((net, mixed(pictures(), arch, one_hot(space, arch))), (own, own(pictures()))):
        network.zero_grad()
        (found - targets).square().mean().backward()
    assert sum(weights.grad is not None for weights in net.parameters()) == len(pairs)
    for its, mine in pairs:
        torch.testing.assert_close(mine.grad, its.grad, rtol=1e-3, atol=1e-4)


def test_where_the_written_form_is_the_simplest_it_is_the_supernets_path():
    net, arch = supernet(), "64-41414-3_23_323"
    assert net.layout.path(arch) == arch
    assert torch.equal(MixtureNetwork(net, [1])(pictures(), arch), net(pictures(), arch))


def test_jigsaw_tiles_pass_as_in_the_task_network():
    net, arch = supernet(task="jigsaw", input_size=64), "64-41414-3_23_323"
    tiles = torch.randn(2, 9, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    mixed = MixtureNetwork(net, [1])
    for training in (True, False):
        net.train(training)
        assert torch.equal(mixed(tiles, arch), net(tiles, arch))


def plain_cell(net, cell, tensor, weights):
    """A cell as nested loops over edges and operations."""
    mixed = MixtureNetwork(net, [])
    nodes = [tensor]
    for target in (1, 2, 3):
        total = 0
        for edge, (source, to) in enumerate(EDGES):
            for index in range(1, weights.shape[1]) if to == target else ():
                if weights[edge, index] > 0:
                    total = total + weights[edge, index] * mixed.operation(cell, edge, index)(nodes[source])
        nodes.append(total)
    return nodes[-1]


def test_sparse_weights_are_a_plain_cell_whose_edges_are_scaled():
    net = supernet().double()
    rng = torch.Generator().manual_seed(1)
    p = torch.softmax(torch.randn(6, 3, generator=rng, dtype=torch.float64), 1)
    q = torch.cat([sparsify(p[list(edges)], torch.tensor(0.5)) for edges in ((0,), (1, 2), (3, 4, 5))])
    q = torch.cat([torch.zeros(6, 1), q], 1)
    assert 0 < (q == 0).sum() - 6 < 12  # some are dropped, some stay
    mixed = MixtureNetwork(net, [1])
    arch = "64-41414-3_33_333"
    outputs = mixed(pictures().double(), arch, q)
    conv, norm, *rest = net.parts["frame"]
    features = norm(conv(pictures().double()))
    for part in (torch.nn.ReLU(), *rest):
        features = part(features)
    for cell in range(10):
        scale = q if cell == 1 else one_hot(MICRO, arch)
        features = plain_cell(net, cell, features, scale)
    assert torch.allclose(outputs, net.network(arch).decoder(features))


def test_operations_of_weight_zero_are_not_called():
    net = supernet()
    called = set()
    for name, part in net.parts.items():
        part[0].register_forward_hook(lambda *_, name=name: called.add(name))
    weights = torch.zeros(6, 4)
    weights[0, 2], weights[0, 3], weights[4, 3], weights[5, 3] = 0.4, 0.6, 1.0, 1.0  # nothing reaches 2 -> 3
    MixtureNetwork(net, [1, 5])(pictures(), "64-41414-0_00_200", weights)
    in_engine = {f"{cell}_{rest}" for cell in (1, 5) for rest in ("0_conv1x1", "0_conv3x3", "4_conv3x3")}
    transit = {f"{cell}_3_conv1x1" for cell in range(10) if cell not in (1, 5)}
    assert called == in_engine | transit | {"frame"}


def test_gradients_of_transit_weights_and_of_the_mixture():
    net, arch = supernet(), "64-41414-0_00_200"
    weights = torch.full((6, 4), 0.25, requires_grad=True)
    MixtureNetwork(net, [1])(pictures(), arch, weights).square().mean().backward()
    for name, part in net.parts.items():
        own = name == "frame" or name.endswith("_3_conv1x1") or (name.startswith("1_"))
        assert all((weight.grad is not None) == own for weight in part.parameters()), name
    assert (weights.grad[:, 1:] != 0).any()
    assert (weights.grad[:, 0] == 0).all()
    # from the Engine cell only: without one, the weights do nothing
    free = torch.full((6, 4), 0.25, requires_grad=True)
    loss = MixtureNetwork(net, [])(pictures(), arch, free).square().mean()
    assert torch.autograd.grad(loss, [free], allow_unused=True) == (None,)


def saved_elements(mixed, arch, weights):
    count = 0

    def keep(tensor):
        nonlocal count
        count += tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        mixed(pictures(), arch, weights).square().mean()
    return count


def test_one_engine_cell_keeps_less_for_the_gradient_than_all():
    net, arch = supernet(), "64-41414-3_33_333"
    weights = torch.full((6, 4), 0.25, requires_grad=True)
    none, one, every = (saved_elements(MixtureNetwork(net, cells), arch, weights) for cells in ([], [1], range(10)))
    assert none < one < every
    assert one - none < 0.3 * (every - none)


def test_shared_features_are_computed_once_a_node():
    net, arch = supernet(), "64-41414-3_33_333"
    called = []
    for name, part in net.parts.items():
        part[0].register_forward_hook(lambda *_, name=name: called.append(name))
    shared = MixtureNetwork(net, [1], share_features=True)
    outputs = shared(pictures(), arch, one_hot(MICRO, arch))
    assert sorted(called) == sorted(["frame", *(f"{cell}_{edge}_conv3x3" for cell in range(10) for edge in (0, 2, 5))])
    with torch.no_grad():  # the same weights on all edges from a node give the same network without sharing
        for cell in range(10):
            for edge, first in ((1, 0), (3, 0), (4, 2)):
                its = net.parts[f"{cell}_{first}_conv3x3"].state_dict()
                net.parts[f"{cell}_{edge}_conv3x3"].load_state_dict(its)
    assert torch.equal(outputs, MixtureNetwork(net, [1])(pictures(), arch))


@pytest.mark.parametrize("seed", range(5))
def test_the_gradient_of_sparsify_is_that_of_central_differences(seed):
    rng = torch.Generator().manual_seed(seed)
    p = torch.softmax(torch.randn(3, 4, generator=rng, dtype=torch.float64), 1)
    t = torch.tensor(0.4, dtype=torch.float64)
    assert (p / p.max() - t).abs().min() > 1e-3  # away from kinks
    assert torch.autograd.gradcheck(sparsify, (p.requires_grad_(), t.requires_grad_()))


def test_sparsify_between_its_ends():
    p = torch.tensor([[0.5, 0.3], [0.9, 0.1]], dtype=torch.float64)
    almost = torch.finfo(torch.float64).eps
    torch.testing.assert_close(sparsify(p, torch.tensor(almost, dtype=torch.float64)), p / p.sum())
    for last in (1 - almost, 1.0):
        assert sparsify(p, torch.tensor(last, dtype=torch.float64)).tolist() == [[0, 0], [1, 0]]
    q = sparsify(p, torch.tensor(0.5, dtype=torch.float64))
    expected = [[5 / 9 - 0.5, 0], [0.5, 0]]
    torch.testing.assert_close(q, torch.tensor(expected, dtype=torch.float64) / (1 + 5 / 9 - 1))


def test_bad_input_is_refused():
    net = supernet()
    with pytest.raises(ValueError, match="expected numbers of cells from 0 to 9, got 10"):
        MixtureNetwork(net, [10])
    mixed = MixtureNetwork(net, [1])
    with pytest.raises(ValueError, match=r"expected weights of shape \(6, 4\), got \(6, 3\)"):
        mixed(pictures(), "64-41414-3_33_333", torch.ones(6, 3))
    with pytest.raises(ValueError, match="expected weights that leave a path"):
        mixed(pictures(), "64-41414-3_33_333", torch.zeros(6, 4))
    with pytest.raises(ArchitectureError, match="a path from its input to its output"):
        mixed(pictures(), "64-41414-3_00_000")
    with pytest.raises(ArchitectureError, match="nearest: '64-41414-3_33_333'"):
        mixed(pictures(), "32-41414-3_33_333")
    with pytest.raises(SpaceError, match="expected a space of cells"):
        MixtureNetwork(supernet("transnas101-macro"), [1])
