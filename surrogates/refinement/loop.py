"""The loop closed: train what would teach or pay most, add it to the table, fit again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import clone

from benchmarks.errors import choice
from benchmarks.frames import to_frame
from benchmarks.metrics import kendall_tau
from benchmarks.table import Table
from surrogates.refinement.selection import pick_asked, pick_uncertain
from surrogates.refinement.state import read_choices, write_choices
from surrogates.search.base import Searcher
from surrogates.search.registry import list_searchers, make_searcher

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.base import Surrogate

__all__ = ["CHOICES", "UNCERTAINTY", "Measure", "Round", "extend", "refine"]

Measure = Callable[[list[str]], Table]
"""Trains architectures; gives a table of those that could be trained."""

UNCERTAINTY = "uncertainty"
CHOICES = (UNCERTAINTY, *(name for name in list_searchers() if name != "transfer"))
"""What may choose, by name; a transfer search must be made, with its sources."""


@dataclass(frozen=True, eq=False)
class Round:
    """One turn of the loop.

    Attributes:
        number: From 1.
        archs: What was trained.
        table: Everything measured so far.
        surrogate: Fitted to it.
        summary: One row a task: measured (architectures of this round), std_before and std_after (predicted, mean over
            all candidates), cv_tau_before and cv_tau_after (inside the training rows), and tau (predicted before
            against measured, on this round's architectures; NaN for fewer than two).
    """

    number: int
    archs: tuple[str, ...]
    table: Table
    surrogate: Surrogate
    summary: pd.DataFrame


def refine(
    table: Table,
    measure: Measure,
    model: Surrogate,
    budget: int = 16,
    rounds: int = 1,
    folder: Path | None = None,
    by: str | Searcher = UNCERTAINTY,
) -> Iterator[Round]:
    """Fit, choose, train, add, again.

    Args:
        table: Measured architectures of one space, to begin with.
        measure: Trains architectures on the table's tasks.
        model: Unfitted; a fresh copy is fitted in every round.
        budget: Architectures a round.
        rounds: Turns of the loop.
        folder: Keeps what was chosen, for which table, budget, model and by what, so that the same call goes on with it
            after an interruption; `measure` should remember what it has trained.
        by: Chooses: ``"uncertainty"`` of the model, or a searcher or its name (`CHOICES`), which is told the table and
            asked what to try next.

    Yields:
        A `Round` after each.

    Raises:
        ArtefactError: If the folder is of another refinement: another table, budget, model or way to choose.
        UnknownNameError: If there is no such searcher; names the nearest one.
        ValueError: If budget or rounds are less than 1.

    Example:
        >>> import pandas as pd
        >>> from benchmarks import get_space
        >>> from surrogates import GaussianProcessSurrogate
        >>> def measure(archs):
        ...     return Table.from_frame(pd.DataFrame({"arch": archs, "jigsaw": [float(len(arch)) for arch in archs]}))
        >>> begin = measure(get_space("transnas101-macro").sample(20, rng=0))
        >>> model = GaussianProcessSurrogate(length_scales=(4.0,))
        >>> last = list(refine(begin, measure, model, budget=5, rounds=1))[-1]
        >>> len(last.table), last.number, len(last.archs)
        (25, 1, 5)
    """
    for name, value in (("budget", budget), ("rounds", rounds)):
        if value < 1:
            raise ValueError(f"expected {name} >= 1, got {value}")
    if isinstance(by, str) and choice(by, CHOICES, "way to choose") != UNCERTAINTY:
        by = make_searcher(by)
    about = {"table": table.hash, "budget": budget, "model": _in_words(model), "by": str(by)} if folder else {}
    chosen = read_choices(folder, about)
    surrogate = _fitted(model, table)
    tried: set[str] = set()
    for number in range(1, rounds + 1):
        if number > len(chosen):
            if isinstance(by, Searcher):
                chosen.append(pick_asked(by, table, budget, tried))
            else:
                chosen.append(pick_uncertain(surrogate, table, budget, tried))
            write_choices(folder, about, chosen)
        archs = chosen[number - 1]
        if not archs:
            return
        tried.update(archs)
        added = measure(archs)
        table = extend(table, added)
        refitted = _fitted(model, table)
        yield Round(number, tuple(archs), table, refitted, _summary(surrogate, refitted, added))
        surrogate = refitted


def extend(table: Table, more: Table) -> Table:
    """The last epoch of both tables' rows; where they come from is what the first one says.

    Raises:
        TableError: If an architecture is in both with different values.

    Example:
        >>> import pandas as pd
        >>> tables = [Table.from_frame(pd.DataFrame({"arch": [f"64-{code}-basic"], "jigsaw": [1.0]}))
        ...           for code in ("2311", "1234")]
        >>> extend(*tables).archs
        ('64-2311-basic', '64-1234-basic')
    """
    import pandas as pd

    joined = Table.from_frame(pd.concat([to_frame(part.archs, part.logs) for part in (table, more)], ignore_index=True))
    return replace(joined, provenance=table.provenance)


def _fitted(model: Surrogate, table: Table) -> Surrogate:
    fresh: Surrogate = clone(model)
    return fresh.fit(list(table.archs), table.to_frame())


def _summary(before: Surrogate, after: Surrogate, added: Table) -> pd.DataFrame:
    import pandas as pd

    space = added.space
    forms = list(dict.fromkeys(space.simplify(list(space.archs))))
    spread = [surrogate.predict(forms, return_std=True)[1].reshape(len(forms), -1) for surrogate in (before, after)]
    expected = before.predict(list(added.archs)).reshape(len(added), -1)
    rows = []
    for t, task in enumerate(before.tasks_):
        values = added.to_frame()[task].to_numpy() if task in added.tasks else np.full(len(added), np.nan)
        at = after.tasks_.index(task)
        rows.append(
            {
                "task": task,
                "measured": int((~np.isnan(values)).sum()),
                "std_before": float(spread[0][:, t].mean()),
                "std_after": float(spread[1][:, at].mean()),
                "cv_tau_before": before.cv_scores_.get(task, {}).get("tau", float("nan")),
                "cv_tau_after": after.cv_scores_.get(task, {}).get("tau", float("nan")),
                "tau": _tau(values, expected[:, t]),
            }
        )
    return pd.DataFrame(rows).set_index("task")


def _tau(measured: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    rows = ~np.isnan(measured)
    return kendall_tau(measured[rows], predicted[rows]) if rows.sum() > 1 else float("nan")


def _in_words(model: Surrogate) -> str:
    """Its class and the parameters that are not the defaults; threads aside, as no prediction depends on them."""
    threads = [name for name in model.get_params() if name.rpartition("__")[2] == "n_jobs"]
    with config_context(print_changed_only=True):
        return " ".join(repr(clone(model).set_params(**dict.fromkeys(threads))).split())
