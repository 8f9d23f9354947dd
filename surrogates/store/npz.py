"""Numeric arrays as bytes, without pickle."""

from __future__ import annotations

import io
import zipfile
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks import limits
from benchmarks.errors import ArtefactError

__all__ = ["npz_arrays", "npz_bytes"]


def npz_bytes(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Numeric arrays as a compressed npz file; the same arrays give the same bytes.

    Raises:
        ArtefactError: If an array contains Python objects.

    Example:
        >>> npz_arrays(npz_bytes({"a": np.arange(3)}))["a"].tolist()
        [0, 1, 2]
    """
    for name, array in arrays.items():
        if np.asarray(array).dtype.hasobject:
            raise ArtefactError(f"cannot store array {name!r}: expected numbers, got Python objects, which need pickle")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **cast(Any, dict(sorted(arrays.items()))))
    return buffer.getvalue()


def npz_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an npz file.

    Raises:
        ValueError: If an array needs pickle, or all together have more than `benchmarks.limits.MODEL_BYTES`.
        zipfile.BadZipFile: If it is damaged, or zlib.error.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as members:
        size = sum(member.file_size for member in members.infolist())
    if size > limits.MODEL_BYTES:
        raise ValueError(f"expected arrays of at most {limits.MODEL_BYTES:,} bytes, got {size:,}")
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
