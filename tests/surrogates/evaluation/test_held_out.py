import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau, spearmanr

from benchmarks import get_space
from benchmarks.table import Table
from surrogates import BoostedSurrogate, GaussianProcessSurrogate, evaluate
from surrogates.evaluation.held_out import held_out_runs, held_out_scores, means_over_seeds
from surrogates.evaluation.leaderboard import leaderboard


def test_scores_are_those_of_the_protocol(macro_table: Table) -> None:
    found = evaluate(BoostedSurrogate(n_members=2, n_rounds=5), macro_table, [30], [7]).set_index("task")
    frame = macro_table.to_frame()
    order = np.random.default_rng(7).permutation(len(frame))
    train, test = frame.iloc[order[:30]], frame.iloc[order[30:]]
    surrogate = BoostedSurrogate(n_members=2, n_rounds=5, random_state=7).fit(list(train.index), train)
    mean, std = surrogate.predict(list(test.index), return_std=True)
    for column, task in enumerate(frame.columns):
        truth = test[task].to_numpy()
        known = ~np.isnan(truth)
        guess = mean[known, column]
        assert found.loc[task, "tau"] == pytest.approx(kendalltau(truth[known], guess).statistic)
        assert found.loc[task, "rho"] == pytest.approx(spearmanr(truth[known], guess).statistic)
        inside = np.abs(truth[known] - guess) <= 1.6448536 * std[known, column]
        assert found.loc[task, "coverage"] == pytest.approx(inside.mean())


def test_the_surrogate_given_is_not_changed(macro_table: Table) -> None:
    surrogate = BoostedSurrogate(n_members=2, n_rounds=2, random_state=5)
    evaluate(surrogate, macro_table, [20], [0])
    assert surrogate.random_state == 5
    assert not hasattr(surrogate, "space_")


def test_runs_come_one_by_one(macro_table: Table) -> None:
    quick = {"quick": BoostedSurrogate(n_members=2, n_rounds=2)}
    runs = held_out_runs(macro_table.to_frame(), quick, [20, 30], [0, 1])
    assert [(run["n_train"][0], run["seed"][0], len(run)) for run in runs] == [
        (20, 0, 2),
        (20, 1, 2),
        (30, 0, 2),
        (30, 1, 2),
    ]


def test_protocol_distinct_tests_one_of_each_class() -> None:
    archs = get_space("transnas101-micro").archs[:60]
    values = [[float(i % 7)] for i in range(60)]
    table = Table.from_logs(archs, {"jigsaw": {"valid_top1": values}})
    distinct = len(set(get_space("transnas101-micro").canonicals(archs)))
    with pytest.raises(ValueError, match=f"expected training sizes from 1 to {distinct - 1}"):
        evaluate(BoostedSurrogate(n_members=2, n_rounds=2), table, [distinct], [0], protocol="distinct")


def test_a_task_without_labels_in_training_has_no_score(macro_table: Table) -> None:
    frame = macro_table.to_frame().reset_index()
    first = np.random.default_rng(0).permutation(len(frame))[:20]
    frame.loc[first, "jigsaw"] = np.nan
    found = evaluate(BoostedSurrogate(n_members=2, n_rounds=2), Table.from_frame(frame), [20], [0]).set_index("task")
    assert found.loc["jigsaw", ["tau", "rho", "coverage"]].isna().all()
    assert found.loc["room_layout"].notna().all()


def test_predictions_that_are_all_equal_rank_nothing() -> None:
    truth, guess, std = np.array([1.0, 2.0, 3.0, np.nan]), np.full(4, 2.0), np.ones(4)
    assert held_out_scores(truth, guess, std) == (0.0, 0.0, 1.0)
    tau, rho, _ = held_out_scores(np.ones(4), guess, std)
    assert np.isnan([tau, rho]).all(), "measured values that are all equal have no order"
    assert held_out_scores(truth, np.array([3.0, 2.0, 1.0, 0.0]), std)[0] == -1


