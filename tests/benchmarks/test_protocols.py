"""Splits: exactly the published shuffle, and no leak when asked."""

import numpy as np
import pytest

from benchmarks import ArchitectureError, UnknownNameError, get_space
from benchmarks.formats.transnas_pth import from_nested
from benchmarks.protocols import canonical_classes, eligible_rows, split


@pytest.fixture(scope="module")
def micro():
    return list(get_space("transnas101-micro"))


def test_protocol_all_is_the_shuffle_of_the_literature(micro):
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(4096)
        parts = split(micro, n=100, seed=seed)
        np.testing.assert_array_equal(parts.train, order[:100])
        np.testing.assert_array_equal(parts.test, order[100:])


def test_smaller_training_sets_are_the_start_of_larger_ones(micro):
    np.testing.assert_array_equal(split(micro, 50).train, split(micro, 400).train[:50])


def test_protocol_distinct_draws_the_first_row_of_every_class(micro, rng):
    archs = [micro[row] for row in rng.permutation(4096)]
    first = {}
    for row, form in enumerate(get_space("transnas101-micro").canonicals(archs)):
        first.setdefault(form, row)
    rows = np.array(sorted(first.values()))
    order = np.random.default_rng(7).permutation(len(rows))
    parts = split(archs, n=50, seed=7, protocol="distinct")
    np.testing.assert_array_equal(parts.train, rows[order[:50]])
    np.testing.assert_array_equal(parts.test, rows[order[50:]])
    forms = canonical_classes(archs)
    assert not set(forms[parts.train]) & set(forms[parts.test])
    assert len(parts.train) + len(parts.test) == 1948


def test_a_table_is_split_like_its_strings(database):
    table = from_nested(database)  # two spaces; rows 3 and 4 are equivalent cells
    np.testing.assert_array_equal(canonical_classes(table), [0, 1, 2, 3, 3, 4, 5])
    np.testing.assert_array_equal(eligible_rows(table, "distinct"), [0, 1, 2, 3, 5, 6])
    for protocol in ("all", "distinct"):
        a, b = split(table, 3, 1, protocol), split(list(table.archs), 3, 1, protocol)
        np.testing.assert_array_equal(np.r_[a.train, a.test], np.r_[b.train, b.test])


@pytest.mark.parametrize("n", [0, -1, 7, 8])
def test_n_must_leave_both_sides_a_row(database, n):
    with pytest.raises(ValueError, match=rf"expected 0 < n < 7 \(the rows of protocol 'all'\), got n={n}"):
        split(from_nested(database), n)


def test_unknown_protocols_and_strings_are_refused():
    with pytest.raises(UnknownNameError, match="unknown protocol 'distinkt'; did you mean 'distinct'"):
        split(["64-2311-basic"] * 3, 1, protocol="distinkt")
    with pytest.raises(ArchitectureError, match=r"row 1: .*'64-23x1-basic'"):
        split(["64-2311-basic", "64-23x1-basic", "64-1234-basic"], 1, protocol="distinct")
