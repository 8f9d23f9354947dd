"""The formulas of zero-cost proxies: each against a loop, autograd or a hand calculation."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.training.networks.task_network import build_backbone, build_network
from encoders import ZeroCost
from encoders.zero_cost.batch import labelled_batch, noise_images, proxy_recipe
from encoders.zero_cost.full_network import FullNetwork, full_network
from encoders.zero_cost.proxies import jacobian_score, network_scores, synflow_score, zen_score

ARCH = "64-41414-1_23_301"
DEAD = "64-41414-0_31_000"
TINY = {"base_channels": 4, "input_size": 32, "batch_size": 4, "images": "noise", "decoder_width": 16}
SEEN = ("class_scene", "segmentsemantic", "jigsaw")


def batch_of(task="class_scene", n=4, size=32):
    recipe = proxy_recipe(task, size)
    return labelled_batch(recipe, noise_images(recipe, n, 0), n, 0, "cpu")


def tiny_network(arch=ARCH, task="class_scene"):
    return build_network(arch, task, input_size=8 if task == "jigsaw" else 32, base_channels=4, decoder_width=16)


def layers(network):
    return [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear))]


def test_synflow_of_two_layers_by_hand():
    """R = sum over paths of |w1 w2|; each layer's sum of w dR/dw is R."""
    network = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.BatchNorm2d(2), nn.Conv2d(2, 1, 1, bias=False))
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([2.0, -3.0]).view(2, 1, 1, 1))
        network[2].weight.copy_(torch.tensor([-5.0, 7.0]).view(1, 2, 1, 1))
    flow = 4 * (2 * 5 + 3 * 7)  # four pixels
    assert synflow_score(network, (1, 2, 2)) == pytest.approx(math.log1p(2 * flow))


def test_naswot_against_a_loop_over_images():
    network, batch = full_network(tiny_network()), batch_of()
    found = network_scores(network, {"naswot"}, batch, 0, 32)["naswot"]
    codes = []
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_pre_hook(lambda _, given: codes.append((given[0] > 0).flatten(1)))
    network(batch.inputs)
    code = torch.cat(codes, dim=1).numpy()
    agreement = [[code.shape[1] - int((a != b).sum()) for b in code] for a in code]
    assert found == pytest.approx(np.linalg.slogdet(np.array(agreement, dtype=float))[1])


@pytest.mark.parametrize("arch", [ARCH, DEAD, "64-1-2_20_222", "64-2311-basic", "64-14414-basic"])
@pytest.mark.parametrize("task", SEEN)
def test_dead_operations_change_no_answer(arch, task):
    network, batch = tiny_network(arch, task), batch_of(task)
    full = full_network(network)
    assert torch.equal(full(batch.inputs), network(batch.inputs))
    assert len(list(full.parameters())) == len(list(network.parameters()))


def test_every_operation_has_a_rectifier_and_zen_sees_dead_ones():
    backbone = FullNetwork(build_backbone("8-1-2_20_022", 32))
    assert sum(isinstance(module, nn.ReLU) for module in backbone.modules()) == 1 + 2 * 4
    frame = ZeroCost(**{**TINY, "proxies": ["zen", "naswot"]}).scores(["64-1-0_30_300", "64-1-0_00_300"])
    assert (frame.iloc[0] != frame.iloc[1]).all()


@pytest.mark.parametrize("task", SEEN)
def test_loss_gradients_against_backward(task):
    network, batch = tiny_network(task=task), batch_of(task)
    found = network_scores(network, {"grad_norm", "snip", "plain"}, batch, 0, 32)
    batch.loss(network(batch.inputs), batch.targets).backward()
    pairs = [(w.detach(), w.grad) for w in (layer.weight for layer in layers(network)) if w.grad is not None]
    assert found["grad_norm"] == pytest.approx(sum(float(g.norm()) for _, g in pairs), rel=1e-4)
    assert found["snip"] == pytest.approx(sum(float((w * g).abs().sum()) for w, g in pairs), rel=1e-4)
    scale = found["snip"] * 1e-5
    assert found["plain"] == pytest.approx(sum(float((w * g).sum()) for w, g in pairs), rel=1e-3, abs=scale)


