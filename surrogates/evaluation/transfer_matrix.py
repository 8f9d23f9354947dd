"""Which task teaches which: a matrix of source and target tasks, with and without transfer.

For every pair the map holds how far the true rankings agree, how well a surrogate does that is transferred from that
one source with k labels, and what it gains over the same labels without any source (cf. the transfer matrices of
Taskonomy, Zamir et al., CVPR 2018, section 3.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.errors import MissingExtraError, choice
from benchmarks.files import write_beside
from benchmarks.metrics import kendall_tau
from benchmarks.protocols import Protocol, split
from benchmarks.table import Table
from surrogates.evaluation.held_out import held_out_scores

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from surrogates.base import Surrogate
    from surrogates.models.transfer.source_process import SourceProcess
    from surrogates.models.transfer.surrogate import TransferSurrogate

__all__ = ["ALL_OTHERS", "TransferMatrix", "transfer_matrix", "transfer_runs"]

ALL_OTHERS = "all others"
"""Name of the source that stands for all tasks but the target at once."""
_VALUES = ("correlation", "tau", "alone", "gain")


@dataclass(frozen=True)
class TransferMatrix:
    """Results of `transfer_matrix`.

    Example:
        >>> import pandas as pd
        >>> row = {"source": "a", "target": "b", "k": 16, "correlation": 0.5, "tau": 0.6, "alone": 0.5, "gain": 0.1}
        >>> float(TransferMatrix(pd.DataFrame([row])).matrix("tau").loc["a", "b"])
        0.6

    Attributes:
        frame: One row for each source, target, k and seed: source, target, k, seed, correlation (Kendall's tau-b of
            the true values of both tasks; NaN for all others together), tau (of the transferred surrogate on the test
            rows), alone (of the baseline without sources), gain (tau - alone).
    """

    frame: pd.DataFrame

    def matrix(self, value: str = "gain", k: int | None = None) -> pd.DataFrame:
        """Mean over the seeds, sources as rows and targets as columns, NaN on the diagonal.

        Args:
            value: ``"correlation"``, ``"tau"``, ``"alone"`` or ``"gain"``.
            k: Number of labels; the smallest of the map if not given.

        Raises:
            UnknownNameError: If there is no such value.
            ValueError: If the map has no such k.
        """
        choice(value, _VALUES, "value")
        known = sorted(self.frame["k"].unique().tolist())
        k = known[0] if k is None else k
        if k not in known:
            raise ValueError(f"expected k to be one of {', '.join(map(str, known))}, got {k}")
        rows = self.frame[self.frame["k"] == k]
        matrix = rows.groupby(["source", "target"])[value].mean().unstack()
        tasks = list(dict.fromkeys(self.frame["target"]))
        return matrix.reindex(index=list(dict.fromkeys([*tasks, *self.frame["source"]])), columns=tasks)

    def plot(self, value: str = "gain", k: int | None = None, ax: Axes | None = None) -> Axes:
        """Draw a heatmap of `matrix`, blue above 0 and red below.

        Args:
            value: As in `matrix`.
            k: As in `matrix`.
            ax: Where to draw; a new figure if not given.

        Raises:
            MissingExtraError: If matplotlib is not installed.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise MissingExtraError("a heatmap", "matplotlib", "plots") from None
        matrix = self.matrix(value, k)
        if ax is None:
            size = (2.5 + 0.75 * matrix.shape[1], 1.8 + 0.5 * matrix.shape[0])
            ax = Figure(figsize=size, layout="constrained").add_subplot()
        largest = max(float(matrix.abs().max().max()), 1e-9)
        ax.imshow(matrix.to_numpy(), cmap="RdBu", vmin=-largest, vmax=largest, aspect="auto")
        ax.set_xticks(range(matrix.shape[1]), [str(task) for task in matrix.columns], rotation=45, ha="right")
        ax.set_yticks(range(matrix.shape[0]), [str(task) for task in matrix.index])
        for row, column in zip(*matrix.notna().to_numpy().nonzero(), strict=True):
            entry = float(matrix.iloc[row, column])
            colour = "white" if abs(entry) > 0.6 * largest else "black"
            ax.text(column, row, f"{entry:.2f}", ha="center", va="center", color=colour)
        labels = "" if value == "correlation" else f", {self.frame['k'].min() if k is None else k} labels"
        ax.set(title=f"{value}{labels}", xlabel="target", ylabel="source")
        return ax

    def save(self, directory: str | Path, plots: bool = True) -> list[Path]:
        """Write the frame (``transfer.csv``), and each matrix as csv and, if `plots`, as a heatmap (png).

        Returns:
            The files.

        Raises:
            MissingExtraError: If plots are asked for and matplotlib is not installed; nothing is written then.
            OSError: If the directory cannot be written.
        """
        folder = Path(directory)
        wanted: list[tuple[str, str, int | None]] = [("transfer_correlation", "correlation", None)]
        ks = sorted(self.frame["k"].unique().tolist())
        wanted += [(f"transfer_{value}_{k}", value, k) for k in ks for value in ("tau", "gain")]
        figures = {name: self.plot(value, k).figure for name, value, k in wanted} if plots else {}
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / "transfer.csv"]
        with write_beside(files[0]) as beside:
            self.frame.to_csv(beside, index=False)
        for name, value, k in wanted:
            files.append(folder / f"{name}.csv")
            with write_beside(files[-1]) as beside:
                self.matrix(value, k).to_csv(beside)
        for name, figure in figures.items():
            files.append(folder / f"{name}.png")
            with write_beside(files[-1]) as beside:
                figure.savefig(beside, dpi=150)  # type: ignore[union-attr]
        return files


