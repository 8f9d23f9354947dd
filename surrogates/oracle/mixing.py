"""Checks of an oracle that mixes measured and predicted values: same direction, same unit, same training."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.errors import TableError
from benchmarks.numbers import reads_as_fractions
from benchmarks.user_warnings import warn_user
from surrogates.oracle.predictors import predict_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.table import Table
    from surrogates.oracle.predictors import Predictor

__all__ = ["check_mixture"]

_SAMPLE = 64
_FEWEST = 8
_OUTSIDE = 0.5
"""Share of measured values outside their 90 % intervals beyond which they are of something else."""


def check_mixture(table: Table, predictor: Predictor, minimize: Collection[str] = ()) -> None:
    """Compare the measured values of up to 64 published architectures with their predictions.

    Args:
        table: Measured results of the predictor's space.
        predictor: A fitted surrogate.
        minimize: Those of its tasks that are the user's own and better when lower.

    Raises:
        TableError: If a task has another direction in the table, or is in percent in one and a fraction in the other.

    Warns:
        UserWarning: If more than half of the measured values of a task, at least 8, lie outside their 90 % intervals.

    Example:
        >>> import numpy as np
        >>> from benchmarks.table import Table
        >>> from surrogates.oracle.tabulated import TabulatedSurrogate
        >>> table = Table.from_logs(["64-2311-basic", "64-1234-basic"], {"jigsaw": {"valid_top1": [93.0, 95.0]}})
        >>> mean, std = np.full((2, 3256, 1), 0.9)
        >>> fractions = TabulatedSurrogate("transnas101-macro", ["jigsaw"], np.arange(3256), mean, std)
        >>> check_mixture(table, fractions)
        Traceback (most recent call last):
        ...
        benchmarks.errors.TableError: jigsaw: the values of the table are in percent, those of the surrogate ...
    """
    from surrogates.calibration.calibration import LEVEL, Z_LEVEL  # scipy, which a look-up does without

    both = [task for task in predictor.tasks_ if task in table.tasks]
    for task in both:
        lowered = not table.task(task).metric.higher_is_better
        if table.task(task).benchmark == "user" and lowered != (task in minimize):
            ways = ["lower" if way else "higher" for way in (task in minimize, lowered)]
            raise TableError(f"{task}: better when {ways[0]} in the surrogate, but when {ways[1]} in the table")
    archs = [arch for arch in table.archs if arch in table.space]
    if not both or not archs:
        return
    if len(archs) > _SAMPLE:  # drawn, since every n-th of a table in order may be a cell without an output
        archs = [archs[row] for row in np.random.default_rng(0).choice(len(archs), _SAMPLE, replace=False)]
    mean, std = predict_matrix(predictor, archs)
    rows = [table.row(arch) for arch in archs]
    for task in both:
        place = predictor.tasks_.index(task)
        measured, predicted, spread = table.column(task)[rows], mean[:, place], std[:, place]
        fractions = [reads_as_fractions(values, fewest=1) for values in (measured, predicted)]
        if table.task(task).metric.unit == "%" and fractions[0] != fractions[1] and _are_scaled(measured, predicted):
            ways = ["fractions" if way else "in percent" for way in fractions]
            raise TableError(
                f"{task}: the values of the table are {ways[0]}, those of the surrogate {ways[1]}; expected percent in "
                "both: multiply fractions by 100"
            )
        known = ~np.isnan(measured) & (spread > 0)
        outside = int((np.abs(measured - predicted)[known] > Z_LEVEL * spread[known]).sum())
        if known.sum() >= _FEWEST and outside > _OUTSIDE * known.sum():
            warn_user(
                f"{task}: {outside} of {int(known.sum())} measured values lie outside the {LEVEL:.0%} interval of "
                "their prediction: the table and the surrogate seem to be of different trainings or units, and the "
                "oracle mixes them; use source='table' or 'surrogate', or fit a surrogate to the table",
            )


def _are_scaled(measured: NDArray[np.float64], predicted: NDArray[np.float64]) -> bool:
    """Whether one of two columns agrees better with the other after multiplication by 100: failed runs have 0.05 %."""
    known = ~np.isnan(measured)
    if not known.any():
        return False
    small, large = sorted([measured[known], predicted[known]], key=np.median)
    return bool(np.median(np.abs(100 * small - large)) < np.median(np.abs(small - large)))
