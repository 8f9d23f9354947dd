"""Transfer matrix: benefit of each source task for each target task.

For every pair it contains the rank correlation of the measured values, the score of a surrogate transferred from that
source with k labels, and its gain over the same labels without sources (cf. the transfer matrices of Taskonomy, Zamir
et al., CVPR 2018, section 3.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.errors import choice
from benchmarks.files import write_beside
from benchmarks.metrics import kendall_tau
from benchmarks.protocols import Protocol
from benchmarks.short_repr import ShortRepr
from benchmarks.table import Table
from surrogates.evaluation.held_out import Method, check_sizes, clone_with_seed, held_out_runs, means_over_seeds

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from surrogates.base import Surrogate
    from surrogates.models.transfer.source_process import SourceProcess
    from surrogates.models.transfer.surrogate import TransferSurrogate

__all__ = ["ALL_OTHERS", "TransferMatrix", "transfer_matrix", "transfer_runs"]

ALL_OTHERS = "all others"
"""Name of the source that combines all tasks but the target."""
_BASELINE = "\0no source"
_VALUES = ("correlation", "tau", "alone", "gain")
_TITLES = {
    "correlation": "Kendall's tau of the measured values",
    "tau": "Kendall's tau, transferred",
    "alone": "Kendall's tau without sources",
    "gain": "gain in Kendall's tau",
}


@dataclass(frozen=True, repr=False)
class TransferMatrix(ShortRepr):
    """Results of `transfer_matrix`.

    Example:
        >>> import pandas as pd
        >>> row = {"source": "a", "target": "b", "k": 16, "correlation": 0.5, "tau": 0.6, "alone": 0.5, "gain": 0.1}
        >>> float(TransferMatrix(pd.DataFrame([row])).matrix("tau").loc["a", "b"])
        0.6

    Attributes:
        runs: One row per source, target, k and seed: source, target, k, seed, correlation (Kendall's tau-b of the
            measured values of both tasks; NaN for all others together), tau (of the transferred surrogate on the test
            rows), alone (tau of the baseline without sources), gain (tau - alone).
    """

    runs: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """A copy of `runs`."""
        return self.runs.copy()

    def summary(self) -> pd.DataFrame:
        """Means and standard deviations over the seeds, of every k and target, and of the mean over targets.

        Returns:
            Columns k, target, then tau, alone and gain with all other tasks as sources (with the only one if there is
            just one), each with its standard deviation over the seeds (``tau_sd``, ...; NaN for one seed), runs (number
            of seeds with a value), and the best single source by mean tau with its tau: best_source, best_tau. The rows
            of the target ``"mean"`` are means over the targets.

        Example:
            >>> import pandas as pd
            >>> rows = [("a", "b", 16, seed, 0.5, 0.6 + seed / 10, 0.5, 0.1 + seed / 10) for seed in (0, 1, 2)]
            >>> columns = ["source", "target", "k", "seed", "correlation", "tau", "alone", "gain"]
            >>> TransferMatrix(pd.DataFrame(rows, columns=columns)).summary()[["target", "tau", "tau_sd"]].round(2)
              target  tau  tau_sd
            0      b  0.7     0.1
            1   mean  0.7     0.1
        """
        single = self.runs[self.runs["source"] != ALL_OTHERS]
        together = self.runs[self.runs["source"] == ALL_OTHERS]
        taus = single.groupby(["k", "target", "source"], sort=False)["tau"].mean().dropna().reset_index()
        best = taus.loc[taus.groupby(["k", "target"])["tau"].idxmax()]
        best = best.rename(columns={"source": "best_source", "tau": "best_tau"})
        found = means_over_seeds(single if together.empty else together, ["k"], _VALUES[1:], task="target")
        found = found.merge(best, on=["k", "target"], how="left")
        of_means = found["k"].map(best.groupby("k")["best_tau"].mean())
        return found.assign(best_tau=found["best_tau"].where(found["target"] != "mean", of_means))

    def matrix(self, value: str = "gain", k: int | None = None) -> pd.DataFrame:
        """Mean over the seeds, sources as rows and targets as columns, NaN on the diagonal.

        Args:
            value: ``"correlation"``, ``"tau"``, ``"alone"`` or ``"gain"``.
            k: Number of labels; the smallest one if not given.

        Raises:
            UnknownNameError: If there is no such value.
            ValueError: If there is no such k.
        """
        choice(value, _VALUES, "value")
        known = sorted(self.runs["k"].unique().tolist())
        k = known[0] if k is None else k
        if k not in known:
            raise ValueError(f"expected k to be one of {', '.join(map(str, known))}, got {k}")
        rows = self.runs[self.runs["k"] == k]
        matrix = rows.groupby(["source", "target"])[value].mean().unstack()
        tasks = list(dict.fromkeys(self.runs["target"]))
        return matrix.reindex(index=list(dict.fromkeys([*tasks, *self.runs["source"]])), columns=tasks)

    def plot(self, value: str = "gain", k: int | None = None, ax: Axes | None = None) -> Axes:
        """Draw a heatmap of `matrix`, blue above 0 and red below.

        Args:
            value: As in `matrix`.
            k: As in `matrix`.
            ax: Axes to draw on; those of a new figure if not given.

        Raises:
            MissingExtraError: If matplotlib is not installed.
        """
        from surrogates.figures import new_figure, wrapped

        matrix = self.matrix(value, k)
        if ax is None:
            ax = new_figure((3.4 + 0.75 * matrix.shape[1], 2.2 + 0.5 * matrix.shape[0])).add_subplot()
        largest = max(float(matrix.abs().max().max()), 1e-9)
        shown = ax.imshow(matrix.to_numpy(), cmap="RdBu", vmin=-largest, vmax=largest, aspect="auto")
        ax.set_xticks(
            range(matrix.shape[1]), [wrapped(str(task), 1.6) for task in matrix.columns], rotation=45, ha="right"
        )
        ax.set_yticks(range(matrix.shape[0]), [wrapped(str(task), 1.6) for task in matrix.index])
        for row, column in zip(*matrix.notna().to_numpy().nonzero(), strict=True):
            entry = float(matrix.iloc[row, column])
            colour = "white" if abs(entry) > 0.6 * largest else "black"
            ax.text(column, row, f"{entry:.2f}", ha="center", va="center", color=colour)
        labels = "" if value == "correlation" else f", {self.runs['k'].min() if k is None else k} labels"
        ax.set_title(wrapped(f"{_TITLES[value]}{labels}", 0.7 * matrix.shape[1]), fontsize="medium")
        ax.set(xlabel="target", ylabel="source")
        ax.figure.colorbar(shown, ax=ax, label="gain" if value == "gain" else "tau")
        return ax

    def save(self, directory: str | Path, plots: bool = True) -> list[Path]:
        """Write `runs` (``transfer.csv``), and each matrix as csv and, if `plots`, as a heatmap (png).

        Returns:
            Paths of the files.

        Raises:
            MissingExtraError: If `plots` and matplotlib is not installed; raised before anything is written.
            OSError: If the directory cannot be written.
        """
        folder = Path(directory)
        wanted: list[tuple[str, str, int | None]] = [("transfer_correlation", "correlation", None)]
        ks = sorted(self.runs["k"].unique().tolist())
        wanted += [(f"transfer_{value}_{k}", value, k) for k in ks for value in ("tau", "gain")]
        figures = {name: self.plot(value, k).figure for name, value, k in wanted} if plots else {}
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / "transfer.csv"]
        with write_beside(files[0]) as beside:
            self.runs.to_csv(beside, index=False)
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
    """Transfer every task of a table to every other task.

    Args:
        table: Measured results of one space on at least two tasks.
        k: Numbers of labels of the target.
        seeds: Seeds of the splits (`benchmarks.protocols.split`).
        surrogate: Transfer surrogate, whose sources are replaced; `TransferSurrogate` if not given.
        baseline: Surrogate fitted to the labels without sources; `BoostedSurrogate` if not given.
        protocol: Rows to sample from, as in `split`.

    Raises:
        TableError: If the table contains several spaces.
        ValueError: If it contains fewer than two tasks, or a k is not between 0 and the number of rows.

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
    """As `transfer_matrix`, but yields one row per target, k, seed and source when it is complete."""
    from surrogates.models.boosted import BoostedSurrogate
    from surrogates.models.transfer.source_process import SourceProcess
    from surrogates.models.transfer.surrogate import TransferSurrogate

    space, tasks, values = table.space.name, table.results, table.oriented()
    if len(tasks) < 2:
        raise ValueError(f"expected a table of at least two tasks of {space}, got {', '.join(tasks)}")
    check_sizes(table, k, protocol)
    surrogate = TransferSurrogate() if surrogate is None else surrogate
    methods: dict[str, Method] = {_BASELINE: BoostedSurrogate() if baseline is None else baseline}
    process = SourceProcess.fit(table.archs, values.dropna(axis=1, how="all"))
    for target in tasks:
        others = [task for task in process.tasks if task != target]
        sources = {task: [task] for task in others} | ({ALL_OTHERS: others} if len(others) > 1 else {})
        transferred = {name: _transferred(surrogate, process.only(tasks)) for name, tasks in sources.items()}
        known = {task: kendall_tau(values[task].to_numpy(), values[target].to_numpy()) for task in others}
        alone = float("nan")
        for run in held_out_runs(table.to_frame()[[target]], methods | transferred, k, seeds, protocol):
            tau = run["tau"].item()
            if run["method"].item() == _BASELINE:
                alone = tau
                continue
            found = run.rename(columns={"method": "source", "task": "target", "n_train": "k"})
            found["correlation"] = found["source"].map(known).astype(float)
            yield found.assign(alone=alone, gain=tau - alone)[["source", "target", "k", "seed", *_VALUES]]


def _transferred(surrogate: TransferSurrogate, sources: SourceProcess) -> Method:
    """Function that fits a clone of the surrogate with these sources, which are shared, not copied."""
    return lambda archs, labels, seed: clone_with_seed(surrogate, seed, sources=sources).fit(archs, labels)
