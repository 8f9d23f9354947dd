"""The contract tests of searchers on every registered searcher, on every space."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import get_space, list_spaces
from benchmarks.errors import MissingExtraError, UnknownNameError
from surrogates import BoostedSurrogate
from surrogates.search import FunctionSearcher, Searcher, list_searchers, make_searcher
from surrogates.search.registry import searcher_class
from surrogates.search.testing import check_searcher

MICRO = get_space("transnas101-micro")
QUICK = BoostedSurrogate(n_members=2, n_rounds=5)


def sources() -> pd.DataFrame:
    archs = MICRO.sample(60, rng=3)
    return pd.DataFrame({digit: [float(arch.count(digit)) for arch in archs] for digit in "12"}, index=archs)


PARAMS = {
    "random": {},
    "local": {"initial": 3},
    "evolution": {"population": 8, "sample": 4},
    "reinforce": {},
    "ddpnas": {"round_size": 8},
    "pnas": {"beam": 6, "surrogate": QUICK},
    "bananas": {"surrogate": QUICK, "n_first": 8, "n_round": 8},
    "predictor": {"n_first": 8, "n_round": 8},
    "attentive": {"initial": 8, "round_size": 8, "surrogate": QUICK},
    "front": {"n_first": 8, "n_round": 8},
    "nsga2": {"population": 6},
    "transfer": {"sources": sources(), "n_first": 8, "n_round": 8},
}
"""Constructor arguments that make each searcher use values early and fit quickly."""
PLAIN = ["random", "local", "evolution", "reinforce", "ddpnas", "nsga2"]
"""Searchers without a surrogate, which are checked on every space."""


def test_none_is_left_out() -> None:
    assert set(PARAMS) == set(list_searchers()), "add what makes it use values early and fit quickly to PARAMS"
    found, waiting = set(), [Searcher]
    for name in list_searchers():
        searcher_class(name)
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            found.add(kind)
    shipped = {kind for kind in found if kind.__module__.startswith("surrogates.")}
    named = {searcher_class(name) for name in list_searchers()}
    assert shipped == named | {FunctionSearcher}  # which has no name: it needs a function, see test_own_searchers


@pytest.mark.parametrize("name", list_searchers())
def test_contract(name: str) -> None:
    check_searcher(make_searcher(name, **PARAMS.get(name, {})), MICRO)


@pytest.mark.parametrize("space", [name for name in list_spaces() if name != MICRO.name])
@pytest.mark.parametrize("name", PLAIN)
def test_other_spaces(name: str, space: str) -> None:
    check_searcher(make_searcher(name, **PARAMS.get(name, {})), space)


@pytest.mark.parametrize("space", [name for name in list_spaces() if name != MICRO.name])
@pytest.mark.parametrize("name", ["pnas", "attentive"])
def test_other_spaces_with_surrogate(name: str, space: str) -> None:
    searcher = make_searcher(name, **PARAMS.get(name, {})).start(space)
    for _ in range(3):
        asked = searcher.ask(8)
        searcher.tell(asked, [float(len(arch)) for arch in asked])
    assert len(set(searcher.rows_)) == 24


def test_contract_notices_what_is_broken() -> None:
    class Repeats(Searcher):
        def ask(self, n: int = 1) -> list[str]:
            super().ask(n)
            return [self.space_.archs[0]] * n

        def propose(self, n: int) -> list[int]:
            return self.random_rows(n).tolist()

    with pytest.raises(AssertionError, match="no architecture is asked for twice"):
        check_searcher(Repeats(), MICRO)
    del Repeats


def test_unknown_names_are_named() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'evolution'"):
        make_searcher("evolutoin")
    with pytest.raises(UnknownNameError, match=r"unknown argument of the searcher 'evolution' 'populatoin'; did you"):
        make_searcher("evolution", populatoin=3)


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("local", {"initial": 0}, "initial >= 1, got 0"),
        ("evolution", {"population": 3, "sample": 4}, "sample <= population, got 4 and 3"),
        ("reinforce", {"learning_rate": 0}, "learning_rate > 0"),
        ("reinforce", {"decay": 1}, "decay < 1"),
        ("ddpnas", {"round_size": 0}, "round_size >= 1, got 0"),
        ("pnas", {"beam": 0}, "beam >= 1, got 0"),
        ("attentive", {"bins": 0}, "at least 1"),
        ("attentive", {"sampling": "best"}, "did you mean 'best-up'"),
        ("attentive", {"cost": "flops"}, "unknown cost 'flops'"),
        ("front", {"floor": 1.0}, "0 <= floor < 1, got 1.0"),
        ("front", {"n_round": 0}, "n_round >= 1, got 20 and 0"),
        ("front", {"cost": "param"}, "did you mean 'params'"),
        ("nsga2", {"population": 1}, "population >= 2, got 1"),
        ("nsga2", {"cost": "param"}, "did you mean 'params'"),
    ],
)
def test_bad_parameters(name: str, params: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_searcher(name, **params).start(MICRO)


def test_missing_pymoo_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pymoo.algorithms.moo.nsga2", None)
    with pytest.raises(MissingExtraError, match=r"pip install '?pymoo.* \(extra \[search\]\)"):
        make_searcher("nsga2").start(MICRO)


def test_seed_is_independent_of_the_global_one() -> None:
    asked = []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002
        asked.append(make_searcher("nsga2", seed=3, population=4).start(MICRO).ask(8))
    assert asked[0] == asked[1]
