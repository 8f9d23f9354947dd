"""A user's folder of pictures: which files count, how they are split, what the classes are, what is refused."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

pytest.importorskip("PIL")

from PIL import Image

from benchmarks.errors import SurrogatesError
from benchmarks.formats.mmap_cache import cache_dir
from benchmarks.training.data.image_folder import (
    ImageFolder,
    ImageFolderError,
    Picture,
    check_labels,
    read_image_folder,
)
from benchmarks.training.data.taskonomy import SPLIT_FILES


def fill(root: Path, paths: Iterable[str], start: int = 0) -> Path:
    """Pictures of different content at the given relative paths."""
    for number, path in enumerate(paths, start):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (number % 256, number // 256, 0)).save(root / path)
    return root


def names(folder: ImageFolder) -> dict[str, set[str]]:
    return {split: {picture.path for picture in of} for split, of in folder.splits.items()}


def flat(n: int) -> list[str]:
    return [f"{number}.png" for number in range(n)]


# -- which files -------------------------------------------------------------------------------------------------


def test_all_kinds_of_names_in_all_depths_are_found(tmp_path: Path) -> None:
    paths = ["a.png", "B.JPG", "c d/é ü.JpEg", "c d/deep/er/x.webp", "日本/猫.bmp", "e.tiff", "f.ppm"]
    fill(tmp_path, paths)
    os.link(tmp_path / "a.png", tmp_path / ".hidden.png")
    fill(tmp_path, [".thumbs/a.png", "__MACOSX/a.png"])
    (tmp_path / "._a.png").write_text("resource fork")
    (tmp_path / ".DS_Store").touch()
    (tmp_path / "read me.txt").touch()
    (tmp_path / "raw.HEIC").touch()
    (tmp_path / "more.txt").touch()
    (tmp_path / "LICENSE").touch()
    found = read_image_folder(tmp_path)
    assert set.union(*names(found).values()) == set(paths)
    assert found.others == {".txt": 2, ".heic": 1, "no suffix": 1}
    assert found.unreadable == {}


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    elsewhere = fill(tmp_path / "elsewhere", flat(3))
    root = fill(tmp_path / "root", ["real.png"], start=10)
    (root / "link.png").symlink_to(elsewhere / "0.png")
    (root / "folder").symlink_to(elsewhere)
    (root / "again").symlink_to(root)
    (elsewhere / "up").symlink_to(root)
    found = set.union(*names(read_image_folder(root)).values())
    assert found == {"real.png", "link.png", *(f"folder/{number}.png" for number in range(3))}


def test_files_that_cannot_be_read_are_named_and_left_out(tmp_path: Path) -> None:
    fill(tmp_path, flat(10))
    whole = read_image_folder(tmp_path)
    (tmp_path / "a b.png").write_bytes((tmp_path / "0.png").read_bytes()[:-30])
    (tmp_path / "text.jpg").write_text("no")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.warns(UserWarning, match=r"left out 4 of 14 images .*'a b.png' \(.+\), 'gone.png' .* and 1 more$"):
        found = read_image_folder(tmp_path)
    assert set(found.unreadable) == {"a b.png", "text.jpg", "gone.png", "pipe.png"}
    assert found.unreadable["text.jpg"] == "not a picture"
    assert names(found) == names(whole)
    assert found.content == whole.content
    assert "4 unreadable left out" in found.summary("jigsaw", {})
    with pytest.warns(UserWarning, match="left out 4 of 14"):  # also when nothing is read again
        assert read_image_folder(tmp_path) == found


# -- splits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "valid"), [(4, 2), (10, 2), (12, 2), (13, 3), (100, 20), (203, 41)])
def test_a_fifth_is_for_validation(tmp_path: Path, n: int, valid: int) -> None:
    found = read_image_folder(fill(tmp_path, flat(n)))
    assert {split: len(of) for split, of in found.splits.items()} == {"train": n - valid, "valid": valid}
    assert set.union(*names(found).values()) == set(flat(n))
    assert f"{n - valid} of {n - valid} train, {valid} of {valid} valid" in found.summary("jigsaw", {})
    assert "valid: 20 %, by the hash of the names" in found.summary("jigsaw", {})


def test_the_last_by_the_hash_of_the_path_are_for_validation(tmp_path: Path) -> None:
    """Recomputed by hand for one folder without sub-folders."""
    found = read_image_folder(fill(tmp_path, flat(50)))
    order = sorted(flat(50), key=lambda path: hashlib.sha256(path.encode()).hexdigest())
    assert [picture.path for picture in found.splits["train"]] == order[:40]
    assert [picture.path for picture in found.splits["valid"]] == order[40:]


def test_the_split_depends_on_names_alone(tmp_path: Path) -> None:
    paths = [f"{group}/{number}.png" for group in "ab" for number in range(20)]
    one = read_image_folder(fill(tmp_path / "one", paths))
    other = read_image_folder(fill(tmp_path / "other place", reversed(paths), start=100))
    assert [p.path for p in one.splits["valid"]] == [p.path for p in other.splits["valid"]]
    assert one.content != other.content
    code = (
        "import sys; from benchmarks.training.data.image_folder import read_image_folder as read; "
        "print(*(p.path for p in read(sys.argv[1]).splits['valid']))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TRANSNAS_CACHE_DIR": str(tmp_path / "cache")}
    arguments = [sys.executable, "-c", code, str(tmp_path / "one")]
    fresh = subprocess.run(arguments, capture_output=True, text=True, check=True, env=environment)
    assert fresh.stdout.split() == [picture.path for picture in one.splits["valid"]]


def test_composed_and_decomposed_letters_are_one_name(tmp_path: Path) -> None:
    """File systems of Apple decompose letters."""
    plain = [f"{number}.png" for number in range(9)]
    one = read_image_folder(fill(tmp_path / "a", [*plain, "\u00e9.png"]))
    other = read_image_folder(fill(tmp_path / "b", [*plain, "e\u0301.png"]))
    assert one.content == other.content


def test_every_class_has_its_share_of_both_splits(tmp_path: Path) -> None:
    sizes = {"large": 100, "small": 10, "tiny": 2, "three": 3}
    found = read_image_folder(fill(tmp_path, [f"{name}/{i}.png" for name, n in sizes.items() for i in range(n)]))
    valid = Counter(picture.group for picture in found.splits["valid"])
    train = Counter(picture.group for picture in found.splits["train"])
    assert sum(valid.values()) == 23
    assert valid["large"] in (19, 20, 21)
    assert valid["small"] in (1, 2)
    assert set(train) == set(sizes)
    first = Counter(picture.group for picture in found.splits["train"][:46])  # half of them
    assert abs(first["large"] - 40) <= 2
    assert found.classes("class_object") == ("large", "small", "three", "tiny")


@pytest.mark.parametrize(
    ("train", "valid", "test"), [("train", "val", None), ("Train", "VALIDATION", "test"), ("training", "valid", "Test")]
)
def test_folders_of_splits_are_the_splits(tmp_path: Path, train: str, valid: str, test: str | None) -> None:
    expected = {"train": {f"{train}/{c}/{i}.png" for c in "ab" for i in range(3)}}
    expected["valid"] = {f"{valid}/{c}/x/{i}.png" for c in "ab" for i in range(2)}
    if test:
        expected["test"] = {f"{test}/a/{i}.jpg" for i in range(2)}
    found = read_image_folder(fill(tmp_path, sorted(set.union(*expected.values()))))
    assert names(found) == expected
    assert list(found.splits) == ["train", "valid", "test"][: len(expected)]
    assert found.classes("class_scene") == ("a", "b")
    assert "split by the folders" in found.rule
    assert {picture.group for picture in found.splits["valid"]} == {"a", "b"}


def test_without_validation_images_some_training_images_become_them(tmp_path: Path) -> None:
    """The layout of many downloads: train/ and test/."""
    fill(tmp_path, [f"train/{c}/{i}.png" for c in "ab" for i in range(10)] + [f"test/{i}.png" for i in range(3)])
    found = read_image_folder(tmp_path)
    assert {split: len(of) for split, of in found.splits.items()} == {"train": 16, "valid": 4, "test": 3}
    assert found.rule == "valid: 20 % of 'train', by the hash of the names"
    shutil.rmtree(tmp_path / "test")
    assert read_image_folder(tmp_path).classes("class_object") == ("a", "b")


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    found = read_image_folder(fill(tmp_path, [f"{c}/{i}.png" for c in ("bus", "train", "test") for i in range(5)]))
    assert found.classes("class_object") == ("bus", "test", "train")
    assert set(found.splits) == {"train", "valid"}


def test_pictures_beside_the_folders_of_the_splits_are_counted(tmp_path: Path) -> None:
    paths = [f"{split}/{i}.png" for split in ("train", "val") for i in range(2)]
    found = read_image_folder(fill(tmp_path, [*paths, "cover.png", "masks/1.png", "masks/2.png"]))
    assert sum(map(len, found.splits.values())) == 4
    assert found.others == {"images beside the folders": 1, "images in 'masks'": 2}
    assert "2 images in 'masks'" in found.summary("jigsaw", {})


def test_copies_of_training_images_in_validation_are_told(tmp_path: Path) -> None:
    fill(tmp_path, [f"{split}/{i}.png" for split in ("train", "val") for i in range(3)])
    assert "copies" not in read_image_folder(tmp_path).summary("jigsaw", {})
    shutil.copy(tmp_path / "train" / "0.png", tmp_path / "val" / "same.png")
    assert "1 valid images are copies of training images" in read_image_folder(tmp_path).summary("jigsaw", {})


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([], "expected at least 2 train images .* got 0 of 0 readable files ending in .bmp, .jpeg"),
        (flat(1), "expected at least 2 train images .* got 0 of 1"),
        (flat(3), "expected at least 2 train images .* got 1 of 3"),
        (["train/0.png", "val/0.png", "val/1.png"], "expected at least 2 train images .* got 1 of 3"),
        (["train/0.png", "train/1.png", "val/0.png"], "expected at least 2 valid images .* got 1 of 3"),
        (["val/0.png", "test/0.png"], "has 'test', 'val' but no folder train"),
        (["train/0.png", "val/0.png", "valid/0.png"], "expected one folder of valid images, got 'val', 'valid'"),
    ],
)
def test_too_few_pictures_are_refused(tmp_path: Path, paths: list[str], message: str) -> None:
    with pytest.raises(ImageFolderError, match=message):
        read_image_folder(fill(tmp_path, paths))


def test_files_of_other_kinds_are_told_when_there_are_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.heic").touch()
    (tmp_path / "b.HEIC").touch()
    with pytest.raises(ImageFolderError, match=r"left out: 2 \.heic"):
        read_image_folder(tmp_path)


def test_what_is_no_folder_of_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageFolderError, match="nothing there"):
        read_image_folder(tmp_path / "none")
    (tmp_path / "a.zip").touch()
    with pytest.raises(ImageFolderError, match="unpack archives first"):
        read_image_folder(tmp_path / "a.zip")
    (fill(tmp_path, flat(9)) / SPLIT_FILES["valid"]).touch()
    with pytest.raises(ImageFolderError, match="has Taskonomy's layout: give it as --data"):
        read_image_folder(tmp_path)
    with pytest.raises(SurrogatesError) as error:
        read_image_folder("x" * 10_000)
    assert len(str(error.value)) < 300


# -- classes -----------------------------------------------------------------------------------------------------


def test_classes_are_the_first_sub_folders_sorted_by_code_point(tmp_path: Path) -> None:
    """As torchvision's ImageFolder: sorted() of the folder names, all pictures below each of them."""
    paths = [f"{name}/{i}.png" for name in ("b", "a", "Z", "ä", "10", "9", "a b") for i in range(3)]
    found = read_image_folder(fill(tmp_path, [*paths, "a/deeper/b/1.png"]))
    assert found.classes("class_object") == ("10", "9", "Z", "a", "a b", "b", "ä")
    deep = next(picture for of in found.splits.values() for picture in of if "deeper" in picture.path)
    assert deep.group == "a"
    assert found.classes("jigsaw") == found.classes("autoencoder") == ()


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (flat(9), "needs one sub-folder of images per class, at least 2, .* got none; without labels"),
        ([f"only/{i}.png" for i in range(9)], "at least 2, .* got 'only'"),
        ([f"{c}/{i}.png" for c in "ab" for i in range(9)] + ["loose.png"], "1 images .* such as 'loose.png': move"),
        (["train/a/0.png", "train/b/0.png", "val/a/0.png", "val/c/0.png"], "'c' has valid images but no training"),
        (["train/a/0.png", "train/b/0.png", "val/c/0.png", "val/d/0.png"], "'c', 'd' have valid images but no"),
        (["train/a/0.png", "train/b/0.png", "val/0.png", "val/a/0.png"], "such as 'val/0.png': move"),
    ],
)
def test_folders_without_classes_are_refused_for_class_tasks(tmp_path: Path, paths: list[str], message: str) -> None:
    found = read_image_folder(fill(tmp_path, paths))
    found.check("jigsaw", {"train": 2})
    for act in (lambda: found.classes("class_object"), lambda: found.check("class_object", {})):
        with pytest.raises(ImageFolderError, match=message):
            act()


