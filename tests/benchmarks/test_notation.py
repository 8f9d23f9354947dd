"""What the parts of an architecture string mean: told by the space, by the help, and true."""

import re

import pytest

from benchmarks import get_space, list_spaces
from benchmarks.errors import ArchitectureError
from benchmarks.spaces.cell import EDGES
from benchmarks.spaces.registry import infer_space
from tests.surrogates.cli.helpers import run

PUBLISHED = ("transnas101-micro", "transnas101-macro", "nasbench201")


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_space_tells_its_notation(name: str) -> None:
    space = get_space(name)
    assert name in list_spaces()
    pattern, _, meaning = space.notation.partition(": ")
    assert len(meaning) > 50
    signs, shown = (re.sub("[a-z]{2,}(_[a-z0-9]+)*", "", text) for text in (pattern, space.example))
    if name != "transnas101-micro":
        assert re.sub("[0-9]", "", signs) == re.sub("[0-9]", "", shown), "the same signs between its parts"
    assert space.recognises(pattern)


def test_the_help_of_lookup_tells_all_of_them() -> None:
    shown = " ".join(run("lookup", "--help").stdout.split())
    for name in PUBLISHED:
        assert get_space(name).notation.partition(": ")[0] in shown
    assert get_space("transnas101-micro").notation.partition(": ")[2] in shown


def test_an_unknown_string_is_told_where_to_look() -> None:
    with pytest.raises(ArchitectureError, match=r"get_space\(name\).notation, or surrogates lookup --help"):
        infer_space("resnet50")


@pytest.mark.parametrize(
    ("letter", "edge"), [("a", "0-1"), ("b", "0-2"), ("c", "1-2"), ("d", "0-3"), ("e", "1-3"), ("f", "2-3")]
)
def test_the_letters_are_the_edges_that_the_notation_says(letter: str, edge: str) -> None:
    space = get_space("transnas101-micro")
    source, target = edge.split("-")
    cell = "".join("3" if other == letter else "0" if other in "abcdef" else other for other in "a_bc_def")
    position = next(i for i, digit in enumerate(space.parse(f"64-41414-{cell}").code) if digit)
    assert EDGES[position] == (int(source), int(target))
    to = {"1": "a leads to node 1", "2": "b and c to node 2", "3": "d, e and f to node 3"}[target]
    assert to in space.notation
    assert re.search(rf"\b{letter}\b", to)


def test_the_digits_change_the_shape_as_the_notation_says() -> None:
    space = get_space("transnas101-macro")
    shapes = {digit: space.feature_shape(f"64-{digit}-basic") for digit in "1234"}
    assert shapes == {"1": (64, 64), "2": (128, 64), "3": (64, 32), "4": (128, 32)}
