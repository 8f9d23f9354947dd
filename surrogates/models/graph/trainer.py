"""Training of graph networks with the Lightning Trainer: any device, checkpoints, resuming after an interruption."""

from __future__ import annotations

import hashlib
import inspect
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger

from benchmarks import __version__
from benchmarks.errors import choice
from benchmarks.files import write_beside
from benchmarks.run_directory import RunDirectory
from benchmarks.training.lightning_session import quiet, sigint_restored
from encoders.node_features import SCHEMA
from surrogates.models.graph.datasets import TaskDataset
from surrogates.models.graph.net import MemberNet
from surrogates.models.graph.training import STEPS_PER_EPOCH, GraphTraining, Schedule

__all__ = ["train"]

_CHECKPOINT = "last.ckpt"
_SIDECAR = "fit.json"


def train(
    net: MemberNet,
    datasets: list[TaskDataset],
    schedule: Schedule,
    *,
    checkpoint_dir: str | Path | None = None,
    log_dir: str | Path | None = None,
    logger: str = "csv",
    progress: bool = False,
) -> MemberNet:
    """Train a network in place, on an accelerator if there is one, and return it on the CPU.

    Args:
        net: The network.
        datasets: Training data.
        schedule: Hyperparameters of the training.
        checkpoint_dir: Folder for a checkpoint after every epoch. Training resumes from a checkpoint of the same
            training found there; the checkpoint is deleted when training is complete.
        log_dir: Folder for the logged losses; not logged if not given.
        logger: Format of the log: ``"csv"`` or ``"tensorboard"``.
        progress: Whether to show a progress bar.

    Raises:
        ArtefactError: If the checkpoint belongs to another training, node schema or version.
        ImportError: If TensorBoard is requested but not installed.
        UnknownNameError: If there is no such logger; the message names the nearest one.
        KeyboardInterrupt: If the user interrupts; the checkpoint of the last epoch is kept.
    """
    net.train()  # Lightning does not change the mode
    module = GraphTraining(net, datasets, schedule)
    resume = None if checkpoint_dir is None else _resume_from(Path(checkpoint_dir), _fingerprint(module))
    callbacks: list[Callback] = []
    if checkpoint_dir is not None:
        callbacks.append(
            ModelCheckpoint(
                str(checkpoint_dir), Path(_CHECKPOINT).stem, save_on_train_epoch_end=True, enable_version_counter=False
            )
        )
    if schedule.patience is not None:
        callbacks.append(EarlyStopping("held_out", patience=schedule.patience, check_on_train_epoch_end=True))
    with quiet(), sigint_restored():
        trainer = lightning.Trainer(
            max_epochs=schedule.epochs,
            accelerator="auto",
            devices=1,
            callbacks=callbacks,
            logger=False if log_dir is None else _logger(logger, str(log_dir)),
            log_every_n_steps=1,
            enable_checkpointing=checkpoint_dir is not None,
            enable_progress_bar=progress,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
        safe: dict[str, Any] = (
            {"weights_only": True} if "weights_only" in inspect.signature(trainer.fit).parameters else {}
        )
        try:
            trainer.fit(module, train_dataloaders=range(STEPS_PER_EPOCH), ckpt_path=resume, **safe)
        except SystemExit:  # raised by Lightning on Ctrl-C
            raise KeyboardInterrupt from None
    if module.best_weights:
        net.load_state_dict(module.best_weights)
    if checkpoint_dir is not None:
        for name in (_CHECKPOINT, _SIDECAR):
            Path(checkpoint_dir, name).unlink(missing_ok=True)
    net.cpu().eval()
    return net


def _logger(kind: str, folder: str) -> Logger:
    if choice(kind, ("csv", "tensorboard"), "logger") == "csv":
        return CSVLogger(folder)
    try:
        return TensorBoardLogger(folder)
    except ModuleNotFoundError as error:
        raise ImportError(
            "logger='tensorboard' needs 'tensorboard', which is not installed: pip install tensorboard"
        ) from error


def _fingerprint(module: GraphTraining) -> dict[str, Any]:
    """Identity of a training; a checkpoint with another one is rejected."""
    digest = hashlib.sha256(json.dumps(asdict(module.schedule)).encode())
    for dataset in module.datasets:
        digest.update(f"{dataset.space} {dataset.head}".encode())
        for part in (*dataset.graphs, dataset.rows, dataset.scores, dataset.seen):
            digest.update(part.numpy().tobytes())
    for parameter in module.net.parameters():
        digest.update(parameter.detach().numpy().tobytes())
    return {"node_schema": SCHEMA, "version": __version__, "training": digest.hexdigest()}


def _resume_from(directory: Path, mine: dict[str, Any]) -> str | None:
    """The checkpoint to resume from, if there is one; otherwise prepares the directory for this training."""
    run = RunDirectory(directory, "training", _SIDECAR, f"delete {_CHECKPOINT} in it or choose another checkpoint_dir")
    checkpoint = run.file(_CHECKPOINT)
    if checkpoint.exists():
        run.check(mine, None if run.description.exists() else {})
        return str(checkpoint)
    run.make()
    with write_beside(run.description) as beside:
        beside.write_text(json.dumps(mine))
    return None
