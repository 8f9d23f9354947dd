"""Devices of a training: names are checked before any work; settings of a process that only trains."""

from __future__ import annotations

import ctypes
import re
from typing import Any

from benchmarks.errors import did_you_mean
from benchmarks.forks import is_forked
from benchmarks.optional import needs_extra

__all__ = ["device_options", "torch_device", "training_process"]

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # of glibc's mallopt


def device_options(device: str) -> dict[str, Any]:
    """Options of `lightning.Trainer` for a device of this machine.

    Args:
        device: ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"`` (the first GPU) or ``"cuda:1"`` (the second).

    Raises:
        ValueError: If there is no such device; lists the available ones.
        MissingExtraError: If torch is not installed.

    Example:
        >>> device_options("cpu")
        {'accelerator': 'cpu', 'devices': 1}
        >>> device_options("cpu:1")
        Traceback (most recent call last):
        ...
        ValueError: expected auto, cpu, cuda or cuda:N as the device, where torch finds ...; got 'cpu:1'...
    """
    with needs_extra("Training", "training", "torch"):
        import torch
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    numbered = re.fullmatch(r"cuda:([0-9]+)", device)
    if device == "cpu" or (device == "auto" and not gpus):  # scores need float64, which Apple's GPUs lack
        return {"accelerator": "cpu", "devices": 1}
    if device in ("auto", "cuda") and gpus:
        return {"accelerator": "cuda", "devices": 1}
    if numbered and int(numbered[1]) < gpus:
        return {"accelerator": "cuda", "devices": [int(numbered[1])]}
    found = {0: "no GPU", 1: "1 GPU (cuda:0)"}.get(gpus, f"{gpus} GPUs (cuda:0 to cuda:{gpus - 1})")
    known = device == "cuda" or numbered is not None
    hint = "" if known else did_you_mean(device, ("auto", "cpu", "cuda")).rstrip(".")
    raise ValueError(
        f"expected auto, cpu, cuda or cuda:N as the device, where torch finds {found}; got {device!r}{hint}"
    )


def torch_device(device: str) -> str:
    """Torch's name of a device of this machine, e.g. ``"cuda:0"``; arguments and errors as in `device_options`.

    Example:
        >>> torch_device("cpu")
        'cpu'
    """
    options = device_options(device)
    if options["accelerator"] == "cpu":
        return "cpu"
    numbers = options["devices"]
    return f"cuda:{numbers[0] if isinstance(numbers, list) else 0}"


def training_process(threads: int) -> None:
    """Tune this process for training on the CPU.

    With glibc, freed memory is then kept for the next tensors. Otherwise most of a tensor's memory is requested from
    the system, and cleared by it, in every layer of every step; `perf/training.py` measures the cost.

    Args:
        threads: Number of threads of torch; one in a child made by ``fork``, which could not start others.

    Example:
        >>> import torch
        >>> before = torch.get_num_threads()
        >>> training_process(before)
    """
    import torch

    torch.set_num_threads(1 if is_forked() else threads)
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # no glibc
        return
    for option, value in ((_TRIM_THRESHOLD, -1), (_TOP_PAD, 2**26), (_MMAP_MAX, 0)):
        mallopt(option, value)
