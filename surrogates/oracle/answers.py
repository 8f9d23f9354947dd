"""Answers of an oracle: values with their uncertainty and where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Answer", "Answers"]


class Answer(NamedTuple):
    """What is known about one architecture on one task.

    Attributes:
        arch: Architecture string, as asked.
        task: Task name.
        value: In the metric's own unit; `get_task(task).metric` knows unit and direction.
        std: Standard deviation (value +- 1.645 std covers 90 %), same unit; NaN for a measured value.
        source: ``"table"`` if measured, ``"surrogate"`` if predicted.
        in_domain: Whether the architecture is one of the published ones.
    """

    arch: str
    task: str
    value: float
    std: float
    source: Literal["table", "surrogate"]
    in_domain: bool


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers for n architectures on T tasks.

    Attributes:
        archs: The n architecture strings.
        tasks: The T task names.
        value: In each metric's own unit, of shape (n, T); NaN where there is no answer.
        std: Of shape (n, T); NaN where the value was measured.
        measured: Whether a value is from the table, of shape (n, T).
        in_domain: Whether an architecture is a published one, of shape (n,).

    Example:
        >>> one = np.ones((1, 1))
        >>> answers = Answers(("64-2311-basic",), ("jigsaw",), 90 * one, one, one < 1, np.array([True]))
        >>> next(iter(answers))
        Answer(arch='64-2311-basic', task='jigsaw', value=90.0, std=1.0, source='surrogate', in_domain=True)
    """

    archs: tuple[str, ...]
    tasks: tuple[str, ...]
    value: NDArray[np.float64]
    std: NDArray[np.float64]
    measured: NDArray[np.bool_]
    in_domain: NDArray[np.bool_]

    def __len__(self) -> int:
        return self.value.size

    def __iter__(self) -> Iterator[Answer]:
        """Architecture by architecture, all tasks of each."""
        for row, arch in enumerate(self.archs):
            for column, task in enumerate(self.tasks):
                source: Literal["table", "surrogate"] = "table" if self.measured[row, column] else "surrogate"
                value, std = float(self.value[row, column]), float(self.std[row, column])
                yield Answer(arch, task, value, std, source, bool(self.in_domain[row]))

    def to_frame(self) -> pd.DataFrame:
        """One row an architecture and task, columns as in `Answer`."""
        import pandas as pd

        n, t = self.value.shape
        return pd.DataFrame(
            {
                "arch": np.repeat(np.array(self.archs, dtype=object), t),
                "task": np.tile(np.array(self.tasks, dtype=object), n),
                "value": self.value.ravel(),
                "std": self.std.ravel(),
                "source": np.where(self.measured.ravel(), "table", "surrogate"),
                "in_domain": np.repeat(self.in_domain, t),
            }
        )
