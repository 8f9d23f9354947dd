"""The door for names of tasks: identity, spelling, direction, bookkeeping."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.errors import UnknownNameError
from benchmarks.quantities import is_bookkeeping, is_cost, lower_is_better
from benchmarks.task_names import choose_task, name_tasks, read_task
from benchmarks.tasks import SPLITS, find_task, list_tasks, result_columns


def _words(text):
    return text.split()


LOWER = _words(
    """
test_error valid-loss edgegpu_energy nll Brier ECE rmse val_MAE regret n_params MACs FLOPs memory_mb peakMemory latency
raspi4_latency time inference_time cost distance perplexity neg_log_likelihood 1-accuracy one_minus_auc error_rate
trainSeconds accuracy_loss KL_divergence xent_loss CO2 power_w top1Error
    model_size wallclock err1 accuracy_drop time_to_accuracy area_mm2 edp brier_score fpr false_positive_rate lpips
    mpjpe hamming elapsed wall_clock cycles xent overhead energy_per_image
"""
)
HIGHER = _words(
    """
quality neg_loss negative_rmse accuracy time_series_accuracy log_likelihood psnr map f1_score depth_estimation
energy_efficiency error_reduction speedup throughput my_task y0 inverse_latency
    size power точность 精度 accuracy_at_5 top1_gain speed_to_cost images_per_second
    epe_nas cost_effectiveness error_free parameter_free
