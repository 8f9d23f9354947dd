"""Computation of zero-cost proxies: builds networks, scores them and caches the scores."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from benchmarks.costs import graph_costs
from benchmarks.forks import cached_property, one_thread_if_forked
from benchmarks.spaces.registry import infer_space
from benchmarks.training.networks.graph_network import GraphNetwork
from benchmarks.training.networks.task_network import build_network
from benchmarks.training.rooms import rooms
from benchmarks.training.rooms.render import RENDERER
from encoders.zero_cost.batch import labelled_batch, noise_images, proxy_recipe
from encoders.zero_cost.cache import ScoreCache
from encoders.zero_cost.full_network import full_network
from encoders.zero_cost.proxies import LabelledBatch, network_scores

if TYPE_CHECKING:
    from benchmarks.training.data.images import ImageSource

__all__ = ["ProxyMeter", "ProxySettings"]

_COUNTED = frozenset({"params", "multiply_adds"})
_VERSION = 2  # version of the formulas; stored scores of other versions are ignored
_CACHED_BY = ("task", "input_size", "base_channels", "decoder_width", "batch_size", "random_state")


@dataclass(frozen=True, kw_only=True)
class ProxySettings:
    """Settings of networks and images; the arguments of `ZeroCost` of the same names, validated there."""

    task: str
    input_size: int
    base_channels: int | None
    decoder_width: int
    batch_size: int
    images: str | ImageSource
    device: str = "cpu"
    cache_dir: str | Path | None = None
    progress: bool = False
    random_state: int = 0


class ProxyMeter:
    """Computes the zero-cost proxies of architectures.

    Args:
        given: The settings.
        space: Key of the space (`benchmarks.spaces.registry.cache_key`), if it is one of the user's own.

    Attributes:
        cache: Scores computed so far by any meter with the same settings.

    Example:
        >>> small = ProxySettings(
        ...     task="class_scene", input_size=32, base_channels=8, decoder_width=128, batch_size=16, images="noise"
        ... )
        >>> meter = ProxyMeter(small)
        >>> meter.measure({"64-1111-basic": {"params"}})
        >>> meter.cache.known("64-1111-basic")["params"]
        10315.0
    """

    def __init__(self, given: ProxySettings, space: str = "") -> None:
        self.given = given
        self.recipe = proxy_recipe(given.task, given.input_size)
        self.device = torch.device(given.device)
        settings: dict[str, Any] = {name: getattr(given, name) for name in _CACHED_BY}
        settings.update(images=self._name_of_images(), device=self.device.type, version=_VERSION)
        settings |= {"space": space} if space else {}
        self.cache = ScoreCache(settings, given.cache_dir)

    @one_thread_if_forked()
    def measure(self, asked: Mapping[str, set[str]]) -> None:
        """Compute the scores in `asked` (architecture -> proxies) that are missing in the cache."""
        missing = {arch: left for arch, names in asked.items() if (left := names - self.cache.known(arch).keys())}
        if not missing:
            return
        try:
            for arch in _track(list(missing), self.given.progress):
                self.cache.add(arch, self._measure(arch, missing[arch]))
        finally:
            self.cache.save()

    @cached_property
    def batch(self) -> LabelledBatch:
        """The labelled batch; created on first use."""
        given, images = self.given, self.given.images
        if images == "rooms":
            images = rooms("train", given.batch_size, size=given.input_size, seed=given.random_state)
        elif images == "noise":
            images = noise_images(self.recipe, given.batch_size, given.random_state)
        assert not isinstance(images, str)
        return labelled_batch(self.recipe, images, given.batch_size, given.random_state, str(self.device))

    def _measure(self, arch: str, names: set[str]) -> dict[str, float]:
        given = self.given
        with torch.device("meta") if names <= _COUNTED else nullcontext():  # counting needs no weights
            network = build_network(
                arch,
                given.task,
                input_size=self.recipe.network_size,
                base_channels=given.base_channels,
                decoder_width=given.decoder_width,
                joint_tiles=True,
                seed=given.random_state,
            )
        parts = [part.graph for part in network.children() if isinstance(part, GraphNetwork)]
        costs = np.sum([graph_costs(graph) for graph in parts], axis=0)
        scores = {"params": float(costs[0]), "multiply_adds": float(costs[1])}
        if rest := names - _COUNTED:
            side = infer_space(arch).input_size // (4 if given.task == "jigsaw" else 1)
            full = full_network(network).to(self.device)
            scores.update(network_scores(full, rest, self.batch, given.random_state, side))
        return {name: score if math.isfinite(score) else math.nan for name, score in scores.items() if name in names}

    def _name_of_images(self) -> str:
        """Identifier of the images for the cache; for images given by the user, a hash of their content."""
        if self.given.images == "rooms":
            return f"rooms {RENDERER}"
        if isinstance(self.given.images, str):
            return self.given.images
        content = hashlib.sha256()
        for values in (self.batch.inputs, self.batch.targets):
            content.update(values.cpu().contiguous().numpy().tobytes())
        return content.hexdigest()


def _track(archs: list[str], shown: bool) -> Iterable[str]:
    if not shown:
        return archs
    from rich.progress import track

    return track(archs, description="zero-cost proxies")
