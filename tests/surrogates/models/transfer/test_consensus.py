"""What sources expect of any task: weights by agreement against numpy, directions, costs."""

import numpy as np
import pytest

from surrogates.models.transfer.consensus import SourceKinds, consensus_weights, left_out_consensus


def _kinds(signs, costs=None):
    return SourceKinds(np.array(signs, dtype=float), np.array(costs or [False] * len(signs)))


@pytest.fixture
def scores(rng):
    common = rng.normal(size=(400, 1))
    return np.concatenate([common + 0.5 * rng.normal(size=(400, 3)), rng.normal(size=(400, 1))], axis=1)


def test_weights_are_correlations_with_the_mean_of_the_others(scores):
    weights = consensus_weights(scores, _kinds([1, 1, 1, 1]))
    agreement = [np.corrcoef(scores[:, j], np.delete(scores, j, axis=1).mean(axis=1))[0, 1] for j in range(4)]
    np.testing.assert_allclose(weights / weights[0], np.maximum(agreement, 0) / agreement[0])
    assert (scores @ weights).std() == pytest.approx(1)
    assert weights[3] < 0.3 * weights[:3].min()


def test_sources_better_when_lower_are_turned(scores):
    signs = np.array([1.0, -1.0, 1.0, -1.0])
    plain = consensus_weights(scores, _kinds([1] * 4))
    np.testing.assert_allclose(consensus_weights(scores * signs, _kinds(signs)), plain * signs)


def test_costs_say_nothing_of_other_tasks(scores):
    kinds = _kinds([1] * 4, [False, True, False, True])
    assert consensus_weights(scores, kinds)[[1, 3]].tolist() == [0, 0]
    assert consensus_weights(scores, kinds, cost=True)[[0, 2]].tolist() == [0, 0]
    assert not consensus_weights(scores, _kinds([1] * 4), cost=True).any()


def test_sources_that_do_not_vary_or_disagree():
    z = np.linspace(-1, 1, 9)
    assert not consensus_weights(np.zeros((9, 2)), _kinds([1, 1])).any()
    with_constant = consensus_weights(np.stack([z, z, 0 * z], axis=1), _kinds([1] * 3))
    assert with_constant[0] == with_constant[1] > 0
    assert consensus_weights(z[:, None], _kinds([-1]))[0] == pytest.approx(-1 / z.std())


def test_each_source_is_expected_from_the_others(scores):
    left_out, expected = left_out_consensus(scores, _kinds([1] * 4))
    np.testing.assert_array_equal(left_out, scores.T)
    others = np.delete(scores, 2, axis=1)
    np.testing.assert_allclose(expected[2], others @ consensus_weights(others, _kinds([1] * 3)))
    assert left_out_consensus(scores[:, :1], _kinds([1]))[0].shape == (0, 400)
