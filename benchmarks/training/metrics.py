"""Metrics of each task, computed from sums that are additive over batches and devices.

A score maps a batch to a vector of sums on the batch's device (without synchronisation), the vectors are added over the
epoch, and `metrics` reads the totals once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from benchmarks.errors import choice
from benchmarks.training.losses import LOSSES

__all__ = ["PUBLISHED_L1_SHARE", "Score", "get_score", "ssim"]

PUBLISHED_L1_SHARE = 0.99
"""Weight of the mean absolute error in the ``l1_loss`` that the published training records."""
_WINDOW, _DEVIATION = 11, 1.5


class Score(Protocol):
    """Published metrics of a task, whatever loss is minimised, from sums over batches."""

    def sums(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Sums of one batch, float64, of shape (k,)."""
        ...

    def metrics(self, totals: Tensor) -> dict[str, float]:
        """Metric -> value, with the published names and units, from the totals of the sums, of shape (k,)."""
        ...


def get_score(task: str, num_classes: int) -> Score:
    """The score of a task.

    Example:
        >>> score = get_score("jigsaw", num_classes=10)
        >>> outputs = torch.eye(10)[:4]
        >>> found = score.metrics(score.sums(outputs, torch.tensor([0, 1, 2, 9])))
        >>> found["top1"], round(found["loss"], 2)
        (75.0, 1.71)
    """
    makers: dict[str, Callable[[], Score]] = {
        "class_scene": _Classes,
        "class_object": _Classes,
        "contrast": _Classes,  # which view of the batch is of the same image
        "jigsaw": _Classes,
        "room_layout": _Numbers,
        "segmentsemantic": lambda: _Pixels(num_classes),
        "normal": _Images,
        "autoencoder": _Images,
    }
    return makers[choice(task, makers, "task")]()


def ssim(outputs: Tensor, targets: Tensor) -> Tensor:
    """Structural similarity as the published training records it, one number per image, of shape (B,).

    Gaussian window of 11 pixels and deviation 1.5, constants 0.01 and 0.03 (Wang et al., IEEE TIP 2004, section III B),
    averaged over colours and over the positions where the whole window fits. The data range is 1 for any values: the
    published code uses images in [-1, 1] unchanged. A constant error therefore counts the same in dark and bright
    regions, and values differ from those of images rescaled to [0, 1].

    Args:
        outputs: Images of shape (B, 3, S, S), S at least 11.
        targets: Images of the same shape.

    Example:
        >>> images = torch.rand(2, 3, 16, 16)
        >>> ssim(images, images)
        tensor([1., 1.])
    """
    kind = torch.promote_types(torch.promote_types(outputs.dtype, targets.dtype), torch.float32)
    a, b = outputs.to(kind), targets.to(kind)
    with torch.autocast(a.device.type, enabled=False):  # differences of means need all digits
        blur = _gaussian_rows(a.shape[-1], a.device).to(kind)  # two small matrix products beat a convolution
        mean_a, mean_b, squares, product = (blur @ part @ blur.T for part in (a, b, a * a + b * b, a * b))
    means, mean_squares = mean_a * mean_b, mean_a**2 + mean_b**2
    c1, c2 = 0.01**2, 0.03**2
    similarity = (2 * means + c1) * (2 * (product - means) + c2)
    similarity /= (mean_squares + c1) * (squares - mean_squares + c2)
    return similarity.mean(dim=(1, 2, 3))


class _Classes:
    """top1, top5 (%) and loss; the true class of soft labels is the most probable one."""

    def sums(self, outputs: Tensor, targets: Tensor) -> Tensor:
        loss = LOSSES["soft_cross_entropy" if targets.ndim == 2 else "cross_entropy"](outputs, targets)
        right = targets.argmax(dim=1) if targets.ndim == 2 else targets  # (B,)
        best = outputs.topk(min(5, outputs.shape[1]), dim=1).indices  # (B, 5)
        hits = best == right[:, None]
        return _vector(len(outputs), hits[:, 0].sum(), hits.sum(), loss * len(outputs))

    def metrics(self, totals: Tensor) -> dict[str, float]:
        n, top1, top5, loss = totals.tolist()
        return {"top1": 100 * top1 / n, "top5": 100 * top5 / n, "loss": loss / n}


class _Numbers:
    """loss and neg_loss, minus the loss."""

    def sums(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return _vector(len(outputs), LOSSES["mean_squared_error"](outputs, targets) * len(outputs))

    def metrics(self, totals: Tensor) -> dict[str, float]:
        n, loss = totals.tolist()
        return {"loss": loss / n, "neg_loss": -loss / n}


class _Pixels:
    """acc, mIoU (%) and loss over all pixels; mIoU is the mean over classes that occur in labels or predictions."""

    def __init__(self, classes: int) -> None:
        self.classes = classes

    def sums(self, outputs: Tensor, targets: Tensor) -> Tensor:
        loss = LOSSES["pixel_cross_entropy"](outputs, targets)
        cells = (targets * self.classes + outputs.max(dim=1).indices).flatten()
        confusion = torch.zeros(self.classes**2, dtype=torch.float64, device=outputs.device)
        confusion.scatter_add_(0, cells, torch.ones_like(cells, dtype=torch.float64))
        return torch.cat([_vector(len(cells), loss * len(cells)), confusion])

    def metrics(self, totals: Tensor) -> dict[str, float]:
        n, loss = (float(value) for value in totals[:2])
        confusion = totals[2:].view(self.classes, self.classes).cpu()  # rows = labels, columns = predictions
        right = confusion.diagonal()
        union = confusion.sum(dim=0) + confusion.sum(dim=1) - right
        shares = right[union > 0] / union[union > 0]
        return {"acc": 100 * float(right.sum()) / n, "mIoU": 100 * float(shares.mean()), "loss": loss / n}


class _Images:
    """ssim and l1_loss, 0.99 of the mean absolute error: the published loss weights it before it is recorded."""

    def sums(self, outputs: Tensor, targets: Tensor) -> Tensor:
        n = len(outputs)
        return _vector(n, ssim(outputs, targets).sum(), LOSSES["l1"](outputs, targets) * n)

    def metrics(self, totals: Tensor) -> dict[str, float]:
        n, similarity, loss = totals.tolist()
        return {"ssim": similarity / n, "l1_loss": PUBLISHED_L1_SHARE * loss / n}


def _gaussian_rows(size: int, device: torch.device) -> Tensor:
    """The window at each position of an axis where it fits, of shape (size - 10, size), float64; rows sum to 1."""
    if size < _WINDOW:
        raise ValueError(f"expected images of at least {_WINDOW} pixels for structural similarity, got {size}")
    first = torch.arange(size - _WINDOW + 1, device=device)[:, None]
    distance = torch.arange(size, device=device) - first - _WINDOW // 2
    weights = torch.exp(-(distance.double() ** 2) / (2 * _DEVIATION**2)) * (distance.abs() <= _WINDOW // 2)
    return weights / weights.sum(dim=1, keepdim=True)


def _vector(first: Tensor | int, *rest: Tensor) -> Tensor:
    head = first if isinstance(first, Tensor) else torch.full((), first, device=rest[0].device)
    return torch.stack([value.detach().double() for value in (head, *rest)])
