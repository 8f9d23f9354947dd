"""Gradient-boosted trees on graph features: the default surrogate.

Labels are transformed to normal scores of their ranks, per task. The training rows are split into folds; every member
of the ensemble leaves one fold out, so the same models give the ensemble and the out-of-fold predictions that
calibrate it. A member averages two kinds of trees: trees fitted to each task separately, and trees whose leaves predict
all tasks at once, so tasks with little noise determine splits for noisy ones (missing labels are imputed from the
other tasks, see `surrogates.calibration.imputation`).
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin, clone
from sklearn.utils import check_random_state, check_scalar

from benchmarks.errors import ArtefactError
from benchmarks.spaces.registry import get_space
from encoders.base import Encoder
from encoders.graph_features import GraphFeatures
from encoders.written_features import WrittenFeatures
from surrogates.calibration.base import CalibratedSurrogate
from surrogates.calibration.folds import FoldCalibration, normal_scores
from surrogates.calibration.imputation import fill_missing
from surrogates.equivalence import Equivalence
from surrogates.labels import Labels
from surrogates.models.threads import thread_count
from surrogates.models.trees import TreeLearner, TreeModel
from surrogates.store.pack import Pack

__all__ = ["BoostedSurrogate"]

Float = NDArray[np.float64]

_ROUNDS, _ROUNDS_ROWS = 90, 1000
_AT_LEAST = {"n_members": 1, "max_depth": 1}
_BETWEEN = {"learning_rate": (0.0, 10.0), "subsample": (0.0, 1.0), "colsample_bynode": (0.0, 1.0)}
"""Exclusive lower bound and inclusive upper bound."""


class BoostedSurrogate(CalibratedSurrogate):
    """XGBoost on an encoding, all tasks at once, with calibrated uncertainty.

    Args:
        encoder: Encoder from architectures to features; if not given `GraphFeatures`, for costs `WrittenFeatures`.
        regressor: A scikit-learn regressor to use instead of XGBoost, fitted per task; the arguments on trees are then
            ignored, and the surrogate cannot be stored.
        n_members: Number of folds, and of members of the ensemble.
        n_rounds: Trees per model; if not given 90, and beyond 1,000 rows proportional to the square root of their
            number.
        max_depth: Maximum depth of a tree.
        learning_rate: Shrinkage of a tree.
        subsample: Fraction of rows per tree.
        colsample_bynode: Fraction of features per split.
        min_child_weight: Minimum number of rows in a leaf.
        reg_lambda: L2 penalty on leaves.
        n_jobs: Threads; all cores if not given or -1. The result does not depend on it.
        random_state: Seed; the same seed gives the same predictions in any process.
        equivalence: ``"function"`` pools architectures that compute the same function; ``"string"`` tells them apart,
            for costs such as latency, where dead operations count. If not given, each task's name decides, and a
            warning says so.

    Example:
        >>> from benchmarks import get_space
        >>> archs = get_space("transnas101-micro").sample(60, rng=0)
        >>> depth = [float(arch.count("3")) for arch in archs]
        >>> surrogate = BoostedSurrogate(random_state=0).fit(archs, depth)
        >>> mean, std = surrogate.predict(["64-41414-3_33_333", "64-41414-0_00_100"], return_std=True)
        >>> bool(mean[0] > mean[1]), std.shape
        (True, (2,))
    """

    def __init__(
        self,
        *,
        encoder: Encoder | None = None,
        regressor: RegressorMixin | None = None,
        n_members: int = 8,
        n_rounds: int | None = None,
        max_depth: int = 4,
        learning_rate: float = 0.08,
        subsample: float = 0.7,
        colsample_bynode: float = 0.2,
        min_child_weight: float = 3.0,
        reg_lambda: float = 10.0,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = 0,
        equivalence: Equivalence | None = None,
    ) -> None:
        self.encoder = encoder
        self.regressor = regressor
        self.n_members = n_members
        self.n_rounds = n_rounds
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.subsample = subsample
        self.colsample_bynode = colsample_bynode
        self.min_child_weight = min_child_weight
        self.reg_lambda = reg_lambda
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.equivalence = equivalence

    def fit_scores(self, labels: Labels) -> None:
        self._check_parameters()
        self.encoder_ = _fresh_encoder(self.encoder, self.equivalence_).fit(labels.archs)
        X = self.encoder_.transform(labels.archs)[labels.group]  # replicates share their features
        Z = normal_scores(labels.values)
        rng = check_random_state(self.random_state)
        fold = rng.permutation(len(Z)) % min(self.n_members, len(Z))
        self.members_ = self._fit_members(X, Z, fold, seed=int(rng.randint(2**31 - 1)))
        scores = np.zeros_like(Z)
        for k, member in enumerate(self.members_):
            scores[fold == k] = member.predict(X[fold == k])
        self.calibrate(labels, scores, fold)

    def scores(self, archs: list[str]) -> Float:
        """Normal scores of m distinct simplest forms (or strings), of shape (m, T): the mean of the members."""
        X = self.encoder_.transform(archs)
        with ThreadPoolExecutor(self._threads()) as pool:
            return np.asarray(np.mean(list(pool.map(lambda member: member.predict(X), self.members_)), axis=0))

    def _fit_members(self, X: NDArray[np.float32], Z: Float, fold: NDArray[np.int64], seed: int) -> list[_Member]:
        """One member per fold, trained on the other folds (on all rows if there is only one fold)."""
        n_tasks = Z.shape[1]
        filled = fill_missing(Z)
        members = [_Member([None] * n_tasks) for _ in range(fold.max() + 1)]
        trees = TreeLearner(self._tree_parameters(), self.n_rounds or _rounds(len(Z)))

        def fit_one(job: tuple[int, int]) -> None:
            t, k = job
            rows = (fold != k) | (len(members) == 1)
            if t == n_tasks:
                members[k].joint = trees.fit_joint(X[rows], filled[rows], seed + k)
                return
            rows &= ~np.isnan(Z[:, t])
            if not rows.any() or np.ptp(Z[rows, t]) == 0:
                return
            if self.regressor is None:
                members[k].tasks[t] = trees.fit(X[rows], Z[rows, t], seed + k)
            else:
                members[k].tasks[t] = _fit_regressor(self.regressor, X[rows], Z[rows, t], seed + k)

        joint = self.regressor is None and n_tasks > 1
        jobs = [(t, k) for t in reversed(range(n_tasks + joint)) for k in range(len(members))]  # the longest first
        with ThreadPoolExecutor(self._threads()) as pool:
            list(pool.map(fit_one, jobs))
        return members

    def _tree_parameters(self) -> dict[str, float]:
        names = ("max_depth", "learning_rate", "subsample", "colsample_bynode", "min_child_weight", "reg_lambda")
        return {name: getattr(self, name) for name in names}

    def _threads(self) -> int:
        if self.regressor is not None:  # scikit-learn changes the process's warning filters, so it is not thread-safe
            return 1
        return thread_count(self.n_jobs)

    def _check_parameters(self) -> None:
        """Raise a `ValueError` or `TypeError` for an invalid parameter."""
        for name, least in _AT_LEAST.items():
            check_scalar(getattr(self, name), name, Integral, min_val=least)
        for name, (low, high) in _BETWEEN.items():
            value = getattr(self, name)
            check_scalar(value, name, Real, min_val=low, max_val=high, include_boundaries="right")
        for name in ("min_child_weight", "reg_lambda"):
            check_scalar(getattr(self, name), name, Real, min_val=0)
        if self.n_rounds is not None:
            check_scalar(self.n_rounds, "n_rounds", Integral, min_val=1)
        thread_count(self.n_jobs)
        if self.encoder is not None and not hasattr(self.encoder, "fit_transform"):
            raise ValueError(f"expected an encoder of architecture strings, got {self.encoder!r}")
        if self.regressor is not None and not hasattr(self.regressor, "predict"):
            raise ValueError(f"expected a scikit-learn regressor, got {self.regressor!r}")

    def pack(self) -> Pack:
        pack = Pack(settings={"n_members": len(self.members_)}, arrays=self.calibration_.to_arrays())
        for k, member in enumerate(self.members_):
            for name, model in member.named_models():
                if not isinstance(model, TreeModel):
                    raise ArtefactError(
                        f"expected a BoostedSurrogate with XGBoost models, got {type(self.regressor).__name__}: other "
                        "regressors cannot be stored without pickle"
                    )
                pack.models[f"member{k}_{name}.ubj"] = model.to_bytes()
        return pack

    def unpack(self, pack: Pack) -> None:
        self.encoder_ = _fresh_encoder(self.encoder, self.equivalence_).fit([get_space(self.space_).example])
        self.calibration_ = FoldCalibration.from_arrays(len(self.tasks_), pack.arrays)
        models = {name.removesuffix(".ubj"): TreeModel.from_bytes(data) for name, data in pack.models.items()}
        self.members_ = [
            _Member([models.get(f"member{k}_task{t}") for t in range(len(self.tasks_))], models.get(f"member{k}_joint"))
            for k in range(pack.settings["n_members"])
        ]


class _Model(Protocol):
    def predict(self, X: NDArray[np.float32]) -> NDArray[Any]: ...


@dataclass
class _Member:
    """A member: one model per task (None if the labels are all equal or missing), and one for all tasks jointly."""

    tasks: list[_Model | None]
    joint: _Model | None = None

    def predict(self, X: NDArray[np.float32]) -> Float:
        """Scores of shape (n, T)."""
        alone = [np.zeros(len(X)) if model is None else model.predict(X) for model in self.tasks]
        scores = np.stack(alone, axis=1).astype(np.float64)
        return scores if self.joint is None else (scores + self.joint.predict(X)) / 2

    def named_models(self) -> list[tuple[str, _Model]]:
        found = [(f"task{t}", model) for t, model in enumerate(self.tasks) if model is not None]
        return found if self.joint is None else [*found, ("joint", self.joint)]


def _fit_regressor(regressor: RegressorMixin, X: NDArray[np.float32], z: Float, seed: int) -> _Model:
    model = clone(regressor)
    if "random_state" in model.get_params():
        model.set_params(random_state=seed)
    fitted: _Model = model.fit(X, z)
    return fitted


def _rounds(n: int) -> int:
    """Default number of trees: few for few rows; in cross-validation, 2,604 to 12,500 rows benefit from more."""
    return round(_ROUNDS * math.sqrt(max(1.0, n / _ROUNDS_ROWS)))


def _fresh_encoder(encoder: Encoder | None, equivalence: Equivalence) -> Encoder:
    if encoder is None:
        return GraphFeatures() if equivalence == "function" else WrittenFeatures()
    fresh: Encoder = clone(encoder)
    return fresh
