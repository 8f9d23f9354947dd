"""Transfer with graph networks: pre-training on source tables, fine-tuning on a few labels."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.spaces.registry import get_space
from encoders.costs import Costs
from surrogates.calibration.folds import normal_scores
from surrogates.cross_space import can_translate
from surrogates.kernels.features import relevance, standard_features
from surrogates.labels import Labels
from surrogates.models.graph.datasets import TaskDataset, graph_tensors, predict_members
from surrogates.models.graph.module_net import Network, make_net
from surrogates.models.graph.net import MemberNet, Sizes
from surrogates.models.graph.weights import TrainedNet

if TYPE_CHECKING:
    from benchmarks.table import Table

__all__ = [
    "TARGET",
    "fit_head",
    "fresh_net",
    "only_adapters",
    "own_operations",
    "source_datasets",
    "target_dataset",
    "warm_net",
]

TARGET = "target"
"""Name of the head of the surrogate's own tasks."""
_COSTS = "costs"
_POWER = 1.0
_PENALTIES = (0.3, 3.0, 30.0, 300.0)

Float = NDArray[np.float64]


def fresh_net(labels: Labels, Z: Float, network: Network | None, sizes: Sizes, dropout: float, seed: int) -> TrainedNet:
    """An untrained network for one space, with graph features weighted by their correlation with these labels."""
    weights = relevance(standard_features(labels.space, labels.archs)[labels.group], Z, _POWER)
    features, heads, operations = {labels.space: len(weights)}, {TARGET: Z.shape[1]}, own_operations([labels.space])
    net = make_net(network, sizes, features, heads, dropout, seed, operations)
    return TrainedNet(net, {labels.space: weights})


def warm_net(pretrained: TrainedNet, labels: Labels, Z: Float, seed: int, frozen: bool = False) -> TrainedNet:
    """A copy of a pre-trained network with a new head.

    A new space gets an untrained projection of its graph features; if the network is to stay `frozen` and the space can
    be translated to one of the pre-training, its architectures are translated instead.
    """
    net = copy.deepcopy(pretrained.net)
    net.generator.manual_seed(seed)
    weights = dict(pretrained.relevance)
    read_as = {}
    relatives = [space for space in weights if can_translate(labels.space, space)]
    if labels.space not in weights and frozen and relatives:
        read_as[labels.space] = relatives[0]
    elif labels.space not in weights:
        X = standard_features(labels.space, labels.archs)[labels.group]
        weights[labels.space] = relevance(X, Z, _POWER)
        net.add_space(labels.space, X.shape[1], len(get_space(labels.space).own_operations))
    net.heads.clear()
    net.add_head(TARGET, Z.shape[1])
    return TrainedNet(net, weights, read_as)


def only_adapters(net: MemberNet, taught: Collection[str]) -> None:
    """Freeze all but the scales, shifts and head of a network, after BitFit (Ben Zaken et al., ACL 2022).

    Args:
        net: Network, changed in place.
        taught: Spaces whose projection of graph features was pre-trained; projections of other spaces stay trainable.
    """
    for name, parameter in net.named_parameters():
        layer, _, rest = name.partition(".")
        new = layer == "heads" or (layer in ("features", "operations") and rest.rpartition(".")[0] not in taught)
        parameter.requires_grad_(parameter.requires_grad and (new or net.is_scale_or_shift(name)))


def own_operations(spaces: Iterable[str]) -> dict[str, int]:
    """Number of own operations of the spaces that have any."""
    counts = {space: len(get_space(space).own_operations) for space in spaces}
    return {space: count for space, count in counts.items() if count}


def target_dataset(trained: TrainedNet, labels: Labels, Z: Float, seen: NDArray[np.bool_]) -> TaskDataset:
    """Dataset of normal scores `Z` of shape (n, T); the members are trained on the rows `seen`, of shape (K, n)."""
    graphs = trained.tensors(labels.space, labels.archs)
    return TaskDataset.from_arrays(trained.view(labels.space), TARGET, graphs, labels.group, Z, seen)


