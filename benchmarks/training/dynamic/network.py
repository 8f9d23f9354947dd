"""Multi-stage networks with the shared weights of one architecture: all stages in one masked forward pass."""

from __future__ import annotations

import copy
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.errors import check_type, shown
from benchmarks.graph import ArchGraph
from benchmarks.training.dynamic.choices import StageChoice
from benchmarks.training.dynamic.layout import StageLayout, StagePlan
from benchmarks.training.networks.graph_network import GraphNetwork
from benchmarks.training.networks.operations import kaiming_normal, keep_weights, make_operation, torch_uniform
from benchmarks.training.networks.task_network import TaskNetwork, task_decoder
from benchmarks.training.recipe import Recipe
from benchmarks.training.weight_sharing.views import RecentViews

__all__ = ["MultiStageNetwork", "StageStep", "resized"]

Ints = NDArray[np.int64]

_KEPT = 1024  # views of choices, without weights of their own


class StageStep(NamedTuple):
    """One operation of a multi-stage network.

    Attributes:
        name: Name of its output.
        module: The operation, with the weights of all stages.
        kind: Kind of the node.
        inputs: Names of what it reads; ``"images"`` is the input.
        done: Those that no later step reads.
        arriving: The stage of each channel of each input.
        groups: The stage of each channel of the output, of shape (C,).
        kernels: Kernel of each stage.
    """

    name: str
    module: nn.Module
    kind: str
    inputs: tuple[str, ...]
    done: tuple[str, ...]
    arriving: tuple[NDArray[np.int64], ...]
    groups: NDArray[np.int64]
    kernels: tuple[int, ...]


