"""Costs belong to strings, performance to functions: grouping, choice by name, caches, storage, both at once."""

import linecache
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from benchmarks import Table, UnknownNameError, get_space
from encoders import Costs
from surrogates import (
    BoostedSurrogate,
    EnsembleSurrogate,
    GaussianProcessSurrogate,
    Labels,
    Oracle,
    TransferSurrogate,
    load_surrogate,
    save_surrogate,
)
from surrogates.calibration.folds import FoldCalibration
from surrogates.equivalence import equivalence_of_tasks
from surrogates.oracle.predictors import CachedSurrogate, LazySurrogate
from surrogates.oracle.tabulated import TabulatedSurrogate
from tests.surrogates.test_contracts import Average

MICRO = get_space("transnas101-micro")
DEAD = ["64-41414-3_00_300", "64-41414-0_00_300"]  # the first operation of the first leads nowhere
TRAIN = [arch for arch in MICRO.sample(60, rng=0) if arch not in DEAD]
SIZE = Costs().fit_transform(TRAIN)[:, 0].astype(float) / 1e6
SMALL = {
    "boosted": BoostedSurrogate(n_members=2, n_rounds=20, n_jobs=1),
    "gp": GaussianProcessSurrogate(),
    "ensemble": EnsembleSurrogate(
        members=[BoostedSurrogate(n_members=2, n_rounds=20, n_jobs=1), GaussianProcessSurrogate()]
    ),
}


def small(name, equivalence):
    return clone(SMALL[name]).set_params(equivalence=equivalence)


def both_kinds():
    threes = np.array([MICRO.simplify([arch])[0].count("3") for arch in TRAIN], dtype=float)
    return pd.DataFrame({"jigsaw": threes, "edge_latency": SIZE}, index=TRAIN)


@pytest.mark.parametrize("name", SMALL)
def test_a_dead_operation_changes_only_what_strings_decide(name):
    assert MICRO.simplify(DEAD)[0] == MICRO.simplify(DEAD)[1]
    pooled = small(name, "function").fit(TRAIN, SIZE).predict(DEAD)
    assert pooled[0] == pooled[1]
    mean, std = small(name, "string").fit(TRAIN, SIZE).predict(DEAD, return_std=True)
    assert mean[0] > mean[1]  # a 3x3 convolution more
    assert (std > 0).all()


@pytest.mark.parametrize("name", SMALL)
def test_stored_with_its_equivalence(name, tmp_path):
    fitted = small(name, "string").fit(TRAIN, SIZE)
    again = load_surrogate(fitted.save(tmp_path / "model"))
    assert again.equivalence_ == "string"
    assert again.get_params(deep=False)["equivalence"] == "string"
    for mine, theirs in zip(fitted.predict(DEAD, True), again.predict(DEAD, True), strict=True):
        assert_array_equal(mine, theirs)


def test_groups_of_labels():
    labels = Labels.from_data(DEAD, [1.0, 3.0])
    assert labels.group.tolist() == [0, 0]
    told_apart = labels.select(labels.tasks, "string")
    assert told_apart.archs == tuple(DEAD)
    assert told_apart.group.tolist() == [0, 1]
    assert told_apart.select(labels.tasks, "function").archs == labels.archs
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    assert Labels.from_data(DEAD, frame).select(["b"], "string").values.tolist() == [[3.0], [4.0]]


def test_replicates_of_a_string_are_pooled():
    fitted = small("gp", "string").fit([DEAD[0]] * 3 + TRAIN, [5.0, 5.5, 6.0, *SIZE])
    assert fitted.n_archs_ == len(TRAIN) + 1


@pytest.mark.parametrize("task", ["edgegpu_latency", "fpga_energy", "params", "memory_mb", "FLOPs"])
def test_chosen_by_the_name_of_a_cost(task):
    with pytest.warns(UserWarning, match="taken for a cost by name.*equivalence='function' pools them"):
        fitted = small("gp", None).fit(TRAIN, pd.Series(SIZE, name=task), minimize=[task])
    assert fitted.equivalence_ == "string"
    assert fitted.get_params()["equivalence"] is None
    assert_array_equal(fitted.predict(DEAD), small("gp", "string").fit(TRAIN, SIZE).predict(DEAD))


@pytest.mark.parametrize("task", ["jigsaw", "cifar10", "accuracy", "room_layout", "y0", "test_error"])
def test_other_names_pool_functions(task):
    assert equivalence_of_tasks(None, [task], "EnsembleSurrogate") == ("function",)


@pytest.mark.parametrize("equivalence", ["string", "function"])
def test_a_request_is_followed_without_a_word(equivalence):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = small("gp", equivalence).fit(TRAIN, both_kinds(), minimize=["edge_latency"])
    assert fitted.equivalence_ == equivalence
    assert fitted.parts_ == ()


def test_an_unknown_equivalence_is_refused():
    with pytest.raises(UnknownNameError, match=r"string"):
        small("gp", "strings").fit(TRAIN, SIZE)


