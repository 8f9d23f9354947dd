import numpy as np
import pytest
import torch

from benchmarks.tasks import TRANSNAS_TASKS
from benchmarks.training.losses import LOSSES
from benchmarks.training.supernet import PathScorer, Supernet, recalibrate
from benchmarks.training.supernet.names import loss_name
from tests.benchmarks.training.supernet.test_module import recipe, sources

SPACE, ARCH = "transnas101-micro", "64-41414-3_01_003"


def errors_of(ours, batches):
    """Loss, and its standard error by the definition of a weighted mean, of the given batches of validation images."""
    network, given = ours.supernet.extract(ARCH).train(), []
    for start, stop in batches:
        rows = sources()["valid"].batch(torch.arange(start, stop), ["rgb", "room_layout"])
        inputs, targets = ours._prepare(rows, None, training=False)
        with torch.no_grad():
            given.append((stop - start, (network(inputs) - targets).square().mean(dim=1)))
    return given


def test_the_error_of_a_score_is_over_batches_weighted_by_their_sizes():
    ours = scorer(batch_size=3)
    given = [(size, float(each.mean())) for size, each in errors_of(ours, [(0, 3), (3, 6), (6, 8)])]
    value = sum(size * loss for size, loss in given) / 8
    error = (sum((size / 8 * (loss - value)) ** 2 for size, loss in given) * 3 / 2) ** 0.5
    found = ours.with_errors(ARCH)
    assert found["loss"] == pytest.approx((value, error), rel=1e-5)
    assert found["neg_loss"] == pytest.approx((-value, error), rel=1e-5)
    assert found["loss"][0] == pytest.approx(ours.metrics(ARCH)["loss"])


def test_equal_batches_have_the_usual_standard_error_of_a_mean():
    ours = scorer(batch_size=4)
    losses = [float(each.mean()) for _, each in errors_of(ours, [(0, 4), (4, 8)])]
    assert ours.with_errors(ARCH)["loss"][1] == pytest.approx(np.std(losses, ddof=1) / 2**0.5, rel=1e-5)


def test_the_error_of_a_single_batch_is_over_its_images():
    ours = scorer(batch_size=8)
    ((_, each),) = errors_of(ours, [(0, 8)])
    assert ours.with_errors(ARCH)["loss"][1] == pytest.approx(float(each.std() / 8**0.5), rel=1e-5)


def test_a_last_batch_of_one_image_is_left_out_and_batches_of_one_are_refused():
    ours = scorer(batch_size=7)
    ((_, each),) = errors_of(ours, [(0, 7)])
    assert ours.metrics(ARCH)["loss"] == pytest.approx(float(each.mean()), rel=1e-6)
    with pytest.raises(ValueError, match="batches of at least 2 images, got batch_size=1"):
        scorer(batch_size=1)


def test_the_fingerprint_is_that_of_the_images():
    one, other = scorer(), scorer()
    assert one.fingerprint() == other.fingerprint()
    given = sources()
    given["valid"].arrays["room_layout"][3, 2] += 1
    changed = PathScorer(one.supernet, given)
    assert changed.fingerprint() != one.fingerprint()


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
