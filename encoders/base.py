"""Base class of encoders: scikit-learn transformers from architecture strings to a float32 matrix."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from benchmarks.errors import ArchitectureError, shown
from benchmarks.spaces.registry import get_space, infer_space, naslib_hint

if TYPE_CHECKING:
    from typing_extensions import Self

    from benchmarks.spaces.space import Space

__all__ = ["Encoder", "as_strings"]


class Encoder(TransformerMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """Encodes architecture strings of one space as features.

    `fit` only learns the space; no labels are used. Architectures outside the published set but inside the grammar
    (another base width, a longer macro code) are encoded as well.

    Attributes:
        space_: Name of the space, after `fit`.
        n_features_out_: Number of features, after `fit`.

    Example:
        An encoder of your own:

        >>> class Depth(Encoder):
        ...     def feature_names(self, space):
        ...         return ["depth"]
        ...
        ...     def encode(self, space, archs):
        ...         return np.array([[len(arch)] for arch in archs])
        >>> Depth().fit_transform(["64-2311-basic", "64-111111-basic"]).tolist()
        [[13.0], [15.0]]
    """

    def fit(self, archs: Sequence[str], y: object = None) -> Self:
        """Learn the space from a list of n architecture strings; `y` is ignored.

        Raises:
            ArchitectureError: If the list is empty, mixes spaces or contains a string that is not an architecture.
        """
        space = infer_space(as_strings(archs))
        self.space_ = space.name
        self.n_features_out_ = len(self.feature_names(space))
        return self

    def transform(self, archs: Sequence[str]) -> NDArray[np.float32]:
        """Encode n architecture strings.

        Returns:
            Features, float32, of shape (n, n_features_out_).

        Raises:
            ArchitectureError: If a string is not an architecture of the space seen in `fit`.
        """
        check_is_fitted(self, "space_")
        strings = as_strings(archs)
        space = get_space(self.space_)
        if not strings:
            return np.zeros((0, self.n_features_out_), dtype=np.float32)
        if (came := infer_space(strings)) != space:
            raise ArchitectureError(
                f"expected architectures of {self.space_}, on which this {type(self).__name__} was fitted, got "
                f"{strings[0]!r} of {came.name}"
            )
        X = np.ascontiguousarray(self.encode(space, strings), dtype=np.float32)
        if X.shape != (len(strings), self.n_features_out_):
            raise ValueError(
                f"{type(self).__name__}.encode: expected features of shape {(len(strings), self.n_features_out_)}, one "
                f"column per name, got {X.shape}"
            )
        return X

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Names of the features, of shape (n_features_out_,)."""
        check_is_fitted(self, "space_")
        return np.array(self.feature_names(get_space(self.space_)), dtype=object)

    @abstractmethod
    def feature_names(self, space: Space) -> list[str]:
        """Names of the features for a space."""

    @abstractmethod
    def encode(self, space: Space, archs: list[str]) -> NDArray[np.floating]:
        """Features of shape (n, d) for a non-empty list of strings."""


def as_strings(archs: Iterable[str]) -> list[str]:
    """A list of strings from any iterable of strings, or from an array with one column.

    Raises:
        ArchitectureError: If it is a single string or contains other types; names the position.
    """
    if isinstance(archs, str) or not isinstance(archs, Iterable):
        raise ArchitectureError(f"expected a list of architecture strings, got {type(archs).__name__} {shown(archs)}")
    if isinstance(archs, (set, frozenset)):
        raise ArchitectureError(f"expected a list of architecture strings, got a {type(archs).__name__}, without order")
    shape: tuple[int, ...] = getattr(archs, "shape", (0,))
    if len(shape) != 1:
        if len(shape) != 2 or shape[1] != 1:
            raise ArchitectureError(f"expected architecture strings of shape (n,) or (n, 1), got {shape}")
        archs = np.asarray(archs)[:, 0]
    strings = archs.to_pylist() if hasattr(archs, "to_pylist") else list(archs)  # pyarrow's entries are no strings
    for position, arch in enumerate(strings):
        if not isinstance(arch, str):
            kind = type(arch).__name__
            raise ArchitectureError(
                f"expected an architecture string at position {position}, got {kind} {shown(arch)}{naslib_hint(arch)}"
            )
    return [str(arch) for arch in strings]
