"""Scores of the paths of a trained supernet on validation images, and those of the best constant answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import get_args

import torch
from torch import Tensor

from benchmarks.errors import choice
from benchmarks.forks import cached_property
from benchmarks.training.data.images import ImageSource
from benchmarks.training.data.targets import Preparation, images_per_split
from benchmarks.training.metrics import get_score
from benchmarks.training.supernet.names import Statistics
from benchmarks.training.supernet.supernet import Supernet
from benchmarks.training.weight_sharing.scoring import RECALIBRATION_BATCHES, prepared_batches
from benchmarks.training.weight_sharing.statistics import LEAST_IMAGES, batch_statistics, recalibrate

__all__ = ["PathScorer"]

_CONSTANT_IMAGES = 512


class PathScorer:
    """Scores paths of a supernet, all on the same prepared images and puzzles.

    Args:
        supernet: Trained supernet.
        sources: ``"train"`` and ``"valid"`` images.
        statistics: Batch norm uses the statistics of each ``"batch"``, or running ones that are ``"recalibrated"`` for
            each path on training images, which takes longer.
        batch_size: Images per batch; a last one of a single image is left out.

    Raises:
        ValueError: If images do not match the supernet's recipe, or no batch has two images.
        UnknownNameError: If there are no such statistics.

    Example:
        >>> from dataclasses import replace
        >>> from benchmarks.training import ImageSet, get_recipe
        >>> small = {"base_channels": 2, "input_size": 16, "n_train": 4, "n_valid": 4, "n_test": None}
        >>> images = ImageSet({"rgb": torch.zeros(4, 3, 16, 16, dtype=torch.uint8), "room_layout": torch.ones(4, 9)})
        >>> supernet = Supernet("transnas101-micro", replace(get_recipe("room_layout", "mini"), **small))
        >>> scorer = PathScorer(supernet, {"train": images, "valid": images})
        >>> sorted(scorer.metrics("64-41414-3_01_003")), scorer.constant()["loss"]
        (['loss', 'neg_loss'], 0.0)
    """

    def __init__(
        self,
        supernet: Supernet,
        sources: Mapping[str, ImageSource],
        statistics: Statistics = "batch",
        batch_size: int = 64,
    ) -> None:
        choice(statistics, get_args(Statistics), "statistics")
        self.supernet, self.statistics, self._size = supernet, statistics, batch_size
        recipe = supernet.recipe
        self._sources, self._counts = sources, images_per_split(sources, recipe)
        self._prepare = Preparation(recipe, sources["train"])
        self._score = get_score(recipe.task, recipe.num_classes)
        self._valid = list(self._batches("valid", self._counts["valid"]))
        if not self._valid:
            raise ValueError(f"expected batches of at least {LEAST_IMAGES} images, got batch_size={batch_size}")

    @torch.no_grad()
    def metrics(self, arch: str) -> dict[str, float]:
        """Metrics of an architecture on the validation images, with the published names and units.

        Those of a dead cell, which has no weights to share, are those of the best constant answer.

        Raises:
            ArchitectureError: If the supernet has no such path (`Supernet.forward`).
        """
        return self._score.metrics(self._sums(arch).sum(dim=0))

    @torch.no_grad()
    def with_errors(self, arch: str) -> dict[str, tuple[float, float]]:
        """As `metrics`, each with its standard error.

        It is that of a mean over batches, weighted by their sizes; over images if there is a single batch.
        """
        single = len(self._valid) == 1
        sums = self._sums(arch, each_image=single)
        sizes = [1] * len(sums) if single else [len(inputs) for inputs, _ in self._valid]
        values = [self._score.metrics(own) for own in sums]
        return {
            name: (value, _standard_error([own[name] for own in values], sizes))
            for name, value in self._score.metrics(sums.sum(dim=0)).items()
        }

    @torch.no_grad()
    def constant(self) -> dict[str, float]:
        """Metrics of the best answer that is the same for all images: the least that a network should beat.

        What minimises the training loss at each position of the output: the mean, the median, or the shares of the
        classes, of up to 512 training images.
        """
        return self._score.metrics(self._sums_of_constant().sum(dim=0))

    def fingerprint(self) -> str:
        """SHA-256 of the prepared images and targets that scores are computed from."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for batches in (self._valid, self._batches("train", max(self._recalibration_images, self._constant_images))):
            for pair in batches:
                for values in pair:
                    digest.update(f"{values.dtype} {tuple(values.shape)}".encode())
                    digest.update(values.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    @property
    def _constant_images(self) -> int:
        return min(self._counts["train"], _CONSTANT_IMAGES)

    @property
    def _recalibration_images(self) -> int:
        wanted = RECALIBRATION_BATCHES * self._size if self.statistics == "recalibrated" else 0
        return min(self._counts["train"], wanted)

    def _sums(self, arch: str, each_image: bool = False) -> Tensor:
        """Sums of the score of each batch, or of each image, of shape (batches or images, k)."""
        self.supernet.layout.check(arch)
        if self.supernet.layout.is_dead(arch):
            return self._sums_of_constant(each_image)
        if self.statistics == "batch":
            network = self.supernet.network(arch)
            with batch_statistics(network):
                return self._sums_of((network(inputs) for inputs, _ in self._valid), each_image)
        network = self.supernet.extract(arch).eval()
        recalibrate(network, (inputs for inputs, _ in self._batches("train", self._recalibration_images)))
        return self._sums_of((network(inputs) for inputs, _ in self._valid), each_image)

    def _sums_of_constant(self, each_image: bool = False) -> Tensor:
        if self.supernet.recipe.contrast is not None:  # no view is more similar than another
            zeros = (torch.zeros(len(inputs), len(inputs), device=inputs.device) for inputs, _ in self._valid)
            return self._sums_of(zeros, each_image)
        targets = torch.cat([targets for _, targets in self._batches("train", self._constant_images)])
        answer = _best_constant(self.supernet.recipe.loss, targets, self.supernet.recipe.num_classes)
        return self._sums_of((answer.expand(len(inputs), *answer.shape) for inputs, _ in self._valid), each_image)

    def _sums_of(self, outputs: Iterator[Tensor], each_image: bool) -> Tensor:
        pairs = zip(outputs, self._valid, strict=True)
        return torch.stack(
            [
                self._score.sums(part, its_targets)
                for found, (_, targets) in pairs
                for part, its_targets in (
                    zip(found.unsqueeze(1), targets.unsqueeze(1), strict=True) if each_image else [(found, targets)]
                )
            ]
        )

    def _batches(self, split: str, n: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Prepared inputs and targets of the first n images, without a last one that has no statistics."""
        device = next(self.supernet.parameters()).device
        batches = prepared_batches(self._sources[split], self._prepare, self._size, n, device)
        return ((inputs, targets) for inputs, targets in batches if len(inputs) >= LEAST_IMAGES)


def _standard_error(values: list[float], sizes: list[int]) -> float:
    """Standard error of the mean of n values that are weighted by sizes."""
    found, share = torch.tensor(values, dtype=torch.float64), torch.tensor(sizes, dtype=torch.float64)
    share /= share.sum()
    deviations = share * (found - (share * found).sum())
    return float((deviations.square().sum() * len(values) / (len(values) - 1)).sqrt())


def _best_constant(loss: str, targets: Tensor, classes: int) -> Tensor:
    """Output of the smallest mean loss, of the shape of one output."""
    if loss.endswith("soft_cross_entropy"):
        return targets.mean(dim=0).clamp_min(1e-12).log()
    if loss.endswith("cross_entropy"):
        counts = torch.stack(
            [(targets == index).sum(dim=0) for index in range(classes)]
        )  # (classes,) or (classes, S, S)
        return ((counts + 1) / (len(targets) + classes)).log()
    return targets.mean(dim=0) if loss == "mean_squared_error" else targets.median(dim=0).values
