"""Graphs of a user, made up: cells of three to eight nodes, some of them twice in another order of nodes."""

import numpy as np

OPERATIONS = ["conv3x3", "conv1x1", "pool"]


def random_graphs(n: int, seed: int = 0, prefix: str = "net") -> dict[str, tuple[list[str], list[tuple[int, int]]]]:
    """Name -> operations and edges; every fourth graph equals the one before."""
    rng = np.random.default_rng(seed)
    found: dict[str, tuple[list[str], list[tuple[int, int]]]] = {}
    nodes: list[str] = []
    edges: list[tuple[int, int]] = []
    for number in range(n):
        if number % 4 == 3:
            order = rng.permutation(len(nodes)).tolist()
            nodes = [nodes[order.index(position)] for position in range(len(nodes))]
            edges = [(order[source], order[target]) for source, target in edges]
        else:
            size = int(rng.integers(3, 9))
            nodes = ["input", *rng.choice(OPERATIONS, size - 2).tolist(), "output"]
            edges = sorted({(int(rng.integers(0, target)), target) for target in range(1, size)})
            edges += [(node, size - 1) for node in range(size - 1) if not any(source == node for source, _ in edges)]
        found[f"{prefix}_{number}"] = nodes, edges
    return found


def quality(nodes: list[str] | tuple[str, ...], rng: np.random.Generator | None = None) -> float:
    """A made-up accuracy: convolutions help, with a little noise."""
    worth = {"conv3x3": 3.0, "conv1x1": 2.0, "pool": 0.5}
    return 60.0 + sum(worth.get(node, 0.0) for node in nodes) + (0.0 if rng is None else float(rng.normal(0, 0.3)))
