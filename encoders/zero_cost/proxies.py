"""Zero-cost proxies: scores of a network at initialisation that predict its performance after training.

All proxies that need gradients share one forward pass. Where papers and the scores published with NAS-Bench-Suite-Zero
(Krishnakumar et al., NeurIPS 2022) leave a choice, the choice of the published scores is used, so that ranks can be
compared; each function documents it. Sums are over weights of convolutions (also transposed ones) and linear layers,
not over biases and batch norm. Batch norm uses the statistics of the batch.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.short_repr import ShortRepr
from benchmarks.training.networks.task_network import TaskNetwork

__all__ = ["LabelledBatch", "jacobian_score", "network_scores", "synflow_score", "zen_score"]

_LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
_RELUS = (nn.ReLU, nn.LeakyReLU)
_JACOBIAN_EPSILON = 1e-5
_ZEN_STEP = 1e-2


@dataclass(frozen=True, eq=False, repr=False)
class LabelledBatch(ShortRepr):
    """Inputs, targets and loss of a task.

    Attributes:
        inputs: Inputs of the network, of shape (B, ...).
        targets: Targets of the loss, of shape (B, ...).
        loss: (outputs, targets) -> mean loss.
    """

    inputs: Tensor
    targets: Tensor
    loss: Callable[[Tensor, Tensor], Tensor]


def network_scores(
    network: TaskNetwork, proxies: Collection[str], batch: LabelledBatch, seed: int, flow_side: int
) -> dict[str, float]:
    """Scores of a newly built network, whose weights are changed.

    Args:
        network: A network in training mode; to reproduce published scores, one that computes all operations
            (`encoders.zero_cost.full_network`).
        proxies: Some of l2_norm, grad_norm, snip, plain, grasp, fisher, naswot, jacov, synflow and zen.
        batch: Images and labels; zen uses only their shape.
        seed: Seed of zen's random weights and images.
        flow_side: Side in pixels of synflow's single image (tile).

    Returns:
        Proxy -> score; NaN where it is not defined (no signal passes).
    """
    scores = {}
    if "l2_norm" in proxies:
        scores["l2_norm"] = sum(float(layer.weight.detach().norm()) for layer in _layers(network))
    if "synflow" in proxies:
        flowing = copy.deepcopy(network)
        flowing.input_size = flow_side
        scores["synflow"] = synflow_score(flowing, (*batch.inputs.shape[1:-2], flow_side, flow_side))
    if passed := set(proxies) & _OF_ONE_PASS:
        scores.update(_pass_scores(network, passed, batch))
    if "zen" in proxies:
        images = batch.inputs.flatten(0, -4)  # tiles are images for the backbone
        generator = torch.Generator().manual_seed(seed)
        scores["zen"] = zen_score(network.backbone, tuple(images.shape), generator)
    return scores


def synflow_score(network: nn.Module, shape: tuple[int, ...]) -> float:
    """Synaptic flow, log(1 + sum of |w dR/dw|) (Tanaka et al., NeurIPS 2020, equation 4).

    R is the sum of the outputs for one image of ones, with all parameters replaced by their absolute values, in double
    precision. Batch norm is removed, and so is a final tanh, which would saturate. The published scores are logarithms
    as well, and 0 if there is no flow.

    Args:
        network: The network; it is changed.
        shape: Shape of one image.
    """
    _linearise(network.double())
    weights = [layer.weight for layer in _layers(network)]
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    image = torch.ones((1, *shape), dtype=torch.float64, device=weights[0].device)
    grads = torch.autograd.grad(network(image).sum(), weights, allow_unused=True)
    flow = sum(float((w.detach() * g).abs().sum()) for w, g in zip(weights, grads, strict=True) if g is not None)
    return math.log1p(flow)


def zen_score(backbone: nn.Module, shape: tuple[int, ...], generator: torch.Generator) -> float:
    """Zen-score (Lin et al., ICCV 2021, algorithm 1): log of a random network's Gaussian complexity.

    With standard normal weights, images x and noise e: the log of the mean over images of |f(x) - f(x + 0.01 e)|_1 with
    f the backbone's last feature map, plus the log of sqrt(mean over channels of the batch variance) for each batch
    norm whose input is not all zeros.

    Args:
        backbone: The backbone; it is changed.
        shape: Shape of the images, (B, 3, S, S).
        generator: Random generator on the CPU.

    Returns:
        The score; NaN if the features do not depend on the images.
    """
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    layers = _layers(backbone)
    device = layers[0].weight.device
    with torch.no_grad():
        for layer in layers:
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator))
        for norm in norms:
            norm.momentum = 1.0  # running statistics are those of the last batch
        images, noise = (torch.randn(shape, generator=generator).to(device) for _ in range(2))
        change = (backbone(images) - backbone(images + _ZEN_STEP * noise)).abs().flatten(1).sum(dim=1).mean()
        variances = [float(norm.running_var.mean()) for norm in norms if norm.running_var is not None]
    if not change > 0:
        return math.nan
    return math.log(float(change)) + sum(0.5 * math.log(variance) for variance in variances if variance > 0)


def jacobian_score(jacobian: NDArray[np.float64]) -> float:
    """Jacobian covariance (Mellor et al., first version, arXiv 2006.04647v1, section 3).

    With v the eigenvalues of the correlations between the rows: minus the sum of log(v + k) + 1 / (v + k), k = 1e-5.
    About -B if images are distinguished; very negative otherwise.

    Args:
        jacobian: Jacobian of the summed outputs with respect to the images, of shape (B, d).

    Returns:
        The score; NaN if a row is constant.
    """
    if not (jacobian.std(axis=1) > 0).all():
        return math.nan
    shifted = np.linalg.eigvalsh(np.corrcoef(jacobian)).clip(min=0) + _JACOBIAN_EPSILON
    return float(-(np.log(shifted) + 1 / shifted).sum())


def _pass_scores(network: TaskNetwork, proxies: set[str], batch: LabelledBatch) -> dict[str, float]:
    """All scores from one forward pass over the labelled batch."""
    layers = _layers(network)
    weights = [layer.weight for layer in layers]
    inputs = batch.inputs.clone().requires_grad_("jacov" in proxies)
    agreement = torch.zeros((len(inputs), len(inputs)), dtype=torch.float64, device=inputs.device)
    made: dict[nn.Module, Tensor] = {}

    def keep(layer: nn.Module, _: object, output: Tensor) -> None:
        made[layer] = output

    def count(_: nn.Module, given: tuple[Tensor]) -> None:
        agreement.add_(_agreement(given[0], len(inputs)))

    hooks = [layer.register_forward_hook(keep) for layer in layers] if "fisher" in proxies else []
    if "naswot" in proxies:
        relus = [module for module in network.modules() if isinstance(module, _RELUS)]
        hooks += [relu.register_forward_pre_hook(count) for relu in relus]
    outputs = network(inputs)
    for hook in hooks:
        hook.remove()
    scores = {}
    if "naswot" in proxies:
        scores["naswot"] = _log_det(agreement)
    if "jacov" in proxies:
        grad = None
        if outputs.requires_grad:
            (grad,) = torch.autograd.grad(outputs.sum(), [inputs], allow_unused=True, retain_graph=True)
        scores["jacov"] = math.nan if grad is None else jacobian_score(grad.flatten(1).double().cpu().numpy())
    if proxies & _OF_LOSS_GRADIENTS:
        second = "grasp" in proxies
        loss = batch.loss(outputs, batch.targets)
        live = [layer for layer in layers if layer in made]
        wanted = [*weights, *(made[layer] for layer in live)] if "fisher" in proxies else weights
        grads = torch.autograd.grad(loss, wanted, allow_unused=True, create_graph=second)
        pairs = [(w, g) for w, g in zip(weights, grads, strict=False) if g is not None]
        if "fisher" in proxies:
            slopes = grads[len(weights) :]
            scores["fisher"] = sum(
                _fisher(layer, made[layer], g) for layer, g in zip(live, slopes, strict=True) if g is not None
            )
        if second:
            scores["grasp"] = _grasp(pairs)
        fixed = [(w.detach(), g.detach()) for w, g in pairs]
        scores["grad_norm"] = sum(float(g.norm()) for _, g in fixed)
        scores["snip"] = sum(float((w * g).abs().sum()) for w, g in fixed)
        scores["plain"] = sum(float((w * g).sum()) for w, g in fixed)
    return {name: score for name, score in scores.items() if name in proxies}


def _agreement(given: Tensor, n: int) -> Tensor:
    """Number of units that are both active or both inactive for two images, of shape (n, n)."""
    on = (given.detach().reshape(n, -1) > 0).float()
    return (on @ on.T + (1 - on) @ (1 - on).T).double()


def _log_det(agreement: Tensor) -> float:
    """Logarithm of |det K| (Mellor et al., ICML 2021, equation 2); NaN if two images cannot be distinguished."""
    sign, value = np.linalg.slogdet(agreement.cpu().numpy())
    return float(value) if sign != 0 else math.nan


def _fisher(layer: nn.Module, activation: Tensor, grad: Tensor) -> float:
    """Fisher information of a layer's channels (Theis et al., arXiv 1801.05787, equation 5).

    For channel c, the mean over images of (sum over pixels of a da)^2 / 2; as in the published scores, a channel counts
    once per weight.
    """
    products = (activation.detach() * grad.detach()).flatten(2).sum(dim=2) if grad.ndim > 2 else activation * grad
    per_channel = products.detach().square().mean(dim=0) / 2
    return float(per_channel.sum()) * layer.weight.numel() / len(per_channel)  # type: ignore[operator]


def _grasp(pairs: list[tuple[Tensor, Tensor]]) -> float:
    """Gradient signal preservation (Wang et al., ICLR 2020, equation 8): minus the sum of w (H g).

    The published scores use this sign and no temperature.
    """
    inner = sum(((g.detach() * g).sum() for _, g in pairs), torch.zeros(()))
    if not inner.requires_grad:
        return 0.0
    curved = torch.autograd.grad(inner, [w for w, _ in pairs], allow_unused=True)
    return -sum(float((w.detach() * h).sum()) for (w, _), h in zip(pairs, curved, strict=True) if h is not None)


def _layers(network: nn.Module) -> list[nn.Conv2d | nn.ConvTranspose2d | nn.Linear]:
    return [module for module in network.modules() if isinstance(module, _LAYERS)]


def _linearise(network: nn.Module) -> None:
    """Replace batch norm and tanh by the identity."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, (nn.BatchNorm2d, nn.Tanh)):
                setattr(module, name, nn.Identity())


_OF_LOSS_GRADIENTS = frozenset({"grad_norm", "snip", "plain", "grasp", "fisher"})
_OF_ONE_PASS = _OF_LOSS_GRADIENTS | {"naswot", "jacov"}
