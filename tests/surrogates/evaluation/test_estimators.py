"""Predictors of other libraries in the evaluation: what they see, what they say, and what is refused."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.cluster import KMeans
from sklearn.ensemble import BaggingRegressor, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBRegressor

from benchmarks.metrics import kendall_tau
from benchmarks.protocols import split
from benchmarks.table import Table
from encoders import Costs, GraphFeatures, OneHotEncoding, PathEncoding
from surrogates import BoostedSurrogate, evaluate
from surrogates.evaluation.estimators import as_method
from surrogates.evaluation.leaderboard import leaderboard, standings


class Length:
    """Predicts with what it was given: one label a row, strings in and out. No scikit-learn anywhere."""

    def __init__(self) -> None:
        self.seen: list[tuple[list[str], NDArray[Any]]] = []

    def fit(self, archs: list[str], y: NDArray[Any]) -> None:
        assert all(isinstance(arch, str) for arch in archs)
        assert y.shape == (len(archs),)
        assert not np.isnan(y).any()
        self.slope = float(np.polyfit([len(arch) for arch in archs], y, 1)[0])

    def predict(self, archs: list[str]) -> list[list[float]]:
        return [[self.slope * len(arch)] for arch in archs]


class Sure(Length):
    """Has a standard deviation as well."""

    def predict(self, archs: list[str], return_std: bool = False) -> Any:
        mean = np.ravel(super().predict(archs))
        return (mean, np.full(len(mean), 1e6)) if return_std else mean


class Numeric(BaseEstimator, RegressorMixin):
    """A user's regressor on numbers."""

    def fit(self, X: Any, y: Any) -> "Numeric":
        self.mean_ = float(np.mean(np.asarray(X, dtype=np.float64)) + np.mean(y))
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        return self.mean_ + np.asarray(X)[:, 0]


MODELS: dict[str, Any] = {
    "pipeline": make_pipeline(OneHotEncoding(), Ridge()),
    "long pipeline": make_pipeline(GraphFeatures(), StandardScaler(), KNeighborsRegressor()),
    "tuned pipeline": GridSearchCV(make_pipeline(PathEncoding(), Ridge()), {"ridge__alpha": [0.1, 1.0]}, cv=2),
    "bare": RandomForestRegressor(n_estimators=5),
    "tuned": GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2),
    "of many": BaggingRegressor(make_pipeline(OneHotEncoding(), Ridge()), n_estimators=2),
    "xgboost": XGBRegressor(n_estimators=5, n_jobs=1),
    "class": Ridge,
    "own": Length(),
    "own class": Length,
    "own behind an encoder": make_pipeline(OneHotEncoding(), Numeric()),
    "name": "linear",
    "ours": BoostedSurrogate(n_members=2, n_rounds=5),
}
WITH_STD = {"name", "ours"}


def test_a_leaderboard_takes_any_model(macro_table: Table) -> None:
    models = {name: model for name, model in MODELS.items() if name != "of many"}
    runs = leaderboard(macro_table, models, train_sizes=[40], seeds=[0], protocols=["all"])
    assert list(dict.fromkeys(runs["model"])) == list(models)
    assert runs["tau"].notna().all()
    assert {name for name, rows in runs.groupby("model") if rows["coverage"].notna().all()} == WITH_STD
    assert {name for name, rows in runs.groupby("model") if rows["coverage"].isna().all()} == set(models) - WITH_STD
    ranked = standings(runs, macro_table)
    assert sorted(ranked["model"]) == sorted(models)


@pytest.mark.parametrize("name", ["pipeline", "bare", "own"])
def test_its_scores_are_those_of_fitting_it_by_hand(macro_table: Table, name: str) -> None:
    found = evaluate(MODELS[name], macro_table, train_sizes=[40], seeds=[3]).set_index("task")["tau"]
    parts = split(macro_table, 40, 3)
    values = macro_table.to_frame()
    for task in macro_table.tasks:
        train, test = values[task].iloc[parts.train].dropna(), values[task].iloc[parts.test]
        model = MODELS[name] if name != "bare" else RandomForestRegressor(n_estimators=5, random_state=3)
        if name == "bare":
            model = make_pipeline(OneHotEncoding(), model)
        model.fit(list(train.index), train.to_numpy())
        by_hand = kendall_tau(test.to_numpy(), np.ravel(model.predict(list(test.index))))
        assert found[task] == pytest.approx(by_hand, abs=1e-12)


