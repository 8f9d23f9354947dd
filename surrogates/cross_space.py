"""Translation of cells between benchmarks: cells of both spaces have the same six edges and share most operations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.spaces.cell import CellSpace
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space

__all__ = ["can_translate", "translate"]


def can_translate(source: str | Space, target: str | Space) -> bool:
    """Whether architectures of one space have a counterpart in another: the same space, or two cell-based spaces.

    Example:
        >>> can_translate("transnas101-micro", "nasbench201"), can_translate("transnas101-micro", "transnas101-macro")
        (True, False)
    """
    here, there = get_space(source), get_space(target)
    return here == there or (isinstance(here, CellSpace) and isinstance(there, CellSpace))


def translate(archs: Sequence[str], target: str | Space, source: str | Space) -> list[str]:
    """Counterparts in `target` of n architectures of `source`.

    Every edge keeps its operation (kind and kernel size). An operation that the target space lacks (NAS-Bench-201's
    average pooling) becomes a skip connection, which also has no weights and does not mix channels. The skeleton
    becomes the published one of the target space.

    Raises:
        ArchitectureError: If a string is not an architecture of `source`.
        ValueError: If the spaces differ and one of them is not cell-based.

    Example:
        >>> translate(["64-41414-3_20_010"], "nasbench201", source="transnas101-micro")
        ['|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|skip_connect~1|none~2|']
    """
    here, there = get_space(source), get_space(target)
    if here == there:
        return [here.validate(arch) for arch in archs]
    if not isinstance(here, CellSpace) or not isinstance(there, CellSpace):
        raise ValueError(
            f"expected two cell-based spaces, got {here.name} and {there.name}: architectures of other spaces have no "
            "counterpart"
        )
    known = {(operation.kind, operation.kernel): index for index, operation in enumerate(there.operations)}
    skip = known["skip", 0]
    renamed = np.array([known.get((operation.kind, operation.kernel), skip) for operation in here.operations])
    codes = renamed[here.cell_codes(list(archs))].tolist()
    return [there.from_code(code) for code in codes]
