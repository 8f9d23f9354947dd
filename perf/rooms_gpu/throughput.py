"""Runs per GPU hour: a plain Lightning loop, ours launched kernel by kernel, recorded, and several processes on a card.

    python perf/rooms_gpu/throughput.py --device cuda --out table.json
    python perf/rooms_gpu/throughput.py --device cpu --small           # does it work at all

A run is `quick` on class_scene for one architecture, all epochs and scores; images are noise, which takes as long.
Ratios are to the faster plain loop. Processes are started and warmed up before the clock runs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from training import TASK, make_images, ours, plain

from benchmarks.training import Recipe, get_recipe
from benchmarks.training import task_module as module_file
from benchmarks.training.device import training_process

ARCH = "64-41414-3_12_213"
PROCESSES = (2, 4, 8, 16)


def recipe_of(small: bool) -> Recipe:
    """`quick`, or a tiny share of it."""
    quick = get_recipe(TASK, "quick")
    return replace(quick, n_train=512, n_valid=128, n_test=128, epochs=1, base_channels=8) if small else quick


def per_hour(runs: int, seconds: float) -> float:
    """Runs per hour."""
    return 3600 * runs / seconds


def alone(kind: str, recipe: Recipe, device: str, loaders: int = 0) -> float:
    """One process, one training at a time."""
    sources = make_images(recipe)
    short = replace(recipe, n_train=4 * recipe.batch_size, epochs=1)
    real = module_file.cuda_recorder

    def train(asked: Recipe) -> None:
        if kind == "plain":
            plain(ARCH, asked, sources, device, loaders)
        else:
            ours(ARCH, asked, sources, device)

    if kind != "plain":  # as a campaign keeps them
        sources = {split: images.to(device) for split, images in sources.items()}
    if kind == "eager":
        module_file.cuda_recorder = lambda *_: None
    try:
        train(short)
        start = time.perf_counter()
        train(recipe)
        return per_hour(1, time.perf_counter() - start)
    finally:
        module_file.cuda_recorder = real


def _work(recipe: Recipe, device: str, ready: Any, go: Any, runs: int) -> None:
    training_process(1)
    sources = {split: images.to(device) for split, images in make_images(recipe).items()}
    ours(ARCH, replace(recipe, n_train=4 * recipe.batch_size, epochs=1), sources, device)
    ready.release()
    go.wait()
    for _ in range(runs):
        ours(ARCH, recipe, sources, device)


def together(n: int, recipe: Recipe, device: str, runs: int = 1) -> float:
    """Several processes, each with so many trainings."""
    context = multiprocessing.get_context("spawn")
    ready, go = context.Semaphore(0), context.Event()
    workers = [context.Process(target=_work, args=(recipe, device, ready, go, runs)) for _ in range(n)]
    for worker in workers:
        worker.start()
    for _ in workers:
        if not ready.acquire(timeout=120):
            raise RuntimeError(f"{n} processes did not start in two minutes")
    start = time.perf_counter()
    go.set()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError(f"exit codes {[worker.exitcode for worker in workers]}")
    return per_hour(n * runs, time.perf_counter() - start)


@contextlib.contextmanager
def shared_context() -> Iterator[bool]:
    """NVIDIA's multi-process service for the processes of the block, if there is one: their kernels then overlap."""
    with tempfile.TemporaryDirectory() as folder:
        places = {"CUDA_MPS_PIPE_DIRECTORY": folder, "CUDA_MPS_LOG_DIRECTORY": folder}
        environment = {**os.environ, **places}
        try:
            subprocess.run(
                ["nvidia-cuda-mps-control", "-d"], env=environment, check=True, capture_output=True, timeout=20
            )
        except (OSError, subprocess.SubprocessError):
            yield False
            return
        os.environ.update(places)
        try:
            yield True
        finally:
            for name in places:
                os.environ.pop(name, None)
            subprocess.run(
                ["nvidia-cuda-mps-control"],
                input=b"quit\n",
                env=environment,
                check=False,
                capture_output=True,
                timeout=30,
            )


def main() -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--seconds", type=float, default=150, help="begin no row after so many")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    recipe, began = recipe_of(options.small), time.monotonic()
    card = torch.cuda.get_device_name() if options.device != "cpu" else "CPU"
    print(f"{TASK}, quick recipe{' (small)' if options.small else ''}, {card}, torch {torch.__version__}")
    rows: list[dict[str, Any]] = []

    def row(name: str, workers: int, measure: Any) -> None:
        if time.monotonic() - began > options.seconds:
            return
        try:
            found = measure()
        except Exception as error:
            print(f"{name:42s} failed: {' '.join(str(error).split())[:200]}", flush=True)
            return
        rows.append({"name": name, "workers": workers, "runs_per_hour": found})
        loop = max((r["runs_per_hour"] for r in rows if r["name"].startswith("plain")), default=found)
        print(f"{name:42s} {found:8.0f} runs/hour {found / loop:7.2f} x the plain loop", flush=True)
        if options.out:
            options.out.write_text(json.dumps({"device": card, "torch": torch.__version__, "rows": rows}, indent=1))

    for loaders in (0,) if options.small else (0, 8):
        name = f"plain Lightning loop, {loaders} loader processes"
        row(name, 1, lambda loaders=loaders: alone("plain", recipe, options.device, loaders))
    row("ours, kernel by kernel", 1, lambda: alone("eager", recipe, options.device))
    row("ours, recorded steps", 1, lambda: alone("recorded", recipe, options.device))
    half = replace(recipe, precision="bf16-mixed")
    row("ours, recorded, bf16", 1, lambda: alone("recorded", half, options.device))
    counts = PROCESSES[:1] if options.small else PROCESSES
    for n in counts:
        row(f"ours, {n} processes", n, lambda n=n: together(n, recipe, options.device))
    if options.device != "cpu":
        with shared_context() as found:
            for n in (8, 16) if found else ():
                row(f"ours, {n} processes, shared context", n, lambda n=n: together(n, recipe, options.device))
            if not found:
                print("no multi-process service on this machine")


if __name__ == "__main__":
    main()
