import numpy as np
import pytest
import torch

from benchmarks.costs import graph_costs
from benchmarks.errors import ArchitectureError, SpaceError
from benchmarks.graph import GraphBuilder
from benchmarks.spaces.transnas_micro import TransNASMicro
from benchmarks.training.dynamic.choices import StageChoice
from benchmarks.training.dynamic.exits import thresholds_of_shares
from benchmarks.training.dynamic.layout import stage_groups
from benchmarks.training.dynamic.lazy import LazyNetwork
from benchmarks.training.dynamic.network import MultiStageNetwork
from benchmarks.training.networks.task_network import build_network
from tests.benchmarks.training.dynamic.small_stages import HALVES, MIXED, RESIDUAL, THREE, batch, network, recipe

DENSE = "1-1-1-1-1"


# -- the static network -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("arch", "task"),
    [
        (RESIDUAL, "class_scene"),
        ("64-41414-3_33_333", "class_object"),
        (RESIDUAL, "jigsaw"),
        ("64-2311-basic", "jigsaw"),
    ],
)
def test_all_channels_in_one_stage_are_the_static_network_bit_for_bit(arch, task, training):
    asked = recipe(task, base_channels=8)
    mine = MultiStageNetwork(arch, asked, stages=2, seed=5).train(training)
    sizes = {"base_channels": asked.base_channels, "joint_tiles": asked.joint_tiles}
    alone = build_network(arch, task, asked.num_classes, asked.network_size, **sizes, seed=5).train(training)
    images = batch(task)
    (found,), expected = mine(images), alone(images)
    assert torch.equal(found, expected)
    for answer in (found, expected):
        answer.square().sum().backward()
    for own, other in zip(mine.backbone.parameters(), alone.backbone.parameters(), strict=True):
        assert torch.equal(own.grad, other.grad)
    for own, other in zip(mine.heads[-1].parameters(), alone.decoder.parameters(), strict=True):
        assert torch.equal(own.grad, other.grad)
    for own, other in zip(mine.backbone.buffers(), alone.backbone.buffers(), strict=True):
        assert torch.equal(own, other)


def test_costs_of_one_stage_are_those_of_the_static_network():
    for task, tiles in (("class_scene", 1), ("jigsaw", 9)):
        mine = network(task=task)
        alone = build_network(RESIDUAL, task, mine.recipe.num_classes, mine.recipe.network_size, base_channels=4)
        backbone, decoder = (graph_costs(part.graph)[1] for part in (alone.backbone, alone.decoder))
        assert mine.plan().multiply_adds().tolist() == [tiles * backbone + decoder]


# -- later stages do not reach earlier ones ---------------------------------------------------------------------------


@pytest.mark.parametrize("choice", [MIXED, THREE])
def test_gradients_reach_exactly_the_weights_that_lead_to_a_stage(choice):
    mine = network("64-41414-3_01_133", base_channels=8).train()
    plan = mine.plan(choice)
    source = dict(plan.graph.edges[:, ::-1].tolist())
    for stage in range(plan.choice.n_stages):
        mine.zero_grad()
        mine(batch(), choice)[stage].square().sum().backward()
        for node in np.flatnonzero(plan.graph.where("conv")).tolist():
            arriving, written = plan.groups[source[node]], plan.groups[node]
            kernel = int(plan.graph.kernel[node])
            gradient = getattr(mine.backbone, f"conv{kernel}x{kernel}_{node}").weight.grad
            reached = set()
            for o, of_output in enumerate(written.tolist()):
                for i, of_input in enumerate(arriving.tolist()):
                    if (gradient[o, i] != 0).any():
                        reached.add((of_input, of_output))
            pairs = {(i, o) for i in set(arriving.tolist()) for o in set(written.tolist()) if i <= o <= stage}
            assert reached == pairs, node


def test_the_first_exit_does_not_depend_on_weights_of_later_groups():
    mine = network()
    images, before = batch(), [logits.clone() for logits in mine(batch(), MIXED)]
    plan = mine.plan(MIXED)
    for step in mine.steps(MIXED):
        if step.kind in ("conv", "batch_norm"):
            for values in [*step.module.parameters(), *step.module.buffers()]:
                values.data[torch.as_tensor(step.groups > 0)] += 0.3
            if step.kind == "conv":
                step.module.weight.data[:, torch.as_tensor(step.arriving[0] > 0)] -= 0.2
    mine.heads[-1].weight.data += 1
    first, last = mine(images, MIXED)
    assert torch.equal(first, before[0])
    assert not torch.allclose(last, before[1])
    assert plan.choice.n_stages == 2


