"""Any permutation of the rows gives the same model, of every kind that is fitted."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from benchmarks import get_space
from benchmarks.table import Table
from surrogates import (
    EnsembleSurrogate,
    GaussianProcessSurrogate,
    LearningCurveSurrogate,
    Surrogate,
    TransferSurrogate,
)
from surrogates.registry import MODELS, make_model
from tests.surrogates.small_models import small_defaults

SPACE = get_space("transnas101-micro")
TWINS = ["64-41414-3_00_300", "64-41414-0_00_300", "64-41414-3_30_300"]
"""Strings of one function or two; the second is asked twice below."""
ARCHS = [*SPACE.sample(13, rng=5), *TWINS, TWINS[1]]
ASKED = [*SPACE.sample(6, rng=6), TWINS[0], "32-41414-3_33_333"]
_RNG = np.random.default_rng(0)
LABELS = pd.DataFrame({"jigsaw": _RNG.uniform(50, 90, len(ARCHS)), "normal": _RNG.uniform(0.2, 0.6, len(ARCHS))})
LABELS.iloc[[2, 9], 1] = np.nan
SEEDS = (1, 2)

orders = st.permutations(range(len(ARCHS)))
few = settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _fit(surrogate: Surrogate, order: list[int]) -> Surrogate:
    return surrogate.fit([ARCHS[row] for row in order], LABELS.iloc[order].reset_index(drop=True))


def _same(one: Surrogate, other: Surrogate, order: list[int]) -> None:
    for mine, theirs in zip(one.predict(ASKED, return_std=True), other.predict(ASKED, return_std=True), strict=True):
        assert_array_equal(mine, theirs)
    assert one.cv_scores_ == other.cv_scores_
    if hasattr(one, "oob_scores_"):  # of each row given
        assert_array_equal(one.oob_scores_[order], other.oob_scores_)


@pytest.mark.parametrize("name", MODELS)
def test_a_permutation_of_the_rows_gives_the_same_surrogate(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    small_defaults(monkeypatch)
    given_order = list(range(len(ARCHS)))
    order = np.random.default_rng(1).permutation(given_order).tolist()
    _same(_fit(make_model(name), given_order), _fit(make_model(name), order), order)


@few
@given(order=orders)
def test_any_permutation_gives_the_same_processes(order: list[int]) -> None:
    one, other = (_fit(GaussianProcessSurrogate(max_rows=12), rows) for rows in (list(range(len(ARCHS))), order))
    _same(one, other, order)


@few
@given(order=orders)
def test_costs_as_written_do_not_depend_on_the_order(order: list[int]) -> None:
    fits = []
    for rows in (list(range(len(ARCHS))), order):
        surrogate = EnsembleSurrogate(members=[GaussianProcessSurrogate(max_rows=12)], equivalence="string")
        fits.append(_fit(surrogate, rows))
    _same(*fits, order)


@pytest.mark.parametrize("seed", SEEDS)
def test_transfer_depends_on_neither_order(seed: int) -> None:
    """Neither of the labels nor of the sources' rows."""
    archs = SPACE.sample(30, rng=8)
    rng = np.random.default_rng(9)
    source = pd.DataFrame({"room": rng.random(30), "scene": rng.random(30)}, index=archs)
    other = np.random.default_rng(seed).permutation(30)
    order = np.random.default_rng(seed).permutation(len(ARCHS)).tolist()
    one = _fit(TransferSurrogate(sources=source, n_rounds=3, n_jobs=1), list(range(len(ARCHS))))
    _same(one, _fit(TransferSurrogate(sources=source.iloc[other], n_rounds=3, n_jobs=1), order), order)


@pytest.mark.parametrize("seed", SEEDS)
def test_learning_curves_do_not_depend_on_the_order(seed: int) -> None:
    archs = SPACE.sample(70, rng=1)  # more than the parts that rows are left out in
    rng = np.random.default_rng(2)
    curves = rng.uniform(40, 60, (70, 1)) + rng.normal(size=(70, 4)).cumsum(axis=1)
    curves[::7, 1] = np.nan
    order = np.random.default_rng(seed).permutation(70)
    fits = []
    for rows in (np.arange(70), order):
        table = Table.from_logs([archs[row] for row in rows], {"jigsaw": {"valid_top1": curves[rows]}})
        fits.append(LearningCurveSurrogate(surrogate=GaussianProcessSurrogate()).fit(table))
    seen = np.full((len(ASKED) - 1, 2), 50.0)
    for mine, theirs in zip(
        *(fit.predict(ASKED[:-1], "jigsaw", seen, return_std=True) for fit in fits),
        strict=True,
    ):
        assert_array_equal(mine, theirs)
