"""Contract tests for encoders: `check_encoder` checks an instance of `Encoder` against the whole contract."""

from __future__ import annotations

import copy

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from benchmarks.errors import ArchitectureError
from benchmarks.spaces.registry import get_space, list_spaces
from benchmarks.spaces.space import Space
from encoders.base import Encoder

__all__ = ["check_encoder"]

_SAMPLE = 60


def check_encoder(encoder: Encoder, space: str | Space, outside: str | None = None) -> None:
    """Check that an encoder fulfils the contract of `Encoder` on a space.

    Args:
        encoder: Any encoder, fitted or not.
        space: The space to encode, or its name.
        outside: An architecture that its grammar allows but that is not in the published set, if there is one.

    Raises:
        AssertionError: Names the part of the contract that is violated.

    Example:
        >>> from encoders import OneHotEncoding
        >>> check_encoder(OneHotEncoding(), "transnas101-micro", outside="32-4114-3_33_333")
    """
    space = get_space(space)
    archs = space.sample(min(_SAMPLE, len(space)), rng=0)
    fresh = clone(encoder)
    _expect(NotFittedError, lambda: fresh.transform(archs), "transform before fit is refused")
    fitted = fresh.fit(archs)
    assert fitted is fresh, "fit returns self"
    X = fitted.transform(archs)
    assert X.dtype == np.float32 and X.shape == (len(archs), fitted.n_features_out_), "float32 of shape (n, d)"
    assert np.isfinite(X).all(), "features are finite"
    names = fitted.get_feature_names_out()
    assert len(set(names)) == len(names) == X.shape[1], "one distinct name per feature"
    assert np.array_equal(X, clone(encoder).fit_transform(archs)), "the same input gives the same features"
    assert np.array_equal(X[::-1], fitted.transform(archs[::-1])), "rows follow their architectures"
    alone = np.concatenate([fitted.transform([arch]) for arch in archs])
    assert np.array_equal(X, alone), "a row does not depend on the others"
    assert np.array_equal(X, copy.deepcopy(fitted).transform(archs)), "copies agree"
    assert fitted.transform([]).shape == (0, X.shape[1]), "an empty list gives an empty matrix"
    _expect(ArchitectureError, lambda: clone(encoder).fit([]), "an empty fit is refused")
    _expect(ArchitectureError, lambda: fitted.transform("abc"), "a single string is refused")
    other = next(get_space(name) for name in list_spaces() if name != space.name)
    _expect(ArchitectureError, lambda: fitted.transform([other.example]), "another space is refused")
    if outside is not None:
        row = fitted.transform([outside])
        assert row.shape == (1, X.shape[1]) and np.isfinite(row).all(), "unpublished architectures are encoded"
        beside = fitted.transform([*archs, outside])
        assert np.array_equal(beside, np.concatenate([X, row])), "published ones do not depend on unpublished ones"


def _expect(error: type[Exception], call: object, promise: str) -> None:
    try:
        call()  # type: ignore[operator]
    except error:
        return
    raise AssertionError(promise)
