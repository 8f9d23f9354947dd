import math

import numpy as np
import pytest

from benchmarks.training.dynamic.exits import (
    NEVER,
    ExitCurve,
    ExitLogits,
    average_multiply_adds,
    confidences,
    exit_shares,
    exits_at,
    fit_temperatures,
    share_grid,
    thresholds_of_shares,
)


def logits(stages: int = 3, n: int = 40, classes: int = 5, seed: int = 0) -> ExitLogits:
    rng = np.random.default_rng(seed)
    return ExitLogits(2 * rng.normal(size=(stages, n, classes)), rng.integers(classes, size=n))


def naive_confidence(row, temperature: float) -> float:
    powers = [math.exp(value / temperature) for value in row]
    return max(powers) / sum(powers)


def test_confidences_are_the_largest_probabilities():
    found, temperatures = logits(), [0.5, 1.0, 3.0]
    expected = [[naive_confidence(row, t) for row in own] for own, t in zip(found.logits, temperatures, strict=True)]
    np.testing.assert_allclose(confidences(found.logits, temperatures), expected, rtol=1e-12)


def test_thresholds_are_those_of_sorted_validation_confidences():
    """MSDNet-PyTorch's algorithm, written with plain loops."""
    confidence = confidences(logits(n=50).logits)
    for shares in share_grid(3)[::5]:
        left, expected = list(range(50)), []
        for stage in (0, 1):
            count = math.floor(shares[stage] * 50 + 0.5)
            ranked = sorted(left, key=lambda image: -confidence[stage, image])
            taken = ranked[:count]
            if not taken or len(taken) == len(left):
                expected.append(0.0 if taken else NEVER)
            else:  # midway to the first that stays
                expected.append((confidence[stage, taken[-1]] + confidence[stage, ranked[count]]) / 2)
            left = [image for image in left if image not in taken]
        found = thresholds_of_shares(confidence, shares)
        np.testing.assert_array_equal(found, expected)
        counts = np.bincount(exits_at(confidence, found), minlength=3)
        assert counts.tolist()[:2] == [math.floor(share * 50 + 0.5) for share in shares[:2]]


def test_images_of_equal_confidence_exit_together():
    assert thresholds_of_shares(np.array([[0.5, 0.5, 0.5, 0.2], [1.0] * 4]), [0.25, 0.75]).tolist() == [0.35]
    assert thresholds_of_shares(np.full((2, 4), 0.5), [0.25, 0.75]).tolist() == [0.0]
    assert exits_at(np.array([[0.5, 0.5, 0.5, 0.2], [1.0] * 4]), [0.5]).tolist() == [0, 0, 0, 1]


def test_neighbouring_numbers_are_told_apart():
    above = np.nextafter(0.5, 1)
    assert thresholds_of_shares(np.array([[0.5, above], [1.0, 1.0]]), [0.5, 0.5]).tolist() == [above]


def test_exits_are_the_first_stage_that_is_confident_enough():
    confidence = confidences(logits().logits)
    thresholds = [0.6, 0.5]
    expected = []
    for image in range(confidence.shape[1]):
        exit = 2
        for stage in (1, 0):
            if confidence[stage, image] >= thresholds[stage]:
                exit = stage
        expected.append(exit)
    assert exits_at(confidence, thresholds).tolist() == expected
    assert exits_at(confidence, [0.0, 0.0]).tolist() == [0] * 40
    assert exits_at(confidence, [NEVER, NEVER]).tolist() == [2] * 40
    sure = np.ones((2, 3))  # a confidence of exactly one reaches a threshold of one, and none is above it
    assert exits_at(sure, [1.0]).tolist() == [0, 0, 0]
    assert exits_at(sure, [NEVER]).tolist() == [1, 1, 1]


def test_the_average_cost_is_the_sum_of_shares_times_costs():
    exits, costs = np.array([0, 2, 1, 1, 0]), np.array([10, 25, 60])
    shares = exit_shares(exits, 3)
    assert average_multiply_adds(shares, costs) == pytest.approx(sum(costs[exit] for exit in exits) / 5)


def test_temperatures_have_the_least_cross_entropy():
    found = logits(2, 200, seed=4)
    for stage, best in enumerate(fit_temperatures(found)):

        def loss(temperature, stage=stage):
            total = 0.0
            for row, label in zip(found.logits[stage], found.targets, strict=True):
                total -= math.log(math.exp(row[label] / temperature) / sum(math.exp(v / temperature) for v in row))
            return total

        around = np.exp(np.linspace(math.log(0.06), math.log(19), 60))
        assert loss(best) <= min(loss(temperature) for temperature in around) + 1e-6


def test_soft_and_hard_targets_agree():
    hard = logits(2, 60)
    soft = ExitLogits(hard.logits, np.eye(5)[hard.targets])
    np.testing.assert_allclose(fit_temperatures(soft), fit_temperatures(hard), rtol=1e-6)
    assert np.array_equal(soft.right(), hard.right())


