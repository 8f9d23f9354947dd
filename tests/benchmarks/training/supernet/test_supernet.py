import copy
from functools import cache

import pytest
import torch

from benchmarks.errors import ArchitectureError, SpaceError
from benchmarks.spaces.dag import DagSpace
from benchmarks.training.networks.task_network import build_network
from benchmarks.training.supernet import Supernet, batch_statistics
from tests.benchmarks.training.small_trainings import small_recipe
from tests.own_spaces import random_graphs

NASBENCH = "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
CASES = [
    ("transnas101-micro", "class_scene", "64-41414-3_01_003"),
    ("transnas101-micro", "jigsaw", "64-41414-1_22_313"),
    ("transnas101-micro", "room_layout", "64-41414-1_11_111"),
    ("transnas101-micro", "normal", "64-41414-3_33_333"),
    ("transnas101-macro", "class_object", "64-2311-basic"),
    ("transnas101-macro", "autoencoder", "64-123411-basic"),
    ("nasbench201", "class_scene", NASBENCH),
]


def small(task: str, **changes):
    return small_recipe(task, **{"input_size": 32 if task == "jigsaw" else 16, "base_channels": 2, **changes})


@cache
def untouched(space: str, task: str = "room_layout") -> Supernet:
    """A supernet whose weights no test changes."""
    return Supernet(space, small(task, base_channels=4 if space == "nasbench201" else 2), seed=3)


def inputs(task: str, n: int = 3):
    shape = (9, 3, 8, 8) if task == "jigsaw" else (3, 16, 16)
    return torch.randn(n, *shape, generator=torch.Generator().manual_seed(1))


def stand_alone(supernet, arch):
    """The network of the simplest form as it is built alone, with the supernet's values copied in by order."""
    recipe = supernet.recipe
    (simplest,) = supernet.space.simplify([arch])
    network = build_network(
        simplest,
        recipe.task,
        recipe.num_classes,
        recipe.network_size,
        base_channels=recipe.base_channels,
        decoder_width=recipe.decoder_width,
        joint_tiles=recipe.joint_tiles,
        seed=99,
    )
    parts = supernet.parts_of(arch)  # frame first, then cell by cell and edge by edge
    shared = [values for part in parts.values() for values in part.state_dict().values()]
    return network, shared + list(supernet.network(arch).decoder.state_dict().values())


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize(("space", "task", "arch"), CASES)
def test_a_sub_network_is_the_stand_alone_network_bit_for_bit(space, task, arch, mode):
    supernet = copy.deepcopy(untouched(space, task))
    network, shared = stand_alone(supernet, arch)
    own = list(network.state_dict().values())
    if space != "nasbench201":  # there the last norm belongs to the frame, which comes first
        assert [tuple(values.shape) for values in own] == [tuple(values.shape) for values in shared]
    network.load_state_dict(copy.deepcopy(supernet.extract(arch).state_dict()))
    images = inputs(task)
    supernet.train(mode)
    network.train(mode)
    ours, theirs = supernet(images, arch), network(images)
    assert torch.equal(ours, theirs)
    generator = torch.Generator().manual_seed(5)
    weight = torch.randn(ours.shape, generator=generator)
    (ours * weight).sum().backward()
    (theirs * weight).sum().backward()
    view = supernet.network(arch)
    for (name, mine), (other, its) in zip(view.named_parameters(), network.named_parameters(), strict=True):
        assert name == other
        assert torch.equal(mine.grad, its.grad), name
    for mine, its in zip(view.buffers(), network.buffers(), strict=True):
        assert torch.equal(mine, its)


def test_parts_are_in_the_order_of_the_stand_alone_networks_weights():
    supernet = Supernet("transnas101-micro", small("room_layout"))
    network, shared = stand_alone(supernet, "64-41414-3_12_321")
    with torch.no_grad():
        for own, values in zip(network.state_dict().values(), shared, strict=True):
            own.copy_(values)
    images = inputs("room_layout")
    assert torch.equal(supernet(images, "64-41414-3_12_321"), network(images))


def test_equal_functions_share_a_path_and_different_operations_no_part():
    supernet = untouched("transnas101-micro")
    assert supernet.network("64-41414-3_00_100") is supernet.network("64-41414-0_00_100")
    one, other = (supernet.parts_of(f"64-41414-0_00_{code}00") for code in "23")
    assert set(one) & set(other) == {"frame"}
    assert set(one) - {"frame"} == {f"{cell}_3_conv1x1" for cell in range(10)}


def test_a_skip_is_a_part_only_where_the_shape_changes():
    supernet = untouched("transnas101-micro")
    assert set(supernet.parts_of("64-41414-0_00_100")) == {"frame", "0_3_skip", "4_3_skip", "8_3_skip"}
    assert not {"1_3_skip", "0_2_skip", "2_3_skip"} & set(supernet.parts)  # identities


