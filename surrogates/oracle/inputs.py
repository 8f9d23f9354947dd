"""What an oracle is made of and asked for, checked: a surrogate and a table of one space, and its architectures."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from benchmarks.errors import ArchitectureError, TableError, shown
from benchmarks.provenance import unlike_published
from benchmarks.spaces.registry import get_space, infer_space, naslib_hint
from benchmarks.task_names import name_tasks
from benchmarks.tasks import minimized
from surrogates.oracle.predictors import about

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space
    from benchmarks.table import Table
    from surrogates.oracle.predictors import Predictor

__all__ = ["asked_arch", "asked_archs", "lowered_by", "of_one_space"]


def asked_archs(archs: Iterable[str], space: Space) -> tuple[str, ...]:
    """The strings of n architectures of a space, from a list, or an array or DataFrame of one column.

    Raises:
        ArchitectureError: If one is not an architecture of the space; names its position.

    Example:
        >>> asked_archs(["64-2311-basic"], get_space("transnas101-macro"))
        ('64-2311-basic',)
    """
    if not isinstance(archs, Iterable) or hasattr(archs, "shape"):
        from encoders.base import as_strings  # here, so that looking up needs no scikit-learn

        archs = as_strings(archs)  # a DataFrame or an array of one column
    if isinstance(archs, str):
        came = f"{type(archs).__name__} {shown(archs)}"
        raise ArchitectureError(f"expected a list of architecture strings, got {came}; write [{shown(archs)}]")
    return tuple(asked_arch(arch, space, position) for position, arch in enumerate(archs))


def asked_arch(arch: object, space: Space, position: int | None = None) -> str:
    """The string of an architecture of a space.

    Raises:
        ArchitectureError: If it is none; names its position if there is one.

    Example:
        >>> asked_arch("64-2311-basic", get_space("transnas101-macro"))
        '64-2311-basic'
    """
    if not isinstance(arch, str):
        where = "" if position is None else f" at position {position}"
        raise ArchitectureError(
            f"expected an architecture string{where}, got {type(arch).__name__} {shown(arch)}{naslib_hint(arch)}"
        )
    string = str(arch)
    if string not in space:
        if not space.recognises(string) and (other := infer_space(string)) != space:
            raise ArchitectureError(f"expected architectures of {space.name}, got {shown(string)} of {other.name}")
        space.parse(string)
    return string


def lowered_by(surrogate: Predictor | None, minimize: Collection[str] | str) -> tuple[str, ...]:
    """The user's own tasks of a predictor that are better when lower.

    Args:
        surrogate: The predictor; none has no tasks.
        minimize: Such tasks, for a predictor that does not say which they are.

    Raises:
        UnknownNameError: If a name says that lower is better, and its direction is not given.

    Example:
        >>> lowered_by(None, "latency_ms")
        ()
    """
    if surrogate is None:
        return ()
    said = about(surrogate).minimize
    known = said or ()
    given = (minimize,) if isinstance(minimize, str) else tuple(minimize)
    tasks = name_tasks(surrogate.tasks_, {*known, *given}) if said is None or given else {}
    return tuple(dict.fromkeys((*known, *(task.name for task in tasks.values() if task == minimized(task)))))


def of_one_space(surrogate: Predictor | None, table: Table | None) -> tuple[Table | None, Space]:
    """The rows of the table in the surrogate's space, and the space; one of both may be None.

    Raises:
        sklearn.exceptions.NotFittedError: If the surrogate is not fitted.
        TypeError: If it is a table.
        TableError: If table and surrogate are of different spaces or trainings, or a table alone is of several spaces.

    Example:
        >>> from benchmarks import load_table
        >>> table, space = of_one_space(None, load_table("rooms-mini", space="transnas101-macro"))
        >>> len(table), space.name
        (24, 'transnas101-macro')
    """
    if surrogate is None:
        assert table is not None
        return table, table.space
    if not hasattr(surrogate, "space_"):
        from sklearn.exceptions import NotFittedError

        named = isinstance(surrogate, str)
        advice = "Oracle.from_pretrained loads a bundled one, load_surrogate a directory" if named else "call fit first"
        from benchmarks.table import Table

        if isinstance(surrogate, Table):
            raise TypeError(
                f"expected a fitted surrogate, got a Table of {len(surrogate.archs):,} architectures; give it as "
                "Oracle(surrogate, table), or Oracle(None, table) for measured values alone"
            )
        raise NotFittedError(f"expected a fitted surrogate, got {shown(surrogate)}; {advice}")
    space = get_space(surrogate.space_)
    if table is None:
        return None, space
    for task, how in about(surrogate).trainings.items():
        if task in table.tasks and how != (came := unlike_published(table, [task])):
            ways = [f"unlike the published ones ({way})" if way else "like the published ones" for way in (how, came)]
            raise TableError(
                f"{task}: expected a table of trainings {ways[0]}, as those of the surrogate, got trainings {ways[1]}"
            )
    if table.spaces == (space.name,):
        return table, space
    if space.name not in table.spaces:
        raise TableError(f"expected a table of {space}, the surrogate's space, got one of {', '.join(table.spaces)}")
    return table.where(space=space), space
