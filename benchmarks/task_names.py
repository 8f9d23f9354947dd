"""The one door for names of tasks: a name that comes with values becomes a `Task`, or is refused.

``task`` and ``task/<primary metric>`` are the same task. A known task in another spelling, a metric without a task, and
a name of the user's own that says that lower is better, but comes without that direction, are refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable

from benchmarks.errors import UnknownNameError, choice, did_you_mean
from benchmarks.quantities import is_bookkeeping, lower_is_better, words_of
from benchmarks.tasks import SPLITS, Task, find_task, list_tasks, minimized, normal_score_task, result_columns
from benchmarks.user_warnings import warn_user

__all__ = ["choose_task", "name_tasks", "read_task", "reads_plainly", "warn_of_left_out"]

_ASIDE = frozenset(
    """
    1 5 acc accuracy best err error final iou l1 loss m miou neg score ssim test top top1 top5 train training val
    valid validation
    """.split()  # noqa: SIM905
)
"""Words that people write beside the name of a task: splits and metrics."""
_SHOWN = 20
_TYPO_LENGTH = 6  # shortest name in which one wrong letter is a typing error


def name_tasks(
    names: Iterable[str], minimize: Collection[str] | str = (), maximize: Collection[str] = ()
) -> dict[str, Task]:
    """The tasks of named columns of results.

    Args:
        names: Names as the user writes them, such as columns of a DataFrame.
        minimize: Those of them that are better when lower, for tasks of the user's own.
        maximize: Those of them that are results better when higher, whatever their names say.

    Returns:
        Name as given -> task; names of bookkeeping columns (``seed``, ``trial_id``) are left out.

    Raises:
        UnknownNameError: If a name is refused (see `read_task`), two names mean one task, or a name in `minimize` is
            not among the names.

    Example:
        >>> named = name_tasks(["jigsaw/valid_top1", "seed", "test_error"], minimize=["test_error"])
        >>> [(task.name, task.metric.higher_is_better) for task in named.values()]
        [('jigsaw', True), ('test_error', False)]
    """
    listed = [str(name) for name in names]
    lowered = {minimize} if isinstance(minimize, str) else set(minimize)
    for name in sorted(lowered):
        choice(name, listed, "task to minimize")
    unstated = [name for name in listed if _is_unstated(name) and name not in lowered and name not in maximize]
    if len(unstated) > 1:
        raise UnknownNameError(
            f"{', '.join(f'{name!r:.60}' for name in unstated[:_SHOWN])}{' ...' * (len(unstated) > _SHOWN)}: the name "
            "says that lower is better, but a task of your own is better when higher unless its direction is given: "
            f"minimize={unstated[:_SHOWN]!r:.600} (--minimize, repeatable), or 'NAME/valid_value' if higher is better"
        )
    found: dict[str, Task] = {}
    spelling: dict[str, str] = {}
    for name in listed:
        if name in maximize and name not in lowered and "/" not in name:
            task = find_task(name)
        elif "/" not in name and is_bookkeeping(name) and name not in lowered:
            continue
        else:
            task = read_task(name, name in lowered)
        written = unicodedata.normalize("NFC", task.name)  # as a letter with an accent, or a letter and an accent
        if written in spelling:
            full = task.name if "/" in task.name else f"{task.name}/{task.column}"
            raise UnknownNameError(f"{name!r} after {spelling[written]!r}: {full} occurs twice; expected one of them")
        spelling[written] = name
        found[name] = task
    return found


def read_task(name: str, minimize: bool = False) -> Task:
    """The task that a name means where results come in: in a table, as labels, as the task of a function.

    Args:
        name: ``task`` or ``task/metric``; a metric without a split is that of ``valid``.
        minimize: Whether lower is better, for a task of the user's own.

    Raises:
        UnknownNameError: If it is a known task in another spelling (names it), a metric without a task or an unknown
            metric, says that lower is better without `minimize`, or has a known direction other than `minimize`.

    Example:
        >>> read_task("jigsaw/top1").name, read_task("test_error", minimize=True).column
        ('jigsaw', 'valid_cost')
        >>> read_task("Jigsaw")
        Traceback (most recent call last):
        ...
        benchmarks.errors.UnknownNameError: 'Jigsaw': did you mean the task 'jigsaw'?
    """
    label = str(name).strip()
    of, slash, metric = label.rpartition("/")
    plain = of if slash else label
    own = slash and metric.removeprefix("valid_") in ("value", "cost")  # says that it is a task of the user's own
    if not own:
        _refuse_near_names(plain, label, minimize)
    task = _of_metric(plain, metric, label) if slash else _of_plain_name(plain, minimize)
    if minimize and task.metric.higher_is_better:
        raise UnknownNameError(f"{label!r}: it is {task.column}, better when higher, and cannot be minimized")
    return task


def reads_plainly(name: str) -> bool:
    """Whether the name of a user-defined task, better when higher, is read as that without its metric.

    Example:
        >>> reads_plainly("my_score"), reads_plainly("seed"), reads_plainly("latency_ms")
        (True, False, False)
    """
    if "/" not in name and is_bookkeeping(name):
        return False
    try:
        return read_task(name).name == name
    except UnknownNameError:
        return False


def warn_of_left_out(names: Collection[str]) -> None:
    """Warn that columns are left out because they hold no results of a task.

    Warns:
        UserWarning: If there are any.
    """
    if names:
        first = next(iter(names))
        warn_user(
            f"left out {', '.join(map(repr, names))}: columns that hold no results of a task (one that does is written "
            f"{first + '/valid_value'!r})"
        )


def choose_task(name: object, choices: Collection[str], what: str = "task") -> str:
    """The task that is asked for, one of `choices`; ``task/<primary metric>`` is `task`, ``task/top1`` its valid one.

    A task of which there are only predicted normal scores (`normal_score_task`) means these.

    Raises:
        UnknownNameError: If it is none of them; names the nearest.

    Example:
        >>> choose_task("jigsaw/valid_top1", ["jigsaw", "normal"])
        'jigsaw'
        >>> choose_task("jigsaw", ["jigsaw/valid_normal_score", "normal"])
        'jigsaw/valid_normal_score'
    """
    if isinstance(name, str) and name not in choices and normal_score_task(name) in choices and "/" not in name:
        return normal_score_task(name)
    if isinstance(name, str) and name not in choices and "/" in name:
        of, _, metric = name.strip().rpartition("/")
        task = find_task(of)
        column = metric if metric in result_columns() else f"valid_{metric}"
        full = f"{of}/{column}"
        if full in choices:
            return full
        if of in choices and column in (task.column, minimized(task).column):
            return of
    return choice(name, choices, what)


def _is_unstated(name: str) -> bool:
    """Whether a name without a metric says that lower is better, and is no known task or bookkeeping."""
    plain = "/" not in name and not is_bookkeeping(name) and lower_is_better(name)
    return plain and find_task(name).metric.name == "value" and name not in result_columns()


def _of_plain_name(name: str, minimize: bool) -> Task:
    task = find_task(name)
    if task.metric.name != "value":
        return task
    if not name:
        raise UnknownNameError("expected the name of a task, got an empty one")
    if minimize:
        return minimized(task)
    if name in result_columns() and name.partition("_")[0] in SPLITS:
        raise UnknownNameError(
            f"{name!r}: a metric without a task; write the task before it, as in 'jigsaw/{name}' or 'my_task/{name}'"
        )
    if lower_is_better(name):
        raise UnknownNameError(
            f"{name!r:.200}: the name says that lower is better, but a task of your own is better when higher unless "
            f"its direction is given: minimize=[{name!r:.200}] (--minimize), or {name + '/valid_value'!r:.200} if "
            "higher is better"
        )
    return task


def _of_metric(of: str, metric: str, label: str) -> Task:
    columns = result_columns()
    column = metric if metric in columns else f"valid_{metric}"
    if column not in columns or not of:
        bare = [name.removeprefix("valid_") for name in columns if name.partition("_")[0] not in ("train", "test")]
        raise UnknownNameError(
            f"{label:.200}: unknown metric {metric!r:.200}{did_you_mean(metric, bare)} Choices: {', '.join(bare)}, "
            f"each of {', '.join(SPLITS)}"
        )
    task = find_task(of)
    if column == task.column:
        return task
    lowered = minimized(task)
    if task.benchmark == "user" and column == lowered.column:
        return lowered
    return find_task(f"{of}/{column}")


def _refuse_near_names(name: str, label: str, minimize: bool) -> None:
    """A known task in another spelling is an error, not a task of the user's own."""
    known = list_tasks()
    if name in known:
        return
    words = words_of(name)
    core = [word for word in words if word not in _ASIDE] or words
    for task in known:
        plain = "".join(words_of(task))
        if "".join(words) == plain or _one_letter_apart("".join(words), plain):
            raise UnknownNameError(f"{label!r:.200}: did you mean the task {task!r}?")
        if "".join(core) == plain and not minimize:  # an error of a task, declared as such, is one's own
            example = f"{task}/{find_task(task).column}"
            raise UnknownNameError(
                f"{label!r:.200}: did you mean the task {task!r}, or a metric of it, written like {example!r}?"
            )


def _one_letter_apart(name: str, known: str) -> bool:
    """Whether a long name has one letter more, less or other than a known one, or two neighbours swapped.

    A letter at the end may be meant (CIFAR-100-C), except a plural.
    """
    if len(known) < _TYPO_LENGTH or abs(len(name) - len(known)) > 1:
        return False
    start = 0
    while start < min(len(name), len(known)) and name[start] == known[start]:
        start += 1
    a, b = name[start:], known[start:]
    if not b:
        return a == "s"
    swapped = len(a) == len(b) > 1 and a[1] + a[0] + a[2:] == b
    digits = a[:1].isdigit() or b[:1].isdigit()
    return not digits and (swapped or a[1:] == b or a == b[1:] or a[1:] == b[1:])
