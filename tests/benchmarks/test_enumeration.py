"""Numbered rows of spaces, against lists of all that a grammar allows."""

import itertools
from collections import Counter

import numpy as np
import pytest

from benchmarks import ArchitectureError, UnknownNameError, get_space
from benchmarks.spaces import enumerate_space
from benchmarks.spaces.enumeration import CellRows, PublishedRows, SkeletonRows
from benchmarks.spaces.skeleton_codes import SkeletonCodes

ANY = (0, 16)


def _listed(modules: tuple[int, int], halvings: tuple[int, int], doublings: tuple[int, int]) -> list[str]:
    found = []
    for depth in range(modules[0], modules[1] + 1):
        for digits in itertools.product("1234", repeat=depth):
            halved, doubled = sum(d in "34" for d in digits), sum(d in "24" for d in digits)
            if halvings[0] <= halved <= halvings[1] and doublings[0] <= doubled <= doublings[1]:
                found.append("".join(digits))
    return found


@pytest.mark.parametrize(
    "bounds",
    [
        ((1, 5), ANY, ANY),
        ((4, 6), (1, 4), (1, 3)),
        ((3, 3), (3, 3), (0, 0)),
        ((2, 5), (2, 9), (0, 1)),
        ((1, 4), (0, 0), (0, 0)),
    ],
)
def test_codes_are_those_of_a_list(bounds: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]) -> None:
    codes, listed = SkeletonCodes(*bounds), _listed(*bounds)
    assert len(codes) == len(listed)
    assert codes.codes(np.arange(len(codes))) == listed
    assert [codes.number(code) for code in listed] == list(range(len(listed)))


def test_the_longest_codes_have_numbers() -> None:
    codes = SkeletonCodes((1, 16))
    assert len(codes) == sum(4**depth for depth in range(1, 17))
    numbers = np.random.default_rng(0).integers(len(codes), size=200)
    found = codes.codes(numbers)
    assert [codes.number(code) for code in found] == numbers.tolist()
    assert codes.codes(np.array([len(codes) - 1])) == ["4" * 16]


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (((0, 2),), "expected 1 <= least <= most <= 16 modules, got 0 to 2"),
        (((3, 2),), "modules, got 3 to 2"),
        (((1, 17),), "modules, got 1 to 17"),
        (((1, 2), (3, 4)), "no code of 1 to 2 modules has 3 to 4 halvings and 0 to 16 doublings"),
    ],
)
def test_bounds_that_leave_nothing_are_refused(bounds: tuple[tuple[int, int], ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SkeletonCodes(*bounds)


def test_codes_outside_the_bounds_have_no_number() -> None:
    codes = SkeletonCodes((2, 3), (0, 1), ANY)
    for code, message in (("1", "2 to 3 digits"), ("15", "digits 1 to 4"), ("33", "0 to 1 halvings .*, got 2 and 0")):
        with pytest.raises(ArchitectureError, match=message):
            codes.number(code)
    with pytest.raises(IndexError, match="expected numbers from 0 to"):
        codes.codes(np.array([len(codes)]))


def test_skeletons_are_those_of_a_list() -> None:
    rows = SkeletonRows(SkeletonCodes((1, 3)), [32, 64])
    listed = [f"{width}-{code}-basic" for width in (32, 64) for code in _listed((1, 3), ANY, ANY)]
    assert rows.archs(0, len(rows)) == listed
    assert rows.archs(80, 90) == listed[80:90]
    assert [rows.index(arch) for arch in listed] == list(range(len(listed)))
    with pytest.raises(ArchitectureError, match="expected 32, 64 base channels, got '16-1'"):
        rows.index("16-1-basic")


def test_the_published_skeletons_are_an_open_space_within_bounds() -> None:
    rows = enumerate_space("transnas101-macro", (4, 6), halvings=(1, 4), doublings=(1, 3))
    assert set(rows.archs(0, len(rows))) == set(get_space("transnas101-macro"))


def test_a_row_of_cells_stands_for_all_of_its_function() -> None:
    micro, rows = get_space("transnas101-micro"), CellRows(SkeletonRows(SkeletonCodes((1, 1)), [64]))
    cells = [arch.rpartition("-")[2] for arch in micro]
    listed = [f"64-{code}-{cell}" for code in "1234" for cell in cells]
    simplest = micro.simplify(listed)
    found = rows.archs(0, len(rows))
    assert sorted(found) == sorted(set(simplest))
    assert [found[rows.index(arch)] for arch in listed] == simplest
    assert rows.counts(0, len(rows)).tolist() == [Counter(simplest)[arch] for arch in found]
    assert rows.n_archs == len(listed)
    assert [rows.archs(i, j) for i, j in ((1000, 1300), (0, 0), (1229, 1230))] == [
        found[1000:1300],
        [],
        found[1229:1230],
    ]


def test_where_strings_count_every_string_is_a_row() -> None:
    rows = enumerate_space("transnas101-micro", (5, 5), halvings=(3, 3), doublings=(3, 3), equivalence="string")
    start = rows.index("64-41414-0_00_000")
    assert rows.archs(start, start + 4096) == list(get_space("transnas101-micro").archs)
    assert set(rows.counts(0, 5000).tolist()) == {1}


@pytest.mark.parametrize(
    ("space", "functions", "strings"), [("nasbench201", 4930, 15625), ("transnas101-micro", 1229, 4096)]
)
def test_published_rows_are_functions(space: str, functions: int, strings: int) -> None:
    rows = PublishedRows(get_space(space))
    assert (len(rows), rows.n_archs, int(rows.counts(0, len(rows)).sum())) == (functions, strings, strings)
    found = rows.archs(0, len(rows))
    for arch in get_space(space).sample(50, rng=0):
        assert found[rows.index(arch)] == get_space(space).simplify([arch])[0]
    assert len(PublishedRows(get_space(space), by_function=False)) == strings


def test_what_cannot_be_enumerated_is_refused() -> None:
    with pytest.raises(ValueError, match="expected modules with widths, got none"):
        enumerate_space("transnas101-micro", widths=[64])
    with pytest.raises(
        ValueError, match="expected transnas101-micro or transnas101-macro with modules, got nasbench201"
    ):
        enumerate_space("nasbench201", (1, 2))
    with pytest.raises(ValueError, match=r"from 2 to 4096 as widths, got 7"):
        enumerate_space("transnas101-macro", (1, 2), [64, 7])
    with pytest.raises(ValueError, match="expected the least and the most of modules, got 4"):
        enumerate_space("transnas101-macro", 4)  # type: ignore[arg-type]
    rows = enumerate_space("transnas101-macro", (1, 2))
    with pytest.raises(IndexError, match="expected rows from 0 to 20, got 3 to 21"):
        rows.archs(3, 21)


def test_rows_do_not_depend_on_the_order_of_widths() -> None:
    one, other = (enumerate_space("transnas101-macro", (1, 2), widths) for widths in ([64, 32], [32, 64, 32]))
    assert one.archs(0, len(one)) == other.archs(0, len(other))
    assert one.archs(0, 1) == ["32-1-basic"]
    assert one.describe() == other.describe()


def test_an_unknown_equivalence_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown equivalence 'func'.*function"):
        enumerate_space("nasbench201", equivalence="func")
