"""The loop closed: train what a surrogate is least sure of, add it to the table, fit again.

A batch is chosen one by one: the standard deviation of a candidate times its distance to what is labelled or chosen
already. The first factor alone would choose many of one kind, as a surrogate's standard deviation follows its predicted
score; the second alone would fill the space evenly, whatever is known (greedy k-centres, Sener and Savarese, ICLR
2018).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn import config_context
from sklearn.base import clone

from benchmarks.errors import ArtefactError
from benchmarks.files import write_beside
from benchmarks.formats.frames import to_frame
from benchmarks.metrics import kendall_tau
from benchmarks.table import Table
from surrogates.gaussian_process.standard_features import standard_features

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.base import Surrogate

__all__ = ["Measure", "Round", "extend", "pick", "refine"]

Measure = Callable[[list[str]], Table]
"""Trains architectures; gives a table of those that could be trained."""

STATE = "refinement.json"


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
) -> Iterator[Round]:
    """Fit, choose, train, add, again.

    Args:
        table: Measured architectures of one space, to begin with.
        measure: Trains architectures on the table's tasks.
        model: Unfitted; a fresh copy is fitted in every round.
        budget: Architectures a round.
        rounds: Turns of the loop.
        folder: Keeps what was chosen, for which table, budget and model, so that the same call goes on with it after an
            interruption; `measure` should remember what it has trained.

    Yields:
        A `Round` after each.

    Raises:
        ArtefactError: If the folder is of another refinement: another table, budget or model.
        ValueError: If budget or rounds are less than 1.

    Example:
        >>> import pandas as pd
        >>> from benchmarks import get_space
        >>> from surrogates import GaussianProcessSurrogate
        >>> def measure(archs):
        ...     return Table.from_frame(pd.DataFrame({"arch": archs, "jigsaw": [float(len(arch)) for arch in archs]}))
        >>> begin = measure(get_space("transnas101-macro").sample(20))
        >>> model = GaussianProcessSurrogate(length_scales=(4.0,))
        >>> last = list(refine(begin, measure, model, budget=5, rounds=1))[-1]
        >>> len(last.table), last.number, len(last.archs)
        (25, 1, 5)
    """
    for name, value in (("budget", budget), ("rounds", rounds)):
        if value < 1:
            raise ValueError(f"expected {name} >= 1, got {value}")
    about = {} if folder is None else {"table": table.hash, "budget": budget, "model": _in_words(model)}
    chosen = _read_choices(folder, about)
    surrogate = _fitted(model, table)
    tried: set[str] = set()
    for number in range(1, rounds + 1):
        if number > len(chosen):
            chosen.append(pick(surrogate, table, budget, tried))
            _write_choices(folder, about, chosen)
        archs = chosen[number - 1]
        if not archs:
            return
        tried.update(archs)
        added = measure(archs)
        table = extend(table, added)
        refitted = _fitted(model, table)
        yield Round(number, tuple(archs), table, refitted, _summary(surrogate, refitted, added))
        surrogate = refitted


def pick(surrogate: Surrogate, table: Table, n: int, tried: set[str] | frozenset[str] = frozenset()) -> list[str]:
    """Choose architectures to train: uncertain, and unlike each other and what is known.

    Args:
        surrogate: Fitted; its standard deviations say what is uncertain, a task as important as another.
        table: What is known.
        n: How many.
        tried: Others not to choose.

    Returns:
        At most n published architectures, each of a function that is neither in the table nor tried.

    Example:
        >>> import pandas as pd
        >>> from surrogates import GaussianProcessSurrogate
        >>> archs = ["64-2311-basic", "64-1234-basic", "64-4231-basic"]
        >>> table = Table.from_frame(pd.DataFrame({"arch": archs, "jigsaw": [1.0, 2.0, 3.0]}))
        >>> surrogate = GaussianProcessSurrogate(length_scales=(4.0,)).fit(archs, table.frame())
        >>> len(pick(surrogate, table, 4))
        4
    """
    candidates = _candidates(table, tried)
    if not candidates:
        return []
    _, std = surrogate.predict(candidates, return_std=True)
    std = std.reshape(len(candidates), -1)  # (m, T)
    uncertain = (std / np.maximum(std.mean(axis=0), np.finfo(float).tiny)).mean(axis=1)
    X = standard_features(surrogate.space_, candidates)
    known = standard_features(surrogate.space_, sorted({*table.archs, *tried}))
    nearest = cdist(X, known).min(axis=1)
    found: list[int] = []
    for _ in range(min(n, len(candidates))):
        worth = uncertain * nearest
        worth[found] = -1.0
        best = int(worth.argmax())
        found.append(best)
        nearest = np.minimum(nearest, cdist(X, X[[best]])[:, 0])
    return [candidates[position] for position in found]


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

    joined = Table.from_frame(pd.concat([to_frame(table), to_frame(more)], ignore_index=True))
    return replace(joined, provenance=table.provenance)


def _fitted(model: Surrogate, table: Table) -> Surrogate:
    fresh: Surrogate = clone(model)
    return fresh.fit(list(table.archs), table.frame())


def _candidates(table: Table, tried: set[str] | frozenset[str]) -> list[str]:
    """One architecture for every function that is neither in the table nor tried."""
    space = table.space
    known = set(space.simplify([*table.archs, *tried]))
    first: dict[str, str] = {}
    for arch, form in zip(space.archs, space.simplify(list(space.archs)), strict=True):
        if form not in known:
            first.setdefault(form, arch)
    return list(first.values())


def _summary(before: Surrogate, after: Surrogate, added: Table) -> pd.DataFrame:
    import pandas as pd

    space = added.space
    forms = list(dict.fromkeys(space.simplify(list(space.archs))))
    spread = [surrogate.predict(forms, return_std=True)[1].reshape(len(forms), -1) for surrogate in (before, after)]
    expected = before.predict(list(added.archs)).reshape(len(added), -1)
    rows = []
    for t, task in enumerate(before.tasks_):
        values = added.frame()[task].to_numpy() if task in added.tasks else np.full(len(added), np.nan)
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


def _read_choices(folder: Path | None, about: Mapping[str, Any]) -> list[list[str]]:
    """What was chosen before the interruption, a list for every round begun."""
    if folder is None or not (folder / STATE).exists():
        return []
    path = folder / STATE
    try:
        state: dict[str, Any] = json.loads(path.read_bytes())
        choices: list[list[str]] = [list(map(str, archs)) for archs in state["rounds"]]
        found = {"model": None, "table": state["table"], "budget": state["budget"], **state}
    except (ValueError, KeyError, TypeError) as error:
        raise ArtefactError(f"{str(path)!r} is damaged: {error}; delete it to choose again") from error
    for name, value in about.items():
        if found[name] != value:
            what = _changed(name, found[name], value)
            raise ArtefactError(
                f"{str(folder)!r} holds another refinement: {what}; choose another folder (--folder), or delete "
                f"{STATE} in it to choose again"
            )
    return choices


def _changed(name: str, before: Any, now: Any) -> str:
    """What is not as it was, in words: hashes tell people nothing."""
    if name == "table":
        return "its table has changed, or it began with another one"
    if before is None:
        return f"it does not say by which {name} it chose, as those of earlier versions"
    return f"its {name} was {before} and is now {now}"


def _write_choices(folder: Path | None, about: Mapping[str, Any], rounds: Sequence[Sequence[str]]) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with write_beside(folder / STATE) as beside:
        beside.write_text(json.dumps({**about, "rounds": rounds}, indent=2) + "\n", encoding="utf-8")
