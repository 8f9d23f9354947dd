"""Files in the published layout that ask for much, hold other kinds of values, or more than the package knows."""

import copy
import math
import warnings
import zipfile

import numpy as np
import pytest
import torch

from benchmarks import SurrogatesError, TableError, limits, load_table, save_table
from benchmarks.formats.transnas_pth import from_nested
from tests.benchmarks.conftest import MACRO, MICRO

A, B, C = MACRO


def published(values, arch=A, **more):
    entry = {"model_info": {}, "metrics": {"valid_top1": values}, "total_epochs": 1}
    return {
        "metrics_dict": {"jigsaw": ["valid_top1"]},
        "info_names": [],
        "task_list": ["jigsaw"],
        "data": {"macro": {arch: {"jigsaw": entry}}},
        **more,
    }


# -- values of a wrong kind -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [True, "12.5", 10**400, pytest.param(10**5000, id="5001 digits"), 1j, [1.0], b"1", torch.tensor(True)]
)
def test_what_is_no_number_is_refused(database, value):
    database["data"]["micro"][MICRO[1]]["jigsaw"]["metrics"]["valid_loss"][4] = value
    with pytest.raises(TableError, match=f"{MICRO[1]}, jigsaw/valid_loss: expected one number per epoch") as error:
        from_nested(database)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("value", [True, "7", 10**400, pytest.param(10**5000, id="5001 digits")])
def test_model_facts_are_numbers(database, value):
    database["data"]["macro"][B]["normal"]["model_info"]["model_FLOPs"] = value
    with pytest.raises(TableError, match=f"{B}, normal/model_FLOPs: expected a number") as error:
        from_nested(database)
    assert len(str(error.value)) < 400


WITHOUT_NUMBERS = {
    "sparse": lambda: torch.tensor([1.0, 0.0]).to_sparse(),
    "sparse rows": lambda: torch.tensor([[1.0, 0.0]]).to_sparse_csr(),
    "meta": lambda: torch.empty(2, device="meta"),
    "a number on meta": lambda: torch.empty((), device="meta"),
    "nested": lambda: torch.nested.nested_tensor([torch.tensor([1.0]), torch.tensor([1.0, 2.0])]),
    "a table": lambda: np.ones((30, 30)),
}


@pytest.mark.filterwarnings("ignore")  # torch's own, about kinds of tensors that it calls prototypes
@pytest.mark.parametrize("place", ["a metric", "an epoch", "a fact"])
@pytest.mark.parametrize("kind", WITHOUT_NUMBERS)
def test_tensors_that_hold_no_list_of_numbers_are_refused_in_one_line(kind, place):
    value = WITHOUT_NUMBERS[kind]()
    database = published([value] if place == "an epoch" else value if place == "a metric" else [1.0])
    if place == "a fact":
        database["data"]["macro"][A]["jigsaw"]["model_info"]["model_params"] = value
    where = {"a fact": "jigsaw/model_params: expected a number, got"}.get(place, "jigsaw/valid_top1: expected one num")
    with pytest.raises(TableError, match=f"^{A}, {where}") as error:
        from_nested(database)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_a_sparse_tensor_in_a_file_is_refused_by_name(tmp_path):
    torch.save(published(torch.tensor([1.0, 0.0]).to_sparse()), tmp_path / "a.pth")
    with pytest.raises(TableError, match=rf"a\.pth: {A}, jigsaw/valid_top1: expected one number .* \(got tensor"):
        load_table(tmp_path / "a.pth")


@pytest.mark.parametrize("values", [np.array([1.0, 2.0]), torch.tensor([1.0, 2.0]), (1, 2), [np.float32(1), 2]])
def test_numbers_of_other_libraries_are_read(values):
    assert from_nested(published(values)).logs["jigsaw"].metrics["valid_top1"].tolist() == [[1, 2]]


def test_large_whole_facts_stay_numbers(database):
    database["data"]["macro"][B]["normal"]["model_info"]["model_params"] = 2**70
    assert from_nested(database).info("model_params")["normal"][B] == float(2**70)


# -- small files that ask for much ------------------------------------------------------------------------------------


def shared(database):
    long = [1.0] * limits.EPOCHS
    first = published(long)
    entry = first["data"]["macro"][A]
    first["data"]["macro"] |= {f"64-{code}-basic": entry for code in range(1111, 3111)}
    return first


