"""Networks of every space and task: parameters, shapes, values and gradients against independent truth."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from benchmarks import get_space
from benchmarks.errors import ArchitectureError, UnknownNameError
from benchmarks.graph import GraphBuilder
from benchmarks.tasks import NASBENCH201_TASKS, TRANSNAS_TASKS
from benchmarks.training.networks.graph_network import GraphNetwork
from benchmarks.training.networks.task_network import build_backbone, build_network
from encoders import Costs
from tests.benchmarks.training.networks.plain_networks import copy_weights, plain_backbone, plain_segmentation_decoder

MICRO, DEAD = "64-41414-0_31_023", "64-41414-0_00_000"
CIFAR = "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
CIFAR_LARGEST = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"
OUTPUTS = {"class_scene": 47, "class_object": 75, "room_layout": 9, "jigsaw": 1000}
CHANNELS = {"segmentsemantic": 17, "normal": 3, "autoencoder": 3}


def count(network):
    return sum(weights.numel() for weights in network.parameters())


def meta(*args, **options):
    with torch.device("meta"):
        return build_network(*args, **options)


def images(task, size, batch=2):
    shape = (batch, 9, 3, size, size) if task == "jigsaw" else (batch, 3, size, size)
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("task", "num_classes", "params"),
    [
        ("room_layout", None, 14678569),
        ("jigsaw", None, 19282952),
        ("segmentsemantic", None, 25698129),
        ("autoencoder", None, 37545811),
        ("normal", None, 37545811),
        ("class_object", 100, 14673952 + 512 * 100 + 100),
        ("class_scene", 63, 14673952 + 512 * 63 + 63),
    ],
)
def test_published_parameter_counts(task, num_classes, params):
    network = meta(MICRO, task, num_classes)
    assert count(network) == params
    assert count(network.backbone) == 14673952


def test_published_nasbench201_parameter_counts():
    """With classifier, on its three data sets (NAS-Bench-201's api: 1.531546, 1.537396 and 1.538696 M)."""
    assert [count(meta(CIFAR_LARGEST, task)) for task in NASBENCH201_TASKS] == [1531546, 1537396, 1538696]


@pytest.mark.data
def test_every_published_parameter_count(nas_data):
    """The file counts 100 object and 63 scene classes."""
    table = pd.read_csv(nas_data / "transnas101/micro_zero_cost.csv")
    table = table[table["params"].notna()]
    backbones, decoders = {}, {}
    with torch.device("meta"):
        for arch in table["arch"].unique():
            backbones[arch] = count(build_backbone(arch))
        for task in TRANSNAS_TASKS:
            decoders[task] = count(
                build_network(DEAD, task, {"class_object": 100, "class_scene": 63}.get(task)).decoder
            )  # all these skeletons are alike, so the decoders are
    ours = [backbones[arch] + decoders[task] for arch, task in zip(table["arch"], table["task"], strict=True)]
    assert len(ours) == 711 * 7
    np.testing.assert_array_equal(ours, np.round(table["params"] * 1e6).astype(int))


@pytest.mark.parametrize("arch", ["64-2311-basic", "64-414242-basic", "8-13-basic"])
def test_macro_parameters_by_hand(arch):
    base, code, _ = arch.split("-")
    channels = int(base)
    expected = 9 * 3 * channels // 2 + channels + 9 * channels // 2 * channels + 2 * channels  # the stem
    for digit in code:
        wider = channels * (2 if digit in "24" else 1)
        expected += 9 * channels * wider + 3 * 9 * wider * wider + 4 * 2 * wider
        if digit != "1":
            expected += channels * wider + 2 * wider
        channels = wider
    network = meta(arch, "class_scene", input_size=64)
    assert count(network.backbone) == expected
    assert count(network) == expected + channels * 47 + 47


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("arch", ["64-41414-3_21_130", "64-41414-1_23_012", "64-2314-basic"])
def test_measured_multiply_adds_are_those_of_the_costs(arch, size):
    backbone = build_backbone(arch, size, base_channels=8).eval()
    counted = []

    def hook(layer, inputs, output):
        counted.append(layer.weight.numel() * output.shape[-1] * output.shape[-2])

    for layer in backbone.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(hook)
    backbone(torch.zeros(1, 3, size, size))
    narrow = arch.replace("64-", "8-", 1)
    live = get_space("transnas101-micro").canonical(narrow) if "_" in arch else narrow  # dead operations cost no time
    assert sum(counted) == Costs(input_size=size).exact([live])[0, 1]


@pytest.mark.parametrize("size", [32, 64, 256])
@pytest.mark.parametrize("arch", ["8-41414-1_31_231", "8-41414-0_23_130", "8-2413-basic"])
def test_same_values_as_the_network_written_down_plainly(arch, size):
    ours, theirs = build_backbone(arch, size), plain_backbone(arch)
    copy_weights(theirs, ours)
    x = images("normal", size, 1 if size == 256 else 3)
    # The second pass, in evaluation, reads the statistics the first one left.
    for mode in (True, False):
        torch.testing.assert_close(ours.train(mode)(x), theirs.train(mode)(x), rtol=1e-4, atol=1e-4)
    if size == 64:
        ours(x).square().mean().backward()
        theirs(x).square().mean().backward()
        for our, their in zip(ours.parameters(), theirs.parameters(), strict=True):
            mine = torch.zeros_like(our) if our.grad is None else our.grad
            torch.testing.assert_close(mine, their.grad, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("width", [1024, 256])
def test_same_decoder_as_written_down_plainly(width):
    ours = build_network("8-41414-0_00_100", "segmentsemantic", input_size=64, decoder_width=width).decoder
    theirs = plain_segmentation_decoder(64, width)
    copy_weights(theirs, ours)
    features = torch.rand(2, 64, 2, 2)
    torch.testing.assert_close(ours(features), theirs(features), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("arch", [MICRO, DEAD, "64-4111-basic", CIFAR])
@pytest.mark.parametrize("task", TRANSNAS_TASKS)
def test_every_task_forward_and_backward(arch, task):
    network = build_network(arch, task, input_size=32, base_channels=4, decoder_width=64)
    answer = network(images(task, 32))
    assert answer.shape == ((2, OUTPUTS[task]) if task in OUTPUTS else (2, CHANNELS[task], 32, 32))
    if task in ("normal", "autoencoder"):
        assert answer.abs().max() <= 1
    optimiser = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    answer.square().mean().backward()
    optimiser.step()
    assert all(weights.isfinite().all() for weights in network.parameters())
    assert any(weights.grad is not None and weights.grad.any() for weights in network.decoder.parameters())
    if arch != DEAD:
        first = next(network.backbone.parameters()).grad
        assert first is not None
        assert first.any()


def test_num_classes_and_cifar_tasks():
    assert build_network(CIFAR, "cifar100")(images("cifar100", 32)).shape == (2, 100)
    assert build_network("8-2311-basic", "jigsaw", 24, 32)(images("jigsaw", 16)).shape == (2, 24)
    assert build_network(CIFAR, "class_scene", base_channels=6).backbone.conv3x3_1.weight.shape == (6, 3, 3, 3)
    assert [build_network(arch, "room_layout").input_size for arch in (DEAD, CIFAR)] == [256, 32]


def test_dead_network_gives_zeros_of_the_right_size():
    backbone = build_backbone(DEAD, 64, base_channels=8)
    assert len(backbone.plan) == 1
    torch.testing.assert_close(backbone(images("normal", 96)), torch.zeros(2, 64, 3, 3))
    assert count(backbone) == Costs(input_size=64).exact([DEAD.replace("64-", "8-", 1)])[0, 0] > 0


def test_dead_operations_are_kept_but_not_computed():
    backbone = build_backbone("8-1-3_00_100", 32)  # what node 1 computes goes nowhere
    assert {name for name, _ in backbone.named_children()} > {step.name for step in backbone.plan}
    backbone(images("normal", 32)).sum().backward()
    dead = [weights for weights in backbone.parameters() if weights.grad is None]
    assert count(backbone) - sum(weights.numel() for weights in dead) == count(build_backbone("8-1-0_00_100", 32))


def test_weights_are_published_initial_weights():
    global_state = torch.get_rng_state()
    network = build_network("64-2311-basic", "segmentsemantic", base_channels=32)
    assert torch.equal(global_state, torch.get_rng_state())
    conv = network.backbone.conv3x3_4.weight  # 16 -> 32
    assert conv.std().item() == pytest.approx((2 / (32 * 9)) ** 0.5, rel=0.05)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert (layer.weight == 1).all()
            assert (layer.bias == 0).all()
        elif isinstance(layer, nn.ConvTranspose2d) and layer.weight.numel() > 10000:
            torch.manual_seed(0)
            reference = nn.ConvTranspose2d(layer.in_channels, layer.out_channels, 3)
            assert layer.weight.abs().max().item() == pytest.approx(reference.weight.abs().max().item(), rel=0.01)
            assert layer.bias.abs().max() <= reference.weight.abs().max()


def test_seed_decides_the_weights():
    def weights(seed, task="class_scene"):
        return build_network("8-2311-basic", task, input_size=32, seed=seed).state_dict()

    first, again, other = weights(3), weights(3), weights(4)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["backbone.conv3x3_1.weight"], other["backbone.conv3x3_1.weight"])
    backbone = build_backbone("8-2311-basic", 32, seed=3).state_dict()
    assert all(torch.equal(backbone[name], first[f"backbone.{name}"]) for name in backbone)
    program = (
        "from benchmarks.training import build_backbone; "
        "print(build_backbone('8-2311-basic', 32, seed=3).conv3x3_1.weight.sum().item().hex())"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == backbone["conv3x3_1.weight"].sum().item().hex()


def test_copies_pickles_state_and_layouts_give_the_same_answer():
    network = build_network("8-4-1_23_130", "normal", input_size=32, decoder_width=64).eval()
    x = images("normal", 32)
    answer = network(x)
    other = build_network("8-4-1_23_130", "normal", input_size=32, decoder_width=64, seed=1).eval()
    assert not torch.equal(other(x), answer)
    other.load_state_dict(network.state_dict())
    for twin in (copy.deepcopy(network), pickle.loads(pickle.dumps(network)), other):
        assert torch.equal(twin(x), answer)
    laid = network.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(laid, answer)


@pytest.mark.parametrize("task", ["jigsaw", "segmentsemantic"])
def test_compiles_into_one_graph(task):
    network = build_network("8-4-0_23_130", task, input_size=32, decoder_width=64)
    compiled = torch.compile(network, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(images(task, 32)), network(images(task, 32)))


def test_jigsaw_shares_one_backbone():
    network = build_network("8-2311-basic", "jigsaw", 5, 32).eval()
    tiles = images("jigsaw", 32)
    features = torch.cat([network.backbone(tiles[:, tile]).mean(dim=(2, 3)) for tile in range(9)], dim=1)
    torch.testing.assert_close(network(tiles), network.decoder.linear_2(features))


@pytest.mark.parametrize("joint", [False, True])
def test_tiles_of_a_training_share_batch_statistics_only_if_said(joint):
    """As published: each position a batch of its own, nine updates of the running statistics a step."""
    network = build_network("8-2311-basic", "jigsaw", 5, 32, joint_tiles=joint)
    backbone, tiles = copy.deepcopy(network.backbone), images("jigsaw", 32)
    if joint:
        features = torch.stack(backbone(tiles.flatten(0, 1)).split(9)).mean(dim=(3, 4)).flatten(1)
    else:
        features = torch.cat([backbone(tiles[:, tile]).mean(dim=(2, 3)) for tile in range(9)], dim=1)
    torch.testing.assert_close(network(tiles), network.decoder.linear_2(features))
    for ours, theirs in zip(network.backbone.buffers(), backbone.buffers(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_bad_input():
    with pytest.raises(UnknownNameError, match="unknown task 'jigsau'; did you mean 'jigsaw'"):
        build_network(MICRO, "jigsau")
    with pytest.raises(ArchitectureError, match="digits 0"):
        build_network("64-41414-9_00_000", "jigsaw")
    with pytest.raises(ArchitectureError, match="even number of base channels"):
        build_network(MICRO, "jigsaw", base_channels=7)
    with pytest.raises(ValueError, match="times smaller than the 48 pixel image, got 2 pixels"):
        build_network(MICRO, "normal", input_size=48)
    for name in ("num_classes", "base_channels", "decoder_width"):
        with pytest.raises(ValueError, match=f"expected a positive integer as {name}, got 0"):
            build_network(CIFAR, "normal", **{name: 0})
    network = build_network("8-2311-basic", "normal", input_size=32, decoder_width=64)
    with pytest.raises(ValueError, match=r"normal: expected images of shape \(B, 3, 32, 32\), got \(2, 3, 64, 64\)"):
        network(torch.zeros(2, 3, 64, 64))
    puzzle = build_network("8-2311-basic", "jigsaw", input_size=32)
    with pytest.raises(ValueError, match=r"jigsaw: expected tiles of shape \(B, 9, 3, t, t\), got \(2, 3, 32, 32\)"):
        puzzle(torch.zeros(2, 3, 32, 32))


def test_graphs_of_cells_are_no_networks():
    graph = get_space("transnas101-macro").cell_graph("64-2311-basic")
    with pytest.raises(ValueError, match="expected a network graph, got node 1 of kind 'block'"):
        GraphNetwork(graph)


def test_in_place_only_where_nobody_else_reads():
    builder = GraphBuilder(4, 8)
    norm = builder.add("batch_norm", [builder.input])
    builder.add("sum", [norm, builder.add("leaky_relu", [norm])])
    network = GraphNetwork(builder.build())
    x = images("normal", 8).repeat(1, 2, 1, 1)[:, :4]
    normed = network.batch_norm_1(x)
    torch.testing.assert_close(network(x), normed + torch.where(normed > 0, normed, 0.2 * normed))
