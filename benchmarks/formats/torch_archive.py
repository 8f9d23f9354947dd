"""Files of torch: plain data out of an archive, whose checksums and size are looked at before it is unpickled."""

from __future__ import annotations

import mmap
import pickle
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

from benchmarks import limits
from benchmarks.errors import TableError, shown
from benchmarks.limits import SHOWN
from benchmarks.optional import needs_extra

__all__ = ["import_torch", "load_archive"]

_ZIP = b"PK\x03\x04"
_TEXT = re.compile(rb"X(..)\0\0", re.DOTALL)
"""The opcode of a text in a pickle, and its length, as four bytes of which the last two are zero: below 65,536."""
_CLOCK = re.compile(rb"[\d:., days]{4,40}")


def load_archive(path: Path) -> tuple[object, bool]:
    """The content of a file, and whether it had checksums that were compared.

    Args:
        path: A file that `torch.save` wrote.

    Raises:
        TableError: If it is damaged, holds anything but plain data, or exceeds `benchmarks.limits`.
        MissingExtraError: If torch is not installed.

    Example:
        >>> import tempfile, torch
        >>> path = Path(tempfile.mkdtemp()) / "a.pth"
        >>> torch.save({"task_list": ["jigsaw"]}, path)
        >>> load_archive(path)
        ({'task_list': ['jigsaw']}, True)
    """
    torch = import_torch("Reading a .pth for the first time")
    checked = _check_archive(path)
    _check_texts(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's warnings about unknown pickles; the error below covers them
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise TableError(
            "expected numbers, strings, lists and dictionaries only, got other objects, which are not unpickled "
            "because they can run code"
        ) from error
    except Exception as error:  # torch raises many types
        reason = str(error).partition("\n")[0]
        raise TableError(f"damaged, truncated or not written by torch.save ({reason:.{SHOWN}})") from error
    return found, checked


def _check_archive(path: Path) -> bool:
    """Compare the checksum of every member of a zip archive; its members must be stored, as torch writes them.

    Returns:
        Whether it is a zip archive; the format of torch before 1.6 is a plain pickle, without checksums.
    """
    if (size := path.stat().st_size) > limits.FILE_BYTES:
        raise TableError(f"expected at most {limits.FILE_BYTES:,} bytes, got {size:,}")
    with path.open("rb") as file:
        if file.read(len(_ZIP)) != _ZIP:
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            packed = next((member for member in members if member.compress_type != zipfile.ZIP_STORED), None)
            wrong = archive.testzip() if packed is None and sum(m.file_size for m in members) <= size else ""
    except Exception as error:  # what zipfile makes of a damaged archive has many types
        raise TableError(f"damaged, truncated or not written by torch.save ({error!s:.{SHOWN}})") from error
    if packed is not None:
        raise TableError(
            f"expected members that are stored, as torch.save writes them, got {shown(packed.filename)} compressed "
            f"from {packed.file_size:,} to {packed.compress_size:,} bytes"
        )
    if wrong is not None:
        problem = f"the checksum of {shown(wrong)} differs from the recorded one" if wrong else "its members overlap"
        raise TableError(f"damaged, truncated or not written by torch.save: {problem}")
    return True


def _check_texts(path: Path) -> None:
    """Refuse more different texts than tables have names, before torch spends seconds on reading a million of them.

    Clock readings, of which the published file has one an epoch, do not count.
    """
    if not path.stat().st_size:  # cannot be mapped; torch says that it is damaged
        return
    seen: set[int] = set()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for found in _TEXT.finditer(content):
            text = content[found.end() : found.end() + int.from_bytes(found[1], "little")]
            if b":" not in text or not _CLOCK.fullmatch(text):
                seen.add(hash(text))
                if len(seen) > limits.TEXTS:
                    raise TableError(
                        f"expected at most {limits.TEXTS:,} different names of architectures, tasks and metrics, got "
                        "more"
                    )


def import_torch(feature: str) -> Any:
    """The module torch.

    Args:
        feature: What needs it, for the message.

    Raises:
        MissingExtraError: If torch is not installed.

    Example:
        >>> import_torch("Reading a .pth").__name__
        'torch'
    """
    with needs_extra(feature, "gnn", "torch"):
        import torch
    return torch
