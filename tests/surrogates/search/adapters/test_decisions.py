"""`Decisions`: encoding and decoding architectures, against naive implementations."""

import itertools

import numpy as np
import pytest

from benchmarks import get_space, list_spaces
from benchmarks.errors import ArchitectureError, UnknownNameError
from surrogates.search import Constraint, ConstraintError
from surrogates.search.adapters import Decisions
from surrogates.search.space_arrays import choices


@pytest.mark.parametrize("name", list_spaces())
def test_every_architecture_comes_back(name: str) -> None:
    space = get_space(name)
    decisions = Decisions(name)
    codes = decisions.encode(space.archs)
    assert decisions.decode(codes) == list(space.archs)
    assert [len(options) for options in decisions.options.values()] == (np.ptp(codes, axis=0) + 1).tolist()
    for arch in space.sample(30, rng=0):
        assert decisions.build(decisions.describe(arch)) == arch


def test_names_of_a_cell_are_those_of_its_string() -> None:
    named = Decisions("nasbench201").describe(
        "|none~0|+|skip_connect~0|nor_conv_1x1~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2|"
    )
    assert named == {
        "0->1": "none",
        "0->2": "skip_connect",
        "1->2": "nor_conv_1x1",
        "0->3": "nor_conv_3x3",
        "1->3": "avg_pool_3x3",
        "2->3": "none",
    }


def test_all_combinations_of_macro_stand_for_a_nearest_one() -> None:
    decisions = Decisions("transnas101-macro")
    ranges = [range(first, last + 1) for first, last in zip(decisions.lower, decisions.upper, strict=True)]
    every = np.array(list(itertools.product(*ranges)))[::41]
    meant = decisions.encode(decisions.decode(every))
    published = choices("transnas101-macro")
    for code, found in zip(every, meant, strict=True):
        assert (code != found).sum() == (published != code).sum(axis=1).min()
    assert decisions.decode(every) == Decisions("transnas101-macro").decode(every[::-1])[::-1]  # in any order


def test_only_what_is_allowed_is_meant() -> None:
    small = Constraint(max_params=1e6)
    space = get_space("transnas101-micro")
    decisions = Decisions(space, small.mask(space))
    meant = decisions.decode(decisions.encode(space.archs[::7]))
    assert all(small(meant))
    assert decisions.allowed(space.archs[:50]).tolist() == small(space.archs[:50]).tolist()
    kept = [arch for arch in space.archs[::7] if small([arch])[0]]
    assert all(decisions.decode(decisions.encode([arch])) == [arch] for arch in kept)


def test_bad_input() -> None:
    decisions = Decisions("transnas101-macro")
    with pytest.raises(ValueError, match=r"shape \(n, 6\), got \(2,\)"):
        decisions.decode([1, 2])
    with pytest.raises(ValueError, match=r"got 5.0 for 'module 2'"):
        decisions.decode([[1, 5, 1, 1, 1, 1]])
    with pytest.raises(ValueError, match=r"integers .* got 1.5"):
        decisions.decode([[1, 1.5, 1, 1, 1, 1]])
    with pytest.raises(ValueError, match="missing: 'module 2'"):
        decisions.build({f"module {i}": "1" for i in (1, 3, 4, 5, 6)})
    with pytest.raises(UnknownNameError, match="unknown module 1 '7'"):
        decisions.build({f"module {i}": "7" for i in range(1, 7)})
    with pytest.raises(ArchitectureError, match="outside the 3,256"):
        decisions.encode(["64-1111-basic"])
    with pytest.raises(ValueError, match=r"shape \(3256,\), got \(2,\)"):
        Decisions("transnas101-macro", np.ones(2, dtype=bool))
    with pytest.raises(ConstraintError, match="none of the 3,256"):
        Decisions("transnas101-macro", np.zeros(3256, dtype=bool))
    with pytest.raises(UnknownNameError, match="did you mean 'transnas101-macro'"):
        Decisions("transnas101-makro")
