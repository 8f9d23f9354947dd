"""Inputs and targets of each task, prepared from batches of labelled images."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from benchmarks.tasks import SPLITS
from benchmarks.training.data.augment import RandomStreams, augment
from benchmarks.training.data.images import TASK_DOMAINS, ImageSource
from benchmarks.training.data.jigsaw import jigsaw_permutations, jigsaw_tiles
from benchmarks.training.data.views import random_views
from benchmarks.training.recipe import Recipe

__all__ = ["Preparation", "images_per_split"]

_ROOM_NUMBERS = 9
_TRAINING_VIEWS, _VIEWS = 4, 2


class Preparation:
    """Prepares inputs and targets of one task from batches of an `ImageSource`.

    Args:
        recipe: Task, augmentation and normalisation.
        source: The training images; their labels must match the recipe.

    Raises:
        ValueError: If the labels of the source do not match the recipe.

    Example:
        >>> from benchmarks.training.data.images import ImageSet
        >>> from benchmarks.training.presets import get_recipe
        >>> images = ImageSet({"rgb": torch.randint(256, (4, 3, 64, 64), dtype=torch.uint8)})
        >>> prepare = Preparation(get_recipe("jigsaw", "mini"), images)
        >>> tiles, permutation = prepare(images.batch(torch.arange(4), ["rgb"]), RandomStreams((0,)), training=True)
        >>> tiles.shape, permutation.shape
        (torch.Size([4, 9, 3, 16, 16]), torch.Size([4]))
    """

    def __init__(self, recipe: Recipe, source: ImageSource) -> None:
        self.recipe = recipe
        self.domains = TASK_DOMAINS[recipe.task]
        self._target = _TARGETS.get(recipe.task)
        self._tables: dict[str, Tensor] = {}
        if recipe.task == "room_layout":
            layouts = source.batch(torch.zeros(1, dtype=torch.int64), ["room_layout"])["room_layout"]
            if layouts.ndim != 2 or layouts.shape[1] != _ROOM_NUMBERS:
                raise ValueError(f"expected room layouts of shape (n, 9), got {tuple(layouts.shape)}")
        if recipe.task.startswith("class_"):
            found = source.batch(torch.zeros(1, dtype=torch.int64), [recipe.task])[recipe.task].shape[-1]
            if found != recipe.num_classes:
                raise ValueError(
                    f"{recipe.task}: expected {recipe.num_classes} class probabilities, as in the recipe, got images "
                    f"with {found}: change the kept classes, or num_classes in the recipe"
                )
        if recipe.task == "jigsaw":
            self._tables["permutations"] = torch.as_tensor(jigsaw_permutations(recipe.num_classes))
        self._tables["colour_mean"] = torch.tensor(recipe.mean).view(3, 1, 1)
        self._tables["colour_std"] = torch.tensor(recipe.std).view(3, 1, 1)

    def __call__(self, batch: Mapping[str, Tensor], streams: RandomStreams, training: bool) -> tuple[Tensor, Tensor]:
        """Inputs and targets on the device of the batch.

        Args:
            batch: As returned by `ImageSource.batch`.
            streams: Random numbers; validation and test use them for the jigsaw and the views of a contrast only.
            training: Whether these are training images. Other images are only augmented for a jigsaw whose recipe does
                not fix the puzzles of evaluation, as in the published training.

        Returns:
            Inputs of shape (B, 3, S, S), for jigsaw (B, 9, 3, S / 4, S / 4), and targets: class probabilities
            (B, classes), layouts as stored (B, 9), permutation numbers (B,), classes of pixels (B, S, S; unlabelled
            ones are of class 0, as published), normals (B, 3, S, S) in [0, 1] or images (B, 3, S, S) in [-1, 1]. For a
            contrast, random views of shape (B, 4, 3, s, s), without training (B, 2, 3, s, s), and as targets the number
            of each image in the batch (B,): the view that the other one of the image should be most similar to.
        """
        device = batch["rgb"].device
        if self._tables["colour_mean"].device != device:
            self._tables = {name: table.to(device) for name, table in self._tables.items()}
        labelled = {**batch, "rgb": batch["rgb"].float().div_(255)}
        if self.recipe.contrast is not None:
            n = _TRAINING_VIEWS if training else _VIEWS
            views = random_views(labelled["rgb"], n, self.recipe.augmentation, self.recipe.contrast, streams)
            views = (views - self._tables["colour_mean"]) / self._tables["colour_std"]
            return views, torch.arange(len(views), device=device)
        puzzles = self.recipe.task == "jigsaw" and not self.recipe.fixed_evaluation
        if training or puzzles:
            labelled = augment(labelled, self.recipe.augmentation, streams)
        images = (labelled["rgb"] - self._tables["colour_mean"]) / self._tables["colour_std"]
        assert self._target is not None
        return self._target(images, labelled, self._tables, streams, training or puzzles)


def images_per_split(sources: Mapping[str, ImageSource], recipe: Recipe) -> dict[str, int]:
    """Number of images of each split that a training uses: the recipe's number, or all.

    Args:
        sources: Images by split; test images may be missing if the recipe gives no number of them.
        recipe: ``input_size``, ``n_train``, ``n_valid``, ``n_test``.

    Returns:
        Split -> count.

    Raises:
        ValueError: If a split is missing, has too few images, or images of another size.
    """
    needed = SPLITS[:2] if recipe.n_test is None else SPLITS
    if missing := [split for split in needed if split not in sources]:
        raise ValueError(
            f"expected images for {', '.join(needed)}, got {', '.join(sources) or 'none'}; {missing[0]} is missing"
        )
    counts = {}
    for split in (split for split in SPLITS if split in sources):
        source, wanted = sources[split], getattr(recipe, f"n_{split}")
        if source.size != recipe.input_size:
            raise ValueError(f"{split}: expected images of {recipe.input_size} pixels, got {source.size}")
        if len(source) < max(wanted or 0, 2):
            raise ValueError(f"{split}: expected at least {max(wanted or 0, 2):,} images, got {len(source):,}")
        counts[split] = wanted or len(source)
    return counts


def _as_stored(images: Tensor, labelled: dict[str, Tensor], *_: object) -> tuple[Tensor, Tensor]:
    (name,) = labelled.keys() - {"rgb"}
    return images, labelled[name]


def _segments(images: Tensor, labelled: dict[str, Tensor], *_: object) -> tuple[Tensor, Tensor]:
    return images, labelled["segmentsemantic"].long().clamp_min_(1).sub_(1)  # unlabelled pixels join the first class


def _normals(images: Tensor, labelled: dict[str, Tensor], *_: object) -> tuple[Tensor, Tensor]:
    return images, labelled["normal"].float().div_(255)


def _itself(images: Tensor, labelled: dict[str, Tensor], *_: object) -> tuple[Tensor, Tensor]:
    return images, labelled["rgb"] * 2 - 1


def _puzzle(
    images: Tensor, labelled: dict[str, Tensor], tables: dict[str, Tensor], streams: RandomStreams, random_offsets: bool
) -> tuple[Tensor, Tensor]:
    n, size = len(images), images.shape[-1]
    slack = size // 3 - size // 4
    permutation = streams.integers((n,), len(tables["permutations"]))
    order = tables["permutations"][permutation]
    random = streams.integers((n, 9, 2), slack + 1)
    return jigsaw_tiles(images, order, random if random_offsets else torch.full_like(random, slack // 2)), permutation


_TARGETS: dict[str, Callable[..., tuple[Tensor, Tensor]]] = {
    "class_scene": _as_stored,
    "class_object": _as_stored,
    "room_layout": _as_stored,
    "jigsaw": _puzzle,
    "segmentsemantic": _segments,
    "normal": _normals,
    "autoencoder": _itself,
}