def test_a_class_without_validation_images_is_allowed(tmp_path: Path) -> None:
    found = read_image_folder(fill(tmp_path, ["train/a/0.png", "train/b/0.png", "val/a/0.png", "val/a/1.png"]))
    assert found.classes("class_scene") == ("a", "b")


def test_too_few_training_images_for_the_classes_are_refused(tmp_path: Path) -> None:
    found = read_image_folder(fill(tmp_path, [f"{c}/{i}.png" for c in "abcd" for i in range(10)]))
    found.check("class_object", {"train": 8, "valid": 8})
    with pytest.raises(ImageFolderError, match="no training image among the 2 used"):
        found.check("class_object", {"train": 2, "valid": 8})
    with pytest.raises(ImageFolderError, match=r"has 32 train images .* expected at least 33: .*--train-images"):
        found.check("jigsaw", {"train": 33})
    with pytest.raises(ImageFolderError, match="has 0 test images"):
        found.check("jigsaw", {"train": 2, "test": 1})


@pytest.mark.parametrize(
    ("task", "need"), [("segmentsemantic", "a class for every pixel"), ("normal", "normal"), ("room_layout", "nine")]
)
def test_tasks_with_other_labels_say_what_they_need(tmp_path: Path, task: str, need: str) -> None:
    found = read_image_folder(fill(tmp_path, flat(9)))
    for act in (lambda: check_labels(task), lambda: found.classes(task)):
        with pytest.raises(ImageFolderError, match=rf"{task} needs .*{need}.*Taskonomy's layout .*--data"):
            act()


