"""Which architectures a surrogate takes for the same: those of one function, or only those of one string.

Performance belongs to the function that a network computes, so rows of equal functions are replicates. Costs such as
latency or energy belong to the network as its string writes it: an operation that leads nowhere still takes time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from benchmarks.errors import choice
from benchmarks.quantities import is_cost
from benchmarks.user_warnings import warn_user

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space

__all__ = ["Equivalence", "equivalence_of_tasks", "forms"]

Equivalence: TypeAlias = Literal["function", "string"]
"""Architectures are the same if they compute the same function, or if their strings are the same."""


def forms(space: Space, archs: Sequence[str], equivalence: Equivalence) -> list[str]:
    """For each architecture the string that stands for all that are the same: the simplest form, or its own string.

    Example:
        >>> from benchmarks import get_space
        >>> archs = ["64-41414-3_00_300", "64-41414-0_00_300"]  # the first operation of the first leads nowhere
        >>> forms(get_space("transnas101-micro"), archs, "function")
        ['64-41414-0_00_300', '64-41414-0_00_300']
        >>> forms(get_space("transnas101-micro"), archs, "string") == archs
        True
    """
    return space.simplify(archs) if equivalence == "function" else [space.validate(arch) for arch in archs]


def equivalence_of_tasks(
    requested: Equivalence | None, tasks: Sequence[str], what: str, able: bool = True
) -> tuple[Equivalence, ...]:
    """The equivalence of each task: the requested one, or, without a request, that which suits the task's name.

    Args:
        requested: ``"function"`` or ``"string"`` for all tasks; if not given, ``"string"`` for tasks named after a cost
            (`benchmarks.quantities.is_cost`) and ``"function"`` for all others.
        tasks: Names of the T tasks.
        what: Name of the surrogate, for messages.
        able: Whether the surrogate can tell apart architectures of one function.

    Returns:
        T equivalences.

    Raises:
        UnknownNameError: If there is no such equivalence.
        ValueError: If ``"string"`` is requested from a surrogate that is not able to.

    Warns:
        UserWarning: If tasks are named after a cost and there is no request; says what is done.

    Example:
        >>> equivalence_of_tasks("string", ["edgegpu_latency", "cifar10"], "EnsembleSurrogate")
        ('string', 'string')
        >>> equivalence_of_tasks(None, ["cifar10"], "EnsembleSurrogate")
        ('function',)
    """
    if requested is not None:
        choice(requested, get_args(Equivalence), "equivalence")
        if requested == "string" and not able:
            raise ValueError(f"expected equivalence='function' or None for {what}: {_ABLE}, got 'string'")
        return (requested,) * len(tasks)
    by_default: Equivalence = "function"
    pooled = (by_default,) * len(tasks)
    costs = [task for task in tasks if is_cost(task)]
    if not costs:
        return pooled
    if not able:
        warn_user(f"{_listed(costs)}: {what} pools architectures of equal function; {_ABLE}")
        return pooled
    warn_user(
        f"{_listed(costs)}: taken for a cost by name, so dead operations count and architectures of equal function are "
        "told apart; equivalence='string' says so, equivalence='function' pools them",
    )
    return tuple("string" if task in costs else "function" for task in tasks)


_ABLE = (
    "for costs, where dead operations count, use BoostedSurrogate, GaussianProcessSurrogate or an EnsembleSurrogate of "
    "these with equivalence='string'"
)
_MOST_LISTED = 5


def _listed(tasks: Sequence[str]) -> str:
    """The first task names, shortened."""
    text = ", ".join(f"{task:.40}" for task in tasks[:_MOST_LISTED])
    return text if len(tasks) <= _MOST_LISTED else f"{text} and {len(tasks) - _MOST_LISTED} more"
