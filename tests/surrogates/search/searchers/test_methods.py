"""The characteristic behaviour of each search method, against naive implementations."""

import itertools

import numpy as np
import pytest

from benchmarks import get_space, list_spaces
from surrogates import BoostedSurrogate
from surrogates.search import make_searcher, scores
from surrogates.search.pareto import hypervolume, non_dominated
from surrogates.search.searchers.policy import Policy
from surrogates.search.space_arrays import choices, complexity, costs, neighbor_rows

MICRO, MACRO = get_space("transnas101-micro"), get_space("transnas101-macro")
QUICK = BoostedSurrogate(n_members=2, n_rounds=5)


@pytest.mark.parametrize("name", list_spaces())
def test_neighbor_rows_are_the_neighbors(name: str) -> None:
    space = get_space(name)
    for arch in space.sample(20, rng=0):
        assert [space[row] for row in neighbor_rows(space)[space.index(arch)]] == space.neighbors(arch)


@pytest.mark.parametrize("name", list_spaces())
def test_choices_tell_architectures_apart(name: str) -> None:
    assert len(np.unique(choices(name), axis=0)) == len(get_space(name))


def test_complexity_counts_parts() -> None:
    assert complexity(MICRO)[MICRO.index("64-41414-0_31_023")] == 4
    assert complexity(MACRO)[MACRO.index("64-23111-basic")] == 5


def test_scores_of_several_tasks_by_a_loop(rng: np.random.Generator) -> None:
    values = rng.integers(4, size=(9, 3)).astype(float)
    naive = [np.mean([np.mean(values[:, t] <= values[i, t]) for t in range(3)]) for i in range(9)]
    np.testing.assert_allclose(scores(values), naive)


def test_front_by_all_pairs(rng: np.random.Generator) -> None:
    points = rng.integers(6, size=(60, 3)).astype(float)
    naive = [not any((q >= p).all() and (q > p).any() for q in points) for p in points]
    assert non_dominated(points).tolist() == naive


def test_hypervolume_by_counting_a_grid(rng: np.random.Generator) -> None:
    values, charged = rng.integers(0, 12, size=(2, 15)).astype(float)
    cells = itertools.product(range(1, 10), range(10))  # unit squares between the reference point (1, 10) and the best
    counted = sum(any((v >= y + 1) & (c <= x) for v, c in zip(values, charged, strict=True)) for y, x in cells)
    assert hypervolume(np.minimum(values, 10), charged, worst=1.0, dearest=10.0) == counted


def test_policy_gradient_is_the_gradient() -> None:
    """The gradient of the log probability within the allowed set, against finite differences."""
    allowed = np.zeros(len(MACRO), dtype=bool)
    allowed[::40] = True
    rows, weights = np.flatnonzero(allowed)[[3, 9, 20]], np.array([1.0, -2.0, 0.5])

    def objective(logits: np.ndarray) -> float:
        policy = Policy(MACRO)
        policy.logits = logits
        log = policy.scores()
        return float(weights @ (log[rows] - np.log(np.exp(log[allowed]).sum())))

    start = np.random.default_rng(0).normal(size=Policy(MACRO).logits.shape)
    numeric = np.zeros_like(start)
    for index in np.ndindex(*start.shape):
        step = np.zeros_like(start)
        step[index] = 1e-5
        numeric[index] = (objective(start + step) - objective(start - step)) / 2e-5
    policy = Policy(MACRO)
    policy.logits = start.copy()
    policy.gradient(rows, weights, allowed)
    np.testing.assert_allclose(policy.logits - start, numeric, atol=1e-6)


def test_policy_draws_by_its_probabilities() -> None:
    free = np.zeros(len(MICRO), dtype=bool)
    free[[0, 1, 2]] = True  # they differ in the last edge
    policy = Policy(MICRO)
    policy.logits[5, :3] = np.log([1.0, 2.0, 5.0])
    rng = np.random.default_rng(0)
    drawn = np.bincount([int(policy.draw(1, free, rng)[0]) for _ in range(4000)], minlength=3)
    np.testing.assert_allclose(drawn[:3] / 4000, [1 / 8, 2 / 8, 5 / 8], atol=0.03)


def test_local_search_stays_until_something_is_better() -> None:
    searcher = make_searcher("local", initial=1).start(MICRO)
    (here,) = searcher.ask()
    searcher.tell([here], [1.0])
    around = []
    for _ in range(18):
        around += (asked := searcher.ask())
        searcher.tell(asked, [0.0])
    assert sorted(around) == sorted(MICRO.neighbors(here))
    (elsewhere,) = searcher.ask()  # a restart
    searcher.tell([elsewhere], [0.5])
    assert searcher.ask()[0] in MICRO.neighbors(elsewhere)