def fit_head(trained: TrainedNet, dataset: TaskDataset) -> None:
    """Fit the target head by ridge regression on the trunk, in place; left-out rows select the penalty.

    Args:
        trained: Network; its trunk does not change.
        dataset: The labels.
    """
    trunk = predict_members(trained.net, dataset.graphs, dataset.space, None)[:, dataset.rows.numpy()]  # (K, n, H)
    Z, seen = dataset.scores.numpy().astype(np.float64), dataset.seen.numpy()
    members, _, width = trunk.shape
    weight = np.zeros((members, width, Z.shape[1]))
    bias = np.zeros((members, 1, Z.shape[1]))
    for t, z in enumerate(Z.T):
        known = ~np.isnan(z)
        fits = [[_ridge(trunk[k], z, seen[k] & known, penalty) for k in range(members)] for penalty in _PENALTIES]
        errors = []
        for fit in fits:
            missed = [
                (trunk[k, rows] @ w + b - z[rows]) ** 2
                for k, (w, b) in enumerate(fit)
                if (rows := known & ~seen[k]).any()
            ]
            errors.append(np.concatenate(missed).mean() if missed else 0.0)
        for k, (w, b) in enumerate(fits[int(np.argmin(errors))]):
            weight[k, :, t], bias[k, 0, t] = w, b
    head = trained.net.head(TARGET)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weight))
        head.bias.copy_(torch.from_numpy(bias))


def source_datasets(
    sources: Sequence[Table], members: int, label_free: bool
) -> tuple[list[TaskDataset], dict[str, Float], dict[str, int]]:
    """Datasets for pre-training: one per table and space, with `label_free` also one on costs for each.

    Args:
        sources: Source tables.
        members: Number K of members, all trained on all rows.
        label_free: Whether to add the datasets on costs.

    Returns:
        Datasets; for every space the weights of its graph features; for every head its number of tasks.
    """
    found: dict[str, list[tuple[str, Labels, Float]]] = {}
    for i, table in enumerate(sources):
        for space in table.spaces:
            frame = table.where(space=space).oriented().dropna(axis="columns", how="all").dropna(how="all")
            labels = Labels.from_data(list(frame.index), frame)
            found.setdefault(space, []).append((f"source{i}:{space}", labels, normal_scores(labels.values)))
    datasets: list[TaskDataset] = []
    weights: dict[str, Float] = {}
    for space, parts in found.items():
        squares = [
            relevance(standard_features(space, labels.archs)[labels.group], Z, _POWER) ** 2 for _, labels, Z in parts
        ]
        weights[space] = np.sqrt(np.mean(squares, axis=0))
        for head, labels, Z in parts:
            graphs = graph_tensors(space, labels.archs, weights[space])
            seen = np.ones((members, len(Z)), dtype=bool)
            dataset = TaskDataset.from_arrays(space, head, graphs, labels.group, Z, seen)
            datasets.append(dataset)
            if label_free and get_space(space).has_networks:
                datasets.append(_cost_dataset(dataset, labels))
    return datasets, weights, {dataset.head: dataset.scores.shape[1] for dataset in datasets}


def _cost_dataset(dataset: TaskDataset, labels: Labels) -> TaskDataset:
    """Dataset of parameters and multiply-adds of the same architectures, which need no training."""
    costs = Costs().fit(labels.archs[:1]).transform(labels.archs)[:, :2].astype(np.float64)
    Z = torch.from_numpy(normal_scores(costs).astype(np.float32))
    rows = torch.arange(len(Z))
    return replace(
        dataset, head=_COSTS, rows=rows, scores=Z, seen=torch.ones(len(dataset.seen), len(Z), dtype=torch.bool)
    )


def _ridge(trunk: Float, z: Float, rows: NDArray[np.bool_], penalty: float) -> tuple[Float, float]:
    """Weights of shape (H,) and bias of a ridge regression on some rows."""
    if not rows.any():
        return np.zeros(trunk.shape[1]), 0.0
    centre, level = trunk[rows].mean(axis=0), float(z[rows].mean())
    X = trunk[rows] - centre
    scale = max(float((X**2).mean()), 1e-12)
    weights = np.linalg.solve(X.T @ X + penalty * scale * np.eye(X.shape[1]), X.T @ (z[rows] - level))
    return weights, level - float(centre @ weights)