def transfer_matrix(
    table: Table,
    k: Sequence[int] = (16, 32, 128),
    seeds: Sequence[int] = (0, 1, 2),
    surrogate: TransferSurrogate | None = None,
    baseline: Surrogate | None = None,
    protocol: Protocol = "all",
) -> TransferMatrix:
    """Transfer every task of a table to every other one.

    Args:
        table: Measured results of one space on at least two tasks.
        k: Numbers of labels of the target.
        seeds: Of the splits (`benchmarks.protocols.split`).
        surrogate: What is transferred; its sources are replaced. `TransferSurrogate` if not given.
        baseline: What learns from the labels alone; `BoostedSurrogate` if not given.
        protocol: Rows to draw from, as in `split`.

    Raises:
        TableError: If the table holds several spaces.
        ValueError: If it holds fewer than two tasks, or a k is not between 0 and the number of rows.

    Example:
        >>> import pandas as pd
        >>> from benchmarks import get_space
        >>> from encoders import Costs
        >>> from surrogates import BoostedSurrogate
        >>> archs = get_space("transnas101-macro").sample(60, rng=0)
        >>> size = Costs().fit_transform(archs)[:, 0]
        >>> table = Table.from_frame(pd.DataFrame({"arch": archs, "large": size, "small": -size}))
        >>> found = transfer_matrix(table, k=[16], seeds=[0], baseline=BoostedSurrogate(n_rounds=10))
        >>> float(found.matrix("correlation").loc["large", "small"])
        -1.0
        >>> bool(found.matrix("tau", k=16).loc["large", "small"] > 0.9)
        True
    """
    import pandas as pd

    return TransferMatrix(pd.concat(transfer_runs(table, k, seeds, surrogate, baseline, protocol), ignore_index=True))


def transfer_runs(
    table: Table,
    k: Sequence[int] = (16, 32, 128),
    seeds: Sequence[int] = (0, 1, 2),
    surrogate: TransferSurrogate | None = None,
    baseline: Surrogate | None = None,
    protocol: Protocol = "all",
) -> Iterator[pd.DataFrame]:
    """As `transfer_matrix`, one frame for each of T * len(k) * len(seeds) runs as soon as it is done."""
    from surrogates.models.boosted import BoostedSurrogate
    from surrogates.models.transfer.source_process import SourceProcess
    from surrogates.models.transfer.surrogate import TransferSurrogate

    space = table.space.name
    if len(table.tasks) < 2:
        raise ValueError(f"expected a table of at least two tasks of {space}, got {', '.join(table.tasks)}")
    surrogate = TransferSurrogate() if surrogate is None else surrogate
    baseline = BoostedSurrogate() if baseline is None else baseline
    agreement = _agreement(table.oriented())
    process = SourceProcess.fit(table.archs, table.oriented().dropna(axis=1, how="all"))
    for target in table.tasks:
        for n in k:
            for seed in seeds:
                yield _run(table, target, n, seed, protocol, surrogate, baseline, process, agreement)


def _run(
    table: Table,
    target: str,
    n: int,
    seed: int,
    protocol: Protocol,
    surrogate: TransferSurrogate,
    baseline: Surrogate,
    process: SourceProcess,
    agreement: dict[tuple[str, str], float],
) -> pd.DataFrame:
    """Every source, and all of them, to one target with the labels of one split."""
    parts = split(table, n, seed, protocol)
    values = table.oriented()[target]
    train, test = values.iloc[parts.train].dropna(), values.iloc[parts.test]
    others = [task for task in process.tasks if task != target]
    sources = {task: [task] for task in others} | ({ALL_OTHERS: others} if len(others) > 1 else {})
    if train.empty:
        nothing = [(name, target, n, seed, agreement.get((name, target)), None, None) for name in sources]
        return _frame(nothing)
    alone = _tau(baseline, train, test)
    rows = []
    for name, tasks in sources.items():
        tau = _tau(surrogate, train, test, sources=process.only(tasks))
        rows.append((name, target, n, seed, agreement.get((name, target)), tau, alone))
    return _frame(rows)


def _frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows, columns=["source", "target", "k", "seed", "correlation", "tau", "alone"])
    frame = frame.astype({"correlation": float, "tau": float, "alone": float})
    return frame.assign(gain=frame["tau"] - frame["alone"])


def _tau(surrogate: Surrogate, train: pd.Series[float], test: pd.Series[float], **parameters: Any) -> float:
    """Kendall's tau-b on the test rows of a fresh copy fitted to the training rows; 0 if it predicts one value."""
    from sklearn.base import clone

    fitted = clone(surrogate).set_params(**parameters).fit(list(train.index), train.to_numpy())
    mean, std = fitted.predict(list(test.index), return_std=True)
    return held_out_scores(np.asarray(test, dtype=np.float64), mean, std)[0]


def _agreement(values: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Kendall's tau-b of every two tasks over the architectures measured on both."""
    return {
        (source, target): kendall_tau(values[source].to_numpy(), values[target].to_numpy())
        for source in values.columns
        for target in values.columns
        if source != target
    }
