"""The trained networks: a backbone with the task's decoder.

Backbones and decoders are built from the graphs of `benchmarks`, which cost models, plots and encoders read as well.
Initial weights are those of the published training: Kaiming normal in backbones, torch's default in decoders.
"""

from __future__ import annotations

from fractions import Fraction

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from benchmarks.decoders import DECODER_CLASSES, TILES, decoder_graph
from benchmarks.errors import SpaceError, choice
from benchmarks.graph import ArchGraph
from benchmarks.spaces.nasbench201 import NASBench201
from benchmarks.spaces.registry import infer_space
from benchmarks.spaces.transnas_macro import TransNASMacro
from benchmarks.spaces.transnas_micro import TransNASMicro
from benchmarks.training.networks.graph_network import GraphNetwork
from benchmarks.training.networks.operations import kaiming_normal, scale_widths, torch_uniform
from benchmarks.training.recipe import CONTRAST
from benchmarks.training.widths import scaled_base_channels

__all__ = ["TaskNetwork", "backbone_graph", "build_backbone", "build_network", "task_decoder"]

_TEMPERATURE = 0.2
"""Of the similarities that the pretext task is scored by; as published for Pi-NAS."""
_CIFAR_CLASSES = {"cifar10": 10, "cifar100": 100, "ImageNet16-120": 120}
_CIFAR_BASE = 16
_DENSE = {"segmentsemantic": 1, "normal": 2, "autoencoder": 2}
"""Number of nodes at the end of a dense decoder that have as many channels as the output."""
_DECODER_WIDTH = 1024
_NARROWEST = 8  # channels of a scaled decoder; fewer are too few for three colours or 17 classes


