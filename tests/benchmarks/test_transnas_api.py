"""The drop-in reader against a naive one written here over the same nested dictionaries."""

import math

import numpy as np
import pytest
import torch

from benchmarks import TableError, UnknownNameError
from benchmarks.formats.transnas_pth import from_nested
from benchmarks.transnas_api import TransNASBenchAPI
from tests.benchmarks.conftest import INFO, MACRO, METRICS, MICRO

A = MACRO[0]


def lower_is_better(metric):
    return metric.endswith("loss") and not metric.endswith("neg_loss")


class Naive:
    """The published file read with plain loops."""

    def __init__(self, database):
        self.results = {
            arch: (space, entry) for space in database["data"] for arch, entry in database["data"][space].items()
        }

    def epochs(self, arch, task, metric):
        return self.results[arch][1][task]["metrics"][metric]

    def best_epoch(self, arch, task, metric):
        values = self.epochs(arch, task, metric)
        chosen = 0
        for epoch, value in enumerate(values):
            if value < values[chosen] if lower_is_better(metric) else value > values[chosen]:
                chosen = epoch
        return chosen

    def status(self, arch, task, epoch):
        metrics = self.results[arch][1][task]["metrics"]
        return {"epoch": epoch % len(metrics["time_elapsed"]), **{name: metrics[name][epoch] for name in metrics}}

    def ranking(self, task, metric, space):
        pairs = []
        for arch, (found, _) in self.results.items():
            if found == space:
                pairs.append((self.epochs(arch, task, metric)[self.best_epoch(arch, task, metric)], arch))
        return sorted(pairs, reverse=not lower_is_better(metric))


@pytest.fixture
def api(pth):
    return TransNASBenchAPI(pth, verbose=False)


@pytest.fixture
def naive(database):
    return Naive(database)


def test_attributes_are_those_of_the_file(api, database):
    assert api.metrics_dict == database["metrics_dict"]
    assert api.info_names == list(INFO)
    assert api.task_list == list(METRICS)
    assert api.search_spaces == ["macro", "micro"]
    assert api.all_arch_dict == {"macro": list(MACRO), "micro": list(MICRO)}
    assert api.arch2space == dict.fromkeys(MACRO, "macro") | dict.fromkeys(MICRO, "micro")
    assert api.database == database
    assert len(api) == 7
    assert repr(api) == "TransNASBenchAPI(7 architectures/7 tasks)"


def test_indices_follow_the_file(api):
    for index, arch in enumerate(MACRO + MICRO):
        assert api.index2arch(index) == arch
        assert api.arch2index(arch) == index
        assert api[index].arch_str == arch
    assert api.index2arch(-1) == MICRO[-1]
    assert api.get_arch_list("micro") == list(MICRO)


@pytest.mark.parametrize("task", list(METRICS))
def test_metrics_and_epochs_agree_with_plain_loops(api, naive, database, task):
    for arch in MACRO + MICRO:
        assert api.get_total_epochs(arch, task) == METRICS[task][1]
        assert api.get_epoch_status(arch, task, epoch=-1) == naive.status(arch, task, -1)
        assert api.get_epoch_status(arch, task, 3) == naive.status(arch, task, 3)
        for info in INFO:
            value = api.get_model_info(arch, task, info)
            expected = naive.results[arch][1][task]["model_info"][info]
            assert value == expected
            assert type(value) is type(expected)
        for metric in database["metrics_dict"][task]:
            values = naive.epochs(arch, task, metric)
            best = naive.best_epoch(arch, task, metric)
            assert api.get_single_metric(arch, task, metric) == values[best]
            assert api.get_single_metric(arch, task, metric, mode="final") == values[-1]
            assert api.get_single_metric(arch, task, metric, mode="list") == values
            assert api.get_single_metric(arch, task, metric, mode=2) == values[2]
            assert api.get_best_epoch_status(arch, task, metric) == naive.status(arch, task, best)


@pytest.mark.parametrize("metric", ["valid_loss", "valid_neg_loss", "test_loss"])
@pytest.mark.parametrize("space", ["macro", "micro"])
def test_rankings_agree_with_plain_loops(api, naive, metric, space):
    ranking = naive.ranking("room_layout", metric, space)
    assert api.get_best_archs("room_layout", metric, space, topk=3) == ranking[:3]
    assert api.get_best_archs("room_layout", metric, space) == ranking[:1]


def test_results_of_one_architecture(api, database):
    result = api.get_arch_result(A)
    assert result.all_results == result.query_all_results() == database["data"]["macro"][A]
    assert result["normal"]["metrics"] == database["data"]["macro"][A]["normal"]["metrics"]
    assert repr(result) == f"ArchResult(arch-index=0, arch={A}, 7 tasks)"
    assert api.data["micro"][MICRO[1]]["jigsaw"] == database["data"]["micro"][MICRO[1]]["jigsaw"]


def test_verbose_says_what_was_loaded(pth, capsys):
    TransNASBenchAPI(pth)
    assert capsys.readouterr().out == ""
    TransNASBenchAPI(pth, verbose=True)
    assert capsys.readouterr().out == "TransNASBenchAPI(7 architectures/7 tasks)\n"


