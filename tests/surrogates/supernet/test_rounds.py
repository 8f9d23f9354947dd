import numpy as np
import pytest
from scipy.special import softmax

from benchmarks import get_space
from benchmarks.errors import SpaceError
from benchmarks.spaces.cell import live_edges
from surrogates.supernet.rounds import RoundsSampler, search_epochs

MICRO, CIFAR = "transnas101-micro", "nasbench201"


def searched(space, value, seed=0, **options):
    sampler = RoundsSampler(space, seed=seed, **{"fraction": True, **options})
    while sampler.arch is None:
        sampler.tell(value(sampler.asked[-1]))
    return sampler


def codes(space, sampler):
    return get_space(space).cell_codes(sampler.asked)


@pytest.mark.parametrize(("operations", "epochs"), [(4, 27), (5, 42), (8, 105)])
def test_the_number_of_epochs(operations, epochs):
    assert search_epochs(operations) == epochs


@pytest.mark.parametrize(("space", "operations", "epochs"), [(MICRO, 4, 27), (CIFAR, 5, 42)])
@pytest.mark.parametrize("seed", range(5))
def test_each_operation_is_used_once_a_round_and_edge(space, operations, epochs, seed):
    rng = np.random.default_rng(seed)
    sampler = searched(space, lambda arch: rng.random(), seed)
    assert len(sampler.asked) == len(sampler.values) == epochs
    taken, begin = codes(space, sampler), 0
    assert live_edges(taken).any(axis=1).all()
    for stage, left in enumerate(range(operations, 1, -1)):
        allowed = sampler.thetas[stage] > 0
        assert (allowed.sum(axis=1) == left).all()  # never an empty edge
        for _ in range(3):
            for edge, used in enumerate(taken[begin : begin + left].T):
                assert sorted(used) == np.flatnonzero(allowed[edge]).tolist()
            begin += left
    assert begin == epochs
    assert (sampler.thetas[-1] > 0).sum(axis=1).tolist() == [1] * 6
    np.testing.assert_allclose([theta.sum(axis=1) for theta in sampler.thetas], 1)


def naive_thetas(taken, values, operations, share):
    """The published loop: record values by edge, operation and round, update, prune, renormalise."""
    theta = [[1 / operations] * operations for _ in range(6)]
    thetas, position = [theta], 0
    for left in range(operations, 1, -1):
        sums = [[0.0] * operations for _ in range(6)]
        for _ in range(3):
            told = values[position : position + left]
            scale = 100 if share else 1
            known = told if share else [(value - np.mean(told)) / np.std(told) for value in told]
            for edge in range(6):
                options = [int(code[edge]) for code in taken[position : position + left]]
                for option, part in zip(options, softmax([scale * value for value in known]), strict=True):
                    sums[edge][option] += part / 3
            position += left
        updated = []
        for edge in range(6):
            row = [sums[edge][k] + 0.5 * theta[edge][k] for k in range(operations)]
            alive = [k for k in range(operations) if theta[edge][k] > 0]
            row[min(alive, key=lambda k: row[k])] = 0.0
            updated.append([value / sum(row) for value in row])
        theta = updated
        thetas.append(theta)
    return thetas


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize(("space", "operations"), [(MICRO, 4), (CIFAR, 5)])
def test_theta_is_that_of_a_loop(space, operations, share):
    rng = np.random.default_rng(3)
    sampler = searched(space, lambda arch: rng.uniform(0.1, 0.2), fraction=share)
    expected = naive_thetas(codes(space, sampler), sampler.values, operations, share)
    np.testing.assert_allclose(sampler.thetas, expected, rtol=1e-9)


def test_the_best_operations_are_left():
    """Values are the sum of one worth per operation, so the best cell is known; the credit of a round is confounded."""
    worth, space = np.array([0.0, 0.1, 0.2, 0.8]), get_space(MICRO)

    def value(arch: str) -> float:
        return float(worth[list(space.parse(arch).code)].mean())

    left = [space.parse(searched(MICRO, value, seed).arch).code for seed in range(20)]
    assert (np.array(left) == 3).mean() > 0.6  # a quarter by chance


def test_a_dead_cell_is_not_left():
    """The values prefer "none" on the edges to the output."""
    found = [searched(MICRO, lambda arch: arch[-3:].count("0") / 3, seed, rounds=20) for seed in range(10)]
    space = get_space(MICRO)
    assert live_edges(space.cell_codes([sampler.arch for sampler in found])).any(axis=1).all()
    dead = [sampler for sampler in found if sampler.was_dead is not None]
    assert dead
    for sampler in dead:
        assert not live_edges(space.cell_codes([sampler.was_dead])).any()
        pairs = sampler.thetas[-2] > 0
        assert pairs[np.arange(6), space.parse(sampler.arch).code].all()


def test_bad_input_is_refused():
    with pytest.raises(SpaceError, match=r"expected a space of cells.*got 'transnas101-macro'"):
        RoundsSampler("transnas101-macro", fraction=True)
    with pytest.raises(ValueError, match="at least one round between two prunings, got 0"):
        RoundsSampler(MICRO, fraction=True, rounds=0)
    sampler = RoundsSampler(MICRO, fraction=True)
    for value in (float("nan"), 1.5, -0.1):
        with pytest.raises(ValueError, match="expected a share from 0 to 1, got"):
            sampler.tell(value)
    with pytest.raises(ValueError, match="expected a finite value, got inf"):
        RoundsSampler(MICRO, fraction=False).tell(float("inf"))
    ended = searched(MICRO, lambda arch: 0.5)
    with pytest.raises(ValueError, match="expected no more values: 27 architectures were tried"):
        ended.tell(0.5)


def test_another_seed_draws_other_rounds():
    one, again, other = (RoundsSampler(MICRO, fraction=True, seed=seed).asked for seed in (0, 0, 1))
    assert one == again
    assert one != other
