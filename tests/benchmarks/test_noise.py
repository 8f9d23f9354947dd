"""Training noise: known noise is found again, and the published table gives the published estimates."""

import numpy as np
import pytest
from scipy import stats

from benchmarks import UnknownNameError, get_space
from benchmarks.formats import load_table
from benchmarks.noise import noise_ceiling, twin_noise
from benchmarks.protocols import canonical_classes, eligible_rows
from benchmarks.table import Table

SIGMA = 2.0


@pytest.fixture(scope="module")
def archs():
    return list(get_space("transnas101-micro"))


@pytest.fixture(scope="module")
def clean(archs):
    classes = canonical_classes(archs)
    return np.random.default_rng(1).uniform(20, 80, classes.max() + 1)[classes]


@pytest.fixture(scope="module")
def table(archs, clean):
    """Every row trained separately, with normal noise."""
    noisy = clean + np.random.default_rng(2).normal(0, SIGMA, len(archs))
    return Table.from_logs(archs, {"jigsaw": {"valid_top1": noisy}})


def test_known_noise_is_found_again(table):
    assert twin_noise(table)["jigsaw"] == pytest.approx(SIGMA, rel=0.05)


def test_a_few_failed_trainings_do_not_move_the_estimate(table, rng):
    values = table.to_frame()["jigsaw"].to_numpy().copy()
    values[rng.choice(len(values), 40, replace=False)] = 0.0
    broken = Table.from_logs(table.archs, {"jigsaw": {"valid_top1": values}})
    assert twin_noise(broken)["jigsaw"] == pytest.approx(SIGMA, rel=0.1)


def test_rows_that_were_trained_once_are_no_twins(archs, clean):
    shared = Table.from_logs(archs, {"jigsaw": {"valid_top1": clean}})
    assert np.isnan(twin_noise(shared)["jigsaw"])
    assert np.isnan(noise_ceiling(shared)["jigsaw"])


def test_a_task_that_was_hardly_measured_has_no_estimate(table):
    values = np.full(len(table), np.nan)
    values[:1] = 50.0
    both = Table.from_logs(
        table.archs, {"jigsaw": {"valid_top1": table.to_frame()["jigsaw"]}, "mine": {"valid_value": values}}
    )
    assert twin_noise(both).isna().tolist() == [False, True]
    assert noise_ceiling(both, n_simulations=2).isna().tolist() == [False, True]


def test_twin_noise_of_one_pair_by_hand():
    twins = Table.from_logs(["64-41414-0_00_100", "64-41414-0_30_100"], {"jigsaw": {"valid_top1": [50, 53]}})
    assert twin_noise(twins)["jigsaw"] == pytest.approx(1.5 * np.sqrt(2) / stats.norm.ppf(0.75))


@pytest.mark.parametrize("protocol", ["all", "distinct"])
@pytest.mark.parametrize(
    ("metric", "correlation"), [("kendall", stats.kendalltau), ("spearman", stats.spearmanr)]
)  # fmt: skip
def test_the_ceiling_is_what_the_true_means_reach(table, clean, protocol, metric, correlation):
    rows = eligible_rows(table, protocol)
    reached = correlation(table.to_frame()["jigsaw"].to_numpy()[rows], clean[rows]).statistic
    ceiling = noise_ceiling(table, metric, protocol, n_simulations=5, rng=0)["jigsaw"]
    assert ceiling == pytest.approx(reached, abs=0.01)


def test_the_ceiling_is_reproducible(table):
    first = noise_ceiling(table, n_simulations=2, rng=5)
    assert first.equals(noise_ceiling(table, n_simulations=2, rng=5))
    assert not first.equals(noise_ceiling(table, n_simulations=2, rng=6))


def test_nonsense_is_refused(table):
    with pytest.raises(UnknownNameError, match="unknown metric 'kendal'; did you mean 'kendall'"):
        noise_ceiling(table, "kendal")
    with pytest.raises(ValueError, match="expected n_simulations >= 1, got 0"):
        noise_ceiling(table, n_simulations=0)


@pytest.mark.data
def test_noise_and_ceilings_of_the_published_micro_table(nas_data):
    table = load_table(nas_data / "transnas101" / "micro_final.csv")
    expected = {
        "class_scene": (0.32, 0.88),
        "class_object": (0.56, 0.79),
        "room_layout": (0.0064, 0.87),
        "jigsaw": (1.4, 0.78),
        "segmentsemantic": (0.031, 0.91),
        "normal": (0.0070, 0.78),
        "autoencoder": (0.020, 0.78),
    }
    noise, ceiling = twin_noise(table), noise_ceiling(table, rng=0)
    for task, (sigma, tau) in expected.items():
        assert noise[task] == pytest.approx(sigma, rel=0.1)
        assert ceiling[task] == pytest.approx(tau, abs=0.03)
    assert ceiling.mean() == pytest.approx(0.83, abs=0.01)
    assert (noise_ceiling(table, protocol="distinct", rng=0) < ceiling).all()


def test_the_ceiling_of_a_task_does_not_depend_on_the_others(table):
    values = table.to_frame()["jigsaw"]
    metrics = {"mine": {"valid_value": values[::-1].to_numpy()}, "jigsaw": {"valid_top1": values}}
    both = noise_ceiling(Table.from_logs(table.archs, metrics), n_simulations=2, rng=0)
    alone = noise_ceiling(table, n_simulations=2, rng=0)
    assert both["jigsaw"] == alone["jigsaw"]
