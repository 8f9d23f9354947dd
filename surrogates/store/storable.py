"""Estimators as JSON: class name and constructor parameters, including nested estimators and network classes.

Only classes in `STORABLE`, and those given to `register_storable`, are written and instantiated, so loading an artefact
cannot run arbitrary code.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np

from benchmarks.errors import ArtefactError, shown

__all__ = ["STORABLE", "class_of", "from_json", "register_storable", "to_json"]

_Class = TypeVar("_Class", bound=type)

STORABLE: dict[str, str] = {
    "BoostedSurrogate": "surrogates.models.boosted",
    "Costs": "encoders.costs",
    "ZeroCost": "encoders.zero_cost.estimator",
    "DirectedGNN": "surrogates.models.graph.directed_gnn",
    "EnsembleSurrogate": "surrogates.models.ensemble",
    "GaussianProcessSurrogate": "surrogates.models.gaussian_process",
    "GraphFeatures": "encoders.graph_features",
    "GraphSurrogate": "surrogates.models.graph.surrogate",
    "LearningCurveSurrogate": "surrogates.models.learning_curves",
    "OneHotEncoding": "encoders.one_hot",
    "PathEncoding": "encoders.paths",
    "SupernetEstimates": "surrogates.supernet.estimates",
    "SupernetSurrogate": "surrogates.supernet.surrogate",
    "TransferSurrogate": "surrogates.models.transfer.surrogate",
    "WrittenFeatures": "encoders.written_features",
}
"""Name of a class of this package -> its module."""

_REGISTERED: dict[str, type[Any]] = {}


def register_storable(kind: _Class) -> _Class:
    """Allow a surrogate, encoder or network of your own to be stored and loaded, by the name of its class; a decorator.

    The process that loads must register the class as well: import the module that defines it.

    Args:
        kind: Subclass of `Surrogate` or `Encoder`, or another estimator, whose constructor parameters are stored; or
            the class of a network of `GraphSurrogate`.

    Returns:
        The class.

    Raises:
        ValueError: If another class has this name.

    Example:
        >>> from encoders import OneHotEncoding
        >>> @register_storable
        ... class PlainEncoding(OneHotEncoding):
        ...     pass
        >>> from_json(to_json(PlainEncoding(), "encoder"))
        PlainEncoding()
    """
    name = kind.__name__
    known = _REGISTERED.get(name)
    if name in STORABLE or (known and (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__)):
        raise ValueError(f"expected a class with a name of its own, got another {name!r}")
    _REGISTERED[name] = kind  # a cell or module that is run again defines its class again
    return kind


def class_of(name: object) -> type[Any]:
    """Return a storable class by name.

    Raises:
        ArtefactError: If there is no storable class of that name.

    Example:
        >>> class_of("OneHotEncoding").__module__
        'encoders.one_hot'
    """
    if isinstance(name, str) and name in _REGISTERED:
        return _REGISTERED[name]
    if not isinstance(name, str) or name not in STORABLE:
        raise ArtefactError(
            f"unknown class {name!r}; this version supports {_storable()}; a class of your own must be registered "
            "first (surrogates.register_storable)"
        )
    found = getattr(importlib.import_module(STORABLE[name]), name)
    assert isinstance(found, type)
    return found


def _storable() -> str:
    """The names of all storable classes, those of this package first."""
    return ", ".join([*sorted(STORABLE), *sorted(_REGISTERED)])


def to_json(value: Any, what: str) -> Any:
    """Convert numbers, strings, None, lists, tuples, dicts and storable estimators to JSON values.

    Also storable classes, and a `functools.partial` of one with such values as keywords.

    Args:
        value: Value to store.
        what: Name of the value for errors.

    Raises:
        ArtefactError: If the value, or a part of it, can be stored only with pickle.

    Example:
        >>> to_json({"sizes": (1, 2)}, "settings")
        {'dict': {'sizes': {'tuple': [1, 2]}}}
        >>> from_json(_)
        {'sizes': (1, 2)}
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, list):
        return [to_json(entry, f"{what}[{i}]") for i, entry in enumerate(value)]
    if isinstance(value, tuple):
        return {"tuple": [to_json(entry, f"{what}[{i}]") for i, entry in enumerate(value)]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: to_json(entry, f"{what}[{key!r}]") for key, entry in value.items()}}
    if isinstance(value, (type, partial)):
        return _class_to_json(value, what)
    name = type(value).__name__
    if name in {*STORABLE, *_REGISTERED} and type(value) is class_of(name):
        stored = value.params_to_store() if hasattr(value, "params_to_store") else value.get_params(deep=False)
        params = sorted(stored.items())
        return {"class": name, "params": {key: to_json(entry, f"{what}.{key}") for key, entry in params}}
    own = "; surrogates.register_storable allows an estimator of your own" if hasattr(value, "get_params") else ""
    own = "; a class can be registered (surrogates.register_storable), a function cannot" if callable(value) else own
    raise ArtefactError(
        f"cannot store {what} without pickle: expected numbers, strings, lists or one of "
        f"{_storable()}, got a {type(value).__module__}.{type(value).__qualname__}{own}"
    )


