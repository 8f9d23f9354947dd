"""The predictor of a transfer surrogate: a weighted sum of averaged Gaussian processes and boosted trees."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

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
_SHARES = np.array([0.6, 0.2, 0.2])
"""Prior weights: processes, trees with source scores, trees without."""
_SHARE_ROWS = 4.0
"""Strength of the prior weights, in labels."""
_CHUNK = 2048


@dataclass(frozen=True, repr=False)
class TransferPredictor(ShortRepr):
    """Predictor of one task, fitted to k labelled functions.

    Attributes:
        rows: Kernel inputs of the labelled functions.
        coefficients: Coefficients of the kernel terms at these, of shape (7, k).
        offset: Constant of the processes.
        transferred: Posterior probability that the sources are informative.
        shares: Weights of processes, trees with and trees without source scores, of shape (3,).
        informed: Trees with source scores.
        alone: Trees without source scores.
    """

    rows: Inputs
    coefficients: Float
    offset: float
    transferred: float
    shares: Float
    informed: tuple[TreeModel, ...]
    alone: tuple[TreeModel, ...]

    def predict(self, inputs: Inputs) -> Float:
        """Scores of n architectures, of shape (n,)."""
        n = len(inputs.features)
        process = np.full(n, self.offset)
        for start in range(0, n, _CHUNK):
            part = inputs.take(np.arange(start, min(start + _CHUNK, n)))
            process[start : start + _CHUNK] += np.einsum("cnk,ck->n", source_terms(part, self.rows), self.coefficients)
        informed = _predict_trees(self.informed, _with_sources(inputs))
        return np.asarray(self.shares @ np.stack([process, informed, _predict_trees(self.alone, _alone(inputs))]))

    def pack(self) -> Pack:
        """The fitted state, for storage without pickle."""
        pack = Pack(
            settings={"offset": self.offset, "transferred": self.transferred, "n_members": len(self.alone)},
            arrays={"coefficients": self.coefficients, "shares": self.shares, **self.rows._asdict()},
        )
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
        arrays = (pack.arrays["coefficients"], pack.settings["offset"], pack.settings["transferred"])
        return cls(rows, *arrays, pack.arrays["shares"], informed, alone)


def fit_predictor(
    inputs: Inputs,
    z: Float,
    group: NDArray[np.int64],
    log_prior: Float,
    learner: TreeLearner,
    n_members: int,
    seed: int,
    n_jobs: int,
) -> tuple[TransferPredictor, Float]:
    """Fit a predictor to n labels of k functions.

    Args:
        inputs: Kernel inputs of the k functions.
        z: Normal scores of the labels, of shape (n,).
        group: Function of each label, of shape (n,).
        log_prior: Log prior of the kernel's hypotheses.
        learner: Learner of the trees.
        n_members: Number of folds of functions; each member of the trees leaves one fold out.
        seed: Seed of folds and trees.
        n_jobs: Threads.

    Returns:
        The predictor, and for each label the prediction by models not fitted to its function, of shape (n,).

    Example:
        >>> from surrogates.models.transfer.averaged_process import learned_prior
        >>> rng = np.random.RandomState(0)
        >>> source = rng.normal(size=(20, 1))
        >>> inputs = Inputs(np.zeros((20, 3)), np.zeros((20, 3)), source)
        >>> learner, group = TreeLearner({"max_depth": 2}, n_rounds=5), np.arange(20)
        >>> prior = learned_prior(inputs, rng)
        >>> predictor, left_out = fit_predictor(inputs, source[:, 0], group, prior, learner, 4, 0, 1)
        >>> bool(np.corrcoef(left_out, source[:, 0])[0, 1] > 0.9)
        True
    """
    count = np.bincount(group).astype(np.float64)
    mean = np.bincount(group, z) / count
    k = len(count)
    if np.ptp(mean) == 0:
        nothing = TransferPredictor(inputs, np.zeros((N_TERMS, k)), float(mean[0]), 0.0, np.eye(3)[0], (), ())
        return nothing, np.full(len(z), mean[0])
    process = fit_average(source_terms(inputs, inputs), mean, count, log_prior)
    fold = np.random.RandomState(seed).permutation(k) % max(1, min(n_members, k))
    informed, alone = (
        _fit_trees(X, z, group, fold, learner, seed, n_jobs) for X in (_with_sources(inputs), _alone(inputs))
    )
    left_out = np.stack([process.left_out, informed[1], alone[1]])
    shares = stack_weights(left_out, mean, strength=_SHARE_ROWS, prior=_SHARES, row_weights=count, normalise=False)
    predictor = TransferPredictor(
        inputs, process.coefficients, process.offset, process.transferred, shares, informed[0], alone[0]
    )
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
