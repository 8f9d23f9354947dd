"""Cross-path contrast without labels: a mean teacher, a queue of negatives, positives from the other path."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from benchmarks.training.networks.task_network import TaskNetwork
from benchmarks.training.recipe import CONTRAST, Contrast, Recipe
from benchmarks.training.supernet.sharing import Separate
from benchmarks.training.supernet.supernet import Supernet
from benchmarks.training.weight_sharing.objectives import Loss, PathLoss
from benchmarks.training.weight_sharing.statistics import group_statistics

if TYPE_CHECKING:
    from benchmarks.training.weight_sharing.samplers import PathSampler

__all__ = ["CrossPathContrast"]

_PATHS = 2


class CrossPathContrast(nn.Module):
    """Pi-NAS (Peng et al., ICCV 2021): two paths agree on an image, whatever the path and the view.

    Each step has two paths and four views of each image, a query and a key for each path. A query passes the supernet,
    a key its mean teacher, whose weights follow the supernet's: those of a path (frame and neck included) move towards
    them once a step for each path, ``p <- m p + (1 - m) q``; running statistics do not. The key that a query should be
    similar to is that of the same image *on the other path*; the negatives are a queue of keys of earlier images. The
    loss of a query is the cross-entropy of the similarities to its key and to the queue, divided by a temperature
    (InfoNCE); those of the two paths are added. Then the mean of both keys of each image replaces the oldest entries of
    the queue. Rows that no key was written to yet are no negatives: the first step has none, and a loss of 0. (The
    published code begins with random directions, which say nothing of images.)

    Batch statistics could give away which query and key are of one batch: each is computed in groups with statistics of
    their own, neighbours for queries and every g-th image for keys, so a group of queries has the same number of images
    in each group of keys. (The published code shuffles over devices instead.) The teacher moves for both paths before
    either key is computed, so that the loss does not depend on which path is called the first; the published code moves
    it for the second path after the first key.

    Settings are those of the recipe (`Contrast`). Teacher, queue and pointer are part of its state, so a training
    resumes exactly.

    Attributes:
        teacher: The mean teacher, in the supernet's form.
        queue: Negatives, of shape (K, d); zero where none was written yet.
        pointer: Row of the oldest negative.

    Example:
        >>> from benchmarks.training.supernet import supernet_recipe
        >>> supernet = Supernet("transnas101-micro", supernet_recipe("contrast"))
        >>> objective = CrossPathContrast()
        >>> objective.attach(supernet, seed=0)
        >>> objective.queue.shape
        torch.Size([512, 64])
        >>> views = torch.rand(64, 4, 3, 48, 48)
        >>> paths = ["64-41414-2_31_002", "64-41414-0_23_223"]
        >>> [len(found.outputs) for found in objective.losses(supernet, paths, views, torch.arange(64), None)]
        [64, 64]
        >>> int(objective.pointer)
        64
    """

    name = "contrast"
    queue: Tensor
    pointer: Tensor

    def attach(self, supernet: Supernet, seed: int) -> None:
        """Begin anew: the teacher is the supernet as it is now, the queue is empty.

        Args:
            supernet: Supernet of the pretext task.
            seed: Not used; nothing is random.

        Raises:
            ValueError: If the supernet is of a task with labels, or its weights are slices of wide ones.
        """
        self.settings = _settings(supernet.recipe)
        if type(supernet.sharing) is not Separate:  # slices are a subclass
            raise ValueError(
                "expected separate weights for the objective 'contrast', whose teacher follows the parts of a path, "
                f"got the sharing {supernet.sharing.name!r}"
            )
        self.teacher = copy.deepcopy(supernet).requires_grad_(False)
        self.register_buffer("queue", torch.zeros(self.settings.queue, supernet.recipe.num_classes))
        self.register_buffer("pointer", torch.zeros((), dtype=torch.int64))

    def check(self, sampler: PathSampler, recipe: Recipe) -> None:
        """Raise `ValueError` if the objective cannot be trained with a sampler and a recipe.

        Args:
            sampler: Its paths are asked for on a copy, so it does not change.
            recipe: Recipe of the training.
        """
        _settings(recipe)
        _check_pair(copy.deepcopy(sampler).paths(0, np.random.default_rng(0)))
        if recipe.n_train is not None and recipe.n_train < recipe.batch_size:
            raise ValueError(
                f"expected at least one whole batch of {recipe.batch_size} training images for the objective "
                f"'contrast', got {recipe.n_train} images"
            )

    def losses(
        self, supernet: Supernet, paths: Sequence[str], inputs: Tensor, targets: Tensor, loss: Loss | None
    ) -> Iterator[PathLoss]:
        """The losses of the two paths; outputs are similarities of each query with the keys of the batch.

        Recorded as well: ``objective``, the loss itself, and ``embedding_std``, the mean over dimensions of the
        standard deviation of the queries over images, in units of 1 / sqrt(d): 1 for uniform directions, 0 if all are
        the same.

        Args:
            supernet: The attached supernet.
            paths: Two paths.
            inputs: Views of shape (B, 4, 3, s, s): query and key of path 0, query and key of path 1.
            targets: Not used; the key of a query is the one of its own image.
            loss: Not used.

        Raises:
            ValueError: If there is not a pair of paths, the batch does not divide the queue or has no equal groups, or
                several devices train together.
        """
        self._check(paths, inputs)
        keys = self.keys(supernet, paths, inputs)
        positives = self.positives(keys)
        for place, path in enumerate(paths):
            queries = self._embedded(supernet.network(path), inputs[:, 2 * place])
            with torch.autocast(queries.device.type, enabled=False):
                similar = queries.detach() @ positives[place].T / self.settings.temperature
                value = self.contrast(queries, positives[place])
            spread = queries.detach().std(dim=0).mean() * queries.shape[1] ** 0.5
            yield PathLoss(value, similar, {"objective": value.detach(), "embedding_std": spread})
        self.enqueue((keys[0] + keys[1]) / 2)

    @torch.no_grad()
    def keys(self, supernet: Supernet, paths: Sequence[str], views: Tensor) -> list[Tensor]:
        """Move the teacher, and return its embeddings of the key of each path, each of shape (B, d)."""
        for path in paths:
            self.follow(supernet, path)
        return [
            self._embedded(self.teacher.network(path), views[:, 2 * place + 1], apart=True)
            for place, path in enumerate(paths)
        ]

    @torch.no_grad()
    def follow(self, supernet: Supernet, path: str) -> None:
        """Move the teacher's weights of a path towards the supernet's; running statistics stay."""
        pairs = zip(self.teacher.network(path).parameters(), supernet.network(path).parameters(), strict=True)
        for mine, its in pairs:
            mine.lerp_(its, 1 - self.settings.momentum)

    def positives(self, keys: Sequence[Tensor]) -> list[Tensor]:
        """The keys that the queries of path 0 and of path 1 should be similar to: those of the other path."""
        return list(reversed(keys))

    def contrast(self, queries: Tensor, positives: Tensor) -> Tensor:
        """InfoNCE of queries with a positive each and the queue; both of shape (B, d)."""
        own = (queries * positives).sum(dim=1, keepdim=True)  # (B, 1)
        others = (queries @ self.queue.T).masked_fill(~self.queue.any(dim=1), -torch.inf)  # (B, K)
        logits = torch.cat([own, others], dim=1) / self.settings.temperature  # (B, 1 + K)
        return F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.int64, device=logits.device))

    @torch.no_grad()
    def enqueue(self, entries: Tensor) -> None:
        """Replace the oldest negatives by entries of shape (B, d); not scaled to length 1, as published."""
        rows = (self.pointer + torch.arange(len(entries), device=entries.device)) % len(self.queue)
        self.queue.index_copy_(0, rows, entries.to(self.queue.dtype))
        self.pointer.add_(len(entries)).remainder_(len(self.queue))

    def _embedded(self, network: TaskNetwork, views: Tensor, apart: bool = False) -> Tensor:
        """Embeddings of shape (B, d), computed in groups of neighbours, or of images that are g places apart."""
        n = self.settings.groups
        with group_statistics(network, n):
            if apart:
                return network.embed(views)
            return _transposed(network.embed(_transposed(views, n)), len(views) // n)

    def _check(self, paths: Sequence[str], inputs: Tensor) -> None:
        if not hasattr(self, "settings"):
            raise ValueError("expected an objective that is attached to a supernet, got one before `attach`")
        _check_pair(paths)
        if len(self.queue) % len(inputs):
            raise ValueError(
                f"expected a batch that divides the queue of {len(self.queue)}, got {len(inputs)} images at a time"
            )
        if len(inputs) % self.settings.groups**2:
            raise ValueError(
                f"expected a batch that the square of {self.settings.groups} groups divides, got {len(inputs)} images "
                "at a time"
            )
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            raise ValueError("expected one device for the objective 'contrast', got several that train together")


def _settings(recipe: Recipe) -> Contrast:
    if recipe.contrast is None:
        raise ValueError(
            f"expected a recipe of the task {CONTRAST!r} for the objective 'contrast', got one of {recipe.task!r}"
        )
    return recipe.contrast


def _check_pair(paths: Sequence[str]) -> None:
    if len(paths) != _PATHS:
        raise ValueError(
            f"expected two paths a step for the objective 'contrast', got {len(paths)}; the sampler 'disjoint' draws "
            "them"
        )


def _transposed(values: Tensor, n: int) -> Tensor:
    """Rows of shape (B, ...), read as n rows of B / n, column by column."""
    return values.reshape(n, -1, *values.shape[1:]).transpose(0, 1).flatten(0, 1)
