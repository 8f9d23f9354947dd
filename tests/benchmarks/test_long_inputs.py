"""Inputs of millions of characters: refused at every door in a short message."""

import pandas as pd
import pytest

from benchmarks import ArchitectureError, SurrogatesError, get_space, infer_space, list_spaces, load_table
from benchmarks.errors import shown
from benchmarks.limits import SHOWN
from benchmarks.table import Table
from tests.benchmarks.conftest import MACRO

LONG = {
    "letters": "x" * 4_000_000,
    "macro": "64-" + "2" * 4_000_000 + "-basic",
    "width": "9" * 4_000_000 + "-2311-basic",
    "five thousand digits": "9" * 5_000 + "-2311-basic",
    "micro": "64-41414-" + "3_" * 2_000_000,
    "bars": "|" * 4_000_000,
    "operation": "|" + "x" * 4_000_000 + "~0|+|a~0|b~1|+|a~0|b~1|c~2|",
    "tuple": "(" + "1, " * 1_000_000 + "1)",
}
TABLE = Table.from_frame({"arch": MACRO, "jigsaw": [1.5, 2.0, 3.0]})
DOORS = {
    "table": lambda text: Table.from_frame({"arch": [text], "jigsaw": [2.0]}),
    "cell": lambda text: Table.from_frame({"arch": MACRO, "jigsaw": [1.5, 2.0, text]}),
    "column": lambda text: Table.from_frame({"arch": MACRO, text * 2: [1.5, 2.0, 3.0]}),
    "row": lambda text: TABLE.value(text, "jigsaw"),
    "where": lambda text: TABLE.where(archs=[text]),
    "task": lambda text: TABLE.value(MACRO[0], text),
    "metric": TABLE.to_frame,
    "epoch": lambda text: TABLE.to_frame(epoch=text),
    "duplicates": lambda text: Table.from_frame({"arch": MACRO, "jigsaw": [1.5, 2, 3]}, duplicates=text),
    "space": get_space,
    "two spaces": lambda text: [infer_space([MACRO[0], text]).validate(text)],
    "path": load_table,
    "parquet": lambda text: load_table(f"{text}.parquet"),
    **{
        f"{name}.{what}": getattr(get_space(name), what)
        for name in list_spaces()
        for what in ("validate", "neighbors", "index")
    },
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", LONG)
def test_no_message_repeats_a_long_input(door, kind):
    with pytest.raises(SurrogatesError) as error:
        DOORS[door](LONG[kind])
    assert len(str(error.value)) < 1_500


def test_shown_cuts_and_never_fails():
    class Odd:
        def __repr__(self):
            raise RuntimeError("no")

    assert shown("a") == "'a'"
    assert shown("x" * (SHOWN - 2)) == repr("x" * (SHOWN - 2))
    for value in ("x" * 10**6, b"x" * 10**6, list(range(10**5)), 10**3000, pd.Series(range(10**5))):
        assert len(shown(value)) <= SHOWN
    assert shown(Odd()) == "an Odd that cannot be shown"
    assert shown(10**5000) == "an int that cannot be shown"


def test_a_long_string_names_the_limit():
    with pytest.raises(ArchitectureError, match="at most 10,000 characters, got 4,000,000: 'xxx"):
        infer_space(LONG["letters"])
