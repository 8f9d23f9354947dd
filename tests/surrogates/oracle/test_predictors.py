import pickle
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest

from benchmarks import get_space
from benchmarks.table import Table
from surrogates import BoostedSurrogate, Oracle
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