ASKING = {
    "an expanded tensor": (
        lambda: published(torch.zeros(1).expand(400_000_000)),
        "at most 10,000 epochs, got 400,000,000",
    ),
    "one long training": (lambda: published([1.0] * 120_000), "at most 10,000 epochs, got 120,000"),
    "one list a thousand times": (lambda: shared(None), "trainings of like length, got 2,000 x 10,000 epochs"),
    "a task many times": (lambda: published([1.0], task_list=["jigsaw"] * 200_000), "at most 1,000 tasks, got 200,000"),
    "a task twice": (lambda: published([1.0], task_list=["jigsaw"] * 2), "distinct tasks, got 'jigsaw' twice"),
    "many facts": (lambda: published([1.0], info_names=[str(i) for i in range(20_000)]), "at most 10,000 model facts"),
    "a long name": (lambda: published([1.0], task_list=["x" * 4_000_000]), "at most 10,000 characters, got 'xxx"),
    "a long architecture": (lambda: published([1.0], arch="6" * 4_000_000), "at most 10,000 characters, got 4,000,000"),
}


@pytest.mark.parametrize("what", ASKING)
def test_a_small_file_that_asks_for_much_is_refused_with_the_limit(tmp_path, what):
    make, message = ASKING[what]
    torch.save(make(), tmp_path / "a.pth")
    assert (tmp_path / "a.pth").stat().st_size < 20_000_000
    with pytest.raises(SurrogatesError, match=message) as error:
        load_table(tmp_path / "a.pth")
    assert len(str(error.value)) < 800


def test_compressed_members_are_refused_before_they_are_read(tmp_path):
    torch.save(published(torch.zeros(3_000_000)), tmp_path / "plain.pth")
    with zipfile.ZipFile(tmp_path / "plain.pth") as plain, zipfile.ZipFile(tmp_path / "a.pth", "w") as packed:
        for member in plain.infolist():
            packed.writestr(member.filename, plain.read(member), zipfile.ZIP_DEFLATED)
    assert (tmp_path / "a.pth").stat().st_size < 50_000
    with pytest.raises(TableError, match=r"a\.pth: expected members that are stored, .* compressed from"):
        load_table(tmp_path / "a.pth")


def test_limits_count_values_over_all_tasks(database, monkeypatch):
    monkeypatch.setattr(limits, "VALUES", 1_000)
    with pytest.raises(TableError, match=r"at most 1,000 values \(architectures x epochs x metrics\), got 10,465"):
        from_nested(database)


# -- fields that the package does not know ----------------------------------------------------------------------------


def with_more(database):
    more = copy.deepcopy(database)
    more["version"] = "v10141024"
    more["info_names"].append("latency_ms")
    for space in more["data"].values():
        for arch, tasks in space.items():
            tasks["normal"]["metrics"] |= {
                "train_g_loss": [len(arch) + e for e in range(30)],
                "train_d_loss": [0.5] * 30,
            }
            tasks["normal"]["seed"] = 888
            tasks["normal"]["model_info"]["latency_ms"] = 1.5
    more["metrics_dict"]["normal"].append("train_g_loss")  # and train_d_loss only in the entries
    return more


def test_unknown_fields_are_kept_without_a_direction(database, tmp_path):
    torch.save(with_more(database), tmp_path / "a.pth")
    with pytest.warns(
        UserWarning, match=r"^train_g_loss, train_d_loss, latency_ms: not known .* no epoch is their best$"
    ) as told:
        table = load_table(tmp_path / "a.pth")
    assert len(told) == 1
    assert table.value(A, "normal", "train_g_loss") == len(A) + 29
    assert table.value(A, "normal", "train_g_loss", epoch=3) == len(A) + 3
    assert table.value(A, "normal", "train_d_loss") == 0.5
    assert table.info("latency_ms")["normal"].tolist() == [1.5] * 7
    known = from_nested(database)
    for task in known.tasks:
        assert table.to_frame().equals(known.to_frame())
        assert set(table.metrics(task)) - set(known.metrics(task)) <= {"train_g_loss", "train_d_loss"}


def test_nothing_is_the_best_of_an_unknown_metric(database):
    with pytest.warns(UserWarning, match="not known"):
        table = from_nested(with_more(database))
    for ask in (
        lambda: table.value(A, "normal", "train_g_loss", epoch="best"),
        lambda: table.best("normal", metric="train_g_loss"),
        lambda: table.oriented("train_g_loss"),
        lambda: table.where(tasks=["normal"]).to_frame("train_d_loss", epoch="best"),
    ):
        with pytest.raises(
            TableError, match=r"g_loss|d_loss is an extra metric: whether higher or lower is better is not"
        ):
            ask()


def test_one_warning_a_load_also_from_the_cache(database, tmp_path):
    torch.save(with_more(database), tmp_path / "a.pth")
    for _ in range(2):
        with pytest.warns(UserWarning, match="train_g_loss") as told:
            load_table(tmp_path / "a.pth")
        assert len(told) == 1


