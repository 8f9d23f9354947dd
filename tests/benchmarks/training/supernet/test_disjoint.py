from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.errors import SpaceError
from benchmarks.spaces.registry import get_space
from benchmarks.training.supernet import DisjointSampler, Supernet, layout_of
from benchmarks.training.supernet import disjoint as module
from tests.benchmarks.training.supernet.small_contrasts import contrast_recipe


@pytest.mark.parametrize("name", ["transnas101-micro", "nasbench201"])
def test_two_paths_are_alive_and_share_no_operation(name):
    sampler, rng, space = DisjointSampler(name), np.random.default_rng(0), get_space(name)
    layout, supernet = layout_of(name), Supernet(name, contrast_recipe())
    drawn = Counter()
    for step in range(150):
        paths = sampler.paths(step, rng)
        assert len(paths) == 2
        assert not any(layout.is_dead(path) for path in paths)
        one, other = space.cell_codes(paths)
        assert (one != other).all(), "as written"
        one, other = space.cell_codes(space.simplify(paths))
        assert not ((one == other) & (one != 0)).any(), "as trained"
        assert set(supernet.parts_of(paths[0])) & set(supernet.parts_of(paths[1])) == {"frame"}
        drawn.update(code for path in paths for code in space.parse(path).code)
    assert set(drawn) == set(range(len(space.operations)))
    assert min(drawn.values()) > 0.5 * max(drawn.values())


def test_the_random_numbers_alone_decide():
    one, other = (DisjointSampler("transnas101-micro") for _ in range(2))
    assert one.paths(0, np.random.default_rng(5)) == other.paths(9, np.random.default_rng(5))


def test_spaces_without_disjoint_paths_are_refused(monkeypatch):
    with pytest.raises(SpaceError, match=r"space of cells for the sampler 'disjoint', got 'transnas101-macro'"):
        DisjointSampler("transnas101-macro")

    class Poor(type(get_space("transnas101-micro"))):
        operations = get_space("transnas101-micro").operations[:2]
        name = "poor"

    poor = object.__new__(Poor)
    monkeypatch.setattr(module, "layout_of", lambda space: SimpleNamespace(space=poor))
    with pytest.raises(SpaceError, match=r"at least two operations besides 'none' .*, got 'poor' with 1"):
        DisjointSampler("poor")
