"""What labels are taken for: masks, names, equal ones; and what surrogates make of them as scikit-learn regressors."""

import re
import warnings

import numpy as np
import pandas as pd
import pyarrow
import pytest
from sklearn.base import is_regressor
from sklearn.ensemble import BaggingRegressor

from benchmarks import get_space
from benchmarks.errors import ArchitectureError, UnknownNameError
from benchmarks.table import Table
from surrogates import BoostedSurrogate, EnsembleSurrogate, GaussianProcessSurrogate, Oracle, TransferSurrogate
from surrogates.labels import Labels
from surrogates.models.threads import thread_count
from surrogates.search import run_search

MACRO_SPACE = get_space("transnas101-macro")
ARCHS = MACRO_SPACE.sample(40, rng=3)
DEPTH = np.array([float(len(arch)) + int(arch[3]) for arch in ARCHS])
QUICK = {"n_members": 2, "n_rounds": 10, "n_jobs": 1}


def test_a_masked_label_is_a_missing_one():
    mask = np.arange(40) % 3 == 0
    values = np.where(mask, 1e6, DEPTH)
    read = Labels.from_data(ARCHS, np.ma.array(values, mask=mask))
    np.testing.assert_array_equal(read.values[:, 0], np.where(mask, np.nan, DEPTH))


def test_labels_of_another_metric_are_warned_of_and_a_name_with_the_metric_knows_its_direction():
    frame = pd.DataFrame({"arch": ARCHS, "jigsaw": 90 + DEPTH / 10, "jigsaw/valid_loss": 20 - DEPTH})
    loss = Table.from_frame(frame).to_frame("valid_loss")
    with pytest.warns(
        UserWarning, match="'jigsaw' contains valid_loss, but a task name without a metric means valid_top1"
    ):
        BoostedSurrogate(**QUICK).fit(ARCHS, loss)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        named = BoostedSurrogate(**QUICK).fit(ARCHS, loss.add_suffix("/valid_loss"))
        BoostedSurrogate(**QUICK).fit(ARCHS, Table.from_frame(frame).to_frame(split="valid"))
    oracle = Oracle(named)
    space, task = get_space("transnas101-macro"), "jigsaw/valid_loss"
    predicted = named.predict(list(space.archs))[:, 0]
    assert oracle.rank(space.archs[int(predicted.argmin())], task) == 1
    assert oracle.rank(space.archs[int(predicted.argmax())], task) > len(space) / 2


def test_equal_labels_are_warned_of():
    with pytest.warns(UserWarning, match="all labels of y0 are equal: every architecture is predicted as that value"):
        fitted = BoostedSurrogate(**QUICK).fit(ARCHS[:1], [90.0])
    mean, std = fitted.predict(ARCHS, return_std=True)
    assert (mean == 90).all()
    assert (std == 0).all()


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_the_unit_of_labels_scales_mean_and_std_alike(unit):
    noisy = DEPTH + np.random.default_rng(0).normal(size=40)
    mean, std = BoostedSurrogate(**QUICK).fit(ARCHS, noisy).predict(ARCHS, return_std=True)
    scaled = BoostedSurrogate(**QUICK).fit(ARCHS, noisy * unit).predict(ARCHS, return_std=True)
    np.testing.assert_allclose(scaled[0], mean * unit, rtol=1e-5)
    np.testing.assert_allclose(scaled[1], std * unit, rtol=1e-5)


def test_a_surrogate_is_a_regressor_to_scikit_learn():
    surrogate = BoostedSurrogate(**QUICK)
    assert is_regressor(surrogate)
    column = np.array(ARCHS, dtype=object)[:, None]
    np.testing.assert_array_equal(surrogate.fit(column, DEPTH).predict(column), surrogate.predict(ARCHS))
    bag = BaggingRegressor(surrogate, n_estimators=2, max_samples=30, bootstrap=False, random_state=0)
    parts = bag.fit(column, DEPTH).estimators_
    np.testing.assert_allclose(bag.predict(column), np.mean([part.predict(ARCHS) for part in parts], axis=0))


@pytest.mark.parametrize(
    ("archs", "message"),
    [
        (np.array([ARCHS[:2], ARCHS[2:4]]), r"of shape \(n,\) or \(n, 1\), got \(2, 2\)"),
        ([ARCHS[0], None], "expected an architecture string at position 1, got NoneType None"),
        ([3.5], "expected an architecture string at position 0, got float 3.5"),
    ],
)
def test_what_is_no_list_of_strings_is_named(archs, message):
    with pytest.raises(ArchitectureError, match=message):
        BoostedSurrogate(**QUICK).fit(ARCHS, DEPTH).predict(archs)