def test_surrogates_that_pool_say_so():
    labels = pd.Series(SIZE, name="edge_latency")
    with pytest.warns(UserWarning, match="edge_latency: Average pools architectures of equal function; for costs"):
        assert Average().fit(TRAIN, labels, minimize=["edge_latency"]).equivalence_ == "function"
    sources = pd.DataFrame({"other": SIZE**2}, index=TRAIN)
    surrogate = TransferSurrogate(sources=sources, n_rounds=5, n_jobs=1)
    with pytest.warns(UserWarning, match="TransferSurrogate pools"):
        surrogate.fit(TRAIN[:10], labels[:10], minimize=["edge_latency"])


def test_an_ensemble_needs_members_that_can():
    class Pooling(BoostedSurrogate):
        def tells_strings_apart(self):
            return False

    members = [GaussianProcessSurrogate(), Pooling(n_members=2, n_rounds=5, n_jobs=1)]
    with pytest.raises(ValueError, match="equivalence='function' or None for EnsembleSurrogate"):
        EnsembleSurrogate(members=members, equivalence="string").fit(TRAIN, SIZE)
    with pytest.warns(UserWarning, match="EnsembleSurrogate pools"):
        pooled = EnsembleSurrogate(members=members).fit(TRAIN, pd.Series(SIZE, name="latency"), minimize="latency")
    assert pooled.members_[0].equivalence_ == "function"
    other = EnsembleSurrogate(members=[GaussianProcessSurrogate(equivalence="function")], equivalence="string")
    with pytest.raises(ValueError, match="got 'function' for GaussianProcessSurrogate"):
        other.fit(TRAIN, SIZE)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("columns", [["jigsaw", "edge_latency"], ["edge_latency", "jigsaw"]])
def test_costs_and_performance_at_once_are_as_each_alone(name, columns, tmp_path):
    labels = both_kinds()[columns]
    with pytest.warns(UserWarning, match="edge_latency: taken for a cost"):
        both = small(name, None).fit(TRAIN, labels, minimize="edge_latency")
    assert both.tasks_ == tuple(columns)
    assert list(both.cv_scores_) == columns
    archs = [*DEAD, *MICRO.sample(20, rng=1)]
    for task, equivalence in (("jigsaw", "function"), ("edge_latency", "string")):
        lowered = [] if task == "jigsaw" else [task]
        alone = small(name, equivalence).fit(TRAIN, labels[[task]], minimize=lowered)
        for mine, own in zip(both.predict(archs, True), alone.predict(archs, True), strict=True):
            assert_array_equal(mine[:, columns.index(task)], own[:, 0])
        assert_array_equal(both.oob_prediction_[:, columns.index(task)], alone.oob_prediction_[:, 0])
    again = load_surrogate(both.save(tmp_path / "model"))
    for mine, theirs in zip(both.predict(archs, True), again.predict(archs, True), strict=True):
        assert_array_equal(mine, theirs)
    refitted = both.set_params(equivalence="string").fit(TRAIN, labels, minimize="edge_latency")
    assert refitted.parts_ == ()


@pytest.mark.parametrize("name", SMALL)
def test_left_out_predictions_of_both_kinds_are_in_the_order_given(name):
    order = np.random.default_rng(0).permutation(len(TRAIN))
    labels, archs = both_kinds(), [TRAIN[i] for i in order]
    with pytest.warns(UserWarning, match="edge_latency: taken for a cost"):
        given = small(name, None).fit(TRAIN, labels, minimize="edge_latency")
    with pytest.warns(UserWarning, match="edge_latency: taken for a cost"):
        mixed = small(name, None).fit(archs, labels.iloc[order], minimize="edge_latency")
    assert_array_equal(mixed.oob_prediction_, given.oob_prediction_[order])
    assert np.corrcoef(mixed.oob_prediction_[:, 1], SIZE[order])[0, 1] > 0.7


@pytest.mark.parametrize("equivalence", ["function", "string"])
def test_left_out_scores_of_members_are_in_the_order_given(equivalence):
    order = np.random.default_rng(0).permutation(len(TRAIN))
    members = [GaussianProcessSurrogate(), GaussianProcessSurrogate(kernels=["laplace"])]
    given = EnsembleSurrogate(members=members, equivalence=equivalence)
    mixed = clone(given).fit([TRAIN[i] for i in order], SIZE[order])
    given.fit(TRAIN, SIZE)
    for one, other in zip(mixed.members_, given.members_, strict=True):
        assert_array_equal(one.oob_scores_, other.oob_scores_[order])


def warned_at(call, match):
    """File and source line that a warning points to."""
    with pytest.warns(UserWarning, match=match) as caught:
        call()
    (warning,) = [one for one in caught if re.search(match, str(one.message))]
    return warning.filename, linecache.getline(warning.filename, warning.lineno).strip()