def test_a_lazy_first_exit_does_not_touch_later_groups():
    mine = network()
    lazy = LazyNetwork(mine.extract(MIXED))
    images, expected = batch(), mine(batch(), MIXED)[0]
    for part in [*lazy.stages[1].modules(), lazy.heads[1]]:
        for values in [*part.parameters(recurse=False), *part.buffers(recurse=False)]:
            values.data.fill_(torch.nan)
    found = lazy.predict(images, [0.0])
    torch.testing.assert_close(found.logits, expected, rtol=0, atol=1e-5)
    assert found.exits.tolist() == [0] * len(images)
    assert lazy.predict(images, [float("inf")]).logits.isnan().all()


# -- lazy execution ---------------------------------------------------------------------------------------------------

CASES = [
    (RESIDUAL, "class_scene", HALVES),
    (RESIDUAL, "class_scene", THREE),
    (RESIDUAL, "class_object", MIXED + "/d1-2-1-2-1/k3:1/r24"),
    ("64-41414-1_13_301", "class_scene", MIXED),
    ("64-2311-basic", "class_scene", "3:1-1:3-1:3-1:1/d2-1-1-2"),
    (RESIDUAL, "jigsaw", MIXED + "/k1:3/r24"),
]


@pytest.mark.parametrize(("arch", "task", "choice"), CASES)
def test_lazy_answers_are_those_simulated_from_all_logits(arch, task, choice):
    mine = network(arch, task)
    lazy, images = LazyNetwork(mine.extract(choice)), batch(task, 8)
    with torch.no_grad():
        everything = mine(images, choice)
    for masked, own in zip(everything, lazy(images), strict=True):
        torch.testing.assert_close(own, masked, rtol=0, atol=1e-5)
    n_stages = len(everything)
    temperatures = [0.7, 1.3, 1.1][:n_stages]
    confidence = [
        torch.softmax(logits.double() / t, 1).amax(1) for logits, t in zip(everything, temperatures, strict=True)
    ]
    shares = [0.5, 0.5] if n_stages == 2 else [0.25, 0.375, 0.375]
    middle = thresholds_of_shares(torch.stack(confidence).numpy(), shares).tolist()  # of these very images
    taken = set()
    for thresholds in ([0.0] * (n_stages - 1), middle, [float("inf")] * (n_stages - 1)):
        found = lazy.predict(images, thresholds, temperatures)
        for image in range(len(images)):
            exit = next((s for s in range(n_stages - 1) if confidence[s][image] >= thresholds[s]), n_stages - 1)
            assert int(found.exits[image]) == exit
            assert int(found.logits[image].argmax()) == int(everything[exit][image].argmax())
            torch.testing.assert_close(found.logits[image], everything[exit][image], rtol=0, atol=1e-5)
            taken.add(exit)
        if thresholds == middle:
            assert np.bincount(found.exits.numpy()).tolist() == [round(8 * share) for share in shares]
    assert taken == set(range(n_stages))


@pytest.mark.parametrize(("arch", "task", "choice"), CASES)
def test_costs_are_what_lazy_execution_multiplies(arch, task, choice):
    mine = network(arch, task)
    lazy, plan = LazyNetwork(mine.extract(choice)), mine.plan(choice)
    counted = []

    def count(module, _, output):
        pixels = output[0, 0].numel() if output.ndim == 4 else 1
        counted.append(module.weight.numel() * pixels * len(output))

    for part in lazy.modules():
        if isinstance(part, (torch.nn.Conv2d, torch.nn.Linear)):
            part.register_forward_hook(count)
    for stage in range(plan.choice.n_stages):
        counted.clear()
        lazy.predict(batch(task, 1), [float("inf")] * stage + [0.0] * (plan.choice.n_stages - 1 - stage))
        assert sum(counted) == plan.multiply_adds()[stage]


