"""Tests of the widths of architectures under recipes with fewer channels than the published ones."""

from __future__ import annotations

import pytest
import torch

from benchmarks.errors import ArchitectureError
from benchmarks.training.campaign.plan import Plan
from benchmarks.training.networks.task_network import build_backbone
from benchmarks.training.presets import get_recipe
from benchmarks.training.widths import scaled_base_channels, written_width


def trainable(width, base_channels):
    """As a person would: 64 becomes `base_channels`; the stem needs half of the channels."""
    channels = width / 64 * base_channels
    return channels == int(channels) and int(channels) % 2 == 0 and 2 <= channels <= 4096


@pytest.mark.parametrize("base_channels", [1, 4, 7, 8, 16, 24, 64, 100, 300, 4096])
def test_every_width_is_scaled_or_refused_with_its_nearest(base_channels):
    valid = [width for width in range(2, 4097, 2) if trainable(width, base_channels)]
    for width in [*range(2, 300, 2), 1000, 1024, 4000, 4096]:
        arch = f"{width}-2311-basic"
        if width in valid:
            assert scaled_base_channels(arch, base_channels) == width / 64 * base_channels
            continue
        with pytest.raises(ArchitectureError, match=f"to {base_channels} gives an even.*got {width}; near") as error:
            scaled_base_channels(arch, base_channels)
        nearest = [w for w in valid if w < width][-1:] + [w for w in valid if w > width][:1]
        assert str(error.value).endswith(f"; nearest: {' and '.join(map(str, nearest))}")


def test_without_any_valid_width_the_error_says_so():
    with pytest.raises(ArchitectureError, match="nearest: none, with other base_channels than 4097"):
        scaled_base_channels("64-2311-basic", 4097)


@pytest.mark.parametrize("arch", ["x-2311-basic", "-2311-basic", "9999999999-2311-basic", "², -2311-basic"])
def test_a_string_without_a_width(arch):
    assert written_width(arch) is None
    with pytest.raises(ArchitectureError, match="expected a width before the first dash"):
        scaled_base_channels(arch, 8)
    with pytest.raises(ArchitectureError, match=r"expected an even number of base channels|not an architecture"):
        build_backbone(arch, 32, base_channels=8)


def chain_params(base, cells):
    """Parameters of the cell 0_00_300, one 3x3 convolution from input to output, in the skeleton 41414, by hand.

    Stem: 3 -> base / 2 -> base. Two cells a module; its first doubles the channels if its digit is 4. A batch norm has
    two numbers a channel.
    """
    total = 9 * 3 * base // 2 + base + 9 * (base // 2) * base + 2 * base
    channels = base
    for digit in cells:
        wider = 2 * channels if digit == "4" else channels
        total += 9 * channels * wider + 2 * wider + 9 * wider * wider + 2 * wider
        channels = wider
    return total


@pytest.mark.parametrize("width", [16, 32, 48, 64, 128, 256])
@pytest.mark.parametrize("preset", ["mini", "quick"])
def test_a_width_gets_its_share_of_a_presets_channels(width, preset):
    base_channels = get_recipe("class_scene", preset).base_channels
    backbone = build_backbone(f"{width}-41414-0_00_300", 64, base_channels=base_channels)
    ours = sum(weights.numel() for weights in backbone.parameters())
    assert ours == chain_params(width * base_channels // 64, "41414")


def test_the_published_width_is_built_as_before():
    """What tables and records of width 64 hold was trained on networks of these very weights."""
    for rest in ("41414-3_12_103", "2311-basic"):
        ours, direct = (
            build_backbone(f"64-{rest}", 32, base_channels=8, seed=3),
            build_backbone(f"8-{rest}", 32, seed=3),
        )
        for name, weights in direct.state_dict().items():
            assert torch.equal(ours.state_dict()[name], weights)


def test_a_plan_is_refused_before_it_trains_if_a_width_cannot_be_scaled():
    cell = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    plan = Plan(("32-2311-basic", "16-41414-3_33_333", "64-2311-basic", cell), ("jigsaw", "class_scene"), preset="mini")
    assert len(plan.trials()) == 8
    with pytest.raises(ArchitectureError, match=r"'8-2311-basic': .* multiple of 16.* got 8; nearest: 16$"):
        Plan(("64-2311-basic", "8-2311-basic"), ("jigsaw",), preset="mini")
    with pytest.raises(ArchitectureError, match=r"'24-2311-basic': .* nearest: 16 and 32"):
        Plan(("24-2311-basic",), ("normal", "jigsaw"), preset="mini")
    assert Plan(("24-2311-basic",), ("normal",), preset="mini"), "normal has 16 channels for 64, so 6 for 24"
    counts = {"n_train": 128, "n_valid": 128, "n_test": 128}
    assert Plan(("24-2311-basic", "2-2311-basic"), ("jigsaw",), preset="paper", recipe=counts), "as written"


def test_settings_do_not_depend_on_widths():
    """Records and tables of one plan hold all widths."""
    settings = [Plan((f"{width}-2311-basic",), ("jigsaw",), preset="mini").settings("jigsaw") for width in (32, 64)]
    assert settings[0] == settings[1]