@pytest.mark.parametrize("name", [*SMALL, "transfer"])
def test_warnings_point_to_the_line_that_fits(name):
    labels = pd.Series(SIZE, TRAIN, name="latency_ms")
    sources = pd.DataFrame({"other": SIZE**2}, index=TRAIN)
    transfer = TransferSurrogate(sources=sources, n_members=2, n_rounds=5, n_jobs=1)
    model = transfer if name == "transfer" else small(name, None)

    def costs():
        model.fit(TRAIN, labels, minimize="latency_ms")

    def equal():
        model.fit(TRAIN, np.ones(len(TRAIN)))

    says = "latency_ms: TransferSurrogate pools" if name == "transfer" else "latency_ms: taken for a cost"
    assert warned_at(costs, says) == (__file__, 'model.fit(TRAIN, labels, minimize="latency_ms")')
    assert warned_at(equal, "are equal") == (__file__, "model.fit(TRAIN, np.ones(len(TRAIN)))")


def test_a_warning_of_a_mixture_points_to_the_line_that_mixes():
    frame = both_kinds()[["jigsaw"]]
    surrogate = small("gp", "function").fit(TRAIN, frame)
    table = Table.from_frame(frame.rename_axis("arch") + 60)

    def first():
        Oracle(surrogate, table)

    assert warned_at(first, "measured values lie outside") == (__file__, "Oracle(surrogate, table)")


LEARNED = ("calibration_", "oob_scores_", "members_", "encoder_", "weights_", "archs_", "kernels_", "own_unit_")


@pytest.mark.parametrize("name", SMALL)
def test_a_refit_forgets_in_all_directions(name):
    """Few rows of one task, more with a cost, one task again: each as if it were the first."""
    labels = both_kinds()
    surrogate, fresh = small(name, None), small(name, None)
    surrogate.fit(TRAIN[:20], labels["jigsaw"].iloc[:20])
    for model in (surrogate, fresh):
        with pytest.warns(UserWarning, match="edge_latency: taken for a cost"):
            model.fit(TRAIN, labels, minimize="edge_latency")
    assert_array_equal(surrogate.predict(DEAD), fresh.predict(DEAD))
    assert_array_equal(surrogate.oob_prediction_, fresh.oob_prediction_)
    assert not {*LEARNED} & set(vars(surrogate)), "its parts have these"
    learned = [{name for name in vars(model) if not name.startswith("_")} for model in (surrogate, fresh)]
    assert learned[0] == learned[1]
    surrogate.fit(TRAIN[:20], labels["jigsaw"].iloc[:20])
    assert (surrogate.parts_, surrogate.minimize_, surrogate.tasks_) == ((), (), ("jigsaw",))
    assert surrogate.oob_scores_.shape == (20, 1)


def test_what_a_stored_surrogate_knows_of_its_table_is_not_that_of_a_refit(tmp_path):
    rows = both_kinds()[["jigsaw"]].rename_axis("arch")
    save_surrogate(small("boosted", "function").fit(TRAIN, rows), tmp_path / "model", Table.from_frame(rows))
    again = load_surrogate(tmp_path / "model")
    assert again.table_hash_ is not None
    assert list(again.trainings_) == ["jigsaw"]
    other = load_surrogate(again.fit(TRAIN[:30], SIZE[:30]).save(tmp_path / "other"))
    assert (other.table_hash_, other.trainings_) == (None, None)


def test_a_fit_that_fails_half_way_leaves_the_surrogate_as_it_was(monkeypatch):
    surrogate = small("boosted", "function").fit(TRAIN, SIZE)
    before, said = dict(vars(surrogate)), surrogate.predict(DEAD)

    def fails(*_, **__):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(FoldCalibration, "fit", fails)
    for model in (surrogate, small("boosted", "function")):
        with pytest.raises(RuntimeError, match="out of memory"):
            model.fit(TRAIN[:20], both_kinds()[["jigsaw"]].iloc[:20])
    assert vars(surrogate) == before
    assert_array_equal(surrogate.predict(DEAD), said)
    with pytest.raises(NotFittedError):
        model.predict(DEAD)
    assert "members_" not in vars(model)


@pytest.mark.parametrize("name", ["gp", "ensemble"])
def test_answers_are_told_apart_wherever_they_are_kept(name, tmp_path):
    fitted = small(name, "string").fit(TRAIN, pd.Series(SIZE, name="own_score"))
    mean = fitted.predict(DEAD)
    folder = fitted.save(tmp_path / "model")
    predictors = [CachedSurrogate(fitted, 100), CachedSurrogate(CachedSurrogate(fitted, 100), 100)]
    predictors += [CachedSurrogate(LazySurrogate(folder), 100), TabulatedSurrogate.from_predictor(fitted)]
    for predictor in predictors:
        assert_allclose(predictor.predict(DEAD, True)[0].ravel(), mean)
    for oracle in (Oracle(fitted), Oracle(fitted).bake()):
        assert_allclose([oracle(arch, "own_score") for arch in DEAD], mean)
        assert_allclose(oracle.query(DEAD)["value"], mean)
    pooled = TabulatedSurrogate.from_predictor(small(name, "function").fit(TRAIN, SIZE))
    assert len(pooled.mean) < len(TabulatedSurrogate.from_predictor(fitted).mean) == len(MICRO)