class TaskNetwork(nn.Module):
    """A backbone and a decoder.

    Args:
        backbone: (B, 3, S, S) -> features of shape (B, C, s, s).
        decoder: Features -> outputs; for jigsaw (B, 9 C, s, s) -> outputs.
        task: Task name.
        input_size: Side S of the images in pixels it was built for (of one tile for jigsaw, of a view for contrast).
        joint_tiles: As in `Recipe`.

    Attributes:
        backbone: As above; likewise `decoder`, `task`, `input_size` and `joint_tiles`.

    Example:
        >>> network = build_network("8-41414-3_33_333", "segmentsemantic", input_size=32, decoder_width=64)
        >>> network(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 17, 32, 32])
    """

    def __init__(
        self, backbone: nn.Module, decoder: nn.Module, task: str, input_size: int, joint_tiles: bool = False
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.decoder = decoder
        self.task = task
        self.input_size = input_size
        self.joint_tiles = joint_tiles

    def forward(self, images: Tensor) -> Tensor:
        """Outputs for the task.

        Args:
            images: Images of shape (B, 3, S, S), float32; for jigsaw tiles of shape (B, 9, 3, t, t). Only dense tasks
                require the side that the network was built for.

        Returns:
            Logits or numbers of shape (B, num_classes); logits of shape (B, 17, S, S) for segmentsemantic; images of
            shape (B, 3, S, S) in [-1, 1] for normal and autoencoder. For contrast, from two views of shape
            (B, 2, 3, s, s), cosine similarities of each first with each second view, divided by .2, of shape (B, B).

        Raises:
            ValueError: If the shape is wrong.
        """
        shape = tuple(images.shape)
        if self.task == CONTRAST:
            if len(shape) != 5 or shape[1:3] != (2, 3):
                raise ValueError(f"contrast: expected two views of shape (B, 2, 3, s, s), got {shape}")
            first, second = (self.embed(images[:, view]) for view in (0, 1))  # statistics of their own
            answer: Tensor = first @ second.T / _TEMPERATURE
        elif self.task == "jigsaw":
            if len(shape) != 5 or shape[1:3] != (TILES, 3):
                raise ValueError(f"jigsaw: expected tiles of shape (B, 9, 3, t, t), got {shape}")
            if self.training and not self.joint_tiles:
                features = torch.cat([self.backbone(images[:, tile]) for tile in range(TILES)], dim=1)
            else:  # without batch statistics, tiles are independent
                features = self.backbone(images.flatten(0, 1)).unflatten(0, shape[:2]).flatten(1, 2)
            answer = self.decoder(features)
        else:
            if len(shape) != 4 or shape[1] != 3 or (self.task in _DENSE and shape[2:] != (self.input_size,) * 2):
                side = self.input_size if self.task in _DENSE else "S"
                raise ValueError(f"{self.task}: expected images of shape (B, 3, {side}, {side}), got {shape}")
            answer = self.decoder(self.backbone(images))
        return answer

    def embed(self, images: Tensor) -> Tensor:
        """The decoder's output for images of shape (B, 3, s, s), scaled to length 1, of shape (B, num_classes)."""
        outputs = self.decoder(self.backbone(images))
        return F.normalize(outputs.to(torch.promote_types(outputs.dtype, torch.float32)), dim=1)


def build_network(
    arch: str,
    task: str,
    num_classes: int | None = None,
    input_size: int | None = None,
    *,
    base_channels: int | None = None,
    decoder_width: int = _DECODER_WIDTH,
    joint_tiles: bool = False,
    seed: int = 0,
) -> TaskNetwork:
    """The network of an architecture for a task.

    Args:
        arch: Architecture string of any space.
        task: One of the seven tasks of TransNAS-Bench-101 or the three of NAS-Bench-201 (pooling and a linear layer).
        num_classes: Number of outputs; the published number by default.
        input_size: Side of the images in pixels (of one tile for jigsaw); the space's published one by default.
        base_channels: Channels of the first stage of an architecture of published width (64; 16 for NAS-Bench-201);
            other widths in proportion.
        decoder_width: Widest layer of a dense task's decoder; its other layers scale with it, down to 8.
        joint_tiles: As in `Recipe`.
        seed: Seed of the initial weights; those of the backbone are the same for every task.

    Raises:
        ArchitectureError: If the string is not an architecture, or its width cannot be scaled; names the nearest.
        UnknownNameError: If there is no such task; names the nearest one.
        ValueError: If a number is not a positive integer, or the decoder does not support the backbone's feature map.

    Example:
        >>> network = build_network("64-2311-basic", "class_object", base_channels=8, input_size=64)
        >>> network(torch.zeros(2, 3, 64, 64)).shape
        torch.Size([2, 75])
        >>> build_network("64-2311-basic", "class_objects")
        Traceback (most recent call last):
        ...
        benchmarks.errors.UnknownNameError: unknown task 'class_objects'; did you mean 'class_object'? Choices: ...
    """
    classes = {**DECODER_CLASSES, **_CIFAR_CLASSES}[choice(task, [*DECODER_CLASSES, *_CIFAR_CLASSES], "task")]
    if num_classes is not None:
        classes = _positive("num_classes", num_classes)
    size = infer_space(arch).image_size(input_size)
    backbone = backbone_graph(arch, size, base_channels)
    decoder = task_decoder(task, backbone, size, classes, decoder_width)
    generator = torch.Generator().manual_seed(seed)
    parts = GraphNetwork(backbone, kaiming_normal, generator), GraphNetwork(decoder, torch_uniform, generator)
    return TaskNetwork(*parts, task, size, joint_tiles)


def build_backbone(
    arch: str, input_size: int | None = None, *, base_channels: int | None = None, seed: int = 0
) -> GraphNetwork:
    """The backbone of an architecture alone, with the weights it has in `build_network` for the same seed.

    Args:
        arch: Architecture string of any space.
        input_size: Side of the images in pixels; the space's published one by default.
        base_channels: Channels of the first stage of an architecture of published width (64; 16 for NAS-Bench-201);
            other widths in proportion.
        seed: Seed of the initial weights.

    Raises:
        ArchitectureError: If the string is not an architecture, or its width cannot be scaled; names the nearest.
        ValueError: If a number is not a positive integer.

    Example:
        >>> build_backbone("64-2311-basic", 64, base_channels=8)(torch.zeros(2, 3, 64, 64)).shape
        torch.Size([2, 16, 8, 8])
        >>> sum(weights.numel() for weights in build_backbone("64-41414-0_31_023").parameters())
        14673952
    """
    graph = backbone_graph(arch, infer_space(arch).image_size(input_size), base_channels)
    return GraphNetwork(graph, kaiming_normal, torch.Generator().manual_seed(seed))


def task_decoder(
    task: str, backbone: ArchGraph, input_size: int, num_classes: int, decoder_width: int = _DECODER_WIDTH
) -> ArchGraph:
    """The graph of the decoder that reads the last features of a backbone; arguments as in `build_network`.

    Raises:
        ValueError: If the decoder does not support the backbone's feature map.
    """
    features = int(backbone.channels_out[-1]), int(backbone.resolution_out[-1])
    decoder = decoder_graph("class_object" if task in _CIFAR_CLASSES else task, *features, input_size, num_classes)
    factor = Fraction(_positive("decoder_width", decoder_width), _DECODER_WIDTH)
    return scale_widths(decoder, factor, outputs=_DENSE[task], least=_NARROWEST) if task in _DENSE else decoder


def backbone_graph(arch: str, input_size: int, base_channels: int | None) -> ArchGraph:
    """The network graph of an architecture, scaled to `base_channels`; arguments and errors as in `build_backbone`."""
    space = infer_space(arch)
    if base_channels is None or not space.has_networks:
        return space.network_graph(arch, input_size)
    _positive("base_channels", base_channels)
    if isinstance(space, NASBench201):
        return scale_widths(space.network_graph(arch, input_size), Fraction(base_channels, _CIFAR_BASE))
    if not isinstance(space, (TransNASMicro, TransNASMacro)):
        raise SpaceError(
            f"expected base_channels=None for architectures of {space}, a space of your own whose network_graph has "
            f"the channels, got {base_channels}"
        )
    _, _, rest = space.validate(arch).partition("-")
    return space.network_graph(f"{scaled_base_channels(arch, base_channels)}-{rest}", input_size)


def _positive(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"expected a positive integer as {name}, got {value!r}")
    return value
