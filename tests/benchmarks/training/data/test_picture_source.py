"""Pictures as an image source: the same pixels from memory, from the cache and from files; labels by folder."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("PIL")

import torch
from PIL import Image

from benchmarks.errors import UnknownNameError
from benchmarks.formats.mmap_cache import cache_dir
from benchmarks.training.data.image_folder import ImageFolder, ImageFolderError, read_image_folder
from benchmarks.training.data.images import ImageSet
from benchmarks.training.data.picture_source import MOST_IN_MEMORY, PictureSource, open_pictures

SIZE = 8
ALL = {"train": None, "valid": None}


@pytest.fixture
def folder(tmp_path: Path, rng: np.random.Generator) -> ImageFolder:
    """Twelve pictures of three classes; every picture of class number k has the blue value 10 k everywhere."""
    for number, name in enumerate(("ant", "bee", "cat")):
        (tmp_path / "images" / name).mkdir(parents=True)
        for place in range(4):
            pixels = rng.integers(0, 256, (SIZE, SIZE + place, 3)).astype(np.uint8)
            pixels[..., 2] = 10 * number
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{place}.png")
    return read_image_folder(tmp_path / "images")


def everything(source: object, domains: list[str]) -> dict[str, torch.Tensor]:
    return source.batch(torch.arange(len(source)), domains)  # type: ignore[attr-defined,no-any-return]


def test_memory_cache_and_files_give_the_same(folder: ImageFolder) -> None:
    first = open_pictures(folder, SIZE, ALL, ["rgb", "class_object"])
    again = open_pictures(folder, SIZE, ALL, ["rgb", "class_object"])
    files = open_pictures(folder, SIZE, ALL, ["rgb", "class_object"], most_in_memory=0)
    assert [len(first[split]) for split in ("train", "valid")] == [10, 2]
    for split in ("train", "valid"):
        assert isinstance(first[split], ImageSet)
        assert isinstance(files[split], PictureSource)
        expected = everything(files[split], ["rgb", "class_object"])
        for source in (first[split], again[split]):
            assert all(torch.equal(expected[name], found) for name, found in everything(source, [*expected]).items())
    assert files["train"].size == first["train"].size == SIZE


def test_labels_are_the_place_of_the_folder_s_name(folder: ImageFolder) -> None:
    for most in (0, MOST_IN_MEMORY):
        source = open_pictures(folder, SIZE, ALL, ["rgb", "class_scene"], most)["train"]
        found = everything(source, ["rgb", "class_scene"])
        assert found["class_scene"].dtype == torch.float32
        assert found["class_scene"].shape == (10, 3)
        assert torch.equal(found["class_scene"].sum(dim=1), torch.ones(10))
        assert torch.equal(10 * found["class_scene"].argmax(dim=1), found["rgb"][:, 2, 0, 0].long())


def test_the_first_images_are_a_part_of_all(folder: ImageFolder) -> None:
    some, whole = (open_pictures(folder, SIZE, counts)["train"] for counts in ({"train": 4}, ALL))
    assert len(some) == 4
    assert torch.equal(everything(some, ["rgb"])["rgb"], everything(whole, ["rgb"])["rgb"][:4])


def test_the_limit_counts_the_bytes_that_are_used(folder: ImageFolder) -> None:
    needed = 12 * 3 * SIZE**2
    assert isinstance(open_pictures(folder, SIZE, ALL, most_in_memory=needed)["valid"], ImageSet)
    assert isinstance(open_pictures(folder, SIZE, ALL, most_in_memory=needed - 1)["valid"], PictureSource)
    assert isinstance(open_pictures(folder, SIZE, {"train": 9}, most_in_memory=needed - 1)["valid"], ImageSet)


def test_a_batch_is_in_the_order_of_the_indices(folder: ImageFolder) -> None:
    source = open_pictures(folder, SIZE, ALL, most_in_memory=0)["train"]
    whole = everything(source, ["rgb"])["rgb"]
    assert torch.equal(source.batch(torch.tensor([7, 0, 7]), ["rgb"])["rgb"], whole[[7, 0, 7]])


def test_a_damaged_cache_of_pixels_is_made_again(folder: ImageFolder) -> None:
    before = everything(open_pictures(folder, SIZE, ALL)["train"], ["rgb"])["rgb"].clone()
    for file in (cache_dir() / "folders").rglob("rgb.npy"):
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
    assert torch.equal(everything(open_pictures(folder, SIZE, ALL)["train"], ["rgb"])["rgb"], before)


def test_a_file_that_vanishes_is_named(folder: ImageFolder) -> None:
    source = open_pictures(folder, SIZE, ALL, most_in_memory=0)["train"]
    gone = Path(folder.root, folder.splits["train"][0].path)
    gone.unlink()
    with pytest.raises(ImageFolderError, match=rf"{folder.splits['train'][0].path}' in .* now cannot \(No such file"):
        source.batch(torch.tensor([0]), ["rgb"])


def test_what_is_not_there_is_refused(folder: ImageFolder) -> None:
    with pytest.raises(UnknownNameError, match="unknown domain 'normal'"):
        open_pictures(folder, SIZE, ALL, ["rgb"], 0)["train"].batch(torch.tensor([0]), ["normal"])
    with pytest.raises(UnknownNameError, match="unknown domain 'class_object'"):
        open_pictures(folder, SIZE, ALL, ["rgb"])["train"].batch(torch.tensor([0]), ["class_object"])
    with pytest.raises(ImageFolderError, match="has 10 train images"):
        open_pictures(folder, SIZE, {"train": 11})
