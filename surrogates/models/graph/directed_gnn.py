"""The network that we ship for `GraphSurrogate(network=...)`, of PyTorch Geometric's own layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from encoders.pyg import require_geometric

if TYPE_CHECKING:
    from torch_geometric.data import Batch

__all__ = ["DirectedGNN"]


class DirectedGNN(nn.Module):
    """Sums over neighbours along and against the edges, with weights of their own each; residual, with layer norms.

    Layers are `DirGNNConv` (Rossi et al., "Edge Directionality Improves Learning on Heterophilic Graphs", LoG 2023)
    around `SAGEConv` (Hamilton et al., NeurIPS 2017). A graph's vector is the mean of its nodes' states beside the
    state of its last node, the output.

    Args:
        in_channels: Number F of node features.
        hidden: Width H of a node's state.
        layers: Rounds of message passing.
        dropout: Dropout probability of a round's update in training.

    Example:
        >>> from encoders.node_features import NODE_FEATURES
        >>> from encoders.pyg import to_batch
        >>> network = DirectedGNN(len(NODE_FEATURES), hidden=16)
        >>> network(to_batch(["64-41414-3_00_300", "64-2311-basic"])).shape
        torch.Size([2, 32])
    """

    def __init__(self, in_channels: int, *, hidden: int = 48, layers: int = 3, dropout: float = 0.1) -> None:
        super().__init__()
        require_geometric()
        from torch_geometric.nn import DirGNNConv, MeanAggregation, SAGEConv

        self.lift = nn.Linear(in_channels, hidden)
        self.rounds = nn.ModuleList([DirGNNConv(SAGEConv(hidden, hidden, aggr="sum")) for _ in range(layers)])
        self.norms = nn.ModuleList([nn.LayerNorm(hidden) for _ in range(layers)])
        self.dropout = nn.Dropout(dropout)
        self.mean = MeanAggregation()

    def forward(self, batch: Batch) -> Tensor:
        """Vectors of n graphs with node features of shape (M, F), of shape (n, 2 H)."""
        state = torch.relu(self.lift(batch.x))
        for convolution, norm in zip(self.rounds, self.norms, strict=True):
            state = state + self.dropout(torch.relu(norm(convolution(state, batch.edge_index))))
        return torch.cat([self.mean(state, batch.batch), state[batch.ptr[1:] - 1]], dim=-1)
