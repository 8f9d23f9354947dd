"""Descriptions of searches: equal in every process, different for different parameters."""

import importlib
import json
import os
import subprocess
import sys
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge

from benchmarks import Table, get_space
from benchmarks.errors import ArtefactError
from surrogates import BoostedSurrogate, EnsembleSurrogate
from surrogates.search import Searcher, make_searcher, run_search
from surrogates.search.describe import describe_search
from surrogates.search.searchers.random import RandomSearch
from surrogates.search.searchers.transfer import TransferSearch
from tests.surrogates.search.functions import threes


class Holder(Searcher):
    def __init__(self, *, what: object = None, random_state: int = 0) -> None:
        super().__init__(random_state=random_state)
        self.what = what

    def propose(self, n: int) -> np.ndarray:
        return self.random_rows(n)


def said(what: object) -> object:
    """The parameter as it is stored in a history."""
    return json.loads(json.dumps(describe_search(Holder(what=what), 0, 8, None), allow_nan=False))["params"]["what"]


class Thing:
    """A parameter whose repr contains its address in memory."""


@pytest.mark.parametrize("what", [3, 0.5, "a", None, True])
def test_plain_values_stay(what: object) -> None:
    assert said(what) == what


def test_numbers_of_numpy_are_numbers_and_infinite_ones_have_words() -> None:
    assert said(np.int64(3)) == 3
    assert (said(float("inf")), said(np.float64("nan"))) == ("inf", "nan")


def test_functions_are_known_by_name_and_things_without_their_address() -> None:
    assert said(said) == f"{__name__}.said"
    assert said(partial(said, 3)) == said(partial(said, 3)) != said(partial(said, 4))
    assert said(Thing()) == said(Thing())


def test_long_estimators_differ_in_what_their_repr_leaves_out() -> None:
    def ensemble(n_rounds: int) -> EnsembleSurrogate:
        members = [BoostedSurrogate(n_rounds=rounds) for rounds in (*range(9), n_rounds, *range(9))]
        return EnsembleSurrogate(members=members)

    assert said(ensemble(50)) == said(ensemble(50)) != said(ensemble(5))


def test_a_surrogate_of_costs_and_other_tasks_is_known_by_what_it_learned() -> None:
    archs = get_space("transnas101-macro").sample(40, rng=0)
    frame = pd.DataFrame({"mine": threes(archs), "latency_ms": [float(len(arch)) for arch in archs]})

    def fitted(labels: pd.DataFrame) -> BoostedSurrogate:
        surrogate = BoostedSurrogate(n_members=2, n_rounds=5, random_state=0)
        with pytest.warns(UserWarning, match="taken for a cost by name"):
            surrogate.fit(archs, labels, minimize=["latency_ms"])
        assert len(surrogate.parts_) == 2
        return surrogate

    faster = frame.assign(latency_ms=frame["latency_ms"].to_numpy()[::-1])
    better = frame.assign(mine=frame["mine"].to_numpy()[::-1])
    assert said(fitted(frame)) == said(fitted(frame))
    assert len({said(fitted(labels)) for labels in (frame, faster, better)}) == 3
    assert len(run_search(TransferSearch(sources=fitted(frame)), threes, "own", 2, space="transnas101-macro")) == 2


def test_frames_with_repeated_rows_are_told_apart() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=["x", "y", "x"])
    other = frame.rename(columns={"a": "b"})
    assert len({said(frame), said(frame + 1), said(other), said(frame[::-1]), said(frame["a"])}) == 5


@pytest.fixture(scope="module")
def elsewhere() -> list[tuple[str, str]]:
    """What two other processes say of an object, and of code; their sets of four have different orders."""
    script = (
        "import numpy as np, pandas as pd; from tests.surrogates.search.test_describe import *;"
        "print(said([said, {1: np.ones(3)}, pd.DataFrame({'a': [1.0]}, index=['x'])]));"
        "print(code_of([code_of, Thing, defined(\"def f(x): return x in {'a', 'b', 'c', 'd'}\")]))"
    )
    found = []
    for seed in "12":
        there = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        first, second = there.stdout.splitlines()
        found.append((first, second))
    return found


def test_another_process_says_the_same(elsewhere: list[tuple[str, str]]) -> None:
    here = said([said, {1: np.ones(3)}, pd.DataFrame({"a": [1.0]}, index=["x"])])
    assert [first for first, _ in elsewhere] == [here, here]


# -- code of one's own --------------------------------------------------------------------------------------------


def code_of(what: object) -> list[str]:
    """What is stored of the code of functions and classes; `Holder` itself is left out."""
    code = json.loads(json.dumps(describe_search(Holder(what=what), 0, 8, None)))["code"]
    return [text for text in code if not text.startswith(f"{__name__}.Holder ")]


