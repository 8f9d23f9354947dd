"""EnsembleSurrogate: contract, its members, and better than its parts on the published values."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau
from sklearn.linear_model import Ridge

from benchmarks import get_space, load_table
from benchmarks.protocols import split
from surrogates import BoostedSurrogate, EnsembleSurrogate, GaussianProcessSurrogate
from surrogates.testing import check_surrogate

LIGHT = [BoostedSurrogate(n_members=3, n_rounds=10), GaussianProcessSurrogate()]


def test_contract():
    space = get_space("transnas101-macro")
    check_surrogate(EnsembleSurrogate(members=LIGHT), space, outside="32-23111141-basic")


def test_members_that_use_only_some_rows(rng):
    """The process draws rows; those it never saw are predicted, so that the stack is calibrated on all."""
    archs = get_space("transnas101-micro").sample(120, rng=3)
    labels = np.array([arch.count("3") for arch in archs]) + 0.1 * rng.normal(size=120)
    members = [BoostedSurrogate(n_members=3, n_rounds=30), GaussianProcessSurrogate(max_rows=40)]
    ensemble = EnsembleSurrogate(members=members).fit(archs, labels)
    assert np.isfinite(ensemble.oob_scores_).all()
    drawn = GaussianProcessSurrogate(max_rows=40).fit(archs, labels)
    left = drawn.oob_scores_[:, 0]
    assert kendalltau(left, labels).statistic > 0.5
    mean, std = ensemble.predict(archs, return_std=True)
    assert np.isfinite(mean).all()
    assert np.isfinite(std).all()


def test_threads_are_those_of_every_member():
    archs = get_space("transnas101-macro").sample(12, rng=0)
    own = [BoostedSurrogate(n_members=2, n_rounds=5, n_jobs=2), GaussianProcessSurrogate()]
    for n_jobs, expected in ((1, [1, 1]), (None, [2, None])):
        fitted = EnsembleSurrogate(members=own, n_jobs=n_jobs).fit(archs, range(12))
        assert [member.n_jobs for member in fitted.members_] == expected
    assert [member.n_jobs for member in own] == [2, None], "what was given stays as it is"
    with pytest.raises(ValueError, match="n_jobs: expected a number of threads from 1"):
        EnsembleSurrogate(members=own, n_jobs=0).fit(archs, range(12))


@pytest.mark.parametrize("members", [[], [Ridge()], ["boosted"]])
def test_members_have_to_be_surrogates(members):
    with pytest.raises(ValueError, match="expected surrogates of normal scores as members"):
        EnsembleSurrogate(members=members).fit(["64-2311-basic"], [1.0])


@pytest.mark.data
def test_better_than_its_parts_on_macro(nas_data):
    table = load_table(nas_data / "transnas101/macro_final.csv")
    frame = table.to_frame()
    parts = [BoostedSurrogate(), GaussianProcessSurrogate()]
    scores = pd.DataFrame(0.0, index=["boosted", "gp", "ensemble"], columns=frame.columns)
    for seed in (20, 21):
        rows = split(table, 128, seed)
        train, test = frame.iloc[rows.train], frame.iloc[rows.test]
        ensemble = EnsembleSurrogate(members=parts).fit(list(train.index), train)
        for name, surrogate in zip(scores.index, [*ensemble.members_, ensemble], strict=True):
            predicted = surrogate.predict(list(test.index))
            for t, task in enumerate(frame.columns):
                scores.loc[name, task] += kendalltau(test[task], predicted[:, t]).statistic / 2
    means = scores.mean(axis=1)
    assert means["ensemble"] > means["boosted"] + 0.005
    assert means["ensemble"] > means["gp"] - 0.002