def test_a_std_is_used_where_there_is_one(macro_table: Table) -> None:
    kernel = Matern(length_scale=2.0, length_scale_bounds="fixed")
    for model in (Sure(), make_pipeline(OneHotEncoding(), GaussianProcessRegressor(kernel, alpha=1e-1))):
        runs = evaluate(model, macro_table, train_sizes=[40], seeds=[0])
        assert runs["coverage"].between(0, 1).all()
    assert evaluate(Sure(), macro_table, train_sizes=[40], seeds=[0])["coverage"].eq(1).all()


class Means(Pipeline):
    """Has a `predict` of its own, whatever its last step is."""

    def predict(self, X: Any, **_: Any) -> Any:
        return self.named_steps["costs"].transform(X)[:, 0]


class Walk(Length):
    """Has an attribute that a pipeline has as well."""

    steps = 100


@pytest.mark.parametrize("model", [Means([("costs", Costs()), ("last", "passthrough")]), Walk()])
def test_a_last_step_that_does_nothing_has_no_std(macro_table: Table, model: Any) -> None:
    runs = evaluate(model, macro_table, train_sizes=[40], seeds=[0])
    assert runs["coverage"].isna().all()
    assert runs["tau"].notna().all()


def test_every_run_has_its_seed_and_the_given_model_is_left_alone(macro_table: Table) -> None:
    model = make_pipeline(OneHotEncoding(), RandomForestRegressor(n_estimators=2))
    one, again, other = (
        evaluate(model, macro_table, train_sizes=[40], seeds=[seed])["tau"].tolist() for seed in (0, 0, 1)
    )
    assert one == again != other
    assert not hasattr(model.steps[-1][1], "estimators_")
    assert model.steps[-1][1].random_state is None


@pytest.mark.parametrize("wrong", [KMeans, LogisticRegression(), StandardScaler(), 3, "forest", None, object])
def test_what_is_no_model_is_refused_before_anything_is_fitted(wrong: object) -> None:
    with pytest.raises(TypeError, match=r"expected an unfitted surrogate, a regressor or pipeline of scikit-learn"):
        as_method(wrong)


def test_a_class_that_needs_arguments_is_refused() -> None:
    class Needs:
        def __init__(self, needed: int) -> None:
            self.needed = needed

    with pytest.raises(TypeError, match=r"a class that needs no arguments, got Needs: .*'needed'"):
        as_method(Needs)


def test_a_model_that_cannot_read_strings_is_told_what_helps(macro_table: Table) -> None:
    for model in (Numeric(), make_pipeline(StandardScaler(), Ridge())):
        with pytest.raises(ValueError, match=r"does not read architecture strings, put an encoder before it"):
            evaluate(model, macro_table, train_sizes=[40], seeds=[0])


def test_a_wrong_number_of_predictions_is_refused(macro_table: Table) -> None:
    class Short(Length):
        def predict(self, archs: list[str]) -> list[list[float]]:
            return super().predict(archs)[1:]

    with pytest.raises(ValueError, match=r"Short, \w+: expected 20 predictions, got an array of shape \(19, 1\)"):
        evaluate(Short(), macro_table, train_sizes=[40], seeds=[0])


def test_predictions_that_are_no_numbers_are_refused_with_their_task(macro_table: Table) -> None:
    class Lost(Length):
        def predict(self, archs: list[str]) -> list[list[float]]:
            return [[float("nan")], *super().predict(archs)[1:]]

    with pytest.raises(ValueError, match=r"Lost, \w+: expected finite predictions, got NaN or infinity for 1 of 20"):
        evaluate(Lost(), macro_table, train_sizes=[40], seeds=[0])
