"""Leave-one-out predictions of a Gaussian process in closed form, without refitting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["leave_one_out"]

Float = NDArray[np.float64]


def leave_one_out(labels: Float, weights: Float, precision: Float) -> Float:
    """Posterior mean of every row given the labels of all others.

    The residual of a left-out block is the inverse of the block of the inverse covariance times the row's weights
    (Rasmussen and Williams, 2006, equation 5.12 for one task).

    Args:
        labels: Centred labels, of shape (n,), or (n, T) for T tasks.
        weights: The inverse covariance of the labels times the labels, of the same shape.
        precision: The diagonal of the inverse covariance, of shape (n,), or its diagonal blocks, of shape (n, T, T).

    Returns:
        Predictions of the shape of the labels.

    Example:
        >>> inverse = np.linalg.inv([[1.0, 0.5], [0.5, 1.0]])
        >>> z = np.array([2.0, -1.0])
        >>> leave_one_out(z, inverse @ z, np.diag(inverse)).round(6).tolist()
        [-0.5, 1.0]
    """
    if labels.ndim == 1:
        return np.asarray(labels - weights / precision)
    return np.asarray(labels - np.linalg.solve(precision, weights[:, :, None])[:, :, 0])
