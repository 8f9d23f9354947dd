"""Tables of other libraries, and frames of unusual shape."""

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
