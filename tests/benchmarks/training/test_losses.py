import itertools
import math

import numpy as np
import pytest
import torch
from torchmetrics.classification import MulticlassAccuracy, MulticlassJaccardIndex

from benchmarks.errors import UnknownNameError
from benchmarks.training.losses import (
    discriminator_loss,
    exact_soft_cross_entropy,
    generator_loss,
    pixel_cross_entropy,
    soft_cross_entropy,
)
from benchmarks.training.metrics import get_score, ssim


def totals(score, batches):
    return score.metrics(sum(score.sums(*batch) for batch in batches))


def test_the_published_soft_cross_entropy_is_capped():
    """By hand: logits (0, ln 3) are probabilities (1/4, 3/4)."""
    outputs, labels = torch.tensor([[0.0, math.log(3.0)]]), torch.tensor([[0.5, 0.5]])
    expected = -0.5 * (math.log(0.25 + 1e-5) + math.log(0.75 + 1e-5))
    assert soft_cross_entropy(outputs, labels).item() == pytest.approx(expected, rel=1e-6)
    hopeless = torch.tensor([[0.0, 200.0]], requires_grad=True)
    loss = soft_cross_entropy(hopeless, torch.tensor([[1.0, 0.0]]))
    assert loss.item() == pytest.approx(-math.log(1e-5), rel=1e-6)
    loss.backward()
    assert hopeless.grad.abs().max() < 1e-6, "what is certain to be wrong has no gradient"


def test_the_exact_soft_cross_entropy_agrees_with_torch():
    outputs, labels = torch.randn(5, 7), torch.softmax(torch.randn(5, 7), 1)
    expected = torch.nn.functional.cross_entropy(outputs, labels)
    torch.testing.assert_close(exact_soft_cross_entropy(outputs, labels), expected)


def test_pixels_agree_with_a_loop():
    outputs, labels = torch.randn(2, 4, 3, 3), torch.randint(0, 4, (2, 3, 3))
    each = [
        -torch.log_softmax(outputs[n, :, row, column], 0)[labels[n, row, column]]
        for n, row, column in itertools.product(range(2), range(3), range(3))
    ]
    torch.testing.assert_close(pixel_cross_entropy(outputs, labels), torch.stack(each).mean())


def test_adversarial_losses_agree_with_binary_cross_entropy():
    real, fake = torch.randn(4, 1), torch.randn(4, 1)
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    expected = (bce(real, torch.ones(4, 1)) + bce(fake, torch.zeros(4, 1))) / 2
    torch.testing.assert_close(discriminator_loss(real, fake), expected)
    outputs, targets = torch.randn(4, 3, 5, 5), torch.randn(4, 3, 5, 5)
    expected = 0.99 * (outputs - targets).abs().mean() + 0.01 * bce(fake, torch.ones(4, 1))
    torch.testing.assert_close(generator_loss(outputs, targets, fake, 0.01), expected)


def test_top1_and_top5_agree_with_torchmetrics():
    score = get_score("class_scene", 20)
    batches = [(torch.randn(n, 20), torch.softmax(torch.randn(n, 20), 1)) for n in (8, 5)]
    ours = totals(score, batches)
    outputs = torch.cat([batch[0] for batch in batches])
    labels = torch.cat([batch[1] for batch in batches]).argmax(1)
    for name, k in (("top1", 1), ("top5", 5)):
        expected = MulticlassAccuracy(20, top_k=k, average="micro")(outputs, labels)
        assert ours[name] == pytest.approx(100 * float(expected))
    probabilities = torch.cat([batch[1] for batch in batches])
    assert ours["loss"] == pytest.approx(float(soft_cross_entropy(outputs, probabilities)), rel=1e-5)


def test_segmentation_agrees_with_torchmetrics():
    score = get_score("segmentsemantic", 6)
    batches = []
    for n in (3, 2):
        labels = torch.randint(0, 5, (n, 8, 8))  # class 5 never occurs in the labels
        batches.append((torch.randn(n, 6, 8, 8), labels))
    ours = totals(score, batches)
    outputs, labels = (torch.cat([batch[part] for batch in batches]) for part in (0, 1))
    accuracy = MulticlassAccuracy(6, average="micro")(outputs, labels)
    jaccard = MulticlassJaccardIndex(6)(outputs, labels)
    assert ours["acc"] == pytest.approx(100 * float(accuracy))
    assert ours["mIoU"] == pytest.approx(100 * float(jaccard), rel=1e-5)
    assert ours["loss"] == pytest.approx(float(torch.nn.functional.cross_entropy(outputs, labels)), rel=1e-5)


