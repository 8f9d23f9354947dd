"""Probes: decoders of a task on the frozen shared weights of a supernet that was trained without its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from benchmarks.errors import shown
from benchmarks.forks import one_thread_if_forked
from benchmarks.training.data.images import ImageSource
from benchmarks.training.device import device_options
from benchmarks.training.recipe import CONTRAST, Recipe
from benchmarks.training.supernet.folder import SupernetFolder
from benchmarks.training.supernet.module import SupernetModule, check_loss, supernet_identity
from benchmarks.training.supernet.objectives import Supervised
from benchmarks.training.supernet.presets import supernet_recipe
from benchmarks.training.supernet.samplers import UniformSampler
from benchmarks.training.supernet.sharing import make_sharing
from benchmarks.training.supernet.supernet import Supernet
from benchmarks.training.supernet.train import load_supernet
from benchmarks.training.weight_sharing.images import Sources, kind_of_images, loaded_images
from benchmarks.training.weight_sharing.statistics import batch_statistics
from benchmarks.training.weight_sharing.train import train_network

__all__ = ["ProbeModule", "probe_recipe", "train_probe"]

_EPOCHS = 4


class ProbeModule(SupernetModule):
    """The decoder of a task, one for all paths, on the frozen parts of another supernet.

    Each batch has a random path, as in Pi-NAS (Peng et al., ICCV 2021: the linear classifier of its second stage).
    Batch norm of the parts uses the statistics of the batch and keeps its running ones. The rest is as in
    `SupernetModule`.

    Args:
        backbone: Supernet whose parts are copied.
        about: What tells the backbone from others, as plain values.
        recipe: Task and settings, with the base channels of the backbone.
        sources: Images by split.
        seed: Seed of the decoder, the paths, the order of images and the augmentation.

    Raises:
        ValueError: If the recipe has other base channels, or is refused by `SupernetModule`.
    """

    def __init__(
        self,
        backbone: Supernet,
        about: Mapping[str, Any],
        recipe: Recipe,
        sources: Mapping[str, ImageSource],
        *,
        seed: int = 0,
    ) -> None:
        super().__init__(backbone.space, recipe, sources, "uniform", "supervised", seed=seed, sharing=backbone.sharing)
        self._backbone = dict(about)
        self.network.parts.load_state_dict(backbone.parts.state_dict())
        self.network.parts.requires_grad_(False)

    def optimised(self) -> list[nn.Module]:
        """The decoder."""
        return [self.network.decoders]

    def identity(self) -> dict[str, Any]:
        """As in `SupernetModule`, and the backbone."""
        return {**super().identity(), "backbone": self._backbone}

    def step(self, parts: list[tuple[Tensor, Tensor]], n: int) -> Tensor:
        """A step of the decoder."""
        with batch_statistics(self.network.parts):
            return super().step(parts, n)


@one_thread_if_forked()
def train_probe(
    backbone: str | Path,
    task: str,
    preset: str | Recipe | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    *,
    sources: Sources | None = None,
    device: str = "auto",
    progress: bool = False,
    trainer_options: Mapping[str, Any] | None = None,
) -> Supernet:
    """Train a probe of a task on the frozen weights of a supernet; the result is a supernet of the task.

    Its folder is that of a supernet: `load_supernet`, `PathScorer` and `SupernetEstimates` take it as it is. Tasks of
    images have the decoder of their task, others a linear layer.

    Args:
        backbone: Folder of a finished supernet, e.g. one of the pretext task ``"contrast"``.
        task: One of the seven tasks.
        preset: Name of a preset, whose recipe is `probe_recipe`'s; or a recipe. None = `probe_recipe`'s, on images as
            the backbone had them.
        seed: Seed of the decoder, the paths, the order of images and the augmentation.
        folder: As in `train_supernet`.
        sources: Likewise.
        device: Likewise.
        progress: Likewise.
        trainer_options: Likewise.

    Returns:
        The supernet with the backbone's parts and the trained decoder, on the CPU and in evaluation mode.

    Raises:
        ValueError: If the recipe is for another task, the pretext task, or other base channels.
        UnknownNameError: If there is no such task or preset.
        TrainingFailed, ArtefactError: As in `train_supernet`; also if `backbone` holds no finished supernet.

    Example:
        >>> train_probe("/no/such/folder", "jigsaw")
        Traceback (most recent call last):
        ...
        benchmarks.errors.ArtefactError: expected a folder of `train_supernet`, got '/no/such/folder' without ...
    """
    found = SupernetFolder(backbone)
    about = found.about()
    trained_on = Recipe.from_dict(about["recipe"])
    recipe = preset if isinstance(preset, Recipe) else probe_recipe(task, preset, trained_on)
    if recipe.task == CONTRAST or task != recipe.task:
        raise ValueError(f"expected a recipe of one of the seven tasks for {shown(task)}, got one of {recipe.task!r}")
    if recipe.base_channels != trained_on.base_channels:
        raise ValueError(
            f"expected a recipe with the base channels of the backbone, {trained_on.base_channels}, got "
            f"{recipe.base_channels}"
        )
    check_loss(recipe)
    options = {**device_options(device), **(trainer_options or {})}
    of_backbone = {**about, "weights": found.fingerprint()}
    identity = supernet_identity(
        about["space"], recipe, UniformSampler(about["space"]), Supervised(), seed, make_sharing(about["sharing"])
    )
    return train_network(
        None if folder is None else SupernetFolder(folder),
        {**identity, "backbone": of_backbone, "images": kind_of_images(sources)},
        lambda: ProbeModule(load_supernet(backbone), of_backbone, recipe, loaded_images(sources, recipe), seed=seed),
        load_supernet,
        progress,
        options,
    )


def probe_recipe(task: str, preset: str | None, backbone: Recipe) -> Recipe:
    """The recipe of a probe: that of a supernet on the task with few epochs, as only a decoder is trained.

    Args:
        task: One of the seven tasks.
        preset: One of `list_presets`; None = ``"mini"`` with the size and number of images and the precision of the
            backbone. A preset of other sizes is taken as it is.
        backbone: Recipe of the backbone, whose base channels it gets.

    Raises:
        UnknownNameError: If there is no such task or preset; names the nearest one.

    Example:
        >>> backbone = replace(supernet_recipe("contrast"), input_size=128)
        >>> probe_recipe("normal", None, backbone).input_size, probe_recipe("normal", "mini", backbone).epochs
        (128, 4)
    """
    recipe = supernet_recipe(task, "mini" if preset is None else preset)
    images = ("input_size", "n_train", "n_valid", "n_test", "precision") if preset is None else ()
    as_there = {name: getattr(backbone, name) for name in images}
    epochs = min(recipe.epochs, _EPOCHS)
    return replace(recipe, **as_there, epochs=epochs, base_channels=backbone.base_channels)
