"""Describe a search by JSON values that are the same in every process, to recognise a search when it is resumed."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from benchmarks.table import Table
from surrogates.base import Surrogate
from surrogates.search.base import Searcher
from surrogates.search.constraints import Constraint
from surrogates.search.own_code import own_code
from surrogates.store.nested import pack_state

__all__ = ["describe_search"]

_LONGEST = 80


def describe_search(searcher: Searcher, seed: int, batch_size: int, constraint: Constraint | None) -> dict[str, Any]:
    """A search as JSON values, stored with its history and compared when the search is resumed.

    Parameters that are not plain values are identified by their content, not by their address in memory: arrays and
    tables by a hash, surrogates by their parameters and fitted state, functions by their name. Functions and classes
    of the user's own, the searcher among them, are listed with a hash of their code under ``code``, which a search
    without any does not have.

    Example:
        >>> from surrogates.search import make_searcher
        >>> describe_search(make_searcher("local"), 0, 8, None)["searcher"]
        'LocalSearch'
    """
    params = {name: value for name, value in searcher.get_params(deep=False).items() if name != "random_state"}
    about = {
        "searcher": type(searcher).__name__,
        "params": {name: _plain(value) for name, value in params.items()},
        "seed": int(seed),
        "batch_size": int(batch_size),
        "constraint": None if constraint is None else str(constraint),
    }
    code = own_code(searcher)
    return {**about, "code": code} if code else about


def _plain(value: object) -> str | int | float | None:
    """A parameter as a JSON value: plain values unchanged, others as text, or as a hash if the text is long."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | int | None) or (isinstance(value, float) and math.isfinite(value)):
        return value
    content = _content(value)
    return content if len(content) < _LONGEST else f"{type(value).__name__} {_hash(content.encode())[:16]}"


def _content(value: object) -> str:
    """The full content as text; a hash where `repr` would abbreviate."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return f"{value.dtype} {value.shape} {_hash(value.tobytes())}"
    if isinstance(value, Table):
        return value.hash
    if isinstance(value, pd.DataFrame | pd.Series):
        names = _content(list(value.columns)) if isinstance(value, pd.DataFrame) else repr(value.name)
        return f"{names} {_content(pd.util.hash_pandas_object(value).to_numpy())}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_content(key)}: {_content(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_content, value))}]"
    if isinstance(value, BaseEstimator):
        return f"{type(value).__name__}({_content(value.get_params(deep=False))}){_learned(value)}"
    if isinstance(value, partial):
        return f"{_content(value.func)}{_content([*value.args, value.keywords])}"
    if name := getattr(value, "__qualname__", ""):
        return f"{value.__module__}.{name}"
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def _learned(estimator: BaseEstimator) -> str:
    """The fitted state of a surrogate, as it would be stored; empty if it is not a fitted surrogate."""
    if not isinstance(estimator, Surrogate) or not hasattr(estimator, "tasks_"):
        return ""
    pack = pack_state(estimator)
    models = {name: _hash(model) for name, model in sorted(pack.models.items())}
    settings = json.dumps(pack.settings, sort_keys=True, default=repr)
    return f" {_content(estimator.tasks_)} {settings} {_content(dict(sorted(pack.arrays.items())))} {models}"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
