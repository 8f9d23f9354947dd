"""Writes ``plan.json`` and ``again.json`` beside this file: which architectures a GPU is to train, in which order.

    python perf/rooms_gpu/make_plan.py

128 micro functions and 72 skeletons: first the 64 of `rooms-mini`, then those farthest from all chosen so far in
standardised graph features (Gonzalez, 1985), so that both spaces are covered. Micro and macro take turns, and a
campaign does one architecture on all tasks before the next: whatever it reaches is a usable table. The first 24 are
trained again with two more seeds.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from benchmarks import get_space, load_table
from surrogates.kernels.features import standard_features

HERE = Path(__file__).parent
WANTED = {"transnas101-micro": 128, "transnas101-macro": 72}
AGAIN, SEEDS = 24, (667, 668)


def covering(space: str, first: list[str], n: int) -> list[str]:
    """`first`, then the architectures of different functions that are farthest from all before them."""
    forms = get_space(space).simplify(list(get_space(space).archs))
    one_each = list(dict.fromkeys([*get_space(space).simplify(first), *forms]))
    X = standard_features(space, one_each)
    chosen = list(first)
    nearest = np.min([np.linalg.norm(X - X[row], axis=1) for row in range(len(first))], axis=0)
    while len(chosen) < n:
        row = int(nearest.argmax())
        chosen.append(one_each[row])
        nearest = np.minimum(nearest, np.linalg.norm(X - X[row], axis=1))
    return chosen


def main() -> None:
    """Choose and write."""
    table = load_table("rooms-mini")
    queues = {
        space: covering(space, [a for a, s in zip(table.archs, table.row_spaces, strict=True) if s == space], n)
        for space, n in WANTED.items()
    }
    shares = [(position / len(queue), arch) for queue in queues.values() for position, arch in enumerate(queue)]
    order = [arch for _, arch in sorted(shares, key=lambda pair: pair[0])]
    for name, content in (
        ("plan.json", {"architectures": order, "preset": "quick"}),
        ("again.json", {"architectures": order[:AGAIN], "seeds": list(SEEDS), "preset": "quick"}),
    ):
        (HERE / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
