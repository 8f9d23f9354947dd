"""A user's own folder of pictures: which files are read, into which split each falls, and which class it has.

A folder may hold ``train/`` and ``val/`` (and ``test/``); otherwise its pictures are split by their names. The
sub-folders are the classes, as in torchvision's ``ImageFolder``: sorted by name, numbered from 0. Importing this module
loads neither torch nor pillow; pillow is loaded when a file is read that was not read before.
"""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from benchmarks.errors import SurrogatesError
from benchmarks.files import file_marks, is_litter, write_beside
from benchmarks.formats.mmap_cache import cache_dir
from benchmarks.short_repr import ShortRepr
from benchmarks.tasks import SPLITS
from benchmarks.training.data.pictures import READER, SUFFIXES, PictureError, picture_digest
from benchmarks.training.data.taskonomy import SPLIT_FILES

__all__ = ["CLASS_TASKS", "ImageFolder", "ImageFolderError", "Picture", "check_labels", "read_image_folder"]

CLASS_TASKS = ("class_object", "class_scene")
"""Tasks whose labels are the names of sub-folders."""

_LABELS = {
    "segmentsemantic": "a class for every pixel",
    "normal": "a surface normal for every pixel",
    "room_layout": "the nine numbers of a room's layout for every image",
}
"""Task -> the labels that a folder of pictures does not have."""
_NAMES = {
    "train": "train",
    "training": "train",
    "val": "valid",
    "valid": "valid",
    "validation": "valid",
    "test": "test",
    "testing": "test",
}
"""Name of a sub-folder in lower case -> split."""
_VALID = 0.2  # share of the pictures that are validation images if the folder does not say
_LEAST = 2  # images of a split; batch norm needs more than one
_READERS = 8
_AT_ONCE = 256
_SHOWN = 3


class ImageFolderError(SurrogatesError, ValueError):
    """A folder of pictures that cannot be used; the message says what is missing."""


class Picture(NamedTuple):
    """One picture of a folder.

    Attributes:
        path: Path relative to the folder, with "/".
        group: The sub-folder that it lies in, which names its class; empty for pictures beside the sub-folders.
        digest: SHA-256 of the file's content.
    """

    path: str
    group: str
    digest: str


