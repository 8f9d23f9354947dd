"""Path encoding: indicators of input-to-output paths (White et al., BANANAS, AAAI 2021, section 4)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.limits import COLUMNS
from benchmarks.spaces.cell import PATHS, CellSpace
from benchmarks.spaces.transnas_macro import TransNASMacro
from encoders.base import Encoder
from encoders.node_positions import chunks

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space

__all__ = ["PathEncoding"]

_LONGEST = max(len(path) for path in PATHS)
_GRAM = 3


class PathEncoding(Encoder):
    """Indicators of the sequences of operations on paths from input to output.

    Cells: one feature per sequence of one to three operations other than none, 1 if a path of the cell has it. The
    order of nodes and dead edges have no influence. Macro codes have a single path, so its subsequences are counted
    instead: the number of occurrences of each run of one to three digits in the code.

    Example:
        >>> encoding = PathEncoding().fit(["64-41414-0_31_023"])
        >>> row = encoding.transform(["64-41414-0_31_023"])[0]
        >>> encoding.get_feature_names_out()[row > 0].tolist()  # 0->2->3 is conv3x3 twice; node 1 has no input
        ['conv3x3>conv3x3']
    """

    def feature_names(self, space: Space) -> list[str]:
        if isinstance(space, CellSpace):
            return [">".join(sequence) for sequence in _sequences([op.name for op in space.operations[1:]], _LONGEST)]
        if isinstance(space, TransNASMacro):
            return ["count:" + "".join(sequence) for sequence in _sequences(list("1234"), _GRAM)]
        names = list(space.operations_in_graphs)
        return ["count:" + ">".join(sequence) for sequence in _sequences(names, _walk(len(names)))]

    def encode(self, space: Space, archs: list[str]) -> NDArray[np.floating]:
        if isinstance(space, TransNASMacro):
            return np.array([_gram_counts(space.parse(arch).code) for arch in archs], dtype=np.float32)
        if not isinstance(space, CellSpace):
            return np.concatenate([_walk_counts(space, part) for part in chunks(space, archs)])
        codes = space.cell_codes(archs)
        letters = len(space.operations) - 1
        offsets = np.cumsum([0] + [letters**length for length in range(1, _LONGEST + 1)])
        found = np.zeros((len(archs), offsets[-1]), dtype=np.float32)
        for path in PATHS:
            steps = codes[:, path]  # (n, length), operation 0 is none
            rows = np.flatnonzero((steps > 0).all(axis=1))
            place = (steps[rows] - 1) @ letters ** np.arange(len(path))[::-1]
            found[rows, offsets[len(path) - 1] + place] = 1.0
        return found


def _sequences(letters: list[str], longest: int) -> list[tuple[str, ...]]:
    """All sequences of 1 to `longest` letters, shorter ones first."""
    return [word for length in range(1, longest + 1) for word in itertools.product(letters, repeat=length)]


def _gram_counts(code: str) -> list[int]:
    grams = [code[i : i + length] for length in range(1, _GRAM + 1) for i in range(len(code) - length + 1)]
    return [grams.count("".join(word)) for word in _sequences(list("1234"), _GRAM)]


def _walk(letters: int) -> int:
    """Nodes of the longest walks that are counted."""
    return next((length for length in (3, 2) if sum(letters**n for n in range(1, length + 1)) <= COLUMNS), 1)


def _walk_counts(space: Space, archs: Sequence[str]) -> NDArray[np.float32]:
    """Walks with each sequence of operations, shorter ones first, of shape (n, sequences)."""
    graphs, operation = space.labelled_graphs(archs)
    has = (operation[:, :, None] == np.arange(len(space.operations_in_graphs))).astype(np.float32)  # (n, V, L)
    edges = graphs.adjacency.astype(np.float32)
    before, after = edges.transpose(0, 2, 1) @ has, edges @ has  # operations of predecessors and successors
    found = [has.sum(axis=1), has.transpose(0, 2, 1) @ after]
    found.append(np.einsum("nva,nvb,nvc->nabc", before, has, after, optimize=True))
    return np.concatenate([part.reshape(len(archs), -1) for part in found[: _walk(has.shape[2])]], axis=1)
