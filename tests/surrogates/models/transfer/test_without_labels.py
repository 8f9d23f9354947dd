"""Transfer without labels, and with one: order, units, intervals, storing, spaces, errors."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau, norm, rankdata

from benchmarks import ArchitectureError, UnknownNameError, get_space
from benchmarks.table import Table
from surrogates import Oracle
from surrogates.models.boosted import BoostedSurrogate
from surrogates.models.transfer.surrogate import TransferSurrogate
from surrogates.search import run_search
from surrogates.search.quantities import cost_to_minimise
from surrogates.store.load import load_surrogate

QUICK = {"n_members": 2, "n_rounds": 5, "n_jobs": 1}
UNIT = "predictions are normal scores"


@pytest.fixture(scope="module")
def tasks():
    """Skeletons: four tasks that share a signal, of two metrics, and one that has nothing to do with it."""
    archs = list(get_space("transnas101-macro"))[::3]
    rng = np.random.default_rng(0)
    signal = np.array([sum(int(digit) % 2 for digit in arch.split("-")[1]) for arch in archs], dtype=float)
    signal += np.array([len(arch) for arch in archs]) * 0.3
    signal = (signal - signal.mean()) / signal.std()
    noisy = signal[:, None] + 0.5 * rng.normal(size=(len(archs), 4))
    columns = {
        "class_scene": 50 + 4 * noisy[:, 0],
        "class_object": 40 + 6 * noisy[:, 1],
        "jigsaw": 60 + 5 * noisy[:, 2],
        "room_layout": -0.7 + 0.03 * noisy[:, 3],
        "normal": 0.5 + 0.03 * rng.normal(size=len(archs)),
    }
    return pd.DataFrame(columns, index=archs)


def _fit(sources, Y, archs=(), **how):
    return TransferSurrogate(sources=sources, **QUICK, **{k: v for k, v in how.items() if k == "space"}).fit(
        list(archs), Y, **{k: v for k, v in how.items() if k != "space"}
    )


def _empty(*names):
    return pd.DataFrame(columns=list(names))


def test_the_order_is_that_of_the_sources_and_the_unit_that_of_the_metric(tasks):
    fitted = _fit(tasks, pd.Series([], name="jigsaw", dtype=float))
    assert (fitted.tasks_, fitted.one_task_, fitted.n_archs_) == (("jigsaw",), True, 0)
    mean, std = fitted.predict(list(tasks.index), return_std=True)
    assert mean.shape == std.shape == (len(tasks),)
    assert kendalltau(mean, tasks["jigsaw"])[0] > kendalltau(tasks["class_scene"], tasks["jigsaw"])[0]
    usual = (tasks["class_scene"].median() + tasks["class_object"].median()) / 2
    assert np.median(mean) == pytest.approx(usual, abs=1.5)
    assert (np.abs(mean - tasks["jigsaw"]) <= 1.645 * std).mean() > 0.9
    assert fitted.sources_["jigsaw"] == ("class_scene", "class_object", "room_layout", "normal")


def test_without_a_unit_predictions_are_normal_scores_of_the_space(tasks):
    with pytest.warns(UserWarning, match=UNIT):
        fitted = _fit(tasks, _empty("room_layout", "mine"))
    assert fitted.tasks_ == ("room_layout/valid_normal_score", "mine/valid_normal_score")
    mean, std = fitted.predict(list(get_space("transnas101-macro")), return_std=True)
    assert np.abs(mean.mean(axis=0)).max() < 0.1
    assert (mean.std(axis=0) < 1).all()
    assert (std < 1.5).all()
    mean, std = fitted.predict(list(tasks.index), return_std=True)
    truth = norm.ppf((rankdata(tasks["room_layout"]) - 0.5) / len(tasks))
    assert (np.abs(mean[:, 0] - truth) <= 1.645 * std[:, 0]).mean() > 0.85


def test_intervals_cover_each_source_left_out(tasks):
    """Each task as the new one, the others as sources; even if it has nothing to do with them, half is covered."""
    inside = []
    for task in tasks:
        with pytest.warns(UserWarning, match=UNIT):
            fitted = _fit(tasks.drop(columns=task), _empty("mine"))
        mean, std = fitted.predict(list(tasks.index), return_std=True)
        truth = norm.ppf((rankdata(tasks[task]) - 0.5) / len(tasks))
        inside.append((np.abs(mean[:, 0] - truth) <= 1.645 * std[:, 0]).mean())
    assert 0.88 < np.mean(inside) < 0.99, inside
    assert min(inside) > 0.5, inside


def test_a_metric_that_is_better_when_lower(tasks):
    losses = pd.DataFrame({f"{name}/valid_loss": 100 - tasks[name] for name in ("class_scene", "class_object")})
    fitted = _fit(losses, _empty("jigsaw/valid_loss"))
    mean = fitted.predict(list(tasks.index))[:, 0]
    assert fitted.tasks_ == ("jigsaw/valid_loss",)
    assert kendalltau(mean, -tasks["jigsaw"])[0] > 0.4
    assert 40 < np.median(mean) < 65
    with pytest.warns(UserWarning, match=UNIT):
        scored = _fit(tasks, _empty("test_error"), minimize="test_error")
    assert (scored.tasks_, scored.minimize_) == (("test_error/valid_normal_score",), ())
    assert kendalltau(scored.predict(list(tasks.index))[:, 0], tasks["jigsaw"])[0] > 0.4
    one = _fit(tasks, pd.Series([3.0], name="test_error"), list(tasks.index[:1]), minimize="test_error")
    assert kendalltau(one.predict(list(tasks.index)), -tasks["jigsaw"])[0] > 0.4


def test_one_label_gives_the_level_and_keeps_the_order(tasks):
    archs = list(tasks.index)
    with pytest.warns(UserWarning, match=UNIT):
        none = _fit(tasks, _empty("mine")).predict(archs)[:, 0]
    for label in (7.0, -7.0, 0.0):
        mean, std = _fit(tasks, [label], archs[5:6]).predict(archs, return_std=True)
        assert mean[5] == pytest.approx(label)
        assert kendalltau(mean, none)[0] > 0.999
        assert (std > 0).all()
    known = _fit(tasks, pd.Series([61.0], name="jigsaw"), archs[:1])
    assert known.predict(archs).std() == pytest.approx(4, abs=2)  # as scene and object, whatever the level
    twice = _fit(tasks, [1.0, 3.0], archs[:1] * 2)
    assert twice.predict(archs[:1])[0] == pytest.approx(2)


def test_two_labels_do_not_overrule_the_sources(tasks):
    truth = tasks["jigsaw"]
    order = np.random.default_rng(1).permutation(len(tasks))
    taus = {}
    for k in (0, 1, 2, 4, 8):
        rows = order[:k]
        labels = truth.iloc[rows] if k else truth[:0]
        fitted = _fit(tasks, labels, tasks.index[rows])
        taus[k] = kendalltau(fitted.predict(list(tasks.index)), truth)[0]
    assert min(taus.values()) > taus[0] - 0.03, taus


def test_stored_and_searched(tasks, tmp_path):
    with pytest.warns(UserWarning, match=UNIT):
        fitted = _fit(tasks, _empty("room_layout", "jigsaw"))
    again = load_surrogate(fitted.save(tmp_path / "model"))
    archs = list(tasks.index[:50])
    np.testing.assert_array_equal(again.predict(archs, return_std=True), fitted.predict(archs, return_std=True))
    assert again.tasks_ == fitted.tasks_ == ("room_layout/valid_normal_score", "jigsaw")
    assert again.sources_ == fitted.sources_
    oracle = Oracle(again)
    assert oracle.task("room_layout").column == "valid_normal_score"
    history = run_search("random", oracle, "room_layout", budget=20, seed=0)
    assert history.values.shape == (20, 1)
    measured = Oracle(again, Table.from_frame(tasks[["room_layout"]].iloc[:9].rename_axis("arch")))
    assert measured(archs[0], "room_layout") == tasks["room_layout"].iloc[0]  # measured and scored are two tasks
    assert abs(measured(archs[0], "room_layout/valid_normal_score")) < 4


def test_normal_scores_are_not_bounded_in_the_unit_of_the_task(tasks):
    measured = tasks[["class_scene"]].assign(latency_ms=1.0 * np.arange(len(tasks)))
    sources = Table.from_frame(measured.rename_axis("arch"), minimize="latency_ms")
    with pytest.warns(UserWarning, match=UNIT), pytest.warns(UserWarning, match="pools architectures"):
        oracle = Oracle(_fit(sources, _empty("energy_mj"), minimize="energy_mj"))
    for bound in ("energy_mj<=5", "energy_mj>0"):
        with pytest.raises(
            UnknownNameError, match=r"only as normal scores.*their name is 'energy_mj/valid_normal_score'"
        ):
            oracle.best("energy_mj", constraints=[bound])
    with pytest.raises(UnknownNameError, match="only as normal scores"):
        cost_to_minimise(oracle, "energy_mj")
    (best,) = oracle.best("energy_mj", 1, constraints=["energy_mj/valid_normal_score>=1"])["value"]
    assert best >= 1


def test_one_source_says_little(tasks):
    with pytest.warns(UserWarning, match=UNIT):
        fitted = _fit(tasks[["class_scene"]], [])
    mean, std = fitted.predict(list(tasks.index), return_std=True)
    assert fitted.tasks_ == ("y0/valid_normal_score",)
    assert kendalltau(mean, tasks["class_scene"])[0] > 0.5
    np.testing.assert_allclose(std, np.sqrt(1 + 0.5**2))


def test_sources_need_not_know_the_architectures(tasks):
    """Their structure carries: nothing that is asked was measured on any task."""
    here, there = tasks.iloc[::2], tasks.iloc[1::2]
    mean = _fit(there, _empty("jigsaw")).predict(list(here.index))[:, 0]
    assert kendalltau(mean, here["jigsaw"])[0] > 0.4


def test_the_space_is_that_of_the_sources_or_given(tasks):
    cells = get_space("nasbench201").sample(60, rng=0)
    elsewhere = pd.DataFrame({"cifar10": np.arange(60.0), "cifar100": np.arange(60.0)}, index=cells)
    both = [elsewhere, pd.DataFrame({"jigsaw": [1.0, 2.0]}, index=["64-41414-3_33_333", "64-41414-1_11_111"])]
    assert _fit(elsewhere, _empty("ImageNet16-120")).space_ == "nasbench201"
    with pytest.raises(ValueError, match=r"one space, or TransferSurrogate\(space=...\), got nasbench201, transnas101"):
        _fit(both, [])
    with pytest.warns(UserWarning, match=UNIT):
        assert _fit(both, [], space="transnas101-micro").space_ == "transnas101-micro"
    with pytest.raises(ValueError, match="expected architectures of space='nasbench201', got some of transnas101-mac"):
        _fit(tasks, tasks["normal"].iloc[:9], tasks.index[:9], space="nasbench201")
    fitted = BoostedSurrogate(n_members=2, n_rounds=5, n_jobs=1).fit(list(tasks.index[:40]), tasks.iloc[:40])
    assert _fit(fitted, _empty("jigsaw")).space_ == "transnas101-macro"


@pytest.mark.parametrize(
    ("sources", "Y", "error", "message"),
    [
        (None, [], ValueError, "sources: expected a Table of other tasks"),
        ([], [], ValueError, "expected at least one source task, got none"),
        (["jigsaw"], _empty("jigsaw"), ValueError, "other than the target, got only 'jigsaw'"),
        (["jigsaw"], [1.0], ValueError, "one row of labels for each of 0 architectures, got 1"),
        (["jigsaw"], pd.DataFrame({"normal": [1.0]}), ValueError, "for each of 0 architectures, got 1"),
        (["jigsaw"], pd.DataFrame(), ValueError, "at least one"),
        (["jigsaw"], _empty("Normal"), ValueError, "did you mean the task 'normal'"),
        (["jigsaw"], _empty("my_error"), ValueError, "lower is better"),
        (
            ["jigsaw"],
            _empty("normal", "normal/valid_l1_loss"),
            ValueError,
            "one metric of each task.* got normal, norm",
        ),
    ],
)
def test_bad_input_without_labels(tasks, sources, Y, error, message):
    frame = tasks[sources] if sources else sources
    with pytest.raises(error, match=message):
        _fit(frame, Y)


def test_architectures_without_labels_are_refused(tasks):
    with pytest.raises(ValueError, match="one row of labels for each of 2 architectures, got 0"):
        _fit(tasks, [], tasks.index[:2])


def test_costs_are_expected_of_costs_only(tasks):
    latency = -tasks["jigsaw"] + 100
    table = Table.from_frame(tasks.assign(latency_ms=latency).rename_axis("arch"), minimize=["latency_ms"])
    with pytest.warns(UserWarning, match=f"pools|{UNIT}"):
        fitted = _fit(table, _empty("energy_mj"), minimize="energy_mj")
    assert kendalltau(fitted.predict(list(tasks.index))[:, 0], -latency)[0] > 0.4  # cheap is good
    with (
        pytest.warns(UserWarning, match="pools"),
        pytest.raises(ValueError, match="'energy_mj' is a cost by name, but"),
    ):
        _fit(tasks, _empty("energy_mj"), minimize="energy_mj")


def test_other_surrogates_still_refuse_an_empty_fit():
    with pytest.raises(ArchitectureError, match="at least one architecture"):
        BoostedSurrogate().fit([], [])


def test_a_path_as_the_source_is_told_how_to_read_it() -> None:
    with pytest.raises(TypeError, match="got str; load_table reads a table, load_surrogate a directory"):
        TransferSurrogate(sources="results.csv").fit([], [])