def test_only_the_weights_of_a_path_get_gradients():
    supernet = Supernet("transnas101-micro", small("room_layout"))
    supernet(inputs("room_layout"), "64-41414-3_00_203").square().sum().backward()
    used = {id(weights) for part in supernet.parts_of("64-41414-3_00_203").values() for weights in part.parameters()}
    used |= {id(weights) for weights in supernet.decoders.parameters()}
    assert {id(weights) for weights in supernet.parameters() if weights.grad is not None} == used


def test_macro_has_one_module_for_each_position_channels_and_stride():
    supernet = untouched("transnas101-macro")
    assert len(supernet.parts) == 1 + 64
    shared = set(supernet.parts_of("64-2311-basic")) & set(supernet.parts_of("64-2313-basic"))
    assert shared == {"frame", "0_64-128-1", "1_128-128-2", "2_128-128-1"}
    assert set(supernet.decoders) == {"4", "8", "16"}


def test_a_dense_macro_decoder_belongs_to_a_width_and_a_side():
    supernet = Supernet("transnas101-macro", small("segmentsemantic", input_size=64))
    assert {"4_8", "8_8", "16_1"} <= set(supernet.decoders)
    assert len(supernet.decoders) == 12
    assert supernet(torch.zeros(2, 3, 64, 64), "64-1231-basic").shape == (2, 17, 64, 64)


def test_every_function_of_a_space_has_a_path():
    for name, n in [("transnas101-micro", 1228), ("transnas101-macro", 3256)]:
        supernet = untouched(name)
        functions = supernet.layout.functions
        assert len(functions) == len(set(functions)) == n
        assert [supernet.layout.path(arch) for arch in functions[::50]] == list(functions[::50])
        keys = {key for arch in functions for key in supernet.layout.keys(arch)}
        assert set(supernet.parts) <= {str(key) for key in keys}


def test_a_sub_network_is_in_the_mode_of_the_supernet():
    supernet = Supernet("transnas101-micro", small("room_layout")).eval()
    supernet.network("64-41414-3_00_203")
    supernet.train()
    supernet.network("64-41414-3_00_203").eval()  # its parts are the supernet's
    for arch in ("64-41414-3_00_203", "64-41414-3_00_200"):
        assert all(module.training for module in supernet.network(arch).modules())


def test_batch_statistics_of_the_supernet_reach_its_sub_networks():
    supernet, arch = Supernet("transnas101-micro", small("room_layout")), "64-41414-3_00_203"
    images = inputs("room_layout")
    with torch.no_grad():
        expected = supernet.train()(images, arch)
        supernet.eval()
        with batch_statistics(supernet):
            assert torch.equal(supernet(images, arch), expected)


def test_an_extracted_network_has_weights_of_its_own():
    supernet = untouched("transnas101-micro")
    alone = supernet.extract("64-41414-3_00_203")
    images = inputs("room_layout")
    before = supernet(images, "64-41414-3_00_203").detach().clone()
    with torch.no_grad():
        for weights in alone.parameters():
            weights.zero_()
    supernet.zero_grad()
    assert torch.equal(supernet.eval().train()(images, "64-41414-3_00_203"), before)


def test_a_copy_of_a_supernet_shares_nothing():
    supernet = untouched("transnas101-micro")
    images, arch = inputs("room_layout"), "64-41414-3_00_203"
    supernet.network(arch)
    other = copy.deepcopy(supernet)
    with torch.no_grad():
        for weights in other.parameters():
            weights.zero_()
    assert supernet(images, arch).abs().sum() > 0
    assert other(images, arch).abs().sum() == 0


@pytest.mark.parametrize(
    ("space", "arch", "match"),
    [
        ("transnas101-micro", "32-41414-3_33_333", "width and skeleton '64-41414'.*nearest: '64-41414-3_33_333'"),
        ("transnas101-micro", "64-4141-3_33_333", "got '64-4141'; nearest: '64-41414-3_33_333'"),
        ("transnas101-micro", "64-41414-3_00_000", "got a dead one.*nearest: '64-41414-3_00_100'"),
        ("transnas101-micro", "64-2311-basic", "of transnas101-micro, e.g.*of transnas101-macro"),
        ("transnas101-macro", "32-2311-basic", "published skeletons of width 64.*nearest: '64-2311-basic'"),
        ("transnas101-macro", "64-23111111-basic", "nearest: '64-231111-basic'"),
    ],
)
def test_what_a_supernet_has_no_weights_for_is_refused(space, arch, match):
    supernet = untouched(space)
    for ask in (supernet.network, supernet.extract, lambda name: supernet(inputs("room_layout"), name)):
        with pytest.raises(ArchitectureError, match=match):
            ask(arch)


def test_a_space_without_common_parts_is_refused():
    space = DagSpace("own-graphs", random_graphs(3))
    with pytest.raises(SpaceError, match="space of cells or transnas101-macro"):
        Supernet(space, small("room_layout"))


def test_a_supernet_of_all_cells_costs_less_than_a_hundredth_of_its_networks():
    supernet = untouched("transnas101-micro")
    one = sum(weights.numel() for weights in supernet.extract("64-41414-3_33_333").parameters())
    assert one < sum(weights.numel() for weights in supernet.parameters()) < 2 * one