def test_a_curve_is_what_each_threshold_gives():
    valid, test, costs = logits(2, 40, seed=1), logits(2, 30, seed=2), np.array([10, 30])
    temperatures = fit_temperatures(valid)
    curve = ExitCurve.of_shares(valid, share_grid(2), costs, temperatures)
    other = ExitCurve.at(test, curve.thresholds, costs, temperatures)
    for images, found in ((valid, curve), (test, other)):
        for point, (threshold,) in enumerate(found.thresholds):
            right, cost, by_exit = 0, 0, [[], []]
            for image, label in enumerate(images.targets):
                sure = naive_confidence(images.logits[0, image], temperatures[0]) >= threshold - 1e-12
                exit = 0 if sure else 1
                hit = int(images.logits[exit, image].argmax()) == label
                right, cost = right + hit, cost + costs[exit]
                by_exit[exit].append(hit)
            n = len(images.targets)
            assert found.accuracy[point] == pytest.approx(100 * right / n)
            assert found.multiply_adds[point] == pytest.approx(cost / n)
            for exit, hits in enumerate(by_exit):
                if hits:
                    assert found.by_exit[point, exit] == pytest.approx(100 * np.mean(hits))
                else:
                    assert np.isnan(found.by_exit[point, exit])
    assert curve.multiply_adds[0] == 10
    assert curve.multiply_adds[-1] == 30


def test_a_temperature_is_applied_before_the_thresholds():
    valid = logits(2, 40)
    hot = ExitCurve.of_shares(valid, share_grid(2), np.array([1, 2]), np.array([5.0, 1.0]))
    plain = ExitCurve.of_shares(valid, share_grid(2), np.array([1, 2]))
    inner = slice(1, -1)
    assert (hot.thresholds[inner] < plain.thresholds[inner]).all()


def test_rewards_are_accuracies_within_the_budget():
    nothing = np.zeros((3, 1))
    curve = ExitCurve(nothing, nothing, np.array([1.0, 2.0, 4.0]), np.array([50.0, 60.0, 65.0]), nothing)
    assert curve.rewards(4.0).tolist() == [50, 60, 65]
    assert curve.rewards(2.0, 10.0)[2] == pytest.approx(65 - 10 * math.log(2))
    for budget, penalty in ((0.0, 1.0), (1.0, -1.0)):
        with pytest.raises(ValueError, match="expected a positive budget and penalty >= 0"):
            curve.rewards(budget, penalty)


def targets(first) -> np.ndarray:
    found = np.zeros(6, dtype=np.asarray(first).dtype)
    found[3] = first
    return found


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"logits": np.nan}, r"finite logits, got nan for image 4 \(from 0\) in stage 2"),
        ({"logits": np.inf}, "finite logits, got inf for image 4"),
        ({"targets": targets(-1)}, r"a class from 0 to 2, got -1 for image 3 \(from 0\)"),
        ({"targets": targets(3)}, "a class from 0 to 2, got 3 for image 3"),
        ({"targets": targets(1.0)}, "classes as integers, got targets of type float64"),
        (
            {"targets": np.ones((6, 5)) / 5},
            r"of shape \(n,\) or \(n, classes\), here \(6,\) or \(6, 3\), got .*\(6, 5\)",
        ),
        ({"targets": np.array([[0.5, 0.5, 0]] * 5 + [[1.5, -0.5, 0]])}, "probabilities >= 0, got .* for image 5"),
        ({"targets": np.full((6, 3), np.nan)}, "finite probabilities >= 0, got .* for image 0"),
    ],
)
def test_logits_and_targets_that_cannot_be_are_refused(changes, match):
    values = np.zeros((2, 6, 3))
    values[1, 4, 2] = changes.get("logits", 0.0)
    with pytest.raises(ValueError, match=match):
        ExitLogits(values, changes.get("targets", np.zeros(6, dtype=int)))


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda c: exits_at(c, [1.5, 0.5]), "thresholds from 0 to 1, or inf for an exit that is never taken, got 1.5"),
        (lambda c: exits_at(c, [-0.1, 0.5]), "got -0.1"),
        (lambda c: exits_at(c, [float("nan"), 0.5]), "got nan"),
        (lambda c: exits_at(c, [0.5]), "a threshold for each of 2 exits before the last of 3 stages"),
        (lambda c: thresholds_of_shares(c, [0.5, 0.2, 0.2]), "expected shares of 3 exits that sum to 1"),
        (lambda c: thresholds_of_shares(c, [1.5, -0.5, 0.0]), "expected shares of 3 exits that sum to 1"),
        (lambda c: confidences(c[:, :, None], [1.0, 0.0, 1.0]), "a positive temperature for each of 3 stages"),
        (
            lambda c: ExitLogits(c[:, :, None], np.zeros(7, dtype=int)),
            r"logits of shape \(S, n, classes\) and n targets",
        ),
    ],
)
def test_bad_numbers_are_refused(call, match):
    with pytest.raises(ValueError, match=match):
        call(confidences(logits().logits))