# -- content hash and cache --------------------------------------------------------------------------------------


def _repaint(root: Path) -> None:
    Image.new("RGB", (4, 4), "white").save(root / "0.png")


@pytest.mark.parametrize(
    "change",
    [
        _repaint,
        lambda root: (root / "0.png").unlink(),
        lambda root: (root / "0.png").rename(root / "new name.png"),
        lambda root: shutil.copy(root / "0.png", root / "copy.png"),
    ],
    ids=["other pixels", "removed", "renamed", "added"],
)
def test_any_change_of_the_pictures_changes_the_content(tmp_path: Path, change: Callable[[Path], object]) -> None:
    before = read_image_folder(fill(tmp_path / "a", flat(20))).content
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b" / "notes.txt").touch()
    assert read_image_folder(tmp_path / "b").content == before
    change(tmp_path / "b")
    assert read_image_folder(tmp_path / "b").content != before


def test_a_file_replaced_by_one_of_the_same_size_and_time_is_read_again(tmp_path: Path) -> None:
    changed = fill(tmp_path, [*flat(9), "x.bmp"]) / "x.bmp"
    before, about = read_image_folder(tmp_path).content, changed.stat()
    Image.new("RGB", (4, 4), (100, 0, 0)).save(changed)
    os.utime(changed, ns=(about.st_atime_ns, about.st_mtime_ns))
    after = changed.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (about.st_size, about.st_mtime_ns, about.st_ino)
    assert read_image_folder(tmp_path).content != before


