from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import get_space
from benchmarks.table import Table
from surrogates import Oracle
from surrogates.oracle.predictors import CachedSurrogate
from tests.surrogates.helpers import TWINS, Counting, table


def test_equivalent_architectures_are_predicted_once() -> None:
    surrogate = Counting()
    oracle = Oracle(surrogate)
    oracle.query(TWINS)
    oracle(TWINS[0], "jigsaw")
    oracle.query(TWINS)
    assert surrogate.asked == [get_space("transnas101-micro").canonical(TWINS[0])]


def test_the_cache_is_bounded_and_forgets_the_oldest() -> None:
    surrogate = Counting()
    cached = CachedSurrogate(surrogate, size=2)
    archs = ["64-41414-0_00_100", "64-41414-0_00_200", "64-41414-0_00_300"]
    for arch in archs:
        cached.predict([arch], return_std=True)
    assert len(cached) == 2
    cached.predict(archs[1:], return_std=True)
    assert surrogate.asked == archs
    cached.predict(archs[:1], return_std=True)
    assert surrogate.asked == [*archs, archs[0]]
    mean, _ = cached.predict(archs, return_std=True)
    assert mean[:, 0].tolist() == [0, 0, 1]


class Knowing(Counting):
    """Also tells a novelty, and remembers of what."""

    def __init__(self) -> None:
        super().__init__()
        self.compared: list[str] = []

    def novelty(self, archs: Sequence[str]) -> NDArray[np.float64]:
        self.compared += archs
        return np.array([arch.count("3") / 2 for arch in archs])


def test_novelty_is_asked_for_once_and_bounded() -> None:
    surrogate = Knowing()
    cached = CachedSurrogate(surrogate, size=2)
    archs = ["64-41414-0_00_100", "64-41414-0_00_200", "64-41414-0_00_300"]
    for _ in range(2):
        assert cached.novelty([*archs[1:], *archs[1:]]).tolist() == [0, 0.5, 0, 0.5]
    assert surrogate.compared == archs[1:]
    assert cached.novelty(archs).tolist() == [0, 0, 0.5]
    assert cached.novelty(archs[1:2]).tolist() == [0]
    assert surrogate.compared == [*archs[1:], *archs[:2]], "the oldest are forgotten"
    assert np.isnan(CachedSurrogate(Counting(), size=2).novelty(archs)).all()
    assert cached.novelty([]).shape == (0,)
    oracle = Oracle(Knowing())
    for _ in range(2):
        assert oracle.query(TWINS)["novelty"].tolist() == [0.0] * 4
    assert len(oracle.surrogate.compared) == 1, "equivalent architectures have one novelty"


def test_warm_answers_are_bounded_and_still_counted() -> None:
    oracle = Oracle(Counting(), cache_size=2)
    archs = ["64-41414-0_00_100", "64-41414-0_00_200", "64-41414-0_00_300"]
    for _ in range(2):
        for arch in archs:
            for _ in range(5):
                oracle(arch, "jigsaw")
    assert oracle.queries.total == 30
    assert oracle.queries.distinct == 3
    assert len(oracle.queries.warm["jigsaw"]) == 2


def test_queries_are_counted() -> None:
    oracle = Oracle(Counting())
    oracle.query(TWINS)
    oracle(TWINS[0], "jigsaw")
    oracle(TWINS[0], "jigsaw")
    oracle("64-41414-3_33_333", "jigsaw")
    oracle.rank("64-41414-3_33_333", "normal")
    assert oracle.queries.total == 7
    assert oracle.queries.total == 7, "looking does not count"
    assert oracle.queries.distinct == 5
    assert repr(oracle.queries) == "<7 queries, 5 distinct>"


def test_training_cost_is_measured_where_the_table_knows_it() -> None:
    results = Table.from_logs(
        TWINS,
        {"jigsaw": {"valid_top1": [[1.0, 2.0], [1.0, 2.0]], "time_elapsed": [[100.0, 250.0], [90.0, 240.0]]}},
    )
    oracle = Oracle.from_table(results)
    assert oracle.queries.simulated_seconds == 0
    oracle(TWINS[0], "jigsaw")
    oracle(TWINS[0], "jigsaw")
    assert oracle.queries.simulated_seconds == 250
    oracle.query(TWINS)
    assert oracle.queries.simulated_seconds == 490


def test_training_cost_is_estimated_from_multiply_adds() -> None:
    oracle = Oracle(Counting())
    oracle("64-41414-0_31_023", "normal")
    from encoders import Costs

    multiply_adds = int(Costs(task="normal").exact(["64-41414-0_31_023"])[0, 1])
    assert oracle.queries.simulated_seconds == pytest.approx(3 * multiply_adds * 30 * 80_000 / 2e12)


def test_jigsaw_costs_nine_tiles_of_64_pixels_and_one_head() -> None:
    from encoders import Costs
    from surrogates.oracle.training_cost import training_seconds

    tile = int(Costs(input_size=64).exact(["64-41414-3_33_333"])[0, 1])
    head = 9 * 512 * 1000
    expected = 3 * (9 * tile + head) * 10 * 80_000 / 2e12
    assert training_seconds(["64-41414-3_33_333"], "jigsaw").tolist() == pytest.approx([expected])


def test_training_cost_of_a_task_of_no_benchmark_is_unknown() -> None:
    oracle = Oracle.from_table(table(depth=[1.0, 2.0]))
    oracle(TWINS[0], "depth")
    assert np.isnan(oracle.queries.simulated_seconds)
