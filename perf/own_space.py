"""CPU time and memory of a space of one's own: `python perf/own_space.py [graphs] [nodes]`, 100,000 of 20 if not given.

A third of the graphs equal an earlier one, with their nodes in another order.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import DagSpace, register_space
from encoders import GraphFeatures

OPERATIONS = ["conv1x1", "conv3x3", "pool", "skip", "attention"]


def write(path: Path, n: int, nodes: int) -> None:
    """Random graphs in which each node reads one or two earlier ones."""
    rng = np.random.default_rng(0)
    with path.open("w") as file:
        labels: list[str] = []
        edges: list[list[int]] = []
        for number in range(n):
            if number % 3 == 2:
                order = rng.permutation(nodes)
                labels = [labels[node] for node in np.argsort(order)]
                edges = [[int(order[source]), int(order[target])] for source, target in edges]
            else:
                labels = rng.choice(OPERATIONS, nodes).tolist()
                edges = [[s, t] for t in range(1, nodes) for s in set(rng.integers(0, t, rng.integers(1, 3)).tolist())]
            file.write(json.dumps({"arch": f"net{number}", "nodes": labels, "edges": edges}) + "\n")


def timed(what: str, call: Callable[[], Any]) -> Any:
    """The result of a call, whose time is printed with the most memory that the process has used."""
    begun = time.process_time()
    found = call()
    seconds, used = time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{what:<40}{seconds:8.1f} s of CPU   {used:5.2f} GB")
    return found


def main() -> None:
    """Write the graphs, read them, and time what is done with them."""
    n, nodes = (int(given) for given in (*sys.argv[1:], *("100000", "20")[len(sys.argv) - 1 :]))
    path = Path(tempfile.mkdtemp()) / "graphs.jsonl"
    write(path, n, nodes)
    print(f"{n:,} graphs of {nodes} nodes, {path.stat().st_size / 2**20:.0f} MB")
    space = timed("DagSpace.from_jsonl", lambda: DagSpace.from_jsonl(path))
    timed("register_space", lambda: register_space(space))
    forms = timed("canonicals of all", lambda: space.canonicals(space.archs))
    print(f"  {len(set(forms)):,} different graphs; made: {n - n // 3:,}")
    timed("neighbours of the first, then all", lambda: space.neighbors(space.archs[0]))
    timed("GraphFeatures of 10,000", lambda: GraphFeatures().fit_transform(space.archs[:10_000]))


if __name__ == "__main__":
    main()
