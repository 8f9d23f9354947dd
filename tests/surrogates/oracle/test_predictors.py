import json
import pickle
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from benchmarks import UnknownNameError, get_space
from benchmarks.table import Table
from surrogates import (
    BoostedSurrogate,
    GaussianProcessSurrogate,
    Oracle,
    Surrogate,
    load_surrogate,
    save_surrogate,
)
from surrogates.oracle.join import JoinedSurrogate
from surrogates.oracle.predictors import SINGLE_QUESTIONS, CachedSurrogate, LazySurrogate, Predictor, about
from surrogates.oracle.tabulated import TabulatedSurrogate
from tests.surrogates.helpers import TWINS, Counting, table


def test_baked_answers_are_the_same(fitted: BoostedSurrogate, macro_table: Table) -> None:
    plain = Oracle(fitted, macro_table)
    baked = plain.bake()
    space = get_space("transnas101-macro")
    archs = [*macro_table.archs[:20], *space.sample(50, rng=3), "32-2311114-basic"]
    pd.testing.assert_frame_equal(baked.query(archs), plain.query(archs), rtol=1e-12)
    assert [baked(arch, "jigsaw") for arch in archs] == pytest.approx([plain(arch, "jigsaw") for arch in archs], 1e-12)
    assert [baked.rank(arch, "jigsaw") for arch in archs] == [plain.rank(arch, "jigsaw") for arch in archs]
    assert (baked.table, baked.source) == (plain.table, plain.source)


def test_a_baked_oracle_asks_its_surrogate_no_more() -> None:
    surrogate = Counting()
    baked = Oracle(surrogate).bake()
    assert len(surrogate.asked) == 1948, "one of each class"
    baked.query(get_space("transnas101-micro").sample(100, rng=0))
    assert len(surrogate.asked) == 1948
    baked("32-4343-3_33_333", "jigsaw")
    assert surrogate.asked[1948:] == ["32-4343-3_33_333"]
    assert baked.bake().surrogate is baked.surrogate
    assert Oracle.from_table(table(jigsaw=[1.0, 2.0])).bake()(TWINS[0], "jigsaw") == 1


def test_threads_share_an_oracle() -> None:
    surrogate = Counting()
    oracle = Oracle(surrogate)
    archs = get_space("transnas101-micro").sample(100, rng=0)
    start = threading.Barrier(4)

    def work(seed: int) -> list[float]:
        start.wait()
        order = np.random.default_rng(seed).permutation(len(archs))
        found = {int(i): oracle(archs[i], "jigsaw") for i in order}
        oracle.query(archs, "jigsaw")
        return [found[i] for i in range(len(archs))]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(work, range(4)))
    assert all(result == results[0] for result in results)
    assert oracle.queries.total == 4 * 200
    assert oracle.queries.distinct == 100
    assert len(surrogate.asked) == len(set(surrogate.asked)), "no class is predicted twice"


def ask(oracle: Oracle) -> tuple[float, int]:
    return oracle("64-2311-basic", "jigsaw"), oracle.queries.total


def test_an_oracle_goes_to_worker_processes(fitted: BoostedSurrogate, macro_table: Table) -> None:
    oracle = Oracle(fitted, macro_table)
    value = oracle("64-2311-basic", "jigsaw")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(ask, oracle).result() == (value, 2)
    assert oracle.queries.total == 1
    again = pickle.loads(pickle.dumps(oracle.bake()))
    assert again("64-2311-basic", "jigsaw") == pytest.approx(value, 1e-12)


