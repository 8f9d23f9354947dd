"""The discriminator: layers, spectral norm, gradients at every image size."""

import copy

import pytest
import torch
from torch import nn

from benchmarks.training.networks.discriminator import Discriminator


def test_parameters_by_hand():
    channels, kernels = (6, 64, 128, 256, 256, 512, 512, 1), (5, 5, 5, 3, 3, 3, 3)
    expected = sum(
        k * k * before * after + after for k, before, after in zip(kernels, channels, channels[1:], strict=False)
    )
    assert sum(weights.numel() for weights in Discriminator().parameters()) == expected


@pytest.mark.parametrize("size", [32, 64, 256])
def test_forward_and_backward(size):
    network = Discriminator(width=4)
    pair = torch.rand(2, 6, size, size, requires_grad=True)
    scores = network(pair)
    assert scores.shape == (2, 1)
    nn.functional.binary_cross_entropy_with_logits(scores, torch.ones_like(scores)).backward()
    assert pair.grad.any()
    assert all(weights.grad is not None for weights in network.parameters())


def test_spectral_norm_is_one():
    network = Discriminator(width=8)
    for _ in range(50):  # each training pass is one step of the power iteration
        network(torch.zeros(1, 6, 32, 32))
    convs = [layer for layer in network.layers if isinstance(layer, nn.Conv2d)]
    assert len(convs) == 7
    for conv in convs[:-1]:
        assert torch.linalg.matrix_norm(conv.weight.flatten(1), 2).item() == pytest.approx(1, rel=0.05)
    assert not hasattr(convs[-1], "parametrizations")


def test_the_first_pass_underestimates_the_largest_singular_value():
    """Published networks begin with random singular vectors and one iteration; fifteen would give nearly 1."""
    network = Discriminator(width=8)
    before = [layer.parametrizations.weight.original for layer in network.layers if hasattr(layer, "parametrizations")]
    network(torch.zeros(1, 6, 32, 32))
    network.eval()
    after = [layer for layer in network.layers if hasattr(layer, "parametrizations")]
    estimated = []
    for original, layer in zip(before, after, strict=True):
        with torch.no_grad():
            sigma = (original / layer.weight).flatten()[0]  # in evaluation nothing is iterated
            estimated.append(float(sigma / torch.linalg.matrix_norm(original.flatten(1), 2)))
    assert max(estimated) < 0.97
    assert min(estimated) > 0.3


def test_seeds_copies_and_global_generator():
    state = torch.get_rng_state()
    network, same, other = Discriminator(8), Discriminator(8), Discriminator(8, seed=1)
    assert torch.equal(state, torch.get_rng_state())
    pair = torch.rand(2, 6, 64, 64)
    scores = network.eval()(pair)
    assert torch.equal(same.eval()(pair), scores)
    assert torch.equal(copy.deepcopy(network)(pair), scores)
    assert not torch.equal(other.eval()(pair), scores)
    other.load_state_dict(network.state_dict())
    assert torch.equal(other(pair), scores)


@pytest.mark.parametrize("width", [0, -1, 2.5, True])
def test_bad_width(width):
    with pytest.raises(ValueError, match="expected a positive integer as width, got"):
        Discriminator(width)
