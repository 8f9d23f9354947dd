"""csv and parquet: column forms, round trips, and files that are not what they say."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from benchmarks import ArchitectureError, TableError, table_provenance
from benchmarks.errors import TableNotFoundError, UnknownNameError
from benchmarks.formats import READERS, WRITERS, load_table, save_table, table_suffix
from benchmarks.formats.transnas_pth import from_nested
from benchmarks.table import Table
from tests.benchmarks.conftest import MACRO, MICRO

A, B, C = MACRO
NAN = float("nan")


def write(tmp_path, text):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_one_epoch_of_every_metric_and_all_info_survive(database, tmp_path, suffix):
    table = from_nested(database)
    path = tmp_path / f"table.{suffix}"
    save_table(table, path)
    back = load_table(path)
    assert (back.archs, back.tasks, back.spaces) == (table.archs, table.tasks, table.spaces)
    for task in table.tasks:
        assert set(back.metrics(task)) == set(table.metrics(task))
    for metric in (None, "test_loss", "l1_loss", "time_elapsed"):
        pd.testing.assert_frame_equal(back.to_frame(metric), table.to_frame(metric))
    for name in database["info_names"]:
        pd.testing.assert_frame_equal(back.info(name), table.info(name))
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_any_epoch_can_be_written(database, tmp_path):
    table = from_nested(database)
    save_table(table, tmp_path / "best.csv", epoch="best")
    np.testing.assert_array_equal(load_table(tmp_path / "best.csv").to_frame("loss"), table.to_frame("loss", "best"))


def test_csv_and_parquet_of_the_same_numbers_have_the_same_hash(tmp_path, rng):
    table = Table.from_frame(pd.DataFrame({"arch": [A, B, C], "jigsaw": rng.random(3) / 3, "mine": [1.0, NAN, 1e-9]}))
    save_table(table, tmp_path / "a.csv")
    save_table(table, tmp_path / "a.parquet")
    assert load_table(tmp_path / "a.csv").hash == load_table(tmp_path / "a.parquet").hash == table.hash


def test_column_forms(tmp_path):
    text = (
        f"arch,class_scene,class_scene/test_loss,class_scene/model_params,my task\n{A},50,1.5,1000,-3\n{B},,2,1001,7\n"
    )
    table = load_table(write(tmp_path, text))
    assert table.tasks == ("class_scene", "my task")
    np.testing.assert_array_equal(table.to_frame()["class_scene"], [50, NAN])
    assert table.to_frame("test_loss")["class_scene"].tolist() == [1.5, 2]
    assert table.info("model_params")["class_scene"].tolist() == [1000, 1001]
    assert table.best("my task").index[0] == B


@pytest.mark.parametrize("header", ["arch", "Architecture", "arch_str", " ARCH ", "\ufeffarch"])
def test_names_of_the_architecture_column(tmp_path, header):
    assert load_table(write(tmp_path, f"{header},jigsaw\n{A},50\n")).archs == (A,)


def test_the_row_numbers_pandas_writes_are_left_out(tmp_path):
    pd.DataFrame({"arch": [A, B], "jigsaw": [1, 2]}).to_csv(tmp_path / "a.csv")
    assert load_table(tmp_path / "a.csv").tasks == ("jigsaw",)


def test_architectures_may_be_the_index(tmp_path):
    frame = pd.DataFrame({"jigsaw": [1.0, 2.0]}, index=[A, B])
    assert Table.from_frame(frame).archs == Table.from_frame(frame.rename_axis("arch")).archs == (A, B)
    frame.to_parquet(tmp_path / "a.parquet")
    assert load_table(tmp_path / "a.parquet").archs == (A, B)


def test_nullable_columns_are_read():
    frame = pd.DataFrame({"arch": [A, B], "jigsaw": pd.array([1, None], dtype="Int64")})
    np.testing.assert_array_equal(Table.from_frame(frame).to_frame()["jigsaw"], [1, NAN])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a csv file with a header line"),
        (
            "model,jigsaw\nx,1\n",
            "strings named 'arch' or 'architecture' or 'arch_str'; the columns are 'model', 'jigsaw'",
        ),
        ("arch,architecture,jigsaw\n", "expected one column of architectures, got arch, architecture"),
        ("arch,jigsaw\n", "expected at least one row, got none"),
        (f"arch\n{A}\n", "expected a column for at least one task, got only 'arch'"),
        (f"arch,jigsaw,note\n{A},1,good\n", "column 'note', row 0: expected a number, got 'good'"),
        (f"arch,jigsaw\n{A},1\n{B},True\n", "column 'jigsaw', row 1: expected a number, got 'True'"),
        (f"arch,jigsaw\n{A},1\n{B},inf\n", r"row 1 \(64-1234-basic\), jigsaw/valid_top1: expected a finite number"),
        (f"arch,jigsaw\n{A},140\n", r"row 0 .*expected a value from 0 to 100 \(%\), got 140"),
        (f"arch,jigsaw,jigsaw/valid_top1\n{A},1,1\n", "jigsaw/valid_top1 occurs twice"),
        (f"arch,jigsaw/los\n{A},1\n", "jigsaw/los: unknown metric 'los'; did you mean 'loss'"),
        (f"arch,jigsaw,normal/model_params\n{A},1,1\n", "normal: expected a column of results beside"),
        (f"arch,jigsaw\n{A},1\n{B},2\n{A},3\n", "64-2311-basic occurs in rows 0 and 2 with different values"),
        (f"arch,jigsaw\n{A},1,2,3\n{B},1,2,3,4,5\n", "expected a csv file"),
    ],
)
def test_unusable_csv_files_are_refused_by_name(tmp_path, text, message):
    with pytest.raises(TableError, match=f"mine.csv: .*{message}"):
        load_table(write(tmp_path, text))


def test_what_is_no_architecture_names_file_row_and_string(tmp_path):
    with pytest.raises(ArchitectureError, match=r"mine.csv: row 1: .*64-41414-9_00_000"):
        load_table(write(tmp_path, f"arch,jigsaw\n{MICRO[0]},1\n64-41414-9_00_000,2\n"))


def test_duplicates_can_be_averaged(tmp_path):
    path = write(tmp_path, f"arch,jigsaw\n{A},1\n{B},2\n{A},3\n")
    assert load_table(path, duplicates="mean").to_frame()["jigsaw"].tolist() == [2, 2]


def test_a_bool_column_is_no_result():
    with pytest.raises(TableError, match=r"column 'jigsaw', row 0: expected a number, got .*True"):
        Table.from_frame(pd.DataFrame({"arch": [A], "jigsaw": [True]}))


def test_damaged_files_are_refused(tmp_path, database):
    save_table(from_nested(database), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TableError, match=r"a.parquet: expected a parquet file; this one is damaged"):
        load_table(tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_bytes(whole)
    with pytest.raises(TableError, match=r"a.csv: expected a csv file"):
        load_table(tmp_path / "a.csv")


def test_the_suffix_chooses_the_reader(tmp_path):
    assert set(READERS) == set(WRITERS) == {".csv", ".parquet", ".pth"}
    with pytest.raises(TableError, match=r"expected a file ending in .csv, .parquet, .pth, got '.xlsx'"):
        load_table("a.xlsx")
    with pytest.raises(TableError, match="got 'no suffix'"):
        load_table(tmp_path)
    with pytest.raises(TableNotFoundError, match=r"no such file: .*nothing.csv"):
        load_table(tmp_path / "nothing.csv")


def test_the_suffix_chooses_the_writer(tmp_path):
    table = Table.from_logs([A], {"jigsaw": {"valid_top1": [[1, 3, 2]]}})
    for path in (tmp_path / "a.CSV", tmp_path / "b.Parquet", str(tmp_path / "c.pth")):
        save_table(table, path)
        assert load_table(path).value(A, "jigsaw") == 2
        with pytest.raises(TableError, match="epoch"):
            save_table(table, path, epoch=3)
    assert table_suffix("a.PTH") == ".pth"
    with pytest.raises(UnknownNameError, match=r"unknown file ending '.parket'; did you mean '.parquet'"):
        save_table(table, tmp_path / "a.parket")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.CSV", "b.Parquet", "c.pth"]


def test_one_space_can_be_selected(tmp_path):
    path = write(tmp_path, f"arch,jigsaw\n{A},1\n{MICRO[0]},2\n")
    assert load_table(path).spaces == ("transnas101-macro", "transnas101-micro")
    assert load_table(path, space="transnas101-micro").archs == MICRO[:1]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "pth"])
def test_a_folder_that_does_not_exist_is_named(tmp_path, suffix):
    table = Table.from_logs([A], {"jigsaw": {"valid_top1": [1]}})
    with pytest.raises(FileNotFoundError, match=r"cannot write: the folder does not exist: .*nowhere"):
        save_table(table, tmp_path / "nowhere" / f"a.{suffix}")


def test_a_parquet_file_keeps_where_its_values_come_from(tmp_path):
    note = {"images": {"jigsaw": {"rooms": {"seed": 0}}}, "deviations": {"jigsaw": []}}
    table = Table.from_logs([A, B], {"jigsaw": {"valid_top1": [1, 2]}, "normal": {"valid_ssim": [0.1, 0.2]}})
    assert table.provenance == {}
    save_table(replace(table, provenance=note), tmp_path / "a.parquet")
    back = load_table(tmp_path / "a.parquet")
    assert back.provenance == table_provenance(tmp_path / "a.parquet") == note
    assert back.hash == table.hash
    save_table(back.where(archs=[B], tasks=["jigsaw"]), tmp_path / "b.parquet")
    assert load_table(tmp_path / "b.parquet", space="transnas101-macro").provenance == note
    save_table(back, tmp_path / "c.csv")
    assert load_table(tmp_path / "c.csv").provenance == {}


@pytest.mark.parametrize("note", [b"{", b"[1]"])
def test_a_damaged_provenance_is_refused(tmp_path, note):
    columns = pyarrow.table({"arch": [A], "jigsaw": [1.0]}).replace_schema_metadata({"transnas-surrogates": note})
    pyarrow.parquet.write_table(columns, tmp_path / "a.parquet")
    with pytest.raises(TableError, match=r"a\.parquet: .*stored provenance"):
        load_table(tmp_path / "a.parquet")


@pytest.mark.parametrize("name", ["val_loss", "Error", "L1 loss", "rmse", "latency_ms", "params"])
def test_a_loss_that_would_be_best_when_high_is_refused_or_minimized(tmp_path, name):
    path = write(tmp_path, f"arch,{name}\n{A},1\n{B},2\n")
    with pytest.raises(TableError, match=f"mine.csv: column '{name}': the name says that lower is better, .*minimize="):
        load_table(path)
    table = load_table(path, minimize=[name])
    assert table.best(name).index.tolist() == [A]
    assert table.minimize == (name,)
    assert not table.task(name).metric.higher_is_better
    for suffix in ("csv", "parquet", "pth"):  # the direction is in the file: it need not be said again
        save_table(table, tmp_path / f"again.{suffix}")
        again = load_table(tmp_path / f"again.{suffix}")
        assert again.best(name).index.tolist() == [A]
        assert again.hash == table.hash


@pytest.mark.parametrize("name", ["jigsaw_std", "seed", "trial_id", "Epoch", "rank"])
def test_columns_that_are_no_results_are_left_out_with_a_word(tmp_path, name):
    path = write(tmp_path, f"arch,{name},jigsaw\n{A},1,50\n{B},2,60\n")
    with pytest.warns(UserWarning, match=f"left out '{name}': .*'{name}/valid_value'"):
        assert load_table(path).tasks == ("jigsaw",)


@pytest.mark.parametrize("column", [pd.to_datetime(["2026-01-01", "2026-01-02"]), [True, False]])
def test_dates_and_truths_are_no_results(column):
    with pytest.raises(TableError, match="column 'when', row 0: expected a number, got "):
        Table.from_frame(pd.DataFrame({"arch": [A, B], "when": column, "jigsaw": [1.0, 2.0]}))


def test_blanks_around_an_architecture_do_not_count(tmp_path):
    assert load_table(write(tmp_path, f"arch,jigsaw\n {A} ,1\n{B},2\n")).archs == (A, B)


@pytest.mark.parametrize("name", ["neg_loss", "neg_rmse", "psnr", "room_layout", "jigsaw/valid_loss", "depth"])
def test_other_names_are_no_cause_for_warning(tmp_path, name):
    load_table(write(tmp_path, f"arch,{name},jigsaw\n{A},-0.0,50\n"))


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "space", "rows", "tasks"),
    [
        ("transnas101/micro_final.csv", "transnas101-micro", 4096, 7),
        ("transnas101/macro_final.csv", "transnas101-macro", 3256, 7),
        ("transnas101/micro_best_sample.csv", "transnas101-micro", 711, 7),
        ("nasbench201/final.csv", "nasbench201", 15625, 3),
    ],
)
def test_the_published_values_load(nas_data, file, space, rows, tasks):
    table = load_table(nas_data / file)
    raw = pd.read_csv(nas_data / file, index_col="arch")
    assert (table.space.name, len(table), len(table.tasks)) == (space, rows, tasks)
    pd.testing.assert_frame_equal(table.to_frame(), raw, rtol=1e-15, check_index_type=False)