def test_sizes_are_looked_at_before_the_work(macro_table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoostedSurrogate, "fit", lambda *_: pytest.fail("worked first"))
    with pytest.raises(ValueError, match=r"expected training sizes from 1 to 59 .* got 60"):
        evaluate(BoostedSurrogate(), macro_table, [20, 60], [0])
    with pytest.raises(ValueError, match=r"expected training sizes from 1 to 59 .* got 60"):
        leaderboard(macro_table, ["boosted"], [20, 60], [0], ["all"])
    with pytest.raises(ValueError, match=r"expected training sizes from 1 to 59 .* got 60"):
        held_out_runs(macro_table.to_frame(), {"boosted": BoostedSurrogate()}, [20, 60], [0])


def test_one_task_at_a_time_every_method_is_fitted_alone(macro_table: Table) -> None:
    values = macro_table.to_frame()
    seen: list[tuple[list[str], list[str], int]] = []

    def process(archs: list[str], labels: pd.DataFrame, seed: int) -> GaussianProcessSurrogate:
        seen.append((archs, list(labels.columns), seed))
        return GaussianProcessSurrogate(random_state=seed).fit(archs, labels)

    methods = {"trees": BoostedSurrogate(n_members=2, n_rounds=5), "process": process}
    found = pd.concat(held_out_runs(values, methods, [20], [3], one_task_at_a_time=True))
    assert found["task"].tolist() == [task for task in values.columns for _ in methods]
    assert found["method"].tolist() == ["trees", "process"] * values.shape[1]
    order = np.random.default_rng(3).permutation(len(values))
    for task, (archs, tasks, seed) in zip(values.columns, seen, strict=True):
        train, test = values[task].iloc[order[:20]].dropna(), values[task].iloc[order[20:]]
        assert (archs, tasks, seed) == (list(train.index), [task], 3), "rows without a label are left out"
        for name, surrogate in {
            "trees": BoostedSurrogate(n_members=2, n_rounds=5, random_state=3),
            "process": GaussianProcessSurrogate(random_state=3),
        }.items():
            mean = surrogate.fit(list(train.index), train.to_numpy()).predict(list(test.index))
            known = test.notna().to_numpy()
            expected = kendalltau(test[known], mean[known]).statistic
            row = found[(found["task"] == task) & (found["method"] == name)]
            assert row["tau"].item() == pytest.approx(expected)


def test_runs_that_are_done_are_left_out(macro_table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    methods = {name: BoostedSurrogate(n_members=2, n_rounds=n) for name, n in (("a", 2), ("b", 5))}
    everything = macro_table.to_frame(), methods, [20, 30], [0, 1]
    for alone in (False, True):
        whole = list(held_out_runs(*everything, one_task_at_a_time=alone))
        rest = held_out_runs(*everything, one_task_at_a_time=alone, done=pd.concat(whole[:3])[_KEYS])
        pd.testing.assert_frame_equal(pd.concat(rest), pd.concat(whole[3:]))
        monkeypatch.setattr(BoostedSurrogate, "fit", lambda *_: pytest.fail("fitted again"))
        assert list(held_out_runs(*everything, one_task_at_a_time=alone, done=pd.concat(whole))) == []
        monkeypatch.undo()


def test_a_summary_is_means_and_deviations_over_the_seeds() -> None:
    rng = np.random.default_rng(0)
    tau = rng.random((2, 3, 2))  # sizes, seeds, tasks
    tau[1, 0, 1] = np.nan
    rows = [
        (n, seed, task, tau[i, seed, t])
        for i, n in enumerate((50, 20))
        for seed in range(3)
        for t, task in enumerate("xy")
    ]
    found = means_over_seeds(pd.DataFrame(rows, columns=["n_train", "seed", "task", "tau"]), scores=["tau"])
    assert found[["n_train", "task"]].to_numpy().tolist() == [
        [50, "x"], [50, "y"], [20, "x"], [20, "y"], [50, "mean"], [20, "mean"],
    ]  # fmt: skip
    means = np.nanmean(tau, axis=1)
    np.testing.assert_allclose(found["tau"], [*means.ravel(), *means.mean(axis=1)])
    of_seeds = np.nanmean(tau, axis=2)
    np.testing.assert_allclose(
        found["tau_sd"], [*np.nanstd(tau, axis=1, ddof=1).ravel(), *of_seeds.std(axis=1, ddof=1)]
    )
    assert found["runs"].tolist() == [3, 3, 3, 2, 3, 3]


_KEYS = ["method", "n_train", "seed", "task"]
