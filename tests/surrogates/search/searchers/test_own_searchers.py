"""User-defined searchers, and stored searches whose oracle has changed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import get_space
from benchmarks.errors import ArtefactError, UnknownNameError
from benchmarks.table import Table
from surrogates import Oracle
from surrogates.search import History, Searcher, SearchError, make_searcher, run_search
from surrogates.search.checkpoint import FILE
from surrogates.search.registry import searcher_cost
from surrogates.search.testing import check_searcher

MACRO = get_space("transnas101-macro")


class Climber(Searcher):
    """Proposes the neighbours of the best architecture, including those that were asked for before."""

    def propose(self, n: int) -> Iterable[int]:
        if not self.rows_:
            return self.random_rows(n)
        best = self.space_.archs[self.rows_[int(self.values_[:, 0].argmax())]]
        return [self.space_.index(arch) for arch in self.space_.neighbors(best)]


class Stubborn(Searcher):
    """Always proposes the same architecture."""

    def __init__(self, *, row: Any = 7, random_state: int = 0) -> None:
        super().__init__(random_state=random_state)
        self.row = row

    def propose(self, n: int) -> Iterable[int]:
        return [self.row]


def length(archs: list[str]) -> np.ndarray:
    return np.array([float(len(arch)) for arch in archs])


def test_a_searcher_that_is_stuck_goes_on_at_random() -> None:
    found = run_search(Climber(), length, "mine", 300, space=MACRO)
    assert len(set(found.archs)) == 300
    stuck = run_search(Stubborn(), length, "mine", 20, space=MACRO).archs
    assert stuck[0] == MACRO.archs[7]
    assert len(set(stuck)) == 20


@pytest.mark.parametrize("row", [-1, 3256, 1.5, "64-2311-basic", [1, 2]])
def test_a_row_that_is_none(row: object) -> None:
    message = r"raised TypeError .*: expected Stubborn.propose to return a list of rows .* from 0 to 3255 .*, got \["
    with pytest.raises(SearchError, match=message):
        run_search(Stubborn(row=row), length, "mine", 20, space=MACRO)


def test_a_single_row_is_no_list() -> None:
    class Single(Searcher):
        def propose(self, n: int) -> Iterable[int]:
            return 5  # type: ignore[return-value]

    with pytest.raises(TypeError, match=r"to return a list of rows .*, got 5"):
        Single().start(MACRO).ask()


@pytest.mark.parametrize("method", ["propose", "learn"])
def test_a_searcher_that_raises_leaves_its_history(method: str, tmp_path: Path) -> None:
    def broken(self: Searcher, *_: Any) -> Any:
        if len(self.rows_) > 5:
            raise KeyError("nothing there")
        return self.random_rows(1)

    searcher = type("Broken", (Climber,), {method: broken})()
    with pytest.raises(SearchError, match=r"raised KeyError when it was .*'nothing there', at query 7 of 20") as caught:
        run_search(searcher, length, "mine", 20, space=MACRO, batch_size=1, folder=tmp_path)
    assert len(caught.value.history) == len(History.load(tmp_path / FILE)) == 6


def test_a_searcher_needs_a_seed() -> None:
    class Unseeded(Climber):
        def __init__(self) -> None:
            super().__init__()

    with pytest.raises(TypeError, match="whose constructor takes random_state, got Unseeded"):
        run_search(Unseeded(), length, "mine", 5, space=MACRO)


def test_constructors_only_store() -> None:
    class Copies(Climber):
        def __init__(self, *, steps: Any = (1, 2), random_state: int = 0) -> None:
            super().__init__(random_state=random_state)
            self.steps = list(steps)

    with pytest.raises(AssertionError, match="constructors only store"):
        check_searcher(Copies(), MACRO)


def test_evolution_fills_a_space_in_one_go() -> None:
    searcher = make_searcher("evolution").start(MACRO)
    archs = searcher.ask(30)
    searcher.tell(archs, length(archs))
    assert len({*archs, *searcher.ask(2000)}) == 2030


def test_answers_of_two_oracles_are_no_history(tmp_path: Path) -> None:
    def table(shift: float, n: int = 60) -> Table:
        archs = MACRO.archs[:n]
        return Table.from_logs(archs, {"jigsaw": {"valid_top1": (length(archs) + shift).tolist()}})

    first = run_search("random", table(0.0), "jigsaw", 5, folder=tmp_path)
    kept = (tmp_path / FILE).read_bytes()
    smaller = table(0.0).where(archs=[arch for arch in MACRO.archs[:60] if arch != first.archs[3]])
    for other, arch in ((table(1.0), first.archs[0]), (smaller, first.archs[3])):
        with pytest.raises(ArtefactError, match=f"of another oracle, which returned other values for '{arch}'"):
            run_search("random", other, "jigsaw", 8, folder=tmp_path)
    assert (tmp_path / FILE).read_bytes() == kept
    assert run_search("random", Oracle.from_table(table(0.0)), "jigsaw", 8, folder=tmp_path).archs[:5] == first.archs


def test_a_file_where_a_folder_belongs(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("kept")
    with pytest.raises(ArtefactError, match=r"expected a folder or nothing at .*a.py', got a file"):
        run_search("random", length, "mine", 5, space=MACRO, folder=tmp_path / "a.py")
    assert (tmp_path / "a.py").read_text() == "kept"


def test_what_was_told_is_kept_in_order_and_read_only() -> None:
    searcher = make_searcher("random").start("transnas101-macro", n_tasks=2)
    told = np.random.default_rng(0).normal(size=(100, 2))
    before = searcher.values_
    assert before.shape == (0, 2)
    for row, n in ((0, 1), (1, 30), (31, 0), (31, 69)):
        searcher.tell(searcher.ask(n) if n else [], told[row : row + n])
        np.testing.assert_array_equal(searcher.values_, told[: row + n])
    with pytest.raises(ValueError, match="read-only"):
        searcher.values_[0] = 0.0
    assert before.shape == (0, 2)
    assert len(searcher.start("transnas101-macro").values_) == 0


def test_the_cost_a_searcher_minds() -> None:
    assert [searcher_cost(name) for name in ("local", "nsga2", "front", "attentive")] == [
        None,
        None,
        "multiply_adds",
        "multiply_adds",
    ]
    assert searcher_cost("front", "params") == "params"
    with pytest.raises(
        ValueError, match=r"'local' has a single objective.* expected attentive, front or nsga2, or an upper bound"
    ):
        searcher_cost("local", "params")
    with pytest.raises(UnknownNameError, match="did you mean 'front'"):
        searcher_cost("frunt")