def test_known_files_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_image_folder(fill(tmp_path, flat(9)))
    read: list[Path] = []

    def digest(path: Path) -> str:
        read.append(path)
        return "0" * 64

    monkeypatch.setattr("benchmarks.training.data.image_folder.picture_digest", digest)
    assert read_image_folder(tmp_path) == before
    assert read == []
    fill(tmp_path, ["new.png"])
    assert read_image_folder(tmp_path) != before
    assert read == [tmp_path / "new.png"]


def test_an_interrupted_reading_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.training.data.image_folder._AT_ONCE", 4)
    fill(tmp_path, flat(10))
    read: set[str] = set()
    interrupting = {"5.png"}

    def digest(path: Path) -> str:
        read.add(path.name)
        if path.name in interrupting:
            raise KeyboardInterrupt
        return hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr("benchmarks.training.data.image_folder.picture_digest", digest)
    with pytest.raises(KeyboardInterrupt):
        read_image_folder(tmp_path)
    assert not {"8.png", "9.png"} & read  # the rest of the part, not the rest of the folder
    read.clear()
    interrupting.clear()
    assert len(read_image_folder(tmp_path).splits["train"]) == 8
    assert read >= {"5.png", "6.png", "7.png", "8.png", "9.png"}
    assert not {"0.png", "1.png", "2.png", "3.png"} & read


