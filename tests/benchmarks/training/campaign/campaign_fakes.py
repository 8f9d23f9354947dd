"""A trainer that is quick, tells what it does in a file, and fails on demand."""

import errno
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.training.campaign import Plan, Trial
from benchmarks.training.run import TrainingFailed

ARCHS = ("64-2311-basic", "64-1234-basic", "64-41414-3_33_333", "64-41414-0_00_100")


def values(trial: Trial) -> list[float]:
    """Two epochs of a metric, different for every trial."""
    top = 10.0 + sum(map(ord, trial.arch + trial.task)) % 50 + trial.seed % 100 / 7
    return [top / 3, top]


@dataclass(frozen=True)
class Fake:
    """Appends a line to `diary` for every training; `broken` says which trainings fail, and how."""

    diary: Path
    seconds: float = 0.0
    broken: dict[tuple[str, str], str] = field(default_factory=dict)

    def prepare(self, plan: Plan) -> "Fake":
        return self

    def train(self, plan: Plan, trial: Trial, scratch: Path) -> Any:
        with self.diary.open("a") as file:
            file.write(f"{trial.arch} {trial.task} {trial.seed} {os.getpid()}\n")
        time.sleep(self.seconds)
        how = self.broken.get((trial.arch, trial.task))
        if how == "nan":
            raise TrainingFailed("loss is nan in epoch 2")
        if how == "memory":
            raise MemoryError
        if how == "bug":
            raise TypeError("not a number")
        if how == "disk":
            raise OSError(errno.ENOSPC, "No space left on device")
        if how == "killed after its record":
            from benchmarks.training.campaign import Record, write_record
            from benchmarks.training.campaign.plan import fingerprint

            settings = fingerprint(plan.settings(trial.task))
            write_record(scratch.parents[1], Record(trial, settings, "now", 1.0, {"valid_top1": values(trial)}))
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        primary = "valid_acc" if trial.task == "segmentsemantic" else "valid_top1"
        metrics = {primary: values(trial), "valid_loss": [2.0, float("nan")], "time_elapsed": [1.0, 2.0]}
        info = {"model_params": 1000.0 + len(trial.arch), "inference_time": 0.25}
        return SimpleNamespace(metrics=metrics, info=info, epochs=2, notes=["a note"])

    def trained(self) -> list[Trial]:
        """What was begun so far, in order."""
        lines = self.diary.read_text().splitlines() if self.diary.exists() else []
        return [Trial(arch, task, int(seed)) for arch, task, seed, _ in map(str.split, lines)]
