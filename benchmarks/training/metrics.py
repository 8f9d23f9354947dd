"""The metrics of each task, from sums that add up over batches and devices.

A score turns a batch into a vector of sums on the batch's device (nothing waits for the GPU), vectors are added over
the epoch, and `metrics` reads the totals once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from benchmarks.errors import choice
from benchmarks.training.data.targets import UNLABELLED

__all__ = ["Score", "get_score", "ssim"]


class Score(Protocol):
    """How a task is scored."""

    def sums(self, outputs: Tensor, targets: Tensor, loss: Tensor) -> Tensor:
        """Sums of one batch, float64, of shape (k,); `loss` is the batch's mean loss."""
        ...

    def metrics(self, totals: Tensor) -> dict[str, float]:
        """Metric -> value, by the published names and units, of added sums of shape (k,)."""
        ...


def get_score(task: str, num_classes: int) -> Score:
    """The score of a task.

    Example:
        >>> score = get_score("jigsaw", num_classes=10)
        >>> outputs = torch.eye(10)[:4]
        >>> score.metrics(score.sums(outputs, torch.tensor([0, 1, 2, 9]), torch.tensor(1.5)))
        {'top1': 75.0, 'top5': 75.0, 'loss': 1.5}
    """
    makers: dict[str, Callable[[], Score]] = {
        "class_scene": _Classes,
        "class_object": _Classes,
        "jigsaw": _Classes,
        "room_layout": _Numbers,
        "segmentsemantic": lambda: _Pixels(num_classes),
        "normal": _Images,
        "autoencoder": _Images,
    }
    return makers[choice(task, makers, "task")]()


def ssim(outputs: Tensor, targets: Tensor) -> Tensor:
    """Structural similarity of images in [-1, 1] of shape (B, 3, S, S), one number an image, of shape (B,).

    Gaussian window of 11 pixels and deviation 1.5, constants 0.01 and 0.03 (Wang et al., IEEE TIP 2004, section III B),
    averaged over colours and pixels; images are mirrored at their edges.
    """
    a, b = (outputs.float() + 1) / 2, (targets + 1) / 2
    blur = _gaussian_rows(outputs.shape[-1], outputs.device)  # two small matrix products beat a convolution
    mean_a, mean_b, squares, product = (blur @ part @ blur.T for part in (a, b, a * a + b * b, a * b))
    means, mean_squares = mean_a * mean_b, mean_a**2 + mean_b**2
    c1, c2 = 0.01**2, 0.03**2
    similarity = (2 * means + c1) * (2 * (product - means) + c2)
    similarity /= (mean_squares + c1) * (squares - mean_squares + c2)
    return similarity.mean(dim=(1, 2, 3))


class _Classes:
    """top1, top5 (%) and loss; the right class of soft labels is the likeliest one."""

    def sums(self, outputs: Tensor, targets: Tensor, loss: Tensor) -> Tensor:
        right = targets.argmax(dim=1) if targets.ndim == 2 else targets  # (B,)
        best = outputs.topk(min(5, outputs.shape[1]), dim=1).indices  # (B, 5)
        hits = best == right[:, None]
        return _vector(len(outputs), hits[:, 0].sum(), hits.sum(), loss * len(outputs))

    def metrics(self, totals: Tensor) -> dict[str, float]:
        n, top1, top5, loss = totals.tolist()
        return {"top1": 100 * top1 / n, "top5": 100 * top5 / n, "loss": loss / n}


class _Numbers:
    """loss and minus the loss."""

    def sums(self, outputs: Tensor, targets: Tensor, loss: Tensor) -> Tensor:
        return _vector(len(outputs), loss * len(outputs))

    def metrics(self, totals: Tensor) -> dict[str, float]:
        n, loss = totals.tolist()
        return {"loss": loss / n, "neg_loss": -loss / n}


class _Pixels:
    """acc, mIoU (%) and loss over labelled pixels; mIoU is the mean over classes that occur in labels or answers."""

    def __init__(self, classes: int) -> None:
        self.classes = classes

    def sums(self, outputs: Tensor, targets: Tensor, loss: Tensor) -> Tensor:
        cells = targets * self.classes + outputs.max(dim=1).indices  # unlabelled pixels are negative
        cells = torch.where(targets == UNLABELLED, self.classes**2, cells)
        confusion = torch.zeros(self.classes**2 + 1, dtype=torch.float64, device=outputs.device)
        confusion.scatter_add_(0, cells.flatten(), torch.ones_like(cells, dtype=torch.float64).flatten())
        labelled = confusion[:-1].sum()
        return torch.cat([_vector(labelled, loss * labelled), confusion[:-1]])

    def metrics(self, totals: Tensor) -> dict[str, float]:
        n, loss = (float(value) for value in totals[:2])
        confusion = totals[2:].view(self.classes, self.classes).cpu()  # rows = labels, columns = answers
        right = confusion.diagonal()
        union = confusion.sum(dim=0) + confusion.sum(dim=1) - right
        shares = right[union > 0] / union[union > 0]
        n = max(n, 1.0)
        return {"acc": 100 * float(right.sum()) / n, "mIoU": 100 * float(shares.mean()), "loss": loss / n}


class _Images:
    """ssim and l1_loss."""

    def sums(self, outputs: Tensor, targets: Tensor, loss: Tensor) -> Tensor:
        return _vector(len(outputs), ssim(outputs, targets).sum(), loss * len(outputs))

    def metrics(self, totals: Tensor) -> dict[str, float]:
        n, similarity, loss = totals.tolist()
        return {"ssim": similarity / n, "l1_loss": loss / n}


def _gaussian_rows(size: int, device: torch.device) -> Tensor:
    """The window around each pixel of an axis, mirrored at both ends, of shape (size, size); rows sum to 1."""
    here = torch.arange(size, device=device)[:, None]
    there = torch.arange(size, device=device)
    weights = _window(here - there)
    weights += _window(here + there) * (there > 0)
    weights += _window(here + there - 2 * (size - 1)) * (there < size - 1)
    return weights / weights.sum(dim=1, keepdim=True)


def _window(distance: Tensor) -> Tensor:
    return torch.exp(-(distance**2) / (2 * 1.5**2)) * (distance.abs() <= 5)


def _vector(first: Tensor | int, *rest: Tensor) -> Tensor:
    head = first if isinstance(first, Tensor) else torch.full((), first, device=rest[0].device)
    return torch.stack([value.detach().double() for value in (head, *rest)])
