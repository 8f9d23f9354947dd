"""The jigsaw task's permutations: against a naive search, and against random ones."""

import itertools
import math
import operator

import numpy as np
import pytest

from benchmarks.training.data.jigsaw import jigsaw_permutations


def distances(permutations):
    """Hamming distances of all pairs, of shape (n (n - 1) / 2,)."""
    pairs = np.triu_indices(len(permutations), 1)
    return (permutations[:, None] != permutations[None]).sum(axis=-1)[pairs]


def test_a_thousand_different_permutations_far_apart(rng):
    chosen = jigsaw_permutations()
    assert chosen.shape == (1000, 9)
    assert chosen.dtype == np.int64
    assert len(np.unique(chosen, axis=0)) == 1000
    np.testing.assert_array_equal(np.sort(chosen, axis=1), np.tile(np.arange(9), (1000, 1)))
    random = np.array([rng.permutation(9) for _ in range(1000)])
    assert distances(chosen).min() == 5
    assert distances(random).min() <= 1
    # At each place each tile equally often is the best any set can do: 9 (1 - (n / 9 - 1) / (n - 1)).
    best = 9 * (1 - (1000 / 9 - 1) / 999)
    assert distances(random).mean() < distances(chosen).mean() <= best
    assert distances(chosen).mean() == pytest.approx(best, abs=1e-4)


def test_naive_search_finds_the_same():
    chosen = [tuple(range(9))]
    candidates = list(itertools.permutations(range(9)))
    closest = dict.fromkeys(candidates, 9)
    total = dict.fromkeys(candidates, 0)
    for _ in range(2):
        for candidate in candidates:
            distance = sum(map(operator.ne, candidate, chosen[-1]))
            closest[candidate] = min(closest[candidate], distance)
            total[candidate] += distance
        chosen.append(
            max(candidates, key=lambda candidate: (closest[candidate], total[candidate]))
        )  # the first of equals
    np.testing.assert_array_equal(jigsaw_permutations(3), chosen)


def test_first_nine_share_no_place_and_do_not_depend_on_n():
    first = jigsaw_permutations(9)
    assert (distances(first) == 9).all()
    np.testing.assert_array_equal(jigsaw_permutations(12)[:9], first)
    first[:] = 0
    assert jigsaw_permutations(9).any()  # each caller has its own copy


@pytest.mark.parametrize("n", [0, -1, math.factorial(9) + 1, 2.0, True, "9"])
def test_impossible_numbers(n):
    with pytest.raises(ValueError, match=r"expected a number of permutations from 1 to 362,880, got"):
        jigsaw_permutations(n)
