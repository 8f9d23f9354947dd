"""Transfer surrogate: predicts a new task from a few labels and the results of other tasks.

The method, in normal scores of ranks and on simplest forms:

1. Sources: each gives a score for every architecture (`source_values`): denoised measured values, predictions where
   nothing was measured, and values of translated cells for sources of another space.
2. Metric: feature importances of trees that predict the sources from graph features.
3. Gaussian processes with kernels on source scores and features, averaged over the relevance of the sources, including
   "not informative" (`surrogates.models.transfer.averaged_process`).
4. Boosted trees on the features, with and without the source scores. The three predictors are weighted by stacking of
   left-out predictions, with a prior of 18 : 1 : 1.
5. Left-out predictions of the weighted sum calibrate mean and interval (`surrogates.calibration.calibration`).

The prior mean of the processes is what the sources expect of any task (`consensus`); without labels it is the
prediction, calibrated by leaving each source out in turn (`without_labels`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_scalar

from benchmarks.quantities import is_cost
from benchmarks.spaces.registry import get_space
from benchmarks.tasks import Task, find_task, minimized, normal_score_task
from benchmarks.user_warnings import warn_user
from encoders.base import as_strings
from surrogates.base import Surrogate
from surrogates.calibration.calibration import Calibration, left_out_means
from surrogates.calibration.normal_scores import NormalScores
from surrogates.kernels.features import centre_and_spread, standardise
from surrogates.kernels.source_terms import Inputs
from surrogates.labels import Labels
from surrogates.models.threads import thread_count
from surrogates.models.transfer.averaged_process import learned_prior
from surrogates.models.transfer.consensus import (
    TRAINING_NOISE,
    SourceKinds,
    consensus_weights,
    left_out_consensus,
)
from surrogates.models.transfer.feature_map import FeatureMap, reference_counts
from surrogates.models.transfer.leaks import same_source, source_columns
from surrogates.models.transfer.memo import cached_by_content
from surrogates.models.transfer.predictor import TransferPredictor, fit_predictor
from surrogates.models.transfer.source_values import SourceValues, TransferSource, source_spaces
from surrogates.models.transfer.without_labels import (
    calibrate_scores,
    expected_slope,
    few,
    in_own_unit,
    of_one_label,
)
from surrogates.models.trees import TreeLearner
from surrogates.store.nested import add_part, take_part
from surrogates.store.pack import Pack

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike
    from typing_extensions import Self

__all__ = ["TransferSurrogate"]

Float = NDArray[np.float64]
_NO_UNIT = ("value", "cost", "normal_score")
"""Metrics whose numbers are of another unit in every task."""
_ENOUGH = 4
"""Number of labelled functions from which on residuals tell how wide intervals have to be."""
_TREES = {
    "max_depth": 4,
    "learning_rate": 0.08,
    "subsample": 0.7,
    "colsample_bynode": 0.25,
    "min_child_weight": 3.0,
    "reg_lambda": 10.0,
}


class TransferSurrogate(Surrogate):
    """Predicts a new task from few labels (none to some hundred) and from other tasks.

    The labels determine the weight of the sources: if the sources are not informative, predictions rest on labels and
    graph features alone. Negative correlations are used as well as positive ones. Several new tasks can be given at
    once; each is fitted separately.

    Without labels, ``fit([], [])``, the prediction is what the sources expect of any task: their scores, weighted by
    how much they agree, with an interval that covers each source predicted from the others. Names tell the tasks:
    ``fit([], pd.Series([], name="jigsaw"))``, ``fit([], pd.DataFrame(columns=["jigsaw", "normal"]))``. A task whose
    metric at least two sources have is predicted in its unit, with a wide interval, since the level of a task is not
    known. Of any other only the order can be expected: predictions are normal scores (0 is the middle of the space, 1
    better than 84 % of it), the task's name in `tasks_` says so (``room_layout/valid_normal_score``), and a warning.
    One label gives the level, and its spread is a guess; from two labels on, labels give both.

    Args:
        sources: Results of other tasks: a `Table`, a DataFrame of shape (n, S) indexed by architecture (NaN where not
            measured), a fitted surrogate, or a list of these. They need not contain the labelled architectures. A
            source task with the target's name on the target's own space is ignored. Cells of another space are
            translated.
        allow_same: Whether labels may be those of a source under another name, or in another unit (an exactly linear
            function of them); an error otherwise, since the target would be predicted from itself.
        space: Space of the predictions if there are no labels; that of the sources if not given.
        n_members: Number of folds, and of members of the tree ensembles.
        n_rounds: Trees per member.
        n_jobs: Threads; all cores if not given or -1. The result does not depend on it.
        random_state: Seed; the same seed gives the same predictions in any process.

    Attributes:
        sources_: For each target task, the names of its source tasks; ``task@space`` for tasks of another space.
        transferred_: For each target task, the posterior probability, 0 to 1, that the sources are informative.
        shares_: For each target task, the weights of processes, trees with and trees without sources.

    Example:
        >>> import pandas as pd
        >>> from benchmarks import get_space
        >>> from encoders import Costs
        >>> archs = get_space("transnas101-macro").sample(200, rng=0)
        >>> size = Costs().fit_transform(archs)[:, 0]
        >>> other_task = pd.DataFrame({"small is good": -np.sqrt(size)}, index=archs)
        >>> surrogate = TransferSurrogate(sources=other_task, n_jobs=1).fit(archs[:16], size[:16])
        >>> surrogate.score(archs[16:], size[16:]) > 0.9
        True
        >>> import warnings
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")  # that predictions are normal scores
        ...     surrogate.fit([], pd.DataFrame(columns=["mine"])).predict(archs).shape
        (200, 1)
        >>> surrogate.tasks_
        ('mine/valid_normal_score',)
    """

    needs_labels = False

    def __init__(
        self,
        *,
        sources: TransferSource | Sequence[TransferSource] | None = None,
        allow_same: bool = False,
        space: str | None = None,
        n_members: int = 4,
        n_rounds: int = 90,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.sources = sources
        self.allow_same = allow_same
        self.space = space
        self.n_members = n_members
        self.n_rounds = n_rounds
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(
        self,
        archs: Sequence[str],
        Y: ArrayLike | pd.DataFrame | pd.Series[Any],
        *,
        minimize: Collection[str] | str = (),
    ) -> Self:
        """Fit to measured performance as `Surrogate.fit`; or, with no architectures and empty labels, to the sources.

        Args:
            archs: n architecture strings of one space; none if there are no labels.
            Y: Labels of shape (n, T) or (n,), as in `Surrogate.fit`; without labels, of shape (0, T) or (0,).
            minimize: Tasks of the user's own that are better when lower.

        Raises:
            ArchitectureError: If `archs` mixes spaces, or contains an invalid string.
            ValueError: If labels and architectures or sources are refused; without labels also if sources are of
                several spaces and `space` is not given, or none is a cost as the task is, or all are.

        Warns:
            UserWarning: As `Surrogate.fit`; without labels also if predictions are normal scores.
        """
        strings = as_strings(archs)
        if strings:
            return super().fit(archs if hasattr(archs, "__len__") else strings, Y, minimize=minimize)
        labels = Labels.without_rows(self._space_of_sources(), Y, minimize)
        if len({normal_score_task(task) for task in labels.tasks}) < len(labels.tasks):
            raise ValueError(f"expected one metric of each task without labels, got {', '.join(labels.tasks)}")
        self.fit_rows(labels)
        scored = [task for task, model in zip(self.tasks_, self.models_, strict=True) if model.in_scores]
        names = [normal_score_task(task) if task in scored else task for task in self.tasks_]
        self.tasks_, self.minimize_ = tuple(names), tuple(task for task in self.minimize_ if task not in scored)
        self._describe(self.tasks_)
        if scored:
            warn_user(
                f"{', '.join(scored)}: without labels, and without two sources of the same metric, only the order of "
                "architectures can be expected: predictions are normal scores (0: the middle of the space, 1: better "
                f"than 84 % of it), called {normal_score_task(scored[0])!r}"
            )
        return self

    def _given_sources(self) -> TransferSource | Sequence[TransferSource]:
        if self.sources is None:
            raise ValueError(
                "sources: expected a Table of other tasks, a DataFrame, a fitted surrogate or a list of these, got None"
            )
        return self.sources

    def _space_of_sources(self) -> str:
        """Name of the space to predict without labels."""
        found = source_spaces(self._given_sources())
        if self.space is not None:
            return get_space(self.space).name
        if len(found) > 1:
            raise ValueError(
                f"expected sources of one space, or TransferSurrogate(space=...), got {', '.join(found)} and no labels"
            )
        if not found:
            raise ValueError("expected at least one source task, got none")
        return found[0]

    def fit_functions(self, labels: Labels) -> None:
        given = self._given_sources()
        if self.space is not None and get_space(self.space).name != labels.space:
            raise ValueError(f"expected architectures of space={self.space!r}, got some of {labels.space}")
        check_scalar(self.n_members, "n_members", Integral, min_val=1)
        check_scalar(self.n_rounds, "n_rounds", Integral, min_val=1)
        n_jobs = thread_count(self.n_jobs)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        everything = SourceValues.from_sources(given, labels.space)
        if not self.allow_same and len(labels.strings):
            self._refuse_leaks(labels)
        learner = TreeLearner(_TREES, self.n_rounds)
        known = ~np.isnan(labels.values)
        sources_of = {task: everything.without(task) for task in labels.tasks}
        learned = {  # where one function at most has labels, only the source scores are read
            sources_of[task].names
            for task, rows in zip(labels.tasks, known.T, strict=True)
            if len(np.unique(labels.group[rows])) > 1
        }
        maps: dict[tuple[str, ...], tuple[FeatureMap, Inputs]] = {}
        self.models_: list[_Model] = []
        for task, rows, values in zip(labels.tasks, known.T, labels.values.T, strict=True):
            sources, column = sources_of[task], values[rows]
            if sources.names not in maps:
                maps[sources.names] = (
                    FeatureMap.fit(sources, seed, n_jobs)
                    if sources.names in learned
                    else FeatureMap.with_equal_weights(sources)
                )
            feature_map, reference = maps[sources.names]
            functions, group = np.unique(labels.group[rows], return_inverse=True)
            archs = [labels.archs[i] for i in functions]
            inputs = feature_map.inputs(archs) if archs else reference.take(functions)
            own = minimized(find_task(task)) if task in labels.minimize else find_task(task)
            if len(functions) < 2:
                self.models_.append(_expectation(own, column, feature_map, reference, inputs, seed))
                continue
            log_prior = _prior(reference, sources.kinds, seed)
            weights = own.metric.sign * consensus_weights(reference.sources, sources.kinds, is_cost(task))
            transform = NormalScores(column)
            z = transform.forward(column)
            predictor, left_out = fit_predictor(
                inputs, z, group, weights, log_prior, learner, self.n_members, seed, n_jobs
            )
            expected = _expected(transform, column, left_out, predictor.shares)
            calibration = Calibration.fit(transform, column, left_out, _unseen(left_out), expected)
            if len(functions) < _ENOUGH:
                calibration.stds = calibration.stds * few(len(functions))
            self.models_.append(_Model(feature_map, predictor, calibration))
            self.cv_scores_[task] = calibration.cv_scores(column, left_out, _unseen(left_out), expected)
        self._describe(labels.tasks)

    def _refuse_leaks(self, labels: Labels) -> None:
        listed = list(self.sources) if isinstance(self.sources, (list, tuple)) else [self.sources]
        columns = source_columns(listed, labels.strings)
        for task, column in zip(labels.tasks, labels.values.T, strict=True):
            if (same := same_source(columns, column, task)) is not None:
                raise ValueError(
                    f"the labels of {task!r} are those of the source {same!r} at the same architectures: the target "
                    f"would predict itself; name the labels {same!r}, leave that source out, or set allow_same=True"
                )

    def predict_functions(self, archs: list[str]) -> tuple[Float, Float]:
        seen: dict[int, Inputs] = {}
        columns = []
        for model in self.models_:
            if id(model.feature_map) not in seen:
                seen[id(model.feature_map)] = model.feature_map.inputs(archs)
            scores = model.predictor.predict(seen[id(model.feature_map)])
            columns.append((model.calibration.mean(scores), model.calibration.std(scores, _unseen(scores))))
        mean, std = (np.stack(part, axis=1) for part in zip(*columns, strict=True))
        return mean, std

    def params_to_store(self) -> dict[str, Any]:
        """Constructor arguments without the sources, which the fitted state already contains as far as needed."""
        return {**self.get_params(deep=False), "sources": None}

    def pack(self) -> Pack:
        maps = list({id(model.feature_map): model.feature_map for model in self.models_}.values())
        pack = Pack()
        pack.settings["views"] = [add_part(pack, f"view{m}_", part.pack()) for m, part in enumerate(maps)]
        pack.settings["tasks"] = tasks = []
        for t, model in enumerate(self.models_):
            settings = add_part(pack, f"task{t}_", model.predictor.pack())
            add_part(pack, f"calibration{t}_", Pack(arrays=model.calibration.to_arrays()))
            position = [part is model.feature_map for part in maps].index(True)
            tasks.append({"mixture": settings, "view": position})
        return pack

    def unpack(self, pack: Pack) -> None:
        listed = enumerate(pack.settings["views"])
        maps = [FeatureMap.unpack(self.space_, take_part(pack, f"view{m}_", settings)) for m, settings in listed]
        self.models_ = []
        for t, settings in enumerate(pack.settings["tasks"]):
            part = take_part(pack, f"task{t}_", settings["mixture"])
            calibration = Calibration(**take_part(pack, f"calibration{t}_", {}).arrays)
            self.models_.append(_Model(maps[settings["view"]], TransferPredictor.unpack(part), calibration))
        self._describe(self.tasks_)

    def _describe(self, tasks: Sequence[str]) -> None:
        models = dict(zip(tasks, self.models_, strict=True))
        self.sources_ = {task: model.feature_map.sources.names for task, model in models.items()}
        self.transferred_ = {task: model.predictor.transferred for task, model in models.items()}
        self.shares_ = {task: model.predictor.shares for task, model in models.items()}


@dataclass(frozen=True)
class _Model:
    """The fitted parts of one target task."""

    feature_map: FeatureMap
    predictor: TransferPredictor
    calibration: Calibration
    in_scores: bool = False


@cached_by_content(maxsize=64)
def _prior(reference: Inputs, kinds: SourceKinds, seed: int) -> Float:
    """Log prior of hypotheses and slopes, of shape (J, 3)."""
    return learned_prior(reference, kinds, np.random.RandomState(seed))


def _expectation(
    task: Task, labels: Float, feature_map: FeatureMap, reference: Inputs, rows: Inputs, seed: int
) -> _Model:
    """What the sources expect of a task without labels, or with labels of one function.

    Raises:
        ValueError: If the task is a cost and no source is, or the reverse, and there are no labels.
    """
    sources, cost = feature_map.sources, is_cost(task.name)
    everywhere = reference.sources[np.repeat(np.arange(len(reference.sources)), reference_counts(sources.space))]
    mean, spread = centre_and_spread(everywhere)
    scores = standardise(everywhere, np.stack([mean, spread]))
    weights = consensus_weights(scores, sources.kinds, cost)
    if not weights.any() and not len(labels):
        kind = "a cost" if cost else "no cost"
        raise ValueError(
            f"{task.name!r} is {kind} by name, but none of the sources that vary is: {', '.join(sources.names)}; they "
            "do not tell what to expect, so labels are needed"
        )
    left_out, expected = left_out_consensus(scores, sources.kinds, cost)
    noise = TRAINING_NOISE * np.random.RandomState(seed).standard_normal(left_out.shape)
    measured = (left_out + noise) / np.hypot(1.0, TRAINING_NOISE)
    slope = expected_slope(measured, expected)
    scored = calibrate_scores(measured, expected, slope)
    weights = slope * weights / np.where(weights != 0, spread, 1.0)
    levels = sources.levels(task.column) if task.metric.name not in _NO_UNIT else np.zeros((0, 1))
    if len(labels):
        weights = task.metric.sign * weights
        predictor = TransferPredictor.from_expectation(rows, weights, -float((rows.sources @ weights).mean()))
        return _Model(feature_map, predictor, of_one_label(float(labels.mean()), levels, sources.levels(), scored))
    predictor = TransferPredictor.from_expectation(rows, weights, -float(mean @ weights))
    if len(levels) < 2:
        return _Model(feature_map, predictor, scored, in_scores=True)
    return _Model(feature_map, predictor, in_own_unit(scored, levels, task.metric.bounds, task.metric.sign))


def _unseen(scores: Float) -> NDArray[np.bool_]:
    """All False: left-out predictions are of unseen functions, so intervals of seen functions are conservative."""
    return np.zeros(len(scores), dtype=bool)


def _expected(transform: NormalScores, labels: Float, scores: Float, shares: Float) -> Float:
    """Expected labels of left-out scores of shape (k,), for the residuals of the calibration.

    Processes leave out one function at a time, so the map to labels must do the same; trees leave out a fold, and their
    loss of accuracy compensates for a map fitted to all labels (see `left_out_means`). The weighted sum interpolates
    between the two.
    """
    by_map = Calibration.fit(transform, labels, scores, _unseen(scores)).mean(scores)
    process = shares[0] / shares.sum()
    return np.asarray(process * left_out_means(labels, scores) + (1 - process) * by_map)