def test_classes_that_never_occur_do_not_count_in_miou():
    score = get_score("segmentsemantic", 4)
    labels = torch.tensor([[[0, 0], [1, 1]]])
    outputs = torch.nn.functional.one_hot(torch.tensor([[[0, 1], [1, 1]]]), 4).movedim(-1, 1).float()
    ours = score.metrics(score.sums(outputs, labels))
    assert ours["mIoU"] == pytest.approx(100 * (1 / 2 + 2 / 3) / 2)
    assert ours["acc"] == pytest.approx(75)


def _naive_ssim(a, b):
    """Window by window, in numpy: data range 1, whatever the values; only windows that fit."""
    offsets = np.arange(11) - 5
    kernel = np.exp(-(offsets**2) / (2 * 1.5**2))
    kernel = np.outer(kernel, kernel) / kernel.sum() ** 2
    found = []
    for colour, row, column in itertools.product(range(3), range(a.shape[1] - 10), range(a.shape[2] - 10)):
        x, y = (image[colour, row : row + 11, column : column + 11] for image in (a, b))
        mean_x, mean_y = (kernel * x).sum(), (kernel * y).sum()
        spread_x, spread_y = (kernel * (x - mean_x) ** 2).sum(), (kernel * (y - mean_y) ** 2).sum()
        shared = (kernel * (x - mean_x) * (y - mean_y)).sum()
        luminance = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
        found.append(luminance * (2 * shared + 9e-4) / (spread_x + spread_y + 9e-4))
    return np.mean(found)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ssim_agrees_with_a_loop_over_windows(dtype):
    outputs = torch.rand(2, 3, 14, 14, dtype=dtype) * 2 - 1
    targets = (outputs + 0.3 * torch.randn_like(outputs)).clamp(-1, 1)
    expected = [_naive_ssim(a.double().numpy(), b.double().numpy()) for a, b in zip(outputs, targets, strict=True)]
    np.testing.assert_allclose(ssim(outputs, targets), expected, atol=1e-5)
    np.testing.assert_allclose(ssim(outputs.float(), targets.double()), expected, atol=1e-5)  # of two kinds
    ours = totals(get_score("normal", 3), [(outputs, targets)])
    error = float((outputs - targets).abs().mean())
    assert ours == pytest.approx({"ssim": np.mean(expected), "l1_loss": 0.99 * error}, rel=1e-4)


def test_ssim_of_the_same_error_differs_between_dark_and_bright():
    """Images are taken as they come, from -1 to 1: rescaled to 0 to 1 first, both errors would be far more alike."""
    grey, brighter = torch.zeros(1, 3, 16, 16), torch.full((1, 3, 16, 16), 0.8)
    assert ssim(grey + 0.1, grey) < 0.05
    assert ssim(brighter + 0.1, brighter) > 0.99


def test_ssim_is_the_same_in_a_training_of_half_precision():
    smooth = torch.linspace(-1, 1, 32).expand(2, 3, 32, 32)
    noisy = smooth + 0.05 * torch.randn(2, 3, 32, 32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = ssim(noisy, smooth)
    torch.testing.assert_close(half, ssim(noisy, smooth))


def test_ssim_needs_a_whole_window():
    with pytest.raises(ValueError, match="expected images of at least 11 pixels for structural similarity, got 10"):
        ssim(torch.zeros(1, 3, 10, 10), torch.zeros(1, 3, 10, 10))


def test_room_layout_has_the_loss_and_its_negative():
    ours = totals(get_score("room_layout", 9), [(torch.zeros(4, 9), torch.full((4, 9), 0.5))])
    assert ours == {"loss": 0.25, "neg_loss": -0.25}


def test_an_unknown_task_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'normal'"):
        get_score("normals", 3)


def test_scores_of_halves_add_up_to_those_of_the_whole():
    outputs, targets = torch.randn(8, 12), torch.randint(12, (8,))
    score = get_score("jigsaw", 12)
    whole = totals(score, [(outputs, targets)])
    halves = [(outputs[part], targets[part]) for part in (slice(4), slice(4, 8))]
    np.testing.assert_allclose(list(totals(score, halves).values()), list(whole.values()), rtol=1e-6)
