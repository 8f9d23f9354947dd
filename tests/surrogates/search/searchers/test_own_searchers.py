"""User-defined searchers, and stored searches whose oracle has changed."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import get_space
from benchmarks.errors import ArtefactError, UnknownNameError
from benchmarks.table import Table
from surrogates import Oracle
from surrogates.search import Constraint, FunctionSearcher, History, Searcher, SearchError, make_searcher, run_search
from surrogates.search.checkpoint import FILE
from surrogates.search.registry import searcher_cost, seeded_searcher
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


# -- searchers that break the contract ----------------------------------------------------------------------------


def asking(batches: Callable[[int], Any]) -> Searcher:
    """A searcher whose `ask` was overridden; its n-th call returns `batches(n)`."""

    class Overridden(Climber):
        def begin(self) -> None:
            self.calls = 0

        def ask(self, n: int = 1) -> Any:
            self.calls += 1
            return batches(self.calls)

    return Overridden()


@pytest.mark.parametrize(
    ("batches", "message"),
    [
        (lambda n: [MACRO.archs[n % 3]], r"asked for '64-\S*' twice, at query 4 of 20; the 3 queries before are in"),
        (lambda n: [MACRO.archs[n], MACRO.archs[n]], r"asked for '64-\S*' twice, at query 1 of 20"),
        (lambda n: ["64-4444-basic"], "asked for '64-4444-basic', which is not in transnas101-macro, at query 1"),
        (lambda n: ["x" * 10_000], "asked for 'x{90}x*, which is not in transnas101-macro"),
        (lambda n: [], r"asked for a list of 2 architecture strings.* but returned \[\]"),
        (lambda n: None, "but returned None"),
        (lambda n: MACRO.archs[n], "asked for a list of 2 architecture strings.* but returned '64-"),
        (lambda n: [n], r"but returned \[1\]"),
        (lambda n: MACRO.archs[:3], r"but returned \('64-"),
        (lambda n: [MACRO.archs[int(Constraint(max_params=3e6).mask(MACRO).argmin())]], "does not meet the constraint"),
    ],
)
def test_what_a_searcher_may_not_ask_for(batches: Callable[[int], Any], message: str, tmp_path: Path) -> None:
    constraint = Constraint(max_params=3e6) if "constraint" in message else None
    with pytest.raises(SearchError, match=message) as caught:
        run_search(
            asking(batches), length, "mine", 20, space=MACRO, batch_size=2, folder=tmp_path, constraint=constraint
        )
    assert len(str(caught.value)) < 600
    assert caught.value.history.archs == History.load(tmp_path / FILE).archs


def test_what_was_not_measured_may_not_be_asked_for() -> None:
    table = Table.from_logs(MACRO.archs[:9], {"jigsaw": {"valid_top1": [1.0] * 9}})
    with pytest.raises(SearchError, match=f"asked for '{MACRO.archs[9]}', which was not measured, at query 2 of 9"):
        run_search(asking(lambda n: [MACRO.archs[7 + n]]), table, "jigsaw", 9)


# -- functions and factories --------------------------------------------------------------------------------------


def mutate_the_best(space: Any, archs: list[str], values: np.ndarray, rng: np.random.Generator) -> Any:
    if not archs:
        return space.sample(4, rng)
    score = values if values.ndim == 1 else values[:, 0]
    return space.mutate(archs[int(score.argmax())], rng)


def test_a_function_keeps_the_contract() -> None:
    check_searcher(FunctionSearcher(function=mutate_the_best), MACRO)


def test_a_function_is_told_what_was_measured() -> None:
    told: list[tuple[list[str], list[float]]] = []

    def watched(space: Any, archs: list[str], values: np.ndarray, rng: np.random.Generator) -> list[str]:
        told.append((archs, values.tolist()))
        assert space == MACRO
        return space.sample(3, rng)

    history = run_search(watched, lambda archs: -length(archs), "mine", 10, 5, space=MACRO)
    for archs, values in told:
        assert archs == history.archs[: len(archs)]
        assert values == (-length(archs)).tolist()
    assert [len(archs) for archs, _ in told] == sorted({len(archs) for archs, _ in told})
    assert run_search(watched, lambda archs: -length(archs), "mine", 10, 5, space=MACRO).archs == history.archs
    assert run_search(watched, lambda archs: -length(archs), "mine", 10, 6, space=MACRO).archs != history.archs


def test_a_function_that_returns_what_is_none() -> None:
    with pytest.raises(SearchError, match=r"raised ArchitectureError when it was asked: .*no such"):
        run_search(lambda space, archs, values, rng: "no such", length, "mine", 5, space=MACRO)


class Sized(Climber):
    def __init__(self, *, size: int = 3, random_state: int = 0) -> None:
        super().__init__(random_state=random_state)
        self.size = size


@pytest.mark.parametrize(
    ("source", "size"),
    [
        (Sized, 3),
        (Sized(size=5), 5),
        (partial(Sized, size=6), 6),
        (lambda: Sized(size=7), 7),
        (lambda random_state: Sized(size=8, random_state=random_state), 8),
        (lambda size=9, **kwargs: Sized(size=size, **kwargs), 9),
        (lambda random_state=0, size=10, a=1, b=2: Sized(size=size, random_state=random_state), 10),
        (lambda random_state, size=11, a=1, b=2: Sized(size=size, random_state=random_state), 11),
        (lambda a=1, b=2, c=3, d=12: Sized(size=d), 12),
    ],
)
def test_classes_instances_and_factories_are_searchers(source: Any, size: int) -> None:
    found = seeded_searcher(source, 11)
    assert isinstance(found, Sized)
    assert (found.size, found.random_state) == (size, 11)
    if isinstance(source, Sized):
        assert source.random_state == 0


def test_a_function_with_options_is_a_function() -> None:
    def mine(space: Any, archs: list[str], values: Any, rng: Any, *, step: int = 1) -> Any:
        return space.sample(step, rng)

    assert isinstance(seeded_searcher(partial(mine, step=3), 2), FunctionSearcher)
    assert isinstance(seeded_searcher(mine, 2), FunctionSearcher)

    def other_names(where: Any, known: list[str], scores: Any = None, random_state: Any = None) -> Any:
        return where.sample(1, random_state)

    assert isinstance(seeded_searcher(other_names, 2), FunctionSearcher)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (int, "expected as searcher a subclass of Searcher, .* got int"),
        (dict, "expected as searcher a subclass of Searcher, .* got dict"),
        (lambda archs: archs, r"a function propose\(space, archs, values, rng\), got <lambda>\(archs\)"),
        (lambda: 3, r"expected <lambda>\(\) to return a Searcher, got int"),
        (None, "expected a name, a Searcher, a class of searchers or a function as searcher, got None"),
        (np, "expected a name, a Searcher, .*, got <module 'numpy'"),
    ],
)
def test_what_is_no_searcher(source: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        run_search(source, length, "mine", 5, space=MACRO)
