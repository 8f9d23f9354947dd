import numpy as np
import pytest
import torch
from torchmetrics.classification import MulticlassAccuracy, MulticlassJaccardIndex
from torchmetrics.functional.image import structural_similarity_index_measure

from benchmarks.errors import UnknownNameError
from benchmarks.training.losses import discriminator_loss, generator_loss, pixel_cross_entropy, soft_cross_entropy
from benchmarks.training.metrics import get_score, ssim


def totals(score, batches):
    return score.metrics(sum(score.sums(*batch) for batch in batches))


def test_soft_cross_entropy_agrees_with_torch():
    outputs, labels = torch.randn(5, 7), torch.softmax(torch.randn(5, 7), 1)
    torch.testing.assert_close(soft_cross_entropy(outputs, labels), torch.nn.functional.cross_entropy(outputs, labels))


def test_pixels_without_a_label_count_nowhere():
    outputs, labels = torch.randn(2, 4, 3, 3), torch.randint(-1, 4, (2, 3, 3))
    chosen = labels != -1
    expected = torch.nn.functional.cross_entropy(outputs.movedim(1, -1)[chosen], labels[chosen])
    torch.testing.assert_close(pixel_cross_entropy(outputs, labels), expected)
    assert pixel_cross_entropy(outputs, torch.full_like(labels, -1)) == 0


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
    batches = [(torch.randn(n, 20), torch.softmax(torch.randn(n, 20), 1), torch.tensor(float(n))) for n in (8, 5)]
    ours = totals(score, batches)
    outputs = torch.cat([batch[0] for batch in batches])
    labels = torch.cat([batch[1] for batch in batches]).argmax(1)
    for name, k in (("top1", 1), ("top5", 5)):
        expected = MulticlassAccuracy(20, top_k=k, average="micro")(outputs, labels)
        assert ours[name] == pytest.approx(100 * float(expected))
    assert ours["loss"] == pytest.approx((8 * 8 + 5 * 5) / 13)


def test_segmentation_agrees_with_torchmetrics():
    score = get_score("segmentsemantic", 6)
    batches = []
    for n in (3, 2):
        labels = torch.randint(-1, 5, (n, 8, 8))  # class 5 never occurs in the labels
        batches.append((torch.randn(n, 6, 8, 8), labels, torch.tensor(1.0)))
    ours = totals(score, batches)
    outputs, labels = (torch.cat([batch[part] for batch in batches]) for part in (0, 1))
    accuracy = MulticlassAccuracy(6, average="micro", ignore_index=-1)(outputs, labels)
    jaccard = MulticlassJaccardIndex(6, ignore_index=-1)(outputs, labels)
    assert ours["acc"] == pytest.approx(100 * float(accuracy))
    assert ours["mIoU"] == pytest.approx(100 * float(jaccard), rel=1e-5)
    assert ours["loss"] == pytest.approx(1.0)


def test_classes_that_never_occur_do_not_count_in_miou():
    score = get_score("segmentsemantic", 4)
    labels = torch.tensor([[[0, 0], [1, -1]]])
    outputs = torch.nn.functional.one_hot(torch.tensor([[[0, 1], [1, 3]]]), 4).movedim(-1, 1).float()
    ours = score.metrics(score.sums(outputs, labels, torch.tensor(0.0)))
    assert ours["mIoU"] == pytest.approx(50.0)  # 1/2 and 1/2; the 3 sits on an unlabelled pixel
    assert ours["acc"] == pytest.approx(100 * 2 / 3)


@pytest.mark.parametrize("size", [16, 32])
def test_ssim_agrees_with_torchmetrics(size):
    outputs = torch.rand(3, 3, size, size) * 2 - 1
    targets = (outputs + 0.3 * torch.randn_like(outputs)).clamp(-1, 1)
    expected = structural_similarity_index_measure(
        (outputs + 1) / 2, (targets + 1) / 2, data_range=1.0, reduction="none"
    )
    torch.testing.assert_close(ssim(outputs, targets), expected, atol=1e-5, rtol=1e-4)
    ours = totals(get_score("normal", 3), [(outputs, targets, torch.tensor(0.25))])
    assert ours == pytest.approx({"ssim": float(expected.mean()), "l1_loss": 0.25}, rel=1e-4)


def test_room_layout_has_the_loss_and_its_negative():
    ours = totals(get_score("room_layout", 9), [(torch.zeros(4, 9), torch.zeros(4, 9), torch.tensor(0.5))])
    assert ours == {"loss": 0.5, "neg_loss": -0.5}


def test_an_unknown_task_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'normal'"):
        get_score("normals", 3)


def test_scores_of_halves_add_up_to_those_of_the_whole():
    outputs, targets = torch.randn(8, 12), torch.randint(12, (8,))
    score = get_score("jigsaw", 12)
    loss = torch.nn.functional.cross_entropy
    whole = totals(score, [(outputs, targets, loss(outputs, targets))])
    halves = [(outputs[part], targets[part], loss(outputs[part], targets[part])) for part in (slice(4), slice(4, 8))]
    np.testing.assert_allclose(list(totals(score, halves).values()), list(whole.values()), rtol=1e-6)
