import copy

import pytest
import torch
from torch import nn

from benchmarks.training.supernet import batch_statistics, group_statistics, recalibrate


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5))


def batches(n: int = 3):
    rng = torch.Generator().manual_seed(1)
    return [torch.randn(6, 3, 9, 9, generator=rng) for _ in range(n)]


def test_batch_statistics_normalise_by_the_batch_and_leave_the_running_ones():
    net, (images,) = network().eval(), batches(1)
    before = {name: values.clone() for name, values in net.state_dict().items()}
    with batch_statistics(net), torch.no_grad():
        found = net(images)
    hidden = nn.functional.relu(_normalised(net[0](images)))
    assert torch.allclose(found, _normalised(net[3](hidden)), atol=1e-5)
    assert not any(module.training for module in net.modules())
    assert all(torch.equal(values, before[name]) for name, values in net.state_dict().items())
    assert all(norm.track_running_stats for norm in (net[1], net[4]))


def test_only_norms_are_in_training_mode_and_contexts_can_be_nested():
    net = nn.Sequential(
        nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.BatchNorm1d(4, track_running_stats=False)
    )
    net.eval()
    net[1].train()  # a mode of its own
    images = torch.randn(6, 3, generator=torch.Generator().manual_seed(2))
    with batch_statistics(net), torch.no_grad():
        with batch_statistics(net):
            net(images)
        found = net(images)
        assert not net[2].training
    values = net[0](images)
    for _ in range(2):  # dropout changes nothing
        values = (values - values.mean(0)) / (values.var(0, unbiased=False) + 1e-5).sqrt()
    assert torch.allclose(found, values, atol=1e-5)
    assert [module.training for module in net] == [False, True, False, False]
    assert [net[1].track_running_stats, net[3].track_running_stats] == [True, False]
    assert torch.equal(net[1].running_mean, torch.zeros(4))


def test_recalibrated_statistics_are_the_means_over_the_batches():
    net, given = network().eval(), batches()
    recalibrate(net, given)
    with torch.no_grad():
        first = [net[0](images) for images in given]
        second = [net[3](nn.functional.relu(_normalised(hidden))) for hidden in first]
    for norm, hidden in ((net[1], first), (net[4], second)):
        means = torch.stack([values.mean(dim=(0, 2, 3)) for values in hidden]).mean(dim=0)
        variances = torch.stack([values.var(dim=(0, 2, 3)) for values in hidden]).mean(dim=0)
        assert torch.allclose(norm.running_mean, means, atol=1e-5)
        assert torch.allclose(norm.running_var, variances, atol=1e-5)
        assert norm.momentum == 0.1
    assert not any(module.training for module in net.modules())


def test_recalibration_forgets_what_was_there_before():
    one, other = network(), network()
    with torch.no_grad():
        one[1].running_mean += 100
    for net in (one, other):
        recalibrate(net, batches())
    assert torch.equal(one[1].running_mean, other[1].running_mean)


def test_recalibration_needs_a_batch():
    with pytest.raises(ValueError, match="at least one batch"):
        recalibrate(network(), [])


def _normalised(values):
    mean = values.mean(dim=(0, 2, 3), keepdim=True)
    return (values - mean) / (values.var(dim=(0, 2, 3), keepdim=True, unbiased=False) + 1e-5).sqrt()


def test_statistics_of_groups_are_those_of_each_group_alone():
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.BatchNorm2d(3, affine=False)).train()
    before = copy.deepcopy(network.state_dict())
    batch = torch.randn(12, 2, 5, 5, generator=torch.Generator().manual_seed(0), requires_grad=True)
    with group_statistics(network, 3):
        found = network(batch)
    found.square().sum().backward()
    gradient, batch.grad = batch.grad, None
    assert all(torch.equal(values, before[name]) for name, values in network.state_dict().items())
    for group in range(3):
        alone = copy.deepcopy(network)
        torch.testing.assert_close(found[group::3], alone(batch[group::3]))
        alone(batch[group::3]).square().sum().backward()
    torch.testing.assert_close(gradient, batch.grad)
    torch.testing.assert_close(network(batch), copy.deepcopy(network)(batch))
    assert "forward" not in vars(network[1])
