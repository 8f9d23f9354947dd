"""Measured and predicted values beside each other: failed runs near 0 % are no fractions; a table is no surrogate."""

import numpy as np
import pytest

from benchmarks import Table, get_space
from benchmarks.errors import TableError
from surrogates import Oracle
from surrogates.oracle.mixing import check_mixture
from surrogates.oracle.tabulated import TabulatedSurrogate

pytestmark = pytest.mark.filterwarnings("ignore:jigsaw/valid_top1. all values are within 0 to 1")

MACRO = get_space("transnas101-macro")
ROWS = np.arange(0, len(MACRO), len(MACRO) // 64)[:64]


def predictor(mean: np.ndarray) -> TabulatedSurrogate:
    columns = mean[:, None]
    return TabulatedSurrogate(MACRO.name, ["jigsaw"], np.arange(len(MACRO)), columns, np.ones_like(columns))


def table(values: np.ndarray, archs: list[str]) -> Table:
    return Table.from_logs(archs, {"jigsaw": {"valid_top1": values.tolist()}})


def test_failed_runs_near_zero_percent_are_no_fractions() -> None:
    mean = np.full(len(MACRO), 90.0)
    mean[ROWS] = 1.3
    archs = [MACRO[int(row)] for row in ROWS]
    check_mixture(table(np.full(len(archs), 0.05), archs), predictor(mean))


def test_every_nth_row_of_a_sorted_table_does_not_stand_for_all() -> None:
    """The published micro table, in its order, has a failed cell at every 64th row."""
    values = np.full(len(MACRO), 90.0)
    values[:: len(MACRO) // 64] = 0.05
    mean = np.full(len(MACRO), 90.0)
    check_mixture(table(values, list(MACRO.archs)), predictor(mean))


@pytest.mark.parametrize("scale", [0.01, 100.0])
def test_fractions_are_refused_on_either_side(scale: float) -> None:
    mean = np.linspace(0.5, 0.9, len(MACRO)) * (1 if scale == 100 else 100)
    with pytest.raises(TableError, match="jigsaw: the values of the table are"):
        check_mixture(table(mean * scale, list(MACRO.archs)), predictor(mean))


def test_a_table_in_place_of_a_surrogate_is_told_where_it_belongs() -> None:
    with pytest.raises(TypeError, match=r"got a Table of 1 architectures; give it as Oracle\(surrogate, table\)"):
        Oracle(table(np.array([90.0]), ["64-2311-basic"]))  # type: ignore[arg-type]
