"""Costs of a network, computed from its graph."""

from __future__ import annotations

import numpy as np

from benchmarks.graph import ArchGraph

__all__ = ["graph_costs"]


def graph_costs(graph: ArchGraph) -> tuple[int, int, int]:
    """Parameters, multiply-adds and activations of a network graph, for one image.

    Multiply-adds and activations are those of convolutions and linear layers; dead operations count.

    Example:
        >>> from benchmarks import get_space
        >>> graph_costs(get_space("transnas101-micro").network_graph("64-41414-0_31_023"))
        (14673952, 3050831872, 3342336)
    """
    conv = graph.where("conv") | graph.where("conv_transpose")
    linear = graph.where("linear")
    weighted = conv | linear
    weights = np.where(conv, graph.kernel**2, linear) * graph.channels_in * graph.channels_out
    params = weights + weighted * graph.bias * graph.channels_out + graph.where("batch_norm") * 2 * graph.channels_out
    # A transposed convolution applies its kernel once per input pixel.
    applied = np.where(graph.where("conv_transpose"), graph.resolution_in, graph.resolution_out) ** 2
    activations = weighted * graph.channels_out * graph.resolution_out**2
    return int(params.sum()), int((weights * applied).sum()), int(activations.sum())
