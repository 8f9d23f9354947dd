"""Cells of one benchmark as cells of another."""

import pytest

from benchmarks import ArchitectureError, get_space
from surrogates.cross_space import can_translate, translate

MICRO, NB201 = "transnas101-micro", "nasbench201"


def test_every_micro_cell_keeps_its_operations():
    archs = list(get_space(MICRO))
    there = translate(archs, NB201, source=MICRO)
    names = {"0": "none", "1": "skip_connect", "2": "nor_conv_1x1", "3": "nor_conv_3x3"}
    for arch, cell in zip(archs, there, strict=True):
        digits = [c for c in arch.removeprefix("64-41414-") if c != "_"]
        operations = [part.split("~")[0] for part in cell.replace("+", "|").split("|") if part]
        assert operations == [names[digit] for digit in digits]
    assert translate(there, MICRO, source=NB201) == archs


def test_an_operation_the_other_space_lacks_becomes_a_skip():
    cell = "|avg_pool_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_1x1~2|"
    assert translate([cell], MICRO, source=NB201) == ["64-41414-1_03_112"]


def test_the_same_space_stays_as_it_is():
    assert translate(["64-2311-basic"], "transnas101-macro", source="transnas101-macro") == ["64-2311-basic"]


def test_skeletons_have_no_counterpart_among_cells():
    assert not can_translate("transnas101-macro", NB201)
    with pytest.raises(ValueError, match="expected two cell-based spaces, got transnas101-macro and nasbench201"):
        translate(["64-2311-basic"], NB201, source="transnas101-macro")


def test_a_string_of_another_space_is_refused():
    with pytest.raises(ArchitectureError, match="64-2311-basic"):
        translate(["64-2311-basic"], NB201, source=MICRO)
