"""Train one architecture on one task: `train_architecture`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from benchmarks.costs import graph_costs
from benchmarks.decoders import TILES
from benchmarks.forks import one_thread_if_forked
from benchmarks.training.data.images import ImageSource
from benchmarks.training.device import device_options
from benchmarks.training.fitting import fit_module, forget_checkpoint, free_memory, out_of_memory
from benchmarks.training.module import GroundTruthModule
from benchmarks.training.networks.graph_network import GraphNetwork
from benchmarks.training.networks.task_network import TaskNetwork
from benchmarks.training.recipe import Recipe
from benchmarks.training.run import Run, TrainingFailed
from benchmarks.training.widths import PUBLISHED_WIDTH, scaled_base_channels, written_width

__all__ = ["Run", "TrainingFailed", "train_architecture"]

_LEAST_PART = 2  # images; batch norm needs more than one value per channel


@one_thread_if_forked()
def train_architecture(
    arch: str,
    task: str,
    recipe: Recipe,
    sources: Mapping[str, ImageSource],
    *,
    seed: int = 666,
    device: str = "auto",
    checkpoint_dir: str | Path | None = None,
    progress: bool = False,
    trainer_options: Mapping[str, Any] | None = None,
) -> Run:
    """Train an architecture on a task and return every metric of every epoch.

    Args:
        arch: Architecture string.
        task: Task name; must be the recipe's.
        recipe: Training settings.
        sources: Images by split: ``"train"``, ``"valid"`` and ``"test"``, which may be missing if the recipe's
            ``n_test`` is None.
        seed: Seed of weights, order of images and augmentation; reproducible on the same kind of device.
        device: ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"`` or ``"cuda:1"``; `device_options` checks it.
        checkpoint_dir: Folder for the state after each epoch. A training resumes from its own checkpoint, with the same
            result as without the interruption; when finished, it removes the checkpoint.
        progress: Whether to show a progress bar.
        trainer_options: More options of `lightning.Trainer`, e.g. ``{"devices": 4, "strategy":
            "ddp_find_unused_parameters_true"}``.

    Returns:
        Metrics, model facts and notes. If memory was insufficient, batches were split into parts, which a note records.

    Raises:
        ValueError: If the recipe is for another task, a source does not match it, or the device does not exist.
        ArchitectureError: If the string is not an architecture, or the recipe cannot scale its width.
        TrainingFailed: If the loss is not finite, or memory is insufficient for two images at a time.
        ArtefactError: If the checkpoint belongs to another training or is damaged.

    Example:
        >>> from dataclasses import replace
        >>> from benchmarks.training.data.images import ImageSet
        >>> from benchmarks.training.presets import get_recipe
        >>> tiny = replace(get_recipe("autoencoder", "mini"), epochs=1, n_train=4, n_valid=2, n_test=2, batch_size=2)
        >>> images = ImageSet({"rgb": torch.zeros(4, 3, tiny.input_size, tiny.input_size, dtype=torch.uint8)})
        >>> sources = {"train": images, "valid": images, "test": images}
        >>> run = train_architecture("64-41414-1_01_001", "autoencoder", tiny, sources, device="cpu")
        >>> run.epochs, len(run.metrics["valid_ssim"])
        (1, 1)
    """
    if task != recipe.task:
        raise ValueError(f"expected a recipe for {task!r}, got one for {recipe.task!r}")
    options = {**device_options(device), **(trainer_options or {})}
    notes = _width_notes(arch, recipe)
    accumulate = 1
    while True:
        module = GroundTruthModule(arch, recipe, sources, seed=seed, accumulate=accumulate)
        try:
            trained_on = fit_module(module, checkpoint_dir, progress, options)
            break
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            epoch = module.epochs_done + 1
            if recipe.batch_size // (2 * accumulate) < _LEAST_PART:
                raise TrainingFailed(
                    f"out of memory in epoch {epoch} of {arch} on {task}, even at {recipe.batch_size // accumulate} of "
                    f"the batch's {recipe.batch_size} images at a time"
                ) from error
            accumulate *= 2
        # Outside the handler, because its traceback keeps the tensors of the failed step alive.
        module.release()
        del module
        free_memory()
        notes.append(
            f"out of memory in epoch {epoch}: batches of {recipe.batch_size} split into parts of "
            f"{recipe.batch_size // accumulate}, gradients accumulated over {accumulate}"
        )
    if refused := module.refused:
        notes.append(f"steps could not be recorded as a CUDA graph ({refused}): each kernel was launched from Python")
    module.release()
    info = _model_facts(module.network.to(trained_on), recipe)  # Lightning has moved it to the CPU
    free_memory()
    if checkpoint_dir is not None and module.epochs_done >= recipe.epochs:
        forget_checkpoint(checkpoint_dir)
    return Run(arch, task, seed, dict(module.metrics), info, module.epochs_done, notes)


def _width_notes(arch: str, recipe: Recipe) -> list[str]:
    """A note if the architecture's width is not the published one and the recipe scales it."""
    width = written_width(arch)
    if recipe.base_channels is None or width in (None, PUBLISHED_WIDTH):
        return []
    channels = scaled_base_channels(arch, recipe.base_channels)
    return [f"width {width} was trained with {channels} base channels, as the recipe has {recipe.base_channels} for 64"]


def _model_facts(network: TaskNetwork, recipe: Recipe) -> dict[str, float]:
    """Model facts that the published file stores beside the metrics."""
    tiles = (TILES,) if recipe.task == "jigsaw" else ()
    image = torch.zeros(1, *tiles, 3, recipe.network_size, recipe.network_size)
    params = {name: sum(weights.numel() for weights in part.parameters()) for name, part in network.named_children()}
    encoder, decoder = (graph_costs(part.graph)[1] for part in network.children() if isinstance(part, GraphNetwork))
    return {
        "inference_time": _inference_time(network, image),
        "encoder_params": float(params["backbone"]),
        "model_params": float(sum(params.values())),
        "model_FLOPs": float(encoder + decoder),
        "encoder_FLOPs": float(encoder),
    }


@torch.inference_mode()
def _inference_time(network: TaskNetwork, image: torch.Tensor) -> float:
    """Seconds per image on the network's device, the median of several runs."""
    device = next(network.parameters()).device
    image = image.to(device)
    was_training = network.training
    network.eval()
    network(image)  # warm-up
    times = []
    for _ in range(5):
        start = time.perf_counter()
        network(image).sum().item()  # synchronises with the device
        times.append(time.perf_counter() - start)
    network.train(was_training)
    return statistics.median(times)
