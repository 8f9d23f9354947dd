"""A graph neural network for architectures: messages along and against the edges, gated by the operation.

Based on the dense graph flow of FLAN (Akhauri and Abdelfattah, ICML 2024, section 3.1) and the forward/backward passes
of TA-GATES (Ning et al., NeurIPS 2022): the messages that a node receives over its edges are gated by its own
operation, once in the direction of the data and once in the direction of gradients. Differences, which measured better
with few labels: layer norm and a residual instead of stacked GCN layers, gates from the operation alone, graph features
concatenated before the heads. All K members of an ensemble are one module, every weight with a leading dimension K:
batched matrix products are several times faster on a CPU than evaluating the members in turn.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from encoders.node_features import NODE_CENTRE, NODE_FEATURES, NODE_SCALE

__all__ = ["GraphNet", "GraphTensors", "MemberLinear", "MemberNet", "Sizes"]

_OUTPUT = NODE_FEATURES.index("kind=output")


class GraphTensors(NamedTuple):
    """n architectures of one space.

    Attributes:
        nodes: Node features of `encoders.node_features`, of shape (n, V, F).
        adjacency: 1 for an edge from the row's node to the column's node, else 0, of shape (n, V, V).
        live: 1 for a node, 0 for padding, of shape (n, V).
        features: Standardised graph features, of shape (n, d).
    """

    nodes: Tensor
    adjacency: Tensor
    live: Tensor
    features: Tensor

    def take(self, rows: Tensor | slice) -> GraphTensors:
        """The architectures at `rows`."""
        return GraphTensors(*(part[rows] for part in self))

    def to(self, device: torch.device) -> GraphTensors:
        """A copy on another device."""
        return GraphTensors(*(part.to(device) for part in self))


class Sizes(NamedTuple):
    """Sizes of a `GraphNet`.

    Attributes:
        members: Number K of members of the ensemble.
        hidden: Width H of a node's state.
        layers: Rounds of message passing.
        trunk: Width of the input of the heads.
    """

    members: int = 8
    hidden: int = 48
    layers: int = 3
    trunk: int = 64


class MemberNet(nn.Module, ABC):
    """K independent networks with a trunk shared by all tasks and spaces; a subclass turns a graph into a vector.

    The vector of a graph and a projection of its graph features are the input of the trunk, whose output is that of
    the heads.

    Args:
        sizes: See `Sizes`.
        dropout: Dropout probability in training.
        seed: Seed of the initial weights and of the dropout.
    """

    def __init__(self, sizes: Sizes, dropout: float, seed: int) -> None:
        super().__init__()
        self.sizes, self.dropout = sizes, dropout
        self.generator = torch.Generator().manual_seed(seed)

    def build_trunk(self, width: int, features: dict[str, int], heads: dict[str, int]) -> None:
        """Make the layers after the vectors; the last line of a subclass's constructor.

        Args:
            width: Number of entries of a graph's vector.
            features: Space -> number d of its graph features; each space has its own projection of them.
            heads: Head -> number T of its tasks.
        """
        trunk = self.sizes.trunk
        self.trunk = self.linear(width + trunk, trunk, gain=math.sqrt(2))
        self.features = nn.ModuleDict({name: self.linear(columns, trunk) for name, columns in features.items()})
        self.heads = nn.ModuleDict({name: self.linear(trunk, tasks, gain=0.3) for name, tasks in heads.items()})

    @abstractmethod
    def vectors(self, graphs: GraphTensors) -> Tensor:
        """A vector of each of n architectures by each member, of shape (K, n, width)."""

    def is_scale_or_shift(self, name: str) -> bool:
        """Whether a parameter scales or shifts values, and is no matrix of weights: it does not decay."""
        return not name.endswith("weight")

    def forward(self, graphs: GraphTensors, space: str, head: str) -> Tensor:
        """Scores of n architectures of one space, of shape (K, n, T)."""
        scores: Tensor = self.heads[head](self.drop(self.embed(graphs, space)))
        return scores

    def embed(self, graphs: GraphTensors, space: str) -> Tensor:
        """Output of the trunk, the input of the heads, of shape (K, n, trunk)."""
        vectors = self.vectors(graphs)
        features = graphs.features.expand(self.sizes.members, -1, -1)  # (K, n, d)
        projected = torch.relu(self.features[space](self.drop(features)))  # (K, n, trunk)
        joined = torch.cat([vectors, projected], dim=-1)
        return torch.relu(self.trunk(self.drop(joined)))

    def head(self, name: str) -> MemberLinear:
        """The head of a set of tasks."""
        found = self.heads[name]
        assert isinstance(found, MemberLinear)
        return found

    def add_space(self, name: str, width: int) -> None:
        """Add a projection of the `width` graph features of a space, replacing an existing one."""
        self.features[name] = self.linear(width, self.sizes.trunk)

    def add_head(self, name: str, tasks: int) -> None:
        """Add a head for a set of tasks, replacing an existing one."""
        self.heads[name] = self.linear(self.sizes.trunk, tasks, gain=0.3)

    def linear(self, inputs: int, outputs: int, gain: float = 1.0) -> MemberLinear:
        """A linear layer of every member, initialised with the module's own generator."""
        return MemberLinear(self.sizes.members, inputs, outputs, gain, self.generator)

    def drop(self, values: Tensor) -> Tensor:
        """Dropout with the module's own generator, independent of the global random state."""
        if not self.training or self.dropout == 0:
            return values
        kept = torch.rand(values.shape, generator=self.generator).to(values.device) >= self.dropout
        return values * kept / (1 - self.dropout)


