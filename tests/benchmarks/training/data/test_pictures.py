"""Picture files of all kinds: the pixels that a person would see, and reasons for files that are none."""

import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL")

from PIL import Image

from benchmarks.errors import MissingExtraError
from benchmarks.training.data.pictures import PictureError, picture_digest, read_picture

CORNERS = np.array([[[10, 20, 30], [200, 0, 0]], [[0, 100, 0], [0, 0, 250]]], np.uint8)  # (2, 2, 3)


def blocks(colours: np.ndarray, side: int) -> np.ndarray:
    """Every pixel as a square of the given side."""
    return colours.repeat(side, axis=0).repeat(side, axis=1)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".webp", ".tif", ".ppm", ".PNG"])
def test_pixels_of_a_picture_without_losses_are_kept(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(CORNERS).save(path, **({"lossless": True} if suffix == ".webp" else {}))
    assert read_picture(path, 2).transpose(1, 2, 0).tolist() == CORNERS.tolist()
    assert read_picture(path, 2).dtype == np.uint8


def test_a_square_is_resized_as_taskonomy_images_are(tmp_path: Path, rng: np.random.Generator) -> None:
    pixels = rng.integers(0, 256, (50, 50, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    expected = np.asarray(Image.fromarray(pixels).resize((16, 16), Image.Resampling.BILINEAR))
    assert np.array_equal(read_picture(tmp_path / "a.png", 16).transpose(1, 2, 0), expected)


@pytest.mark.parametrize("upright", [False, True])
def test_of_a_wide_or_high_picture_the_centre_is_used(tmp_path: Path, upright: bool) -> None:
    pixels = np.zeros((8, 24, 3), np.uint8)
    pixels[:, 8:16] = (1, 2, 3)  # the central square has one colour, the rest another
    pixels[:, :8] = pixels[:, 16:] = (250, 250, 250)
    Image.fromarray(pixels.transpose(1, 0, 2) if upright else pixels).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png", 8).reshape(3, -1).T.tolist() == [[1, 2, 3]] * 64


@pytest.mark.parametrize(("orientation", "turned"), [(1, 0), (6, 3), (3, 2), (8, 1)])
def test_the_camera_s_rotation_is_applied(tmp_path: Path, orientation: int, turned: int) -> None:
    """EXIF 6: the top of the scene is at the right side of the stored picture, 8: at the left, 3: at the bottom."""
    picture = Image.fromarray(blocks(CORNERS, 8))
    exif = picture.getexif()
    exif[274] = orientation
    picture.save(tmp_path / "a.png", exif=exif)
    found = read_picture(tmp_path / "a.png", 16).transpose(1, 2, 0)[::8, ::8]
    assert found.tolist() == np.rot90(CORNERS, turned).tolist()


def test_grey_of_8_and_16_bits_and_black_and_white(tmp_path: Path) -> None:
    for name, pixels in {
        "grey": np.array([[0, 7], [128, 255]], np.uint8),
        "wide": np.array([[0, 7 * 256 + 200], [128 * 256, 65535]], np.uint16),
    }.items():
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        assert read_picture(tmp_path / f"{name}.png", 2).tolist() == [[[0, 7], [128, 255]]] * 3, name
    Image.fromarray(np.array([[True, False], [False, True]])).save(tmp_path / "bits.png")
    assert read_picture(tmp_path / "bits.png", 2).tolist() == [[[255, 0], [0, 255]]] * 3


def test_colours_of_16_bits_agree_with_grey_of_16_bits(tmp_path: Path) -> None:
    """A PNG written by hand, because pillow writes no colours of 16 bits."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    values = (7 * 256 + 200, 128 * 256, 65535)
    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    line = zlib.compress(b"\0" + struct.pack(">3H", *values))
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", line) + chunk(b"IEND", b"")
    )
    assert read_picture(tmp_path / "a.png", 1)[:, 0, 0].tolist() == [7, 128, 255]


def test_transparent_pixels_lie_on_white(tmp_path: Path) -> None:
    pixels = np.array([[[10, 20, 30, 255], [10, 20, 30, 0]]] * 2, np.uint8)
    Image.fromarray(pixels).save(tmp_path / "rgba.png")
    assert read_picture(tmp_path / "rgba.png", 2)[:, 0].T.tolist() == [[10, 20, 30], [255, 255, 255]]
    palette = Image.new("P", (2, 2), 1)
    palette.putpalette([9, 9, 9, 10, 20, 30] + [0] * 762)
    palette.putpixel((1, 0), 0)
    palette.save(tmp_path / "palette.png", transparency=0)
    assert read_picture(tmp_path / "palette.png", 2)[:, 0].T.tolist() == [[10, 20, 30], [255, 255, 255]]
    palette.save(tmp_path / "bytes.png", transparency=b"\x00\xff")  # pillow warns if this becomes RGB directly
    assert read_picture(tmp_path / "bytes.png", 2)[:, 0].T.tolist() == [[10, 20, 30], [255, 255, 255]]
    palette.save(tmp_path / "opaque.png")
    assert read_picture(tmp_path / "opaque.png", 2)[:, 0].T.tolist() == [[10, 20, 30], [9, 9, 9]]


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "LAB"])
def test_other_colour_spaces_become_rgb(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (4, 4)).save(tmp_path / "a.tif")
    assert read_picture(tmp_path / "a.tif", 2).shape == (3, 2, 2)


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    Image.fromarray(CORNERS).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert read_picture(tmp_path / "a.jpg", 2).transpose(1, 2, 0).tolist() == CORNERS.tolist()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp"])
def test_half_a_file_is_damaged(tmp_path: Path, rng: np.random.Generator, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)).save(path)
    assert len(picture_digest(path)) == 64
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for read in (picture_digest, lambda path: read_picture(path, 8)):
        with pytest.raises(PictureError, match="damaged: "):
            read(path)


def test_what_is_no_picture_has_a_reason(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty.png").touch()
    (tmp_path / "link.png").symlink_to(tmp_path / "gone.png")
    os.mkfifo(tmp_path / "pipe.png")
    Image.fromarray(np.zeros((2, 2), np.float32)).save(tmp_path / "floats.tif")
    Image.fromarray(np.full((2, 2), 70000, np.int32)).save(tmp_path / "large.tif")
    for name, reason in {
        "text.png": "not a picture",
        "empty.png": "empty file",
        "link.png": "No such file",
        "pipe.png": "not a regular file",
        "floats.tif": "expected whole numbers",
        "large.tif": "at most 16 bits, got 70000 to 70000",
    }.items():
        with pytest.raises(PictureError, match=reason):
            picture_digest(tmp_path / name)


def test_a_huge_picture_in_a_small_file_is_refused(tmp_path: Path) -> None:
    """A decompression bomb: a header of 60,000 x 60,000 pixels."""
    Image.new("1", (8, 8)).save(tmp_path / "a.png")
    content = bytearray((tmp_path / "a.png").read_bytes())
    content[16:24] = struct.pack(">II", 60_000, 60_000)
    content[29:33] = struct.pack(">I", zlib.crc32(bytes(content[12:29])))
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(PictureError, match="decompression bomb"):
        picture_digest(tmp_path / "a.png")


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    import hashlib

    Image.fromarray(CORNERS).save(tmp_path / "a.png")
    assert picture_digest(tmp_path / "a.png") == hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()


def test_without_pillow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(b"1")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r"Reading pictures needs 'pillow', which is not installed: .*training"):
        picture_digest(tmp_path / "a.png")


def test_a_broken_pillow_is_not_a_missing_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installing pillow again would not bring what it lacks."""
    (tmp_path / "a.png").write_bytes(b"1")
    (tmp_path / "broken" / "PIL").mkdir(parents=True)
    (tmp_path / "broken" / "PIL" / "__init__.py").write_text("import no_such_part\n")
    for name in [name for name in sys.modules if name.partition(".")[0] == "PIL"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path / "broken")
    with pytest.raises(ModuleNotFoundError, match="no_such_part") as error:
        picture_digest(tmp_path / "a.png")
    assert not isinstance(error.value, MissingExtraError)
