"""Tables: what they answer, against plain Python over the same nested numbers."""

import math
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks import ArchitectureError, TableError, UnknownNameError, load_table, save_table
from benchmarks.formats.transnas_pth import from_nested, to_nested
from benchmarks.table import Table
from tests.benchmarks.conftest import MACRO, METRICS, MICRO

NAN = float("nan")
A, B, C = MACRO


@pytest.fixture
def table(database):
    return from_nested(database)


@pytest.fixture
def small():
    return Table.from_frame(pd.DataFrame({"arch": [A, B, C], "jigsaw": [10.0, 30.0, NAN], "depth": [3.0, 3.0, 1.0]}))


def lookup(database, arch, task, metric):
    return {**database["data"]["macro"], **database["data"]["micro"]}[arch][task]["metrics"][metric]


def test_shape_and_names(table):
    assert table.archs == MACRO + MICRO
    assert table.tasks == tuple(METRICS)
    assert table.spaces == ("transnas101-macro", "transnas101-micro")
    assert len(table) == 7
    assert list(table) == list(table.archs)
    assert A in table
    assert "64-4444-basic" not in table
    assert "valid_mIoU" in table.metrics("segmentsemantic")


def test_the_primary_metric_of_every_task_at_the_final_epoch(table, database):
    frame = table.to_frame()
    primary = {"room_layout": "valid_neg_loss", "segmentsemantic": "valid_acc", "normal": "valid_ssim"}
    primary["autoencoder"] = "valid_ssim"
    assert frame.shape == (7, 7)
    assert frame.index.name == "arch"
    for arch in table.archs:
        for task in table.tasks:
            assert frame.loc[arch, task] == lookup(database, arch, task, primary.get(task, "valid_top1"))[-1]


@pytest.mark.parametrize("split", ["train", "valid", "test"])
@pytest.mark.parametrize(("epoch", "pick"), [("final", lambda v: v[-1]), ("best", min), (4, lambda v: v[4])])
def test_losses_by_epoch_and_split(table, database, split, epoch, pick):
    frame = table.to_frame(metric="loss", epoch=epoch, split=split)
    pd.testing.assert_frame_equal(frame, table.to_frame(metric=f"{split}_loss", epoch=epoch, split=split))
    assert frame["normal"].isna().all()  # has no such metric
    for arch in table.archs:
        expected = pick(lookup(database, arch, "jigsaw", f"{split}_loss"))
        assert frame.loc[arch, "jigsaw"] == expected == table.value(arch, "jigsaw", f"{split}_loss", epoch)


def test_best_goes_up_for_scores_and_to_the_end_for_time(table, database):
    assert table.value(A, "normal", "test_ssim", "best") == max(lookup(database, A, "normal", "test_ssim"))
    assert table.value(A, "normal", "time_elapsed", "best") == lookup(database, A, "normal", "time_elapsed")[-1]


def test_an_epoch_only_some_tasks_have_is_nan_in_the_others(table, database):
    frame = table.to_frame(epoch=12)
    assert frame["jigsaw"].isna().all()
    assert frame.loc[A, "class_scene"] == lookup(database, A, "class_scene", "valid_top1")[12]
    assert table.to_frame(epoch=-2).loc[A, "jigsaw"] == lookup(database, A, "jigsaw", "valid_top1")[8]


def test_the_final_epoch_of_a_shorter_training_is_its_own():
    logs = {"jigsaw": {"valid_loss": [[3, 1, 2], [5, 4, NAN], [NAN, NAN, NAN]]}}
    table = Table.from_logs([A, B, C], logs)
    np.testing.assert_array_equal(table.to_frame("loss")["jigsaw"], [2, 4, NAN])
    np.testing.assert_array_equal(table.to_frame("loss", "best")["jigsaw"], [1, 4, NAN])
    np.testing.assert_array_equal(table.to_frame("loss", -2)["jigsaw"], [1, 5, NAN])
    np.testing.assert_array_equal(table.to_frame("loss", 2)["jigsaw"], [2, NAN, NAN])


@pytest.mark.parametrize("epoch", [30, -31, "last", 1.5, True, None])
def test_unknown_epochs_are_refused(table, epoch):
    with pytest.raises(TableError, match=r"expected 'final', 'best' or an integer from -30 to 29, got epoch="):
        table.to_frame(epoch=epoch)