class GraphNet(MemberNet):
    """K independent graph networks with a trunk shared by all tasks and spaces.

    Args:
        sizes: See `Sizes`.
        features: Space -> number d of its graph features; each space has its own projection of them.
        heads: Head -> number T of its tasks.
        dropout: Dropout probability of states in training.
        seed: Seed of the initial weights and of the dropout.

    Example:
        >>> net = GraphNet(Sizes(members=2), {"transnas101-micro": 5}, {"y": 7}, seed=0).eval()
        >>> nodes = torch.zeros(3, 8, len(NODE_FEATURES))
        >>> graphs = GraphTensors(nodes, torch.zeros(3, 8, 8), torch.ones(3, 8), torch.zeros(3, 5))
        >>> net(graphs, "transnas101-micro", "y").shape
        torch.Size([2, 3, 7])
    """

    centre: Tensor
    scale: Tensor

    def __init__(
        self, sizes: Sizes, features: dict[str, int], heads: dict[str, int], dropout: float = 0.1, seed: int = 0
    ) -> None:
        super().__init__(sizes, dropout, seed)
        self.register_buffer("centre", torch.from_numpy(NODE_CENTRE), persistent=False)
        self.register_buffer("scale", torch.from_numpy(NODE_SCALE), persistent=False)
        self.lift = self.linear(len(NODE_FEATURES), sizes.hidden)
        self.flows = nn.ModuleList([_MessagePassing(self, sizes.hidden) for _ in range(sizes.layers)])
        self.build_trunk(2 * sizes.hidden, features, heads)

    def vectors(self, graphs: GraphTensors) -> Tensor:
        n, width, _ = graphs.nodes.shape
        members, hidden = self.sizes.members, self.sizes.hidden
        live = graphs.live[:, :, None]
        nodes = (graphs.nodes - self.centre) / self.scale * live  # (n, V, F)
        flat = nodes.reshape(1, n * width, -1).expand(members, -1, -1)  # (K, n V, F)
        state = torch.relu(self.lift(flat))  # (K, n V, H)
        backward = graphs.adjacency
        forward = backward.transpose(1, 2).contiguous()
        for flow in self.flows:
            state = state + self.drop(flow(state, flat, forward, backward)) * live.reshape(1, n * width, 1)
        state = state.reshape(members, n, width, hidden)
        mean = (state * (live / live.sum(dim=1, keepdim=True))).sum(dim=2)  # (K, n, H)
        output = (state * graphs.nodes[:, :, _OUTPUT, None]).sum(dim=2)  # (K, n, H)
        return torch.cat([1.5 * mean, 0.7 * output], dim=-1)


class MemberLinear(nn.Module):
    """K affine maps at once: (K, n, inputs) -> (K, n, outputs)."""

    def __init__(self, members: int, inputs: int, outputs: int, gain: float, generator: torch.Generator) -> None:
        super().__init__()
        weight = torch.randn(members, inputs, outputs, generator=generator) * gain / math.sqrt(inputs)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(members, 1, outputs))

    def forward(self, values: Tensor) -> Tensor:
        """Apply each member's map to the member's rows."""
        return torch.baddbmm(self.bias, values, self.weight)


class _MessagePassing(nn.Module):
    """One round of message passing in both directions, each gated by the receiving node's features."""

    def __init__(self, net: GraphNet, hidden: int) -> None:
        super().__init__()
        width = len(NODE_FEATURES)
        self.messages = net.linear(hidden, 3 * hidden)  # forward, backward, own
        self.gates = net.linear(width, 2 * hidden)
        self.gain = nn.Parameter(torch.ones(net.sizes.members, 1, hidden))
        self.shift = nn.Parameter(torch.zeros(net.sizes.members, 1, hidden))

    def forward(self, state: Tensor, nodes: Tensor, forward: Tensor, backward: Tensor) -> Tensor:
        """The update of the state, of shape (K, n V, H)."""
        members, rows, hidden = state.shape
        n, width, _ = forward.shape
        ahead, behind, own = self.messages(state).chunk(3, dim=-1)  # (K, n V, H) each
        gate_ahead, gate_behind = torch.sigmoid(self.gates(nodes)).chunk(2, dim=-1)
        arriving = torch.matmul(forward, ahead.reshape(members, n, width, hidden)).reshape(members, rows, hidden)
        returning = torch.matmul(backward, behind.reshape(members, n, width, hidden)).reshape(members, rows, hidden)
        total = own + gate_ahead * arriving + gate_behind * returning
        normal = torch.nn.functional.layer_norm(total, (hidden,))
        return torch.relu(normal * self.gain + self.shift)
