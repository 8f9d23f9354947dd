"""Descriptions of searches: equal in every process, different for different parameters."""

import json
import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest

from surrogates import BoostedSurrogate, EnsembleSurrogate
from surrogates.search import Searcher
from surrogates.search.describe import describe_search


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


def test_frames_with_repeated_rows_are_told_apart() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=["x", "y", "x"])
    other = frame.rename(columns={"a": "b"})
    assert len({said(frame), said(frame + 1), said(other), said(frame[::-1]), said(frame["a"])}) == 5


def test_another_process_says_the_same() -> None:
    script = (
        "import numpy as np, pandas as pd; from tests.surrogates.search.test_describe import said;"
        "print(said([said, {1: np.ones(3)}, pd.DataFrame({'a': [1.0]}, index=['x'])]))"
    )
    here = said([said, {1: np.ones(3)}, pd.DataFrame({"a": [1.0]}, index=["x"])])
    there = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here