def test_fisher_against_a_loop_over_images_and_channels():
    network, batch = tiny_network(), batch_of()
    kept = {}
    for layer in layers(network):
        layer.register_forward_hook(lambda module, _, output: kept.__setitem__(module, output))
    loss = batch.loss(network(batch.inputs), batch.targets)
    expected = 0.0
    for layer, output in kept.items():
        per_channel = layer.weight[0].numel()
        products = (output * torch.autograd.grad(loss, output, retain_graph=True)[0]).detach()
        for channel in range(products.shape[1]):
            squares = [float(image[channel].sum()) ** 2 for image in products]
            expected += per_channel * sum(squares) / len(squares) / 2
    fresh = tiny_network()
    assert network_scores(fresh, {"fisher"}, batch, 0, 32)["fisher"] == pytest.approx(expected, rel=1e-4)


def test_grasp_against_a_difference_of_gradients():
    """H g is the change of the gradient along g."""
    network, batch = tiny_network("64-1-0_00_300").double(), batch_of()
    batch = type(batch)(
        batch.inputs.double(), batch.targets.double(), lambda o, t: -(t * o.log_softmax(1)).sum(1).mean()
    )
    found = network_scores(network, {"grasp"}, batch, 0, 32)["grasp"]

    def gradients():
        used = [layer.weight for layer in layers(network)]
        grads = torch.autograd.grad(batch.loss(network(batch.inputs), batch.targets), used, allow_unused=True)
        return [(w, g) for w, g in zip(used, grads, strict=True) if g is not None]

    start, step = gradients(), 1e-5
    weights = [w.detach().clone() for w, _ in start]
    ends = []
    for sign in (1, -1):
        with torch.no_grad():
            for (w, g), old in zip(start, weights, strict=True):
                w.copy_(old + sign * step * g)
        ends.append(gradients())
    expected = -sum(
        float((old * (up - down)).sum()) / (2 * step) for old, (_, up), (_, down) in zip(weights, *ends, strict=True)
    )
    assert found == pytest.approx(expected, rel=1e-3)


def test_jacov_against_complex_eigenvalues():
    rows = np.random.default_rng(0).normal(size=(5, 40))
    values = np.linalg.eigvals(np.corrcoef(rows)).real + 1e-5
    assert jacobian_score(rows) == pytest.approx(-np.sum(np.log(values) + 1 / values))
    assert jacobian_score(rows) > jacobian_score(rows + 3 * rows[0])  # images less well told apart
    assert math.isnan(jacobian_score(np.zeros((5, 40))))


def test_jacov_reads_the_jacobian_of_the_summed_outputs():
    network, batch = tiny_network(), batch_of()
    inputs = batch.inputs.clone().requires_grad_()
    network(inputs).sum().backward()
    expected = jacobian_score(inputs.grad.flatten(1).double().numpy())
    assert network_scores(network, {"jacov"}, batch, 0, 32)["jacov"] == pytest.approx(expected, rel=1e-4)


def test_zen_of_one_convolution_by_hand():
    """Batch norm divides by sigma and zen multiplies it back: the score is that of the convolution alone."""
    backbone = nn.Sequential(nn.Conv2d(3, 1, 3, bias=False), nn.BatchNorm2d(1))
    shape = (4, 3, 16, 16)
    found = zen_score(backbone, shape, torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(0)
    _ = torch.randn((1, 3, 3, 3), generator=generator)
    images, noise = (torch.randn(shape, generator=generator) for _ in range(2))
    with torch.no_grad():
        change = backbone[0](images + 0.01 * noise) - backbone[0](images)
    assert found == pytest.approx(math.log(float(change.abs().flatten(1).sum(1).mean())), abs=0.02)
