"""Values of results as real numbers: what is not a real number is refused, never converted in silence."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["check_magnitude", "out_of_bounds", "real_numbers", "reads_as_fractions"]

_LARGEST = 1e150  # sums of squares of larger numbers are infinite, those of numbers below the inverse are 0
_ROUNDING = 1e-3  # tolerance of the bounds for rounding errors, relative to the bound


def real_numbers(values: Any, what: str = "values") -> NDArray[np.float64]:
    """An array of any shape as float64; masked entries, None and pandas' NA become NaN.

    Args:
        values: Integers or floats: a list, an array, a masked array, a Series or a DataFrame.
        what: What they are, for messages.

    Raises:
        ValueError: If it holds anything else, such as text, dates, truth values or complex numbers; names the first.

    Example:
        >>> real_numbers([1, None, 2.5])
        array([1. , nan, 2.5])
        >>> real_numbers(["12.5"])
        Traceback (most recent call last):
        ...
        ValueError: expected numeric values, got text: '12.5'
    """
    mask = values.mask if isinstance(values, np.ma.MaskedArray) else None
    try:
        array = np.asarray(values.data if mask is not None else values)
    except (TypeError, ValueError, RuntimeError) as error:  # of tensors: RuntimeError
        raise ValueError(f"expected numeric {what}, got {type(values).__name__}: {error}") from None
    if isinstance(values, (list, tuple)) and array.dtype.kind in "iuf":
        _refuse_truth_values(values, what)
    if array.dtype.kind not in "iuf":
        array = _from_objects(array, what)
    numbers = array.astype(np.float64)
    if mask is not None:
        numbers[np.broadcast_to(mask, numbers.shape)] = np.nan
    return numbers


def check_magnitude(values: NDArray[np.float64], what: str) -> None:
    """Refuse numbers that no variance can be computed of in double precision: too large, or too near each other.

    Args:
        values: Values of any shape; NaN is ignored. All may be equal.
        what: What they are, for the message.

    Raises:
        ValueError: If one is infinite or beyond 1e150, or they differ by less than 1e-150.

    Example:
        >>> check_magnitude(np.array([0.0, 2e-200]), "labels of 'mine'")
        Traceback (most recent call last):
        ...
        ValueError: labels of 'mine': expected numbers that differ by 0 or at least 1e-150, got a largest difference
        of 2e-200; multiply them by a constant
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return
    largest = float(np.abs(known).max())
    if np.isinf(largest):
        raise ValueError(f"{what}: expected finite numbers, or NaN for missing ones, got {largest:g}")
    if largest > _LARGEST:
        raise ValueError(
            f"{what}: expected numbers from -{_LARGEST:g} to {_LARGEST:g}, got {largest:g} in size; divide them by a "
            "constant"
        )
    spread = float(known.max() - known.min())
    if 0 < spread < 1 / _LARGEST:
        raise ValueError(
            f"{what}: expected numbers that differ by 0 or at least {1 / _LARGEST:g}, got a largest difference of "
            f"{spread:g}; multiply them by a constant"
        )


def out_of_bounds(values: NDArray[np.float64], bounds: tuple[float, float]) -> NDArray[np.bool_]:
    """Which values are below or above what is possible, by more than rounding can explain.

    Args:
        values: Values of any shape; NaN is possible.
        bounds: Smallest and largest possible value.

    Example:
        >>> out_of_bounds(np.array([100.0001, 140.0, -3.0, np.nan]), (0.0, 100.0)).tolist()
        [False, True, True, False]
    """
    low, high = bounds
    slack = _ROUNDING * max((abs(bound) for bound in bounds if np.isfinite(bound) and bound), default=1.0)
    return np.asarray((values < low - slack) | (values > high + slack))


def reads_as_fractions(values: NDArray[np.float64], fewest: int = 4) -> bool:
    """Whether values of a metric in percent look like fractions: all within 0 to 1, and not only 0 and 1.

    Args:
        values: Values of any shape; NaN is ignored.
        fewest: Number of values from which on it can be told.

    Example:
        >>> reads_as_fractions(np.array([0.9, 0.95, 0.2, 0.8])), reads_as_fractions(np.array([90.0, 0.5, 0.2, 0.8]))
        (True, False)
    """
    known = values[~np.isnan(values)]
    return bool(len(known) >= fewest and known.min() >= 0 and known.max() <= 1 and (known % 1 > 0).any())


def _refuse_truth_values(values: Any, what: str) -> None:
    """A list of numbers and truth values is an array of numbers to numpy."""
    for value in np.array(values, dtype=object).flat:
        if isinstance(value, (bool, np.bool_)):
            raise ValueError(f"expected numeric {what}, got truth values: {value!r}")


def _from_objects(array: NDArray[Any], what: str) -> NDArray[np.float64]:
    kinds = {"b": "truth values", "c": "complex numbers", "S": "bytes", "U": "text", "M": "dates", "m": "durations"}
    if array.dtype.kind in kinds and array.size:
        raise ValueError(f"expected numeric {what}, got {kinds[array.dtype.kind]}: {array.flat[0].item()!r:.100}")
    if array.dtype.kind != "O":
        return np.full(array.shape, np.nan)
    numbers = np.empty(array.shape)
    for place, value in np.ndenumerate(array):
        if value is None or type(value).__name__ in ("NAType", "NaTType", "MaskedConstant"):
            numbers[place] = np.nan
        elif isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
            kind = "text" if isinstance(value, str) else f"a {type(value).__name__}"
            raise ValueError(f"expected numeric {what}, got {kind}: {value!r:.100}")
        else:
            try:
                numbers[place] = float(value)
            except OverflowError:
                raise ValueError(f"expected numeric {what}, got an integer too large for a float") from None
    return numbers
