from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lightning.pytorch.strategies import SingleDeviceStrategy

from benchmarks.training.fitting import fit_module
from benchmarks.training.recipe import Augmentation
from benchmarks.training.supernet.module import SupernetModule, check_parts
from benchmarks.training.supernet.objectives import Supervised
from benchmarks.training.weight_sharing.objectives import PathLoss
from tests.benchmarks.training.small_trainings import images, overfit_recipe, small_recipe

SPACE = "transnas101-micro"
ONE, OTHER = "64-41414-0_00_300", "64-41414-0_00_200"


class Listed:
    """Trains the given paths, a list for each step."""

    name = "listed"

    def __init__(self, *steps):
        self.steps = steps

    def paths(self, step, rng):
        return self.steps[step % len(self.steps)]


def sources(size: int = 16):
    return {"train": images(16, size), "valid": images(8, size, 1), "test": images(8, size, 2)}


def recipe(task: str = "room_layout", **changes):
    small = small_recipe(task, **{"input_size": 16, "base_channels": 2, "epochs": 1, **changes})
    return replace(small, optimiser=replace(small.optimiser, lr=0.003))


def trained(module):
    fit_module(module, None, False, {"accelerator": "cpu"})
    return module


def weights_of(module, arch):
    own = module.network.parts_of(arch)
    return {
        f"{name}.{key}": values.detach().clone()
        for name, part in own.items()
        if name != "frame"
        for key, values in part.named_parameters()
    }


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_neither_momentum_nor_weight_decay_moves_what_a_step_does_not_train(optimiser):
    asked = recipe()
    asked = replace(asked, optimiser=replace(asked.optimiser, name=optimiser, weight_decay=0.1))
    states = []

    class Watched(SupernetModule):
        def step(self, parts, n):
            before = [weights_of(self, arch) for arch in (ONE, OTHER)]
            loss = super().step(parts, n)
            after = [weights_of(self, arch) for arch in (ONE, OTHER)]
            moved = [
                [not torch.equal(old[name], new[name]) for name in old] for old, new in zip(before, after, strict=True)
            ]
            (made,) = [self.optimizers().optimizer]
            kept = self.network.parts_of(OTHER)["1_3_conv1x1"][0].weight
            states.append((moved, {key: torch.as_tensor(v).clone() for key, v in made.state.get(kept, {}).items()}))
            return loss

    trained(Watched(SPACE, replace(asked, n_train=16, batch_size=4), sources(), Listed([OTHER], [ONE], [ONE], [OTHER])))
    for (moved, _), (one, other) in zip(states, [(0, 1), (1, 0), (1, 0), (0, 1)], strict=True):
        assert set(moved[0]) == {bool(one)}
        assert set(moved[1]) == {bool(other)}
    first, second, third, fourth = (state for _, state in states)
    assert len(first) > 0
    for name in first:
        assert torch.equal(first[name], second[name])
        assert torch.equal(first[name], third[name])
    assert any(not torch.equal(third[name], fourth[name]) for name in first)


def test_a_step_of_one_path_is_a_step_of_the_stand_alone_network():
    asked = recipe("class_scene", n_train=8)
    module = SupernetModule(SPACE, asked, sources(), Listed([ONE]), seed=4)
    alone = module.network.extract(ONE)
    (batch,) = [sources()["train"].batch(torch.arange(8), ["rgb", "class_scene"])]
    inputs, targets = module.prepare(batch, None, training=False)
    loss = module.loss(alone(inputs), targets)
    loss.backward()
    (found,) = module.objective.losses(module.network, [ONE], inputs, targets, module.loss)
    found.loss.backward()
    assert torch.equal(found.loss, loss)
    for mine, its in zip(module.network.network(ONE).parameters(), alone.parameters(), strict=True):
        assert torch.equal(mine.grad, its.grad)


