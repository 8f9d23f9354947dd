"""Bounds on the costs and task values of an architecture, such as ``params<=1e6`` or ``latency_ms<5``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import check_type
from benchmarks.spaces.registry import get_space, infer_space
from benchmarks.spaces.space import Space
from benchmarks.tasks import find_task
from surrogates.search.errors import ConstraintError
from surrogates.search.quantities import Quantities, quantity

__all__ = ["Bound", "Constraint", "as_constraint"]

Float = NDArray[np.float64]
Mask = NDArray[np.bool_]

_COMPARE: dict[str, tuple[Callable[[Any, float], Any], str]] = {
    "<=": (np.less_equal, "at most"),
    "<": (np.less, "less than"),
    ">=": (np.greater_equal, "at least"),
    ">": (np.greater, "more than"),
    "==": (np.equal, "exactly"),
}
"""Operator -> comparison of values with the number, and the operator in words."""
_SUFFIXES = {"": 0, "k": 3, "K": 3, "M": 6, "G": 9, "B": 9}
"""Suffix of a number -> its power of ten."""
_DIGITS = "[0-9]+(?:_[0-9]+)*"
_NUMBER = rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?[0-9]+)?"
_BOUND = re.compile(
    rf"(?P<quantity>[^<>=!]+)(?P<operator><=|>=|==|<|>)\s*(?P<number>{_NUMBER})\s*(?P<suffix>[kKMGB]?)\s*"
)
_LONGEST = 1000  # characters of a constraint


@dataclass(frozen=True)
class Bound:
    """One bound on one quantity of an architecture.

    Attributes:
        quantity: A cost of the backbone (``"params"``, ``"multiply_adds"`` for one image of the published size), or a
            task of the oracle that is asked, in the unit of its metric; without ``<``, ``>``, ``=`` or ``!``.
        operator: ``"<="``, ``"<"``, ``">="``, ``">"`` or ``"=="``.
        number: A finite number.

    Raises:
        ValueError: If the quantity or the operator is another one, or the number is not finite.

    Example:
        >>> bound = Bound.parse("params <= 1.5M")
        >>> bound
        Bound(quantity='params', operator='<=', number=1500000.0)
        >>> print(bound)
        params<=1500000
    """

    quantity: str
    operator: str
    number: float

    def __post_init__(self) -> None:
        if not self.quantity.strip() or set(self.quantity) & set("<>=!"):
            raise ValueError(f"expected the name of a cost or task without < > = !, got {self.quantity!r:.200}")
        if self.operator not in _COMPARE:
            raise ValueError(f"expected one of the operators {', '.join(_COMPARE)}, got {self.operator!r:.200}")
        if not math.isfinite(self.number):
            raise ValueError(f"expected a finite number as bound of {self.quantity:.200}, got {self.number}")

    @classmethod
    def parse(cls, text: str) -> Bound:
        """Read ``<quantity> <operator> <number>``, with or without spaces.

        Numbers are written like ``5``, ``0.5``, ``-0.7``, ``1e6`` or ``1_000_000``, optionally with ``k`` (1e3), ``M``
        (1e6), or ``G`` or ``B`` (1e9) after them: ``1.5M``.

        Raises:
            ValueError: If the text has another form.
            TypeError: If it is not a string.

        Example:
            >>> Bound.parse("params<=1,000,000")
            Traceback (most recent call last):
            ...
            ValueError: expected one bound, like 'params<=1e6' or 'latency_ms < 5' (operators <=, <, >=, >, ==; numbers
            like 0.5, 1e6, 1_000_000, 1.5M), got 'params<=1,000,000'
        """
        check_type(text, str, "constraint", "a string like 'params<=1e6'")
        found = _BOUND.fullmatch(text) if len(text) <= _LONGEST else None
        if found is None or not found["quantity"].strip():
            raise ValueError(
                "expected one bound, like 'params<=1e6' or 'latency_ms < 5' (operators <=, <, >=, >, ==; numbers like "
                f"0.5, 1e6, 1_000_000, 1.5M), got {text!r:.200}"
            )
        number = _scaled(found["number"], _SUFFIXES[found["suffix"]])
        return cls(found["quantity"].strip(), found["operator"], number)

    def __str__(self) -> str:
        """The bound as a string that `parse` reads."""
        return f"{self.quantity}{self.operator}{_plain(self.number)}"

    @property
    def words(self) -> str:
        """The operator in words.

        Example:
            >>> Bound("params", "<=", 1e6).words
            'at most'
        """
        return _COMPARE[self.operator][1]

    def values(self, over: str | Space | Quantities) -> Float:
        """The bounded quantity of all N architectures, of shape (N,); `over` as in `Constraint.values`.

        Raises:
            UnknownNameError: If there is no such cost or task; names the nearest one.
            ConstraintError: If the number is a fraction, and the quantity is in percent and above 1 everywhere, so that
                the bound would hold for all or for none.

        Example:
            >>> from surrogates import Oracle
            >>> Bound.parse("jigsaw>=0.95").values(Oracle.from_pretrained("transnas101-macro"))
            Traceback (most recent call last):
            ...
            surrogates.search.errors.ConstraintError: jigsaw is in percent, from 88.3632 to 96.6726, and 0.95 % bounds
            nothing: did you mean 'jigsaw>=95'?
        """
        found = quantity(over, self.quantity)
        known = found[~np.isnan(found)]
        if find_task(self.quantity).metric.unit == "%" and 0 < self.number < 1 < known.min(initial=np.inf) < np.inf:
            meant = float(Decimal(repr(self.number)) * 100)
            raise ConstraintError(
                f"{self.quantity:.200} is in percent, from {known.min():g} to {known.max():g}, and {self.number:g} % "
                f"bounds nothing: did you mean {str(replace(self, number=meant))!r:.200}?"
            )
        return found

    def holds(self, values: Float) -> Mask:
        """Whether each of n values is within the bound, of shape (n,); an unknown value (NaN) is not.

        Example:
            >>> Bound("params", "<", 2.0).holds(np.array([1.0, 2.0, np.nan])).tolist()
            [True, False, False]
        """
        return np.asarray(_COMPARE[self.operator][0](values, self.number), dtype=bool)

    def nearest(self, values: Float) -> float:
        """The value that is within the bound or nearest to it, of n values that are not all NaN.

        Example:
            >>> Bound("params", "<", 2.0).nearest(np.array([5.0, 7.0, np.nan]))
            5.0
        """
        if self.operator == "==":
            return float(values[np.nanargmin(np.abs(values - self.number))])
        return float(np.nanmin(values) if self.operator.startswith("<") else np.nanmax(values))


@dataclass(frozen=True, init=False, repr=False)
class Constraint:
    """Bounds on an architecture that must all hold: on costs of its backbone, on tasks of an oracle, or on both.

    Args:
        bounds: Bounds, or strings that `Bound.parse` reads.
        max_params: Maximum number of parameters of the backbone, as ``params<=...``.
        max_multiply_adds: Maximum number of multiply-adds of the backbone, for one image of the published size.

    Attributes:
        bounds: The bounds.

    Raises:
        ValueError: If there is no bound, one is not readable, or a maximum is not positive.

    Example:
        >>> small = Constraint("params<=5e5")
        >>> small(["64-41414-0_00_100", "64-41414-3_33_333"]).tolist()
        [True, False]
        >>> small == Constraint(max_params=5e5)
        True
    """

    bounds: tuple[Bound, ...]

    def __init__(
        self, *bounds: str | Bound, max_params: float | None = None, max_multiply_adds: float | None = None
    ) -> None:
        found = [bound if isinstance(bound, Bound) else Bound.parse(bound) for bound in bounds]
        for name, most in (("params", max_params), ("multiply_adds", max_multiply_adds)):
            if most is not None:
                if not most > 0:
                    raise ValueError(f"expected max_{name} > 0, got {most}")
                found.append(Bound(name, "<=", float(most)))
        if not found:
            raise ValueError("expected a bound such as 'params<=1e6', or max_params or max_multiply_adds, got neither")
        object.__setattr__(self, "bounds", tuple(dict.fromkeys(found)))

    def __repr__(self) -> str:
        return f"Constraint({', '.join(repr(str(bound)) for bound in self.bounds)})"

    def __str__(self) -> str:
        """The bounds as text.

        Example:
            >>> print(Constraint("params<=5e5", "multiply_adds<=1e9", "jigsaw>90"))
            at most 500,000 params and 1,000,000,000 multiply_adds and more than 90 jigsaw
        """
        parts, words = [], ""
        for bound in self.bounds:
            again, words = bound.words == words, bound.words
            parts.append(f"{'' if again else words + ' '}{_grouped(bound.number)} {bound.quantity:.200}")
        return " and ".join(parts)

    def __call__(self, archs: Sequence[str]) -> Mask:
        """Whether each of n published architectures of one space meets bounds on costs, of shape (n,)."""
        space = infer_space(archs)
        return self.mask(space)[[space.index(arch) for arch in archs]]

    def values(self, over: str | Space | Quantities) -> dict[str, Float]:
        """The bounded quantities of all N architectures, each of shape (N,).

        Args:
            over: The space, for bounds on costs; an oracle, for bounds on its tasks as well.

        Raises:
            UnknownNameError: If there is no such cost or task; names the nearest one.
            ConstraintError: If a number is a fraction, though the quantity is in percent (`Bound.values`).

        Example:
            >>> list(Constraint("params<=5e5", "params>1e5").values("transnas101-macro"))
            ['params']
        """
        return {bound.quantity: bound.values(over) for bound in self.bounds}

    def mask(self, over: str | Space | Quantities) -> Mask:
        """Whether each of the N architectures of a space meets the constraint, of shape (N,); see `values`."""
        values = self.values(over)
        return np.asarray(np.all([bound.holds(values[bound.quantity]) for bound in self.bounds], axis=0))

    def check(self, over: str | Space | Quantities, known: Mask) -> Mask:
        """Mask of the known architectures of a space that meet the constraint.

        Args:
            over: A space of N architectures, or an oracle; see `values`.
            known: Mask of the architectures that have values, of shape (N,).

        Returns:
            Mask of shape (N,).

        Raises:
            ConstraintError: If no architecture meets it; the message names the nearest bounds that one meets. If a
                number is a fraction, though the quantity is in percent (`Bound.values`).
            UnknownNameError: If there is no such cost or task; names the nearest one.
        """
        values = self.values(over)
        allowed = self.mask(over) & known
        if allowed.any() or not known.any():
            return allowed
        space = get_space(over) if isinstance(over, str | Space) else over.space
        what = f"no {'' if known.all() else 'measured '}architecture of {space} has"
        for bound in self.bounds:
            there = values[bound.quantity][known]
            if not bound.holds(there).any():
                raise ConstraintError(f"{what} {Constraint(bound)}: {_extreme(bound, there)}")
        raise ConstraintError(f"{what} {self} at once{self._nearest(values, known)}")

    def _nearest(self, values: dict[str, Float], known: Mask) -> str:
        """For each bound the nearest value of the architectures that meet all other bounds, if there are any."""
        found = []
        for bound in self.bounds:
            held = [other.holds(values[other.quantity]) for other in self.bounds if other != bound]
            rest = np.all([known, *held, ~np.isnan(values[bound.quantity])], axis=0)
            if rest.any():
                found.append(f"{bound.quantity:.200} {_rounded(bound, values[bound.quantity][rest])}")
        kind = "smallest" if all(bound.operator.startswith("<") for bound in self.bounds) else "nearest"
        what = f"; the {kind} available of each: {', or '.join(found)} (where all other bounds hold)"
        return what if found else ""


def as_constraint(*given: Constraint | str | Bound | Iterable[str | Bound | Constraint] | None) -> Constraint | None:
    """One constraint of everything given: a constraint, bounds, strings, lists of them; None if there is no bound.

    Raises:
        ValueError: If a string is not readable.
        TypeError: If something else is given.

    Example:
        >>> as_constraint(Constraint(max_params=1e6), ["jigsaw>=90"])
        Constraint('params<=1000000', 'jigsaw>=90')
        >>> as_constraint(None, []) is None
        True
    """
    bounds: list[str | Bound] = []
    for entry in given:
        if isinstance(entry, Constraint):
            bounds += entry.bounds
        elif isinstance(entry, str | Bound):
            bounds.append(entry)
        elif entry is not None:
            if isinstance(entry, Mapping | bytes) or not isinstance(entry, Iterable):
                came = f"{entry!r:.200} ({type(entry).__name__})"
                raise TypeError(f"expected a list of strings like 'params<=1e6' as constraints, got {came}")
            nested = as_constraint(*entry)
            bounds += () if nested is None else nested.bounds
    return Constraint(*bounds) if bounds else None


def _extreme(bound: Bound, values: Float) -> str:
    """What there is instead of a bound that none of the values meets."""
    if np.isnan(values).all():
        return f"{bound.quantity:.200} is known for none"
    nearest = _rounded(bound, values)
    if bound.operator == "==":
        return f"the nearest has {nearest}"
    return f"the {'smallest' if bound.operator.startswith('<') else 'largest'} has {nearest}"


def _scaled(text: str, power: int) -> float:
    """A written number times a power of ten, rounded once: 4.1 * 1e6 in floats is less than 4,100,000."""
    digits, _, exponent = text.lower().partition("e")
    return float(f"{digits}e{int(exponent or 0) + power}")


def _plain(number: float) -> str:
    """A number as short as possible, read back exactly."""
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e15 else repr(number)


def _grouped(number: float) -> str:
    """As `_plain`, with thousands separated by commas."""
    return f"{number:,.0f}" if number.is_integer() and abs(number) < 1e15 else repr(number)


def _rounded(bound: Bound, values: Float) -> str:
    """The nearest value with six digits, rounded so that it is within a bound of that number; integers in full."""
    nearest = bound.nearest(values)
    if bound.operator == "==" or nearest.is_integer():
        return _grouped(nearest)
    exact = Decimal(nearest)
    step = Decimal(1).scaleb(exact.adjusted() - 5)
    return _grouped(float(exact.quantize(step, ROUND_CEILING if bound.operator.startswith("<") else ROUND_FLOOR)))
