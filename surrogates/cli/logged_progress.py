"""Progress as lines on stderr, where there is no terminal to draw a bar on; imported when first used (needs rich)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import typer
from rich.console import Console
from rich.progress import Progress, Task

__all__ = ["LINE_SECONDS", "QUIET_SECONDS", "LoggedProgress"]

QUIET_SECONDS, LINE_SECONDS = 5.0, 60.0
"""Time of the first line, and between lines, in seconds."""


class LoggedProgress(Progress):
    """Reports its first task: after `QUIET_SECONDS`, then every `LINE_SECONDS`, and once at the end.

    Work that takes less than `QUIET_SECONDS` writes nothing. A thread of its own writes, so long steps are reported as
    well; a stream of unknown length is not while nothing arrives. Of work that is resumed, the field ``before`` of the
    task is how much was there at the beginning: the time left comes from what was done since.

    Args:
        written: How a number of seconds is written.

    Example:
        >>> with LoggedProgress("{:.0f} s".format) as progress:
        ...     task = progress.add_task("fitting", total=2)
        ...     progress.update(task, advance=2)
    """

    def __init__(self, written: Callable[[float], str]) -> None:
        # quiet: rich before 14.3 ends a disabled bar with an empty line
        super().__init__(console=Console(quiet=True), disable=True)
        self.written = written
        self.begun = time.monotonic()
        self.ended = threading.Event()
        self.ticker = threading.Thread(target=self.tick, daemon=True)

    def start(self) -> None:
        """Begin to report."""
        self.ticker.start()

    def tick(self) -> None:
        """Write a line from time to time until the end."""
        pause, last = QUIET_SECONDS, 0.0
        while not self.ended.wait(pause):
            pause = LINE_SECONDS
            for task in self.tasks[:1]:
                if task.total is None and task.completed and task.completed == last:
                    continue
                last = task.completed
                seconds = time.monotonic() - self.begun
                what = f"{task.description}: " if task.description else ""
                typer.echo(f"{what}{_count(task)}{self.written(seconds)} so far{self._left(task, seconds)}", err=True)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.ended.set()
        self.ticker.join()
        seconds = time.monotonic() - self.begun
        if seconds < QUIET_SECONDS:
            return
        for task in self.tasks[:1]:
            what = "" if task.total or task.completed else f"{task.description}: "
            typer.echo(
                f"{what}{_count(task)}{'stopped after' if kind else 'done in'} {self.written(seconds)}", err=True
            )

    def _left(self, task: Task, seconds: float) -> str:
        """The time left: as the task says, else as the steps so far took."""
        known = task.fields.get("left", "")
        done = task.completed - task.fields.get("before", 0)
        if not known and task.total and done > 0:
            known = f"about {self.written(seconds * (task.total - task.completed) / done)} left"
        return f", {known}" if known else ""


def _count(task: Task) -> str:
    if task.total is None:
        return f"{task.completed:,.0f}, " if task.completed else ""
    return f"{task.completed:,.0f} of {task.total:,.0f}, "
