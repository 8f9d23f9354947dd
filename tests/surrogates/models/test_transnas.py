"""Cells and skeletons of TransNAS-Bench-101 as one: sums of effects, checked against a world in which they are true."""

import pickle
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import ArchitectureError, get_space, get_task
from benchmarks.tasks import find_task
from surrogates import Oracle, TransNASSurrogate
from surrogates.calibration.log_distance import LogDistance
from surrogates.models.skeleton_trend import SkeletonTrend, change_per_doubling
from surrogates.pretrained.load import load_answers

MICRO, MACRO = get_space("transnas101-micro"), get_space("transnas101-macro")
DOUBLED, SHORTER = 0.2, 0.3
"""Errors are multiplied by exp(-DOUBLED) where channels are doubled, by exp(SHORTER) a module less."""


def error(arch: str) -> float:
    """Error (%) in a world where a cell's convolutions, the mean width and the modules each multiply it."""
    width, code, block = arch.split("-")
    doubled = np.cumsum([digit in "24" for digit in code]).mean() + np.log2(int(width) / 64.0)
    if block == "0_00_000":
        return 90.0
    convolutions = 4 if block == "basic" else sum(digit in "23" for digit in block)
    return float(40.0 * np.exp(-0.1 * convolutions - DOUBLED * doubled - SHORTER * len(code) + 4 * SHORTER))


class World:
    """A surrogate that knows the published architectures of one space, and repeats the mean of them elsewhere."""

    def __init__(self, space: str, tasks: tuple[str, ...] = ("jigsaw",), equivalence: str = "function") -> None:
        self.space_, self.tasks_, self.equivalence_ = space, tasks, equivalence
        self.trainings_: dict[str, object] = {}
        self.minimize_: tuple[str, ...] = ()

    def predict(self, archs: Sequence[str], return_std: bool = True) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        known = np.array([arch in get_space(self.space_) for arch in archs])[:, None]
        mean = np.array([[100.0 - error(arch)] for arch in archs])
        return np.where(known, mean, 80.0), np.where(known, 1.0, 4.0)

    def novelty(self, archs: Sequence[str]) -> NDArray[np.float64]:
        return np.array([0.0 if arch in get_space(self.space_) else 2.0 for arch in archs])


@pytest.fixture(scope="module")
def both() -> TransNASSurrogate:
    return TransNASSurrogate(World(MICRO.name), World(MACRO.name))


def test_published_architectures_are_predicted_by_the_surrogate_of_their_space(both: TransNASSurrogate) -> None:
    archs = [*MICRO.sample(5, rng=0), *MACRO.sample(5, rng=0), *MICRO.sample(2, rng=1)]
    mean, std = both.predict(archs, return_std=True)
    np.testing.assert_array_equal(mean[:, 0], [100.0 - error(arch) for arch in archs])
    np.testing.assert_array_equal(std, 1.0)
    np.testing.assert_array_equal(both.novelty(archs), 0.0)
    assert both.unfamiliar(archs[0]) == ""


def test_a_cell_in_a_published_skeleton_has_both_effects(both: TransNASSurrogate) -> None:
    archs = ["64-2311-3_33_333", "64-111124-1_20_003", "64-4433-0_31_023"]
    mean, std = both.predict(archs, return_std=True)
    np.testing.assert_allclose(mean[:, 0], [100.0 - error(arch) for arch in archs])
    cell = both.predict(["64-41414-" + arch.split("-")[2] for arch in archs], return_std=True)
    relative = [spread / (100.0 - values) for values, spread in ((mean, std), cell)]
    assert (relative[0] > relative[1]).all()
    np.testing.assert_array_equal(both.novelty(archs), 1.0)


def test_both_routes_meet_at_the_skeleton_that_both_spaces_have(both: TransNASSurrogate) -> None:
    """The cell with the error of the basic block, and the basic block, at any width and in any skeleton."""
    cell = "2_22_200"
    assert error(f"64-41414-{cell}") == error("64-41414-basic")
    for skeleton in ("64-41414", "32-41414", "16-2311", "64-11111111"):
        one, other = both.predict([f"{skeleton}-{cell}", f"{skeleton}-basic"])
        np.testing.assert_allclose(one, other)


