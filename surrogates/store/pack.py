"""What a fitted surrogate is made of, in forms that need no pickle."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from surrogates.store.npz import npz_arrays, npz_bytes

__all__ = ["Pack", "Packable"]

_ARRAYS = "arrays.npz"
_ZIPPED = ".gz"


@dataclass
class Pack:
    """What a fitted surrogate is made of, in forms that need no pickle.

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
        """The pack of what `to_files` gave.

        Raises:
            KeyError: If there is no file of arrays.
            OSError: If a model is damaged.
        """
        models = {name.removesuffix(_ZIPPED): gzip.decompress(data) for name, data in files.items() if name != _ARRAYS}
        return cls(settings, npz_arrays(files[_ARRAYS]), models)

    def to_files(self) -> dict[str, bytes]:
        """Arrays and models as the content of files, by name; the same pack gives the same bytes.

        Example:
            >>> list(Pack(models={"tree.ubj": b"..."}).to_files())
            ['arrays.npz', 'tree.ubj.gz']
        """
        models = {f"{name}{_ZIPPED}": gzip.compress(data, mtime=0) for name, data in self.models.items()}
        return {_ARRAYS: npz_bytes(self.arrays), **models}


class Packable(Protocol):
    """A fitted surrogate, as far as writing it goes; `surrogates.base.Surrogate` is one.

    Attributes:
        space_: Name of the space.
        tasks_: Names of the tasks.
        one_task_: Whether labels came as a vector.
        n_archs_: Distinct functions seen in `fit`.
        cv_scores_: What cross-validation measured.
    """

    space_: str
    tasks_: tuple[str, ...]
    one_task_: bool
    n_archs_: int
    cv_scores_: dict[str, dict[str, float]]

    def pack(self) -> Pack:
        """What was learned, beyond these attributes."""
        ...