def test_scores_of_another_task_are_refused():
    fitted = BoostedSurrogate(**QUICK).fit(ARCHS, pd.Series(DEPTH, name="jigsaw"))
    assert fitted.score(ARCHS, pd.Series(DEPTH, name="jigsaw")) == fitted.score(ARCHS, DEPTH)
    with pytest.raises(ValueError, match="expected labels of jigsaw, got normal"):
        fitted.score(ARCHS, pd.Series(DEPTH, name="normal"))


@pytest.mark.parametrize(
    ("surrogate", "message"),
    [
        (TransferSurrogate(sources=pd.DataFrame({"a": DEPTH}, index=ARCHS), n_jobs=0), "n_jobs: expected .* got 0"),
        (TransferSurrogate(sources=pd.DataFrame({"a": DEPTH}, index=ARCHS), n_members=0), "n_members == 0"),
        (TransferSurrogate(), "sources: expected .* got None"),
        (GaussianProcessSurrogate(length_scales=()), r"length_scales: expected positive numbers, .* got \(\)"),
        (GaussianProcessSurrogate(max_rows=0), "max_rows == 0"),
        (EnsembleSurrogate(prior_rows=-10), "prior_rows == -10"),
    ],
)
def test_parameters_that_make_no_sense(surrogate, message):
    with pytest.raises(ValueError, match=message):
        surrogate.fit(ARCHS, DEPTH)


def test_n_jobs_is_read_the_same_way_everywhere(monkeypatch):
    monkeypatch.setattr("joblib.effective_n_jobs", lambda n: 6)
    assert [thread_count(None), thread_count(None, by_default=1), thread_count(-1), thread_count(2)] == [6, 1, 6, 2]
    with pytest.raises(ValueError, match="got -2"):
        thread_count(-2)
    with pytest.raises(TypeError, match=r"got 1\.5"):
        thread_count(1.5)
    source = pd.DataFrame({"a": DEPTH**2}, index=ARCHS)
    TransferSurrogate(sources=source, n_rounds=5, n_jobs=-1).fit(ARCHS[:12], DEPTH[:12])


def test_a_name_is_no_surrogate():
    with pytest.raises(
        ValueError, match=r"got 'transnas101-micro'; Oracle\.from_pretrained loads a bundled one, load_surrogate"
    ):
        Oracle("transnas101-micro")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value", "span"),
    [
        ("jigsaw", -3.0, "valid_top1, from 0 to 100, got -3"),
        ("jigsaw", 140.0, "valid_top1, from 0 to 100, got 140"),
        ("autoencoder", 1.2, "valid_ssim, from -1 to 1, got 1.2"),
        ("room_layout", 0.7, "valid_neg_loss, from -inf to 0, got 0.7"),
        ("jigsaw/valid_loss", -0.1, "valid_loss, from 0 to inf, got -0.1"),
        ("cifar10", 100.2, "valid_top1, from 0 to 100, got 100.2"),
    ],
)
def test_one_impossible_value_is_refused_by_its_row(name, value, span):
    archs = get_space("transnas101-macro").sample(6, rng=0)
    possible = {"autoencoder": 0.5, "room_layout": -0.7, "jigsaw/valid_loss": 0.3}.get(name, 60.0)
    labels = [possible, possible + 0.01, value, possible, float("nan"), value]
    message = re.escape(f"{name!r}: expected values of {span} at row 2 ({archs[2]})")
    for surrogate in (BoostedSurrogate(n_rounds=2), GaussianProcessSurrogate()):
        with pytest.raises(ValueError, match=message):
            surrogate.fit(archs, pd.DataFrame({name: labels}))


def test_rounding_beyond_a_bound_is_no_impossible_value():
    archs = get_space("transnas101-macro").sample(4, rng=0)
    Labels.from_data(archs, pd.Series([100.0001, -0.0001, 50.0, 60.0], name="jigsaw")).check_bounds()


def test_tables_of_pyarrow_are_labels():
    labels = pd.DataFrame({"arch": ARCHS, "depth": DEPTH, "width": -DEPTH})
    expected = Labels.from_data(ARCHS, labels)
    for archs in (ARCHS, pyarrow.array(ARCHS)):
        read = Labels.from_data(archs, pyarrow.table(labels))
        assert (read.tasks, read.strings) == (("depth", "width"), tuple(ARCHS))
        np.testing.assert_array_equal(read.values, expected.values)
    with pytest.raises(ValueError, match=r"expected labels of .* at row 0, got those of"):
        Labels.from_data(ARCHS, pyarrow.table(labels[::-1]))