def test_a_large_folder_has_a_short_repr() -> None:
    pictures = tuple(Picture(f"{number}.png", "", "0" * 64) for number in range(5000))
    found = ImageFolder("photos", {"train": pictures, "valid": pictures[:7]}, "", dict.fromkeys(flat(5000), "x"), {})
    shown = repr(found)
    assert shown.startswith("ImageFolder(root='photos', splits={'train': (Picture(path='0.png', ")
    assert "5,000 in all" in shown
    assert "7 in all" in shown
    assert len(shown) < 2000


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_text_are_read_and_printed(tmp_path: Path) -> None:
    fill(tmp_path, flat(5))
    for name in (b"\xff", b"\xfe"):
        (tmp_path / os.fsdecode(name)).mkdir()
        shutil.copy(tmp_path / "0.png", tmp_path / os.fsdecode(name + b"/\xe9.png"))
        (tmp_path / os.fsdecode(name + b"/\xe8.png")).write_text("damaged")
    for path in flat(5):
        (tmp_path / path).rename(tmp_path / os.fsdecode(b"\xff") / path)
    with pytest.warns(UserWarning, match="left out 2 of 9 images") as told:
        found = read_image_folder(tmp_path)
    with pytest.warns(UserWarning, match="left out 2 of 9 images"):
        assert read_image_folder(tmp_path) == found
    for text in (str(told[0].message), found.summary("class_object", {}), found.content):
        text.encode()


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"0.png": 3}', b'{"0.png": [1, 2]}', b"\xff"])
def test_a_damaged_cache_is_ignored_and_replaced(tmp_path: Path, damage: bytes) -> None:
    before = read_image_folder(fill(tmp_path, flat(9)))
    (store,) = (cache_dir() / "folders").iterdir()
    store.write_bytes(damage)
    assert read_image_folder(tmp_path) == before
    assert set(json.loads(store.read_bytes())) == set(flat(9))


def test_without_a_writable_cache_the_folder_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "images", flat(9))
    (tmp_path / "file").touch()
    monkeypatch.setenv("TRANSNAS_CACHE_DIR", str(tmp_path / "file"))
    assert len(read_image_folder(tmp_path / "images").splits["train"]) == 7


def test_the_package_reads_plans_without_torch_and_pillow() -> None:
    code = (
        "import sys, benchmarks.training.campaign, benchmarks.training.data.image_folder\n"
        "print([name for name in ('torch', 'PIL', 'pandas') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
