"""Lightning module that trains the real network on a task, as for the published table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.training.data.images import ImageSource
from benchmarks.training.losses import discriminator_loss, generator_loss
from benchmarks.training.networks.discriminator import Discriminator
from benchmarks.training.networks.task_network import TaskNetwork, build_network
from benchmarks.training.recipe import Recipe
from benchmarks.training.task_module import TaskModule, channels_last, several

__all__ = ["GroundTruthModule"]


class GroundTruthModule(TaskModule):
    """An architecture with a task's decoder, images, loss, optimisers and metrics.

    It provides its own data loaders; after ``trainer.fit(module)`` its `metrics` hold one value per epoch under the
    published names. The trainer needs ``reload_dataloaders_every_n_epochs=1``, ``num_sanity_val_steps=0`` and, on
    several devices, ``strategy="ddp_find_unused_parameters_true"`` (dead operations have parameters too).

    Args:
        arch: Architecture string.
        recipe: Task and training settings.
        sources: Images by split: ``"train"``, ``"valid"``, ``"test"``. Test images may be missing if the recipe's
            ``n_test`` is None; there are then no metrics of them.
        seed: Seed of the weights, the order of images and the augmentation.
        accumulate: Number of parts into which a batch is split to save memory; their gradients are accumulated.

    Attributes:
        network: Backbone and decoder.
        discriminator: Discriminator of the adversarial loss, else None.
        metrics: ``{split}_{metric}`` and ``time_elapsed`` (seconds) -> one value per epoch.

    Raises:
        ValueError: If a split is missing, has fewer images than the recipe requires, or images of another size.

    Example:
        >>> from benchmarks.training.data.images import ImageSet
        >>> from benchmarks.training.presets import get_recipe
        >>> images = ImageSet({"rgb": torch.zeros(4096, 3, 64, 64, dtype=torch.uint8)})
        >>> sources = {"train": images, "valid": images, "test": images}
        >>> module = GroundTruthModule("64-41414-1_01_001", get_recipe("jigsaw", "mini"), sources)
        >>> module(torch.zeros(2, 9, 3, 16, 16)).shape
        torch.Size([2, 24])
    """

    network: TaskNetwork

    def __init__(
        self, arch: str, recipe: Recipe, sources: Mapping[str, ImageSource], *, seed: int = 666, accumulate: int = 1
    ) -> None:
        super().__init__(recipe, sources, seed=seed, accumulate=accumulate)
        self.arch = arch
        self.network = build_network(
            arch,
            recipe.task,
            recipe.num_classes,
            recipe.network_size,
            base_channels=recipe.base_channels,
            decoder_width=recipe.decoder_width,
            joint_tiles=recipe.joint_tiles,
            seed=seed,
        )
        channels_last(self.network)
        self.discriminator: Discriminator | None = None
        if recipe.loss == "l1_gan":
            self.discriminator = Discriminator(width=recipe.discriminator_width, seed=seed)

    @property
    def subject(self) -> str:
        """The architecture."""
        return self.arch

    def identity(self) -> dict[str, Any]:
        """Architecture, seed and recipe."""
        return {"arch": self.arch, "seed": self.seed, "recipe": self.recipe.to_dict()}

    def optimised(self) -> list[nn.Module]:
        """The network, and the discriminator if there is one."""
        return [part for part in (self.network, self.discriminator) if part is not None]

    def forward(self, images: Tensor) -> Tensor:
        """Logits, numbers or images, as returned by `TaskNetwork`."""
        outputs: Tensor = self.network(images)
        return outputs

    def step(self, parts: list[tuple[Tensor, Tensor]], n: int) -> Tensor:
        """A supervised step, or one against the discriminator if there is one."""
        return self._supervised_step(parts, n) if self.discriminator is None else self._adversarial_step(parts, n)

    def _supervised_step(self, parts: list[tuple[Tensor, Tensor]], n: int) -> Tensor:
        """Loss of the batch."""
        (optimiser,) = several(self.optimizers())
        optimiser.zero_grad()
        total = torch.zeros((), device=self.device)
        for inputs, targets in parts:
            outputs = self(inputs)
            loss = self.loss(outputs, targets)
            self.manual_backward(loss * (len(inputs) / n))
            self.add_scores("train", outputs, targets)
            total += loss.detach()
        self.clip(self.network)
        optimiser.step()
        return total

    def _adversarial_step(self, parts: list[tuple[Tensor, Tensor]], n: int) -> Tensor:
        """A step of the discriminator, then a step of the generator against the updated discriminator."""
        assert self.discriminator is not None
        for_generator, for_discriminator = several(self.optimizers())
        total = torch.zeros((), device=self.device)
        whole = self(parts[0][0]) if len(parts) == 1 else None  # parts are generated twice to save memory

        for_discriminator.zero_grad()
        self.discriminator.requires_grad_(True)
        for inputs, targets in parts:
            outputs = self._generated(inputs) if whole is None else whole.detach()
            fake = self.discriminator(torch.cat([inputs, outputs], dim=1))
            real = self.discriminator(torch.cat([inputs, targets], dim=1))
            loss = discriminator_loss(real, fake)
            self.manual_backward(loss * (len(inputs) / n))
            total += loss.detach()
        self.clip(self.discriminator)
        for_discriminator.step()

        for_generator.zero_grad()
        self.discriminator.requires_grad_(False)
        for inputs, targets in parts:
            outputs = self(inputs) if whole is None else whole
            judged = self.discriminator(torch.cat([inputs, outputs], dim=1))
            loss = generator_loss(outputs, targets, judged, self.recipe.adversarial_weight)
            self.manual_backward(loss * (len(inputs) / n))
            self.add_scores("train", outputs, targets)
            total += loss.detach()
        self.clip(self.network)
        for_generator.step()
        return total

    @torch.no_grad()
    def _generated(self, inputs: Tensor) -> Tensor:
        """Outputs of the network for a part of a batch, without updating its running statistics."""
        norms = [layer for layer in self.network.modules() if isinstance(layer, nn.BatchNorm2d)]
        for norm in norms:
            norm.track_running_stats = False
        outputs: Tensor = self(inputs)
        for norm in norms:
            norm.track_running_stats = True
        return outputs
