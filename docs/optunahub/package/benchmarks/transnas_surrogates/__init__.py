"""TransNAS-Bench-101 and NAS-Bench-201 as Optuna problems, answered by calibrated surrogates without training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from surrogates import Oracle
from surrogates.search.adapters import OptunaHubProblem

__all__ = ["Problem"]


class Problem(OptunaHubProblem):
    """Neural architecture search on one task or several of a benchmark.

    Args:
        space: ``"transnas101-micro"``, ``"transnas101-macro"`` or ``"nasbench201"``.
        tasks: Tasks of the space, e.g. ``"class_scene"``, or ``["jigsaw", "normal"]``.
        costs: ``"params"`` and ``"multiply_adds"``, each an additional objective to minimise.
        constraints: Bounds such as ``["params<=2M"]``.
    """

    def __init__(
        self,
        space: str = "transnas101-micro",
        tasks: str | Sequence[str] = "class_scene",
        costs: str | Sequence[str] = (),
        constraints: str | Iterable[str] = (),
    ) -> None:
        super().__init__(Oracle.from_pretrained(space), tasks, costs, constraints=constraints)
