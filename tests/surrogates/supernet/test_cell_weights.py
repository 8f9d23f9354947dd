import numpy as np
import pytest
import torch
from scipy.special import softmax

from benchmarks import get_space
from benchmarks.errors import UnknownNameError
from benchmarks.spaces.cell import EDGES, live_edges
from surrogates.supernet.cell_weights import CELL_METHODS, CellWeights, has_skips_alone

MICRO, CIFAR = get_space("transnas101-micro"), get_space("nasbench201")


def weights(method, space=MICRO, seed=0, spread=2.0, threshold=0.5):
    found = CellWeights(space, method, threshold, seed)
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        found.alpha.copy_(spread * torch.randn(found.alpha.shape, generator=rng))
    return found


def naive_dst(alpha, thresholds, single):
    """Edge by edge: softmax without "none", share of the largest input of the node, less the threshold."""
    p = np.zeros(alpha.shape)
    for edge, row in enumerate(alpha):
        p[edge, 1:] = softmax(row[1:])
        if single:
            p[edge] = [value if index == p[edge].argmax() else 0 for index, value in enumerate(p[edge])]
    q = np.zeros(alpha.shape)
    for node, t in zip((1, 2, 3), thresholds, strict=True):
        edges = [edge for edge, (_, to) in enumerate(EDGES) if to == node]
        largest = max(p[edge].max() for edge in edges)
        for edge in edges:
            q[edge] = [max(value / largest - t, 0) for value in p[edge]]
        stay = sum(q[edge].max() > 0 for edge in edges)
        total = sum(q[edge].sum() for edge in edges)
        for edge in edges:
            q[edge] *= stay / total
    return q


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("space", [MICRO, CIFAR])
def test_weights_of_dst_are_those_of_a_loop(space, seed, single):
    found = weights("entrannas", space, seed)
    with torch.no_grad():
        found.beta.copy_(torch.tensor([-1.0, 0.0, 1.0]))
    found.single = single
    expected = naive_dst(found.alpha.detach().double().numpy(), torch.sigmoid(found.beta).tolist(), single)
    np.testing.assert_allclose(found().detach().numpy(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("space", [MICRO, CIFAR])
def test_what_is_mixed_in_the_end_is_what_is_derived(space, seed):
    found = weights("entrannas", space, seed)
    found.single = True
    q, code = found(), np.array(space.parse(found.derive()).code)
    used = np.where((q > 0).any(dim=1).numpy(), q.argmax(dim=1).numpy(), 0)
    assert code.tolist() == used.tolist()
    assert ((q > 0).sum(dim=1) <= 1).all()
    for node in (1, 2, 3):
        assert any(code[edge] for edge, (_, to) in enumerate(EDGES) if to == node)  # never an empty node


@pytest.mark.parametrize("method", CELL_METHODS)
@pytest.mark.parametrize("seed", range(10))
def test_no_method_derives_a_dead_cell(method, seed):
    found = weights(method, seed=seed)
    if method == "darts":
        with torch.no_grad():
            found.alpha[3:, 0] += 10  # "none" into the output is the most probable
    assert live_edges(MICRO.cell_codes([found.derive()])).any()


def test_darts_takes_the_best_operation_of_each_edge_or_the_most_probable_live_cell():
    found = weights("darts", seed=1)
    assert MICRO.parse(found.derive()).code == tuple(found.alpha.argmax(dim=1).tolist())
    np.testing.assert_allclose(found().detach().numpy(), softmax(found.alpha.detach().numpy(), axis=1), rtol=1e-5)
    with torch.no_grad():
        found.alpha[:, 0] += 20
    logits = torch.log_softmax(found.alpha.detach().double(), dim=1).numpy()
    alive = MICRO.codes[live_edges(MICRO.codes).any(axis=1)]
    best = max(alive.tolist(), key=lambda code: sum(logits[edge, index] for edge, index in enumerate(code)))
    assert list(MICRO.parse(found.derive()).code) == best


def test_without_dst_a_node_keeps_its_two_strongest_inputs():
    found = weights("entrannas-base", seed=2)
    p = softmax(found.alpha.detach().numpy()[:, 1:], axis=1)
    code = MICRO.parse(found.derive()).code
    weakest = min((3, 4, 5), key=lambda edge: p[edge].max())
    for edge in range(6):
        assert code[edge] == (0 if edge == weakest else 1 + p[edge].argmax())


def test_a_dropped_operation_acts_through_the_softmax_of_its_edge_only():
    found = weights("entrannas")
    with torch.no_grad():
        found.alpha.copy_(torch.tensor([[0.0, 0.0, 0.0, 5.0]] * 6))
        found.alpha[5, 3] = 4.0
    q = found()
    q[5, 3].backward()
    grad = found.alpha.grad
    assert (q[:, 1:3] == 0).all()
    assert (grad[5, 1:3] != 0).all()
    assert (grad[0] == 0).all()  # of another node
    assert (found.beta.grad != 0).tolist() == [False, False, True]


@pytest.mark.parametrize("seed", range(40))
def test_the_only_input_that_stays_has_no_gradient(seed):
    found = weights("entrannas", seed=seed)
    found.single = True
    generator = torch.Generator().manual_seed(seed)
    q = found()
    (q * torch.randn(q.shape, generator=generator)).sum().backward()
    for node, threshold in zip((1, 2, 3), found.beta.grad, strict=True):
        edges = [edge for edge, (_, to) in enumerate(EDGES) if to == node]
        alone = (q[edges] > 0).sum() == 1
        assert (threshold == 0) == alone
        assert (found.alpha.grad[edges] == 0).all() == alone


@pytest.mark.parametrize(
    ("arch", "skips"),
    [("64-41414-1_11_111", True), ("64-41414-1_03_100", True), ("64-41414-1_11_131", False)],
)
def test_skips_alone_are_told_by_the_simplest_form(arch, skips):
    assert has_skips_alone(MICRO, arch) == skips


def test_bad_input_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'darts'"):
        CellWeights(MICRO, "dart")
    for threshold in (0.0, 1.0):
        with pytest.raises(ValueError, match="expected a threshold between 0 and 1, got"):
            CellWeights(MICRO, "entrannas", threshold)
