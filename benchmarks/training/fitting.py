"""The Lightning trainer around a `TaskModule`: checkpoints, resuming, memory."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, Checkpoint

from benchmarks.errors import ArtefactError
from benchmarks.files import write_beside
from benchmarks.training.lightning_session import quiet, sigint_restored
from benchmarks.training.task_module import TaskModule

__all__ = ["fit_module", "forget_checkpoint", "free_memory", "out_of_memory"]

_CHECKPOINT = "last.ckpt"


def fit_module(
    module: TaskModule, checkpoint_dir: str | Path | None, progress: bool, options: Mapping[str, Any]
) -> torch.device:
    """Train a module for the epochs of its recipe, and return the device.

    Args:
        module: The module; its `metrics` hold the results.
        checkpoint_dir: Folder for the state after each epoch, from which an interrupted training resumes; once the
            results are stored, `forget_checkpoint` removes it.
        progress: Whether to show a progress bar.
        options: Options of `lightning.Trainer`.

    Raises:
        TrainingFailed: If the loss is not finite.
        ArtefactError: If the checkpoint belongs to another training or is damaged.
    """
    options = dict(options)
    checkpoint = None if checkpoint_dir is None else Path(checkpoint_dir) / _CHECKPOINT
    if checkpoint is not None:
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        given = options.get("callbacks") or []
        options["callbacks"] = [*([given] if isinstance(given, Callback) else given), _KeepLast(checkpoint)]
    with quiet(), sigint_restored():
        trainer = lightning.Trainer(
            **{
                "max_epochs": module.recipe.epochs,
                "precision": module.recipe.precision,
                "logger": False,
                "enable_checkpointing": checkpoint is not None,
                "enable_progress_bar": progress,
                "enable_model_summary": False,
                "num_sanity_val_steps": 0,
                "reload_dataloaders_every_n_epochs": 1,
                "use_distributed_sampler": False,
                **options,
            }
        )
        resume = str(checkpoint) if checkpoint is not None and checkpoint.exists() else None
        if resume is not None:
            _check_readable(resume)
        safe: dict[str, Any] = (
            {"weights_only": True} if "weights_only" in inspect.signature(trainer.fit).parameters else {}
        )
        try:
            trainer.fit(module, ckpt_path=resume, **safe)
        except SystemExit:  # raised by Lightning on Ctrl-C
            raise KeyboardInterrupt from None
    return trainer.strategy.root_device


def forget_checkpoint(checkpoint_dir: str | Path) -> None:
    """Remove the state of a training from its folder, if there is one."""
    (Path(checkpoint_dir) / _CHECKPOINT).unlink(missing_ok=True)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error of the GPU, torch or Python means out of memory."""
    return isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error)


def free_memory() -> None:
    """Collect the cycles of Lightning's objects, which keep tensors of the GPU alive, and return what they held."""
    if torch.cuda.is_available():
        gc.collect()
        torch.cuda.empty_cache()


class _KeepLast(Checkpoint):
    """Writes the state after every epoch, atomically."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if not trainer.is_last_batch:  # stopped within the epoch, which is trained again from its beginning
            return
        if trainer.is_global_zero:
            with write_beside(self.path) as beside:
                trainer.save_checkpoint(beside)
        else:  # a barrier on all devices; the first one writes
            trainer.save_checkpoint(self.path)


def _check_readable(checkpoint: str) -> None:
    """Raise `ArtefactError` if a file is not a checkpoint; torch's own errors do not name the file."""
    try:
        torch.load(checkpoint, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ArtefactError(f"{checkpoint!r} is damaged ({error}); delete it to restart the training") from error