def test_unknown_names_list_the_nearest(table):
    with pytest.raises(UnknownNameError, match=r"unknown metric 'valid_miou'; did you mean 'valid_mIoU'"):
        table.to_frame("miou")
    with pytest.raises(UnknownNameError, match="unknown task 'jigsav'; did you mean 'jigsaw'"):
        table.value(A, "jigsav")
    with pytest.raises(UnknownNameError, match="unknown metric of normal 'valid_top1'"):
        table.value(A, "normal", "top1")
    with pytest.raises(UnknownNameError, match="unknown split 'validation'; did you mean 'valid'"):
        table.to_frame(split="validation")
    with pytest.raises(
        TableError, match=r"'64-2312-basic' is not in this table of 7 rows; the nearest is '64-2311-basic'"
    ):
        table.value("64-2312-basic", "jigsaw")


def test_surrogates_see_higher_as_better(table):
    np.testing.assert_array_equal(table.oriented("loss")["jigsaw"], -table.to_frame("loss")["jigsaw"])
    pd.testing.assert_frame_equal(table.oriented(), table.to_frame())


def test_best_goes_by_direction_skips_nan_and_keeps_file_order_in_ties(table, small):
    losses = table.to_frame("valid_loss")["room_layout"]
    assert table.best("room_layout", 7, "valid_loss").tolist() == sorted(losses)
    assert table.best("room_layout", 2, "neg_loss").tolist() == sorted(table.to_frame()["room_layout"])[:-3:-1]
    assert small.best("jigsaw", 3).to_dict() == {B: 30.0, A: 10.0}
    assert small.best("depth", 2).index.tolist() == [A, B]
    with pytest.raises(ValueError, match="expected k >= 1, got 0"):
        small.best("jigsaw", 0)


def test_model_info(table, database):
    params = table.info("model_params")
    assert params.loc[B, "normal"] == database["data"]["macro"][B]["normal"]["model_info"]["model_params"]
    assert (params.dtypes == np.int64).all()
    with pytest.raises(UnknownNameError, match="unknown model info 'params'"):
        table.info("params")


def test_where_takes_architectures_tasks_and_spaces(table):
    micro = table.where(space="transnas101-micro")
    assert micro.archs == MICRO
    assert micro.space == "transnas101-micro"
    part = table.where(archs=[C, A, C], tasks=["normal", "jigsaw"])
    assert (part.archs, part.tasks) == ((C, A), ("normal", "jigsaw"))
    pd.testing.assert_frame_equal(part.to_frame(), table.to_frame().loc[[C, A], ["normal", "jigsaw"]])
    assert part.value(A, "jigsaw", "test_loss", 3) == table.value(A, "jigsaw", "test_loss", 3)


def test_where_refuses_what_is_not_there(table):
    with pytest.raises(TableError, match="the selection from transnas101-macro, transnas101-micro"):
        table.where(space="nasbench201")
    with pytest.raises(UnknownNameError, match="did you mean 'normal'"):
        table.where(tasks=["normals"])
    with pytest.raises(TableError, match="'x' is not in this table"):
        table.where(archs=["x"])


def test_the_space_of_a_mixed_table_is_an_error(table):
    with pytest.raises(TableError, match="expected one search space, got transnas101-macro, transnas101-micro"):
        _ = table.space


def test_what_nobody_measured_is_kept_and_reported(small):
    table = Table.from_frame(small.to_frame().assign(normal=NAN))
    assert table.tasks == ("jigsaw", "depth", "normal")
    report = table.describe()
    assert report["measured"].tolist() == [2, 3, 0]
    assert report["missing"].tolist() == [1, 0, 3]
    assert report["epochs_kept"].tolist() == [1, 1, 1]
    assert report.loc["jigsaw", ["metric", "unit", "min", "max"]].tolist() == ["valid_top1", "%", 10, 30]
    assert "normal  valid_ssim           0 measured" in repr(table)
    assert repr(table).startswith("Table: 3 architectures x 3 tasks (transnas101-macro)\n")


