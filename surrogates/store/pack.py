"""`Pack`: the fitted state of a surrogate in formats that need no pickle."""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from benchmarks import limits
from benchmarks.short_repr import ShortRepr
from surrogates.equivalence import Equivalence
from surrogates.store.npz import npz_arrays, npz_bytes

__all__ = ["Pack", "Packable"]

_ARRAYS = "arrays.npz"
_ZIPPED = ".gz"


@dataclass(repr=False)
class Pack(ShortRepr):
    """The fitted state of a surrogate in formats that need no pickle.

    Attributes:
        settings: JSON values.
        arrays: Numeric arrays by name.
        models: Native model files by name, e.g. XGBoost UBJ.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    models: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def from_files(cls, settings: dict[str, Any], files: Mapping[str, bytes]) -> Pack:
        """Inverse of `to_files`, with the settings given separately.

        Raises:
            KeyError: If the file of arrays is missing.
            OSError: If a model is damaged.
            ValueError: If a model has more than `benchmarks.limits.MODEL_BYTES` bytes.
        """
        models = {name.removesuffix(_ZIPPED): _unzipped(data) for name, data in files.items() if name != _ARRAYS}
        return cls(settings, npz_arrays(files[_ARRAYS]), models)

    def to_files(self) -> dict[str, bytes]:
        """Contents of the files of arrays and models, by name; the same pack gives the same bytes.

        Example:
            >>> list(Pack(models={"tree.ubj": b"..."}).to_files())
            ['arrays.npz', 'tree.ubj.gz']
        """
        models = {f"{name}{_ZIPPED}": gzip.compress(data, mtime=0) for name, data in self.models.items()}
        return {_ARRAYS: npz_bytes(self.arrays), **models}


class Packable(Protocol):
    """Interface of a fitted surrogate that `save_surrogate` needs; implemented by `surrogates.base.Surrogate`.

    Attributes:
        space_: Name of the space.
        tasks_: Names of the tasks.
        minimize_: Those of them that are the user's own and better when lower.
        one_task_: Whether the labels were a vector.
        n_archs_: Number of distinct functions (or strings) seen in `fit`.
        cv_scores_: Results of cross-validation.
        equivalence_: Whether predictions are those of ``"function"`` or ``"string"``.
    """

    space_: str
    tasks_: tuple[str, ...]
    minimize_: tuple[str, ...]
    one_task_: bool
    n_archs_: int
    cv_scores_: dict[str, dict[str, float]]
    equivalence_: Equivalence

    @property
    def parts_(self) -> Sequence[Packable]:
        """Fitted surrogates of some of the tasks each; empty if all tasks were fitted together."""

    def pack(self) -> Pack:
        """The fitted state, without these attributes."""
        ...


def _unzipped(data: bytes) -> bytes:
    with gzip.open(io.BytesIO(data)) as file:
        content = file.read(limits.MODEL_BYTES + 1)
    if len(content) > limits.MODEL_BYTES:
        raise ValueError(f"expected a model of at most {limits.MODEL_BYTES:,} bytes, got more")
    return content