class MultiStageNetwork(nn.Module):
    """An architecture whose channels are divided into groups, one a stage, with a classifier for each stage.

    One set of weights serves all choices (`StageChoice`): a convolution has the weights of the whole architecture, of
    which those that lead from a later stage to an earlier one are multiplied by zero. All stages are computed at once,
    which is what training needs; `benchmarks.training.dynamic.LazyNetwork` runs one stage after the other. With all
    channels in one stage it is the static network, bit for bit.

    The last of the S stages of a choice uses the last classifier, the one before it the last but one, and so on.

    Args:
        arch: Architecture of the micro space in the published skeleton, or of the published macro space; it is
            replaced by its simplest form.
        recipe: Task, sizes and widths.
        stages: Number of classifiers, and so the largest number of stages.
        seed: Seed of the initial weights; backbone and last classifier are those of `build_network`.

    Attributes:
        layout: Which channels of which operation belong to which stage.
        recipe: As above.
        backbone: The operations of the whole architecture.
        heads: The classifiers, of all channels each.
        choice: The choice that `forward` computes by default; all channels in one stage at first.
        is_extracted: Whether it is a copy for this choice.

    Raises:
        SpaceError: If the architecture is of another space.
        ArchitectureError: If it is dead, or not a published one; names the nearest.
        ValueError: If answers of the task have no confidence, or `stages` is not positive.

    Example:
        >>> from dataclasses import replace
        >>> from benchmarks.training.presets import get_recipe
        >>> recipe = replace(get_recipe("class_scene", "mini"), base_channels=4, input_size=32)
        >>> network = MultiStageNetwork("64-41414-3_01_003", recipe)
        >>> images = torch.zeros(2, 3, 32, 32)
        >>> [logits.shape for logits in network(images, "1:3-2:2-2:2-2:2-3:1")]
        [torch.Size([2, 47]), torch.Size([2, 47])]
        >>> len(network(images))
        1
    """

    def __init__(self, arch: str, recipe: Recipe, stages: int = 2, seed: int = 0) -> None:
        super().__init__()
        check_type(stages, int, "stages", "an integer")
        if stages < 1:
            raise ValueError(f"expected at least one stage, got {stages}")
        self.layout, self.recipe = StageLayout(arch, recipe), recipe
        generator = torch.Generator().manual_seed(seed)
        graph = self.layout.graph()
        self.backbone = GraphNetwork(graph, kaiming_normal, generator)
        decoder = task_decoder(recipe.task, graph, recipe.network_size, recipe.num_classes)
        heads = [make_operation(decoder, len(decoder) - 1) for _ in range(stages)]
        for head in reversed(heads):
            torch_uniform(head, generator)
        self.heads = nn.ModuleList(heads)
        self.choice, self.is_extracted = StageChoice.dense(self.layout.n_modules), False
        self._views = RecentViews[_View](_KEPT)

    def forward(self, images: Tensor, choice: str | StageChoice | None = None) -> list[Tensor]:
        """Logits of every stage of a choice.

        Args:
            images: Images of shape (B, 3, S, S); for jigsaw tiles of shape (B, 9, 3, t, t).
            choice: The choice or its text; by default `choice`.

        Returns:
            Logits of each stage, each of shape (B, classes).

        Raises:
            ValueError: If the choice does not fit the architecture, has more stages than there are classifiers, or the
                shape of the images is wrong.
        """
        view = self._view(self.choice if choice is None else choice)
        features = view.network.train(self.training)(resized(images, view.plan.choice.side, self.recipe))
        pooled = features.mean(dim=(2, 3))
        return [self._logits(pooled, view.plan, stage) for stage in range(view.plan.choice.n_stages)]

    def plan(self, choice: str | StageChoice | None = None) -> StagePlan:
        """Groups and costs of a choice; errors as in `forward`."""
        return self._view(self.choice if choice is None else choice).plan

    def steps(self, choice: str | StageChoice | None = None) -> tuple[StageStep, ...]:
        """The operations of a choice in their order; errors as in `forward`."""
        return self._view(self.choice if choice is None else choice).steps

    def head(self, stage: int, choice: str | StageChoice | None = None) -> nn.Linear:
        """The classifier of a stage, counted from 0, of a choice; errors as in `forward`."""
        found = self.heads[len(self.heads) - self.plan(choice).choice.n_stages + stage]
        assert isinstance(found, nn.Linear)
        return found

    def extract(self, choice: str | StageChoice) -> MultiStageNetwork:
        """A copy with this choice and weights of its own, whose running statistics may be recalibrated for it."""
        self._view(choice)
        found = copy.deepcopy(self)
        found.choice, found.is_extracted = StageChoice.parse(str(choice)), True
        return found

    def _logits(self, pooled: Tensor, plan: StagePlan, stage: int) -> Tensor:
        head = self.head(stage, plan.choice)
        read = np.tile(plan.groups[-1] <= stage, plan.tiles)
        weight = head.weight if read.all() else head.weight * _mask(read, head.weight)
        return F.linear(pooled, weight, head.bias)

    def _view(self, choice: str | StageChoice) -> _View:
        return self._views.get(str(choice), partial(self._new_view, choice))

    def _new_view(self, choice: str | StageChoice) -> _View:
        plan = self.layout.plan(choice)
        if plan.choice.n_stages > len(self.heads):
            raise ValueError(
                f"expected a choice of at most {len(self.heads)} stages, the number of classifiers, got "
                f"{plan.choice.n_stages} in {shown(str(choice))}"
            )
        steps = _steps_of(self.backbone, plan)
        task, size = self.recipe.task, self.recipe.network_size
        return _View(plan, steps, TaskNetwork(_Masked(steps), nn.Identity(), task, size, self.recipe.joint_tiles))


class _View(NamedTuple):
    plan: StagePlan
    steps: tuple[StageStep, ...]
    network: TaskNetwork


class _Masked(nn.Module):
    """The backbone of a choice; its operations are those of the bank, and not its children."""

    def __init__(self, steps: tuple[StageStep, ...]) -> None:
        super().__init__()
        self._steps = steps
        self._masks = [_masks_of(step) for step in steps]
        self._device = torch.device("cpu")

    def forward(self, images: Tensor) -> Tensor:
        if images.device != self._device:
            self._masks = [[None if own is None else own.to(images.device) for own in masks] for masks in self._masks]
            self._device = images.device
        tensors = {"images": images}
        for step, masks in zip(self._steps, self._masks, strict=True):
            arriving = [tensors[name] for name in step.inputs]
            tensors[step.name] = _computed(step, masks, arriving)
            for name in step.done:
                del tensors[name]
        return tensors[step.name]


