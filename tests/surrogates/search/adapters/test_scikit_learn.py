"""Encoders and surrogates in scikit-learn's pipelines and model selection, with strings as X."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import FeatureUnion, Pipeline

from benchmarks.metrics import kendall_tau
from encoders import GraphFeatures, OneHotEncoding, PathEncoding
from surrogates import BoostedSurrogate, Oracle

QUICK = {"n_members": 2, "n_rounds": 5, "n_jobs": 1}
FOLDS = KFold(3, shuffle=True, random_state=0)


@pytest.fixture(scope="module")
def archs(micro: Oracle) -> list[str]:
    return micro.space.sample(90, rng=0)


@pytest.fixture(scope="module")
def labels(micro: Oracle, archs: list[str]) -> pd.DataFrame:
    return pd.DataFrame(micro.answers(archs, ["jigsaw", "normal"]).value, columns=["jigsaw", "normal"])


def test_grid_search_over_surrogates_by_hand(archs: list[str], labels: pd.DataFrame) -> None:
    """With several tasks, the score of a surrogate is the mean of Kendall's tau."""
    search = GridSearchCV(BoostedSurrogate(**QUICK), {"max_depth": [1, 3]}, cv=FOLDS).fit(archs, labels)
    for params, mean in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
        taus = []
        for train, test in FOLDS.split(archs):
            model = BoostedSurrogate(**QUICK, **params).fit([archs[i] for i in train], labels.iloc[train])
            predicted = model.predict([archs[i] for i in test])
            taus += [kendall_tau(labels.iloc[test, t], predicted[:, t]) for t in range(2)]
        assert mean == pytest.approx(np.mean(taus))
    assert search.predict(archs).shape == (90, 2)


@pytest.mark.parametrize("kind", [list, np.array, pd.Series])
def test_pipeline_with_any_regressor_and_kind_of_strings(archs: list[str], labels: pd.DataFrame, kind: type) -> None:
    pipeline = Pipeline([("encode", OneHotEncoding()), ("model", Ridge())])
    grid = {"encode": [OneHotEncoding(), PathEncoding(), GraphFeatures()], "model__alpha": [0.1, 10.0]}
    y = labels["jigsaw"].to_numpy()
    search = GridSearchCV(pipeline, grid, scoring=make_scorer(kendall_tau), cv=FOLDS).fit(kind(archs), y)
    assert search.best_score_ > 0.4
    naive = clone(pipeline).set_params(**search.best_params_)
    np.testing.assert_allclose(search.predict(kind(archs)), naive.fit(archs, y).predict(archs))
    assert search.best_score_ == pytest.approx(cross_val_score(naive, archs, y, cv=FOLDS, scoring=_tau).mean())


def test_surrogate_at_the_end_of_a_pipeline(archs: list[str], labels: pd.DataFrame) -> None:
    pipeline = Pipeline([("surrogate", BoostedSurrogate(**QUICK))])
    search = GridSearchCV(pipeline, {"surrogate__encoder": [OneHotEncoding(), GraphFeatures()]}, cv=FOLDS)
    assert search.fit(archs, labels["normal"]).best_score_ > 0
    assert cross_val_predict(pipeline, archs, labels["normal"], cv=FOLDS).shape == (90,)


def test_features_side_by_side(archs: list[str]) -> None:
    union = FeatureUnion([("a", OneHotEncoding()), ("b", PathEncoding())])
    both = union.fit_transform(archs)
    alone = [OneHotEncoding().fit_transform(archs), PathEncoding().fit_transform(archs)]
    np.testing.assert_array_equal(both, np.hstack(alone))
    assert len(union.get_feature_names_out()) == both.shape[1]


def _tau(model: Pipeline, archs: list[str], y: np.ndarray) -> float:
    return kendall_tau(y, model.predict(archs))
