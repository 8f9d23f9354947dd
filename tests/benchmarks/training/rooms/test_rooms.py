"""Rooms as a source of images: always the same, kept on disk, and clear about wrong arguments."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import torch

from benchmarks.errors import UnknownNameError
from benchmarks.training.data.images import DOMAINS
from benchmarks.training.rooms import SCENES, contact_sheet, rooms, source
from benchmarks.training.rooms.labels import shares
from benchmarks.training.rooms.render import BLOCK
from benchmarks.training.rooms.scene import draw_scenes


def _digest(images):
    return hashlib.sha256(b"".join(images.arrays[name].numpy().tobytes() for name in DOMAINS)).hexdigest()


@pytest.fixture(scope="module")
def images():
    return rooms("train", 6, size=24, cache=False)


def test_an_image_is_the_same_whatever_the_number_of_images(images):
    more = rooms("train", BLOCK + 3, size=24, cache=False)
    for name in DOMAINS:
        assert torch.equal(more.arrays[name][:6], images.arrays[name])


def test_an_image_is_the_same_in_another_process_with_other_threads(images):
    program = (
        "import torch; torch.set_num_threads(2)\n"
        "from tests.benchmarks.training.rooms.test_rooms import _digest, rooms\n"
        "print(_digest(rooms('train', 6, size=24, cache=False)))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == _digest(images)


@pytest.mark.parametrize("other", [{"split": "valid"}, {"split": "test"}, {"seed": 1}])
def test_splits_and_seeds_have_other_images(images, other):
    made = rooms(**{"split": "train", "n": 6, "size": 24, "cache": False, **other})
    for name in DOMAINS:
        assert not torch.equal(made.arrays[name], images.arrays[name])


def test_splits_share_no_scene():
    layouts = np.concatenate([draw_scenes(split, range(200)).room for split in ("train", "valid", "test")])
    assert len(np.unique(layouts, axis=0)) == 600


def test_domains_have_the_promised_types(images):
    assert images.size == 24
    assert 1 <= images.arrays["segmentsemantic"].min() <= images.arrays["segmentsemantic"].max() <= 17
    for name in ("class_object", "class_scene"):
        assert (images.arrays[name] >= 0).all()
        assert (images.arrays[name].sum(1) == 1).all()
    kinds = torch.from_numpy(draw_scenes("train", range(6)).kind)
    assert torch.equal(images.arrays["class_scene"].argmax(1), kinds)
    assert images.arrays["class_scene"].shape == (6, len(SCENES))


def test_asked_for_domains_come_with_the_pixels():
    assert set(rooms("test", 2, size=8, domains=["room_layout"], cache=False).arrays) == {"rgb", "room_layout"}


def test_a_larger_image_shows_the_same_scene(images):
    larger = rooms("train", 6, size=72, cache=False)
    same = larger.arrays["segmentsemantic"][:, 1::3, 1::3] == images.arrays["segmentsemantic"]
    assert same.float().mean() > 0.99  # the middle pixel of three is the same ray


def test_images_are_rendered_once(monkeypatch):
    made = rooms("train", 3, size=8)
    monkeypatch.setattr(source, "render_block", None)
    assert _digest(rooms("train", 3, size=8)) == _digest(made)


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00v\x00{'descr': (" + b" " * 99, None])
def test_a_damaged_cache_is_made_again(tmp_path, monkeypatch, damage):
    monkeypatch.setenv("TRANSNAS_CACHE_DIR", str(tmp_path))
    made = rooms("train", 3, size=8)
    file = next(tmp_path.rglob("normal.npy"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1  # one bit
    file.write_bytes(bytes(content) if damage is None else damage)
    assert _digest(rooms("train", 3, size=8)) == _digest(made)
    assert file.read_bytes()[-1] == content[-1] ^ 1


def test_a_cache_that_cannot_be_written_is_only_a_warning(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("TRANSNAS_CACHE_DIR", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="set TRANSNAS_CACHE_DIR"):
        assert len(rooms("train", 2, size=8)) == 2


def test_progress_is_told_after_every_block():
    told = []
    rooms("train", BLOCK + 1, size=4, cache=False, progress=lambda done, total: told.append((done, total)))
    assert told == [(BLOCK, BLOCK + 1), (BLOCK + 1, BLOCK + 1)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "val"}, "unknown split 'val'; did you mean 'valid'"),
        ({"domains": ["depth"]}, "unknown domain 'depth'"),
        ({"n": 0}, "n: expected 1 to"),
        ({"size": 2}, "size: expected 4 to 4096, got 2"),
        ({"seed": -1}, "seed: expected 0 to"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises((UnknownNameError, ValueError), match=message):
        rooms(**{"split": "train", "n": 1, **arguments})


def test_shares_survive_renormalising(rng):
    probabilities = rng.dirichlet(np.ones(75), 50)
    exact = shares(probabilities).numpy()
    np.testing.assert_allclose(exact, probabilities, atol=75 / 2**16)
    assert (exact / exact.sum(1, keepdims=True) == exact).all()


def test_contact_sheet_shows_the_images(images):
    sheet = np.asarray(contact_sheet(images, columns=3, rows=2))
    corner = images.arrays["rgb"][0, :, 0, 0].numpy()
    assert (sheet[:5, :5] == corner).all()