@dataclass(frozen=True, repr=False)
class ImageFolder(ShortRepr):
    """The pictures of a folder by split; made by `read_image_folder`.

    Attributes:
        root: The folder.
        splits: ``"train"``, ``"valid"`` and perhaps ``"test"`` -> pictures. The first n of a split are a sample in
            which every sub-folder has its share.
        rule: How the pictures were split, as text.
        unreadable: Path of each file that cannot be read -> reason.
        others: Number of files left out because they are no pictures, by suffix in lower case, and of pictures left out
            because they lie beside the folders of the splits, by folder.
    """

    root: str
    splits: Mapping[str, tuple[Picture, ...]]
    rule: str
    unreadable: Mapping[str, str]
    others: Mapping[str, int]

    @property
    def content(self) -> str:
        """The first 12 digits of the SHA-256 of all names, contents and splits, wherever the folder lies.

        Example:
            >>> empty = ImageFolder("", {}, "", {}, {})
            >>> len(empty.content)
            12
        """
        entries = [
            [split, _normal(picture.path), picture.digest] for split, of in self.splits.items() for picture in of
        ]
        return hashlib.sha256(json.dumps([READER, entries]).encode()).hexdigest()[:12]

    def classes(self, task: str) -> tuple[str, ...]:
        """Names of the classes, sorted as torchvision's ``ImageFolder`` does; empty for tasks without classes.

        Raises:
            ImageFolderError: If the folder lacks the labels of the task, names what it would need; if a class has
                no training image; or if a picture lies outside of the class folders.

        Example:
            >>> pictures = {split: (Picture("b/1.png", "b", ""), Picture("a/1.png", "a", "")) for split in SPLITS}
            >>> ImageFolder("", pictures, "", {}, {}).classes("class_object")
            ('a', 'b')
        """
        check_labels(task)
        if task not in CLASS_TASKS:
            return ()
        return self._class_names(task, {split: len(of) for split, of in self.splits.items()})

    def check(self, task: str, counts: Mapping[str, int | None]) -> None:
        """Check that the first so many pictures of each split suffice for a task.

        Args:
            task: Task name.
            counts: Split -> number of images; None = all.

        Raises:
            ImageFolderError: If a split has fewer images, or a class has none among its training images.
        """
        for split, wanted in counts.items():
            have = len(self.splits.get(split, ()))
            if wanted is not None and wanted > have:
                raise ImageFolderError(
                    f"{self.root!r:.200} has {have:,} {split} images ({self.rule}), expected at least {wanted:,}: "
                    f"lower n_{split} ({'--train-images, --valid-images' if split != 'test' else 'in the recipe'})"
                )
        if task in CLASS_TASKS:
            self._class_names(task, counts)

    def describe(self) -> dict[str, object]:
        """Content hash and number of pictures per split, as JSON."""
        return {"content": self.content, **{split: len(of) for split, of in self.splits.items()}}

    def summary(self, task: str, counts: Mapping[str, int | None]) -> str:
        """One line that tells which images are used.

        Args:
            task: Task name.
            counts: Split -> number of images that are used; None = all.
        """
        used = [
            f"{len(of) if counts.get(split) is None else counts[split]:,} of {len(of):,} {split}"
            for split, of in self.splits.items()
        ]
        classes = self.classes(task)
        parts = [f"own images (content {self.content}): {', '.join(used)}; {self.rule}"]
        if classes:
            parts.append(f"{len(classes):,} classes: {_some(classes)}")
        train = {picture.digest for picture in self.splits.get("train", ())}
        for split, of in self.splits.items():
            if split != "train" and (same := sum(picture.digest in train for picture in of)):
                parts.append(f"{same:,} {split} images are copies of training images")
        if self.unreadable:
            parts.append(f"{len(self.unreadable):,} unreadable left out")
        if self.others:
            parts.append(f"other files left out: {_counted(self.others)}")
        return "; ".join(parts)

    def _class_names(self, task: str, counts: Mapping[str, int | None]) -> tuple[str, ...]:
        """Classes of the first so many pictures of each split."""
        used = {split: of[: counts.get(split)] for split, of in self.splits.items()}
        loose = [picture.path for of in self.splits.values() for picture in of if not picture.group]
        found = sorted({picture.group for picture in self.splits.get("train", ())} - {""})
        if not found or (len(found) == 1 and not loose):
            raise ImageFolderError(
                f"{task} needs one sub-folder of images per class, at least 2, in {self.root!r:.200}"
                f"{' (or in each of its train/ and val/)'}, got {_some(found) or 'none'}; without labels, train on "
                "jigsaw or autoencoder"
            )
        if loose:
            raise ImageFolderError(
                f"{task}: {len(loose):,} images of {self.root!r:.200} lie beside the class folders, such as "
                f"{loose[0]!r:.200}: move each into the folder of its class"
            )
        known = {picture.group for picture in used.get("train", ())}
        for split, of in used.items():
            if strange := sorted({picture.group for picture in of} - known):
                raise ImageFolderError(
                    f"{task}: {_some(strange)} {'have' if len(strange) > 1 else 'has'} {split} images but no training "
                    f"image among the {len(used.get('train', ())):,} used of {self.root!r:.200}; expected every class "
                    "in the training images"
                )
        return tuple(found)


def check_labels(task: str) -> None:
    """Raise `ImageFolderError` for a task whose labels no folder of pictures has; names what it would need.

    Example:
        >>> check_labels("jigsaw")
    """
    if task in _LABELS:
        raise ImageFolderError(
            f"{task} needs {_LABELS[task]}, which a folder of pictures does not have: write images and labels in "
            "Taskonomy's layout ('surrogates rooms export' writes an example) and give that folder as --data, in a "
            "plan as 'taskonomy'; images alone suffice for jigsaw and autoencoder, with one sub-folder per class also "
            f"for {' and '.join(CLASS_TASKS)} (in a plan, list the tasks)"
        )


