"""Wide modules whose leading channels are the weights of narrower ones, and the slices that run with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from benchmarks.graph import ArchGraph
from benchmarks.training.networks.operations import Initialise, make_operation

__all__ = ["Slice", "WideNorm", "WideWeights", "make_wide"]


class WideWeights(nn.Module):
    """Weights of a convolution or linear layer, stored as blocks between neighbouring widths.

    Block (i, j) has the output channels from width i - 1 to width i and the input channels from width j - 1 to width j.
    A narrower layer consists of leading blocks; the others take no part in it, and get no gradient (None) from it.

    Args:
        layer: The initialised widest layer.
        inputs: The numbers of input channels in use, ascending; the last is the layer's.
        outputs: Likewise of output channels.
        repeats: Number of feature maps, of `inputs` channels each, whose concatenation a linear layer reads: a
            narrower layer reads the leading channels of each.

    Example:
        >>> wide = WideWeights(nn.Conv2d(4, 8, 3, bias=False), [2, 4], [4, 8])
        >>> [tuple(block.shape[:2]) for block in wide.parameters()], wide.leading(2, 4).shape
        ([(4, 2), (4, 2), (4, 2), (4, 2)], torch.Size([4, 2, 3, 3]))
    """

    def __init__(
        self, layer: nn.Conv2d | nn.Linear, inputs: Sequence[int], outputs: Sequence[int], repeats: int = 1
    ) -> None:
        super().__init__()
        self.inputs, self.outputs, self.repeats = tuple(inputs), tuple(outputs), repeats
        self.blocks = nn.ParameterDict()
        weight = layer.weight.detach()
        if isinstance(layer, nn.Linear):
            weight = weight.reshape(len(weight), repeats, -1).transpose(1, 2)  # (outputs, inputs, repeats)
        for row, (first, last) in enumerate(pairwise((0, *outputs))):
            for column, (start, end) in enumerate(pairwise((0, *inputs))):
                self.blocks[f"{row}_{column}"] = nn.Parameter(weight[first:last, start:end].clone())
        self.biases = nn.ParameterList(
            [] if layer.bias is None else [part.clone() for part in _parts(layer.bias.detach(), outputs)]
        )
        self.is_linear = isinstance(layer, nn.Linear)

    def leading(self, inputs: int, outputs: int) -> Tensor:
        """Weights of the layer of the leading channels, as its own module stores them.

        Args:
            inputs: Number of input channels (of one of the repeated feature maps), one of the widths.
            outputs: Number of output channels, one of the widths.

        Returns:
            Tensor of shape (outputs, inputs, k, k), or (outputs, repeats x inputs) of a linear layer.
        """
        columns = range(self.inputs.index(inputs) + 1)
        rows = [_joined([self.blocks[f"{row}_{column}"] for column in columns], 1) for row in self._rows(outputs)]
        weight = _joined(rows, 0)
        if self.is_linear:
            return weight.transpose(1, 2).flatten(1).contiguous()
        last = all(block.is_contiguous(memory_format=torch.channels_last) for block in self.blocks.values())
        return weight.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)

    def bias(self, outputs: int) -> Tensor | None:
        """Bias of the leading output channels, of shape (outputs,), if the layer has one."""
        return _joined([self.biases[row] for row in self._rows(outputs)], 0) if len(self.biases) else None

    def _rows(self, outputs: int) -> range:
        return range(self.outputs.index(outputs) + 1)


class WideNorm(nn.BatchNorm2d):
    """Batch norm whose weights and biases are stored as blocks between neighbouring widths.

    Running statistics are those of the leading channels of whatever path ran last, as for all shared norms.

    Args:
        norm: The norm of the widest layer, whose settings it has.
        channels: The numbers of channels in use, ascending.
    """

    def __init__(self, norm: nn.BatchNorm2d, channels: Sequence[int]) -> None:
        super().__init__(channels[-1], eps=norm.eps, momentum=norm.momentum, affine=False)
        self.num_batches_tracked = None
        self.widths = tuple(channels)
        self.weights = nn.ParameterList([part.clone() for part in _parts(norm.weight.detach(), channels)])
        self.biases = nn.ParameterList([part.clone() for part in _parts(norm.bias.detach(), channels)])

    def leading(self, channels: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Weight, bias and running mean and variance of the leading channels, each of shape (channels,)."""
        own = range(self.widths.index(channels) + 1)
        weight, bias = (_joined([parts[index] for index in own], 0) for parts in (self.weights, self.biases))
        assert self.running_mean is not None
        assert self.running_var is not None
        return weight, bias, self.running_mean[:channels], self.running_var[:channels]