def test_what_is_left_out_is_told_at_every_load(database, tmp_path):
    for entry in database["data"]["macro"].values():
        entry["jigsaw"]["metrics"]["remark"] = "good"
        entry["normal"]["metrics"]["remark"] = torch.tensor([1.0, 0.0]).to_sparse()
        entry["normal"]["model_info"]["author"] = "me"
    torch.save(database, tmp_path / "a.pth")
    for _ in range(3):
        with pytest.warns(UserWarning, match=r"^remark, author: not known .* and not numbers, left out$") as told:
            load_table(tmp_path / "a.pth")
        assert len(told) == 1


def test_fractions_are_told_once_at_every_load(database, tmp_path):
    for space in database["data"].values():
        for entry in space.values():
            for name in ("valid_top1", "test_top5"):
                entry["jigsaw"]["metrics"][name] = [value / 100 for value in entry["jigsaw"]["metrics"][name]]
    torch.save(database, tmp_path / "a.pth")
    for _ in range(3):
        with pytest.warns(UserWarning, match=r"^jigsaw/(valid_top1|test_top5): all values are .* in percent") as told:
            load_table(tmp_path / "a.pth")
        assert sorted(str(one.message).partition(":")[0] for one in told) == ["jigsaw/test_top5", "jigsaw/valid_top1"]


def test_a_file_without_checksums_is_told_at_every_load(database, tmp_path):
    torch.save(database, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"old\.pth is of torch's old format, which has no checksums") as told:
            load_table(tmp_path / "old.pth")
        assert len(told) == 1


def test_warnings_point_to_the_line_that_loads(database, tmp_path):
    """Python shows a warning once for each line that it points to: each load of a program is one of its lines."""
    for entry in (entry for space in database["data"].values() for entry in space.values()):
        entry["jigsaw"]["metrics"]["valid_top1"] = [value / 100 for value in entry["jigsaw"]["metrics"]["valid_top1"]]
        entry["jigsaw"]["metrics"]["remark"] = "good"
    torch.save(database, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        load_table(tmp_path / "a.pth")
        load_table(tmp_path / "a.pth")
    assert [one.filename for one in told] == [__file__] * 6
    assert len({one.lineno for one in told}) == 2


@pytest.mark.parametrize("value", ["text", {"a": 1}, [["x"]]])
def test_unknown_fields_that_are_no_numbers_are_left_out(database, value):
    database["data"]["macro"][A]["jigsaw"]["metrics"]["remark"] = value
    database["data"]["macro"][A]["jigsaw"]["model_info"]["author"] = "me"
    with pytest.warns(UserWarning, match=r"^remark, author: not known to this package and not numbers, left out$"):
        table = from_nested(database)
    assert "remark" not in table.metrics("jigsaw")


def test_only_what_is_needed_is_required(database):
    del database["info_names"]
    for tasks in database["data"]["macro"].values():
        del tasks["jigsaw"]["model_info"]
        del tasks["jigsaw"]["total_epochs"]
    table = from_nested(database)
    assert table.logs["jigsaw"].lengths.tolist() == [10] * 7
    assert math.isnan(table.info("model_params")["jigsaw"][A])


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_best_epoch_of_a_table_is_written_without_unknown_metrics(database, tmp_path, suffix):
    with pytest.warns(UserWarning, match="not known"):
        table = from_nested(with_more(database))
    with pytest.warns(UserWarning, match=r"normal/train_._loss is left out: it has no known direction") as told:
        save_table(table, tmp_path / f"best{suffix}", epoch="best")
    assert len(told) == 2
    assert "train_g_loss" not in load_table(tmp_path / f"best{suffix}").metrics("normal")


# -- names ------------------------------------------------------------------------------------------------------------


def test_more_names_than_a_table_can_have_are_refused_before_torch_reads_them(database, tmp_path, monkeypatch):
    torch.save(database, tmp_path / "a.pth")
    monkeypatch.setattr(limits, "TEXTS", 100)
    assert len(load_table(tmp_path / "a.pth")) == 7, "names that repeat and clock readings do not count"
    database["task_list"] = [f"task{i}" for i in range(150)]
    torch.save(database, tmp_path / "b.pth")
    torch.save(database, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("read first"))
    for name in ("b.pth", "old.pth"):
        with pytest.raises(TableError, match="expected at most 100 different names of architectures, tasks"):
            load_table(tmp_path / name)


def test_an_empty_file_is_damaged(tmp_path):
    (tmp_path / "a.pth").write_bytes(b"")
    with pytest.raises(TableError, match="damaged, truncated or not written by torch"):
        load_table(tmp_path / "a.pth")