def read_image_folder(root: str | os.PathLike[str]) -> ImageFolder:
    """Find the pictures of a folder, read each once, and split them.

    Pictures are files with a suffix of `SUFFIXES` in any case, in the folder and all folders below it; links are
    followed, hidden files and folders are not. If there are sub-folders ``train`` and ``val`` (or ``valid``,
    ``validation``), they are the splits, and ``test`` if it exists. Otherwise 20 % of the pictures become validation
    images: within each sub-folder the pictures are ordered by the SHA-256 of their relative path, and the last ones are
    taken, so that a split only depends on the names. There are then no test images.

    Files that cannot be read are left out, with a warning that names them. What is known of a file (its content's hash)
    is kept in the user's cache (``$TRANSNAS_CACHE_DIR``) until its size, time or inode changes, also if reading is
    interrupted.

    Raises:
        ImageFolderError: If there is no such folder, it has too few pictures, or has Taskonomy's layout.
        MissingExtraError: If pillow is not installed.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> root = Path(tempfile.mkdtemp())
        >>> for number in range(10):
        ...     Image.new("RGB", (8, 8), (number, 0, 0)).save(root / f"{number}.png")
        >>> found = read_image_folder(root)
        >>> {split: len(pictures) for split, pictures in found.splits.items()}, found.rule
        ({'train': 8, 'valid': 2}, 'valid: 20 %, by the hash of the names')
    """
    folder = Path(root)
    try:
        kind = "" if folder.is_dir() else "a file; unpack archives first" if folder.exists() else "nothing there"
    except OSError as error:
        kind = str(error.strerror)
    if kind:
        raise ImageFolderError(f"expected a folder of images, got {str(folder)!r:.200} ({kind})")
    if any((folder / name).is_file() for name in SPLIT_FILES.values()):
        raise ImageFolderError(
            f"{str(folder)!r:.200} has Taskonomy's layout: give it as --data, in a plan as 'taskonomy'"
        )
    paths, others = _listed(folder)
    digests, unreadable = _digests(folder, paths)
    if unreadable:
        named = ", ".join(f"{path!r:.100} ({reason:.100})" for path, reason in list(unreadable.items())[:_SHOWN])
        more = f" and {len(unreadable) - _SHOWN:,} more" if len(unreadable) > _SHOWN else ""
        warnings.warn(
            f"left out {len(unreadable):,} of {len(paths):,} images in {str(folder)!r:.200} that cannot be read: "
            f"{named}{more}",
            stacklevel=2,
        )
    roles = _roles(folder, digests)
    parts, beside = _parts(digests, roles)
    splits, rule = _split(parts, roles)
    left_out = {**others, **beside}
    for split, of in splits.items():
        if len(of) < _LEAST:
            kinds = f"; left out: {_counted(left_out)}" if left_out else ""
            raise ImageFolderError(
                f"expected at least {_LEAST} {split} images in {str(folder)!r:.200}, got {len(of)} of "
                f"{len(digests):,} readable files ending in {', '.join(sorted(SUFFIXES))}{kinds}"
            )
    return ImageFolder(str(root), splits, rule, unreadable, left_out)


class _Known(NamedTuple):
    """What the cache knows of a file: `_mark` when it was read, SHA-256, and the reason why it cannot be read."""

    mark: list[int] | None
    digest: str
    reason: str


def _listed(root: Path) -> tuple[list[str], Counter[str]]:
    """Relative paths of all picture files, sorted, and the number of other files by suffix."""
    paths: list[str] = []
    others: Counter[str] = Counter()
    for path in _walk(root, "", ()):
        suffix = PurePosixPath(path).suffix.casefold()
        if suffix in SUFFIXES:
            paths.append(path)
        else:
            others[suffix or "no suffix"] += 1
    return sorted(paths), Counter(dict(others.most_common()))


def _walk(folder: Path, where: str, above: tuple[tuple[int, int], ...]) -> Iterator[str]:
    """Relative paths of the files below a folder; a link to a folder that contains it is not followed."""
    about = folder.stat()
    here = (about.st_dev, about.st_ino)
    if here in above:
        return
    for name in sorted(entry.name for entry in folder.iterdir()):
        if name.startswith(".") or name == "__MACOSX" or is_litter(name):
            continue
        if (folder / name).is_dir():
            yield from _walk(folder / name, f"{where}{name}/", (*above, here))
        else:
            yield f"{where}{name}"


