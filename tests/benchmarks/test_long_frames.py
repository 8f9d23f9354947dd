"""Long tables, one row per architecture and task: they are those that `DataFrame.melt` made of wide ones."""

import io

import pandas as pd
import pytest

from benchmarks import TableError, UnknownNameError, get_space, load_table
from benchmarks.table import Table
from surrogates.labels import Labels

ARCHS = get_space("transnas101-macro").sample(5, rng=0)
WIDE = pd.DataFrame(
    {
        "arch": ARCHS,
        "jigsaw": [50.0, 60.0, float("nan"), 70.0, 80.0],
        "normal": [0.1, 0.2, 0.3, 0.4, 0.5],
        "depth": [3.0, 1.0, 2.0, 5.0, 4.0],
    }
)
pytestmark = pytest.mark.filterwarnings("ignore:read as a long table")


def same(found: Table, expected: Table) -> bool:
    return found.hash == expected.where(archs=found.archs).hash


@pytest.mark.parametrize("name", ["value", "Score", "result", "performance"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_a_long_table_is_the_wide_one_that_was_melted(name, shuffled):
    long = WIDE.melt("arch", var_name="task", value_name=name)
    if shuffled:
        long = long.sample(frac=1.0, random_state=1)
    table = Table.from_frame(long)
    for task in ("jigsaw", "normal", "depth"):
        got, expected = table.to_frame()[task].loc[ARCHS], WIDE.set_index("arch")[task]
        pd.testing.assert_series_equal(got, expected, check_names=False)


def test_metrics_in_a_column_or_as_columns_are_read():
    frame = pd.DataFrame({"arch": ARCHS, "jigsaw": [50.0] * 5, "jigsaw/valid_loss": [0.5, 0.4, 0.3, 0.2, 0.1]})
    expected = Table.from_frame(frame)
    columns = pd.DataFrame({"arch": ARCHS, "task": "jigsaw", "valid_top1": 50.0, "valid_loss": frame.iloc[:, 2]})
    assert same(Table.from_frame(columns), expected)
    melted = columns.melt(["arch", "task"], var_name="metric", value_name="value")
    assert same(Table.from_frame(melted), expected)


def test_a_row_without_its_metric_is_refused():
    frame = pd.DataFrame({"arch": ARCHS[:2], "task": "jigsaw", "metric": ["valid_top1", None], "value": 50.0})
    with pytest.raises(TableError, match=r"row 1: expected the name of a metric, .* of a long table, got (None|nan)"):
        Table.from_frame(frame)


def test_it_is_said_and_read_from_csv_with_its_digits():
    text = f"arch,task,value\n{ARCHS[0]},jigsaw,50.1\n{ARCHS[0]},normal,0.30000000000000004\n"
    with pytest.warns(UserWarning, match="read as a long table: column 'task' names the task of each row, 'value'"):
        table = load_table(io.StringIO(text))
    assert table.value(ARCHS[0], "normal") == 0.30000000000000004


def test_repeats_of_a_pair_are_those_of_a_wide_table():
    frame = pd.DataFrame({"arch": [ARCHS[0]] * 3, "task": ["jigsaw", "jigsaw", "normal"], "value": [50.0, 60.0, 0.5]})
    with pytest.raises(TableError, match="with different values of jigsaw/valid_top1: 50 and 60"):
        Table.from_frame(frame)
    assert Table.from_frame(frame, duplicates="mean").to_frame().iloc[0].tolist() == [55.0, 0.5]


@pytest.mark.parametrize(
    "columns", [{"latency": 3.0}, {"value": 3.0, "valid_top1": 4.0}, {}, {"value": 1.0, "score": 2.0}]
)
def test_other_columns_are_refused_with_the_line_that_pivots(columns):
    frame = pd.DataFrame({"arch": ARCHS[:1], "task": "jigsaw", **columns})
    with pytest.raises(TableError, match=r'make it wide yourself: frame.pivot\(index="arch", columns="task", values='):
        Table.from_frame(frame)


def test_names_pass_the_same_door():
    frame = pd.DataFrame({"arch": ARCHS, "task": "Jigsaw", "value": 50.0})
    with pytest.raises(TableError, match="did you mean the task 'jigsaw'"):
        Table.from_frame(frame)
    frame["task"] = "latency_ms"
    with pytest.raises(TableError, match="says that lower is better"):
        Table.from_frame(frame)
    assert Table.from_frame(frame, minimize="latency_ms").minimize == ("latency_ms",)
    with pytest.raises(UnknownNameError, match="unknown task"):
        Table.from_frame(frame, minimize="latency_ms").task("jigsaw")


def test_labels_of_a_fit_have_one_row_an_architecture():
    frame = pd.DataFrame({"arch": ARCHS, "task": "jigsaw", "value": 50.0})
    with pytest.raises(ValueError, match=r"got a long table.*frame\.pivot"):
        Labels.from_data(ARCHS, frame)