class _Mask(NamedTuple):
    """Which weights or channels count, as vectors: a mask of a number a weight of each choice would be gigabytes.

    Attributes:
        written: Stage of each output channel, of shape (C, 1, 1, 1).
        read: Stage of each input channel of a convolution, of shape (1, C, 1, 1); of a term of a sum of shape
            (C, 1, 1), as then is `written`.
        pixels: Of shape (C, 1, k, k), whether an output has that weight of the kernel; None if all have all.
    """

    written: Tensor
    read: Tensor
    pixels: Tensor | None

    def to(self, device: torch.device) -> _Mask:
        pixels = None if self.pixels is None else self.pixels.to(device)
        return _Mask(self.written.to(device), self.read.to(device), pixels)

    def times(self, values: Tensor) -> Tensor:
        """The values, times 0 where a later stage would lead to an earlier one."""
        found = self.written >= self.read
        return values * (found if self.pixels is None else found & self.pixels).to(values)


def _computed(step: StageStep, masks: list[_Mask | None], arriving: list[Tensor]) -> Tensor:
    """Output of an operation."""
    if isinstance(step.module, nn.Conv2d) and masks[0] is not None:
        conv = step.module
        return F.conv2d(arriving[0], masks[0].times(conv.weight), conv.bias, conv.stride, conv.padding)
    if step.kind == "sum":
        arriving = [term if mask is None else mask.times(term) for term, mask in zip(arriving, masks, strict=True)]
    found: Tensor = step.module(*arriving)
    return found


def _masks_of(step: StageStep) -> list[_Mask | None]:
    """Mask of the weights of a convolution, or of each term of a sum; None where it is all ones."""
    if step.kind == "sum":
        return [_mask_of(step.groups[:, None, None], groups[:, None, None]) for groups in step.arriving]
    if not isinstance(step.module, nn.Conv2d):
        return [None]
    side = step.module.kernel_size[0]
    pixels = np.ones((len(step.groups), 1, side, side), dtype=bool)
    pixels[np.array(step.kernels)[step.groups] < side] = False
    pixels[:, :, side // 2, side // 2] = True
    return [_mask_of(step.groups[:, None, None, None], step.arriving[0][None, :, None, None], pixels)]


def _mask_of(written: Ints, read: Ints, pixels: NDArray[np.bool_] | None = None) -> _Mask | None:
    whole = pixels is None or bool(pixels.all())
    if whole and (written >= read).all():
        return None
    return _Mask(
        torch.as_tensor(written.astype(np.int16)),
        torch.as_tensor(read.astype(np.int16)),
        None if whole else torch.as_tensor(pixels),
    )


def _mask(read: NDArray[np.bool_], like: Tensor) -> Tensor:
    return torch.as_tensor(read).to(like)


def _steps_of(backbone: GraphNetwork, plan: StagePlan) -> tuple[StageStep, ...]:
    """The operations of a plan in their order, with the modules of the backbone of the whole architecture."""
    of_node = {int(name.rpartition("_")[2]): module for name, module in backbone.named_children()}
    node_of: dict[nn.Module, int] = {}

    def make(graph: ArchGraph, node: int) -> nn.Module:
        own = of_node.get(int(plan.nodes[node]))
        module = make_operation(graph, node) if own is None or not list(own.parameters()) else own
        node_of[module] = node
        return module

    network = GraphNetwork(plan.graph, keep_weights, make=make)
    groups: dict[str, NDArray[np.int64]] = {"images": np.zeros(3, dtype=np.int64)}
    found = []
    for name, inputs, done in network.plan:
        module = getattr(network, name)
        node = node_of[module]
        groups[name] = plan.groups[node]
        arriving = tuple(groups[source] for source in inputs)
        kind = plan.graph.names[node]
        found.append(StageStep(name, module, kind, inputs, done, arriving, groups[name], plan.kernels[node]))
    return tuple(found)


def resized(images: Tensor, side: int | None, recipe: Recipe) -> Tensor:
    """Images of shape (..., S, S), resized as if those of the recipe had a side in pixels; unchanged without one.

    Bilinear with antialiasing; a jigsaw's tiles are resized by the same factor.

    Example:
        >>> from benchmarks.training.presets import get_recipe
        >>> resized(torch.zeros(2, 3, 64, 64), 48, get_recipe("class_scene", "mini")).shape
        torch.Size([2, 3, 48, 48])
    """
    if side is None or side == recipe.input_size:
        return images
    size = images.shape[-1] * side // recipe.input_size
    flat = images.flatten(0, -4)
    small = F.interpolate(flat, (size, size), mode="bilinear", align_corners=False, antialias=True)
    return small.view(*images.shape[:-3], *small.shape[1:])
