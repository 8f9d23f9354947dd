"""XGBoost models of boosted surrogates: one task per model, or all tasks in the leaves of the same trees."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

__all__ = ["TreeLearner", "TreeModel"]

_STATISTICS = ("loss_changes", "sum_hessian")


@dataclass(frozen=True)
class TreeModel:
    """A fitted booster."""

    booster: xgb.Booster

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores for features of shape (n, d): of shape (n,), or (n, T) for a joint model."""
        return np.asarray(self.booster.inplace_predict(X))

    def to_bytes(self) -> bytes:
        """The model as XGBoost UBJ, without training statistics, which predictions do not need."""
        model = json.loads(bytes(self.booster.save_raw("json")))
        for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
            several_outputs = tree["tree_param"]["size_leaf_vector"] not in ("0", "1")  # base weights are its leaves
            for name in _STATISTICS if several_outputs else (*_STATISTICS, "base_weights"):
                if name in tree:
                    tree[name] = [0.0] * len(tree[name])
        slim = xgb.Booster()
        slim.load_model(bytearray(json.dumps(model).encode()))
        return bytes(slim.save_raw("ubj"))

    @classmethod
    def from_bytes(cls, data: bytes) -> TreeModel:
        """Inverse of `to_bytes`."""
        booster = xgb.Booster({"nthread": 1})
        booster.load_model(bytearray(data))
        return cls(booster)


@dataclass(frozen=True)
class TreeLearner:
    """Fits boosters on normal scores.

    Args:
        parameters: Parameters of XGBoost.
        n_rounds: Trees per model.
    """

    parameters: Mapping[str, Any]
    n_rounds: int

    def fit(self, X: NDArray[np.float32], z: NDArray[np.float64], seed: int) -> TreeModel:
        """Fit a model of the scores of one task, of shape (n,), to features of shape (n, d)."""
        return TreeModel(xgb.train(self._with(seed), _matrix(X, z), self.n_rounds))

    def fit_joint(self, X: NDArray[np.float32], Z: NDArray[np.float64], seed: int) -> TreeModel:
        """Fit a model of the scores of T tasks, of shape (n, T), whose leaves predict all tasks."""
        joint = {**self._with(seed), "multi_strategy": "multi_output_tree"}
        return TreeModel(xgb.train(joint, _matrix(X, Z), self.n_rounds))

    def _with(self, seed: int) -> dict[str, Any]:
        fixed = {"base_score": 0.0, "tree_method": "hist", "nthread": 1, "verbosity": 0}
        return {**self.parameters, **fixed, "seed": seed}


def _matrix(X: NDArray[np.float32], labels: NDArray[np.float64]) -> xgb.DMatrix:
    return xgb.DMatrix(X, labels, nthread=1)
