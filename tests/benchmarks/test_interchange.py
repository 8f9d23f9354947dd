"""Tables of other libraries, and frames of unusual shape."""

import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from benchmarks import TableError
from benchmarks.interchange import as_frame
from benchmarks.table import Table
from tests.benchmarks.conftest import MACRO

A, B, _ = MACRO
FRAME = pd.DataFrame({"arch": [A, B], "jigsaw": [1.0, 2.0], "normal": [0.25, None]})


class Stream:
    """As a DataFrame of polars: nothing but Arrow's stream."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


class Interchange:
    """As an older library: nothing but the interchange protocol."""

    def __init__(self, table):
        self.table = table

    def __dataframe__(self, nan_as_null=False, allow_copy=True):
        return self.table.__dataframe__(nan_as_null, allow_copy)


@pytest.mark.parametrize(
    "data",
    [
        pa.Table.from_pandas(FRAME, preserve_index=False),
        Stream(pa.Table.from_pandas(FRAME, preserve_index=False)),
        Interchange(pa.Table.from_pandas(FRAME, preserve_index=False)),
        FRAME.to_dict("list"),
        {name: FRAME[[name]].to_numpy() for name in FRAME},
        FRAME.to_dict("records"),
    ],
    ids=["pyarrow", "stream", "interchange", "dict", "columns of shape (n, 1)", "rows"],
)
def test_tables_of_other_libraries_are_read(data):
    assert Table.from_frame(data).hash == Table.from_frame(FRAME).hash


LONG = pd.DataFrame({"arch": [A, A, B, B], "task": ["jigsaw", "normal"] * 2, "value": [1.0, 0.25, 2.0, None]})


@pytest.mark.parametrize(
    "frame",
    [
        LONG.pivot(index="arch", columns="task", values="value"),
        LONG.pivot(index="arch", columns="task"),
        LONG.pivot(index="arch", columns="task").reset_index(),
        LONG.pivot(index="arch", columns="task").swaplevel(axis=1),
    ],
)
def test_pivoted_frames_are_read(frame):
    table = Table.from_frame(frame)
    assert table.to_frame().loc[A].to_dict() == {"jigsaw": 1.0, "normal": 0.25}
    assert table.to_frame().loc[B, "jigsaw"] == 2.0


@pytest.mark.parametrize("swap", [False, True])
def test_levels_of_tasks_and_metrics_are_joined(swap):
    frame = pd.DataFrame(
        {("jigsaw", "valid_top1"): [70.0], ("jigsaw", "valid_loss"): [0.5], ("normal", "test_ssim"): [0.1]}
    )
    frame.index = [A]
    table = Table.from_frame(frame.swaplevel(axis=1) if swap else frame)
    assert table.metrics("jigsaw") == ("valid_top1", "valid_loss")
    assert table.value(A, "normal", "test_ssim") == 0.1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            pd.DataFrame({("a", "b"): [1.0], ("c", "d"): [1.0]}, index=[A]),
            r"two levels of columns, such as \('a', 'b'\)",
        ),
        (pd.DataFrame({("a", "b", "c"): [1.0]}, index=[A]), "expected columns of one or two levels, got 3"),
        (5, "expected a DataFrame, .*got int 5"),
        ("a.csv", "expected a DataFrame, .*got str 'a.csv'"),
        ([1, 2], r"got list \[1, 2\]"),
        ({"arch": [A], "jigsaw": [1, 2]}, "a dict cannot be read as a table .*same length"),
        ("x" * 4_000_000, "got str 'xxx"),
    ],
)
def test_anything_else_is_refused_in_one_line(data, message):
    with pytest.raises(TableError, match=message) as error:
        Table.from_frame(data)
    assert len(str(error.value)) < 500
    assert "\n" not in str(error.value)


def test_a_frame_of_pandas_is_taken_as_it_is():
    assert as_frame(FRAME) is FRAME


def test_a_named_series_of_architectures_is_a_table():
    assert Table.from_frame(pd.Series([60.0], index=[A], name="jigsaw")).value(A, "jigsaw") == 60.0
    with pytest.raises(TableError, match="expected a Series with the name of its task, got one without"):
        Table.from_frame(pd.Series([60.0], index=[A]))
    with pytest.raises(TableError, match="expected a column of architecture strings"):
        Table.from_frame(pd.Series([60.0], name="jigsaw"))


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("entry", ["test_error", "latency_ms", "std", "sem", "var", "count", "rank", "jigsaw"])
def test_a_level_that_says_what_the_values_are_is_not_dropped(entry, swap):
    """A pivot of errors or of standard deviations is no table of results under the names of the tasks."""
    pairs = pd.MultiIndex.from_product([[entry], ["mine", "yours"]])
    frame = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], index=[A, B], columns=pairs)
    with pytest.raises(TableError, match=f"one of them always '{entry}' .*it would be lost"):
        Table.from_frame(frame.swaplevel(axis=1) if swap else frame)


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("entry", ["value", "score", "mean", "accuracy", "valid"])
@pytest.mark.parametrize("tasks", [["jigsaw"], ["mine", "yours"]])
def test_a_level_that_says_only_that_there_are_values_is_dropped(entry, tasks, swap):
    if len(tasks) == 1 and entry in ("accuracy", "valid"):
        return  # both levels are equal everywhere: the next test
    pairs = pd.MultiIndex.from_product([[entry], tasks])
    frame = pd.DataFrame(np.arange(1.0, 1 + 2 * len(tasks)).reshape(2, -1), index=[A, B], columns=pairs)
    table = Table.from_frame(frame.swaplevel(axis=1) if swap else frame)
    assert table.tasks == tuple(tasks)
    assert table.value(A, tasks[0]) == 1.0


@pytest.mark.parametrize("pair", [("jigsaw", "accuracy"), ("mine", "yours"), ("accuracy", "jigsaw")])
def test_which_of_two_equal_levels_is_the_task_is_not_guessed(pair):
    frame = pd.DataFrame([[1.0]], index=[A], columns=pd.MultiIndex.from_tuples([pair]))
    with pytest.raises(TableError, match="two levels of columns, one of them always"):
        Table.from_frame(frame)


@pytest.mark.parametrize(
    "values",
    [
        pd.period_range("2020", periods=2),
        pd.to_datetime(["2020", None]),
        pd.to_datetime([None, None]),
        pd.interval_range(0, 2),
        pd.Series([np.array(1.0), np.array(2.0)], dtype=object),
        pd.Series([pd.Timestamp(0), 2.0], dtype=object),
        pd.Series([pd.Period("2020"), 2.0], dtype=object),
        pd.Series([pd.Timedelta(1), 2.0], dtype=object),
        pd.Series([10**400, 2.0], dtype=object),
        pd.array([True, None], dtype="boolean"),
    ],
)
def test_dates_and_arrays_are_no_numbers(values):
    with pytest.raises(TableError, match="column 'mine', row 0: expected a number, got"):
        Table.from_frame(pd.DataFrame({"arch": [A, B], "mine": values}))


@pytest.mark.parametrize(
    "values",
    [
        pd.array([1, None], dtype="Int64"),
        pd.array([1, None], dtype="Float32"),
        pd.array([1, None], dtype=pd.ArrowDtype(pa.decimal128(10, 2))),
        pd.array(["1", None], dtype="string"),
        pd.Categorical([1.0, np.nan]),
        pd.Categorical(["1", None]),
        pd.Series([Decimal("1.0"), None], dtype=object),
        pd.Series([Fraction(1), None], dtype=object),
        pd.arrays.SparseArray([1.0, np.nan]),
    ],
)
def test_numbers_of_any_type_are_read(values):
    table = Table.from_frame(pd.DataFrame({"arch": [A, B], "mine": values}))
    np.testing.assert_array_equal(table.column("mine"), [1.0, np.nan])


@pytest.mark.parametrize("names", [["arch", "seed"], ["seed", "Arch"], [None, "seed"], [None, None]])
def test_architectures_in_a_level_of_the_index_are_found(names):
    levels = [[A, A, B], [0, 1, 0]] if names[0] != "seed" else [[0, 1, 0], [A, A, B]]
    frame = pd.DataFrame({"mine": [1.0, 2.0, 5.0]}, index=pd.MultiIndex.from_arrays(levels, names=names))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "left out 'seed'")
        table = Table.from_frame(frame, duplicates="mean")
    assert table.to_frame()["mine"].to_dict() == {A: 1.5, B: 5.0}


def test_the_task_in_a_level_of_the_index_is_that_of_its_row():
    with pytest.warns(UserWarning, match="read as a long table"):
        table = Table.from_frame(LONG.set_index(["arch", "task"]))
    assert table.value(A, "normal") == 0.25
    twice = LONG.set_index(["arch", "task"]).assign(task="jigsaw")
    with pytest.raises(TableError, match="different names of columns and levels of the index, got 'task' in both"):
        Table.from_frame(twice)
