"""Status of a campaign: counts of trainings and the expected remaining time."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.file_locks import is_locked
from benchmarks.training.campaign.plan import Plan, Trial
from benchmarks.training.campaign.records import Record, failure_reasons, lock_path, read_records

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TimeLeft", "campaign_status"]


class TimeLeft:
    """Estimate of the remaining time: the mean of finished trainings of the same task; of all, if there is none.

    Args:
        records: Records of finished trainings; failed ones are ignored.

    Example:
        >>> left = TimeLeft([Record(Trial("64-2311-basic", "jigsaw"), "", "", 30.0)])
        >>> left.seconds([Trial("64-1234-basic", "jigsaw"), Trial("64-1234-basic", "normal")], workers=2)
        30.0
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._seconds: dict[str, list[float]] = {}
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Add a finished training."""
        if record.failure is None:
            self._seconds.setdefault(record.trial.task, []).append(record.seconds)

    def seconds(self, trials: Sequence[Trial], workers: int = 1) -> float | None:
        """Expected seconds until these trainings are done; None before the first record."""
        if not self._seconds:
            return 0.0 if not trials else None
        means = {task: statistics.fmean(seconds) for task, seconds in self._seconds.items()}
        some = statistics.fmean(means.values())
        return sum(means.get(trial.task, some) for trial in trials) / workers


def campaign_status(plan: Plan, folder: str | Path) -> pd.DataFrame:
    """Count the trainings of a plan.

    Args:
        plan: The plan of the campaign.
        folder: Folder of the campaign.

    Returns:
        DataFrame indexed by task, with a row "all" at the end: done, failed, unusable (damaged records, or of another
        recipe), running (in any process that is alive), left (without a usable record and not running), seconds (mean
        per training, NaN if none is done), seconds_left (of running and left ones, one after another) and reasons
        (reason of failure -> number of trainings, the most frequent first).

    Example:
        >>> import tempfile
        >>> status = campaign_status(Plan(("64-2311-basic",), ("jigsaw",)), tempfile.mkdtemp())
        >>> print(status.loc["jigsaw", "left"])
        1
    """
    import pandas as pd

    folder = Path(folder)
    records, unusable = read_records(folder, plan)
    left = TimeLeft(records.values())
    rows = {}
    for task in (*plan.tasks, "all"):
        trials = [trial for trial in plan.trials() if task in (trial.task, "all")]
        mine = [records[trial] for trial in trials if trial in records]
        done = [record.seconds for record in mine if record.failure is None]
        open_ = [trial for trial in trials if trial not in records]
        running = sum(is_locked(lock_path(folder, trial)) for trial in trials)
        rows[task] = {
            "done": len(done),
            "failed": len(mine) - len(done),
            "unusable": sum(trial in unusable for trial in open_),
            "running": running,
            "left": max(len(open_) - running, 0),
            "seconds": statistics.fmean(done) if done else float("nan"),
            "seconds_left": left.seconds(open_),
            "reasons": failure_reasons(mine),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("task").astype({"seconds_left": float})
