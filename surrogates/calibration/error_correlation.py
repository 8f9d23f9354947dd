"""Correlation of the errors of predictions: near architectures are mispredicted alike.

What a surrogate has not learned yet of one architecture it has not learned of its neighbours either, so the errors of
near architectures share a part; what a training adds by chance, they do not. With c the posterior covariance of the
process of `surrogates.calibration.shift` given the training rows, the correlation of two errors is

    c(a, b) / sqrt((c(a, a) + v) (c(b, b) + v))

which is a valid correlation of any number of architectures. The share v of what is not shared, one a task, is estimated
on errors of training rows that were left out, two at a time: had only one been left out, the other would have corrected
its prediction, and neighbours' errors would seem to be opposed. Both leave-two-out errors are known in closed form
(Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, section 5.4.2, with a pair in place of a row).
`perf/compare.py` prints how well intervals of differences hold on held-out pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.short_repr import ShortRepr
from surrogates.calibration.imputation import fill_missing
from surrogates.calibration.shift import ShiftCalibration

__all__ = ["ErrorCorrelation", "left_out_pairs"]

Float = NDArray[np.float64]
Bools = NDArray[np.bool_]

_GRID = np.geomspace(0.01, 10.0, 61)
_CLIP = 2.5
"""Errors are cut at so many standard deviations: failed architectures would decide alone otherwise."""
_FEWEST = 10
_BY_DEFAULT = 0.1
"""The share for fewer rows, and of surrogates stored before it was estimated."""
_MEDIAN_OF_NORMAL = 0.6745
_TINY = 1e-12


@dataclass(frozen=True, repr=False)
class ErrorCorrelation(ShortRepr):
    """Correlations of the errors of predictions of one surrogate.

    Attributes:
        shift: Has the training rows and their process.
        shares: Variance of what the errors of two architectures do not share, of each task, of shape (T,), where the
            process has a variance of 1 far from all training rows.
    """

    shift: ShiftCalibration
    shares: Float

    @classmethod
    def fit(cls, shift: ShiftCalibration, Z: Float) -> ErrorCorrelation:
        """Estimate the shares.

        Args:
            shift: Fitted to the training rows.
            Z: Normal scores of the k rows in `shift.archs`, NaN where not measured, of shape (k, T).
        """
        if len(Z) < _FEWEST:
            return cls(shift, np.full(Z.shape[1], _BY_DEFAULT))
        Z = fill_missing(Z)
        losses = np.stack([_losses(shift, z - z.mean()) for z in Z.T])  # (T, grid)
        return cls(shift, _GRID[(losses + losses.mean(axis=0)).argmin(axis=1)])  # half of what decides is all tasks'

    def matrix(self, archs: Sequence[str], seen: Bools) -> Float:
        """Correlations between the errors of m simplest forms, of shape (T, m, m).

        Args:
            archs: m simplest forms; equal ones have the same error.
            seen: Whether a form was among the training rows, of shape (m,): its own label is known as well.
        """
        distinct, place = np.unique(np.array(archs, dtype=object), return_inverse=True)
        known = np.zeros(len(distinct), dtype=bool)
        known[place] = seen
        covariance = self.shift.covariance(list(distinct), known)
        variances = np.diag(covariance) + self.shares[:, None]  # (T, m)
        found = covariance / np.sqrt(variances[:, :, None] * variances[:, None, :])
        found[:, np.arange(len(distinct)), np.arange(len(distinct))] = 1.0
        return np.asarray(found[:, place[:, None], place])

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Arrays for `Pack.arrays`, beside those of `shift`."""
        return {"error_shares": self.shares}

    @classmethod
    def from_arrays(
        cls, shift: ShiftCalibration | None, n_tasks: int, arrays: Mapping[str, NDArray[np.generic]]
    ) -> ErrorCorrelation | None:
        """Inverse of `to_arrays`; other arrays are ignored. None if there is no shift."""
        if shift is None:
            return None
        shares = arrays.get("error_shares", np.full(n_tasks, _BY_DEFAULT))
        return cls(shift, np.asarray(shares, dtype=np.float64))


def left_out_pairs(precision: Float, z: Float) -> tuple[Float, Float]:
    """Errors of a process at pairs of its k rows, both left out.

    Args:
        precision: Inverse of the covariance of the noisy labels, of shape (k, k).
        z: The labels, of shape (k,).

    Returns:
        Errors of shape (2, p), and their covariances of shape (p, 2, 2), of the p = k (k - 1) / 2 pairs, in the order
        of `numpy.triu_indices`.

    Example:
        >>> errors, covariances = left_out_pairs(np.linalg.inv([[2.0, 1.0], [1.0, 2.0]]), np.array([1.0, -1.0]))
        >>> errors.ravel().round(6).tolist(), covariances[0].round(6).tolist()
        ([1.0, -1.0], [[2.0, 1.0], [1.0, 2.0]])
    """
    i, j = np.triu_indices(len(z), 1)
    own, other, both = precision[i, i], precision[j, j], precision[i, j]
    determinant = np.maximum(own * other - both**2, _TINY)
    covariances = np.array([[other, -both], [-both, own]]) / determinant  # (2, 2, p)
    weights = (precision @ z)[np.stack([i, j])]
    errors = np.einsum("abp,bp->ap", covariances, weights)
    return errors, np.moveaxis(covariances, 2, 0)


def _losses(shift: ShiftCalibration, z: Float) -> Float:
    """Squared differences of products of standardised errors from each share's correlations, of shape (grid,)."""
    errors, covariances = left_out_pairs(shift.precision, z)
    latent = covariances[:, (0, 1), (0, 1)].T - shift.noise  # (2, p): variances of the process itself
    shared = covariances[:, 0, 1]
    units = errors / np.sqrt(latent + shift.noise)
    spread = max(float(np.median(np.abs(units))) / _MEDIAN_OF_NORMAL, _TINY)
    units = np.clip(units / spread, -_CLIP, _CLIP)
    products = units[0] * units[1] / max(float((units**2).mean()), _TINY)
    found = [np.mean((products - shared / np.sqrt((latent[0] + share) * (latent[1] + share))) ** 2) for share in _GRID]
    return np.array(found)