def test_the_hash_depends_on_content_only(table, tmp_path):
    assert table.hash == from_nested(to_nested(table)).hash
    assert table.hash != table.where(tasks=table.tasks[1:]).hash
    assert table.hash != table.where(archs=table.archs[::-1]).hash
    command = f"import pickle; print(pickle.load(open({str(tmp_path / 'table')!r}, 'rb')).hash)"
    (tmp_path / "table").write_bytes(pickle.dumps(table))
    child = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == table.hash


def test_values_cannot_be_changed(table):
    for one in (table, table.where(archs=[C, A])):
        with pytest.raises(ValueError, match="read-only"):
            one.logs["jigsaw"].metrics["valid_top1"][0, 0] = 1.0
    with pytest.raises(AttributeError, match="cannot assign"):
        table.archs = ()


@pytest.mark.parametrize(
    ("archs", "metrics", "message"),
    [
        ([A], {}, "at least one task"),
        ([A], {"jigsaw": {}}, "at least one metric for each"),
        ([A], {"jigsaw": {"valid_topp1": [1]}}, r"jigsaw/valid_topp1: unknown metric 'topp1'; did you mean 'top1'"),
        ([A], {"jigsaw": {"valid_top1": [1, 2]}}, r"expected shape \(1, epochs\) or \(1,\), got \(2,\)"),
        ([A], {"jigsaw": {"valid_top1": ["x"]}}, "jigsaw/valid_top1: expected numbers"),
        ([A], {"jigsaw": {"valid_top1": [[1, 2]], "valid_loss": [1]}}, "the same number of epochs for every metric"),
        ([A, B], {"jigsaw": {"valid_top1": [1, math.inf]}}, r"row 1 \(64-1234-basic\), jigsaw/valid_top1: .* got inf"),
        ([A], {"jigsaw": {"valid_top1": [140]}}, r"row 0 .*expected a value from 0 to 100 \(%\), got 140"),
        ([A], {"jigsaw": {"valid_loss": [-1]}}, r"expected a value from 0 to inf \(-\), got -1"),
        ([], {"jigsaw": {"valid_top1": []}}, "expected at least one row, got none"),
        (A, {"jigsaw": {"valid_top1": [1]}}, "expected a list of architecture strings, got the string"),
    ],
)
def test_unusable_results_are_refused(archs, metrics, message):
    with pytest.raises(TableError, match=message):
        Table.from_logs(archs, metrics)


@pytest.mark.parametrize(
    ("arch", "message"), [("64-4111x-basic", "row 1: .*64-4111x-basic"), (NAN, "row 1: .*got nan")]
)
def test_what_is_no_architecture_names_its_row(arch, message):
    with pytest.raises(ArchitectureError, match=message):
        Table.from_logs([A, arch], {"jigsaw": {"valid_top1": [1, 2]}})


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"params": [1]}, "expected one of inference_time"),
        ({"model_params": [[1]]}, r"expected shape \(1,\), got \(1, 1\)"),
    ],
)
def test_unusable_model_info_is_refused(facts, message):
    with pytest.raises(TableError, match=message):
        Table.from_logs([A], {"jigsaw": {"valid_top1": [1]}}, {"jigsaw": facts})


def test_rows_of_one_architecture_that_agree_become_one():
    table = Table.from_logs([A, B, A], {"jigsaw": {"valid_top1": [1, 2, 1], "valid_loss": [NAN, 5, 0.1]}})
    assert table.archs == (A, B)
    assert table.to_frame("valid_loss")["jigsaw"].tolist() == [0.1, 5]


def test_rows_of_one_architecture_that_disagree_are_an_error_or_a_mean():
    archs, logs = [A, B, A, A], {"jigsaw": {"valid_top1": [1, 2, 1, 4], "valid_loss": [0.1, 5, NAN, 0.1]}}
    info = {"jigsaw": {"model_params": [10, 20, 10, 12]}}
    with pytest.raises(TableError, match=r"64-2311-basic occurs in rows 0 and 3 .* jigsaw/valid_top1: 1 and 4"):
        Table.from_logs(archs, logs, info)
    table = Table.from_logs(archs, logs, info, duplicates="mean")
    assert table.to_frame()["jigsaw"].tolist() == [2, 2]
    assert table.to_frame("valid_loss")["jigsaw"].tolist() == [0.1, 5]
    assert table.info("model_params")["jigsaw"].tolist() == [pytest.approx(32 / 3), 20]
    with pytest.raises(TableError, match="expected duplicates='error' or 'mean', got 'first'"):
        Table.from_logs(archs, logs, duplicates="first")


