"""One surrogate of both TransNAS-Bench-101 spaces: any cell in any skeleton at any width, on the published scale.

All published cells stand in one skeleton, 64-41414, and all published skeletons have one block, the basic one.
``64-41414-basic`` is of both kinds, so what a skeleton changes is known for the basic block and carried over to cells:

    score(cell in skeleton) = score(cell in 64-41414) + score(skeleton, basic) - score(64-41414, basic)

Scores are logarithms of the distance from the best possible value (`surrogates.calibration.log_distance`). Variances
add up: those of the cell and of both skeletons (their surrogate's, which grows with the novelty), those of the trends
(`surrogates.models.skeleton_trend`), and that of the interaction, which nobody has measured for cells: between the
halves of published networks it grows with the product of both effects (`perf/open_transnas.py --additivity`).

Trends do not go on for ever: expected scores stay within the range of the published ones, of skeletons or of both
kinds, and two standard deviations beside it. No standard deviation is below that of the published architecture that
a prediction starts from, in the metric's own unit, or above twice that of the published values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError, choice, shown
from benchmarks.forks import cached_property
from benchmarks.spaces.registry import get_space, infer_space
from benchmarks.tasks import find_task, minimized
from encoders.base import as_strings
from surrogates.calibration.log_distance import LogDistance
from surrogates.models.skeleton_trend import SkeletonTrend, change_per_doubling
from surrogates.oracle.predictors import Predictor, about, error_correlation_of, novelty_of, predict_matrix
from surrogates.oracle.tabulated import TabulatedSurrogate

__all__ = ["TransNASSurrogate"]

Float = NDArray[np.float64]

_CELLS, _SKELETONS = "transnas101-micro", "transnas101-macro"
_PUBLISHED = "64-41414"
_CODE = "41414"
_BLOCK = "basic"
_INTERACTION = 1.0
"""Variance of the interaction over the product of the effects of cell and skeleton (absolute values)."""
_SHARE = 0.5
"""Weight of the linear trend beside the surrogate, for skeletons that were not published."""
_SPREADS = 2.0
"""Largest standard deviation, in standard deviations of the published values."""
_BEYOND = 2.0
"""How far expected scores may be outside the range of published ones, in standard deviations of these."""
_UNLIKE = 1.0
"""Least novelty of a cell in another skeleton: nobody has trained one."""


_GRID = 32_768
"""Cells in skeletons whose predictions are in memory at once (`TransNASSurrogate.predict_grid`)."""


class _Scores(NamedTuple):
    """Scores of m architectures and their variances, each of shape (m, T)."""

    mean: Float
    variance: Float

    def rows(self, rows: Sequence[int] | NDArray[np.int64]) -> _Scores:
        """The scores of some architectures, in the order of `rows`."""
        return _Scores(self.mean[rows], self.variance[rows])


class _Cells(NamedTuple):
    """Scores of m cells in the published skeleton, their std of shape (m, T), and whether they compute nothing."""

    scores: _Scores
    std: Float
    dead: NDArray[np.bool_]

    def rows(self, rows: NDArray[np.int64]) -> _Cells:
        """Some of the cells, in the order of `rows`."""
        return _Cells(self.scores.rows(rows), self.std[rows], self.dead[rows])


class TransNASSurrogate:
    """Predicts cells and skeletons of TransNAS-Bench-101 together, of two fitted surrogates.

    Published architectures are predicted as by the surrogate of their space. It is a predictor for an `Oracle`, not an
    estimator: there is nothing to fit beyond the two surrogates, and no table has both kinds outside their published
    sets.

    Args:
        cells: Surrogate of ``transnas101-micro``, fitted to (nearly) published trainings.
        skeletons: Surrogate of ``transnas101-macro`` of the same tasks and trainings.
        space: The space whose architectures an `Oracle` of this surrogate is asked for; `predict` knows both.

    Raises:
        ValueError: If the surrogates are of other spaces, of different tasks or trainings, or of costs, which are known
            exactly or do not add up in this way.

    Example:
        >>> import pandas as pd
        >>> from surrogates import GaussianProcessSurrogate
        >>> parts = []
        >>> for name in ("transnas101-micro", "transnas101-macro"):
        ...     archs = get_space(name).sample(40, rng=0)
        ...     labels = pd.Series([50.0 + arch.count("2") for arch in archs], archs, name="class_scene")
        ...     parts.append(GaussianProcessSurrogate(random_state=0).fit(archs, labels))
        >>> both = TransNASSurrogate(*parts)
        >>> mean, std = both.predict([f"{width}-41414-3_33_333" for width in (16, 32, 64)], return_std=True)
        >>> bool(np.all(np.diff(mean[:, 0]) > 0)), bool(np.all(np.diff(std[:, 0]) < 0))
        (True, True)
    """

    equivalence_: Literal["function"] = "function"

    def __init__(self, cells: Predictor, skeletons: Predictor, space: str = _CELLS) -> None:
        for predictor, wanted in ((cells, _CELLS), (skeletons, _SKELETONS)):
            if predictor.space_ != wanted:
                raise ValueError(f"expected a surrogate of {wanted}, got one of {predictor.space_}")
            if about(predictor).equivalence != "function":
                raise ValueError(f"expected a surrogate of performance, got one of costs of {wanted}")
        if cells.tasks_ != skeletons.tasks_:
            raise ValueError(
                f"expected surrogates of the same tasks, got {', '.join(cells.tasks_)} and "
                f"{', '.join(skeletons.tasks_)}"
            )
        _check_trainings(cells, skeletons)
        self.cells, self.skeletons = cells, skeletons
        self.space_ = choice(space, (_CELLS, _SKELETONS), "space")
        self.tasks_ = cells.tasks_

    @property
    def minimize_(self) -> tuple[str, ...]:
        """The user's own tasks that are better when lower."""
        return about(self.cells).minimize or ()

    @property
    def trainings_(self) -> dict[str, Any]:
        """How the trainings of a task differ from the published ones, as far as known."""
        return dict(about(self.cells).trainings)

    @overload
    def predict(self, archs: Sequence[str], return_std: Literal[False] = False) -> Float: ...
    @overload
    def predict(self, archs: Sequence[str], return_std: Literal[True]) -> tuple[Float, Float]: ...

    def predict(self, archs: Sequence[str], return_std: bool = False) -> Float | tuple[Float, Float]:
        """Predict n architectures of either space, inside or outside the published sets.

        Returns:
            Expected performance of shape (n, T) in each metric's own unit; with `return_std` also its standard
            deviation (mean +- 1.645 std covers 90 %), of the same shape.

        Raises:
            ArchitectureError: If a string is not an architecture of one of the spaces.
        """
        strings = as_strings(archs)
        mean, std = np.empty((2, len(strings), len(self.tasks_)))
        asked: list[tuple[Callable[[list[str]], tuple[Float, Float]], list[int]]] = [
            (lambda found: predict_matrix(self.cells, found), []),
            (lambda found: predict_matrix(self.skeletons, found), []),
            (self._compose_cells, []),
            (self._compose_skeletons, []),
        ]
        for row, arch in enumerate(strings):
            space = _space_of(arch)
            asked[2 * (arch not in get_space(space)) + (space == _SKELETONS)][1].append(row)
        for answer, rows in asked:
            if rows:
                mean[rows], std[rows] = answer([strings[row] for row in rows])
        return (mean, std) if return_std else mean

    def novelty(self, archs: Sequence[str]) -> Float:
        """How unlike the published architectures n others are, of shape (n,).

        The novelty of the skeleton among skeletons with the basic block, and at least 1 for a cell in another skeleton
        than 64-41414.
        """
        strings = as_strings(archs)
        cells = np.array([_space_of(arch) == _CELLS for arch in strings], dtype=bool)
        basic = [_with_block(arch) for arch in strings]
        found = np.maximum(novelty_of(self.skeletons, basic), np.where(cells, _UNLIKE, 0.0))
        published = np.flatnonzero([arch.startswith(f"{_PUBLISHED}-") for arch in strings] & cells).tolist()
        if published:
            found[published] = novelty_of(self.cells, [strings[row] for row in published])
        return found

    def error_correlation(self, archs: Sequence[str]) -> Float:
        """Correlations of the errors of n predictions, of shape (T, n, n).

        Known between published cells, and between published skeletons; elsewhere NaN, as predictions are composed.
        """
        strings = as_strings(archs)
        found = np.tile(np.where(np.eye(len(strings), dtype=bool), 1.0, np.nan), (len(self.tasks_), 1, 1))
        for predictor, name in ((self.cells, _CELLS), (self.skeletons, _SKELETONS)):
            rows = [row for row, arch in enumerate(strings) if arch in get_space(name)]
            if rows:
                own = error_correlation_of(predictor, [strings[row] for row in rows])
                found[:, np.array(rows)[:, None], rows] = own
        return found

    def predict_grid(self, skeletons: Sequence[str], cells: Sequence[str]) -> Iterator[tuple[Float, Float, Float]]:
        """Predict C cells in each of S skeletons, as `predict` and `novelty` do, many times as fast.

        What depends on the skeleton alone, or on the cell alone, is computed once.

        Args:
            skeletons: Width and macro code, such as ``"32-2311"``.
            cells: Cells, such as ``"3_33_333"``.

        Yields:
            For a few skeletons at a time, s of them, all cells in the first, then all in the second, and so on: mean
            and standard deviation, each of shape (s * C, T), and novelty, of shape (s * C,).

        Raises:
            ArchitectureError: If one is not valid.

        Example:
            >>> from surrogates.pretrained.load import load_answers
            >>> both = TransNASSurrogate(load_answers("transnas101-micro"), load_answers("transnas101-macro"))
            >>> mean, std, novelty = next(both.predict_grid(["32-41414", "64-2311"], ["3_33_333", "0_11_233"]))
            >>> mean.shape, bool(np.allclose(mean[1], both.predict(["32-41414-0_11_233"])[0]))
            ((4, 7), True)
        """
        if not skeletons or not cells:
            return
        own = self._cell_scores(list(cells))
        basic = [f"{skeleton}-{_BLOCK}" for skeleton in skeletons]
        there, _ = self._skeleton_scores(basic)
        unlike = np.maximum(novelty_of(self.skeletons, basic), _UNLIKE)
        same = np.array([skeleton.partition("-")[2] == _CODE for skeleton in skeletons])
        step = max(_GRID // len(cells), 1)
        for start in range(0, len(skeletons), step):
            names = skeletons[start : start + step]
            rows = np.repeat(np.arange(start, start + len(names)), len(cells))
            mean, std = self._cells_there(
                own.rows(np.tile(np.arange(len(cells)), len(names))), there.rows(rows), same[rows]
            )
            novelty = unlike[rows]
            for place in (place for place, name in enumerate(names) if name == _PUBLISHED):
                published = slice(place * len(cells), (place + 1) * len(cells))
                archs = [f"{_PUBLISHED}-{cell}" for cell in cells]
                mean[published], std[published] = predict_matrix(self.cells, archs)
                novelty[published] = novelty_of(self.cells, archs)
            yield mean, std, novelty

    def unfamiliar(self, arch: str) -> str:
        """What is unlike the published architectures about an architecture, in words; empty if it is published."""
        space = _space_of(arch)
        if arch in get_space(space):
            return ""
        width, code, block = arch.split("-")
        nearest = f"{_PUBLISHED}-{block}" if space == _CELLS else f"64-{code}-{_BLOCK}"
        std = [self.predict([asked], return_std=True)[1] for asked in (arch, nearest)]
        factor = float(np.median(std[0] / np.maximum(std[1], np.finfo(np.float64).tiny)))
        why = [f"intervals {factor:.1f} times as wide as for {nearest}"] if nearest != arch else []
        why += [f"{width} channels (trained 64)"] if width != "64" else []
        if f"64-{code}-{_BLOCK}" not in get_space(_SKELETONS):
            why.append(f"skeleton {code} was trained with no block")
        elif space == _CELLS and code != _CODE:
            why.append(f"skeleton {code} was trained with the basic block only")
        return "; ".join(why)

    # -- internals ----------------------------------------------------------------------------------------------

    def _compose_cells(self, archs: list[str]) -> tuple[Float, Float]:
        """Mean and std of m cells in skeletons that were not published with them, each of shape (m, T)."""
        cells = self._cell_scores([arch.rpartition("-")[2] for arch in archs])
        skeletons = {name: row for row, name in enumerate(dict.fromkeys(map(_with_block, archs)))}
        rows = [skeletons[_with_block(arch)] for arch in archs]
        there = self._skeleton_scores(list(skeletons))[0].rows(rows)
        same = np.array([arch.split("-")[1] == _CODE for arch in archs])
        return self._cells_there(cells, there, same)

    def _cells_there(self, cells: _Cells, there: _Scores, same: NDArray[np.bool_]) -> tuple[Float, Float]:
        """Mean and std of m cells in a skeleton each, of which `same` have the published code, each of shape (m, T)."""
        cell, here = cells.scores, self._anchor
        effect, own_effect = there.mean - here.mean, cell.mean - here.mean
        variance = there.variance + np.where(same[:, None], -here.variance, here.variance)
        variance = cell.variance + np.maximum(variance, 0.0) + _INTERACTION * np.abs(effect * own_effect)
        dead = cells.dead[:, None]  # a constant output, whatever the skeleton
        mean = _within(cell.mean + np.where(dead, 0.0, effect), self._forward(np.concatenate(self._tables)))
        return self._values_of(_Scores(mean, np.where(dead, cell.variance, variance)), cells.std)

    def _cell_scores(self, cells: list[str]) -> _Cells:
        """Scores of m cells, such as ``3_33_333``, in the published skeleton."""
        own = [f"{_PUBLISHED}-{cell}" for cell in cells]
        mean, std = predict_matrix(self.cells, own)
        return _Cells(self._scores_of(mean, std), std, get_space(_CELLS).depths(own) == 0)

    def _compose_skeletons(self, archs: list[str]) -> tuple[Float, Float]:
        """Mean and std of m skeletons that were not published, each of shape (m, T)."""
        return self._values_of(*self._skeleton_scores(archs))

    def _skeleton_scores(self, archs: list[str]) -> tuple[_Scores, Float]:
        """Scores of m skeletons with the basic block, published or not, and their std at the published width."""
        at_64 = [_at_64(arch) for arch in archs]
        width = np.array([float(arch.partition("-")[0]) for arch in archs])
        rows = {arch: row for row, arch in enumerate(dict.fromkeys([*at_64, *archs]))}
        values, stds = predict_matrix(self.skeletons, list(rows))
        scores = self._scores_of(values, stds)
        published = [rows[arch] for arch in at_64]
        mean, variance = scores.mean[published], scores.variance[[rows[arch] for arch in archs]]
        if new := [row for row, arch in enumerate(at_64) if arch not in get_space(_SKELETONS)]:
            away = self._trend.scores([at_64[row] for row in new]) - mean[new]
            mean[new] += _SHARE * away
            variance[new] += _SHARE * (1.0 - _SHARE) * away**2
        change, spread = self._per_doubling
        doublings = np.log2(width / 64.0)[:, None]
        mean = _within(mean + doublings * change, self._forward(self._tables[1]))
        return _Scores(mean, variance + (doublings * spread) ** 2), stds[published]

    def _scores_of(self, mean: Float, std: Float) -> _Scores:
        """Scores of m predictions in the metrics' own units."""
        units = np.stack([own.unit(column) for own, column in zip(self._scales, mean.T, strict=True)], axis=1)
        return _Scores(self._forward(mean), (std / units) ** 2)

    def _values_of(self, scores: _Scores, least: Float) -> tuple[Float, Float]:
        """Mean and std of shape (m, T) in the metrics' own units, of scores and the least std."""
        scales = list(zip(self._scales, scores.mean.T, strict=True))
        mean = np.stack([own.backward(column) for own, column in scales], axis=1)
        units = np.stack([own.unit(column) for own, column in zip(self._scales, mean.T, strict=True)], axis=1)
        largest = _SPREADS * np.concatenate(self._tables).std(axis=0)
        return mean, np.maximum(np.minimum(units * np.sqrt(scores.variance), largest), least)

    def _forward(self, values: Float) -> Float:
        """Scores of values, both of shape (m, T)."""
        return np.stack([own.forward(column) for own, column in zip(self._scales, values.T, strict=True)], axis=1)

    @cached_property
    def _tables(self) -> tuple[Float, Float]:
        """Predictions of all published cells and of all published skeletons, of shape (4096, T) and (3256, T)."""
        cells, skeletons = (_published(predictor) for predictor in (self.cells, self.skeletons))
        return cells, skeletons

    @cached_property
    def _scales(self) -> list[LogDistance]:
        tasks = [find_task(task) for task in self.tasks_]
        named = [minimized(task) if task.name in self.minimize_ else task for task in tasks]
        values = np.concatenate(self._tables).T
        return [LogDistance.of_task(task, column) for task, column in zip(named, values, strict=True)]

    @cached_property
    def _trend(self) -> SkeletonTrend:
        return SkeletonTrend.fit(get_space(_SKELETONS).archs, self._forward(self._tables[1]))

    @cached_property
    def _per_doubling(self) -> tuple[Float, Float]:
        return change_per_doubling(get_space(_SKELETONS).archs, self._forward(self._tables[1]))

    @cached_property
    def _anchor(self) -> _Scores:
        """The scores of 64-41414-basic, of shape (1, T)."""
        return self._scores_of(*predict_matrix(self.skeletons, [f"{_PUBLISHED}-{_BLOCK}"]))

    def __getstate__(self) -> dict[str, Any]:
        return {"cells": self.cells, "skeletons": self.skeletons, "space": self.space_}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def _published(predictor: Predictor) -> Float:
    """Predictions of all N published architectures of its space, of shape (N, T)."""
    if isinstance(predictor, TabulatedSurrogate):
        return np.asarray(predictor.mean[predictor.classes], dtype=np.float64)
    return predict_matrix(predictor, get_space(predictor.space_).archs)[0]


def _space_of(arch: str) -> str:
    """The space of a valid architecture.

    Raises:
        ArchitectureError: If it is not an architecture of one of the two.
    """
    space = infer_space(arch)
    if space.name not in (_CELLS, _SKELETONS):
        raise ArchitectureError(f"expected an architecture of {_CELLS} or {_SKELETONS}, got {shown(arch)}")
    space.parse(arch)
    return space.name


def _check_trainings(cells: Predictor, skeletons: Predictor) -> None:
    """Raise if tasks of two surrogates have different directions or trainings, as far as known."""
    known = about(cells), about(skeletons)
    lower = [sorted(each.minimize or ()) for each in known]
    if lower[0] != lower[1]:
        said = [", ".join(names) or "none" for names in lower]
        raise ValueError(f"expected the same tasks to be better when lower, got {said[0]} and {said[1]}")
    for task in cells.tasks_:
        one, other = (each.trainings.get(task) for each in known)
        if one != other:
            raise ValueError(
                f"{task}: expected surrogates of the same trainings, got cells of {shown(str(one))[1:-1]} and "
                f"skeletons of {shown(str(other))[1:-1]} (None: as published, or unknown)"
            )


def _within(scores: Float, published: Float) -> Float:
    """Scores of shape (m, T), not far outside the range of published ones of shape (N, T)."""
    beside = _BEYOND * published.std(axis=0)
    return np.asarray(np.clip(scores, published.min(axis=0) - beside, published.max(axis=0) + beside))


def _at_64(arch: str) -> str:
    """The architecture at the published width."""
    return f"64-{arch.partition('-')[2]}"


def _with_block(arch: str) -> str:
    """The skeleton of an architecture with the basic block."""
    return f"{arch.rpartition('-')[0]}-{_BLOCK}"
