"""The tidy frame of scores."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.metrics import kendall_tau, score_frame

ARCHS = [f"a{i}" for i in range(12)]


@pytest.fixture
def truth(rng):
    frame = pd.DataFrame(rng.random((12, 2)), index=ARCHS, columns=["jigsaw", "normal"])
    frame.iloc[0, 0] = np.nan
    return frame


def test_one_row_a_task_with_errors_in_its_unit(truth):
    guess = truth.add([0.5, -0.1])
    scores = score_frame(truth, guess, k=3)
    assert list(scores.columns) == ["n", "kendall", "spearman", "precision@3", "regret@3", "mae", "rmse"]
    assert scores["n"].tolist() == [11, 12]
    np.testing.assert_allclose(scores[["kendall", "precision@3"]], 1)
    np.testing.assert_allclose(scores["mae"], [0.5, 0.1])
    np.testing.assert_allclose(scores["rmse"], [0.5, 0.1])
    np.testing.assert_allclose(scores["regret@3"], 0)


def test_a_frame_is_matched_by_name_an_array_by_position(truth, rng):
    guess = pd.DataFrame(rng.random((12, 2)), index=ARCHS, columns=truth.columns)
    shuffled = guess.iloc[rng.permutation(12), ::-1]
    pd.testing.assert_frame_equal(score_frame(truth, shuffled), score_frame(truth, guess.to_numpy()))
    assert score_frame(truth, guess).loc["normal", "kendall"] == kendall_tau(truth["normal"], guess["normal"])


def test_a_task_nobody_measured_scores_nan(truth):
    scores = score_frame(truth.assign(jigsaw=np.nan), truth.to_numpy())
    assert scores.loc["jigsaw", "n"] == 0
    assert scores.loc["jigsaw"].drop("n").isna().all()


def test_mismatches_are_refused(truth):
    with pytest.raises(ValueError, match=r"expected predictions of shape \(12, 2\), got \(12, 1\)"):
        score_frame(truth, np.zeros((12, 1)))
    with pytest.raises(ValueError, match="'normal' is missing"):
        score_frame(truth, truth[["jigsaw"]])
    with pytest.raises(ValueError, match="'a3' is missing"):
        score_frame(truth, truth.drop(index="a3"))
