"""One picture file of any common kind -> a square of RGB pixels, or the reason why it cannot be read.

Importing this module does not load pillow.
"""

from __future__ import annotations

import errno
import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import SurrogatesError
from benchmarks.files import read_file
from benchmarks.optional import needs_extra

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["READER", "SUFFIXES", "PictureError", "picture_digest", "read_picture"]

READER = 1
"""Version of `read_picture`; another one gives other pixels."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"})
"""Endings of picture files in lower case, those of torchvision's ``ImageFolder``."""

_WIDE = ("I;16", "I;16L", "I;16B", "I;16N", "I")
"""Pillow's modes of grey values of 16 bits; older versions read such PNG files as ``I``."""
_BILINEAR = 2
"""Pillow's ``Image.Resampling.BILINEAR``."""
_LONGEST = 200
_LARGEST_WIDE = 65535
_WHITE = (255, 255, 255, 255)


class PictureError(SurrogatesError, ValueError):
    """A picture file that cannot be read; the message gives the reason without the file's name."""


def read_picture(path: str | Path, size: int) -> NDArray[np.uint8]:
    """The central square of a picture, resized.

    A square picture is resized as `TaskonomySource` does (bilinear, antialiased). The rotation that a camera recorded
    in EXIF is applied, grey becomes RGB, transparent pixels are laid on white, values of 16 bits are divided by 256,
    and of several frames the first is read.

    Args:
        path: The file; its content decides how it is read, not its name.
        size: Side in pixels, S.

    Returns:
        Pixels of shape (3, S, S).

    Raises:
        PictureError: If it is not a picture, damaged, or of a kind that has no RGB values.
        MissingExtraError: If pillow is not installed.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> path = Path(tempfile.mkdtemp(), "wide.png")
        >>> Image.new("L", (30, 10), 7).save(path)
        >>> read_picture(path, 4)[:, 0, 0]
        array([7, 7, 7], dtype=uint8)
    """
    picture = _decoded(_bytes(Path(path)))
    width, height = picture.size
    if (width, height) != (size, size):
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        picture = picture.resize((size, size), _BILINEAR, box=(left, top, left + side, top + side))
    return np.ascontiguousarray(np.asarray(picture).transpose(2, 0, 1))


def picture_digest(path: str | Path) -> str:
    """SHA-256 of a picture file's content, after decoding it completely.

    Raises:
        PictureError: As `read_picture`.
        MissingExtraError: If pillow is not installed.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "text.png")
        >>> _ = path.write_text("not a picture")
        >>> picture_digest(path)
        Traceback (most recent call last):
        ...
        benchmarks.training.data.pictures.PictureError: not a picture
    """
    content = _bytes(Path(path))
    _decoded(content)
    return hashlib.sha256(content).hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        return read_file(path)
    except OSError as error:
        reason = "not a regular file" if error.errno == errno.EINVAL else error.strerror
        raise PictureError(reason or str(error)) from error


def _decoded(content: bytes) -> Image.Image:
    """The whole picture as RGB, upright."""
    with needs_extra("Reading pictures", "training", "pillow"):
        from PIL import Image, ImageOps, UnidentifiedImageError
    try:
        with Image.open(io.BytesIO(content)) as opened:
            return _rgb(ImageOps.exif_transpose(opened))
    except UnidentifiedImageError as error:
        raise PictureError("not a picture" if content else "empty file") from error
    except PictureError:
        raise
    except Exception as error:  # pillow's decoders raise many kinds for damaged files
        raise PictureError(f"damaged: {error}"[:_LONGEST]) from error


def _rgb(picture: Image.Image) -> Image.Image:
    """A picture of any mode as RGB."""
    from PIL import Image

    if picture.mode in _WIDE:
        values = np.asarray(picture).astype(np.int64)
        if values.min() < 0 or values.max() > _LARGEST_WIDE:
            raise PictureError(f"expected values of at most 16 bits, got {values.min()} to {values.max()}")
        return Image.fromarray((values >> 8).astype(np.uint8)).convert("RGB")
    if picture.mode == "F":
        raise PictureError("expected whole numbers as pixels, got floats")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", clear.size, _WHITE), clear).convert("RGB")
    return picture.convert("RGB")