@pytest.mark.parametrize("rest", ["41414-3_33_333", "41414-basic", "2311-1_20_003", "2311-basic"])
def test_width_goes_on_as_published_pairs_show(both: TransNASSurrogate, rest: str) -> None:
    """A pair doubles all modules, so a power of the width is found again, and errors grow away from 64 channels."""
    widths = [16, 32, 64, 128, 256]
    mean, std = both.predict([f"{width}-{rest}" for width in widths], return_std=True)
    np.testing.assert_allclose(np.diff(np.log(100.0 - mean[:, 0])), -DOUBLED, atol=1e-9)
    published = f"64-{rest}" in MICRO or f"64-{rest}" in MACRO
    assert (std[:, 0] >= 1.0).all()  # that of the published architecture it starts from
    assert (std[2, 0] == 1.0) == published
    assert (np.diff(std[2::-1, 0]) >= 0).all()  # wider the farther below 64 channels


def test_skeletons_that_were_not_published_are_halfway_to_the_trend(both: TransNASSurrogate) -> None:
    for arch in ("64-11111114-basic", "64-22-basic"):
        known, found = np.log(20.0), np.log(100.0 - both.predict([arch])[0, 0])
        assert abs(found - (known + np.log(error(arch))) / 2) < 0.1 * abs(known - np.log(error(arch)))


def test_many_skeletons_are_predicted_as_each_alone(rng) -> None:
    codes = ["".join(rng.choice(list("1234"), rng.integers(1, 9))) for _ in range(9)]
    archs = [f"{width}-{code}-basic" for width in (16, 64, 100, 512) for code in codes]
    archs = [archs[i] for i in rng.permutation(len(archs))] + archs[:3]
    both = TransNASSurrogate(*(load_answers(space) for space in (MICRO.name, MACRO.name)))
    mean, std = both.predict(archs, return_std=True)
    for row, arch in enumerate(archs[:12]):
        alone, its_std = both.predict([arch], return_std=True)
        np.testing.assert_allclose(mean[row], alone[0], rtol=1e-9)
        np.testing.assert_allclose(std[row], its_std[0], rtol=1e-9)
    novelty = np.concatenate([both.novelty([arch]) for arch in archs])
    np.testing.assert_allclose(both.novelty(archs), novelty, rtol=1e-9, atol=1e-9)


def test_the_score_of_an_open_skeleton_term_by_term(both: TransNASSurrogate, rng) -> None:
    scale, trend = both._scales[0], both._trend
    published = scale.forward(both._tables[1][:, 0])
    low, high = published.min() - 2 * published.std(), published.max() + 2 * published.std()
    (change,), (spread,) = both._per_doubling
    least, largest = 1.0, 2.0 * np.concatenate(both._tables).std()
    for _ in range(30):
        width, code = int(2 * rng.integers(4, 200)), "".join(rng.choice(list("1234"), rng.integers(1, 9)))
        arch, at_64 = f"{width}-{code}-basic", f"64-{code}-basic"
        if arch in MACRO:
            continue
        (value,), (std_64,) = (found[0] for found in both.skeletons.predict([at_64]))
        (own,), (own_std,) = (found[0] for found in both.skeletons.predict([arch]))
        score, variance = float(scale.forward(value)), float(own_std / scale.unit(own)) ** 2
        if at_64 not in MACRO:
            away = trend.scores([at_64])[0, 0] - score
            score, variance = score + away / 2, variance + away**2 / 4
        doublings = np.log2(width / 64)
        expected = scale.backward(np.clip(score + doublings * change, low, high))
        std = float(scale.unit(expected)) * np.sqrt(variance + (doublings * spread) ** 2)
        mean, found = both.predict([arch], return_std=True)
        assert float(mean[0, 0]) == pytest.approx(float(expected), rel=1e-9)
        assert float(found[0, 0]) == pytest.approx(max(min(std, largest), least, std_64), rel=1e-9)


@pytest.mark.parametrize(
    "arch", ["64-44444444-basic", "4096-444444444444-basic", "64-111111111111-3_33_333", "4-1-basic"]
)
def test_trends_do_not_go_on_for_ever(both: TransNASSurrogate, arch: str) -> None:
    """They stay within the errors of published networks and two standard deviations beside them, as logarithms."""
    published = MACRO.archs if arch.endswith("basic") else (*MICRO.archs, *MACRO.archs)
    logs = np.log([error(each) for each in published])
    found = np.log(100.0 - both.predict([arch])[0, 0])
    assert logs.min() - 2 * logs.std() - 1e-9 <= found <= logs.max() + 2 * logs.std() + 1e-9


def test_a_constant_output_is_the_same_in_every_skeleton(both: TransNASSurrogate) -> None:
    mean, std = both.predict(["64-41414-0_00_000", "16-1-0_00_000", "256-222222-0_00_000"], return_std=True)
    np.testing.assert_allclose(mean, 10.0)
    np.testing.assert_allclose(std, 1.0)


