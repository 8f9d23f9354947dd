"""The predictor of a transfer surrogate: a weighted sum of averaged Gaussian processes and boosted trees."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.short_repr import ShortRepr
from surrogates.calibration.stacking import stack_weights
from surrogates.kernels.source_terms import N_TERMS, Inputs, source_terms
from surrogates.models.transfer.averaged_process import fit_average
from surrogates.models.trees import TreeLearner, TreeModel
from surrogates.store.pack import Pack

__all__ = ["TransferPredictor", "fit_predictor"]

Float = NDArray[np.float64]
_SHARES = np.array([0.9, 0.05, 0.05])
"""Prior weights: processes, trees with source scores, trees without, which are worse the fewer labels there are."""
_SHARE_ROWS = 8.0
"""Strength of the prior weights, in labels."""
_CHUNK = 2048


@dataclass(frozen=True, repr=False)
class TransferPredictor(ShortRepr):
    """Predictor of one task, fitted to k labelled functions.

    Attributes:
        rows: Kernel inputs of the labelled functions.
        coefficients: Coefficients of the kernel terms at these, of shape (7, k).
        offset: Constant of the processes.
        weights: Weights of the source scores in the prior mean of processes and of trees with source scores, of shape
            (S,).
        centre: Constant of this prior mean.
        transferred: Posterior probability that the sources are informative.
        shares: Weights of processes, trees with and trees without source scores, of shape (3,).
        informed: Trees with source scores.
        alone: Trees without source scores.
    """

    rows: Inputs
    coefficients: Float
    offset: float
    weights: Float
    centre: float
    transferred: float
    shares: Float
    informed: tuple[TreeModel, ...]
    alone: tuple[TreeModel, ...]

    @classmethod
    def from_expectation(cls, rows: Inputs, weights: Float, centre: float) -> TransferPredictor:
        """The predictor of a task of which at most one function has labels: what the sources expect.

        Args:
            rows: Kernel inputs of the labelled functions, or of none.
            weights: Weights of the source scores, of shape (S,).
            centre: Constant added to their sum.

        Example:
            >>> nothing = Inputs(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 2)))
            >>> predictor = TransferPredictor.from_expectation(nothing, np.array([0.5, 0.5]), 0.0)
            >>> predictor.predict(Inputs(np.zeros((1, 3)), np.zeros((1, 3)), np.array([[1.0, 2.0]]))).tolist()
            [1.5]
        """
        no_terms = np.zeros((N_TERMS, len(rows.features)))
        return cls(rows, no_terms, 0.0, weights, centre, 1.0, np.eye(3)[0], (), ())

    def predict(self, inputs: Inputs) -> Float:
        """Scores of n architectures, of shape (n,)."""
        n = len(inputs.features)
        expected = inputs.sources @ self.weights + self.centre
        process = expected + self.offset
        for start in range(0, n, _CHUNK):
            part = inputs.take(np.arange(start, min(start + _CHUNK, n)))
            process[start : start + _CHUNK] += np.einsum("cnk,ck->n", source_terms(part, self.rows), self.coefficients)
        informed = expected + _predict_trees(self.informed, _with_sources(inputs))
        return np.asarray(self.shares @ np.stack([process, informed, _predict_trees(self.alone, _alone(inputs))]))

    def pack(self) -> Pack:
        """The fitted state, for storage without pickle."""
        pack = Pack(
            settings={name: getattr(self, name) for name in ("offset", "centre", "transferred")},
            arrays={name: getattr(self, name) for name in ("coefficients", "weights", "shares")} | self.rows._asdict(),
        )
        pack.settings["n_members"] = len(self.alone)
        for name, models in (("informed", self.informed), ("alone", self.alone)):
            pack.models |= {f"{name}{k}.ubj": model.to_bytes() for k, model in enumerate(models)}
        return pack

    @classmethod
    def unpack(cls, pack: Pack) -> TransferPredictor:
        """Inverse of `pack`."""
        informed, alone = (
            tuple(TreeModel.from_bytes(pack.models[f"{name}{k}.ubj"]) for k in range(pack.settings["n_members"]))
            for name in ("informed", "alone")
        )
        rows = Inputs(*(pack.arrays[name] for name in Inputs._fields))
        weights = pack.arrays.get(
            "weights", np.zeros(rows.sources.shape[1])
        )  # missing in artefacts of earlier versions
        expectation = (weights, pack.settings.get("centre", 0.0))
        process = (pack.arrays["coefficients"], pack.settings["offset"], *expectation, pack.settings["transferred"])
        return cls(rows, *process, pack.arrays["shares"], informed, alone)


def fit_predictor(
    inputs: Inputs,
    z: Float,
    group: NDArray[np.int64],
    weights: Float,
    log_prior: Float,
    learner: TreeLearner,
    n_members: int,
    seed: int,
    n_jobs: int,
) -> tuple[TransferPredictor, Float]:
    """Fit a predictor to n labels of k >= 2 functions.

    Args:
        inputs: Kernel inputs of the k functions.
        z: Normal scores of the labels, of shape (n,).
        group: Function of each label, of shape (n,).
        weights: Weights of the source scores in what the sources expect of a task whose labels are better when higher,
            with a standard deviation of 1, of shape (S,).
        log_prior: Log prior of the kernel's hypotheses and slopes.
        learner: Learner of the trees.
        n_members: Number of folds of functions; each member of the trees leaves one fold out.
        seed: Seed of folds and trees.
        n_jobs: Threads.

    Returns:
        The predictor, and for each label the prediction by models not fitted to its function, of shape (n,).

    Example:
        >>> from surrogates.models.transfer.averaged_process import learned_prior
        >>> from surrogates.models.transfer.consensus import SourceKinds
        >>> rng = np.random.RandomState(0)
        >>> source = rng.normal(size=(20, 1))
        >>> inputs = Inputs(np.zeros((20, 3)), np.zeros((20, 3)), source)
        >>> learner, group = TreeLearner({"max_depth": 2}, n_rounds=5), np.arange(20)
        >>> prior = learned_prior(inputs, SourceKinds(np.ones(1), np.zeros(1, dtype=bool)), rng)
        >>> predictor, left_out = fit_predictor(inputs, source[:, 0], group, np.ones(1), prior, learner, 4, 0, 1)
        >>> bool(np.corrcoef(left_out, source[:, 0])[0, 1] > 0.9)
        True
    """
    count = np.bincount(group).astype(np.float64)
    mean = np.bincount(group, z) / count
    k = len(count)
    if np.ptp(mean) == 0:
        nothing = TransferPredictor.from_expectation(inputs, np.zeros_like(weights), float(mean[0]))
        return replace(nothing, transferred=0.0), np.full(len(z), mean[0])
    expected = inputs.sources @ weights
    centre = float(np.average(expected, weights=count))
    process = fit_average(source_terms(inputs, inputs), mean, count, expected - centre, log_prior)
    expected = process.slope * (expected - centre)
    fold = np.random.RandomState(seed).permutation(k) % max(1, min(n_members, k))
    informed = _fit_trees(_with_sources(inputs), z - expected[group], group, fold, learner, seed, n_jobs)
    alone = _fit_trees(_alone(inputs), z, group, fold, learner, seed, n_jobs)
    left_out = np.stack([process.left_out, expected + informed[1], alone[1]])
    shares = stack_weights(left_out, mean, strength=_SHARE_ROWS, prior=_SHARES, row_weights=count, normalise=False)
    prior_mean = (process.slope * weights, -process.slope * centre)
    fitted = (process.coefficients, process.offset, *prior_mean, process.transferred)
    predictor = TransferPredictor(inputs, *fitted, shares, informed[0], alone[0])
    return predictor, (shares @ left_out)[group]


def _fit_trees(
    X: NDArray[np.float32],
    z: Float,
    group: NDArray[np.int64],
    fold: NDArray[np.int64],
    learner: TreeLearner,
    seed: int,
    n_jobs: int,
) -> tuple[tuple[TreeModel, ...], Float]:
    """One model per fold, trained on the other folds, and the out-of-fold predictions, of shape (k,)."""
    n_folds = int(fold.max()) + 1
    rows = [np.flatnonzero((fold[group] != f) | (n_folds == 1)) for f in range(n_folds)]
    with ThreadPoolExecutor(n_jobs) as pool:
        models = tuple(pool.map(lambda f: learner.fit(X[group[rows[f]]], z[rows[f]], seed + f), range(n_folds)))
    left_out = np.zeros(len(X))
    for f, model in enumerate(models):
        left_out[fold == f] = model.predict(X[fold == f])
    return models, left_out


def _predict_trees(models: tuple[TreeModel, ...], X: NDArray[np.float32]) -> Float:
    found = [model.predict(X) for model in models]
    return np.mean(found, axis=0, dtype=np.float64) if found else np.zeros(len(X))


def _with_sources(inputs: Inputs) -> NDArray[np.float32]:
    return np.concatenate([inputs.features, inputs.sources], axis=1).astype(np.float32)


def _alone(inputs: Inputs) -> NDArray[np.float32]:
    return inputs.features.astype(np.float32)
