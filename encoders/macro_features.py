"""Features of macro skeletons: channels and resolution per module, counted from the stem and from the end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.costs import graph_costs
from benchmarks.spaces.skeleton import SkeletonArrays, sides
from benchmarks.spaces.transnas_macro import TransNASMacro

__all__ = ["macro_features"]

Features = dict[str, NDArray[Any]]

_POSITIONS = 6
_HALVINGS = 4
_DOUBLINGS = 3
_RESOLUTIONS = _HALVINGS + 1
_WIDTHS = _DOUBLINGS + 1


def macro_features(space: TransNASMacro, archs: list[str]) -> Features:
    """Features by name, each of shape (n,), of n macro skeletons of any depth and width."""
    found = SkeletonArrays.of([space.parse(arch) for arch in archs])
    depth, digits, doubled, halved = found.depth, found.digits, found.doubled, found.halved
    if (missing := _POSITIONS - digits.shape[1]) > 0:
        digits = np.pad(digits, ((0, 0), (0, missing)))
        doubled, halved = (np.pad(state, ((0, 0), (0, missing)), mode="edge") for state in (doubled, halved))
    doubles, halves, live = np.isin(digits, (2, 4)), np.isin(digits, (3, 4)), digits > 0
    channels: NDArray[np.float64] = np.log2(found.base)[:, None] + doubled
    return {
        **_counts(depth, digits, doubles, halves),
        **_from_stem(digits, channels, halved, live),
        **_from_end(depth, doubles, halves, channels, halved),
        **_positions(depth, doubles, halves),
        **_stages(doubled, halved, live),
        **_balance(channels, halved, live, depth),
        **_size(space, archs, found),
    }


def _counts(
    depth: NDArray[np.int64], digits: NDArray[np.int64], doubles: NDArray[np.bool_], halves: NDArray[np.bool_]
) -> Features:
    features: Features = {"modules": depth, "doublings": doubles.sum(axis=1), "halvings": halves.sum(axis=1)}
    return features | {f"count[{digit}]": (digits == digit).sum(axis=1) for digit in range(1, 5)}


def _from_stem(
    digits: NDArray[np.int64], channels: NDArray[np.float64], halved: NDArray[np.int64], live: NDArray[np.bool_]
) -> Features:
    """Digit and state after each of the first six modules (missing modules keep the last state)."""
    features: Features = {}
    for i in range(_POSITIONS):
        features |= {f"module{i + 1}={digit}": digits[:, i] == digit for digit in range(1, 5)}
        features[f"log2_channels[{i + 1}]"] = channels[:, i]
        features[f"halvings[{i + 1}]"] = halved[:, i]
    return features


def _from_end(
    depth: NDArray[np.int64],
    doubles: NDArray[np.bool_],
    halves: NDArray[np.bool_],
    channels: NDArray[np.float64],
    halved: NDArray[np.int64],
) -> Features:
    """State after the last module, the one before it, and so on; 0 for missing modules."""
    features: Features = {}
    rows = np.arange(len(depth))
    for back in range(1, _POSITIONS + 1):
        there = depth >= back
        column = np.maximum(depth - back, 0)
        features[f"log2_channels[-{back}]"] = np.where(there, channels[rows, column], 0)
        features[f"halvings[-{back}]"] = np.where(there, halved[rows, column], 0)
        features[f"halves[-{back}]"] = there & halves[rows, column]
        features[f"doubles[-{back}]"] = there & doubles[rows, column]
    return features


def _positions(depth: NDArray[np.int64], doubles: NDArray[np.bool_], halves: NDArray[np.bool_]) -> Features:
    """Positions of the k-th halving and doubling, counted from the stem and from the end."""
    features: Features = {}
    behind = np.maximum(depth, _POSITIONS)  # of those that there are not; the same whatever is encoded beside
    for name, events, most in (("halving", halves, _HALVINGS), ("doubling", doubles, _DOUBLINGS)):
        reached = np.cumsum(events, axis=1)
        for k in range(1, most + 1):
            hit = reached >= k
            there, first = hit.any(axis=1), hit.argmax(axis=1)
            features[f"{name}{k}_at"] = np.where(there, first, behind)
            features[f"{name}{k}_from_end"] = np.where(there, depth - first, 0)
    return features


def _stages(doubled: NDArray[np.int64], halved: NDArray[np.int64], live: NDArray[np.bool_]) -> Features:
    """Number of modules after each number of halvings and of doublings."""
    features: Features = {}
    for k in range(_RESOLUTIONS):
        features[f"modules_after_halvings[{k}]"] = (live & (halved == k)).sum(axis=1)
    for k in range(_WIDTHS):
        features[f"modules_after_doublings[{k}]"] = (live & (doubled == k)).sum(axis=1)
    return features


def _balance(
    channels: NDArray[np.float64], halved: NDArray[np.int64], live: NDArray[np.bool_], depth: NDArray[np.int64]
) -> Features:
    """Relation of width and resolution over the modules."""
    balance = channels - halved
    return {
        "mean_log2_channels": (channels * live).sum(axis=1) / depth,
        "mean_halvings": (halved * live).sum(axis=1) / depth,
        "sum_halvings": (halved * live).sum(axis=1),
        "sum_balance": (balance * live).sum(axis=1),
        "min_balance": np.where(live, balance, np.inf).min(axis=1),
        "max_balance": np.where(live, balance, -np.inf).max(axis=1),
        "last_balance": np.take_along_axis(balance, depth[:, None] - 1, axis=1)[:, 0],
    }


def _size(space: TransNASMacro, archs: list[str], skeletons: SkeletonArrays) -> Features:
    parts, counts = space.network_parts(archs)
    costs = np.array([graph_costs(part) for part in parts], dtype=np.int64)  # (parts, 3)
    params, multiply_adds, activations = (counts @ costs).T.astype(np.float64)
    side = np.array([part.resolution_out[-1] for part in parts])
    channels, last = skeletons.feature_shapes(space.input_size).T.astype(np.float64)
    features: Features = {
        "log_params": np.log(params),
        "log_multiply_adds": np.log(multiply_adds),
        "log_activations": np.log(activations),
        "log_multiply_adds_per_param": np.log(multiply_adds / params),
        "log_feature_elements": np.log(channels * last * last),
        "log2_receptive_field": np.log2(_receptive_field(skeletons, space.input_size)),
    }
    for stage in range(_RESOLUTIONS):
        own = np.where(side == (space.input_size // 4) >> stage, costs[:, 1].astype(np.float64), 0.0)
        features[f"log_multiply_adds_at_resolution[{stage}]"] = np.log(counts @ own + 1e7)
    return features


def _receptive_field(skeletons: SkeletonArrays, input_size: int) -> NDArray[np.float64]:
    """Side of the receptive field in pixels, of shape (n,): 7 after the stem, then two 3x3 convolutions per block."""
    halves = np.isin(skeletons.digits, (3, 4))
    before, after = (input_size / sides(input_size)[state] for state in (skeletons.halved - halves, skeletons.halved))
    first = 2 * before + 2 * before * (1 + halves)  # of each module; the stride is that of its first convolution
    return np.asarray(7.0 + ((first + 4 * after) * (skeletons.digits > 0)).sum(axis=1))
