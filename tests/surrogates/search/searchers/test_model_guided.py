"""First queries of model-guided searchers: a design of what may be asked for, given what was."""

import numpy as np
import pytest

from benchmarks import get_space
from surrogates import GaussianProcessSurrogate, initial_design
from surrogates.search import Searcher, make_searcher
from surrogates.search.searchers.model_guided import designed_rows

MICRO, MACRO = get_space("transnas101-micro"), get_space("transnas101-macro")


@pytest.mark.parametrize("name", ["predictor", "front", "bananas", "transfer"])
def test_the_first_queries_are_a_design(name: str) -> None:
    params = {"surrogate": GaussianProcessSurrogate()} if name == "bananas" else {}
    searcher = make_searcher(name, 3, n_first=8, **params).start(MICRO)
    expected = initial_design(MICRO, 8, random_state=np.random.default_rng(3))
    assert [searcher.ask()[0] for _ in range(8)] == expected


def test_the_design_complements_what_was_told_and_what_was_asked() -> None:
    searcher = make_searcher("random").start(MICRO)
    told = MICRO.sample(20, rng=1)
    searcher.tell(told, np.arange(20.0))
    waiting = searcher.ask(5)
    archs = [MICRO[row] for row in designed_rows(searcher, 30)]
    assert len(set(MICRO.simplify(archs))) == 30
    assert not set(MICRO.simplify(archs)) & set(MICRO.simplify([*told, *waiting]))


def only(archs: list[str]) -> Searcher:
    return make_searcher("random").start(MICRO, allowed=lambda every: np.isin(every, archs))


def test_where_no_new_function_is_left_random_rows_follow() -> None:
    twins = [arch for arch in MICRO if MICRO.simplify([arch]) == ["64-41414-0_00_100"]][:4]
    others = ["64-41414-0_00_200", "64-41414-0_00_300"]
    searcher = only([*twins, *others])
    rows = designed_rows(searcher, 5)
    assert len(set(MICRO.simplify([MICRO[row] for row in rows[:3]]))) == 3
    assert len(set(rows)) == 5
    assert {MICRO[row] for row in designed_rows(searcher, 50)} == {*twins, *others}
    searcher.tell([twins[0], *others], [1.0, 2.0, 3.0])
    assert {MICRO[row] for row in designed_rows(searcher, 2)} <= set(twins[1:])