def test_it_says_why(both: TransNASSurrogate) -> None:
    assert "32 channels (trained 64)" in both.unfamiliar("32-41414-3_33_333")
    assert "skeleton 2311 was trained with the basic block only" in both.unfamiliar("64-2311-3_33_333")
    assert both.unfamiliar("64-11111111-basic") == "skeleton 11111111 was trained with no block"
    std = both.predict(["64-2311-3_33_333", "64-41414-3_33_333"], return_std=True)[1]
    wider = f"intervals {std[0, 0] / std[1, 0]:.1f} times as wide as for 64-41414-3_33_333"
    assert both.unfamiliar("64-2311-3_33_333").startswith(wider)


def test_it_answers_for_an_oracle_and_survives_a_pickle() -> None:
    for space, arch in ((MICRO.name, "32-2311-3_33_333"), (MACRO.name, "32-2311-basic")):
        both = pickle.loads(pickle.dumps(TransNASSurrogate(World(MICRO.name), World(MACRO.name), space)))
        assert Oracle(both)(arch, "jigsaw") == both.predict([arch])[0, 0]


def test_what_does_not_go_together_is_refused(both: TransNASSurrogate) -> None:
    with pytest.raises(ValueError, match="expected a surrogate of transnas101-micro, got one of transnas101-macro"):
        TransNASSurrogate(World(MACRO.name), World(MACRO.name))
    with pytest.raises(ValueError, match="expected surrogates of the same tasks, got jigsaw and normal"):
        TransNASSurrogate(World(MICRO.name), World(MACRO.name, ("normal",)))
    with pytest.raises(ValueError, match="expected a surrogate of performance, got one of costs"):
        TransNASSurrogate(World(MICRO.name, equivalence="string"), World(MACRO.name))
    small = World(MICRO.name)
    small.trainings_ = {"jigsaw": {"preset": "mini"}}
    with pytest.raises(ValueError, match=r"jigsaw: expected surrogates of the same trainings, .* skeletons of None"):
        TransNASSurrogate(small, World(MACRO.name))
    lower = [World(space.name, ("mine",)) for space in (MICRO, MACRO)]
    lower[0].minimize_ = ("mine",)
    with pytest.raises(ValueError, match="the same tasks to be better when lower, got mine and none"):
        TransNASSurrogate(*lower)
    with pytest.raises(ArchitectureError, match="expected an architecture of transnas101-micro or transnas101-macro"):
        both.predict(["|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"])


def test_log_distance_is_undone_and_better_values_have_higher_scores() -> None:
    for task, values in (("jigsaw", [1.0, 50.0, 99.0]), ("room_layout", [-1.0, -0.5]), ("mine", [3.0, 4.0])):
        scale = LogDistance.of_task(find_task(task), np.array(values))
        scores = scale.forward(np.array(values))
        assert (np.diff(scores) > 0).all()
        np.testing.assert_allclose(scale.backward(scores), values)
        step = 1e-6
        slope = (scale.backward(scores + step) - scale.backward(scores - step)) / (2 * step)
        np.testing.assert_allclose(scale.unit(np.array(values)), slope, rtol=1e-6)
    loss = LogDistance.of_task(get_task("jigsaw"), np.array([90.0]))
    assert np.isfinite(loss.forward(np.array([100.0]))).all()


def test_a_linear_trend_is_found_and_gone_on_with() -> None:
    archs = list(MACRO.archs[::7])
    halvings = np.array([[sum(digit in "34" for digit in arch.split("-")[1])] for arch in archs], dtype=np.float64)
    trend = SkeletonTrend.fit(archs, np.hstack([halvings, -2 * halvings]))
    found = trend.scores(["64-11111111-basic", "64-44444444-basic"])
    np.testing.assert_allclose(found, [[0.0, 0.0], [8.0, -16.0]], atol=0.5)


def test_a_change_per_doubling_is_that_of_pairs() -> None:
    archs = list(MACRO.archs)
    Z = np.array([[-np.log(error(arch))] for arch in archs])
    mean, std = change_per_doubling(archs, Z)
    np.testing.assert_allclose((mean, std), [[DOUBLED], [0.0]], atol=1e-9)
    with pytest.raises(ValueError, match="expected skeletons that differ in the channels of the first module"):
        change_per_doubling(["64-1131-basic", "64-1111-basic"], np.zeros((2, 1)))
