import copy
from dataclasses import replace

import lightning
import pytest
import torch
from torch import nn

from benchmarks.tasks import TRANSNAS_TASKS
from benchmarks.training import module as module_file
from benchmarks.training import train as train_file
from benchmarks.training.data.augment import RandomStreams
from benchmarks.training.data.loader import BatchLoader
from benchmarks.training.module import GroundTruthModule
from benchmarks.training.optimisers import make_optimiser, make_schedule
from benchmarks.training.presets import get_recipe
from benchmarks.training.run import TrainingFailed
from tests.benchmarks.training.small_trainings import ARCH, images, overfit_recipe, small_recipe, train

# Metric names of each task in the published file.
NAMES = {
    "class_scene": {"top1", "top5", "loss"},
    "class_object": {"top1", "top5", "loss"},
    "room_layout": {"loss", "neg_loss"},
    "jigsaw": {"top1", "top5", "loss"},
    "segmentsemantic": {"acc", "mIoU", "loss"},
    "normal": {"ssim", "l1_loss"},
    "autoencoder": {"ssim", "l1_loss"},
}


@pytest.mark.parametrize("task", TRANSNAS_TASKS)
def test_every_task_learns_and_reports_the_published_metrics(task):
    run = train(overfit_recipe(task))
    expected = {f"{split}_{name}" for split in ("train", "valid", "test") for name in NAMES[task]}
    assert set(run.metrics) == {*expected, "time_elapsed"}
    assert {len(values) for values in run.metrics.values()} == {run.epochs}
    loss = run.metrics["train_l1_loss" if "ssim" in NAMES[task] else "train_loss"]
    assert loss[-1] < 0.85 * loss[0]
    assert run.notes == []


def test_cosine_falls_from_the_first_step_to_zero_after_the_last():
    recipe = get_recipe("jigsaw").optimiser
    weights = nn.Linear(2, 1)
    optimiser = make_optimiser(recipe, weights)
    schedule = make_schedule(recipe, optimiser, 8)
    rates = []
    for _ in range(9):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    other = torch.optim.SGD(weights.parameters(), lr=0.1)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(other, 8)
    expected = []
    for _ in range(9):
        expected.append(other.param_groups[0]["lr"])
        other.step()
        theirs.step()
    assert rates == pytest.approx(expected, abs=1e-9)
    assert optimiser.param_groups[0]["nesterov"]


def test_a_constant_rate_stays():
    recipe = get_recipe("normal").optimiser
    optimiser = make_optimiser(recipe, nn.Linear(2, 1))
    schedule = make_schedule(recipe, optimiser, 2)
    optimiser.step()
    schedule.step()
    assert optimiser.param_groups[0]["lr"] == 1e-4
    assert optimiser.param_groups[0]["betas"] == (0.5, 0.999)


def test_loaders_split_the_images_between_devices():
    source = images(10)
    whole = torch.cat(BatchLoader(source, ("rgb",), 4, 10, order=(1, 2)).indices())
    assert len(whole) == 8
    assert len(whole.unique()) == 8
    shares = [torch.cat(BatchLoader(source, ("rgb",), 2, 10, (1, 2), rank, 2).indices()) for rank in (0, 1)]
    assert [len(share) for share in shares] == [4, 4]
    assert len(torch.cat(shares).unique()) == 8
    evaluated = [torch.cat(BatchLoader(source, ("rgb",), 4, 9, None, rank, 2).indices()) for rank in (0, 1)]
    assert sorted(torch.cat(evaluated).tolist()) == list(range(9))


@pytest.mark.parametrize("order", [None, (3,)])
@pytest.mark.parametrize(("n", "batch_size", "world"), [(10, 4, 1), (9, 2, 2), (3, 8, 1)])
def test_a_loader_has_the_length_it_says(order, n, batch_size, world):
    loader = BatchLoader(images(10), ("rgb",), batch_size, n, order, 0, world)
    assert len(loader) == len(list(loader)) == len(loader.indices())


def test_a_source_that_reads_gives_the_batches_of_one_in_memory():
    class Reader:
        size = 32

        def __init__(self):
            self.inside = images(10)

        def __len__(self):
            return 10

        def batch(self, indices, domains):
            return self.inside.batch(indices, domains)

    one, other = (list(BatchLoader(source, ("rgb",), 4, 10, (7,))) for source in (Reader(), images(10)))
    assert len(one) == 2
    for ours, theirs in zip(one, other, strict=True):
        assert torch.equal(ours["rgb"], theirs["rgb"])


class NoNorm(nn.Module):
    """A network whose gradient is the mean over images: no batch norm."""

    def __init__(self, *_, **__):
        super().__init__()
        self.backbone, self.decoder = nn.Conv2d(3, 4, 3), nn.Linear(4, 9)
        with torch.no_grad():
            for weights in self.parameters():
                weights.copy_(torch.linspace(-0.5, 0.5, weights.numel()).view_as(weights))

    def forward(self, x):
        return self.decoder(self.backbone(x).mean(dim=(2, 3)))


