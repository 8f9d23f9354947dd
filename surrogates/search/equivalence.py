"""Which architectures of a space are one and the same training, so that asking for a second one tells nothing new."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.spaces.cell import EDGES
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space
from benchmarks.spaces.transnas_micro import TransNASMicro

__all__ = ["function_classes", "training_classes"]

Ints = NDArray[np.int64]


def function_classes(space: str | Space) -> tuple[tuple[str, ...], Ints]:
    """The U distinct functions of a space, as simplest forms, and which of them each of N architectures computes.

    Example:
        >>> forms, function = function_classes("transnas101-micro")
        >>> len(forms), function.shape
        (1229, (4096,))
    """
    return _functions(get_space(space).name)


def training_classes(space: str | Space) -> Ints:
    """A number for the training behind each of N architectures, of shape (N,).

    Two micro cells are one training if they compute the same function and create the same operations with weights in
    the same order, each fed by the cell's input or not, and read by its output or not: the same seed then draws the
    same weights. So it is in TransNAS-Bench-101, trained with one seed: 3,586 of the 4,096 published micro rows have
    all seven values in common with every row of their number. Skeletons are all different, and NAS-Bench-201 trained
    equal cells apart: there every architecture is its own training.

    Example:
        >>> number = training_classes("transnas101-micro")
        >>> len(set(number.tolist()))
        2952
    """
    return _trainings(get_space(space).name)


@lru_cache(maxsize=8)
def _functions(name: str) -> tuple[tuple[str, ...], Ints]:
    simplest = get_space(name).simplify(get_space(name).archs)
    forms = sorted(set(simplest))
    row_of = {form: row for row, form in enumerate(forms)}
    function = np.array([row_of[form] for form in simplest], dtype=np.int64)
    function.setflags(write=False)  # shared by everybody who asks
    return tuple(forms), function


@lru_cache(maxsize=8)
def _trainings(name: str) -> Ints:
    space = get_space(name)
    if not isinstance(space, TransNASMicro):
        return np.arange(len(space))
    _, function = _functions(name)
    number: dict[object, int] = {}
    keys = [
        (int(row), _weights(space, code)) for row, code in zip(function, space.cell_codes(space.archs), strict=True)
    ]
    found = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
    found.setflags(write=False)
    return found


def _weights(space: TransNASMicro, code: Ints) -> tuple[tuple[int, bool, bool, bool], ...]:
    """Operations with weights, in order: which, whether it leaves the input, is fed by it, is read by the output."""
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
        if kind == "conv" or (kind == "skip" and source == 0)  # a skip may have to change the shape
    )
