import numpy as np
import pytest
import torch

from benchmarks.tasks import TRANSNAS_TASKS
from benchmarks.training.losses import LOSSES
from benchmarks.training.supernet import PathScorer, Supernet, recalibrate
from benchmarks.training.supernet.scores import loss_name
from tests.benchmarks.training.supernet.test_module import recipe, sources

SPACE, ARCH = "transnas101-micro", "64-41414-3_01_003"


def scorer(task: str = "room_layout", statistics="batch", batch_size: int = 64, loss=None):
    asked = recipe(task) if loss is None else recipe(task, loss=loss)
    return PathScorer(Supernet(SPACE, asked), sources(asked.input_size), statistics, batch_size)


def test_a_score_is_that_of_the_network_alone_with_the_statistics_of_the_batch():
    ours = scorer()
    alone, batch = (
        ours.supernet.extract(ARCH).train(),
        sources()["valid"].batch(torch.arange(8), ["rgb", "room_layout"]),
    )
    inputs, targets = ours._prepare(batch, None, training=False)
    with torch.no_grad():
        expected = (alone(inputs) - targets).square().mean()
    assert ours.metrics(ARCH)["loss"] == pytest.approx(float(expected), rel=1e-6)
    assert ours.metrics(ARCH) == ours.metrics(ARCH)


def test_a_recalibrated_score_is_that_of_the_network_alone_with_its_own_running_statistics():
    ours = scorer(statistics="recalibrated", batch_size=4)
    before = {name: values.clone() for name, values in ours.supernet.state_dict().items()}
    alone, given = ours.supernet.extract(ARCH).eval(), sources()
    rows = [given["train"].batch(torch.arange(start, start + 4), ["rgb", "room_layout"]) for start in range(0, 16, 4)]
    recalibrate(alone, [ours._prepare(batch, None, training=False)[0] for batch in rows])
    inputs, targets = ours._prepare(given["valid"].batch(torch.arange(8), ["rgb", "room_layout"]), None, training=False)
    with torch.no_grad():
        expected = (alone(inputs) - targets).square().mean()
    assert ours.metrics(ARCH)["loss"] == pytest.approx(float(expected), rel=1e-6)
    assert all(torch.equal(values, before[name]) for name, values in ours.supernet.state_dict().items())


@pytest.mark.parametrize("task", TRANSNAS_TASKS)
def test_no_constant_answer_is_better_on_the_images_it_was_chosen_on(task):
    loss = {"loss": "l1"} if task in ("normal", "autoencoder") else {}
    asked = recipe(task, n_train=8, fixed_evaluation=True, **loss, **({"input_size": 32} if task == "jigsaw" else {}))
    given = sources(asked.input_size)["valid"]
    ours = PathScorer(Supernet(SPACE, asked), {"train": given, "valid": given, "test": given})
    best = ours.constant()[loss_name(task)]
    inputs, targets = ours._valid[0]
    shape = ours.supernet(inputs, ARCH).shape[1:]
    rng = np.random.default_rng(0)
    for _ in range(5):
        answer = torch.as_tensor(rng.normal(size=shape), dtype=torch.float32).expand(len(inputs), *shape)
        assert float(LOSSES[asked.loss](answer, targets)) >= best - 1e-6
    assert np.isfinite(best)


def test_the_constant_answer_has_closed_forms():
    mean = scorer("room_layout")
    targets = sources()["train"].arrays["room_layout"]
    truth = sources()["valid"].arrays["room_layout"]
    assert mean.constant()["loss"] == pytest.approx(float((truth - targets.mean(0)).square().mean()), rel=1e-5)
    classes = scorer("class_scene", loss="exact_soft_cross_entropy")
    shares = sources()["train"].arrays["class_scene"].mean(0)
    probabilities = shares / shares.sum() + 1e-5
    truth = sources()["valid"].arrays["class_scene"]
    expected = -(truth * probabilities.log()).sum(1).mean()
    assert classes.constant()["loss"] == pytest.approx(float(expected), rel=1e-4)


def test_a_dead_cell_scores_as_the_best_constant_answer():
    ours = scorer()
    assert ours.metrics("64-41414-3_00_000") == ours.constant()


def test_equal_functions_have_equal_scores():
    ours = scorer()
    assert ours.metrics("64-41414-3_00_100") == ours.metrics("64-41414-0_00_100")
