"""Predicted against measured values on held-out architectures, stored as a two-dimensional histogram."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import choice
from benchmarks.metrics import kendall_tau
from surrogates.store.artefact import parsing, read_files, read_metadata, write_artefact
from surrogates.store.npz import npz_arrays, npz_bytes
from surrogates.store.provenance import describe_tasks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from surrogates.calibration.base import CalibratedSurrogate

__all__ = ["Agreement"]

KIND = "agreement"
_ARRAYS = "agreement.npz"
_BINS = 40
_TAILS = 0.005
_COLUMNS, _PANEL = 4, 3.4  # panels in a row, and their size in inches


class Agreement:
    """Agreement of a surrogate with its table, each architecture predicted by members not fitted to it.

    Args:
        tasks: Names of the T tasks.
        edges: Bin edges, the same for both axes, in the metrics' own units, of shape (T, b + 1).
        counts: Architectures per bin, measured (row) against predicted (column), of shape (T, b, b).
        tau: Kendall's tau-b, of shape (T,).

    Example:
        >>> from surrogates.pretrained import load_agreement
        >>> agreement = load_agreement("transnas101-micro")
        >>> int(agreement.grid("jigsaw")[1].sum()), round(float(agreement.tau.mean()), 1)
        (4096, 0.8)
    """

    def __init__(
        self,
        tasks: tuple[str, ...],
        edges: NDArray[np.float64],
        counts: NDArray[np.int64],
        tau: NDArray[np.float64],
    ) -> None:
        self.tasks = tasks
        self.edges = edges
        self.counts = counts
        self.tau = tau

    @classmethod
    def from_surrogate(cls, surrogate: CalibratedSurrogate, Y: pd.DataFrame) -> Agreement:
        """Compute the agreement of a fitted surrogate with the labels it was fitted to.

        Args:
            surrogate: Fitted surrogate with the out-of-fold predictions of its `fit`, which a stored one lacks.
            Y: The labels it was fitted to, of shape (n, T).
        """
        measured, predicted = Y.to_numpy(dtype=np.float64), surrogate.oob_prediction_
        pairs = list(zip(measured.T, predicted.T, strict=True))
        edges = [_edges(*pair) for pair in pairs]
        counts = [_count(*pair, borders) for pair, borders in zip(pairs, edges, strict=True)]
        tau = [kendall_tau(*pair) for pair in pairs]
        return cls(surrogate.tasks_, np.stack(edges), np.stack(counts), np.array(tau))

    def grid(self, task: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Bin edges, of shape (b + 1,), and counts, of shape (b, b), of one task.

        Values outside the 0.5 % and 99.5 % quantiles are counted in the outermost bins.

        Raises:
            UnknownNameError: If there is no such task.
        """
        t = self.tasks.index(choice(task, self.tasks, "task"))
        return self.edges[t], self.counts[t]

    def plot(self) -> Figure:
        """Predicted (out of fold) against measured, one panel per task, with the number of architectures as colour.

        Raises:
            MissingExtraError: If matplotlib is not installed.

        Example:
            >>> from surrogates.pretrained import load_agreement
            >>> figure = load_agreement("nasbench201").plot()
            >>> figure.axes[0].get_xlabel(), figure.axes[-1].get_ylabel()
            ('predicted valid_top1 (%)', 'architectures')
        """
        from surrogates.figures import COLOURS, new_figure, value_label, wrapped

        columns = min(_COLUMNS, len(self.tasks))
        rows = -(-len(self.tasks) // columns)
        figure = new_figure((_PANEL * columns + 0.8, (_PANEL + 0.2) * rows))
        from matplotlib.colors import LogNorm

        panels = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
        colours = LogNorm(1, max(2, int(self.counts.max())))
        for task, tau, ax in zip(self.tasks, self.tau.tolist(), panels, strict=False):
            edges, counts = self.grid(task)
            shown = ax.pcolormesh(edges, edges, np.where(counts, counts, np.nan), norm=colours, cmap="viridis")
            ax.plot(edges[[0, -1]], edges[[0, -1]], color=COLOURS[1], linewidth=1)
            label = value_label(task)
            ax.set(
                xlabel=wrapped(f"predicted {label}", _PANEL - 0.6), ylabel=wrapped(f"measured {label}", _PANEL - 0.6)
            )
            ax.set_title(f"{wrapped(task, _PANEL - 0.6)}\nKendall's tau {tau:.2f}", fontsize="medium")
            ax.set_aspect("equal")
        for ax in panels[len(self.tasks) :]:
            ax.remove()
        figure.colorbar(shown, ax=panels[: len(self.tasks)], label="architectures", shrink=0.8)
        return figure

    def save(self, directory: str | Path) -> Path:
        """Write the agreement to a folder; the same agreement gives the same bytes."""
        arrays = {"edges": self.edges, "counts": self.counts, "tau": self.tau}
        return write_artefact(directory, KIND, {"tasks": describe_tasks(self.tasks)}, {_ARRAYS: npz_bytes(arrays)})

    @classmethod
    def load(cls, directory: str | Path) -> Agreement:
        """Read a folder written by `save`.

        Raises:
            ArtefactError: If it is not a stored agreement, or damaged, truncated or newer than this version.
        """
        metadata = read_metadata(directory, KIND)
        files = read_files(directory, metadata)
        with parsing(directory):
            return cls(tuple(task["name"] for task in metadata["tasks"]), **npz_arrays(files[_ARRAYS]))


def _edges(measured: NDArray[np.float64], predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    both = np.concatenate([measured[~np.isnan(measured)], predicted])
    low, high = np.quantile(both, [_TAILS, 1 - _TAILS])
    return np.linspace(low, high, _BINS + 1)


def _count(
    measured: NDArray[np.float64], predicted: NDArray[np.float64], edges: NDArray[np.float64]
) -> NDArray[np.int64]:
    known = ~np.isnan(measured)
    rows, columns = (np.clip(values[known], edges[0], edges[-1]) for values in (measured, predicted))
    counts, _, _ = np.histogram2d(rows, columns, bins=[edges, edges])
    return counts.astype(np.int64)