@pytest.mark.parametrize("task", [3, None, ["jigsaw"], 1.5])
def test_tasks_that_are_no_names_are_refused_in_one_line(task):
    oracle, table = Oracle.from_pretrained("transnas101-macro"), Table.from_frame({"arch": ARCHS, "depth": DEPTH})
    asked = [lambda: oracle(ARCHS[0], task), lambda: oracle.rank(ARCHS[0], task), lambda: oracle.best(task)]
    asked += [lambda: table.best(task), lambda: table.column(task), lambda: table.task(task)]
    asked += [lambda: oracle.query(ARCHS, [task]), lambda: table.where(tasks=[task])]
    if task == 3:
        asked += [lambda: oracle.query(ARCHS, task), lambda: oracle.oriented(task), lambda: table.where(tasks=task)]
    for ask in asked:
        with pytest.raises(UnknownNameError, match=f"unknown task {re.escape(repr(task))}"):
            ask()
    with pytest.raises(TypeError, match="expected a name or a list of names as task"):
        run_search("random", oracle, [task], budget=2)


@pytest.mark.parametrize("factor", [1e200, 1e-200, 1e307, 1e-310])
@pytest.mark.parametrize("surrogate", [BoostedSurrogate(n_members=2, n_rounds=5), GaussianProcessSurrogate()])
def test_labels_without_a_variance_in_double_precision_are_refused(surrogate, factor):
    """Their squares are infinite or 0: means were infinite, or stds a third too small."""
    archs = MACRO_SPACE.sample(8, rng=0)
    labels = factor * np.arange(1.0, 9.0)
    said = "1e\\+150 in size|from -1e\\+150 to 1e\\+150" if factor > 1 else "differ by 0 or at least 1e-150"
    with pytest.raises(ValueError, match=f"labels of 'mine': expected numbers .*({said})"):
        surrogate.fit(archs, pd.Series(labels, name="mine"))
    with pytest.raises(ValueError, match=f"source 's': expected numbers .*({said})"):
        TransferSurrogate(sources=pd.DataFrame({"s": labels}, index=archs)).fit(archs[:3], [1.0, 5.0, 2.0])


@pytest.mark.parametrize("power", [-490, -100, 100, 490])
def test_labels_of_any_other_size_scale_the_prediction(power):
    """A power of two changes no digit."""
    archs = MACRO_SPACE.sample(24, rng=0)
    labels = np.array([arch.count("2") - 0.3 * arch.count("4") for arch in archs])
    fit = GaussianProcessSurrogate().fit
    mean, std = fit(archs, labels).predict(archs[:5], return_std=True)
    again = fit(archs, 2.0**power * labels).predict(archs[:5], return_std=True)
    np.testing.assert_allclose(np.array(again) * 2.0**-power, [mean, std], rtol=1e-9)


def test_equal_labels_of_any_size_are_allowed():
    archs = MACRO_SPACE.sample(4, rng=0)
    for value in (0.0, 1e-300, 1e149):
        assert Labels.from_data(archs, np.full(4, value)).values.tolist() == [[value]] * 4


def test_a_pivoted_frame_of_labels_is_read_as_a_table_is():
    archs = MACRO_SPACE.sample(3, rng=0)
    pivot = pd.DataFrame({("value", "mine"): [1.0, 2, 3], ("value", "yours"): [4.0, 5, 6]}, index=archs)
    assert Labels.from_data(archs, pivot).tasks == ("mine", "yours")
    metrics = pd.DataFrame(
        {("jigsaw", "valid_top1"): [90.0, 80, 70], ("jigsaw", "valid_loss"): [4.0, 5, 6]}, index=archs
    )
    assert Labels.from_data(archs, metrics).tasks == ("jigsaw", "jigsaw/valid_loss")
    errors = pivot.rename(columns={"value": "test_error"})
    with pytest.raises(ValueError, match="one of them always 'test_error'"):
        Labels.from_data(archs, errors)
    with pytest.raises(ValueError, match="one of them always 'test_error'"):
        TransferSurrogate(sources=errors).fit(archs[:2], [1.0, 2.0])
    with pytest.raises(ValueError, match="expected labels of"):
        Labels.from_data(archs, pivot[::-1])
