"""Multi-stage networks that run one stage after the other, and a stage only for the images that did not exit before."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.training.dynamic.exits import checked_thresholds
from benchmarks.training.dynamic.network import MultiStageNetwork, StageStep, resized
from benchmarks.training.networks.operations import added

__all__ = ["ExitAnswers", "LazyNetwork"]

Features = dict[str, list[Tensor | None]]
"""Name of an operation -> its output by stage, each of shape (B, channels, H, W); None without channels."""


class ExitAnswers(NamedTuple):
    """Answers of a lazily executed network.

    Attributes:
        logits: Logits of the exit that each image took, of shape (B, classes).
        exits: That exit, counted from 0, of shape (B,).
    """

    logits: Tensor
    exits: Tensor


class LazyNetwork(nn.Module):
    """The network of one choice for inference: a stage runs only its own groups, and reads those of earlier stages.

    Its convolutions have the channels of their groups only, so what is not run costs nothing, and weights that lead
    from a later stage to an earlier one do not exist.

    Args:
        network: A network of one choice: that of `ExitScorer.calibrated`, as norms use running statistics, which must
            be those of the choice; or of `MultiStageNetwork.extract`, if this choice was trained alone. Its weights are
            copied.

    Attributes:
        choice: That of the network.
        stages: Operations of each stage by name.
        heads: Classifier of each stage, of the channels up to this stage.

    Raises:
        ValueError: If the network has not been extracted for a choice: the statistics of one that was trained once for
            all are averages over choices.

    Example:
        >>> from dataclasses import replace
        >>> from benchmarks.training.presets import get_recipe
        >>> recipe = replace(get_recipe("class_scene", "mini"), base_channels=4, input_size=32)
        >>> network = MultiStageNetwork("64-41414-3_01_003", recipe)
        >>> lazy = LazyNetwork(network.extract("1:1-1:1-1:1-1:1-1:1"))
        >>> lazy.predict(torch.zeros(2, 3, 32, 32), [0.0]).exits
        tensor([0, 0])
    """

    def __init__(self, network: MultiStageNetwork) -> None:
        super().__init__()
        if not network.is_extracted:
            raise ValueError(
                "expected the network of one choice, as `ExitScorer.calibrated(choice)` or `network.extract(choice)` "
                "returns it, got the network of all choices"
            )
        plan, self._steps = network.plan(), network.steps()
        self.choice, self.recipe, self._tiles = plan.choice, network.recipe, plan.tiles
        numbers = range(plan.choice.n_stages)
        self.stages = nn.ModuleList(
            nn.ModuleDict({step.name: part for step in self._steps if (part := _part(step, stage)) is not None})
            for stage in numbers
        )
        self.heads = nn.ModuleList(
            _head(network.head(stage, plan.choice), plan.groups[-1], stage, plan.tiles) for stage in numbers
        )
        self.eval()

    def forward(self, images: Tensor) -> list[Tensor]:
        """Logits of every stage, each of shape (B, classes); arguments as in `MultiStageNetwork`."""
        features: Features = self._begin(images)
        return [self.run_stage(stage, features) for stage in range(self.choice.n_stages)]

    @torch.no_grad()
    def predict(
        self, images: Tensor, thresholds: list[float] | NDArray[np.float64], temperatures: list[float] | None = None
    ) -> ExitAnswers:
        """Answers of images that exit at the first stage whose confidence reaches its threshold.

        The confidence is the largest probability. Images that exited take no part in later stages.

        Args:
            images: As in `forward`.
            thresholds: Least confidence of each stage but the last, which takes all that are left; from 0 to 1, or
                `NEVER`, of shape (S - 1,).
            temperatures: Divisors of the logits of each stage before the confidence is computed, of shape (S,); 1 by
                default.

        Raises:
            ValueError: If a threshold is out of range, or there is another number of thresholds or temperatures.
        """
        n_stages = self.choice.n_stages
        least = checked_thresholds(thresholds, n_stages).tolist()
        divisors = [1.0] * n_stages if temperatures is None else list(temperatures)
        if len(divisors) != n_stages or min(divisors) <= 0:
            raise ValueError(f"expected a positive temperature for each of {n_stages} stages, got {divisors}")
        exits = torch.zeros(len(images), dtype=torch.int64, device=images.device)
        logits = images.new_zeros(len(images), self.recipe.num_classes)
        left = torch.arange(len(images), device=images.device)
        features = self._begin(images)
        for stage in range(n_stages):
            found = self.run_stage(stage, features)
            leave = torch.ones_like(left, dtype=torch.bool)
            if stage < n_stages - 1:
                leave = torch.softmax(found.double() / divisors[stage], dim=1).amax(dim=1) >= least[stage]
            exits[left[leave]], logits[left[leave]] = stage, found[leave]
            left = left[~leave]
            if not len(left):
                break
            features = {
                name: [None if part is None else self._kept(part, ~leave) for part in parts]
                for name, parts in features.items()
            }
        return ExitAnswers(logits, exits)

    def run_stage(self, stage: int, features: Features) -> Tensor:
        """Run a stage on the features of the stages before it, add its own to them, and return its logits."""
        modules = self.stages[stage]
        assert isinstance(modules, nn.ModuleDict)
        for step in self._steps:
            features.setdefault(step.name, []).append(self._computed(step, stage, modules, features))
        last = [part for part in features[self._steps[-1].name][: stage + 1] if part is not None]
        pooled = torch.cat([part.mean(dim=(2, 3)) for part in last], dim=1)
        logits: Tensor = self.heads[stage](pooled.view(-1, self._tiles * pooled.shape[1]))
        return logits

    def _begin(self, images: Tensor) -> Features:
        shape = tuple(images.shape)
        expected = (self._tiles, 3) if self._tiles > 1 else (3,)
        if shape[1:-2] != expected:
            text = f"tiles of shape (B, {self._tiles}, 3, t, t)" if self._tiles > 1 else "images of shape (B, 3, S, S)"
            raise ValueError(f"{self.recipe.task}: expected {text}, got {shape}")
        small = resized(images, self.choice.side, self.recipe)
        nothing = [None] * (self.choice.n_stages - 1)
        return {"images": [small.flatten(0, -4), *nothing]}

    def _computed(self, step: StageStep, stage: int, modules: nn.ModuleDict, features: Features) -> Tensor | None:
        if not (step.groups == stage).any():
            return None
        parts = [features[name] for name in step.inputs]
        if step.kind == "sum":
            groups = zip(parts, step.arriving, strict=True)
            return added([_selected(own, arriving, step.groups, stage) for own, arriving in groups])
        if step.kind == "conv":
            read = [part for part in parts[0][: stage + 1] if part is not None]
            arriving = read[0] if len(read) == 1 else torch.cat(read, dim=1)
            found: Tensor = modules[step.name](arriving)
            return found
        own = [part[stage] for part in parts if part[stage] is not None]
        answer: Tensor = modules[step.name](*own)
        return answer

    def _kept(self, part: Tensor, keep: Tensor) -> Tensor:
        """The images (of all tiles) that are kept."""
        return part[keep.repeat_interleave(self._tiles)]


def _selected(parts: list[Tensor | None], arriving: NDArray[np.int64], wanted: NDArray[np.int64], stage: int) -> Tensor:
    """Channels of a term of a sum that are of a stage there; zeros for those that come from a later stage."""
    whole = next(part for part in parts if part is not None)
    if np.array_equal(arriving, wanted):
        own = parts[stage]
        assert own is not None
        return own
    found = []
    place = np.zeros(len(arriving), dtype=np.int64)  # of each channel in its group
    for group in np.unique(arriving):
        place[arriving == group] = np.arange((arriving == group).sum())
    for channel in np.flatnonzero(wanted == stage).tolist():
        group = int(arriving[channel])
        source = parts[group] if group <= stage else None
        found.append(torch.zeros_like(whole[:, 0]) if source is None else source[:, place[channel]])
    return torch.stack(found, dim=1)


def _part(step: StageStep, stage: int) -> nn.Module | None:
    """The operation of one stage; None if it has no channels or needs no module."""
    own = np.flatnonzero(step.groups == stage)
    if not len(own) or step.kind == "sum":
        return None
    if isinstance(step.module, nn.Conv2d):
        return _convolution(step, step.module, own, stage)
    if isinstance(step.module, nn.BatchNorm2d):
        return _norm(step.module, own)
    return step.module


def _convolution(step: StageStep, conv: nn.Conv2d, own: NDArray[np.int64], stage: int) -> nn.Conv2d:
    arriving = step.arriving[0]
    read = np.concatenate([np.flatnonzero(arriving == before) for before in range(stage + 1)])
    kernel = step.kernels[stage]
    weight = conv.weight.detach()[own][:, read]
    if kernel < conv.kernel_size[0]:
        middle = conv.kernel_size[0] // 2
        weight = weight[:, :, middle : middle + 1, middle : middle + 1]
    found = nn.Conv2d(len(read), len(own), kernel, conv.stride[0], kernel // 2, bias=conv.bias is not None)
    with torch.no_grad():
        found.weight.copy_(weight)
        if found.bias is not None and conv.bias is not None:
            found.bias.copy_(conv.bias[own])
    found.weight.data = found.weight.data.contiguous(memory_format=torch.channels_last)
    return found.to(weight.device)


def _norm(norm: nn.BatchNorm2d, own: NDArray[np.int64]) -> nn.BatchNorm2d:
    found = nn.BatchNorm2d(len(own), norm.eps, norm.momentum)
    found.num_batches_tracked = None
    with torch.no_grad():
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(found, name).copy_(getattr(norm, name)[own])
    return found.to(norm.weight.device)


def _head(head: nn.Linear, groups: NDArray[np.int64], stage: int, tiles: int) -> nn.Linear:
    """The classifier of a stage, whose inputs are ordered by tile and then by stage."""
    read = np.concatenate([np.flatnonzero(groups == before) for before in range(stage + 1)])
    columns = (np.arange(tiles)[:, None] * len(groups) + read).reshape(-1)
    found = nn.Linear(len(columns), head.out_features)
    with torch.no_grad():
        found.weight.copy_(head.weight[:, columns])
        found.bias.copy_(head.bias)
    return found.to(head.weight.device)
