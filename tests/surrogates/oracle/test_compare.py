"""Architectures side by side: differences against sampling, directions, twins, measured values, costs."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks import Table, UnknownNameError, get_space
from benchmarks.errors import ArchitectureError, TableError
from encoders import Costs
from surrogates import BoostedSurrogate, GaussianProcessSurrogate, Oracle
from surrogates.oracle.differences import pair_differences
from tests.surrogates.cli.helpers import QUICK

MICRO, MACRO = get_space("transnas101-micro"), get_space("transnas101-macro")
A, B = "64-41414-3_33_333", "64-41414-3_33_332"
TWINS = ("64-41414-3_00_300", "64-41414-0_00_300")


@pytest.fixture(scope="module")
def micro() -> Oracle:
    return Oracle.from_pretrained("transnas101-micro")


@pytest.mark.parametrize(("s", "t", "rho"), [(1.0, 2.0, 0.6), (0.5, 0.5, -0.3), (1.0, 1.0, 0.95), (2.0, np.nan, 0.4)])
def test_differences_are_those_of_correlated_normal_values(s: float, t: float, rho: float) -> None:
    one = np.ones(1)
    found = pair_differences(3 * one, 2.5 * one, s * one, t * one, rho * one)
    known = np.nan_to_num(t)
    covariance = [[s**2, rho * s * known], [rho * s * known, known**2]]
    drawn = np.random.default_rng(0).multivariate_normal([3, 2.5], covariance, 200_000)
    apart = drawn[:, 0] - drawn[:, 1]
    assert found.positive[0] == pytest.approx((apart > 0).mean(), abs=0.005)
    assert [found.low[0], found.high[0]] == pytest.approx(np.quantile(apart, [0.05, 0.95]), abs=0.02)
    assert found.positive[0] == pytest.approx(stats.norm.cdf(0.5 / found.std[0]))


def test_known_values_are_certain() -> None:
    values, none = np.array([1.0, 2.0, 3.0]), np.full(3, np.nan)
    found = pair_differences(values, np.full(3, 2.0), none, none, none)
    assert found.positive.tolist() == [0, 0.5, 1]
    assert (found.low == found.high).all()


def test_the_advantage_is_positive_where_a_is_better(micro: Oracle) -> None:
    found = micro.compare(A, B, costs=["params", "multiply_adds"]).set_index("task")
    answers = micro.query([A, B], rank=True).set_index(["arch", "task"])
    before = micro.queries.total
    rho = micro.surrogate.error_correlation([A, B])
    for t, task in enumerate(micro.tasks):
        row, a, b = found.loc[task], answers.loc[A, task], answers.loc[B, task]
        assert row["advantage"] == a["value"] - b["value"]
        assert (row["p_better"] > 0.5) == (row["advantage"] > 0)
        std = np.sqrt(a["std"] ** 2 + b["std"] ** 2 - 2 * rho[t, 0, 1] * a["std"] * b["std"])
        assert row["high"] - row["low"] == pytest.approx(2 * 1.645 * std, rel=1e-3)
        assert (row["rank_a"], row["rank_b"], row["of"]) == (a["rank"], b["rank"], 4096)
    exact = Costs().exact([A, B])
    assert found.loc["params", "advantage"] == exact[1, 0] - exact[0, 0] < 0
    assert found.loc[["params", "multiply_adds"], "p_better"].tolist() == [0, 0]
    assert found.loc["params", "source_a"] == "exact"
    micro.compare(A, B)
    assert micro.queries.total == before


def test_the_other_way_round_is_the_opposite(micro: Oracle) -> None:
    one, other = micro.compare(A, B, costs="params"), micro.compare(B, A, costs="params")
    np.testing.assert_allclose(one["advantage"], -other["advantage"])
    np.testing.assert_allclose(one["p_better"], 1 - other["p_better"])
    np.testing.assert_allclose(one["low"], -other["high"])
    np.testing.assert_array_equal(one["correlation"], other["correlation"])


def test_twins_are_equal_by_construction_but_not_in_costs_and_measured_values(micro: Oracle) -> None:
    found = micro.compare(*TWINS, tasks=["jigsaw"], costs=["params"]).set_index("task")
    assert found["same_function"].all()
    assert found.loc["jigsaw", ["advantage", "low", "high", "p_better"]].tolist() == [0, 0, 0, 0.5]
    assert found.loc["params", "p_better"] == 0
    table = Table.from_logs(list(TWINS), {"jigsaw": {"valid_top1": [93.0, 92.0]}})
    measured = Oracle.from_pretrained("transnas101-micro", table).compare(*TWINS, tasks="jigsaw").iloc[0]
    assert measured[["advantage", "low", "high", "p_better", "source_a"]].tolist() == [1, 1, 1, 1, "table"]
    outside = micro.compare("32-41414-3_00_300", "32-41414-0_00_300", tasks="jigsaw").iloc[0]
    assert outside[["advantage", "p_better", "of"]].tolist() == [0, 0.5, 4096]


def test_twins_asked_in_two_batches_are_equal() -> None:
    archs = list(dict.fromkeys(MICRO.simplify(MICRO.sample(60, rng=0))))
    oracle = Oracle(GaussianProcessSurrogate(length_scales=[4.0]).fit(archs, [float(a.count("3")) for a in archs]))
    forms: dict[str, list[str]] = {}
    for arch in MICRO.archs:
        forms.setdefault(MICRO.simplify([arch])[0], []).append(arch)
    twins = [(group[0], group[-1]) for group in forms.values() if len(set(MICRO.canonicals(group))) > 1][:40]
    for one, _ in twins:
        oracle.query([one])
    oracle.query([*MICRO.sample(30, rng=1), *(other for _, other in twins)])
    task = oracle.tasks[0]
    values = [oracle.query(pair)["value"].tolist() for pair in twins]
    assert any(a != b for a, b in values)  # sums depend on the size of a batch
    for pair in twins:
        row = oracle.compare(*pair, tasks=task).iloc[0]
        assert row[["advantage", "low", "high", "p_better", "correlation"]].tolist() == [0, 0, 0, 0.5, 1]


def test_only_uncertain_values_are_equal_up_to_rounding() -> None:
    a, b, none = np.array([4e9, 1.0]), np.array([4e9 + 1, 1.0]), np.full(2, np.nan)
    assert pair_differences(a, b, none, none, none).positive.tolist() == [0, 0.5]
    tiny, one = np.full(2, 1e-14), np.ones(2)  # near 0, where the scale is that of the errors
    assert pair_differences(tiny, -tiny, one, one, one).positive.tolist() == [0.5, 0.5]


def test_a_measured_and_a_predicted_value(micro: Oracle) -> None:
    table = Table.from_logs([A], {"jigsaw": {"valid_top1": [92.0]}})
    row = Oracle.from_pretrained("transnas101-micro", table).compare(A, B, tasks="jigsaw").iloc[0]
    (b,) = micro.answers([B], "jigsaw")
    assert np.isnan(row["std_a"])
    assert row["high"] - row["low"] == pytest.approx(2 * 1.6448536 * b.std)
    assert np.isnan(row["correlation"])
    assert row["p_better"] == pytest.approx(stats.norm.cdf((92 - b.value) / b.std))


def test_lower_is_better_of_a_latency_and_its_errors_are_independent() -> None:
    archs = MACRO.sample(60, rng=0)
    latency = pd.Series([float(len(arch)) for arch in archs], name="latency_ms")
    surrogate = BoostedSurrogate(**QUICK, equivalence="string").fit(archs, latency, minimize="latency_ms")
    oracle = Oracle.from_pretrained("transnas101-macro").join(surrogate)
    row = oracle.compare("64-2311-basic", "64-231111-basic", tasks=(), costs=["latency_ms"]).iloc[0]
    assert row["value_a"] < row["value_b"]
    assert row["advantage"] == row["value_b"] - row["value_a"] > 0
    assert (row["p_better"] > 0.5, row["unit"]) == (True, "ms")
    assert row["high"] - row["low"] == pytest.approx(2 * 1.6448536 * np.hypot(row["std_a"], row["std_b"]))
    assert np.isnan(row["correlation"])


def test_every_pair_of_several(micro: Oracle) -> None:
    found = micro.compare(A, B, TWINS[0], tasks=["normal"])
    assert list(zip(found["a"], found["b"], strict=True)) == [(A, B), (A, TWINS[0]), (B, TWINS[0])]
    one = micro.compare(A, TWINS[0], tasks="normal").iloc[0]
    pd.testing.assert_series_equal(found.iloc[1], one, check_names=False, rtol=1e-9)


def test_bad_input(micro: Oracle) -> None:
    with pytest.raises(ValueError, match="expected at least two architectures to compare, got 1"):
        micro.compare(A)
    with pytest.raises(ValueError, match=r"got 1; a list is given as compare\(\*archs\)"):
        micro.compare([A, B])
    with pytest.raises(ArchitectureError, match="of transnas101-macro"):
        micro.compare(A, "64-2311-basic")
    with pytest.raises(UnknownNameError, match="unknown task 'jigsau'; did you mean 'jigsaw'"):
        micro.compare(A, B, tasks="jigsau")
    with pytest.raises(ValueError, match="'normal' is better when higher, and no cost"):
        micro.compare(A, B, costs="normal")
    table = Table.from_logs([A], {"jigsaw": {"valid_top1": [92.0]}})
    with pytest.raises(TableError, match="was not measured on jigsaw; use a surrogate"):
        Oracle.from_table(table).compare(A, B)
