"""Disk cache of rendered images: written once, read many times, rebuilt if damaged."""

from __future__ import annotations

import json
import logging
import warnings
import zlib
from pathlib import Path
from tokenize import TokenError

import numpy as np
import torch
from torch import Tensor

from benchmarks.files import write_folder_beside

__all__ = ["load_arrays", "store_arrays"]

_HEADER = "header.json"
_log = logging.getLogger(__name__)


def load_arrays(folder: Path) -> dict[str, Tensor] | None:
    """The arrays that `store_arrays` wrote, or None if they are missing or incomplete.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "images"
        >>> store_arrays({"rgb": torch.ones(2, 3)}, folder)
        >>> load_arrays(folder)["rgb"].shape
        torch.Size([2, 3])
        >>> _ = (folder / "rgb.npy").write_bytes(b"damaged")
        >>> load_arrays(folder) is None
        True
    """
    try:
        header = json.loads((folder / _HEADER).read_text("utf-8"))
        arrays = {}
        for name, checksum in header.items():
            values = np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False)  # shared between processes
            if zlib.crc32(values.data) != checksum:
                raise ValueError(f"{name}.npy is damaged")
            arrays[name] = torch.from_numpy(values)
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, TokenError) as error:
        _log.warning("%s is invalid and will be rebuilt: %s", folder, error)
        return None
    return arrays


def store_arrays(arrays: dict[str, Tensor], folder: Path) -> None:
    """Write arrays to a temporary folder, then rename it; if that fails, warn and continue.

    Args:
        arrays: Name -> values.
        folder: Folder to write; older content is replaced.
    """
    try:
        with write_folder_beside(folder) as beside:
            header = {}
            for name, values in arrays.items():
                plain = np.ascontiguousarray(values.cpu().numpy())
                np.save(beside / f"{name}.npy", plain, allow_pickle=False)
                header[name] = zlib.crc32(plain.data)
            (beside / _HEADER).write_text(json.dumps(header), "utf-8")
    except OSError as error:
        if load_arrays(folder) is None:  # otherwise another process has written it
            warnings.warn(
                f"{folder.parent} cannot be written ({error.strerror or error}): these images will be made again "
                "next time; set TRANSNAS_CACHE_DIR to a writable folder",
                stacklevel=3,
            )
