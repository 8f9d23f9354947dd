"""Samplers of paths that know costs: the sandwich rule, and AttentiveNAS's best-up and worst-up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import choice
from benchmarks.spaces.space import Space
from benchmarks.tasks import find_task
from benchmarks.training.supernet.samplers import SAMPLERS
from benchmarks.training.weight_sharing.samplers import SANDWICH, BatchSampler, PathSampler
from surrogates.supernet.cost_law import CostLaw

if TYPE_CHECKING:
    from surrogates.oracle.predictors import Predictor

__all__ = ["SUPERNET_SAMPLERS", "BestUp", "Sandwich", "WorstUp", "supernet_sampler"]

_Losses = Callable[[Sequence[str]], NDArray[np.float64]]


class Sandwich:
    """The largest path, some uniform over the functions, and the smallest (Yu and Huang, ICCV 2019, section 3.2).

    Args:
        space: Space of cells, or ``"transnas101-macro"``; or its name.
        sampled: Number of paths between the largest and the smallest.
        cost: What largest and smallest mean: ``"multiply_adds"`` or ``"params"`` of the backbone.

    Raises:
        ValueError: If fewer than one path is to be sampled.
        UnknownNameError: If there is no such cost; names the nearest one.

    Example:
        >>> Sandwich("transnas101-micro").paths(0, np.random.default_rng(0))
        ['64-41414-3_33_333', '64-41414-3_21_033', '64-41414-2_31_103', '64-41414-0_00_100']
    """

    order = SANDWICH

    def __init__(self, space: str | Space, sampled: int = 2, cost: str = "multiply_adds") -> None:
        self._law = CostLaw(space, cost, 1)
        self._sampled = _count("sampled", sampled)
        self.name = f"sandwich(sampled={sampled}, cost={cost})"

    def paths(self, step: int, rng: np.random.Generator) -> list[str]:
        """The largest, the sampled and the smallest path."""
        rows = rng.integers(len(self._law.functions), size=self._sampled)
        return [self._law.dearest, *(self._law.functions[row] for row in rows), self._law.cheapest]


class BestUp:
    """The sandwich rule with the best candidates of a drawn cost: improves the best networks of every cost.

    AttentiveNAS (Wang et al., CVPR 2021, section 4; the published `train_attentive_nas.py`): for each sampled path a
    range of cost is drawn, then some functions of it, and the one of the lowest loss on the batch is trained. Ranges
    are drawn with the probability that a uniform draw of a function has (`CostLaw`), and so are the functions.

    Deviations: candidates of one draw differ, and the law of the functions is exact, see `CostLaw`.

    Args:
        space: Space of cells, or ``"transnas101-macro"``; or its name.
        candidates: Number of functions that are compared for each sampled path. The published numbers are 3 with losses
            and 50 with a predictor.
        sampled: Number of paths between the largest and the smallest.
        bins: Number of ranges of cost.
        cost: ``"multiply_adds"`` or ``"params"`` of the backbone.
        predictor: Compares by its predictions instead of losses on the batch, which saves forward passes.
        task: Task of the predictor; need not be given if it has one.

    Raises:
        ValueError: If there are fewer than one candidate, sampled path or range, or more ranges than functions; or the
            predictor is of another space, or of several tasks and none is named, or a prediction is not finite.
        UnknownNameError: If there is no such cost or task; names the nearest one.

    Example:
        >>> sampler = BestUp("transnas101-macro", candidates=3)
        >>> fewest_digits = lambda archs: np.array([float(len(arch)) for arch in archs])
        >>> sampler.paths_on(0, np.random.default_rng(0), fewest_digits)
        ['64-222113-basic', '64-1232-basic', '64-12234-basic', '64-3334-basic']
    """

    order = SANDWICH
    way, sign = "best_up", 1.0

    def __init__(
        self,
        space: str | Space,
        candidates: int = 3,
        sampled: int = 2,
        bins: int = 10,
        cost: str = "multiply_adds",
        predictor: Predictor | None = None,
        task: str | None = None,
    ) -> None:
        self._law = CostLaw(space, cost, bins)
        self._candidates, self._sampled = _count("candidates", candidates), _count("sampled", sampled)
        self._predicted = None if predictor is None else _predicted(predictor, task, space, self._law)
        judge = "losses" if self._predicted is None else _fingerprint(self._predicted)
        self.name = f"{self.way}(candidates={candidates}, sampled={sampled}, bins={bins}, cost={cost}, by={judge})"

    def paths_on(self, step: int, rng: np.random.Generator, losses: _Losses) -> list[str]:
        """The largest, the chosen and the smallest path."""
        judge = losses if self._predicted is None else self._judged
        chosen = []
        for _ in range(self._sampled):
            archs = self._law.draw(self._candidates, rng)
            chosen.append(archs[int((self.sign * judge(archs)).argmin())] if len(archs) > 1 else archs[0])
        return [self._law.dearest, *chosen, self._law.cheapest]

    def _judged(self, archs: Sequence[str]) -> NDArray[np.float64]:
        assert self._predicted is not None
        return np.array([self._predicted[arch] for arch in archs])


class WorstUp(BestUp):
    """The sandwich rule with the worst candidates of a drawn cost: improves the worst networks of every cost.

    As `BestUp`, with the candidate of the highest loss.

    Example:
        >>> WorstUp("transnas101-micro").name
        'worst_up(candidates=3, sampled=2, bins=10, cost=multiply_adds, by=losses)'
    """

    way, sign = "worst_up", -1.0


SUPERNET_SAMPLERS: Mapping[str, Callable[[str | Space], PathSampler | BatchSampler]] = {
    **SAMPLERS,
    "sandwich": Sandwich,
    "best_up": BestUp,
    "worst_up": WorstUp,
}
"""Name -> sampler of a space, with those that know costs."""


def supernet_sampler(name: str, space: str | Space) -> PathSampler | BatchSampler:
    """A sampler by its name, with its published settings.

    Raises:
        UnknownNameError: If there is none of that name; names the nearest one.
        SpaceError: If it does not know paths of the space.

    Example:
        >>> supernet_sampler("sandwich", "nasbench201").name
        'sandwich(sampled=2, cost=multiply_adds)'
    """
    return SUPERNET_SAMPLERS[choice(name, SUPERNET_SAMPLERS, "sampler")](space)


def _count(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"expected an integer of at least 1 as {name}, got {value!r}")
    return value


def _predicted(predictor: Predictor, task: str | None, space: str | Space, law: CostLaw) -> dict[str, float]:
    """Function -> prediction, lower is better."""
    asked, tasks = space if isinstance(space, str) else space.name, predictor.tasks_
    if predictor.space_ != asked:
        raise ValueError(f"expected a predictor of {asked}, got one of {predictor.space_}")
    if task is None and len(tasks) > 1:
        raise ValueError(f"expected the task that the predictor compares by, one of {', '.join(tasks)}, got none")
    name = choice(task or tasks[0], tasks, "task of the predictor")
    values, _ = predictor.predict(law.functions, return_std=True)
    sign = -1.0 if find_task(name).metric.higher_is_better else 1.0
    column = np.reshape(values, (len(law.functions), -1))[:, tasks.index(name)]
    if len(strange := np.flatnonzero(~np.isfinite(column))):
        raise ValueError(
            f"expected finite predictions of {name} for all {len(column):,} functions of {asked}, got {len(strange):,} "
            f"that are not, the first for {law.functions[strange[0]]!r}: {column[strange[0]]}"
        )
    return dict(zip(law.functions, (sign * column).tolist(), strict=True))


def _fingerprint(predicted: Mapping[str, float]) -> str:
    """What tells predictions from others: the begin of a SHA-256."""
    return hashlib.sha256(np.array(list(predicted.values())).tobytes()).hexdigest()[:16]
