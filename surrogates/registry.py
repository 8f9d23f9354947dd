"""Registry of surrogates by name: the surrogates of this package and scikit-learn baselines to compare with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.errors import choice

if TYPE_CHECKING:
    from surrogates.base import Surrogate

__all__ = ["BASELINES", "MODELS", "STORABLE_MODELS", "make_model"]


def make_model(name: str, seed: int = 0) -> Surrogate:
    """Create an unfitted surrogate.

    Args:
        name: A name in `MODELS`.
        seed: Its `random_state`.

    Raises:
        UnknownNameError: If there is no model of that name; the message names the nearest one.
        MissingExtraError: If the model needs an extra that is not installed.

    Example:
        >>> make_model("boosted", seed=3).random_state
        3
    """
    return MODELS[choice(name, MODELS, "model")](seed)


def _boosted(seed: int) -> Surrogate:
    from surrogates.models.boosted import BoostedSurrogate

    return BoostedSurrogate(random_state=seed)


def _gaussian_process(seed: int) -> Surrogate:
    from surrogates.models.gaussian_process import GaussianProcessSurrogate

    return GaussianProcessSurrogate(random_state=seed)


def _graph(seed: int) -> Surrogate:
    from surrogates.models.graph.surrogate import GraphSurrogate

    return GraphSurrogate(random_state=seed)


def _geometric(seed: int) -> Surrogate:
    from surrogates.models.graph import DirectedGNN, GraphSurrogate

    return GraphSurrogate(network=DirectedGNN, random_state=seed)


def _ensemble(seed: int) -> Surrogate:
    from surrogates.models.ensemble import EnsembleSurrogate

    return EnsembleSurrogate(random_state=seed)


def _ensemble_with_graph(seed: int) -> Surrogate:
    from surrogates.models.boosted import BoostedSurrogate
    from surrogates.models.ensemble import EnsembleSurrogate
    from surrogates.models.gaussian_process import GaussianProcessSurrogate
    from surrogates.models.graph.surrogate import GraphSurrogate

    members = [kind(random_state=seed) for kind in (BoostedSurrogate, GaussianProcessSurrogate, GraphSurrogate)]
    return EnsembleSurrogate(members=members, random_state=seed)


def _forest(seed: int) -> Surrogate:
    from sklearn.ensemble import RandomForestRegressor

    return _on_one_hot(RandomForestRegressor(n_estimators=200), seed)


def _linear(seed: int) -> Surrogate:
    from sklearn.linear_model import Ridge

    return _on_one_hot(Ridge(alpha=1.0), seed)


def _neighbours(seed: int) -> Surrogate:
    from sklearn.neighbors import KNeighborsRegressor

    return _on_one_hot(KNeighborsRegressor(n_neighbors=5, weights="distance"), seed)


def _kernel(seed: int) -> Surrogate:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import Matern

    kernel = Matern(length_scale=2.0, length_scale_bounds="fixed", nu=1.5)
    return _on_one_hot(GaussianProcessRegressor(kernel, alpha=0.1, normalize_y=True), seed)


def _perceptron(seed: int) -> Surrogate:
    from sklearn.neural_network import MLPRegressor

    return _on_one_hot(
        MLPRegressor(hidden_layer_sizes=(64, 64), alpha=0.1, solver="lbfgs", max_iter=5000, tol=1e-2), seed
    )


def _on_one_hot(regressor: object, seed: int) -> Surrogate:
    from encoders.one_hot import OneHotEncoding
    from surrogates.models.boosted import BoostedSurrogate

    return BoostedSurrogate(encoder=OneHotEncoding(), regressor=regressor, random_state=seed)


BASELINES: dict[str, Callable[[int], Surrogate]] = {
    "forest": _forest,
    "linear": _linear,
    "knn": _neighbours,
    "kernel": _kernel,
    "mlp": _perceptron,
}
"""Name -> factory of a scikit-learn regressor on one-hot features, called with a seed."""

MODELS: dict[str, Callable[[int], Surrogate]] = {
    "boosted": _boosted,
    "gp": _gaussian_process,
    "graph": _graph,
    "ensemble": _ensemble,
    "ensemble+graph": _ensemble_with_graph,
    "pyg": _geometric,
    **BASELINES,
}
"""Name -> factory of an unfitted surrogate, called with a seed."""

STORABLE_MODELS = tuple(name for name in MODELS if name not in BASELINES)
"""Names of the models that can be stored; scikit-learn regressors could be stored only with pickle."""
