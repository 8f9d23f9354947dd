"""Refinement loop: select architectures, train them, add them to the table, refit the surrogate."""

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
from benchmarks.short_repr import ShortRepr
from benchmarks.table import Table
from surrogates.refinement.selection import pick_asked, pick_designed, pick_uncertain
from surrogates.refinement.state import read_choices, write_choices
from surrogates.search.base import Searcher
from surrogates.search.registry import list_searchers, make_searcher

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.base import Surrogate

__all__ = ["CHOICES", "DESIGN", "UNCERTAINTY", "Measure", "Round", "extend", "refine"]

Measure = Callable[[list[str]], Table]
"""Function that trains architectures and returns a table of those trained successfully."""

UNCERTAINTY, DESIGN = "uncertainty", "design"
CHOICES = (UNCERTAINTY, DESIGN, *(name for name in list_searchers() if name != "transfer"))
"""Names of the selection methods; a transfer search needs sources, so it must be passed as a `Searcher`."""


@dataclass(frozen=True, eq=False, repr=False)
class Round(ShortRepr):
    """One round of the refinement loop.

    Attributes:
        number: Number of the round, from 1.
        archs: The architectures trained in this round.
        table: All measured results so far.
        surrogate: Surrogate fitted to `table`.
        summary: One row per task: measured (architectures of this round), std_before and std_after (predicted, mean
            over all candidates), cv_tau_before and cv_tau_after (cross-validation on the training rows), and tau
            (predictions before the round against measured values, on this round's architectures; NaN for fewer than
            two).
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
    random_state: int = 0,
) -> Iterator[Round]:
    """Repeat: select architectures, train them, add them to the table, refit.

    Args:
        table: Measured architectures of one space, to start from.
        measure: Trains architectures on the table's tasks.
        model: Unfitted surrogate; a clone is fitted in every round.
        budget: Architectures per round.
        rounds: Number of rounds.
        folder: Folder that stores the selected architectures with table, budget, model and selection method, so the
            same call resumes after an interruption; `measure` should cache its trainings.
        by: Selection method: ``"uncertainty"`` of the model, ``"design"`` (`surrogates.initial_design`), or a searcher
            or its name (`CHOICES`), which proposes architectures given the table.
        random_state: Seed of a design, or of a searcher given by name.

    Yields:
        A `Round` after each round.

    Raises:
        ArtefactError: If the folder belongs to another refinement: another table, budget, model or selection method.
        UnknownNameError: If there is no such selection method; the message names the nearest one.
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
    if isinstance(by, str) and choice(by, CHOICES, "selection method") not in (UNCERTAINTY, DESIGN):
        by = make_searcher(by, random_state)
    how = f"{by}, seed {random_state}" if by == DESIGN else str(by)
    about = {"table": table.hash, "budget": budget, "model": _in_words(model), "by": how} if folder else {}
    chosen = read_choices(folder, about)
    surrogate = _fitted(model, table)
    tried: set[str] = set()
    for number in range(1, rounds + 1):
        if number > len(chosen):
            if isinstance(by, Searcher):
                chosen.append(pick_asked(by, table, budget, tried))
            elif by == DESIGN:
                chosen.append(pick_designed(table, budget, tried, random_state))
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
    """Join the rows of two tables, last epoch only, with the provenance of the first.

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
    """Class and non-default parameters of a model, except numbers of threads, which do not affect predictions."""
    threads = [name for name in model.get_params() if name.rpartition("__")[2] == "n_jobs"]
    with config_context(print_changed_only=True):
        return " ".join(repr(clone(model).set_params(**dict.fromkeys(threads))).split())
