"""Tasks, metrics and column names."""

import math

import pytest

from benchmarks import TableError, UnknownNameError
from benchmarks.tasks import find_task, get_task, infer_metric, list_tasks, metric_column

SPEC = {
    "class_scene": ("valid_top1", "%"),
    "class_object": ("valid_top1", "%"),
    "room_layout": ("valid_neg_loss", "-"),
    "jigsaw": ("valid_top1", "%"),
    "segmentsemantic": ("valid_acc", "%"),
    "normal": ("valid_ssim", "-"),
    "autoencoder": ("valid_ssim", "-"),
    "cifar10": ("valid_top1", "%"),
    "cifar100": ("valid_top1", "%"),
    "ImageNet16-120": ("valid_top1", "%"),
}


def test_every_task_is_as_the_benchmarks_say():
    assert set(SPEC) == set(list_tasks())
    for name, (column, unit) in SPEC.items():
        task = get_task(name)
        assert (task.column, task.metric.unit, task.metric.higher_is_better) == (column, unit, True)


@pytest.mark.parametrize(
    ("name", "higher"),
    [("valid_loss", False), ("train_l1_loss", False), ("test_neg_loss", True), ("valid_mIoU", True), ("ssim", True)],
)
def test_losses_are_better_when_lower(name, higher):
    metric = infer_metric(name)
    assert metric.higher_is_better is higher
    assert metric.sign == (1 if higher else -1)


def test_an_unknown_metric_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'top1'"):
        infer_metric("valid_top11")


def test_a_task_of_no_benchmark_is_the_users_own():
    metric = find_task("depth").metric
    assert (metric.unit, metric.higher_is_better, metric.bounds) == ("-", True, (-math.inf, math.inf))
    assert find_task("jigsaw") is get_task("jigsaw")


def test_metric_columns():
    assert metric_column("normal") == "valid_ssim"
    assert metric_column("normal", split="test") == "test_ssim"
    assert metric_column("jigsaw", "loss") == "valid_loss"
    assert metric_column("jigsaw", "test_loss") == metric_column("jigsaw", "test_loss", "test") == "test_loss"
    assert metric_column("jigsaw", "time_elapsed", "test") == "time_elapsed"


def test_contradicting_or_unknown_splits_are_refused():
    with pytest.raises(TableError, match="belongs to the split 'test', but got split='valid'"):
        metric_column("jigsaw", "test_loss", "valid")
    with pytest.raises(UnknownNameError, match="unknown split 'val'; did you mean 'valid'"):
        metric_column("jigsaw", "loss", "val")