def test_errors_name_what_exists(api):
    with pytest.raises(IndexError, match="expected an index from -7 to 6, got 7"):
        api.index2arch(7)
    with pytest.raises(TableError, match="'64-2312-basic' is not in this table of 7 rows"):
        api.arch2index("64-2312-basic")
    with pytest.raises(UnknownNameError, match="unknown search space 'mikro'; did you mean 'micro'"):
        api.get_best_archs("jigsaw", "valid_top1", "mikro")
    with pytest.raises(UnknownNameError, match="unknown metric of normal 'valid_top1'"):
        api.get_single_metric(A, "normal", "valid_top1", mode="list")
    with pytest.raises(UnknownNameError, match="unknown model info of jigsaw 'params'"):
        api.get_model_info(A, "jigsaw", "params")
    with pytest.raises(TableError, match="expected 'final', 'best' or an integer from -10 to 9, got epoch=10"):
        api.get_epoch_status(A, "jigsaw", 10)
    with pytest.raises(TableError, match="expected an epoch number, got epoch='best'"):
        api.get_epoch_status(A, "jigsaw", "best")


def test_what_was_not_measured_is_nan_and_never_ranked(database, tmp_path):
    del database["data"]["macro"][A]["jigsaw"]
    torch.save(database, tmp_path / "partial.pth")
    api = TransNASBenchAPI(tmp_path / "partial.pth", verbose=False)
    assert math.isnan(api.get_single_metric(A, "jigsaw", "valid_loss"))
    assert api.get_single_metric(A, "jigsaw", "valid_loss", mode="list") == []
    assert A not in [arch for _, arch in api.get_best_archs("jigsaw", "valid_loss", "macro", topk=9)]
    assert np.isnan(api[0]["jigsaw"]["metrics"]["valid_top1"]).all()
    with pytest.raises(TableError, match="64-2311-basic was not trained on jigsaw"):
        api.get_epoch_status(A, "jigsaw", 0)
    with pytest.raises(TableError, match="valid_loss of 64-2311-basic was not measured on jigsaw"):
        api.get_best_epoch_status(A, "jigsaw", "valid_loss")


def test_a_program_written_for_the_original_catches_what_it_caught(api):
    """Which builtin error the original raises: yawen-d/TransNASBench, api/api.py."""
    task, metric = "jigsaw", "valid_top1"
    for ask in (
        lambda: api.get_arch_result("64-2312-basic"),
        lambda: api.get_total_epochs("64-2312-basic", task),
        lambda: api.get_total_epochs(A, "jigsau"),
        lambda: api.get_model_info(A, "jigsau", "model_params"),
        lambda: api.get_single_metric("64-2312-basic", task, metric),
        lambda: api.get_single_metric(A, "jigsau", metric),
        lambda: api.get_epoch_status("64-2312-basic", task, 0),
        lambda: api.get_best_epoch_status(A, "jigsau", metric),
        lambda: api.get_arch_result(A)["jigsau"],
    ):
        with pytest.raises(KeyError, match=r"did you mean|the nearest is") as error:
            ask()
        assert isinstance(error.value, ValueError)  # and an error of this package
        assert not str(error.value).startswith(('"', "'unknown"))
    for ask in (
        lambda: api.get_model_info(A, task, "params"),
        lambda: api.get_single_metric(A, task, "valid_top2"),
        lambda: api.get_single_metric(A, task, "top1"),
        lambda: api.get_single_metric(A, task, metric, mode=10),
        lambda: api.get_epoch_status(A, task, 10),
        lambda: api.get_epoch_status(A, task, 1.5),
        lambda: api.get_epoch_status(A, task, np.int64(10)),
        lambda: api.get_epoch_status(A, task, np.float64(-11)),
        lambda: api.get_best_epoch_status(A, task, "valid_top2"),
        lambda: api.get_arch_list("mikro"),
        lambda: api.get_best_archs(task, metric, "mikro"),
    ):
        with pytest.raises(AssertionError, match=r"expected|unknown"):
            ask()
    for ask in (
        lambda: api.index2arch(7),
        lambda: api.index2arch(-8),
        lambda: api.get_single_metric(A, task, metric, mode=-11),
        lambda: api.get_epoch_status(A, task, -11),
        lambda: api.get_single_metric(A, task, metric, mode=np.int64(-99)),
        lambda: api.get_epoch_status(A, task, np.int8(-11)),
    ):
        with pytest.raises(IndexError, match="expected"):
            ask()
    for ask in (
        lambda: api.arch2index("64-2312-basic"),
        lambda: api.get_single_metric(A, task, metric, mode="last"),
        lambda: api.get_single_metric(A, task, metric, mode=None),
    ):
        with pytest.raises(ValueError, match=r"expected|nearest"):
            ask()


def test_times_are_ranked_as_the_original_ranks_them(api, naive):
    times = [(naive.epochs(arch, "normal", "time_elapsed")[-1], arch) for arch in MICRO]
    assert api.get_best_archs("normal", "time_elapsed", "micro", topk=9) == sorted(times, reverse=True)
    assert api.get_single_metric(A, "normal", "time_elapsed") == max(naive.epochs(A, "normal", "time_elapsed"))


def test_nothing_is_the_best_of_a_metric_without_direction(database):
    for tasks in database["data"]["macro"].values():
        tasks["normal"]["metrics"]["train_g_loss"] = [1.0] * 30
    with pytest.warns(UserWarning, match="train_g_loss"):
        api = TransNASBenchAPI(from_nested(database))
    assert api.get_single_metric(A, "normal", "train_g_loss", mode="final") == 1.0
    for ask in (
        lambda: api.get_single_metric(A, "normal", "train_g_loss"),
        lambda: api.get_best_epoch_status(A, "normal", "train_g_loss"),
        lambda: api.get_best_archs("normal", "train_g_loss", "macro"),
    ):
        with pytest.raises(TableError, match="g_loss is an extra metric"):
            ask()