def test_gradients_of_several_paths_are_added():
    asked, losses = recipe(n_train=8), []

    class Watched(SupernetModule):
        def step(self, parts, n):
            paths = self.sampler.paths(0, None)
            alone = [self.network.extract(path) for path in paths]
            for network in alone:
                self.loss(network(parts[0][0]), parts[0][1]).backward()
            stems = [network.backbone.conv3x3_1.weight.grad for network in alone]
            losses.append(super().step(parts, n))
            assert torch.allclose(self.network.parts["frame"][0].weight.grad, stems[0] + stems[1], rtol=1e-4, atol=1e-7)
            return losses[-1]

    trained(Watched(SPACE, asked, sources(), Listed([ONE, OTHER])))
    assert len(losses) == 1


def test_a_supernet_learns():
    asked = overfit_recipe("class_scene")
    optimiser = replace(asked.optimiser, name="adam", lr=0.02)
    asked = replace(asked, input_size=16, base_channels=4, epochs=6, batch_size=4, optimiser=optimiser)
    module = trained(SupernetModule(SPACE, asked, sources(), Listed([ONE], [OTHER])))
    assert module.metrics["train_loss"][-1] < 0.9 * module.metrics["train_loss"][0]
    assert {len(values) for values in module.metrics.values()} == {6}


def test_an_objective_of_ones_own_gets_paths_one_after_the_other():
    seen = []

    class Distillation:
        """The second path follows the first."""

        name = "distillation"

        def losses(self, supernet, paths, inputs, targets, loss):
            first = supernet(inputs, paths[0])
            yield PathLoss(loss(first, targets), first)
            seen.append(supernet.network(paths[0]).backbone.conv3x3_1.weight.grad is not None)
            second = supernet(inputs, paths[1])
            yield PathLoss((second - first.detach()).square().mean(), second)

    trained(SupernetModule(SPACE, recipe(n_train=8), sources(), Listed([ONE, OTHER]), Distillation()))
    assert seen == [True]


def test_an_adversarial_loss_is_refused():
    with pytest.raises(ValueError, match=r"without a discriminator.*'l1_gan'"):
        SupernetModule(SPACE, recipe("normal"), sources())


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_gradient_of_a_batch_in_parts_is_the_mean_of_theirs(accumulate):
    asked, compared = recipe(n_train=8), []

    class Watched(SupernetModule):
        def step(self, parts, n):
            alone = self.network.extract(ONE)
            for inputs, targets in parts:  # each part has batch statistics of its own
                (self.loss(alone(inputs), targets) * len(inputs) / n).backward()
            loss = super().step(parts, n)
            for mine, its in zip(self.network.network(ONE).parameters(), alone.parameters(), strict=True):
                torch.testing.assert_close(mine.grad, its.grad, rtol=1e-5, atol=1e-8)
            compared.append(len(parts))
            return loss

    trained(Watched(SPACE, asked, sources(), Listed([ONE]), accumulate=accumulate))
    assert compared == [accumulate]


def test_the_gradient_of_a_batch_of_equal_parts_is_that_of_the_batch():
    asked, gradients = recipe(n_train=8, augmentation=Augmentation()), []

    class Watched(SupernetModule):
        def step(self, parts, n):
            part = parts[0][0][:4], parts[0][1][:4]
            loss = super().step([part] * self.accumulate, self.accumulate * 4)
            gradients.append([weights.grad.clone() for weights in self.network.network(ONE).parameters()])
            return loss

    for accumulate in (1, 2):
        trained(Watched(SPACE, asked, sources(), Listed([ONE]), accumulate=accumulate))
    for mine, its in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-5, atol=1e-8)


def test_steps_without_a_path_or_a_loss_are_refused():
    class Silent:
        name = "silent"

        def losses(self, supernet, paths, inputs, targets, loss):
            return iter(())

    with pytest.raises(ValueError, match=r"at least one path a step, got none from the sampler 'listed' in step 1"):
        trained(SupernetModule(SPACE, recipe(n_train=8), sources(), Listed([])))
    with pytest.raises(ValueError, match=r"at least one loss a step, got none from 'silent'"):
        trained(SupernetModule(SPACE, recipe(n_train=8), sources(), Listed([ONE]), Silent()))


