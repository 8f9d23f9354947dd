import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from benchmarks.errors import SpaceError, UnknownNameError
from benchmarks.training.fitting import fit_module
from benchmarks.training.networks.task_network import build_network
from benchmarks.training.supernet import PathScorer, Supernet, recalibrate
from benchmarks.training.supernet.module import SupernetModule
from benchmarks.training.supernet.slices import WideWeights
from benchmarks.training.task_module import channels_last
from tests.benchmarks.training.supernet.test_module import Listed, recipe, sources
from tests.benchmarks.training.supernet.test_supernet import inputs, small

SPACE = "transnas101-macro"
NARROW, WIDE = "64-1123-basic", "64-222113-basic"
SHALLOW, DEEP = "64-2311-basic", "64-231114-basic"
CASES = [  # task, architecture, training or not, weights channels last or not
    ("class_scene", SHALLOW, True, False),
    ("class_object", DEEP, True, True),
    ("room_layout", NARROW, False, True),
    ("jigsaw", "64-1234-basic", True, False),
    ("jigsaw", "64-222113-basic", False, False),
    ("normal", "64-1231-basic", True, True),
]


def sliced(task: str = "room_layout", **changes) -> Supernet:
    return Supernet(SPACE, small(task, **changes), 3, "sliced")


def stand_alone(supernet, arch):
    """The network as it is built alone."""
    asked = supernet.recipe
    return build_network(
        arch,
        asked.task,
        asked.num_classes,
        asked.network_size,
        base_channels=asked.base_channels,
        decoder_width=asked.decoder_width,
        joint_tiles=asked.joint_tiles,
        seed=99,
    )


def named_parts(wide, shape):
    """The leading slice of a wide layer, put together entry by entry from its blocks."""
    whole = {}
    for name, block in wide.blocks.items():
        row, column = map(int, name.split("_"))
        first = (0, *wide.outputs)[row], (0, *wide.inputs)[column]
        for o in range(block.shape[0]):
            for i in range(block.shape[1]):
                whole[first[0] + o, first[1] + i] = block[o, i].detach()
    values = torch.empty(shape)
    for o in range(shape[0]):
        for i in range(shape[1]):
            if len(shape) == 2:  # all repeated feature maps
                inner = shape[1] // wide.repeats
                values[o, i] = whole[o, i % inner][i // inner]
            else:
                values[o, i] = whole[o, i]
    return values


@pytest.mark.parametrize(("task", "arch", "mode", "in_channels_last"), CASES)
def test_a_slice_is_the_stand_alone_network_of_its_values_bit_for_bit(task, arch, mode, in_channels_last):
    supernet = sliced(task, **({"input_size": 64} if task == "normal" else {})).train(mode)
    network = stand_alone(supernet, arch).train(mode)
    if in_channels_last:
        channels_last(supernet)
        channels_last(network)
    extracted = supernet.extract(arch)
    assert list(extracted.state_dict()) == list(network.state_dict())
    for own, values in zip(network.state_dict().values(), extracted.state_dict().values(), strict=True):
        assert own.shape == values.shape
        own.copy_(values)
    images = inputs(task) if task != "normal" else torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    ours, theirs = supernet(images, arch), network(images)
    assert torch.equal(ours, theirs)
    weight = torch.randn(ours.shape, generator=torch.Generator().manual_seed(5))
    (ours * weight).sum().backward()
    (theirs * weight).sum().backward()
    view = dict(supernet.network(arch).named_modules())
    compared = 0
    for name, layer in network.named_modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)) and isinstance(
            wide := getattr(view[name], "wide", None), WideWeights
        ):
            assert torch.equal(named_parts(wide, layer.weight.shape), layer.weight)
            gradient = copy.deepcopy(wide)
            for key, block in wide.blocks.items():  # the same entries, of the gradient
                gradient.blocks[key] = nn.Parameter(torch.full_like(block, 7.0) if block.grad is None else block.grad)
            assert torch.equal(named_parts(gradient, layer.weight.shape), layer.weight.grad)
            compared += 1
        if isinstance(layer, nn.BatchNorm2d) and hasattr(view[name], "wide"):
            channels, wide = layer.num_features, view[name].wide
            assert torch.equal(wide.running_mean[:channels], layer.running_mean)
            assert torch.equal(wide.running_var[:channels], layer.running_var)
            bias = torch.cat([part.grad for part in wide.biases if part.grad is not None])
            assert torch.equal(bias, layer.bias.grad)
    assert compared >= 8


