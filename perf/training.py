"""Trainings per hour of `train_architecture` and of a plain Lightning loop with a DataLoader on the same network.

python perf/training.py                     # one CPU thread, the mini recipe, about five minutes
python perf/training.py --device cuda       # one GPU
python perf/training.py --processes 4       # also several trainings side by side, one thread each
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchmetrics import Accuracy

from benchmarks.training.data.augment import adjust_brightness, adjust_contrast, adjust_hue, adjust_saturation
from benchmarks.training.data.images import ImageSet
from benchmarks.training.device import training_process
from benchmarks.training.losses import LOSSES
from benchmarks.training.networks.task_network import build_network
from benchmarks.training.optimisers import make_optimiser, make_schedule
from benchmarks.training.presets import get_recipe
from benchmarks.training.recipe import Recipe
from benchmarks.training.train import train_architecture

TASK = "class_scene"
ARCHS = ("64-41414-3_12_213", "64-41414-1_11_111", "64-2311-basic")


def make_images(recipe: Recipe) -> dict[str, ImageSet]:
    """Random images and labels; the content does not affect the time."""
    sources = {}
    for split in ("train", "valid", "test"):
        n = getattr(recipe, f"n_{split}")
        rgb = torch.randint(256, (n, 3, recipe.input_size, recipe.input_size), dtype=torch.uint8)
        sources[split] = ImageSet({"rgb": rgb, TASK: torch.softmax(torch.randn(n, recipe.num_classes), 1)})
    return sources


class PlainDataset(Dataset[tuple[Tensor, Tensor]]):
    """A standard Dataset: loads and augments one image at a time."""

    def __init__(self, images: ImageSet, recipe: Recipe, training: bool) -> None:
        self.images, self.recipe, self.training = images, recipe, training

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image = self.images.arrays["rgb"][index].float() / 255
        if self.training:
            change = self.recipe.augmentation
            if torch.rand(()) < change.flip:
                image = image.flip(-1)
            steps: list[tuple[Callable[[Tensor, Tensor], Tensor], float, float]] = [
                (adjust_brightness, 1.0, change.brightness),
                (adjust_contrast, 1.0, change.contrast),
                (adjust_saturation, 1.0, change.saturation),
                (adjust_hue, 0.0, change.hue),
            ]
            for adjust, centre, amount in steps:
                if amount:
                    image = adjust(image[None], centre + (2 * torch.rand(1) - 1) * amount)[0]
        mean, std = (torch.tensor(value).view(3, 1, 1) for value in (self.recipe.mean, self.recipe.std))
        return (image - mean) / std, self.images.arrays[TASK][index]


class PlainModule(lightning.LightningModule):
    """A standard LightningModule for the same training."""

    def __init__(self, arch: str, recipe: Recipe, steps: int) -> None:
        super().__init__()
        self.recipe, self.steps = recipe, steps
        self.network = build_network(
            arch, TASK, recipe.num_classes, recipe.input_size, base_channels=recipe.base_channels
        )
        names = ("train", "valid", "test")
        self.top1 = torch.nn.ModuleDict(
            {
                f"{name}_top{k}": Accuracy("multiclass", num_classes=recipe.num_classes, top_k=k)
                for name in names
                for k in (1, 5)
            }
        )

    def configure_optimizers(self) -> Any:
        """Optimiser and schedule of the recipe."""
        optimiser = make_optimiser(self.recipe.optimiser, self.network)
        schedule = make_schedule(self.recipe.optimiser, optimiser, self.steps)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _step(self, batch: tuple[Tensor, Tensor], split: str) -> Tensor:
        images, labels = batch
        outputs = self.network(images)
        loss = LOSSES[self.recipe.loss](outputs, labels)
        for k in (1, 5):
            metric = self.top1[f"{split}_top{k}"]
            metric(outputs, labels.argmax(1))
            self.log(f"{split}_top{k}", metric, on_epoch=True, on_step=False, add_dataloader_idx=False)
        self.log(f"{split}_loss", loss, on_epoch=True, on_step=False, add_dataloader_idx=False)
        return loss

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Loss of a batch."""
        return self._step(batch, "train")

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int, dataloader_idx: int = 0) -> None:
        """Log the metrics of a batch."""
        self._step(batch, ("valid", "test")[dataloader_idx])


def plain(arch: str, recipe: Recipe, sources: dict[str, ImageSet], device: str, workers: int) -> None:
    """Train with the standard module and a DataLoader."""
    loaders = [
        DataLoader(
            PlainDataset(sources[split], recipe, split == "train"),
            recipe.batch_size,
            shuffle=split == "train",
            drop_last=split == "train",
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=device != "cpu",
        )
        for split in ("train", "valid", "test")
    ]
    module = PlainModule(arch, recipe, recipe.epochs * len(loaders[0]))
    trainer = lightning.Trainer(
        max_epochs=recipe.epochs,
        accelerator={"cuda": "gpu"}.get(device, device),
        devices=1,
        precision=recipe.precision,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(module, loaders[0], loaders[1:])


def ours(arch: str, recipe: Recipe, sources: dict[str, ImageSet], device: str) -> None:
    """Train with `train_architecture`."""
    train_architecture(arch, TASK, recipe, sources, device=device)


def runs_per_hour(train: Callable[..., None], *args: Any) -> float:
    """Number of trainings per hour, over all architectures in `ARCHS`."""
    start = time.perf_counter()
    for arch in ARCHS:
        train(arch, *args)
    return 3600 * len(ARCHS) / (time.perf_counter() - start)


def one_of_many(recipe: Recipe, device: str) -> None:
    """Train all architectures in one process."""
    training_process(1)
    for arch in ARCHS:
        ours(arch, recipe, make_images(recipe), device)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    parser.add_argument("--preset", default="mini", help="recipe: paper, quick or mini (default: mini)")
    parser.add_argument("--precision", default="32-true", help="precision of Lightning (default: 32-true)")
    parser.add_argument("--processes", type=int, default=1, help="number of parallel trainings (default: 1)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    recipe = Recipe.from_dict({**get_recipe(TASK, options.preset).to_dict(), "precision": options.precision})
    sources = make_images(recipe)
    print(f"{TASK}, {options.preset} recipe, {options.device}, {os.cpu_count()} cores, torch {torch.__version__}")
    ours(ARCHS[0], Recipe.from_dict({**recipe.to_dict(), "epochs": 1}), sources, options.device)
    fast = runs_per_hour(ours, recipe, sources, options.device)
    print(f"train_architecture                     {fast:7.0f} runs/hour", flush=True)
    for workers in (0, 2):
        slow = runs_per_hour(plain, recipe, sources, options.device, workers)
        print(
            f"plain loop, DataLoader, {workers} workers      {slow:7.0f} runs/hour   {fast / slow:5.2f} x", flush=True
        )
    training_process(1)
    kept = runs_per_hour(ours, recipe, sources, options.device)
    print(f"train_architecture, as a worker        {kept:7.0f} runs/hour   {kept / fast:5.2f} x one before")
    n = options.processes
    if n > 1:
        context = multiprocessing.get_context("spawn")
        started = time.perf_counter()
        children = [
            context.Process(target=one_of_many, args=(recipe, options.device)) for _ in range(options.processes)
        ]
        for child in children:
            child.start()
        for child in children:
            child.join()
        many = 3600 * options.processes * len(ARCHS) / (time.perf_counter() - started)
        print(
            f"train_architecture, {options.processes} processes        {many:7.0f} runs/hour   {many / fast:5.2f} x one"
        )
