"""Logits of every exit of a choice of a trained network, with norms recalibrated for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from benchmarks.training.data.images import ImageSource
from benchmarks.training.data.targets import Preparation, images_per_split
from benchmarks.training.dynamic.choices import StageChoice
from benchmarks.training.dynamic.exits import ExitLogits, fit_temperatures
from benchmarks.training.dynamic.measurement import ExitMeasurement
from benchmarks.training.dynamic.network import MultiStageNetwork
from benchmarks.training.weight_sharing.scoring import RECALIBRATION_BATCHES, prepared_batches
from benchmarks.training.weight_sharing.statistics import LEAST_IMAGES, recalibrate

__all__ = ["ExitScorer"]

_KEPT_BYTES = 2**30  # of prepared images; those of larger splits are prepared for each choice again


class ExitScorer:
    """Scores choices of a trained multi-stage network, all on the same prepared images and puzzles.

    Running statistics are recalibrated for each choice on the first training images, not augmented, so for each split
    and each side of the images.

    Args:
        network: Trained network.
        sources: ``"train"`` and ``"valid"`` images, as many as the recipe says, and all ``"test"`` images for curves of
            them, if there are any.
        batch_size: Images per batch.

    Raises:
        ValueError: If images do not match the network's recipe.

    Example:
        >>> from dataclasses import replace
        >>> from benchmarks.training import ImageSet, get_recipe
        >>> small = {"base_channels": 4, "input_size": 16, "n_train": 4, "n_valid": 4, "n_test": None}
        >>> images = ImageSet(
        ...     {"rgb": torch.zeros(4, 3, 16, 16, dtype=torch.uint8), "class_scene": torch.full((4, 47), 1 / 47)}
        ... )
        >>> network = MultiStageNetwork("64-41414-3_01_003", replace(get_recipe("class_scene", "mini"), **small))
        >>> found = ExitScorer(network, {"train": images, "valid": images}).measure("1:1-1:1-1:1-1:1-1:1")
        >>> found.valid.logits.shape, found.valid_curve().multiply_adds.shape
        ((2, 4, 47), (41,))
    """

    def __init__(self, network: MultiStageNetwork, sources: Mapping[str, ImageSource], batch_size: int = 64) -> None:
        self.network, self._size = network, batch_size
        recipe = network.recipe
        self._sources, self._counts = sources, images_per_split(sources, replace(recipe, n_test=None))
        self._counts["train"] = min(self._counts["train"], RECALIBRATION_BATCHES * batch_size)
        self._prepare = Preparation(recipe, sources["train"])
        image = 3 * recipe.input_size**2 * torch.finfo(torch.float32).bits // 8
        self._prepared: dict[str, list[tuple[Tensor, Tensor]]] = {}
        left = _KEPT_BYTES
        for split, count in self._counts.items():
            if (needed := count * image) <= left:
                self._prepared[split], left = list(self._prepare_batches(split)), left - needed

    def calibrated(self, choice: str | StageChoice) -> MultiStageNetwork:
        """A network of its own with this choice, in evaluation mode, whose norms fit the choice.

        Raises:
            ValueError: If the choice does not fit the network.
        """
        found = self.network.extract(choice).eval()
        recalibrate(found, (inputs for inputs, _ in self._batches("train") if len(inputs) >= LEAST_IMAGES))
        return found

    @torch.no_grad()
    def measure(self, choice: str | StageChoice) -> ExitMeasurement:
        """Logits, costs and temperatures of a choice.

        Raises:
            ValueError: If the choice does not fit the network.
        """
        network = self.calibrated(choice)
        valid = self._logits(network, "valid")
        test = self._logits(network, "test") if "test" in self._counts else None
        return ExitMeasurement(str(choice), network.plan().multiply_adds(), valid, test, fit_temperatures(valid))

    def _logits(self, network: MultiStageNetwork, split: str) -> ExitLogits:
        found, targets = [], []
        for inputs, own in self._batches(split):
            found.append(torch.stack(network(inputs)))
            targets.append(own)
        return ExitLogits(torch.cat(found, dim=1).double().cpu().numpy(), torch.cat(targets).cpu().numpy())

    def _batches(self, split: str) -> Iterable[tuple[Tensor, Tensor]]:
        """Prepared inputs and targets, the same ones every time."""
        return self._prepared[split] if split in self._prepared else self._prepare_batches(split)

    def _prepare_batches(self, split: str) -> Iterator[tuple[Tensor, Tensor]]:
        device = next(self.network.parameters()).device
        return prepared_batches(self._sources[split], self._prepare, self._size, self._counts[split], device)