def from_json(value: Any) -> Any:
    """Inverse of `to_json`; estimators are unfitted.

    Raises:
        ArtefactError: If the value is not in the format of `to_json`, or names an unknown class or parameter.
    """
    if isinstance(value, list):
        return [from_json(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"float": str(text)}:
            return float(text)
        case {"tuple": list(entries)}:
            return tuple(from_json(entry) for entry in entries)
        case {"dict": dict(entries)}:
            return {key: from_json(entry) for key, entry in entries.items()}
        case {"type": str(path), "keywords": dict(keywords)}:
            kind: Callable[..., Any] = _class_from_json(path)
            return partial(kind, **{key: from_json(entry) for key, entry in keywords.items()}) if keywords else kind
        case {"class": name, "params": dict(params)}:
            found = class_of(name)
            try:
                return found(**{key: from_json(entry) for key, entry in params.items()})
            except TypeError as error:
                raise ArtefactError(f"stored parameters do not match {name}: {error}") from error
    raise ArtefactError(f"expected a stored value, got keys {sorted(value)}")


def _class_to_json(value: type[Any] | partial[Any], what: str) -> dict[str, Any]:
    """A class as ``module:Class``, of which only the name is looked up again, and the keywords of its partial."""
    kind: Any = value.func if isinstance(value, partial) else value
    keywords = value.keywords if isinstance(value, partial) else {}
    if isinstance(value, partial) and value.args:
        raise ArtefactError(
            f"cannot store {what}: expected keywords in functools.partial({getattr(kind, '__name__', '...')}, ...), "
            f"got {len(value.args)} arguments without a name"
        )
    name = getattr(kind, "__name__", type(kind).__name__)
    if not isinstance(kind, type) or name not in {*STORABLE, *_REGISTERED} or kind is not class_of(name):
        raise ArtefactError(
            f"cannot store {what} without pickle: expected a class registered by surrogates.register_storable, got "
            f"{kind.__module__}:{getattr(kind, '__qualname__', name)}"
        )
    stored = {key: to_json(entry, f"{what}.{key}") for key, entry in sorted(keywords.items())}
    return {"type": f"{kind.__module__}:{name}", "keywords": stored}


def _class_from_json(path: str) -> type[Any]:
    """A storable class by its name; its module is told, and never imported."""
    module, _, name = path.rpartition(":")
    try:
        return class_of(name)
    except ArtefactError:
        raise ArtefactError(
            f"unknown class {shown(name)}, stored from the module {shown(module)}, which is not imported in silence: "
            "import it yourself if you trust it, and register the class (surrogates.register_storable)"
        ) from None
