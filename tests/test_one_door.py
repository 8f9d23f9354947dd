"""Inputs of users that used to give wrong answers in silence: names, directions, units, rows, kinds of number.

Each test takes one kind of input through every door that labels or tables have.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from benchmarks import get_space, load_table, save_table
from benchmarks.errors import ArchitectureError, TableError, UnknownNameError
from benchmarks.metrics import score_frame
from benchmarks.numbers import real_numbers
from benchmarks.table import Table
from surrogates import (
    BoostedSurrogate,
    EnsembleSurrogate,
    GaussianProcessSurrogate,
    Oracle,
    TransferSurrogate,
    load_surrogate,
)
from surrogates.labels import Labels
from surrogates.oracle.tabulated import TabulatedSurrogate
from surrogates.search import History, SearchError, run_search

MACRO = get_space("transnas101-macro")
A = MACRO.sample(80, rng=1)
SIZE = np.array([float(len(arch)) + int(arch[3]) / 10 for arch in A])
QUICK = {"n_members": 2, "n_rounds": 10, "n_jobs": 1}


def boosted(y, **how):
    return BoostedSurrogate(**QUICK).fit(A, y, **how)


# -- direction --------------------------------------------------------------------------------------------------------

DOORS = {
    "fit": lambda name, **how: boosted(pd.Series(SIZE, name=name), **how),
    "frame": lambda name, **how: boosted(pd.DataFrame({name: SIZE}), **how),
    "gp": lambda name, **how: GaussianProcessSurrogate().fit(A, pd.Series(SIZE, name=name), **how),
    "transfer": lambda name, **how: TransferSurrogate(
        sources=pd.DataFrame({"other": SIZE**2}, index=A), n_members=2, n_rounds=5, n_jobs=1
    ).fit(A, pd.Series(SIZE, name=name), **how),
    "table": lambda name, **how: Table.from_frame(pd.DataFrame({"arch": A, name: SIZE}), **how),
    "search": lambda name, **how: run_search(
        "random", lambda archs: [len(arch) for arch in archs], name, 5, space="transnas101-macro", **how
    ),
}


@pytest.mark.filterwarnings("ignore:.*(dead operations|pools architectures):UserWarning")
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", ["test_error", "edgegpu_energy", "val_nll", "n_params", "wallTime"])
def test_names_that_say_lower_is_better_need_a_direction_at_every_door(door, name):
    with pytest.raises(ValueError, match=f"'{name}': the name says that lower is better, .*minimize="):
        DOORS[door](name)
    DOORS[door](name, minimize=[name])
    DOORS[door](name, minimize=name)
    with pytest.raises(ValueError, match="unknown task to minimize"):
        DOORS[door]("quality", minimize=["qualty"])


def test_a_minimized_task_is_minimized_by_oracle_ranks_searches_and_histories(tmp_path):
    error = pd.Series(100 - SIZE, name="test_error")
    surrogate = boosted(error, minimize=["test_error"])
    for fitted in (surrogate, load_surrogate(surrogate.save(tmp_path / "m"))):
        assert fitted.minimize_ == ("test_error",)
        for oracle in (Oracle(fitted), Oracle(fitted).bake()):
            values = fitted.predict(list(MACRO.archs))
            assert not oracle.task("test_error").metric.higher_is_better
            assert oracle.rank(MACRO.archs[int(values.argmin())], "test_error") == 1
            assert oracle.oriented("test_error")["test_error"].to_numpy() == pytest.approx(-values)
            history = run_search("local", oracle, "test_error", 60, seed=0)
            assert history.best[-1, 0] == history.values.min()
            history.save(tmp_path / "h.json")
            assert History.load(tmp_path / "h.json").best_arch() == history.archs[int(history.values[:, 0].argmin())]
    folder = tmp_path / "search"
    run_search("random", Oracle(surrogate), "test_error", 5, folder=folder)
    assert len(run_search("random", Oracle(surrogate), "test_error", 9, folder=folder)) == 9


def test_a_searched_function_is_minimized_and_optuna_is_told_so():
    optuna_adapter = pytest.importorskip("surrogates.search.adapters.optuna_objective")

    def error(archs):
        return [float(int(arch[3])) for arch in archs]

    history = run_search("evolution", error, "my_error", 40, space="transnas101-macro", minimize=["my_error"])
    assert history.best[-1, 0] == history.values.min()
    objective = optuna_adapter.OptunaObjective(error, "my_error", space="transnas101-macro", minimize=["my_error"])
    assert objective.directions == ["minimize"]
    known = Table.from_frame(pd.DataFrame({"arch": A, "jigsaw/valid_loss": SIZE}))
    assert optuna_adapter.OptunaObjective(known, "jigsaw/valid_loss").directions == ["minimize"]


def test_the_packages_own_loss_is_minimized_by_itself():
    table = Table.from_frame(pd.DataFrame({"arch": A, "jigsaw/valid_loss": SIZE}))
    history = run_search("random", table, "jigsaw/valid_loss", 50)
    assert history.best[-1, 0] == history.values.min()
    with pytest.raises(UnknownNameError, match="'valid_loss': a metric without a task; write the task before it"):
        boosted(pd.Series(SIZE, name="valid_loss"))


def test_a_predictor_of_ones_own_states_its_directions():
    class Mine:
        space_, tasks_ = "transnas101-macro", ("latency_ms",)

        def predict(self, archs, return_std=True):
            values = np.array([[float(len(arch))] for arch in archs])
            return values, values

    with pytest.raises(UnknownNameError, match="'latency_ms': the name says that lower is better"):
        Oracle(Mine())
    oracle = Oracle(Mine(), minimize=["latency_ms"])
    assert oracle.rank(min(MACRO.archs, key=len), "latency_ms") == 1


def test_directions_of_table_and_surrogate_must_agree():
    up = boosted(pd.Series(SIZE, name="score_x"))
    down = Table.from_frame(pd.DataFrame({"arch": A, "score_x": SIZE}), minimize=["score_x"])
    with pytest.raises(TableError, match="score_x: better when higher in the surrogate, but when lower in the table"):
        Oracle(up, down)


@pytest.mark.parametrize("name", ["latency_ms", "seed", "my_score"])
def test_a_frame_of_a_table_knows_the_direction_until_its_values_change(name):
    lowered = name != "seed"
    named = name if lowered else f"{name}/valid_value"
    table = Table.from_frame(pd.DataFrame({"arch": A, named: SIZE}), minimize=[named] if lowered else [])
    frame = table.to_frame()
    how = {"equivalence": "function", **QUICK}
    for rows in (frame, frame.iloc[:20], frame[[name]], frame.dropna()):
        fitted = BoostedSurrogate(**how).fit(list(rows.index), rows)
        assert (fitted.tasks_, fitted.minimize_) == ((name,), (name,) if lowered else ())
        assert fitted.score(list(rows.index), rows) > 0.5
    assert Table.from_frame(frame.reset_index()).hash == table.hash
    for changed in (-frame, 100 - frame, 1 / frame):
        with pytest.raises(UnknownNameError, match=f"'{name}': its direction is known of values from"):
            BoostedSurrogate(**how).fit(A, changed)
        with pytest.raises(TableError, match=f"column '{name}': its direction is known of values from"):
            Table.from_frame(changed.reset_index())
    sources = TransferSurrogate(sources=table, n_members=2, n_rounds=5, n_jobs=1)
    assert sources.fit(A[:16], SIZE[:16] ** 2).sources_ == {"y0": (name,)}


@pytest.mark.parametrize("suffix", ["csv", "parquet", "pth"])
def test_any_declared_name_survives_every_format(suffix, tmp_path):
    names = [
        "seed/valid_value",
        "latency_saved_ms/valid_value",
        "rank/valid_cost",
        "Jigsaw/valid_value",
        "точность",
        "q",
    ]
    table = Table.from_frame(pd.DataFrame({"arch": A, **{name: SIZE + i for i, name in enumerate(names)}}))
    save_table(table, tmp_path / f"t.{suffix}")
    again = load_table(tmp_path / f"t.{suffix}")
    assert (again.tasks, again.minimize, again.hash) == (table.tasks, ("rank",), table.hash)


def test_scores_know_directions():
    table = Table.from_frame(pd.DataFrame({"arch": A, "latency_ms": SIZE}), minimize="latency_ms")
    truth = table.to_frame()
    worst = truth.where(truth != truth.min().item(), 99.0)  # ranks the fastest last
    assert score_frame(truth, worst, k=1).loc["latency_ms", "regret@1"] > 0
    assert score_frame(truth, truth, k=1).loc["latency_ms", "regret@1"] == 0
    plain = pd.DataFrame({"test_error": SIZE}, index=A)
    with pytest.raises(UnknownNameError, match="the name says that lower is better"):
        score_frame(plain, plain)
    assert score_frame(plain, plain, minimize=["test_error"]).loc["test_error", "kendall"] == 1


def test_metrics_without_a_direction_have_values():
    table = Table.from_logs(A[:3], {"jigsaw": {"valid_top1": [90.0, 91.0, 92.0], "extra_g": [1.0, 2.0, 3.0]}})
    (name,) = [metric for metric in table.metrics("jigsaw") if metric != "valid_top1"]
    assert table.column(f"jigsaw/{name}").tolist() == [1.0, 2.0, 3.0]
    assert table.task(f"jigsaw/{name}").metric.higher_is_better is None


# -- unit -------------------------------------------------------------------------------------------------------------


def test_fractions_of_a_percentage_are_warned_of_and_refused_beside_percentages():
    percent = 50 + SIZE
    with pytest.warns(
        UserWarning, match="jigsaw/valid_top1: all values are within 0 to 1, but the metric is in percent"
    ):
        table = Table.from_frame(pd.DataFrame({"arch": A, "jigsaw": percent / 100}))
    with pytest.warns(UserWarning, match="'jigsaw': all labels are within 0 to 1, but valid_top1 is in percent"):
        fractions = boosted(pd.Series(percent / 100, name="jigsaw"))
    with pytest.raises(
        TableError, match="jigsaw: the values of the table are fractions, those of the surrogate in perc"
    ):
        Oracle.from_pretrained("transnas101-macro", table)
    with pytest.raises(
        TableError, match="jigsaw: the values of the table are in percent, those of the surrogate fract"
    ):
        Oracle(fractions, Table.from_frame(pd.DataFrame({"arch": A, "jigsaw": percent})))
    Oracle(fractions, table)
    Table.from_frame(pd.DataFrame({"arch": A, "normal": percent / 100}))  # SSIM is within 0 to 1


# -- the target stays its own source ----------------------------------------------------------------------------------

JIGSAW = pd.DataFrame({"arch": A, "jigsaw": 90 + SIZE / 10, "normal": 0.5 + SIZE**2 / 1000})


@pytest.mark.parametrize("name", ["jigsaw", "jigsaw/valid_top1", "jigsaw/top1", " jigsaw "])
@pytest.mark.parametrize("as_frame", [False, True])
def test_the_target_is_no_source_under_any_spelling(name, as_frame):
    sources = JIGSAW.set_index("arch") if as_frame else Table.from_frame(JIGSAW)
    fitted = TransferSurrogate(sources=sources, n_members=2, n_rounds=5, n_jobs=1)
    fitted.fit(A[:16], pd.Series(JIGSAW["jigsaw"].to_numpy()[:16], name=name))
    assert fitted.sources_ == {"jigsaw": ("normal",)}
    assert fitted.tasks_ == ("jigsaw",)


@pytest.mark.parametrize("labels", [lambda y: y, lambda y: pd.Series(y, name="mine"), lambda y: y / 100])
def test_labels_that_are_a_source_are_refused(labels):
    y = JIGSAW["jigsaw"].to_numpy()[:16]
    how = {"n_members": 2, "n_rounds": 5, "n_jobs": 1}
    for sources in (Table.from_frame(JIGSAW), JIGSAW.set_index("arch")):
        with pytest.raises(ValueError, match="are those of the source 'jigsaw' at the same architectures"):
            TransferSurrogate(sources=sources, **how).fit(A[:16], labels(y))
        TransferSurrogate(sources=sources, allow_same=True, **how).fit(A[:16], labels(y))
        TransferSurrogate(sources=sources, **how).fit(A[:16], labels(y + np.arange(16) % 2))


@pytest.mark.parametrize("name", ["Jigsaw", "jigsaw_top1", "jigsaw-valid-top1"])
def test_near_spellings_are_refused_as_labels_and_as_sources(name):
    with pytest.raises(UnknownNameError, match="did you mean the task 'jigsaw'"):
        boosted(pd.Series(SIZE, name=name))
    with pytest.raises(UnknownNameError, match="did you mean the task 'jigsaw'"):
        TransferSurrogate(sources=pd.DataFrame({name: SIZE}, index=A)).fit(A[:16], SIZE[:16] ** 2)


# -- task/metric ------------------------------------------------------------------------------------------------------


def test_measured_metrics_are_answered_by_their_names():
    table = Table.from_frame(pd.DataFrame({"arch": A, "jigsaw": 90 + SIZE / 10, "jigsaw/valid_loss": SIZE / 100}))
    loss = table.to_frame("valid_loss").add_suffix("/valid_loss")
    surrogate = boosted(loss)
    measured = table.value(A[0], "jigsaw", "valid_loss")
    for oracle in (Oracle(surrogate, table), Oracle.from_table(table)):
        (answer,) = oracle.query([A[0]], "jigsaw/valid_loss").to_dict("records")
        assert (answer["value"], answer["source"]) == (measured, "table")
        assert oracle(A[0], "jigsaw/valid_loss") == oracle(A[0], "jigsaw/loss") == measured
        assert oracle.rank(A[int(SIZE.argmin())], "jigsaw/valid_loss") == 1
    assert Oracle.from_table(table)(A[0], "jigsaw/valid_top1") == table.value(A[0], "jigsaw")
    with pytest.raises(UnknownNameError, match="unknown task 'jigsaw/test_loss'"):
        Oracle.from_table(table)(A[0], "jigsaw/test_loss")


@pytest.mark.parametrize("column", ["jigsaw/top1", "jigsaw/valid_top1", "jigsaw"])
def test_a_metric_without_a_split_is_the_valid_one(column):
    table = Table.from_frame(pd.DataFrame({"arch": A, column: 90 + SIZE / 10}))
    assert table.describe().loc["jigsaw", "measured"] == len(A)
    assert Oracle.from_table(table)(A[3], "jigsaw") == 90 + SIZE[3] / 10


# -- rows -------------------------------------------------------------------------------------------------------------


def test_rows_that_belong_to_other_architectures_are_refused():
    shuffled = np.random.default_rng(0).permutation(len(A))
    index = pd.MultiIndex.from_arrays([[A[i] for i in shuffled], shuffled], names=["arch", "seed"])
    with pytest.raises(ValueError, match=r"expected labels of .* at row 0, got those of"):
        boosted(pd.Series(SIZE[shuffled], index=index, name="quality"))
    with pytest.raises(ValueError, match=r"expected labels of .* at row 0, got those of"):
        boosted(pd.DataFrame({"quality": SIZE[shuffled], "Arch": [A[i] for i in shuffled]}))
    ordered = pd.MultiIndex.from_arrays([A, range(len(A))])
    np.testing.assert_array_equal(boosted(pd.Series(SIZE, index=ordered)).predict(A), boosted(SIZE).predict(A))
    named = boosted(pd.Series(SIZE, index=[f"run {i}" for i in range(len(A))]))
    np.testing.assert_array_equal(named.predict(A), boosted(SIZE).predict(A))


def test_rows_of_a_table_belong_to_their_architectures():
    order = np.random.default_rng(0).permutation(len(A))
    with pytest.raises(TableError, match=r"row 0: the index says .*, the column 'arch' .*in the same order"):
        Table.from_frame({"arch": A, "quality": pd.Series(SIZE, index=A).iloc[order]})
    with pytest.raises(TableError, match="row 0: the index says"):
        Table.from_frame(pd.DataFrame({"arch": A, "quality": SIZE}, index=[A[i] for i in order]))
    assert (
        Table.from_frame(pd.DataFrame({"arch": A, "quality": SIZE}, index=A)).column("quality").tolist()
        == SIZE.tolist()
    )
    with pytest.raises(TableError, match="got a set, without order"):
        Table.from_logs(set(A), {"quality": {"valid_value": SIZE}})
    with pytest.raises(SearchError, match="got a pandas object in another order"):
        run_search(
            "random",
            lambda archs: pd.Series([1.0] * len(archs), index=archs[::-1]),
            "quality",
            4,
            space=MACRO.name,
            batch_size=4,
        )


def test_a_set_has_no_order():
    for door in (lambda archs: boosted_on(archs), lambda archs: boosted(SIZE).predict(archs)):
        with pytest.raises(ArchitectureError, match="got a set, without order"):
            door(set(A))


def boosted_on(archs):
    return BoostedSurrogate(**QUICK).fit(archs, SIZE)


def test_two_series_with_other_indexes_are_warned_of():
    with pytest.warns(UserWarning, match="the indexes of architectures and labels differ"):
        BoostedSurrogate(**QUICK).fit(pd.Series(A), pd.Series(SIZE).sort_values())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        BoostedSurrogate(**QUICK).fit(pd.Series(A), pd.Series(SIZE))


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(24)))
def test_any_order_of_rows_gives_the_same_labels_per_architecture(order):
    frame = pd.DataFrame({"quality": SIZE[:24]}, index=A[:24])
    read = Labels.from_data([A[i] for i in order], frame.iloc[list(order)])
    assert dict(zip(read.strings, read.values[:, 0], strict=True)) == dict(zip(A[:24], SIZE[:24], strict=True))


ORDERLESS = {
    "boosted": BoostedSurrogate(**QUICK),
    "gp": GaussianProcessSurrogate(),
    "ensemble": EnsembleSurrogate(members=[BoostedSurrogate(**QUICK), GaussianProcessSurrogate()]),
    "transfer": TransferSurrogate(sources=pd.DataFrame({"other": SIZE**2}, index=A), **QUICK),
}


@pytest.mark.parametrize("model", ORDERLESS)
@pytest.mark.parametrize("seed", [0, 1])
def test_any_order_of_rows_gives_the_same_model(model, seed):
    order = np.random.default_rng(seed).permutation(40)
    Y = pd.DataFrame({"quality": SIZE[:40], "jigsaw": 50 + SIZE[:40] % 7}, index=A[:40])
    Y.iloc[3, 1] = np.nan
    first, second = clone(ORDERLESS[model]), clone(ORDERLESS[model])
    first.fit(A[:40], Y)
    second.fit([A[i] for i in order], Y.iloc[order])
    np.testing.assert_array_equal(first.predict(A), second.predict(A))
    if model != "transfer":  # out-of-fold scores are those of the rows as given
        np.testing.assert_array_equal(first.oob_scores_[order], second.oob_scores_)


def test_any_order_of_the_rows_of_sources_gives_the_same_model():
    frame = pd.DataFrame({"other": SIZE**2, "jigsaw": 50 + SIZE % 7}, index=A)
    frame.iloc[5, 0] = np.nan
    order = np.random.default_rng(2).permutation(len(A))
    for made in (lambda source: source, lambda source: Table.from_frame(source.rename_axis("arch"))):
        first, second = (
            TransferSurrogate(sources=made(source), **QUICK).fit(A[:20], SIZE[:20])
            for source in (frame, frame.iloc[order])
        )
        np.testing.assert_array_equal(first.predict(A), second.predict(A))


# -- what is a result -------------------------------------------------------------------------------------------------


def test_bookkeeping_beside_results_is_left_out_with_a_word():
    frame = pd.DataFrame({"id": range(80), "seed": 0, "quality": SIZE, "epoch": 25, "trial": range(80), "rank": 1})
    with pytest.warns(UserWarning, match="left out 'id', 'seed', 'epoch', 'trial', 'rank'"):
        fitted = boosted(frame)
    assert fitted.tasks_ == ("quality",)
    with pytest.raises(UnknownNameError, match="expected labels of a task, got 'seed', the name of bookkeeping"):
        boosted(pd.Series(SIZE, name="seed"))
    with pytest.raises(UnknownNameError, match="'rank', the name of bookkeeping"):
        run_search("random", lambda archs: np.ones(len(archs)), "rank", 3, space="transnas101-macro")


def test_a_file_written_by_predict_is_read_as_its_predictions():
    written = pd.DataFrame({"arch": A, "jigsaw": 50 + SIZE, "jigsaw_std": 1.0, "in_domain": True})
    with pytest.warns(UserWarning, match="left out 'jigsaw_std', 'in_domain'"):
        assert Table.from_frame(written).tasks == ("jigsaw",)


# -- kinds of number --------------------------------------------------------------------------------------------------

WRONG = {
    "complex": lambda y: y + 0j,
    "bool": lambda y: y > y.mean(),
    "text": lambda y: [str(v) for v in y],
    "dates": lambda y: np.array(y, dtype="datetime64[s]"),
    "bytes": lambda y: np.array([str(v).encode() for v in y]),
    "one bool": lambda y: [True, *y[1:]],
    "one text": lambda y: ["12.5", *y[1:]],
    "objects": lambda y: [{"value": v} for v in y],
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_kinds_of_number_are_refused_at_every_door(kind):
    wrong = WRONG[kind](SIZE)
    with pytest.raises(ValueError, match="expected numeric labels"):
        boosted(wrong)
    with pytest.raises(TableError, match=r"jigsaw/valid_top1: expected numbers \(expected numeric values"):
        Table.from_logs(A, {"jigsaw": {"valid_top1": wrong}})
    with pytest.raises(SearchError, match="ValueError: expected numeric values of the function"):
        run_search("random", lambda archs: WRONG[kind](np.arange(2.0)), "quality", 4, space=MACRO.name, batch_size=2)


@pytest.mark.parametrize("value", [True, np.True_, 1 + 0j, b"12"])
def test_a_frame_with_one_wrong_number_is_refused(value):
    with pytest.raises(TableError, match="column 'quality', row 3: expected a number"):
        Table.from_frame(pd.DataFrame({"arch": A, "quality": [*SIZE[:3], value, *SIZE[4:]]}, dtype=object))


def test_labels_that_cannot_be_of_their_metric_are_refused():
    for name, values in (("room_layout", SIZE), ("jigsaw", -SIZE), ("normal", SIZE), ("jigsaw/valid_loss", -SIZE)):
        with pytest.raises(ValueError, match=f"'{name}': expected values of valid_"):
            boosted(pd.Series(values, name=name))


def test_rounded_and_mirrored_copies_are_the_source_too():
    fine = np.random.default_rng(0).normal(90, 2, len(A))
    sources = pd.DataFrame({"jigsaw": fine, "normal": SIZE / 100}, index=A)
    for copy in (np.round(fine, 2), 100 - fine, fine / 100):
        with pytest.raises(ValueError, match="are those of the source 'jigsaw'"):
            TransferSurrogate(sources=sources, **QUICK).fit(A[:16], pd.Series(copy[:16], name="puzzle"))


def test_a_series_of_a_table_knows_its_direction():
    table = Table.from_frame(pd.DataFrame({"arch": A, "q": SIZE / 20}), minimize=["q"])
    frame = table.to_frame()
    assert boosted(frame["q"]).minimize_ == ("q",)
    for changed in (1 - frame, 1 - frame["q"], frame.rank(pct=True, ascending=False)):
        with pytest.raises(UnknownNameError, match="'q': its direction is known of values"):
            boosted(changed)


def test_masked_values_are_missing_ones():
    masked = np.ma.masked_greater(np.arange(4.0), 2)
    np.testing.assert_array_equal(real_numbers(masked), [0, 1, 2, np.nan])
    with pytest.raises(SearchError, match="the oracle returned"):
        run_search("random", lambda archs: np.ma.masked_all(len(archs)), "quality", 3, space=MACRO.name)


@given(st.lists(st.one_of(st.none(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False)), max_size=8))
def test_real_numbers_are_kept(values):
    expected = [np.nan if value is None else float(value) for value in values]
    np.testing.assert_array_equal(real_numbers(values), expected)


def test_an_integer_too_large_for_a_float_is_refused():
    with pytest.raises(ValueError, match="too large for a float"):
        real_numbers([10**400])


# -- two trainings ----------------------------------------------------------------------------------------------------


def test_measured_values_of_another_training_are_warned_of():
    space = get_space("transnas101-macro")
    mean = 90 + np.linspace(-1, 1, len(space))[:, None]
    predictor = TabulatedSurrogate(space.name, ["jigsaw"], np.arange(len(space)), mean, np.full_like(mean, 0.1))
    at = np.array([space.index(arch) for arch in A])
    table = {shift: Table.from_frame(pd.DataFrame({"arch": A, "jigsaw": mean[at, 0] + shift})) for shift in (0.05, 2.0)}
    with pytest.warns(UserWarning, match="jigsaw: 64 of 64 measured values lie outside the 90% interval"):
        Oracle(predictor, table[2.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Oracle(predictor, table[0.05])
        Oracle(predictor, table[2.0], source="table")
