"""Final values from the first epochs: `LearningCurveSurrogate` beside what else one could do with k epochs.

    python perf/learning_curves.py                                       # records of room_layout in perf/rooms_mini
    python perf/learning_curves.py --table transnas-bench.pth --tasks jigsaw normal --space transnas101-micro

Architectures are split into five parts, each predicted from the curves of the others, `--seeds` times. For each number
of epochs seen: Kendall's tau of the predicted final values, their mean absolute error in standard deviations of the
final values, and the share of 90 % intervals that hold the truth. Beside it stand, with the same epochs,

- last: the last value seen; last + gain: with the mean gain of the other architectures' curves from there on,
- power law: a + b epoch^-c fitted to the curve itself by least squares (scipy), from three epochs on,
- process: a Gaussian process in log epoch (scikit-learn) around the mean curve of the other architectures, which also
  choose its kernel.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Kernel, Matern, WhiteKernel

from benchmarks import kendall_tau, load_table
from benchmarks.table import Table
from benchmarks.training.campaign import campaign_table, load_plan, unpack_records
from surrogates import LearningCurveSurrogate

Float = NDArray[np.float64]
Prediction = tuple[Float, Float | None]
HERE = Path(__file__).parent
PARTS = 5
Z_LEVEL = 1.645


def campaign_curves(name: str) -> Table:
    """The table of a campaign whose records are kept beside its plan."""
    plan = load_plan(HERE / f"{name}.json")
    with tempfile.TemporaryDirectory() as folder:
        unpack_records(plan, HERE / f"{name}.jsonl.gz", folder)
        return campaign_table(plan, folder)


def last(curves: Float, k: int) -> Prediction:
    """The last value seen, of shape (m,)."""
    return curves[:, k - 1] if k else np.full(len(curves), np.nan), None


def last_and_gain(train: Float, curves: Float, k: int) -> Prediction:
    """The last value seen and the mean gain from there on; without any, the mean final value."""
    if not k:
        return np.full(len(curves), train[:, -1].mean()), np.full(len(curves), train[:, -1].std())
    gain = train[:, -1] - train[:, k - 1]
    return curves[:, k - 1] + gain.mean(), np.full(len(curves), gain.std())


def power_law(curves: Float, k: int) -> Prediction:
    """The law a + b epoch^-c, fitted to the k values of each curve."""
    if k < 3:
        return np.full(len(curves), np.nan), None
    epochs, found = np.arange(1, k + 1), np.array(curves[:, k - 1])
    for row, seen in enumerate(curves[:, :k]):
        start, bounds = (seen[-1], seen[0] - seen[-1], 1.0), ([-np.inf, -np.inf, 0.01], [np.inf, np.inf, 5.0])
        with warnings.catch_warnings(), contextlib.suppress(RuntimeError):  # no fit: the last value stays
            warnings.simplefilter("ignore")
            fitted, _ = curve_fit(_power, epochs, seen, p0=start, bounds=bounds, max_nfev=2000)
            found[row] = _power(curves.shape[1], *fitted)
    return found, None


def _power(epoch: Float | int, a: float, b: float, c: float) -> Float:
    return np.asarray(a + b * np.asarray(epoch, dtype=np.float64) ** -c)


def process_kernel(train: Float) -> Kernel:
    """The kernel of log epochs that fits the distances of curves from their mean best, in their overall std."""
    x = np.log(np.arange(1, train.shape[1] + 1))[:, None]
    kernel = ConstantKernel(1.0) * Matern(1.0, nu=1.5) + ConstantKernel(1.0) + WhiteKernel(0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = GaussianProcessRegressor(kernel, random_state=0).fit(x, ((train - train.mean(axis=0)) / train.std()).T)
    return fitted.kernel_


def process(kernel: Kernel, train: Float, curves: Float, k: int) -> Prediction:
    """A Gaussian process around the mean of the other curves."""
    x = np.log(np.arange(1, train.shape[1] + 1))[:, None]
    mean, scale = train.mean(axis=0), train.std()
    if not k:
        return np.full(len(curves), mean[-1]), np.full(len(curves), scale * np.sqrt(kernel.diag(x)[-1]))
    one = GaussianProcessRegressor(kernel, optimizer=None).fit(x[:k], ((curves - mean) / scale)[:, :k].T)
    found, std = one.predict(x[-1:], return_std=True)
    return mean[-1] + scale * found.ravel(), scale * np.ravel(std)


def folds(n: int, seed: int) -> list[NDArray[np.int64]]:
    """Rows of each part."""
    return np.array_split(np.random.default_rng(seed).permutation(n), PARTS)


def compared(
    model: LearningCurveSurrogate, kernel: Kernel, archs: list[str], task: str, train: Float, curves: Float, k: int
) -> dict[str, Prediction]:
    """Method -> predictions of m curves of shape (m, E) of which k epochs were seen."""
    return {
        "learning curves": model.final(archs, task, curves[:, :k], return_std=True),
        "last": last(curves, k),
        "last + gain": last_and_gain(train, curves, k),
        "power law": power_law(curves, k),
        "process": process(kernel, train, curves, k),
    }


def study(table: Table, task: str, seeds: int) -> None:
    """Print the comparison on one task of a table of one space."""
    log = table.logs[task]
    values = log.metrics[table.task(task).column]
    epochs = int(np.bincount(log.lengths[log.lengths > 1]).argmax())
    rows = np.flatnonzero((log.lengths == epochs) & ~np.isnan(values[:, :epochs]).any(axis=1))
    archs, curves = [table.archs[row] for row in rows], values[rows, :epochs]
    shown = sorted({k for k in (0, 1, 2, 3, epochs // 2, epochs - 1) if k < epochs})
    found: dict[tuple[str, int], Float] = {}  # mean and std of all curves for each seed, of shape (seeds, 2, n)
    for seed in range(seeds):
        for part in folds(len(archs), seed):
            rest = np.setdiff1d(np.arange(len(archs)), part)
            train = table.where(archs=[archs[row] for row in rest], tasks=[task])
            model = LearningCurveSurrogate(random_state=seed).fit(train)
            kernel = process_kernel(curves[rest])
            for k in shown:
                made = compared(model, kernel, [archs[row] for row in part], task, curves[rest], curves[part], k)
                for name, (mean, std) in made.items():
                    kept = found.setdefault((name, k), np.full((seeds, 2, len(archs)), np.nan))
                    kept[seed, 0, part] = mean
                    kept[seed, 1, part] = np.nan if std is None else std
    print(f"\n{task}, {table.space.name}: {len(archs)} curves of {epochs} epochs, {seeds} seeds")
    print(f"{'':16s}" + "".join(f"  after {k:<18d}" for k in shown))
    print(f"{'':16s}" + "  tau (sd)    error  cover" * len(shown))
    for name in dict.fromkeys(name for name, _ in found):
        print(f"{name:16s}" + "".join(cell(found[name, k], curves[:, -1]) for k in shown), flush=True)


def cell(predicted: Float, truth: Float) -> str:
    """Tau with its deviation over seeds, error and coverage of predictions of shape (seeds, 2, n)."""
    mean, std = predicted[:, 0], predicted[:, 1]
    if np.isnan(mean).any():
        return f"{'-':>11s}{'-':>9s}{'-':>6s}"
    taus = [kendall_tau(truth, own) for own in mean]
    error = np.abs(mean - truth).mean() / truth.std()
    cover = "-" if np.isnan(std).any() else f"{(np.abs(mean - truth) <= Z_LEVEL * std).mean():.2f}"
    return f"{np.mean(taus):7.3f} ({np.std(taus):.3f}){error:6.2f}{cover:>6s}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, help="a .pth file with every epoch; default: the campaign's records")
    parser.add_argument("--tasks", nargs="+", default=["room_layout"])
    parser.add_argument("--space", nargs="+", default=["transnas101-micro", "transnas101-macro"])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    whole = campaign_curves("rooms_mini/room_layout") if options.table is None else load_table(options.table)
    for space in options.space:
        for task in options.tasks:
            study(whole.where(space=space), task, options.seeds)