def test_evolution_forgets_the_oldest() -> None:
    searcher = make_searcher("evolution", population=2, sample=2).start(MICRO)
    best, *later = ["64-41414-0_00_000", "64-41414-3_33_333", "64-41414-3_33_332"]
    searcher.tell([best], [10.0])
    searcher.tell(later, [1.0, 2.0])
    searcher._unborn = 0
    near = {other for arch in later for other in MICRO.neighbors(arch)}
    assert set(searcher.ask(10)) <= near


def test_ddpnas_ends_with_the_best_operations() -> None:
    searcher = make_searcher("ddpnas", round_size=60).start(MICRO)
    weights = np.array([6.0, 5.0, 4.0, 3.0, 2.0, 1.0])
    for _ in range(4):
        asked = searcher.ask(60) if searcher.remaining_.sum() > 12 else searcher.ask(1)
        searcher.tell(asked, MICRO.cell_codes(asked) @ weights)
    searcher.ask()
    assert searcher.policy_.choices[searcher.rows_].sum(axis=1).max() >= 16  # of 18
    assert searcher.remaining_[:, 3].all()


def test_pnas_goes_up_one_level_at_a_time() -> None:
    searcher = make_searcher("pnas", beam=9, surrogate=QUICK).start(MICRO)
    levels, seen = [], []
    for count in (18, 9, 9, 9, 9, 9):
        asked = searcher.ask(count)
        searcher.tell(asked, [float(arch.count("3")) for arch in asked])
        levels.append({int(complexity(MICRO)[MICRO.index(arch)]) for arch in asked})
        if seen:
            assert all(set(MICRO.neighbors(arch)) & set(seen[-1]) for arch in asked)
        seen.append(asked)
    assert levels == [{1}, {2}, {3}, {4}, {5}, {6}]


def test_attentive_up_and_down() -> None:
    """Best-up asks for higher values than worst-up in every range of cost."""
    means, spans = [], []
    for sampling in ("worst-up", "uniform", "best-up"):
        searcher = make_searcher("attentive", sampling=sampling, initial=30, surrogate=QUICK).start(MACRO)
        first = searcher.ask(30)
        searcher.tell(first, [float(arch.count("3") - arch.count("2")) for arch in first])
        asked = searcher.ask(10)
        means.append(np.mean([arch.count("3") - arch.count("2") for arch in asked]))
        charged = costs(MACRO)[[MACRO.index(arch) for arch in asked], 1]
        spans.append(charged.max() / charged.min())
    assert means[0] < means[1] < means[2]
    assert min(spans) > 2


def test_nsga2_keeps_both_ends() -> None:
    """With two contradicting tasks, both ends of the Pareto front are approached."""
    searcher = make_searcher("nsga2", cost=None, population=10).start(MICRO, n_tasks=2)
    for _ in range(15):
        asked = searcher.ask(10)
        threes = np.array([arch.count("3") for arch in asked], dtype=float)
        zeros = np.array([arch.count("0") for arch in asked], dtype=float)
        searcher.tell(asked, np.column_stack([threes, zeros]))
    assert searcher.values_.max(axis=0).tolist() >= [5.0, 5.0]


def test_nsga2_goes_on_when_some_answers_never_come() -> None:
    """One in ten architectures is asked for and never told; the number of 3x3 convolutions still increases."""
    searcher = make_searcher("nsga2", cost=None, population=10).start(MICRO)
    means = []
    for _ in range(12):
        archs = searcher.ask(10)
        values = np.array([float(arch.count("3")) for arch in archs])
        told = np.arange(10) != 7
        searcher.tell([arch for arch, yes in zip(archs, told, strict=True) if yes], values[told])
        means.append(values.mean())
    assert np.mean(means[-6:]) > means[0] + 1


@pytest.mark.parametrize("name", ["local", "evolution"])
def test_what_is_told_unasked_takes_the_place_of_a_random_start(name: str) -> None:
    archs = MICRO.sample(40, rng=3)
    values = [float(arch.count("3")) for arch in archs]
    searcher = make_searcher(name).start(MICRO)
    searcher.tell(archs, values)
    parents = [archs[int(np.argmax(values))]] if name == "local" else archs[-20:]
    assert searcher.ask()[0] in {near for arch in parents for near in MICRO.neighbors(arch)}