class Slice(nn.Module):
    """Runs the leading channels of a wide module; a copy of it is a module of its own (`copy.deepcopy`).

    Args:
        wide: The wide module; in the mode of which the slice runs.
    """

    def __init__(self, wide: nn.Module) -> None:
        super().__init__()
        self.wide = wide

    @staticmethod
    def of(wide: nn.Module, graph: ArchGraph, node: int) -> nn.Module:
        """The slice that a node of a network graph is; the module itself if it is not a wide one."""
        channels = int(graph.channels_in[node]), int(graph.channels_out[node])
        if isinstance(wide, WideNorm):
            return _SlicedNorm(wide, channels[1])
        if isinstance(wide, WideWeights):
            return _SlicedLayer(wide, make_operation(graph, node), *channels)
        return wide

    def alone(self) -> nn.Module:
        """A module of its own, as `make_operation` makes it, with copies of the values."""
        raise NotImplementedError

    def __deepcopy__(self, memo: dict[int, Any]) -> nn.Module:
        return self.alone().train(self.wide.training)


class _SlicedLayer(Slice):
    """A convolution or linear layer of leading channels.

    Args:
        wide: The wide weights.
        layer: The module of the node; only its settings are used.
        inputs: Number of input channels, of all repeated feature maps.
        outputs: Number of output channels.
    """

    def __init__(self, wide: WideWeights, layer: nn.Module, inputs: int, outputs: int) -> None:
        super().__init__(wide)
        self.channels = inputs // wide.repeats, outputs
        self.options: dict[str, Any] = (
            {"stride": layer.stride, "padding": layer.padding} if isinstance(layer, nn.Conv2d) else {}
        )

    def forward(self, features: Tensor) -> Tensor:
        """As the convolution or linear layer."""
        weight, bias = self._values()
        return F.conv2d(features, weight, bias, **self.options) if self.options else F.linear(features, weight, bias)

    def alone(self) -> nn.Module:
        weight, bias = self._values()
        outputs, inputs = weight.shape[:2]
        options = {"bias": bias is not None, "device": "meta"}
        layer: nn.Conv2d | nn.Linear
        if self.options:
            kernel = tuple(weight.shape[2:])
            layer = nn.Conv2d(inputs, outputs, kernel, **self.options, **options)  # type: ignore[arg-type]
        else:
            layer = nn.Linear(inputs, outputs, **options)  # type: ignore[arg-type]
        layer.weight = _copied(weight)
        layer.bias = None if bias is None else _copied(bias)
        return layer

    def _values(self) -> tuple[Tensor, Tensor | None]:
        wide = self.wide
        assert isinstance(wide, WideWeights)
        return wide.leading(*self.channels), wide.bias(self.channels[1])


class _SlicedNorm(Slice):
    """Batch norm of leading channels.

    Args:
        wide: The wide norm.
        channels: Number of channels.
    """

    def __init__(self, wide: WideNorm, channels: int) -> None:
        super().__init__(wide)
        self.channels = channels

    def forward(self, features: Tensor) -> Tensor:
        """As batch norm, which see for the modes."""
        norm = self.wide
        assert isinstance(norm, WideNorm)
        weight, bias, mean, variance = norm.leading(self.channels)
        momentum = 0.0 if norm.momentum is None else norm.momentum
        if norm.track_running_stats or not norm.training:
            return F.batch_norm(features, mean, variance, weight, bias, norm.training, momentum, norm.eps)
        return F.batch_norm(features, None, None, weight, bias, True, momentum, norm.eps)

    def alone(self) -> nn.Module:
        norm = self.wide
        assert isinstance(norm, WideNorm)
        weight, bias, mean, variance = norm.leading(self.channels)
        own = nn.BatchNorm2d(self.channels, eps=norm.eps, momentum=norm.momentum, device="meta")
        own.num_batches_tracked = None
        own.weight, own.bias = _copied(weight), _copied(bias)
        own.running_mean, own.running_var = mean.clone(), variance.clone()
        own.track_running_stats = norm.track_running_stats
        return own


def make_wide(
    graph: ArchGraph,
    node: int,
    inputs: Sequence[int],
    outputs: Sequence[int],
    initialise: Initialise,
    generator: torch.Generator,
    repeats: int = 1,
) -> nn.Module:
    """The wide module of nodes that differ in their widths only.

    Args:
        graph: A network graph with one of the nodes.
        node: The node in it.
        inputs: The numbers of input channels in use, ascending, of all repeated feature maps together.
        outputs: Likewise of output channels.
        initialise: Initialises the widest layer, of which the narrower ones are parts.
        generator: Generator of the initial weights.
        repeats: As in `WideWeights`.
    """
    channels_in, channels_out = graph.channels_in.copy(), graph.channels_out.copy()
    channels_in[node], channels_out[node] = inputs[-1], outputs[-1]
    layer = make_operation(replace(graph, channels_in=channels_in, channels_out=channels_out), node)
    initialise(layer, generator)
    if isinstance(layer, nn.BatchNorm2d):
        return WideNorm(layer, outputs)
    assert isinstance(layer, (nn.Conv2d, nn.Linear))
    return WideWeights(layer, [width // repeats for width in inputs], outputs, repeats)


def _parts(values: Tensor, widths: Sequence[int]) -> list[Tensor]:
    return [values[first:last] for first, last in pairwise((0, *widths))]


def _joined(parts: Sequence[Tensor], axis: int) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), axis)


def _copied(values: Tensor) -> nn.Parameter:
    return nn.Parameter(values.detach().clone())
