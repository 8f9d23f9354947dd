"""Naive graph features: one networkx graph and a few path enumerations per architecture.

The baseline of the timing of `encoders.GraphFeatures`, with a part of its features: operation counts; for every subset
of the operations the number of paths, the shortest and longest path, and the degrees of input and output (Kadlecova et
al., ICML 2024); maximum, minimum and mean count of each operation along the paths.
"""

from __future__ import annotations

import itertools

import networkx as nx

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
OPERATIONS = "123"
SUBSETS = [set(c) for size in (1, 2, 3) for c in itertools.combinations(OPERATIONS, size)]


def naive_features(arch: str) -> list[float]:
    """Graph features of one micro cell."""
    digits = arch.rsplit("-", 1)[-1].replace("_", "")
    graph = nx.DiGraph()
    graph.add_nodes_from(range(4))
    graph.add_edges_from((*edge, {"op": digit}) for edge, digit in zip(EDGES, digits, strict=True) if digit != "0")
    alive = {edge for path in nx.all_simple_paths(graph, 0, 3) for edge in itertools.pairwise(path)}
    graph.remove_edges_from([edge for edge in list(graph.edges) if edge not in alive])
    features: list[float] = [sum(op == o for *_, op in graph.edges.data("op")) for o in OPERATIONS]
    for subset in SUBSETS:
        kept = nx.DiGraph([(u, v) for u, v, op in graph.edges.data("op") if op in subset])
        kept.add_nodes_from(range(4))
        lengths = [len(path) - 1 for path in nx.all_simple_paths(kept, 0, 3)]
        features += [len(lengths), min(lengths, default=6), max(lengths, default=0)]
        features += [kept.out_degree(0), kept.in_degree(3)]
    paths = [
        [graph.edges[edge]["op"] for edge in itertools.pairwise(path)] for path in nx.all_simple_paths(graph, 0, 3)
    ]
    for counted in ("1", "2", "3", "23"):
        depths = [sum(op in counted for op in path) for path in paths]
        features += [max(depths, default=-1), min(depths, default=-1)]
        features.append(sum(depths) / len(depths) if depths else -1)
    return features
