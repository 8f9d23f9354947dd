"""The golden numbers are what they were (see `tests.golden.cases`)."""

import json
from typing import Any

import numpy as np
import pytest

from tests.golden.cases import CASES, DATA_CASES
from tests.golden.record import FILE

GOLDEN = json.loads(FILE.read_text(encoding="utf-8"))
RELATIVE, ABSOLUTE = 1e-4, 1e-6
"""What another CPU's linear algebra may move; trees split where sums of float32 say."""


def _compare(found: Any, expected: Any, where: str) -> None:
    if isinstance(expected, dict):
        assert list(found) == list(expected), where
        for key in expected:
            _compare(found[key], expected[key], f"{where}/{key}")
    elif isinstance(expected, list) and expected and isinstance(expected[0], str):
        assert found == expected, where
    elif isinstance(expected, list) and expected and isinstance(expected[0], list):
        assert len(found) == len(expected), where
        for position, (mine, theirs) in enumerate(zip(found, expected, strict=True)):
            _compare(mine, theirs, f"{where}[{position}]")
    else:
        np.testing.assert_allclose(found, expected, rtol=RELATIVE, atol=ABSOLUTE, err_msg=where)


def test_every_case_is_recorded() -> None:
    assert set(GOLDEN) == {*CASES, *DATA_CASES}


@pytest.mark.parametrize("name", CASES)
def test_numbers_stay(name: str) -> None:
    _compare(CASES[name](), GOLDEN[name], name)


@pytest.mark.data
@pytest.mark.parametrize("name", DATA_CASES)
def test_numbers_on_published_values_stay(name: str, nas_data: object) -> None:
    _compare(DATA_CASES[name](), GOLDEN[name], name)