def test_scaled_gradients_are_not_clipped():
    asked = recipe(precision="16-mixed")
    clipped = replace(asked, optimiser=replace(asked.optimiser, max_norm=5.0))
    with pytest.raises(
        ValueError, match=r"max_norm=None with precision '16-mixed'.*got 5; 'bf16-mixed' needs no scale"
    ):
        SupernetModule(SPACE, clipped, sources())
    SupernetModule(SPACE, asked, sources())


class Lowest:
    """Trains the path of the lowest loss on the batch."""

    name = "lowest"

    def __init__(self, *paths):
        self.candidates, self.seen, self.network = paths, [], None

    def paths_on(self, step, rng, losses):
        before = [values.clone() for values in self.network.buffers()]
        found = losses(self.candidates)
        same = all(torch.equal(old, new) for old, new in zip(before, self.network.buffers(), strict=True))
        untouched = all(weights.grad is None for weights in self.network.parameters())
        chosen = self.candidates[int(found.argmin())]
        self.seen.append((step, found.tolist(), same and untouched, chosen))
        return [chosen]


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_sampler_that_compares_gets_the_losses_of_the_batch(accumulate):
    candidates, trained_paths, expected = (ONE, OTHER, "64-41414-3_33_333"), [], []

    class Watched(SupernetModule):
        def step(self, parts, n):
            self.zero_grad()
            alone = {path: self.network.extract(path) for path in candidates}
            expected.append(
                [
                    sum(float(self.loss(network(inputs), targets)) * len(inputs) / n for inputs, targets in parts)
                    for network in alone.values()
                ]
            )
            return super().step(parts, n)

    class Noted(Supervised):
        def losses(self, supernet, paths, *rest):
            trained_paths.append(paths)
            return super().losses(supernet, paths, *rest)

    sampler = Lowest(*candidates)
    module = Watched(SPACE, recipe(n_train=16), sources(), sampler, Noted(), accumulate=accumulate)
    sampler.network = module.network
    trained(module)
    assert len(sampler.seen) == len(expected) == 2
    for number, ((step, found, is_clean, chosen), naive) in enumerate(zip(sampler.seen, expected, strict=True)):
        assert step == number
        assert is_clean
        assert found == pytest.approx(naive, rel=1e-6)
        assert chosen == candidates[naive.index(min(naive))]
        assert trained_paths[number * accumulate] == [chosen]


def test_a_sampler_compares_by_the_mean_losses_over_the_devices():
    candidates, own = (ONE, OTHER), []
    elsewhere = np.array([0.0, 100.0])  # the other device finds the first one better by far

    class TwoDevices(SingleDeviceStrategy):
        """As if another device took part."""

        def reduce(self, tensor, *args, **kwargs):
            if kwargs["reduce_op"] != "mean":  # numbers of batches, sums of metrics
                return tensor
            own.append(tensor.clone().numpy())
            return (tensor + torch.as_tensor(elsewhere)) / 2

    sampler = Lowest(*candidates)
    module = SupernetModule(SPACE, recipe(n_train=16), sources(), sampler)
    sampler.network = module.network
    fit_module(module, None, False, {"accelerator": "cpu", "strategy": TwoDevices("cpu")})
    assert len(own) == len(sampler.seen) == 2
    for (_, found, _, chosen), alone in zip(sampler.seen, own, strict=True):
        assert found == pytest.approx((alone + elsewhere) / 2)
        assert chosen == ONE


def test_a_sampler_that_compares_needs_labels():
    with pytest.raises(ValueError, match=r"for the sampler 'lowest', which may compare .* labels, got 'contrast'"):
        check_parts(Lowest(ONE), Supervised(), SimpleNamespace(task="contrast"))
    check_parts(Lowest(ONE), Supervised(), SimpleNamespace(task="jigsaw", contrast=None))
