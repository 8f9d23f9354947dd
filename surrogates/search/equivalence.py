"""Equivalence classes of architectures: same function, or same training and therefore the same measured value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.cell import EDGES
from benchmarks.spaces.memo import cached_by_space
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space
from benchmarks.spaces.transnas_micro import TransNASMicro

__all__ = ["function_classes", "training_classes"]

Ints = NDArray[np.int64]


def function_classes(space: str | Space) -> tuple[tuple[str, ...], Ints]:
    """The U distinct functions of a space, as simplest forms, and the index of the function of each architecture.

    The indices are of shape (N,), for N architectures.

    Example:
        >>> forms, function = function_classes("transnas101-micro")
        >>> len(forms), function.shape
        (1229, (4096,))
    """
    return _functions(get_space(space))


def training_classes(space: str | Space) -> Ints:
    """Index of the training of each of N architectures, of shape (N,); equal indices give equal measured values.

    Two micro cells have the same training if they compute the same function and create the same operations with
    weights in the same order, where each operation matches in whether it is reached from the cell's input and whether
    it reaches the output: the same seed then draws the same weights. TransNAS-Bench-101, trained with one seed, agrees:
    3,586 of the 4,096 published micro rows share all seven values with every row of their class. Skeletons are all
    different, and NAS-Bench-201 trained equal cells separately: there every architecture has its own class, as in
    spaces of the user's own.

    Example:
        >>> number = training_classes("transnas101-micro")
        >>> len(set(number.tolist()))
        2952
    """
    return _trainings(get_space(space))


@cached_by_space(maxsize=8)
def _functions(space: Space) -> tuple[tuple[str, ...], Ints]:
    simplest = space.simplify(space.archs)
    forms = sorted(set(simplest))
    row_of = {form: row for row, form in enumerate(forms)}
    function = np.array([row_of[form] for form in simplest], dtype=np.int64)
    function.setflags(write=False)  # cached, shared by all callers
    return tuple(forms), function


@cached_by_space(maxsize=8)
def _trainings(space: Space) -> Ints:
    if not isinstance(space, TransNASMicro):
        return np.arange(len(space))
    _, function = _functions(space)
    number: dict[object, int] = {}
    keys = [
        (int(row), _weights(space, code)) for row, code in zip(function, space.cell_codes(space.archs), strict=True)
    ]
    found = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
    found.setflags(write=False)
    return found


def _weights(space: TransNASMicro, code: Ints) -> tuple[tuple[int, bool, bool, bool], ...]:
    """Operations with weights, in order: (operation, starts at the input, is reached from it, reaches the output)."""
    fed, read = {0}, {3}
    for source, target in EDGES:
        if code[EDGES.index((source, target))] and source in fed:
            fed.add(target)
    for source, target in reversed(EDGES):
        if code[EDGES.index((source, target))] and target in read:
            read.add(source)
    kinds = [space.operations[int(operation)].kind for operation in code]
    return tuple(
        (int(operation), source == 0, source in fed, target in read)
        for operation, kind, (source, target) in zip(code, kinds, EDGES, strict=True)
        if kind == "conv" or (kind == "skip" and source == 0)  # a skip from the input may need weights to change shape
    )