def defined(body: str, name: str = "f", **names: object) -> Any:
    """What a text defines, as a module or notebook of one's own would."""
    space: dict[str, Any] = {"__name__": "mine", "Searcher": Searcher, **names}
    exec(body, space)
    return space[name]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(x): return x + 1", "def f(x): return x + 2"),
        ("def f(x): return x + 1", "def f(x): return x * 1"),
        ("def f(x): return x.low()", "def f(x): return x.high()"),
        ("def f(x): return x in {'a', 'b'}", "def f(x): return x in {'a', 'c'}"),
        ("def f(x): return lambda: [1 for _ in x]", "def f(x): return lambda: [2 for _ in x]"),
        ("def f(x, step=1): return x + step", "def f(x, step=2): return x + step"),
        ("def f(x, *, steps=(1, 2)): return steps", "def f(x, *, steps=(1, 3)): return steps"),
        ("def make(k):\n  return lambda: k\nf = make(3)", "def make(k):\n  return lambda: k\nf = make(4)"),
        (
            "def make(k):\n  return lambda: k()\nf = make(lambda: 1)",
            "def make(k):\n  return lambda: k()\nf = make(lambda: 2)",
        ),
        ("class f:\n  def g(self): return 1", "class f:\n  def g(self): return 2"),
        ("class f:\n  depth = 1", "class f:\n  depth = 2"),
        ("class f:\n  @property\n  def g(self): return 1", "class f:\n  @property\n  def g(self): return 2"),
        ("class f:\n  @staticmethod\n  def g(): return 1", "class f:\n  @staticmethod\n  def g(): return 2"),
        ("class A:\n  def g(self): return 1\nclass f(A): pass", "class A:\n  def g(self): return 2\nclass f(A): pass"),
    ],
)
def test_edited_code_is_other_code(before: str, after: str) -> None:
    same = [code_of(defined(body)) for body in (before, before, f"\n# moved\n{before}")]
    assert same[0] == same[1] == same[2]
    assert same[0]
    assert code_of(defined(after)) != same[0]


def test_code_is_found_in_what_holds_it() -> None:
    function, kind = defined("def f(x): return x"), defined("class Kind:\n  def g(self): return self", "Kind")
    expected = code_of(function)
    assert [text.split()[0] for text in expected] == ["mine.f"]
    for held in ([function], {"a": (function,)}, partial(function, 3), lru_cache(function), Bagged(function)):
        assert set(code_of(held)) >= set(expected)
    assert [text.split()[0] for text in code_of(kind())] == ["mine.Kind"]
    assert [text.split()[0] for text in code_of(kind().g)] == ["mine.Kind", "mine.Kind.g"]


class Bagged(BaseEstimator):
    """An estimator of one's own with a function as a parameter."""

    def __init__(self, function: object = None) -> None:
        self.function = function


def test_a_function_that_calls_itself_or_counts_is_described() -> None:
    body = "def make(n):\n def g(x):\n  nonlocal n\n  n += 1\n  return g(x - 1) if x else n\n return g\nf = make(0)"
    function = defined(body)
    before = code_of(function)
    assert function(3) == 4
    assert code_of(function) == before  # its own counter is no setting


def test_code_of_this_package_and_of_libraries_is_not_listed() -> None:
    surrogate = BoostedSurrogate(n_rounds=3)
    assert code_of([surrogate, Ridge(), np.mean, np.add, len, json.dumps, run_search, Table, 3, None]) == []
    described = describe_search(make_searcher("pnas", seed=2), 2, 8, None)
    assert sorted(described) == ["batch_size", "constraint", "params", "searcher", "seed"]


def test_another_process_finds_the_same_code(elsewhere: list[tuple[str, str]]) -> None:
    (one, other) = (second for _, second in elsewhere)
    assert one == other
    assert f"{__name__}.Thing" in one


@pytest.mark.parametrize("kind", ["class", "function"])
def test_an_edited_searcher_does_not_resume_the_search(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = {
        "class": "from surrogates.search import Searcher\n\nclass Mine(Searcher):\n"
        "    def propose(self, n):\n        return self.random_rows(N)\n",
        "function": "def Mine(space, archs, values, rng):\n    return space.sample(N, rng)\n",
    }
    monkeypatch.syspath_prepend(tmp_path)
    for text in ("1", "2"):
        module = f"edited_{kind}"
        (tmp_path / f"{module}.py").write_text(bodies[kind].replace("N", text) + "#" * int(text))
        sys.modules.pop(module, None)
        importlib.invalidate_caches()
        mine = importlib.import_module(module).Mine
        if text == "1":
            for budget in (5, 7):
                found = run_search(mine, threes, "mine", budget, space="transnas101-macro", folder=tmp_path / "search")
                assert len(found) == budget
        else:
            with pytest.raises(ArtefactError, match=rf"another search: code was \['{module}.Mine .* and is now \["):
                run_search(mine, threes, "mine", 5, space="transnas101-macro", folder=tmp_path / "search")
    monkeypatch.delitem(sys.modules, f"edited_{kind}")


def test_a_search_of_this_package_does_not_resume_one_of_its_own_name(tmp_path: Path) -> None:
    own = type("RandomSearch", (RandomSearch,), {"__module__": "mine"})
    run_search(own(), threes, "mine", 5, space="transnas101-macro", folder=tmp_path)
    with pytest.raises(ArtefactError, match=r"code was \['mine.RandomSearch .* and is now None"):
        run_search("random", threes, "mine", 5, space="transnas101-macro", folder=tmp_path)