"""
)


@pytest.mark.parametrize("name", LOWER)
def test_lower_is_better_names_need_a_direction(name):
    assert lower_is_better(name)
    with pytest.raises(UnknownNameError, match=r"lower is better|a metric without a task"):
        read_task(name)
    assert not read_task(name, minimize=True).metric.higher_is_better
    assert read_task(f"{name}/valid_value").metric.higher_is_better


@pytest.mark.parametrize("name", HIGHER)
def test_other_names_are_tasks_of_the_user(name):
    assert not lower_is_better(name)
    assert read_task(name).metric.higher_is_better
    assert not read_task(name, minimize=True).metric.higher_is_better


def test_costs_are_told_from_errors():
    costs = ["fpga_latency", "model_params", "energy_mj", "FLOPs", "throughput", "train_time"]
    assert all(map(is_cost, costs))
    assert not any(map(is_cost, ["test_error", "jigsaw", "nll", "energy_efficiency_score"]))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("cifar10-valid", "cifar10"),
        ("CIFAR-10", "cifar10"),
        ("Cifar_100", "cifar100"),
        ("cifar100_test", "cifar100"),
        ("ImageNet-16-120", "ImageNet16-120"),
        ("imagenet16_120", "ImageNet16-120"),
        ("jigsaw_valid_top1", "jigsaw"),
        ("Jigsaw", "jigsaw"),
        ("jigsaw_top1", "jigsaw"),
        ("jigsau", "jigsaw"),
        ("jigswa", "jigsaw"),
        ("normals", "normal"),
        ("class scene", "class_scene"),
        ("classObject", "class_object"),
        ("ROOM_LAYOUT", "room_layout"),
        ("segment_semantic_mIoU", "segmentsemantic"),
        ("autoencoder-ssim", "autoencoder"),
    ],
)
@pytest.mark.parametrize("with_metric", [False, True])
def test_near_spellings_of_known_tasks_are_refused(name, meant, with_metric):
    with pytest.raises(UnknownNameError, match=f"did you mean the task '{meant}'"):
        read_task(f"{name}/valid_loss" if with_metric else name)


def test_a_near_spelling_may_be_declared_as_ones_own():
    assert read_task("Jigsaw/valid_value").name == "Jigsaw"
    assert not read_task("normals/valid_cost").metric.higher_is_better


@pytest.mark.parametrize("name", ["jigsaw_v2", "normal2", "my_jigsaw", "cifar100c", "depth", "scene"])
def test_names_of_ones_own_may_contain_a_known_one(name):
    assert read_task(name).benchmark == "user"


@pytest.mark.parametrize("task", list_tasks())
def test_a_task_and_its_primary_metric_are_one(task):
    column = find_task(task).column
    spellings = {task, f"{task}/{column}", f"{task}/{find_task(task).metric.name}", f" {task} "}
    assert {read_task(name).name for name in spellings} == {task}
    assert all(choose_task(name.strip(), [task, "other"]) == task for name in spellings)
    for one, other in itertools.permutations(sorted(spellings), 2):
        with pytest.raises(UnknownNameError, match=f"{task}/{column} occurs twice"):
            name_tasks([one, other])


@given(st.sampled_from(list_tasks()), st.sampled_from(result_columns()))
def test_reading_a_name_again_changes_nothing(task, column):
    once = read_task(f"{task}/{column}")
    assert read_task(once.name) == once
    assert choose_task(f"{task}/{column}", [once.name]) == once.name


@given(st.text(max_size=30))
def test_any_text_is_a_task_or_refused(text):
    try:
        task = read_task(text)
    except UnknownNameError:
        return
    assert task.name == text.strip() or "/" in text
    assert lower_is_better(task.name) or read_task(task.name).name == task.name


@pytest.mark.parametrize("split", SPLITS)
def test_a_metric_without_a_task_is_refused(split):
    with pytest.raises(UnknownNameError, match=f"write the task before it, as in 'jigsaw/{split}_top1'"):
        read_task(f"{split}_top1")


def test_known_directions_are_not_reversed():
    assert not read_task("jigsaw/valid_loss").metric.higher_is_better
    assert not read_task("depth/valid_l1_loss").metric.higher_is_better
    assert not read_task("jigsaw/time_elapsed").metric.higher_is_better
    assert not read_task("jigsaw/model_params").metric.higher_is_better
    with pytest.raises(UnknownNameError, match="'jigsaw': it is valid_top1, better when higher"):
        read_task("jigsaw", minimize=True)


def test_bookkeeping_is_left_out_and_can_be_named():
    names = [
        "id",
        "seed",
        "Epoch",
        "trial_id",
        "rank",
        "jigsaw_std",
        "in_domain",
        "Unnamed: 0",
        "run",
        "n_epochs",
        "trial_number",
        "learning_rate",
        "batch_size",
        "best_epoch",
        "arch_hash",
        "ci_low_ci",
        "jigsaw",
    ]
    assert list(name_tasks(names)) == ["jigsaw"]
    assert list(name_tasks(["rank/valid_value", "seed/valid_cost"])) == ["rank/valid_value", "seed/valid_cost"]
    assert not name_tasks(["rank"], minimize=["rank"])["rank"].metric.higher_is_better
    assert not any(map(is_bookkeeping, list_tasks()))


def test_all_names_without_a_direction_are_listed_at_once():
    with pytest.raises(UnknownNameError, match=r"'gpu_latency', 'tpu_energy': .*\['gpu_latency', 'tpu_energy'\]"):
        name_tasks(["jigsaw", "gpu_latency", "tpu_energy"])


def test_an_error_of_a_known_task_is_ones_own_if_declared():
    assert read_task("jigsaw_error", minimize=True).name == "jigsaw_error"
    with pytest.raises(UnknownNameError, match="did you mean the task 'jigsaw'"):
        read_task("jigsaw_error")


def test_minimize_must_name_what_is_there():
    with pytest.raises(UnknownNameError, match="unknown task to minimize 'test_eror'; did you mean 'test_error'"):
        name_tasks(["test_error"], minimize=["test_eror"])


@pytest.mark.parametrize("name", ["ｔｅｓｔ＿ｅｒｒｏｒ", "test＿error", "ｌａｔｅｎｃｙ"])
def test_letters_of_full_width_say_what_letters_say(name):
    with pytest.raises(UnknownNameError, match="says that lower is better"):
        name_tasks([name])


@pytest.mark.parametrize("name", ["ｊｉｇｓａｗ", "ｊｉｇｓａｗ_top1"])
def test_a_task_in_letters_of_full_width_is_a_task_in_another_spelling(name):
    with pytest.raises(UnknownNameError, match="did you mean the task 'jigsaw'"):
        name_tasks([name])


def test_one_name_in_two_encodings_is_one_name():
    assert list(name_tasks(["caf\u00e9", "cafe"])) == ["caf\u00e9", "cafe"]
    with pytest.raises(UnknownNameError, match="occurs twice"):
        name_tasks(["caf\u00e9", "cafe\u0301"])