def test_twins_keep_their_own_values():
    twins = MICRO[:2]  # equal but for a dead edge
    table = Table.from_logs(twins, {"jigsaw": {"valid_top1": [50, 51]}})
    assert [table.value(arch, "jigsaw") for arch in twins] == [50, 51]


def test_importing_tables_loads_neither_pandas_nor_torch():
    modules = [f"benchmarks.{name}" for name in ("formats", "metrics", "noise", "table", "transnas_api")]
    code = f"import sys, {', '.join(modules)}"
    code += "; print([name for name in ('pandas', 'scipy', 'torch') if name in sys.modules])"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("arch,jigsaw,jigsaw\n64-2311-basic,1,2\n", "expected unique column names, got 'jigsaw' 2 times"),
        ("arch,Jigsaw\n64-2311-basic,1\n", "column 'Jigsaw': did you mean the task 'jigsaw'"),
        ("arch,class-scene\n64-2311-basic,1\n", "did you mean the task 'class_scene'"),
    ],
)
def test_headers_that_are_nearly_right_are_refused(tmp_path, text, message):
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(TableError, match=message):
        load_table(path)


@pytest.mark.parametrize("text", ["arch, jigsaw\n64-2311-basic,60\n", "arch,jigsaw\n64-2311-basic,60,\n"])
def test_blanks_in_a_header_and_a_last_comma_do_not_matter(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_text(text)
    assert load_table(path).value("64-2311-basic", "jigsaw") == 60


@pytest.fixture
def losses():
    """Two tasks: one with its primary metric, of the other only losses, time and a metric without direction."""
    jigsaw = {"valid_top1": [[1.0, 10.0], [2.0, 30.0]], "valid_loss": [[9.0, 3.0], [8.0, 2.0]]}
    normal = {"train_loss": [0.5, 0.4], "valid_loss": [0.7, 0.6], "time_elapsed": [9.0, 8.0], "extra_valid_x": [1, 2]}
    return Table.from_logs([A, B], {"jigsaw": jigsaw, "normal": normal})


def test_a_task_without_its_primary_metric_gives_its_other_metrics(losses):
    assert losses.results == ("jigsaw", "normal/train_loss", "normal/valid_loss")
    frame = losses.to_frame()
    assert frame.to_dict("list") == {
        "jigsaw": [10.0, 30.0],
        "normal/train_loss": [0.5, 0.4],
        "normal/valid_loss": [0.7, 0.6],
    }
    assert losses.to_frame(epoch=0)["jigsaw"].tolist() == [1.0, 2.0]
    assert losses.oriented()["normal/valid_loss"].tolist() == [-0.7, -0.6]
    assert losses.oriented()["jigsaw"].tolist() == [10.0, 30.0]
    assert list(losses.to_frame("valid_loss")) == ["jigsaw", "normal"], "as asked"


def test_single_metrics_are_selected_and_ranked_by_their_direction(losses):
    chosen = losses.where(tasks=["normal/valid_loss", "jigsaw/loss"])
    assert chosen.results == ("normal/valid_loss", "jigsaw/valid_loss")
    assert chosen.to_frame().to_numpy().tolist() == [[0.7, 3.0], [0.6, 2.0]]
    assert losses.best("normal/valid_loss").to_dict() == {B: 0.6}
    assert losses.best("normal/valid_loss").name == "normal/valid_loss"
    assert losses.best("jigsaw/valid_loss", epoch=0).to_dict() == {B: 8.0}
    assert losses.where(tasks=["jigsaw/valid_top1"]).metrics("jigsaw") == ("valid_top1", "valid_loss"), "the task"
    with pytest.raises(UnknownNameError, match="unknown metric of normal 'valid_ssim'"):
        losses.best("normal")
    with pytest.raises(TableError, match="'jigsaw' with all its metrics, or only 'jigsaw/valid_loss', got both"):
        losses.where(tasks=["jigsaw", "jigsaw/valid_loss"])
    with pytest.raises(UnknownNameError, match="unknown task 'jigsaw/valid_l1_loss'"):
        losses.where(tasks=["jigsaw/valid_l1_loss"])


def test_a_table_of_metrics_without_direction_has_no_results():
    table = Table.from_logs([A], {"normal": {"extra_valid_x": [1.0]}})
    assert table.results == ("normal",)
    with pytest.raises(UnknownNameError, match="unknown metric"):
        table.to_frame()


@pytest.mark.parametrize("name", ["model_params", "inference_time", "encoder_FLOPs"])
def test_facts_below_zero_are_refused(name):
    with pytest.raises(TableError, match=rf"row 1 \(64-1234-basic\), jigsaw/{name}: expected a number >= 0.*got -1"):
        Table.from_frame({"arch": ["64-2311-basic", "64-1234-basic"], "jigsaw": [1.0, 2.0], f"jigsaw/{name}": [5, -1]})


@pytest.mark.parametrize("most", [2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1])
def test_unsigned_facts_keep_their_sign(most):
    facts = np.array([most, 7], dtype=np.uint64)
    table = Table.from_frame(
        {"arch": ["64-2311-basic", "64-1234-basic"], "jigsaw": [1.0, 2.0], "jigsaw/model_params": facts}
    )
    kept = table.logs["jigsaw"].info["model_params"]
    assert kept[1] == 7
    assert kept[0] == (most if most < 2**63 else float(most))


@pytest.mark.parametrize("name", ["valid_top1", "valid_loss", "model_params"])
@pytest.mark.parametrize("frame", [False, True])
def test_arrays_with_architectures_of_their_own_are_those_of_the_rows(name, frame):
    def logs(values):
        metrics = {"valid_top1": [1.0, 2.0, 3.0]} | ({} if name == "model_params" else {name: values})
        info = {"jigsaw": {name: values}} if name == "model_params" else {}
        return Table.from_logs(MACRO, {"jigsaw": metrics}, info)

    values = pd.Series([1.0, 2.0, 3.0], index=list(MACRO))
    if frame and name != "model_params":
        values = values.to_frame(0)
    assert logs(values).column(f"jigsaw/{name}").tolist() == [1.0, 2.0, 3.0]
    assert logs(values.reset_index(drop=True)).column(f"jigsaw/{name}").tolist() == [1.0, 2.0, 3.0]
    for wrong in (values[::-1], values.set_axis([A, B, "64-1111-basic"])):
        with pytest.raises(TableError, match=f"jigsaw/{name}: expected values of '.*' at row [02], got those of"):
            logs(wrong)


@pytest.mark.parametrize("columns", [[2, 1, 0], [0, 2, 3], [3, 4, 5], ["2", "1", "0"]])
def test_numbered_epochs_stand_in_their_order(columns):
    values = np.arange(9.0).reshape(3, 3)
    with pytest.raises(TableError, match="expected values of one epoch after the other, in columns numbered from 0"):
        Table.from_logs(MACRO, {"jigsaw": {"valid_loss": pd.DataFrame(values, columns=columns)}})
    for right in ([0, 1, 2], [1, 2, 3], ["1", "2", "3"], ["a", "b", "c"]):
        table = Table.from_logs(MACRO, {"jigsaw": {"valid_loss": pd.DataFrame(values, columns=right)}})
        assert table.value(B, "jigsaw", "valid_loss") == 5.0


@pytest.mark.parametrize("k", [2.5, "3", None])
def test_a_number_of_rows_is_an_integer(k):
    table = Table.from_frame({"arch": list(MACRO), "mine": [1.0, 2.0, 3.0]})
    with pytest.raises(TypeError, match="expected an integer as k, got"):
        table.best("mine", k=k)
    assert table.best("mine", k=np.int64(2)).tolist() == [3.0, 2.0]


def test_what_is_saved_is_a_table(tmp_path):
    with pytest.raises(TypeError, match=r"expected a Table .*as table, got .*DataFrame"):
        save_table(pd.DataFrame({"arch": [A], "mine": [1.0]}), tmp_path / "mine.csv")
    assert not list(tmp_path.iterdir())
