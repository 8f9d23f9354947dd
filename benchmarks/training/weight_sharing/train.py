"""A training in a folder: others are refused, an interrupted one is resumed, a finished one is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import nn

from benchmarks.errors import ArtefactError
from benchmarks.files import write_beside
from benchmarks.training.fitting import fit_module, forget_checkpoint, free_memory
from benchmarks.training.recipe import VERSION
from benchmarks.training.run import TrainingFailed
from benchmarks.training.task_module import TaskModule, channels_last
from benchmarks.training.weight_sharing.folder import NetworkFolder, TrainingFolder

__all__ = ["load_network", "train_network", "train_once"]

_M = TypeVar("_M", bound=TaskModule)
_N = TypeVar("_N", bound=nn.Module)
_R = TypeVar("_R")


def train_once(
    folder: TrainingFolder | None,
    identity: Mapping[str, Any],
    make: Callable[[], _M],
    keep: Callable[[_M], _R],
    load: Callable[[Path], _R],
    name: Callable[[_M], str],
    progress: bool,
    options: Mapping[str, Any],
) -> _R:
    """Train a module in a folder, resume it, or load its result if it is finished.

    Args:
        folder: The folder; None = nothing is stored.
        identity: What the training is of.
        make: Makes the module; not called if the training is finished.
        keep: Makes the result of the trained module, and stores it if there is a folder.
        load: Reads the result of a finished training from the folder.
        name: What is trained, for messages.
        progress: Whether to show a progress bar.
        options: Options of `lightning.Trainer`.

    Raises:
        TrainingFailed: If the training ended before the recipe's last epoch.
        ArtefactError: If the folder holds another training.
    """
    if folder is not None and folder.is_claimed:
        folder.claim(identity)
        if folder.is_finished:
            return load(folder.path)
    module = make()
    if folder is not None:  # a call that fails above leaves no folder
        folder.claim(identity)
    fit_module(module, None if folder is None else folder.path, progress, options)
    if module.epochs_done < module.recipe.epochs:
        raise TrainingFailed(
            f"{name(module)} was stopped after {module.epochs_done} of {module.recipe.epochs} epochs; "
            f"{'it was not stored, as it has no folder' if folder is None else 'the same call resumes it'}"
        )
    result = keep(module)
    if folder is not None:
        forget_checkpoint(folder.path)
    module.release()
    free_memory()
    return result


def train_network(
    folder: NetworkFolder | None,
    identity: Mapping[str, Any],
    make: Callable[[], TaskModule],
    load: Callable[[Path], _N],
    progress: bool,
    options: Mapping[str, Any],
) -> _N:
    """Train a module's network in a folder, resume it, or load it if it is finished.

    Args:
        folder: The folder; None = nothing is stored.
        identity: What the training is of; the version is added.
        make: Makes the module; not called if the training is finished.
        load: Loads the network of a finished training.
        progress: Whether to show a progress bar.
        options: Options of `lightning.Trainer`.

    Returns:
        The trained network, on the CPU and in evaluation mode.

    Raises:
        TrainingFailed, ArtefactError: As in `train_once`.
    """

    def keep(module: TaskModule) -> _N:
        network = cast("_N", module.network.cpu().eval())
        if folder is not None:
            with write_beside(folder.weights) as beside:
                torch.save(network.state_dict(), beside)
            folder.finish(module.metrics)
        return network

    def name(module: TaskModule) -> str:
        return f"the training of {module.subject} on {module.recipe.task}"

    return train_once(folder, {"version": VERSION, **identity}, make, keep, load, name, progress, options)


def load_network(folder: NetworkFolder, make: Callable[[Mapping[str, Any]], _N]) -> _N:
    """Load the network of a finished training.

    Args:
        folder: Its folder.
        make: Makes the network from the description of the training (`NetworkFolder.about`). It is called without
            memory for weights (torch's device "meta"), which would be initialised only to be overwritten.

    Returns:
        The network, on the CPU and in evaluation mode.

    Raises:
        ArtefactError: If there is none, its description or weights are damaged, or its training is not finished.
    """
    about = folder.about()
    with torch.device("meta"):
        network = make(about)
    network = network.to_empty(device="cpu")
    assert {name for name, _ in network.named_buffers()} <= set(network.state_dict()), "a buffer is not stored"
    try:
        network.load_state_dict(torch.load(folder.weights, map_location="cpu", weights_only=True))
    except Exception as error:
        raise ArtefactError(
            f"{str(folder.weights)!r} is damaged ({error}); delete the folder and train again"
        ) from error
    channels_last(network)
    return network.eval()
