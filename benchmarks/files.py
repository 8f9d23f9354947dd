"""Files that are either there completely or not at all: write beside the name, then rename."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["write_beside"]


@contextmanager
def write_beside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a fresh name in the folder of `path`; move what is written there to `path` on success.

    A reader of `path` sees the old content or the new, never half of it. If the block raises (Ctrl-C too),
    the half file is removed and `path` is left as it was.

    Args:
        path: The file to write; its folder must exist.

    Yields:
        The name to write to; it ends like `path`, so that writers which look at the suffix agree.

    Raises:
        OSError: If the folder does not exist or cannot be written; the message names `path`.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "numbers.txt"
        >>> with write_beside(target) as beside:
        ...     _ = beside.write_text("1 2 3")
        >>> target.read_text()
        '1 2 3'
    """
    target = Path(path)
    beside = target.with_name(f".{uuid.uuid4().hex[:8]}-{target.name}")
    try:
        if not target.parent.is_dir():
            raise FileNotFoundError(2, "the folder does not exist")
        beside.touch(exist_ok=False)  # a folder that cannot be written says so before the work is done
        yield beside
        beside.replace(target)
    except OSError as error:
        raise type(error)(error.errno, f"cannot write: {error.strerror or error}", str(target)) from error
    finally:
        beside.unlink(missing_ok=True)
