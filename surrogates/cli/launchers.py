"""Options that start work on other machines, by Ray or by Slurm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from benchmarks.training.campaign import Launcher

__all__ = ["GpusPerWorker", "RayAddress", "SlurmParameters", "launcher_of"]

RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="auto|ADDRESS",
        help="Work on a cluster of Ray: the one that this machine is part of, or HOST:PORT.",
        show_default=False,
    ),
]
GpusPerWorker = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        help="Share of a GPU of each worker, with --ray. Default: 1 if the cluster has GPUs and --device is not cpu.",
        show_default=False,
    ),
]
SlurmParameters = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        help="Work as jobs of Slurm with this parameter, such as partition=gpu or timeout_min=60; repeatable.",
        show_default=False,
    ),
]


def launcher_of(
    ray: str | None, gpus: float | None, slurm: Sequence[str], folder: Path, device: str, threads: int
) -> Launcher | None:
    """The launcher that the options ask for; None for workers on this machine.

    Raises:
        typer.BadParameter: If options exclude each other, or a parameter has another form.
        UnknownNameError: If Slurm has no such parameter.
        ValueError: If the share of a GPU makes no sense.

    Example:
        >>> launcher_of("auto", 0.5, [], Path("runs"), "auto", 1).gpus
        0.5
    """
    if ray is not None and slurm:
        raise typer.BadParameter("expected one of --ray and --slurm, got both")
    if gpus is not None and ray is None:
        raise typer.BadParameter("expected --ray with --gpus-per-worker, got none")
    from benchmarks.training.campaign import RayLauncher, SlurmLauncher

    if ray is not None:
        return RayLauncher(ray, 0.0 if gpus is None and device == "cpu" else gpus, threads)
    if slurm:
        parameters = {"cpus_per_task": threads, **dict(map(_parameter, slurm))}
        return SlurmLauncher(folder / "slurm", parameters)
    return None


def _parameter(text: str) -> tuple[str, Any]:
    """Name and value of a parameter; numbers are numbers.

    Example:
        >>> _parameter("timeout_min=60"), _parameter("partition=gpu")
        (('timeout_min', 60), ('partition', 'gpu'))
    """
    name, given, value = text.partition("=")
    if not given or not name.strip():
        raise typer.BadParameter(f"expected NAME=VALUE, got {text!r:.200}", param_hint="--slurm")
    try:
        number = json.loads(value)
    except ValueError:
        return name.strip(), value
    return name.strip(), number if isinstance(number, (int, float)) else value