def _digests(root: Path, paths: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Path -> SHA-256 of the content, and path -> reason for files that cannot be read."""
    store = cache_dir() / "folders" / f"{hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:24]}.json"
    known = _known(store)
    marks = {path: _mark(root / path) for path in paths}
    new = [path for path in paths if marks[path] is None or path not in known or known[path].mark != marks[path]]
    try:
        for start in range(0, len(new), _AT_ONCE):  # in parts: an interrupted pool finishes what it was given
            part = new[start : start + _AT_ONCE]
            with ThreadPoolExecutor(_READERS) as pool:
                for path, found in zip(part, pool.map(lambda path: _examined(root / path), part), strict=True):
                    known[path] = _Known(marks[path], *found)
    finally:
        if new:
            _remember(store, {path: known[path] for path in paths if path in known and marks[path] is not None})
    digests = {path: known[path].digest for path in paths if known[path].digest}
    return digests, {path: known[path].reason for path in paths if path not in digests}


def _examined(path: Path) -> tuple[str, str]:
    """SHA-256 of a picture's content and an empty text, or an empty text and the reason why it cannot be read."""
    try:
        return picture_digest(path), ""
    except PictureError as error:
        return "", str(error) or "damaged"


def _mark(path: Path) -> list[int] | None:
    """Version of the reader, and what changes when a file is replaced; None without a file."""
    try:
        return [READER, *file_marks(path)]
    except OSError:
        return None


def _known(store: Path) -> dict[str, _Known]:
    """Content of the cache; empty if it is missing or damaged."""
    try:
        entries = json.loads(store.read_bytes())
        return {path: _Known(mark, str(digest), str(reason)) for path, (mark, digest, reason) in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _remember(store: Path, entries: Mapping[str, _Known]) -> None:
    """Write the cache; without it, files are read again next time."""
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        with write_beside(store) as beside:
            beside.write_text(json.dumps(entries), "utf-8")
    except OSError:
        return


def _roles(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Sub-folder -> split; empty if the folder does not say."""
    tops = {path.partition("/")[0] if "/" in path else "" for path in paths}
    roles = {top: _NAMES[top.casefold()] for top in sorted(tops) if top.casefold() in _NAMES}
    given = Counter(roles.values())
    only = set(roles) == tops
    if "train" not in given and roles and only and len(roles) > 1:
        raise ImageFolderError(f"{str(root)!r:.200} has {_some(list(roles))} but no folder train with images")
    if "train" not in given or not ("valid" in given or only):
        return {}  # names of classes: a train is a vehicle, too
    for role, n in given.items():
        if n > 1:
            same = [top for top in roles if roles[top] == role]
            raise ImageFolderError(f"{str(root)!r:.200}: expected one folder of {role} images, got {_some(same)}")
    return roles


def _parts(digests: Mapping[str, str], roles: Mapping[str, str]) -> tuple[dict[str, list[Picture]], dict[str, int]]:
    """Pictures by split as far as folders tell, and the number of pictures beside these folders."""
    parts: dict[str, list[Picture]] = {"train": []}
    beside: Counter[str] = Counter()
    for path, digest in digests.items():
        top, _, rest = path.partition("/")
        if roles and (not rest or top not in roles):
            beside[f"images in {top!r:.60}" if rest else "images beside the folders"] += 1
            continue
        group, _, below = (rest if roles else path).partition("/")
        parts.setdefault(roles.get(top, "train"), []).append(Picture(path, group if below else "", digest))
    return parts, dict(beside)


def _split(
    parts: Mapping[str, Iterable[Picture]], roles: Mapping[str, str]
) -> tuple[dict[str, tuple[Picture, ...]], str]:
    """Pictures of each split in order, and the rule; without validation images, some training images become them."""
    ordered = {split: tuple(_ordered(parts[split])) for split in SPLITS if split in parts}
    if "valid" in ordered:
        return ordered, f"split by the folders {', '.join(roles)}"
    whole = ordered["train"]
    n_valid = max(round(_VALID * len(whole)), _LEAST)
    tests = {"test": ordered["test"]} if "test" in ordered else {}
    of = f" of {next(top for top, role in roles.items() if role == 'train')!r:.60}" if roles else ""
    rule = f"valid: {100 * _VALID:.0f} %{of}, by the hash of the names"
    return {"train": whole[:-n_valid], "valid": whole[-n_valid:], **tests}, rule


def _ordered(pictures: Iterable[Picture]) -> list[Picture]:
    """Pictures in an order in which every group is spread evenly; within a group by the hash of the path."""
    groups: dict[str, list[tuple[str, Picture]]] = {}
    for picture in pictures:
        name = hashlib.sha256(os.fsencode(_normal(picture.path))).hexdigest()
        groups.setdefault(picture.group, []).append((name, picture))
    placed = [
        ((place + 0.5) / len(of), name, picture)
        for of in groups.values()
        for place, (name, picture) in enumerate(sorted(of))
    ]
    return [picture for _, _, picture in sorted(placed)]


def _normal(path: str) -> str:
    """A path with composed letters, so that it is the same on every file system."""
    return unicodedata.normalize("NFC", path)


def _counted(others: Mapping[str, int]) -> str:
    return _listing([f"{n:,} {name:.80}" for name, n in others.items()])


def _some(names: Sequence[str]) -> str:
    return _listing([f"{name!r:.60}" for name in names])


def _listing(entries: Sequence[str]) -> str:
    shown = ", ".join(entries[:_SHOWN])
    return f"{shown} and {len(entries) - _SHOWN:,} more" if len(entries) > _SHOWN else shown