class Slow(Counting):
    """Takes a time for every architecture, as one that runs networks does, or for every call; on a clock of its own."""

    def __init__(self, per_arch: float = 0.0, per_call: float = 0.0) -> None:
        super().__init__()
        self.per_arch, self.per_call = per_arch, per_call
        self.calls, self.now = 0, 0.0

    def predict(
        self, archs: Sequence[str], return_std: Literal[True]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        self.calls += 1
        self.now += self.per_call + self.per_arch * len(archs)
        return super().predict(archs, return_std)


def some_classes(n: int) -> list[str]:
    """n canonical forms, different ones."""
    space = get_space("transnas101-micro")
    return list(dict.fromkeys(space.canonicals(space.sample(4 * n, rng=4))))[:n]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    """A predictor whose own clock is the one that is read."""
    surrogate = Slow()
    monkeypatch.setattr(time, "perf_counter", lambda: surrogate.now)
    return surrogate


def test_after_some_single_questions_the_whole_space_is_known(slow: Slow) -> None:
    surrogate, slow.per_call, slow.per_arch = slow, 0.05, 0.001
    oracle, space, archs = Oracle(surrogate), get_space("transnas101-micro"), some_classes(200)
    answers = [oracle(arch, "jigsaw") for arch in archs]
    assert surrogate.calls == SINGLE_QUESTIONS + 3, "two trials and the rest"
    assert sorted(surrogate.asked) == sorted(set(space.canonicals(space.archs))), "each class once"
    assert answers == Oracle(Counting()).answers(archs, ["jigsaw"]).value[:, 0].tolist()
    assert (oracle.queries.total, oracle.queries.distinct) == (len(archs), len(archs))
    oracle("32-4343-3_33_333", "jigsaw")
    assert surrogate.asked[-1] == "32-4343-3_33_333", "others are still predicted"


def test_the_space_is_not_predicted_if_that_is_dear(slow: Slow) -> None:
    """At 10 ms each and nothing a call, the 1,948 classes cost as much as 1,948 questions."""
    archs = some_classes(80)
    slow.per_arch = 0.01
    oracle = Oracle(slow)
    for arch in archs[:30]:
        oracle(arch, "jigsaw")
    assert len(set(slow.asked) - set(archs[:30])) <= 8, "the small trial was enough"
    slow.per_arch = 0.0
    for arch in archs[30:]:
        oracle(arch, "jigsaw")
    assert len(set(slow.asked)) == 1948, "tried again after four times as many questions"


def test_the_space_is_not_predicted_if_the_cache_cannot_hold_it() -> None:
    archs = some_classes(30)
    small = Slow()
    oracle = Oracle(small, cache_size=1000)
    for arch in archs:
        oracle(arch, "jigsaw")
    assert small.asked == archs


def test_batches_do_not_count_as_single_questions() -> None:
    surrogate = Slow()
    oracle, archs = Oracle(surrogate), some_classes(40)
    for start in range(0, 40, 2):
        oracle.answers(archs[start : start + 2], "jigsaw")
    assert surrogate.asked == archs


@pytest.mark.parametrize("kind", [BoostedSurrogate, GaussianProcessSurrogate])
def test_filled_answers_equal_those_of_single_questions(kind: type[Surrogate], macro_table: Table) -> None:
    labels = macro_table.to_frame().iloc[:40]
    fitted = kind(random_state=0).fit(list(labels.index), labels)
    oracle, archs = Oracle(fitted), get_space("transnas101-macro").sample(20, rng=8)
    found = np.array([oracle(arch, "jigsaw") for arch in archs])
    single = np.array([fitted.predict([arch])[0, fitted.tasks_.index("jigsaw")] for arch in archs])
    tolerance = 0 if kind is BoostedSurrogate else 1e-12
    np.testing.assert_allclose(found, single, rtol=tolerance, atol=0)


# -- what a predictor says of itself, wrapped as well -----------------------------------------------------------------


@pytest.fixture(scope="module")
def latency(tmp_path_factory: pytest.TempPathFactory) -> Surrogate:
    """A stored surrogate of a cost, which tells architectures of one function apart and knows its trainings."""
    archs = [*TWINS, *get_space("transnas101-micro").sample(80, rng=1)]
    measured = [float(sum(map(int, "".join(arch.split("-")[2].split("_"))))) for arch in archs]
    surrogate = GaussianProcessSurrogate(equivalence="string", random_state=0)
    surrogate.fit(archs, pd.Series(measured, name="latency_ms"), minimize="latency_ms")
    rows = pd.DataFrame({"arch": archs, "latency_ms": measured})
    folder = tmp_path_factory.mktemp("latency") / "model"
    save_surrogate(surrogate, folder, Table.from_frame(rows.drop_duplicates("arch"), minimize="latency_ms"))
    return load_surrogate(folder)


def tabulated_twice(surrogate: Surrogate, folder: Path) -> Predictor:
    return TabulatedSurrogate.load(TabulatedSurrogate.from_predictor(surrogate).save(folder / "answers"), surrogate)


def lazy(surrogate: Surrogate, folder: Path) -> Predictor:
    return LazySurrogate(surrogate.save(folder / "lazy"))


WRAPPERS = {
    "lazy": lazy,
    "cached": lambda surrogate, _: CachedSurrogate(surrogate, 100),
    "tabulated": lambda surrogate, _: TabulatedSurrogate.from_predictor(surrogate),
    "stored": tabulated_twice,
    "joined": lambda surrogate, _: JoinedSurrogate([(surrogate, surrogate.tasks_)]),
    "several": lambda surrogate, folder: JoinedSurrogate(
        [(CachedSurrogate(lazy(surrogate, folder), 9), ["latency_ms"])]
    ),
}


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_a_wrapper_says_what_the_predictor_says(wrap: str, latency: Surrogate, tmp_path: Path) -> None:
    wrapper = WRAPPERS[wrap](latency, tmp_path)
    assert about(wrapper)[:3] == ("string", ("latency_ms",), latency.trainings_)
    assert list(about(wrapper).trainings) == ["latency_ms"]
    assert not Oracle(wrapper).task("latency_ms").metric.higher_is_better


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_a_cost_wrapped_and_joined_keeps_dead_operations_apart(wrap: str, latency: Surrogate, tmp_path: Path) -> None:
    joined = Oracle(Counting()).join(WRAPPERS[wrap](latency, tmp_path))
    expected = latency.predict(TWINS)
    assert expected[0] != expected[1]
    assert [joined(arch, "latency_ms") for arch in TWINS] == pytest.approx(list(expected), rel=1e-6)


def test_a_cost_baked_and_joined_keeps_dead_operations_apart(latency: Surrogate) -> None:
    joined = Oracle(Counting()).join(Oracle(latency).bake())
    assert [joined(arch, "latency_ms") for arch in TWINS] == pytest.approx(list(latency.predict(TWINS)), 1e-9)


def test_a_cached_predictor_that_says_no_direction_is_still_asked_for_it() -> None:
    class Latency(Counting):
        tasks_ = ("latency_ms", "normal")

    cached = CachedSurrogate(Latency(), 100)
    assert about(cached)[:3] == ("function", None, {})
    with pytest.raises(UnknownNameError, match="latency_ms"):
        Oracle(cached)
    assert not Oracle(cached, minimize="latency_ms").task("latency_ms").metric.higher_is_better


def test_answers_of_functions_are_stored_as_before(
    macro_table: Table, fitted: BoostedSurrogate, tmp_path: Path
) -> None:
    """Artefacts of earlier versions have neither entry, and mean these."""
    folder = TabulatedSurrogate.from_predictor(fitted).save(tmp_path / "answers")
    metadata = json.loads((folder / "metadata.json").read_text())
    assert not {"equivalence", "trainings"} & set(metadata)
    assert about(TabulatedSurrogate.load(folder))[:3] == ("function", (), {})
