"""Which layers the shipped network has: networks for `GraphSurrogate`, compared inside the training rows alone.

    NAS_DATA=<folder> python perf/graph_networks.py                 # all; a minute of one core
    NAS_DATA=<folder> python perf/graph_networks.py sage gine       # some

Of the first 128 rows of each seeded permutation, the training rows of the leaderboard, the first 32 are fitted (all
seven tasks, four members) and the other 96 predicted; no test row is seen. ``features`` is a network that returns
nothing, so the graph features are left alone; ``dense`` is our own.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks import kendall_tau, load_table, split
from encoders.pyg import require_geometric
from surrogates import GraphSurrogate
from surrogates.models.graph import DirectedGNN

require_geometric()

from torch_geometric.data import Batch  # noqa: E402
from torch_geometric.nn import GINEConv  # noqa: E402

SEEDS = (0, 1, 2)
_TRAIN, _FIT = 128, 32


class Silent(nn.Module):
    """One zero for every graph."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, batch: Batch) -> Tensor:
        return self.weight * batch.x.new_zeros(batch.num_graphs, 1)


class Gine(DirectedGNN):
    """The shipped network with `GINEConv`."""

    def __init__(self, in_channels: int) -> None:
        super().__init__(in_channels)
        self.rounds = nn.ModuleList([_BothWays(self.lift.out_features) for _ in self.rounds])


class _BothWays(nn.Module):
    """`GINEConv` over the edges and their reverse, told apart by an attribute of +1 or -1."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        update = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, hidden))
        self.convolution = GINEConv(update, edge_dim=1)

    def forward(self, state: Tensor, edge_index: Tensor) -> Tensor:
        sign = state.new_ones(edge_index.shape[1], 1)
        both = torch.cat([edge_index, edge_index.flip(0)], dim=1)
        found: Tensor = self.convolution(state, both, torch.cat([sign, -sign]))
        return found


NETWORKS = {"features": Silent, "dense": None, "sage": DirectedGNN, "gine": Gine}


def main(names: list[str]) -> None:
    """Print one row for each network."""
    table = load_table(Path(os.environ["NAS_DATA"], "transnas101", "micro_final.csv"), space="transnas101-micro")
    frame = table.to_frame()
    sys.stdout.write(f"{'network':10} {'tau':>6} {'by seed':>20} {'CPU s':>7}\n")
    for name in names:
        taus, start = [], time.process_time()
        for seed in SEEDS:
            rows = split(list(frame.index), _TRAIN, seed).train
            fit, held = frame.iloc[rows[:_FIT]], frame.iloc[rows[_FIT:]]
            surrogate = GraphSurrogate(network=NETWORKS[name], n_members=4, n_jobs=1, random_state=seed)
            mean = surrogate.fit(list(fit.index), fit).predict(list(held.index))
            taus.append(np.mean([kendall_tau(held[task].to_numpy(), mean[:, t]) for t, task in enumerate(frame)]))
        seconds = (time.process_time() - start) / len(SEEDS)
        each = " ".join(f"{tau:.3f}" for tau in taus)
        sys.stdout.write(f"{name:10} {np.mean(taus):6.3f} {each:>20} {seconds:7.1f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:] or list(NETWORKS))