def test_costs_are_those_of_an_equivalent_graph():
    """The residual cell written out by stage, by hand: each convolution reads the groups before it, and its own."""
    mine = network()
    plan = mine.plan(MIXED)
    shares = [tuple(map(int, parts.split(":"))) for parts in MIXED.split("-")]
    total = []
    for last in (0, 1):
        builder = GraphBuilder(3, 32)
        node = builder.add("conv", [builder.input], kernel=3, stride=2, channels=2)
        node = builder.add("conv", [node], kernel=3, stride=2, channels=4)
        groups = [node]  # of a tensor, one a stage; the stem's second is empty
        width = 4
        for (first, second), digit in zip(shares, "41414", strict=True):
            width *= 2 if digit == "4" else 1
            own = [width * part // (first + second) for part in (first, second)]
            for stride in (2 if digit == "4" else 1, 1):
                inner = _convolutions(builder, groups, own, last, 3, stride)
                outer = _convolutions(builder, inner, own, last, 3, 1)
                if stride == 2:  # the skip changes the shape: two 1x1 convolutions with half of the channels each
                    for _ in range(2):
                        _convolutions(builder, groups, [channels // 2 for channels in own], last, 1, stride)
                groups = outer
        for stage in range(last + 1):
            read = groups[: stage + 1]
            pooled = builder.add("global_pool", [builder.add("concat", read)])
            builder.add("linear", [pooled], channels=47, bias=True)
        total.append(graph_costs(builder.build())[1])
    assert plan.multiply_adds().tolist() == total


def _convolutions(builder, groups, channels, last, kernel, stride):
    """A convolution a stage, of the groups up to it."""
    return [
        builder.add("conv", [builder.add("concat", groups[: stage + 1])], kernel=kernel, stride=stride, channels=own)
        for stage, own in enumerate(channels[: last + 1])
    ]


# -- groups, depths, kernels, sides -----------------------------------------------------------------------------------


def test_both_halves_of_a_skip_that_changes_the_shape_are_split_alike():
    plan = network().plan(MIXED)
    for node in np.flatnonzero(plan.graph.where("concat")).tolist():
        left, right = np.split(plan.groups[node], 2)
        assert np.array_equal(left, right)
        assert set(left.tolist()) == {0, 1}


def test_terms_of_a_sum_are_split_as_the_sum_unless_they_come_from_another_module():
    mine = network("64-41414-3_13_321", base_channels=8)
    plan, arch = mine.plan(MIXED), mine.layout.arch
    space, (base, macro, cell) = TransNASMicro(), arch.split("-")
    ends = [len(space.network_graph(f"{base}-{macro[: n + 1]}-{cell}")) for n in range(len(macro))]
    sources = {}
    for source, target in plan.graph.edges.tolist():
        sources.setdefault(target, []).append(source)
    within = between = 0

    def module_of(node):
        """Module of the convolution, concatenation or sum that a node shows, as it is or after a norm or a ReLU."""
        while plan.graph.names[node] not in ("conv", "concat", "sum"):
            (node,) = sources[node]
        return int(np.searchsorted(ends, node, side="right"))

    for node in np.flatnonzero(plan.graph.where("sum")).tolist():
        module = module_of(node)
        parts = tuple(map(int, MIXED.split("-")[module].split(":")))
        expected = stage_groups(int(plan.graph.channels_out[node]), parts)
        terms = [term for term in sources[node] if len(plan.groups[term])]
        for term in terms:
            if module_of(term) == module:
                np.testing.assert_array_equal(plan.groups[term], expected)
                within += 1
            else:
                between += not np.array_equal(plan.groups[term], expected)
        if any(module_of(term) == module for term in terms):
            np.testing.assert_array_equal(plan.groups[node], expected)
    assert within
    assert between


def test_a_channel_of_another_module_passes_only_if_it_is_not_of_a_later_stage():
    mine = network("64-41414-3_13_321", base_channels=8)
    for step in mine.steps(MIXED):
        for term, arriving in enumerate(step.arriving):
            if step.kind == "sum" and (arriving > step.groups).any():
                lazy = LazyNetwork(mine.extract(MIXED))
                shape = (1, len(arriving), 1, 1)
                mixed = [torch.zeros(shape) for _ in step.inputs]
                mixed[term] += 1
                passed = (arriving <= step.groups).tolist()
                seen = []
                for stage in (0, 1):
                    features = {
                        name: [values[:, torch.as_tensor(of == 0)], values[:, torch.as_tensor(of == 1)]]
                        for name, of, values in zip(step.inputs, step.arriving, mixed, strict=True)
                    }
                    seen.append(lazy._computed(step, stage, lazy.stages[stage], features))
                for stage, found in enumerate(seen):
                    own = np.flatnonzero(step.groups == stage)
                    assert found.flatten().tolist() == [float(passed[channel]) for channel in own]
                return
    pytest.fail("no sum has a term of a later stage")


def test_a_second_cell_that_changes_nothing_may_be_left_out():
    mine = network()
    choice = MIXED + "/d1-1-1-1-1"
    plan = mine.plan(MIXED)
    kept = set(mine.plan(choice).nodes.tolist())
    norms = [node for node in np.flatnonzero(plan.graph.where("batch_norm")).tolist() if node not in kept]
    assert len(norms) == 10  # two in the second cell of each module
    for node in norms[1::2]:
        norm = getattr(mine.backbone, f"batch_norm_{node}")
        norm.weight.data.zero_()
        norm.bias.data.zero_()
    for whole, shallow in zip(mine(batch(), MIXED), mine(batch(), choice), strict=True):
        torch.testing.assert_close(whole, shallow)
    deep = mine.plan(MIXED).multiply_adds()
    assert (mine.plan(choice).multiply_adds() < deep).all()


def test_a_small_kernel_is_the_centre_of_the_large_one():
    mine, images = network(), batch()
    first, last = mine(images, MIXED + "/k1:1")
    for name, module in mine.backbone.named_children():
        if name.startswith("conv3x3") and int(name.rpartition("_")[2]) > 5:  # not in the stem
            centre = module.weight.data[:, :, 1, 1].clone()
            module.weight.data.zero_()
            module.weight.data[:, :, 1, 1] = centre
    for small, zeroed in zip((first, last), mine(images, MIXED), strict=True):
        torch.testing.assert_close(small, zeroed)


def test_images_are_resized_to_the_side():
    mine, images = network(), batch()
    small = torch.nn.functional.interpolate(images, (24, 24), mode="bilinear", antialias=True)
    for own, expected in zip(mine(images, MIXED + "/r24"), mine(small, MIXED), strict=True):
        assert torch.equal(own, expected)


def test_choices_share_their_weights_and_an_extracted_one_does_not():
    mine = network()
    alone = mine.extract(MIXED)
    images = batch()
    assert torch.equal(mine(images, MIXED)[1], alone(images)[1])
    mine.backbone.conv3x3_1.weight.data += 1
    assert not torch.equal(mine(images, MIXED)[1], alone(images)[1])


def test_a_network_that_was_moved_takes_its_masks_along():
    mine = network("64-41414-3_13_321", base_channels=8)
    choice = MIXED + "/k1:3"
    assert len(mine(batch(), choice)) == 2
    for logits in mine.to("meta")(batch().to("meta"), choice):  # shapes without numbers: no other device is everywhere
        assert logits.device.type == "meta"
        assert logits.shape == (6, 47)


def test_the_network_of_all_choices_is_not_run_lazily():
    with pytest.raises(ValueError, match=r"the network of one choice.*got the network of all choices"):
        LazyNetwork(network())


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arch", "task", "error", "match"),
    [
        (RESIDUAL, "room_layout", ValueError, "whose answers have a confidence.*got 'room_layout'"),
        (RESIDUAL, "segmentsemantic", ValueError, "for exits; got 'segmentsemantic'"),
        ("64-41414-0_00_000", "class_scene", ArchitectureError, "dead one"),
        ("64-4141-3_33_333", "class_scene", ArchitectureError, "nearest: '64-41414-3_33_333'"),
        (
            "|nor_conv_1x1~0|+|none~0|none~1|+|none~0|none~1|none~2|",
            "class_scene",
            SpaceError,
            "got one of nasbench201",
        ),
    ],
)
def test_networks_that_cannot_be_are_refused(arch, task, error, match):
    with pytest.raises(error, match=match):
        MultiStageNetwork(arch, recipe(task))


@pytest.mark.parametrize(
    ("choice", "match"),
    [
        ("1:1-1:1-1:1-1:1", "expected a split of the 5 modules of '64-41414-0_30_103'.*got 4 modules"),
        ("1:1-1:1:1-1:1-1:1-1:1", "as many parts in all modules, got 2 in '1:1' and 3 in '1:1:1'"),
        ("1:15-1:1-1:1-1:1-1:1", "each half of 8 channels that are split 1:15; that needs 16 channels"),
        ("1:1:1:1-1:1:1:1-1:1:1:1-1:1:1:1-1:1:1:1", "at most 3 stages, the number of classifiers, got 4"),
        (HALVES + "/r8", "a side from 16 to the recipe's 32 pixels, got 8"),
        (HALVES + "/r48", "a side from 16 to the recipe's 32 pixels, got 48"),
        (HALVES + "/d1-2", "expected depths of 1 or 2 for each of 5 modules"),
        (HALVES + "/k5:3", "expected kernels of 1 or 3 for each of 2 stages"),
        (HALVES + "/x2", "at most one of each of d"),
        ("0:1-1:1-1:1-1:1-1:1", "expected positive parts"),
        ("a:1", "expected positive integers"),
    ],
)
def test_choices_that_do_not_fit_are_refused(choice, match):
    with pytest.raises(ValueError, match=match):
        network()(batch(), choice)


def test_groups_without_a_channel_name_the_width_that_would_do():
    with pytest.raises(ValueError, match=r"each half of 4 channels that are split 1:7; that needs 8 channels"):
        stage_groups(4, (1, 7))
    assert stage_groups(8, (1, 7)).tolist() == [0, 1, 1, 1, 0, 1, 1, 1]
    with pytest.raises(ValueError, match=r"each half of 2 channels"):  # one channel a group, and half of none
        stage_groups(2, (1, 1))
    assert stage_groups(4, (1, 1)).tolist() == [0, 1, 0, 1]


def test_a_text_of_a_choice_is_read_as_it_was_written():
    for text in (DENSE, MIXED, MIXED + "/d1-2-1-2-1", THREE + "/k3:1:3", MIXED + "/d1-2-1-2-1/k3:1/r24"):
        assert str(StageChoice.parse(text)) == text