def test_a_recalibrated_slice_is_the_recalibrated_stand_alone_network():
    supernet = sliced()
    network = stand_alone(supernet, DEEP)
    extracted = supernet.extract(DEEP)
    network.load_state_dict(copy.deepcopy(extracted.state_dict()))
    batches = [torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(seed)) for seed in range(3)]
    for own in (network, extracted):
        recalibrate(own.eval(), batches)
    assert torch.equal(network(batches[0]), extracted(batches[0]))
    assert not torch.equal(supernet.eval()(batches[0], DEEP), extracted(batches[0]))


def test_gradients_land_in_the_slice_only():
    supernet = sliced()
    supernet(inputs("room_layout"), NARROW).square().sum().backward()
    wide = supernet.parts["0"][0]
    assert (wide.inputs, wide.outputs) == ((2,), (2, 4))
    assert {name: block.grad is not None for name, block in wide.blocks.items()} == {"0_0": True, "1_0": False}
    last = supernet.parts["3"][0]  # 64-1123: the fourth module has 128 of up to 512 channels
    has = {name for name, block in last.blocks.items() if block.grad is not None}
    assert has == {"0_0", "0_1", "1_0", "1_1"}
    assert all(weights.grad is None for place in "45" for weights in supernet.parts[place].parameters())
    decoder = supernet.decoders["wide"][0]
    assert {name: block.grad is not None for name, block in decoder.blocks.items()} == {
        "0_0": True,
        "0_1": False,
        "0_2": False,
    }


def test_depths_and_widths_and_strides_share_their_modules():
    supernet = sliced()
    assert set(supernet.parts) == {"frame", *"012345"}
    assert set(supernet.parts_of(SHALLOW)) == {"frame", *"0123"}
    assert set(supernet.parts_of(DEEP)) == {"frame", *"012345"}
    separate = Supernet(SPACE, small("room_layout"))
    own, its = (sum(weights.numel() for weights in found.parameters()) for found in (supernet, separate))
    assert own < its / 3
    one, other = (supernet.network(arch).backbone for arch in (SHALLOW, "64-1312-basic"))
    assert one.conv3x3_7.wide is other.conv3x3_7.wide
    assert one.conv3x3_7.channels == (2, 4)
    assert other.conv3x3_7.channels == (2, 2)


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_neither_momentum_nor_weight_decay_moves_the_rest_of_a_slice(optimiser):
    asked = recipe(n_train=16, batch_size=4)
    asked = replace(asked, optimiser=replace(asked.optimiser, name=optimiser, weight_decay=0.1))
    seen = []

    class Watched(SupernetModule):
        def step(self, parts, n):
            def values():
                return {name: value.detach().clone() for name, value in self.network.named_parameters()}

            before = values()
            loss = super().step(parts, n)
            after = values()
            seen.append({name for name in before if not torch.equal(before[name], after[name])})
            return loss

    module = Watched(SPACE, asked, sources(), Listed([WIDE], [NARROW], [NARROW], [WIDE]), sharing="sliced")
    fit_module(module, None, False, {"accelerator": "cpu"})
    wide, narrow, again, last = seen
    assert narrow == again
    assert wide == last
    assert {"parts.3.0.blocks.0_0", "parts.3.0.blocks.1_1"} <= narrow
    assert not {name for name in narrow if name.startswith(("parts.4", "parts.5"))}
    assert "parts.0.0.blocks.1_0" in wide - narrow
    assert "parts.2.1.weights.2" in wide - narrow


def test_paths_of_a_sliced_supernet_are_scored_both_ways():
    asked = replace(small("room_layout"), n_train=8, n_valid=8, n_test=None)
    supernet = Supernet(SPACE, asked, 0, "sliced").eval()
    before = copy.deepcopy(supernet.state_dict())
    for statistics in ("batch", "recalibrated"):
        scorer = PathScorer(supernet, sources(), statistics, batch_size=4)
        metrics = scorer.metrics(SHALLOW)
        assert metrics["loss"] == pytest.approx(-metrics["neg_loss"])
    for mine, its in zip(before.values(), supernet.state_dict().values(), strict=True):
        assert torch.equal(mine, its)


def test_only_the_macro_space_can_be_sliced():
    for space in ("transnas101-micro", "nasbench201"):
        with pytest.raises(SpaceError, match=rf"transnas101-macro for the sharing 'sliced', got '{space}'"):
            Supernet(space, small("room_layout"), sharing="sliced")
    with pytest.raises(UnknownNameError, match="unknown sharing 'slice'; did you mean 'sliced'"):
        Supernet(SPACE, small("room_layout"), sharing="slice")
    with pytest.raises(TypeError, match="an object with a `name`, `make` and `used`"):
        Supernet(SPACE, small("room_layout"), sharing=3)
