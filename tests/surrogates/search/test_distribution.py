import numpy as np
import pytest
from scipy.special import softmax

from surrogates.search.distribution import followed, standardised


def naive(theta, values, sharpness, momentum):
    """The published update, entry by entry."""
    rounds, decisions, options = values.shape
    updated = np.zeros((decisions, options))
    for decision in range(decisions):
        for option in range(options):
            mean = 0.0
            for one in values[:, decision]:
                used = [k for k in range(options) if not np.isnan(one[k])]
                shares = dict(zip(used, softmax([sharpness * one[k] for k in used]), strict=True))
                mean += shares.get(option, 0.0) / rounds
            updated[decision, option] = mean + momentum * theta[decision, option]
    return updated / updated.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_the_update_is_the_published_formula(momentum):
    rng = np.random.default_rng(0)
    theta = rng.dirichlet(np.ones(5), 6)
    values = rng.uniform(0.2, 0.3, (3, 6, 5))
    values[:, :, 1] = np.nan  # pruned before
    theta[:, 1] = 0
    theta /= theta.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        found = np.exp(followed(np.log(theta), values, sharpness=100.0, momentum=momentum))
    np.testing.assert_allclose(found, naive(theta, values, 100.0, momentum), rtol=1e-10, atol=1e-300)
    assert (found[:, 1] == 0).all()


def test_sharp_values_do_not_underflow():
    found = followed(np.zeros((1, 2)), np.array([[[0.0, 50.0]]]), sharpness=100.0)
    np.testing.assert_allclose(found, [[-5000.0, 0.0]])


def test_equal_values_are_zeros():
    assert standardised(np.full(4, 0.3)).tolist() == [0.0] * 4
    rng = np.random.default_rng(0)
    found = standardised(rng.normal(3, 2, 50))
    assert found.mean() == pytest.approx(0)
    assert found.std() == pytest.approx(1)
