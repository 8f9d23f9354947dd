from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from benchmarks.errors import SpaceError, UnknownNameError
from benchmarks.spaces.registry import get_space
from benchmarks.training.supernet.samplers import FairSampler, UniformSampler, make_sampler


def test_uniform_draws_every_function_with_the_same_probability():
    sampler, rng = UniformSampler("transnas101-micro"), np.random.default_rng(0)
    drawn = Counter(sampler.paths(step, rng)[0] for step in range(20_000))
    space = get_space("transnas101-micro")
    dead = space.simplify(["64-41414-0_00_000"])[0]
    functions = set(space.simplify(space.archs)) - {dead}
    assert set(drawn) <= functions
    assert chisquare([drawn[arch] for arch in functions]).pvalue > 0.001


@pytest.mark.parametrize("name", ["transnas101-micro", "nasbench201"])
def test_fair_gives_every_operation_of_every_edge_to_one_path(name):
    space, sampler, rng = get_space(name), FairSampler(name), np.random.default_rng(1)
    for step in range(50):
        codes = space.cell_codes(sampler.paths(step, rng))
        assert np.array_equal(np.sort(codes, axis=0), np.tile(np.arange(len(space.operations))[:, None], 6))


def test_fair_draws_no_dead_path():
    space, sampler, rng = get_space("transnas101-micro"), FairSampler("transnas101-micro"), np.random.default_rng(2)
    paths = [path for step in range(200) for path in sampler.paths(step, rng)]
    assert all(any(space.parse(simplest).code) for simplest in space.simplify(paths))


def test_fair_knows_no_paths_of_the_macro_space():
    with pytest.raises(SpaceError, match=r"space of cells for the sampler 'fair'.*'uniform' has no such limit"):
        FairSampler("transnas101-macro")


def test_an_unknown_sampler_is_refused_and_ones_own_is_used():
    with pytest.raises(UnknownNameError, match="did you mean 'uniform'"):
        make_sampler("uniformly", "transnas101-micro")
    own = UniformSampler("transnas101-micro")
    assert make_sampler(own, "transnas101-micro") is own
