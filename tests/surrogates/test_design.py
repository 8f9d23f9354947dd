"""Designs on every space: what they promise, and that they are worth more than random architectures."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import zscore
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from benchmarks import get_space, kendall_tau, list_spaces, load_table
from benchmarks.errors import ArchitectureError, UnknownNameError
from surrogates import GaussianProcessSurrogate, initial_design
from surrogates.kernels.features import standard_features

MICRO, MACRO = get_space("transnas101-micro"), get_space("transnas101-macro")


@pytest.mark.parametrize("name", list_spaces())
def test_a_design_is_nested_and_of_different_functions(name: str) -> None:
    space = get_space(name)
    design = initial_design(name, 40, random_state=3)
    assert all(arch in space for arch in design)
    assert space.simplify(design) == design, "the simplest form of each function is published, and trained fastest"
    assert len(set(design)) == 40
    assert initial_design(space, 16, random_state=3) == design[:16]


def test_the_seed_decides() -> None:
    first, second = (initial_design(MICRO, 16, random_state=seed) for seed in (0, 1))
    assert first != second
    assert initial_design(MICRO, 16, random_state=np.random.default_rng(0)) == first
    assert initial_design(MICRO, 16) != initial_design(MICRO, 16), "fresh without a seed"
    few = MACRO.sample(30, rng=0)
    assert initial_design(MACRO, 10, allowed=few, random_state=0) != initial_design(MACRO, 10, allowed=few)


def test_a_whole_space_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("surrogates.design._POOL", 40)
    design = initial_design(MACRO, len(MACRO), random_state=0)
    assert set(design) == set(MACRO.archs)
    assert design[:8] == initial_design(MACRO, 8, random_state=0)
    few = MACRO.sample(90, rng=0)
    rest = initial_design(MACRO, 60, have=few[:30], allowed=few, random_state=0)
    assert set(rest) == set(few[30:])


def test_no_function_that_was_measured_is_chosen() -> None:
    twin, form = "64-41414-0_30_100", "64-41414-0_00_100"  # one function, two strings
    measured = [*MICRO.sample(50, rng=1), twin]
    design = initial_design(MICRO, 100, have=measured, random_state=0)
    assert form not in design
    assert not set(MICRO.simplify(measured)) & set(design)


def test_a_design_complements_what_was_measured() -> None:
    """The second half of a design, chosen with the first half measured, leaves as little variance as the whole."""
    first = initial_design(MACRO, 12, random_state=0)
    more = initial_design(MACRO, 12, have=first, random_state=0)
    again = initial_design(MACRO, 12, random_state=0)
    assert spread([*first, *more]) < spread([*first, *MACRO.sample(12, rng=5)])
    assert not set(more) & set(again)


def spread(archs: list[str]) -> float:
    """Mean variance over a sample of macro that scikit-learn's Gaussian process expects, with the design's kernel."""
    X, sample = (standard_features(MACRO.name, part) for part in (archs, MACRO.sample(500, rng=9)))
    kernel = Matern(2.0 * np.sqrt(X.shape[1]), nu=1.5)
    process = GaussianProcessRegressor(kernel, alpha=0.5, optimizer=None).fit(X, np.zeros(len(X)))
    return float((process.predict(sample, return_std=True)[1] ** 2).mean())


def test_less_variance_is_left_than_by_random_architectures() -> None:
    design = initial_design(MACRO, 24, random_state=0)
    at_random = [spread(MACRO.sample(24, rng=seed)) for seed in range(20)]
    assert spread(design) < min(at_random)


def test_only_allowed_strings_are_chosen() -> None:
    allowed = MICRO.sample(60, rng=2)
    functions = len(set(MICRO.simplify(allowed)))
    design = initial_design(MICRO, functions, allowed=allowed, random_state=0)
    assert set(design) <= set(allowed)
    assert set(MICRO.simplify(design)) == set(MICRO.simplify(allowed))
    with pytest.raises(ValueError, match=f"expected n from 1 to {functions}, the number of .* that are allowed, got"):
        initial_design(MICRO, functions + 1, allowed=allowed)


def test_strings_outside_the_published_set_may_be_allowed() -> None:
    outside = ["32-41414-3_33_333", "32-41414-1_01_231", "128-41414-3_00_300"]
    assert sorted(initial_design(MICRO, 3, allowed=outside, random_state=0)) == sorted(outside)
    assert len(initial_design(MICRO, 4, have=outside, random_state=0)) == 4


def test_sources_say_what_is_different() -> None:
    """With sources, every architecture is near a chosen one in the values of the sources as well."""
    archs = MACRO.sample(300, rng=4)
    values = pd.DataFrame({"early": [int(arch[3:5]) for arch in archs], "long": [len(arch) for arch in archs]}, archs)
    scores = values.rank().apply(zscore)
    distance = {}
    for name, given in (("plain", None), ("informed", values.astype(float))):
        design = initial_design(MACRO, 12, allowed=archs, sources=given, random_state=0)
        distance[name] = cdist(scores, scores.loc[design]).min(axis=1).mean()
    assert distance["informed"] < distance["plain"]


def test_errors_say_what_was_expected() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'transnas101-macro'"):
        initial_design("transnas101-macr", 4)
    for n in (0, -3, 1230):
        with pytest.raises(
            ValueError, match=r"expected n from 1 to 1,229, the number of different functions of .*, got"
        ):
            initial_design(MICRO, n)
    with pytest.raises(TypeError, match="expected an integer as n"):
        initial_design(MICRO, 2.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"expected a seed .* as random_state, got 'a'"):
        initial_design(MICRO, 4, random_state="a")  # type: ignore[arg-type]
    every = list(MICRO.archs)
    with pytest.raises(ValueError, match=r"expected n from 1 to 0, .* that are not measured yet, got 1"):
        initial_design(MICRO, 1, have=every)
    other = "have: expected architectures of transnas101-micro, got '64-2311-basic' of transnas101-macro at position 1"
    with pytest.raises(ArchitectureError, match=other):
        initial_design(MICRO, 4, have=[every[0], "64-2311-basic"])
    with pytest.raises(ArchitectureError, match="allowed: expected architectures of transnas101-macro"):
        initial_design(MACRO, 4, allowed=every[:3])
    with pytest.raises(ArchitectureError, match="allowed: 'nonsense' is not an architecture"):
        initial_design(MACRO, 4, allowed=["nonsense"])
    with pytest.raises(ArchitectureError, match="have: 'foo' is not an architecture"):
        initial_design(MACRO, 4, have=["foo"])
    with pytest.raises(ArchitectureError, match="have: expected a list of architecture strings, got str"):
        initial_design(MACRO, 4, have="64-2311-basic")
    with pytest.raises(ValueError, match="expected n from 1 to 0"):
        initial_design(MACRO, 1, allowed=[])


@pytest.mark.data
@pytest.mark.parametrize("name", ["micro", "macro"])
def test_a_design_of_32_predicts_better_than_32_random_rows(name: str) -> None:
    table = load_table(Path(os.environ["NAS_DATA"]) / f"transnas101/{name}_final.csv")
    values = table.to_frame()

    def tau(archs: list[str], seed: int) -> float:
        test = values.drop(index=archs).sample(800, random_state=seed)
        fitted = GaussianProcessSurrogate(random_state=0).fit(archs, values.loc[archs])
        predicted = fitted.predict(list(test.index))
        return float(
            np.mean([kendall_tau(test.iloc[:, t].to_numpy(), predicted[:, t]) for t in range(len(test.columns))])
        )

    seeds = range(3, 7)
    chosen = [tau(initial_design(table.space, 32, random_state=seed), seed) for seed in seeds]
    at_random = [tau(list(values.sample(32, random_state=seed).index), seed) for seed in seeds]
    assert np.mean(chosen) > np.mean(at_random)


def test_a_random_state_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="as random_state, got 'x'"):
        initial_design(MICRO, 2, random_state="x")  # type: ignore[arg-type]
