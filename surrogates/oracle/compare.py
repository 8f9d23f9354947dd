"""Architectures side by side: by how much one is better, how sure that is, and what each costs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from surrogates.oracle.answers import Answers
from surrogates.oracle.differences import pair_differences

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.tasks import Task

__all__ = ["compare_answers"]

_SAME = 1e-9
"""Relative difference of predictions of one function that is rounding, which depends on the batch."""


def compare_answers(
    answers: Answers, tasks: Sequence[Task], functions: Sequence[str], correlation: NDArray[np.float64]
) -> pd.DataFrame:
    """Every pair of n architectures on every task.

    Args:
        answers: Values of the n architectures on T tasks and costs, with ranks.
        tasks: The T tasks, with unit and direction.
        functions: Simplest form of each architecture.
        correlation: Correlations of the errors of predictions, of shape (T, n, n); NaN if not known.

    Returns:
        DataFrame of n (n - 1) / 2 x T rows, as described in `Oracle.compare`.

    Example:
        >>> from benchmarks import get_task
        >>> two, ranks = np.ones((2, 1)), np.array([[1], [2]])
        >>> archs, known = ("64-2311-basic", "64-1234-basic"), np.array([True, True])
        >>> answers = Answers(archs, ("jigsaw",), two * [[94], [92]], two, two < 1, known, rank=ranks, of=ranks)
        >>> compared = compare_answers(answers, [get_task("jigsaw")], archs, np.eye(2)[None])
        >>> float(compared["advantage"][0]), round(float(compared["p_better"][0]), 2)
        (2.0, 0.92)
    """
    import pandas as pd

    assert answers.rank is not None
    assert answers.of is not None
    signs = np.array([task.metric.sign for task in tasks])
    sources = answers.sources()
    parts = []
    for a, b in combinations(range(len(answers.archs)), 2):
        same = functions[a] == functions[b]
        equal = np.isclose(answers.value[a], answers.value[b], rtol=_SAME, atol=0.0)  # asked in two batches
        predicted = ~answers.measured[a] & ~answers.measured[b]
        rho = np.where(same & equal & predicted, 1.0, correlation[:, a, b])  # one prediction, and so one error
        found = pair_differences(answers.value[a], answers.value[b], answers.std[a], answers.std[b], rho)
        ends = np.sort(signs * np.stack([found.low, found.high]), axis=0)
        columns = {
            "a": answers.archs[a],
            "b": answers.archs[b],
            "task": list(answers.tasks),
            "unit": [task.metric.unit for task in tasks],
            "value_a": answers.value[a],
            "std_a": answers.std[a],
            "value_b": answers.value[b],
            "std_b": answers.std[b],
            "advantage": np.where(found.mean == 0, 0.0, signs * found.mean),
            "low": ends[0],
            "high": ends[1],
            "p_better": np.where(signs > 0, found.positive, 1.0 - found.positive),
            "rank_a": answers.rank[a],
            "rank_b": answers.rank[b],
            "of": (answers.of[a] - (not answers.in_domain[a])),
            "source_a": sources[a],
            "source_b": sources[b],
            "correlation": np.where(predicted, rho, np.nan),
            "same_function": same,
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)
