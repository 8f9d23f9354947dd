"""The published layout: read, written, damaged, foreign."""

import copy
import pickle
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks import MissingExtraError, TableError
from benchmarks.formats import load_table, save_table
from benchmarks.formats.transnas_pth import from_nested, to_nested
from benchmarks.table import Table
from tests.benchmarks.conftest import MACRO, MICRO

A, B, C = MACRO


class Trap:
    """Pickles as a call that leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_every_number_of_the_file_is_in_the_table(pth, database):
    table = load_table(pth)
    assert table.archs == MACRO + MICRO
    for archs in database["data"].values():
        for arch, tasks in archs.items():
            row = table.row(arch)
            for task, entry in tasks.items():
                log = table.logs[task]
                assert log.lengths[row] == entry["total_epochs"]
                for name, values in entry["metrics"].items():
                    assert log.metrics[name][row].tolist() == values
                for name, value in entry["model_info"].items():
                    assert log.info[name][row] == value


def test_what_is_written_is_what_was_read(pth, database, tmp_path):
    save_table(load_table(pth), tmp_path / "copy.pth")
    assert torch.load(tmp_path / "copy.pth", weights_only=True) == database
    assert load_table(tmp_path / "copy.pth").hash == load_table(pth).hash


def test_one_space_can_be_selected(pth):
    assert load_table(pth, space="transnas101-micro").archs == MICRO


def test_clock_readings_become_seconds_and_diverged_losses_nan(database):
    metrics = database["data"]["macro"][A]["jigsaw"]["metrics"]
    metrics["time_elapsed"] = ["0:01:05", "01:02:03", "1 day, 0:00:01", 5, "7", 6.5, 7, 8, 9, None]
    metrics["train_loss"][3] = float("inf")
    log = from_nested(database).logs["jigsaw"]
    seconds = [65, 3723, 86401, 5, 7, 6.5, 7, 8, 9, np.nan]
    np.testing.assert_array_equal(log.metrics["time_elapsed"][0], seconds)
    assert np.isnan(log.metrics["train_loss"][0]).tolist() == [False] * 3 + [True] + [False] * 6


def test_partial_files_are_first_class(database, tmp_path):
    del database["data"]["macro"][A]["jigsaw"]
    short = database["data"]["macro"][B]["jigsaw"]
    short["metrics"] = {name: values[:4] for name, values in short["metrics"].items()}
    short["total_epochs"] = 4
    del short["metrics"]["test_top5"]
    del short["model_info"]["inference_time"]
    table = from_nested(database)
    assert table.logs["jigsaw"].lengths.tolist() == [0, 4, 10, 10, 10, 10, 10]
    assert np.isnan(table.value(A, "jigsaw"))
    assert table.value(B, "jigsaw") == short["metrics"]["valid_top1"][-1]
    assert table.info("inference_time")["jigsaw"].isna().tolist() == [True, True] + [False] * 5
    save_table(table, tmp_path / "a.pth")
    assert load_table(tmp_path / "a.pth").hash == table.hash


def test_tables_of_any_origin_can_be_written(tmp_path):
    frame = pd.DataFrame({"arch": ["|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|"], "cifar10": [80.5]})
    table = Table.from_frame(frame)
    save_table(table, tmp_path / "a.pth")
    assert list(torch.load(tmp_path / "a.pth", weights_only=True)["data"]) == ["nasbench201"]
    assert load_table(tmp_path / "a.pth").hash == table.hash


def test_written_files_hold_plain_python_only(database):
    def check(value):
        if isinstance(value, dict):
            value = [*value.keys(), *value.values()]
        if isinstance(value, list):
            for entry in value:
                check(entry)
        else:
            assert type(value) in (str, int, float)

    check(to_nested(from_nested(database)))


@pytest.mark.parametrize("legacy", [False, True])
def test_code_in_a_file_does_not_run(database, tmp_path, legacy):
    database["data"]["macro"][A]["jigsaw"]["metrics"]["valid_top1"] = Trap(tmp_path / "ran")
    torch.save(database, tmp_path / "a.pth", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(TableError, match=r"a.pth: expected numbers.* only, got other objects.* can run code"):
        load_table(tmp_path / "a.pth")
    (tmp_path / "b.pth").write_bytes(pickle.dumps(Trap(tmp_path / "ran")))
    with pytest.raises(TableError, match=r"b.pth: expected numbers"):
        load_table(tmp_path / "b.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("kept", [0, 0.01, 0.5, 0.99])
def test_truncated_files_are_refused(database, tmp_path, kept, legacy):
    path = tmp_path / "a.pth"
    torch.save(database, path, _use_new_zipfile_serialization=not legacy)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(TableError, match=r"a.pth: .*(damaged, truncated or not written by torch.save|not read)"):
        load_table(path)


def without(database, *path):
    changed = copy.deepcopy(database)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return changed


def test_other_layouts_are_refused(database):
    with pytest.raises(TableError, match=r"keys metrics_dict, info_names, task_list, data, got list"):
        from_nested([1, 2])
    with pytest.raises(TableError, match=r"got keys 'info_names', 'task_list', 'data'"):
        from_nested(without(database, "metrics_dict"))
    with pytest.raises(TableError, match=r"got another \(KeyError\('metrics'\)\)"):
        from_nested(without(database, "data", "micro", MICRO[0], "normal", "metrics"))
    with pytest.raises(TableError, match=r"got another \(KeyError\('normal'\)\)"):
        from_nested(without(database, "metrics_dict", "normal"))
    with pytest.raises(
        TableError, match="64-2311-basic: expected every architecture once, got it in 'more' and before"
    ):
        from_nested({**database, "data": {**database["data"], "more": database["data"]["macro"]}})
    with pytest.raises(TableError, match="expected at least one row"):
        from_nested({**database, "data": {"macro": {}}})


@pytest.mark.parametrize(
    ("value", "message"),
    [("fast", r"64-2311-basic, jigsaw/valid_top1: expected one number per epoch .*fast"), (140.0, "got 140")],
)
def test_wrong_values_name_their_place(database, value, message):
    database["data"]["macro"][A]["jigsaw"]["metrics"]["valid_top1"][2] = value
    with pytest.raises(TableError, match=message):
        from_nested(database)


def test_wrong_info_is_refused(database):
    database["data"]["macro"][A]["jigsaw"]["model_info"]["model_params"] = "many"
    with pytest.raises(TableError, match=r"64-2311-basic, jigsaw/model_params: expected a number, got 'many'"):
        from_nested(database)


def test_without_torch_a_file_is_read_from_the_cache_only(pth, monkeypatch, tmp_path):
    hash_with_torch = load_table(pth).hash
    monkeypatch.setitem(sys.modules, "torch", None)
    table = load_table(pth)
    assert table.hash == hash_with_torch
    other = tmp_path / "other.pth"
    other.write_bytes(pth.read_bytes())
    with pytest.raises(MissingExtraError, match=r"first time needs 'torch'.*pip install '?torch.* \(extra \[gnn\]\)"):
        load_table(other)
    with pytest.raises(MissingExtraError, match=r"Writing a .pth needs 'torch'"):
        save_table(table, tmp_path / "mine.pth")
    assert not (tmp_path / "mine.pth").exists()
