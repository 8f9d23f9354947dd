"""The tasks that architectures were trained on: metric, unit, direction, bounds.

Seven tasks on Taskonomy images (TransNAS-Bench-101, Duan et al., CVPR 2021, section 3.2) and the three image
classification data sets of NAS-Bench-201 (Dong and Yang, ICLR 2020). A task's *primary metric* is the one
that the literature ranks by; `Metric` holds its direction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from benchmarks.errors import TableError, choice
from benchmarks.quantities import unit_of

__all__ = [
    "INFO_NAMES",
    "NASBENCH201_TASKS",
    "SPLITS",
    "TIME",
    "TRANSNAS_TASKS",
    "Metric",
    "Task",
    "find_metric",
    "find_task",
    "get_task",
    "infer_metric",
    "is_minimized",
    "list_tasks",
    "metric_column",
    "minimized",
    "normal_score_task",
    "result_columns",
    "trained_task",
]

SPLITS = ("train", "valid", "test")
TIME = "time_elapsed"

TRANSNAS_TASKS = (
    "class_scene",
    "class_object",
    "room_layout",
    "jigsaw",
    "segmentsemantic",
    "normal",
    "autoencoder",
)
NASBENCH201_TASKS = ("cifar10", "cifar100", "ImageNet16-120")


@dataclass(frozen=True)
class Metric:
    """A measured quantity.

    Attributes:
        name: Name in the benchmark, without the split, e.g. ``"top1"``.
        unit: ``"%"``, ``"s"`` or ``"-"`` for a number without a unit.
        higher_is_better: Whether higher values are better; None for an extra metric, whose direction is not known.
        bounds: Smallest and largest possible value.
    """

    name: str
    unit: str
    higher_is_better: bool | None
    bounds: tuple[float, float]

    @property
    def sign(self) -> float:
        """+1 if higher is better, else -1; multiplied by it, higher is better.

        Raises:
            TableError: If the direction is not known.
        """
        if self.higher_is_better is None:
            raise TableError(
                f"{self.name} is an extra metric: whether higher or lower is better is not known, so nothing is its "
                "best; choose an epoch ('final' or a number), or another metric"
            )
        return 1.0 if self.higher_is_better else -1.0


@dataclass(frozen=True)
class Task:
    """One task of a benchmark.

    Attributes:
        name: Name in the benchmark.
        metric: The primary metric, on `split`.
        split: The split the primary metric is read from; empty for time and for facts about the model.
        label: Display name.
        benchmark: Benchmark that measured it.
        epochs: Number of epochs of the published training.
        train_images: Number of training images per epoch.
    """

    name: str
    metric: Metric
    split: str
    label: str
    benchmark: str
    epochs: int
    train_images: int

    @property
    def column(self) -> str:
        """Name of the primary metric in the published file, e.g. ``"valid_top1"``."""
        return f"{self.split}_{self.metric.name}" if self.split else self.metric.name


def get_task(name: str) -> Task:
    """Return a task by name.

    Raises:
        UnknownNameError: If there is no such task; names the nearest one.

    Example:
        >>> task = get_task("room_layout")
        >>> task.column, task.metric.unit, task.metric.higher_is_better
        ('valid_neg_loss', '-', True)
    """
    return _TASKS[choice(name, _TASKS, "task")]


def find_task(name: str) -> Task:
    """Return a task by name; a name that no benchmark has is a user-defined task.

    The metric of a user-defined task is a number without a unit, higher is better, unbounded. ``task/metric`` selects a
    metric other than the task's primary one, as in the columns of a table.

    Example:
        >>> find_task("class_scene").metric.unit, find_task("depth_estimation").metric.unit
        ('%', '-')
        >>> find_task("depth_estimation").column
        'valid_value'
        >>> find_task("jigsaw/valid_loss").metric.higher_is_better
        False
    """
    if name in _TASKS:
        return _TASKS[name]
    of, _, column = name.rpartition("/")
    if of and column in (TIME, *_FACTS):
        return replace(find_task(of), name=name, metric=_METRICS.get(column) or _FACTS[column], split="")
    split, _, metric = column.partition("_")
    if of and split in SPLITS and metric in _METRICS:
        unit = unit_of(of) if metric == "cost" else _METRICS[metric].unit
        return replace(find_task(of), name=name, metric=replace(_METRICS[metric], unit=unit), split=split)
    return Task(name, _METRICS["value"], "valid", name, "user", epochs=1, train_images=0)


def minimized(task: Task) -> Task:
    """A user-defined task whose lower values are better: its metric is ``cost``, in the unit that its name ends with.

    Example:
        >>> task = minimized(find_task("edgegpu_energy"))
        >>> task.name, task.column, task.metric.higher_is_better
        ('edgegpu_energy', 'valid_cost', False)
        >>> minimized(find_task("latency_ms")).metric.unit
        'ms'
    """
    return replace(task, metric=replace(_METRICS["cost"], unit=unit_of(trained_task(task.name))))


def is_minimized(task: Task) -> bool:
    """Whether a task is user-defined and better when lower (`minimized`).

    Example:
        >>> is_minimized(find_task("jigsaw/valid_loss")), is_minimized(minimized(find_task("edgegpu_energy")))
        (False, True)
    """
    return task.benchmark == "user" and task.metric.name == "cost"


def normal_score_task(name: str) -> str:
    """The task of predicted normal scores of another: where a value would rank, if its unit is not known.

    0 is the middle of the space, 1 better than 84 % of it, -1 better than 16 %, whatever the direction of the task.

    Example:
        >>> normal_score_task("jigsaw"), find_task(normal_score_task("jigsaw/valid_loss")).metric.higher_is_better
        ('jigsaw/valid_normal_score', True)
    """
    return f"{trained_task(name)}/valid_normal_score"


def result_columns() -> tuple[str, ...]:
    """Names of everything that is recorded of a training: each metric on each split, time, and facts about the model.

    Example:
        >>> "valid_top1" in result_columns(), "model_params" in result_columns()
        (True, True)
    """
    return _COLUMNS


def trained_task(name: str) -> str:
    """The task whose training gives a value: that of ``jigsaw/valid_loss`` is ``jigsaw``.

    Example:
        >>> trained_task("jigsaw/valid_loss"), trained_task("jigsaw")
        ('jigsaw', 'jigsaw')
    """
    of, _, column = name.rpartition("/")
    return of if of and column in _COLUMNS else name


def list_tasks(benchmark: str | None = None) -> tuple[str, ...]:
    """Names of all tasks, or of the tasks of one benchmark (``"transnas101"``, ``"nasbench201"``).

    Example:
        >>> list_tasks("nasbench201")
        ('cifar10', 'cifar100', 'ImageNet16-120')
    """
    return tuple(name for name, task in _TASKS.items() if benchmark in (None, task.benchmark))


def infer_metric(name: str) -> Metric:
    """The metric of a column name such as ``"valid_top1"``, ``"test_loss"`` or ``"neg_loss"``.

    Raises:
        UnknownNameError: If no metric has that name.

    Example:
        >>> infer_metric("valid_loss").higher_is_better
        False
    """
    metric = find_metric(name)
    return _METRICS[choice(metric.name, _METRICS, "metric")]


def find_metric(name: str) -> Metric:
    """The metric of a column name, as `infer_metric`, or a fact about the model; any other name is an extra metric.

    An extra metric is a number without unit, bounds or direction.

    Example:
        >>> find_metric("valid_loss").higher_is_better, find_metric("train_g_loss").higher_is_better
        (False, None)
    """
    prefix, _, rest = str(name).partition("_")
    bare = rest if prefix in SPLITS else str(name)
    return _METRICS.get(bare) or _FACTS.get(str(name)) or Metric(bare, "-", None, (-math.inf, math.inf))


def metric_column(task: str, metric: str | None = None, split: str | None = None) -> str:
    """Name of a metric on a split in the published file, e.g. ``"valid_top1"``.

    Args:
        task: Task name; its primary metric is the default.
        metric: With its split (``"valid_loss"``) or without (``"loss"``); None for the task's primary one.
        split: ``"train"``, ``"valid"`` or ``"test"``; None for the split in the metric's name, else
            ``"valid"``.

    Raises:
        UnknownNameError: If the split does not exist.
        TableError: If the split in the metric's name differs from `split`.

    Example:
        >>> metric_column("jigsaw"), metric_column("jigsaw", "loss", "test")
        ('valid_top1', 'test_loss')
    """
    if split is not None:
        choice(split, SPLITS, "split")
    if metric is None:
        known = find_task(task)
        return f"{split or known.split}_{known.metric.name}"
    prefix = metric.partition("_")[0]
    if prefix in SPLITS:
        if split not in (None, prefix):
            raise TableError(f"metric {metric!r} belongs to the split {prefix!r}, but got split={split!r}")
        return metric
    return metric if metric == TIME else f"{split or 'valid'}_{metric}"


_METRICS = {
    metric.name: metric
    for metric in (
        Metric("top1", "%", True, (0.0, 100.0)),
        Metric("top5", "%", True, (0.0, 100.0)),
        Metric("acc", "%", True, (0.0, 100.0)),
        Metric("mIoU", "%", True, (0.0, 100.0)),
        Metric("ssim", "-", True, (-1.0, 1.0)),
        Metric("neg_loss", "-", True, (-math.inf, 0.0)),
        Metric("loss", "-", False, (0.0, math.inf)),
        Metric("l1_loss", "-", False, (0.0, math.inf)),
        Metric("value", "-", True, (-math.inf, math.inf)),
        Metric("cost", "-", False, (-math.inf, math.inf)),
        Metric("normal_score", "-", True, (-math.inf, math.inf)),
        Metric(TIME, "s", False, (0.0, math.inf)),
    )
}

_FACTS = {
    name: Metric(name, unit, False, (0.0, math.inf))
    for name, unit in (
        ("inference_time", "s"),
        ("encoder_params", "-"),
        ("model_params", "-"),
        ("model_FLOPs", "-"),
        ("encoder_FLOPs", "-"),
    )
}
INFO_NAMES = tuple(_FACTS)
"""Model facts that the published file stores beside the metrics."""
_COLUMNS = (*(f"{split}_{name}" for split in SPLITS for name in _METRICS if name != TIME), TIME, *INFO_NAMES)

# Taskonomy "final5k" split: about 80,000 training images (paper, section 3.1). NAS-Bench-201: section 2.2.
_ROWS = (
    ("class_scene", "top1", "scene classification", "transnas101", 25, 80_000),
    ("class_object", "top1", "object classification", "transnas101", 25, 80_000),
    ("room_layout", "neg_loss", "room layout", "transnas101", 25, 80_000),
    ("jigsaw", "top1", "jigsaw puzzle", "transnas101", 10, 80_000),
    ("segmentsemantic", "acc", "semantic segmentation", "transnas101", 30, 80_000),
    ("normal", "ssim", "surface normals", "transnas101", 30, 80_000),
    ("autoencoder", "ssim", "autoencoding", "transnas101", 30, 80_000),
    ("cifar10", "top1", "CIFAR-10", "nasbench201", 200, 25_000),
    ("cifar100", "top1", "CIFAR-100", "nasbench201", 200, 50_000),
    ("ImageNet16-120", "top1", "ImageNet16-120", "nasbench201", 200, 151_700),
)
_TASKS = {
    name: Task(name, _METRICS[metric], "valid", label, benchmark, epochs, images)
    for name, metric, label, benchmark, epochs, images in _ROWS
}
