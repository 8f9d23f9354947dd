"""Random generators from what users give as `rng` or `random_state`: a seed, a generator, or None."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.errors import shown

__all__ = ["as_generator"]


def as_generator(rng: Any = None, name: str = "rng") -> np.random.Generator:
    """A generator of random numbers.

    Args:
        rng: A seed (an integer from 0 on), a `numpy.random.Generator`, or None for fresh draws.
        name: Name of the argument, for the message.

    Raises:
        TypeError: If it is something else.
        ValueError: If the seed is negative.

    Example:
        >>> int(as_generator(0).integers(10)) == int(np.random.default_rng(0).integers(10))
        True
        >>> as_generator("a")
        Traceback (most recent call last):
        ...
        TypeError: expected a seed (an integer >= 0), a numpy.random.Generator or None as rng, got 'a' (str)
    """
    expected = f"expected a seed (an integer >= 0), a numpy.random.Generator or None as {name}, got {shown(rng)}"
    try:
        return np.random.default_rng(rng)
    except TypeError as error:
        raise TypeError(f"{expected} ({type(rng).__name__})") from error
    except ValueError as error:
        raise ValueError(expected) from error
