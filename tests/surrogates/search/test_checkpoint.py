"""Stored searches: reading them back, resuming them, and refusing to resume another search."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from benchmarks import get_space
from benchmarks.errors import ArtefactError
from benchmarks.table import Table
from surrogates import GaussianProcessSurrogate
from surrogates.search import Constraint, History, Searcher, run_search
from surrogates.search.checkpoint import FILE
from surrogates.search.searchers.transfer import TransferSearch
from tests.surrogates.search.functions import threes

MICRO, MACRO = get_space("transnas101-micro"), get_space("transnas101-macro")


def test_file_round_trip(tmp_path: Path, macro_table: Table) -> None:
    history = run_search("random", macro_table, "jigsaw", 5)
    history.save(tmp_path / "h.json")
    found = History.load(tmp_path / "h.json")
    assert found.to_frame().equals(history.to_frame())
    assert (found.space, found.tasks, dict(found.search)) == (history.space, history.tasks, dict(history.search))


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 2}', '{"format": 1, "space": "x"}'])
def test_damaged_file(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ArtefactError, match="not the history of a search, or is damaged"):
        run_search("random", threes, "mine", 5, space=MICRO, folder=tmp_path)


@pytest.mark.parametrize("name", ["evolution", "local", "ddpnas", "nsga2"])
def test_resumed_search_is_the_uninterrupted_one(tmp_path: Path, name: str) -> None:
    whole = run_search(name, threes, "mine", 50, seed=3, space=MICRO, batch_size=4)
    run_search(name, threes, "mine", 30, seed=3, space=MICRO, batch_size=4, folder=tmp_path)
    asked: list[str] = []
    parts = run_search(
        name,
        lambda archs: [asked.extend(archs), threes(archs)][1],
        "mine",
        50,
        seed=3,
        space=MICRO,
        batch_size=4,
        folder=tmp_path,
    )
    assert parts.archs == whole.archs
    assert asked == whole.archs[30:]
    shorter = run_search(name, threes, "mine", 7, seed=3, space=MICRO, batch_size=4, folder=tmp_path)
    assert shorter.archs == whole.archs[:7]
    assert len(History.load(tmp_path / FILE)) == 50


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": 1}, "seed was 0 and is now 1"),
        ({"searcher": "local"}, "searcher was 'RandomSearch' and is now 'LocalSearch'"),
        ({"space": "transnas101-macro"}, "space was 'transnas101-micro' and is now 'transnas101-macro'"),
        ({"task": "other"}, r"tasks was \['mine'\] and is now \['other'\]"),
        ({"batch_size": 2}, "batch_size was 1 and is now 2"),
        ({"constraint": Constraint(max_params=1e7)}, "constraint was None and is now"),
    ],
)
def test_another_search_in_the_folder(tmp_path: Path, changed: dict[str, object], message: str) -> None:
    given = {"searcher": "random", "oracle": threes, "task": "mine", "budget": 5, "space": MICRO, "folder": tmp_path}
    run_search(**given)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(ArtefactError, match=message):
        run_search(**{**given, **changed})
    assert (tmp_path / FILE).read_bytes() == before


def test_a_history_of_another_version_is_refused(tmp_path: Path) -> None:
    run_search("random", threes, "mine", 5, space=MICRO, folder=tmp_path)
    text = (tmp_path / FILE).read_text()
    first = History.load(tmp_path / FILE).archs[2]
    (tmp_path / FILE).write_text(text.replace(first, "64-41414-0_00_000"))
    with pytest.raises(ArtefactError, match="asked for '64-41414-0_00_000' as query 3"):
        run_search("random", threes, "mine", 9, space=MICRO, folder=tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda weights: np.where(np.arange(4096) % 9, weights, 2.0),  # differs only where numpy's repr abbreviates
        lambda weights: [pd.DataFrame({"a": weights})],
        lambda weights: {"weights": weights + 1},
        lambda weights: Table.from_frame(pd.DataFrame({"arch": MACRO.archs[:99], "mine": weights[:99]})),
    ],
)
def test_a_search_with_other_weights_is_another_search(tmp_path: Path, change: Callable[..., object]) -> None:
    class Weighted(Searcher):
        def __init__(self, *, weights: object = None, random_state: int = 0) -> None:
            super().__init__(random_state=random_state)
            self.weights = weights

        def propose(self, n: int) -> NDArray[np.int64]:
            return self.random_rows(n)

    ones = np.ones(4096)
    kinds = [ones, [pd.DataFrame({"a": ones + 1})], {"weights": ones}]
    kinds.append(Table.from_frame(pd.DataFrame({"arch": MACRO.archs[:99], "mine": np.arange(99.0)})))
    before = next(kind for kind in kinds if type(kind) is type(change(ones)))
    run_search(Weighted(weights=before), threes, "mine", 5, space=MICRO, folder=tmp_path)
    run_search(Weighted(weights=before), threes, "mine", 6, space=MICRO, folder=tmp_path)
    with pytest.raises(ArtefactError, match="holds another search: params"):
        run_search(Weighted(weights=change(ones)), threes, "mine", 7, space=MICRO, folder=tmp_path)


def test_a_search_that_knows_another_surrogate_is_another_search(tmp_path: Path, macro_table: Table) -> None:
    archs, labels = macro_table.archs[:40], macro_table.to_frame()[["room_layout"]].iloc[:40]
    first, same, other = (GaussianProcessSurrogate().fit(archs, labels - shift) for shift in (0, 0, 1))
    run_search(TransferSearch(sources=first), threes, "mine", 5, space=MACRO, folder=tmp_path)
    assert len(run_search(TransferSearch(sources=same), threes, "mine", 6, space=MACRO, folder=tmp_path)) == 6
    with pytest.raises(ArtefactError, match="holds another search: params"):
        run_search(TransferSearch(sources=other), threes, "mine", 5, space=MACRO, folder=tmp_path)
