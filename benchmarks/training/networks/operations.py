"""Operations of network graphs as torch modules, their initialisation, and scaling of graphs to other widths."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.graph import KINDS, ArchGraph

__all__ = [
    "PARAMETRIC",
    "Initialise",
    "Zeros",
    "added",
    "kaiming_normal",
    "keep_weights",
    "make_operation",
    "scale_widths",
    "torch_uniform",
]

Initialise = Callable[[nn.Module, torch.Generator], None]
PARAMETRIC = ("conv", "conv_transpose", "linear", "batch_norm")
"""Kinds of nodes that have parameters."""
_SLOPE = 0.2
_WEIGHTED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def make_operation(graph: ArchGraph, node: int) -> nn.Module:
    """The module of a node, without initialised weights; it takes one tensor per incoming edge.

    Raises:
        ValueError: If the node is not an operation of a network graph, e.g. a "block" of a cell graph.

    Example:
        >>> from benchmarks.graph import GraphBuilder
        >>> builder = GraphBuilder(channels=3, resolution=32)
        >>> _ = builder.add("conv", [builder.input], kernel=3, stride=2, channels=8)
        >>> make_operation(builder.build(), 1)(torch.zeros(1, 3, 32, 32)).shape
        torch.Size([1, 8, 16, 16])
    """
    kind, kernel, stride = KINDS[graph.kind[node]], int(graph.kernel[node]), int(graph.stride[node])
    if kind in _PLAIN:
        return _PLAIN[kind]()
    if kind == "avg_pool":  # border pixels average the valid pixels only; odd sides round up as for convolutions
        return nn.AvgPool2d(kernel, stride, (kernel - 1) // 2, ceil_mode=stride > 1, count_include_pad=False)
    channels = int(graph.channels_in[node]), int(graph.channels_out[node])
    bias = bool(graph.bias[node])
    if kind == "conv":
        return _bare(nn.Conv2d, *channels, kernel, stride=stride, padding=kernel // 2, bias=bias)
    if kind == "conv_transpose":
        padding = {"padding": kernel // 2, "output_padding": stride - 1}
        return _bare(nn.ConvTranspose2d, *channels, kernel, stride=stride, bias=bias, **padding)
    if kind == "linear":
        return _bare(nn.Linear, *channels, bias=bias)
    if kind == "batch_norm":
        norm = nn.BatchNorm2d(channels[1], eps=float(graph.eps[node]), momentum=float(graph.momentum[node]))
        norm.num_batches_tracked = None  # only read with momentum=None; counting costs a kernel launch per layer
        return norm
    raise ValueError(f"expected a network graph, got node {node} of kind {kind!r}, which has no torch module")


class Sum(nn.Module):
    """Elementwise sum of tensors of one shape."""

    def forward(self, *terms: Tensor) -> Tensor:
        """Tensors of shape (B, C, H, W) -> (B, C, H, W)."""
        return added(terms)


class Concat(nn.Module):
    """Concatenation of tensors along their channels."""

    def forward(self, *parts: Tensor) -> Tensor:
        """Tensors of shape (B, C_i, H, W) -> (B, sum of C_i, H, W)."""
        return torch.cat(parts, dim=1)


class Shift(nn.Module):
    """Shift of the image by one pixel up and to the left, padded with zeros."""

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return nn.functional.pad(images[:, :, 1:, 1:], (0, 1, 0, 1))


class GlobalPool(nn.Module):
    """Mean over the pixels."""

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C)."""
        return images.mean(dim=(2, 3))


class Zeros(nn.Module):
    """Zeros, for nodes without input.

    Args:
        channels: Number of channels.
        stride: Factor by which the side is smaller than the network's input.
    """

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.channels, self.stride = channels, stride

    def forward(self, images: Tensor) -> Tensor:
        """The network's input of shape (B, C, H, W) -> zeros of shape (B, channels, H / stride, W / stride)."""
        batch, _, height, width = images.shape
        return images.new_zeros(batch, self.channels, -(-height // self.stride), -(-width // self.stride))


def kaiming_normal(module: nn.Module, generator: torch.Generator) -> None:
    """Normal weights of variance 2 / fan-out for convolutions (He et al., ICCV 2015, section 2.2); biases 0.

    The published training does so for backbones.
    """
    for layer in _layers(module):
        fan_out = layer.weight.shape[0] * math.prod(layer.weight.shape[2:])
        _fill(layer.weight, torch.randn(layer.weight.shape, generator=generator, device="cpu") * (2 / fan_out) ** 0.5)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def torch_uniform(module: nn.Module, generator: torch.Generator) -> None:
    """Weights and biases uniform within 1 / sqrt(fan-in), torch's default.

    The published training does so for decoders and the discriminator.
    """
    for layer in _layers(module):
        bound = math.prod(layer.weight.shape[1:]) ** -0.5  # torch uses axis 1 for transposed convolutions as well
        for weights in (layer.weight, layer.bias):
            if weights is not None:
                unit = torch.rand(weights.shape, generator=generator, device="cpu")
                _fill(weights, (2 * unit - 1) * bound)


def keep_weights(module: nn.Module, generator: torch.Generator) -> None:
    """Leave the weights as they are, for modules of another network."""


def added(terms: Sequence[Tensor]) -> Tensor:
    """Sum of one or more tensors of one shape in their order, so that the same terms give the same bits."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def scale_widths(graph: ArchGraph, factor: Fraction, *, outputs: int = 0, least: int = 1) -> ArchGraph:
    """The graph with all channels multiplied by `factor`, rounded down but at least `least`.

    Args:
        graph: A network graph.
        factor: New width / old width.
        outputs: Number of nodes at the end that keep their channels, like the input.
        least: Minimum number of channels of a layer.

    Example:
        >>> from benchmarks import get_space
        >>> graph = get_space("nasbench201").network_graph("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
        >>> scale_widths(graph, Fraction(1, 2)).channels_out[[0, 1, -1]].tolist()  # 3, 16 and 64 were
        [3, 8, 32]
    """
    scaled = np.maximum(least, graph.channels_out * factor.numerator // factor.denominator)
    scaled[0] = graph.channels_out[0]
    if outputs:
        scaled[-outputs:] = graph.channels_out[-outputs:]
    incoming = np.where(graph.where("input"), scaled, 0)
    concat = graph.where("concat")
    for source, target in graph.edges:
        incoming[target] = scaled[source] + (incoming[target] if concat[target] else 0)
    return replace(graph, channels_in=incoming, channels_out=scaled)


def _bare(layer: type[nn.Module], *args: int, **options: object) -> nn.Module:
    """A layer without initial weights; torch would draw them from the global generator only to be overwritten."""
    made, device = layer(*args, **options, device="meta"), torch.empty(0).device
    return made if device.type == "meta" else made.to_empty(device=device)


def _layers(module: nn.Module) -> list[nn.Conv2d | nn.ConvTranspose2d | nn.Linear]:
    """Layers with weights to initialise; none on the meta device."""
    return [layer for layer in module.modules() if isinstance(layer, _WEIGHTED) and not layer.weight.is_meta]


def _fill(weights: Tensor, values: Tensor) -> None:
    """Copy values drawn on the CPU, so that a seed gives the same weights on every device."""
    with torch.no_grad():
        weights.copy_(values)


_PLAIN: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(_SLOPE),
    "tanh": nn.Tanh,
    "sum": Sum,
    "concat": Concat,
    "shift": Shift,
    "global_pool": GlobalPool,
}
