"""Architectures as NASLib writes them, against its own conversion written out again here."""

import itertools

import numpy as np
import pytest

from benchmarks import ArchitectureError, Space, get_space
from benchmarks.spaces.space import naslib_integers

# naslib/search_spaces/nasbench201/conversions.py: OP_NAMES_NB201 and EDGE_LIST
NAMES = ["skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3"]
EDGES = [(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)]


def by_naslib(ops):
    """``convert_op_indices_to_str``: edges sorted by the node they end in."""
    named = {edge: NAMES[op] for edge, op in zip(EDGES, ops, strict=True)}
    parts = [f"{named[edge]}~{edge[0] - 1}" for edge in sorted(named, key=lambda edge: edge[1])]
    return "|{}|+|{}|{}|+|{}|{}|{}|".format(*parts)


def test_nasbench201_by_hand():
    # edges 0->1 pooling, 0->2 skip, 0->3 1x1, 1->2 none, 1->3 pooling, 2->3 1x1
    expected = "|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|"
    assert get_space("nasbench201").from_naslib((4, 0, 3, 1, 4, 3)) == expected


def test_nasbench201_agrees_with_the_conversion_of_naslib_everywhere():
    space = get_space("nasbench201")
    found = [space.from_naslib(ops) for ops in itertools.product(range(5), repeat=6)]
    assert found == [by_naslib(ops) for ops in itertools.product(range(5), repeat=6)]
    assert set(found) == set(space.archs)


def test_transnas_micro_is_queried_with_its_own_digits():
    # convert_op_indices_micro_to_str: '64-41414-{}_{}{}_{}{}{}'.format(*op_indices)
    space = get_space("transnas101-micro")
    found = [space.from_naslib(list(ops)) for ops in itertools.product(range(4), repeat=6)]
    assert found == ["64-41414-{}_{}{}_{}{}{}".format(*ops) for ops in itertools.product(range(4), repeat=6)]


@pytest.mark.parametrize("ops", [(2, 3, 1, 1), (2, 3, 1, 1, 0, 0), [2, 3, 1, 1, 0, 0], np.array([2, 3, 1, 1, 0, 0])])
def test_transnas_macro_drops_the_zeros_at_the_end(ops):
    # convert_op_indices_macro_to_str: '64-{}-basic' of the digits that are not 0
    assert get_space("transnas101-macro").from_naslib(ops) == "64-2311-basic"


@pytest.mark.parametrize("name", ["nasbench201", "transnas101-micro", "transnas101-macro"])
@pytest.mark.parametrize(
    "ops", [(9, 0, 0, 0, 0, 0), (-1, 0, 0, 0, 0, 0), (True,) * 6, (0.5,) * 6, "430143", None, 4, [[1] * 6], [1] * 500]
)
def test_what_is_none_is_refused(name, ops):
    with pytest.raises(ArchitectureError, match=r"expected .*integers") as error:
        get_space(name).from_naslib(ops)
    assert len(str(error.value)) < 500


def test_wrong_lengths_are_refused():
    with pytest.raises(ArchitectureError, match=r"expected 6 operation indices of NASLib, got \(1, 2\)"):
        get_space("nasbench201").from_naslib((1, 2))
    with pytest.raises(ArchitectureError, match="expected a macro code"):
        get_space("transnas101-macro").from_naslib((0, 0))


def test_other_spaces_have_no_such_form():
    with pytest.raises(ArchitectureError, match="NASLib has no tuples for architectures of nasbench201"):
        Space.from_naslib(get_space("nasbench201"), (1, 2))
    assert naslib_integers(np.array([1, 2], dtype=np.int8), "any", 4) == [1, 2]
