"""Task decoders of TransNAS-Bench-101 as graphs (paper, appendix; published training code).

A decoder reads the backbone's last feature map. ConvLayer = convolution with bias, batch norm, LeakyReLU 0.2; Deconv =
transposed 3x3 convolution of stride 2, then the same.
"""

from __future__ import annotations

import math

from benchmarks.errors import choice
from benchmarks.graph import ArchGraph, GraphBuilder

__all__ = ["DECODER_CLASSES", "TILES", "decoder_graph"]

DECODER_CLASSES = {
    "class_scene": 47,
    "class_object": 75,
    "room_layout": 9,
    "jigsaw": 1000,
    "segmentsemantic": 17,
    "normal": 3,
    "autoencoder": 3,
}
"""Outputs of each decoder in the published trainings."""
TILES = 9
"""Tiles of a jigsaw, each of which passes the backbone."""
_EMBEDDING = 128
_WIDE = 1024
_SMALLEST_U, _LARGEST_U = 2, 6


def decoder_graph(
    task: str, channels: int, resolution: int, input_size: int = 256, num_classes: int | None = None
) -> ArchGraph:
    """The decoder of a task for a feature map of `channels` channels and `resolution` pixels.

    That of the pretext task ``"contrast"`` is a layer as wide as the features and the embedding (the projection head of
    MoCo v2, Chen et al., 2020).

    Args:
        task: One of the seven tasks, or ``"contrast"``.
        channels: Channels of the feature map (of one tile for jigsaw).
        resolution: Side of the feature map in pixels.
        input_size: Side of the image in pixels.
        num_classes: Number of outputs; the published number by default.

    Raises:
        UnknownNameError: If there is no decoder for the task.
        ValueError: If a dense task's feature map is not 4 to 64 times smaller than the image.

    Example:
        >>> decoder_graph("room_layout", 512, 8).names
        ('input', 'global_pool', 'linear')
    """
    classes = {**DECODER_CLASSES, "contrast": _EMBEDDING}
    outputs = num_classes or classes[choice(task, classes, "task with a decoder")]
    if task == "segmentsemantic":
        return _segmentation(channels, resolution, _upsamplings(input_size, resolution), outputs)
    if task in ("normal", "autoencoder"):
        return _image(channels, resolution, _upsamplings(input_size, resolution), outputs)
    builder = GraphBuilder(channels * (TILES if task == "jigsaw" else 1), resolution)
    pooled = builder.add("global_pool", [builder.input])
    if task == "contrast":
        pooled = builder.add("relu", [builder.add("linear", [pooled], channels=channels, bias=True)])
    builder.add("linear", [pooled], channels=outputs, bias=True)
    return builder.build()


def _upsamplings(input_size: int, resolution: int) -> int:
    u = math.log2(input_size / resolution)
    if u != int(u) or not _SMALLEST_U <= u <= _LARGEST_U:
        raise ValueError(
            f"expected a feature map 4, 8, 16, 32 or 64 times smaller than the {input_size} pixel image, got "
            f"{resolution} pixels"
        )
    return int(u)


def _segmentation(channels: int, resolution: int, u: int, outputs: int) -> ArchGraph:
    builder = GraphBuilder(channels, resolution)
    node, width = _layer(builder, builder.input, "conv", _WIDE), _WIDE
    for kind in ["conv"] * (6 - u) + ["conv_transpose"] * (u - 1):
        width //= 2
        node = _layer(builder, node, kind, width)
    node = _layer(builder, node, "conv_transpose", width)
    builder.add("conv", [node], kernel=3, channels=outputs, bias=True)
    return builder.build()


def _image(channels: int, resolution: int, u: int, outputs: int) -> ArchGraph:
    deconv, conv = "conv_transpose", "conv"
    flexible = [deconv if u >= needed else conv for needed in (6, 5, 4, 3)]
    plan = [(conv, _WIDE), (conv, 1024), (flexible[0], 512), (conv, 512), (flexible[1], 256), (conv, 128)]
    plan += [(flexible[2], 64), (conv, 64), (flexible[3], 32), (conv, 32), (deconv, 16), (conv, 32), (deconv, 16)]
    builder = GraphBuilder(channels, resolution)
    node = builder.input
    for kind, width in plan:
        node = _layer(builder, node, kind, width)
    node = builder.add("conv", [node], kernel=3, channels=outputs, bias=True)
    builder.add("tanh", [node])
    return builder.build()


def _layer(builder: GraphBuilder, node: int, kind: str, channels: int) -> int:
    stride = 2 if kind == "conv_transpose" else 1
    node = builder.add(kind, [node], kernel=3, stride=stride, channels=channels, bias=True)
    node = builder.add("batch_norm", [node])
    return builder.add("leaky_relu", [node])