@pytest.mark.filterwarnings("ignore::FutureWarning")  # Lightning's own
def test_accumulated_gradients_are_those_of_the_batch(monkeypatch):
    monkeypatch.setattr(module_file, "build_network", NoNorm)
    source = images()
    weights = []
    for accumulate in (1, 4):
        sources = {"train": source, "valid": source, "test": source}
        module = GroundTruthModule(ARCH, small_recipe("room_layout"), sources, accumulate=accumulate)
        trainer = lightning.Trainer(
            max_epochs=1,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            reload_dataloaders_every_n_epochs=1,
        )
        trainer.fit(module)
        weights.append(torch.cat([part.flatten() for part in module.parameters()]))
    torch.testing.assert_close(*weights, rtol=1e-4, atol=1e-6)


def _fitted(recipe, accumulate=1):
    source = images()
    module = GroundTruthModule(ARCH, recipe, dict.fromkeys(("train", "valid", "test"), source), accumulate=accumulate)
    before = copy.deepcopy((module.network, module.discriminator))
    lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
    ).fit(module)
    return module, before


@pytest.mark.filterwarnings("ignore::FutureWarning")  # Lightning's own
def test_the_discriminator_moves_first_as_published():
    """One step of each, written down: the generator is judged by the discriminator as it is after its own step."""
    recipe = small_recipe("normal", epochs=1, n_train=8, adversarial_weight=0.5)
    module, (network, discriminator) = _fitted(recipe)
    source, bce = images(), nn.functional.binary_cross_entropy_with_logits
    order = BatchLoader(source, module.prepare.domains, 8, 8, (module.seed, 0)).indices()[0]
    inputs, targets = module.prepare(source.batch(order, module.prepare.domains), RandomStreams((0,)), training=True)
    optimisers = [make_optimiser(recipe.optimiser, part) for part in (network, discriminator)]
    outputs = network(inputs)
    fake = discriminator(torch.cat([inputs, outputs.detach()], 1))
    real = discriminator(torch.cat([inputs, targets], 1))
    ((bce(fake, torch.zeros_like(fake)) + bce(real, torch.ones_like(real))) / 2).backward()
    optimisers[1].step()
    judged = discriminator(torch.cat([inputs, outputs], 1))
    (0.5 * (outputs - targets).abs().mean() + 0.5 * bce(judged, torch.ones_like(judged))).backward()
    optimisers[0].step()
    for mine, theirs in ((network, module.network), (discriminator, module.discriminator)):
        for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # Lightning's own
def test_batches_cut_into_parts_leave_one_trace_in_running_statistics():
    recipe = small_recipe("normal", epochs=1, n_train=8)
    module, (network, _) = _fitted(recipe, accumulate=2)
    source = images()
    order = BatchLoader(source, module.prepare.domains, 8, 8, (module.seed, 0)).indices()[0]
    inputs, _ = module.prepare(source.batch(order, module.prepare.domains), RandomStreams((0,)), training=True)
    for part in inputs.chunk(2):
        network(part)
    for (name, mine), theirs in zip(network.named_buffers(), module.network.buffers(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6, msg=name)


def test_weights_that_blow_up_in_the_last_step_are_a_failure():
    recipe = small_recipe("room_layout", epochs=1, batch_size=16)
    recipe = replace(recipe, optimiser=replace(recipe.optimiser, lr=1e30))
    message = (
        "valid_loss, .*test_loss, .* on room_layout was not finite after epoch 1 of 1; a smaller learning rate than 1e"
    )
    with pytest.raises(TrainingFailed, match=message):
        train(recipe)


def test_other_numbers_of_classes_than_the_recipes_are_named():
    sources = dict.fromkeys(("train", "valid", "test"), images())
    with pytest.raises(ValueError, match=r"class_object: expected 30 class probabilities, .*got images with 75"):
        GroundTruthModule(ARCH, small_recipe("class_object", num_classes=30), sources)


def test_inference_is_timed_where_the_network_was_trained(monkeypatch):
    asked = []
    monkeypatch.setattr(
        train_file, "_inference_time", lambda network, _: asked.append(next(network.parameters()).device)
    )
    monkeypatch.setattr(train_file, "fit_module", lambda module, *_: torch.device("meta"))
    train(small_recipe("jigsaw"))
    assert asked == [torch.device("meta")]


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({"train": images()}, "expected images for train, valid, test, got train; valid is missing"),
        ({"train": images(8), "valid": images(8), "test": images(8)}, "train: expected at least 16 images, got 8"),
        (
            {"train": images(16, size=64), "valid": images(8), "test": images(8)},
            "train: expected images of 32 pixels, got 64",
        ),
    ],
)
def test_sources_that_do_not_fit_are_named(sources, message):
    with pytest.raises(ValueError, match=message):
        GroundTruthModule(ARCH, small_recipe("jigsaw"), sources)


def test_test_images_may_be_missing_only_if_the_recipe_asks_for_none():
    some = {"train": images(16), "valid": images(8)}
    with pytest.raises(ValueError, match="expected images for train, valid, test, got train, valid; test is missing"):
        GroundTruthModule(ARCH, small_recipe("jigsaw"), some)
    assert GroundTruthModule(ARCH, small_recipe("jigsaw", n_test=None), some).counts == {"train": 16, "valid": 8}
