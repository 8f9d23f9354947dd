"""Does it pay to fuse trainings of one architecture with several seeds into one step? Steps per second, each way.

    python perf/rooms_gpu/fused.py --device cuda
    python perf/rooms_gpu/fused.py --device cpu --small

Fused: the parameters of k networks are stacked and `torch.func.vmap` runs them as one, convolutions as grouped ones
(as in HFTA, Wang et al., MLSys 2021). Beside it the same networks one after another in one recorded step, which also
saves the gaps between kernels. Both compute the same losses, which is checked. Images are noise on the device: this is
the step alone, at the batch size and width of `quick`.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from throughput import ARCH, recipe_of
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state
from training import TASK

from benchmarks.training import Recipe
from benchmarks.training.captured import CapturedStep, cuda_recorder
from benchmarks.training.losses import LOSSES
from benchmarks.training.networks.task_network import build_network
from benchmarks.training.optimisers import make_optimiser

Step = Callable[..., Any]


def networks_of(k: int, recipe: Recipe, device: str) -> list[nn.Module]:
    """One network a seed, channels last."""
    made = [
        build_network(ARCH, TASK, recipe.num_classes, recipe.input_size, base_channels=recipe.base_channels, seed=seed)
        for seed in range(k)
    ]
    return [network.to(device, memory_format=torch.channels_last).train() for network in made]


def one_by_one(networks: list[nn.Module], recipe: Recipe, losses: Tensor) -> Step:
    """A step of every network, one after the other."""
    optimisers = [make_optimiser(recipe.optimiser, network, losses.is_cuda) for network in networks]
    loss = LOSSES[recipe.loss]

    def step(images: Tensor, targets: Tensor) -> None:
        for i, (network, optimiser) in enumerate(zip(networks, optimisers, strict=True)):
            optimiser.zero_grad()
            value = loss(network(images[i]), targets[i])
            value.backward()
            optimiser.step()
            losses[i].copy_(value.detach())

    return step


def fused(networks: list[nn.Module], recipe: Recipe, losses: Tensor) -> Step:
    """One step of all networks."""
    params, buffers = stack_module_state(networks)  # type: ignore[arg-type]
    skeleton = copy.deepcopy(networks[0]).to("meta")
    holder = nn.ParameterList([nn.Parameter(values.detach().clone()) for values in params.values()])
    names = list(params)
    optimiser = make_optimiser(recipe.optimiser, holder, losses.is_cuda)
    loss = LOSSES[recipe.loss]

    def one(weights: dict[str, Tensor], state: dict[str, Tensor], images: Tensor, targets: Tensor) -> Tensor:
        return loss(functional_call(skeleton, (weights, state), (images,)), targets)

    def step(images: Tensor, targets: Tensor) -> None:
        optimiser.zero_grad()
        values = torch.func.vmap(one)(dict(zip(names, holder, strict=True)), buffers, images, targets)
        values.sum().backward()
        optimiser.step()
        losses.copy_(values.detach())

    return step


def speed(build: Step, k: int, recipe: Recipe, device: str, seconds: float) -> tuple[float, Tensor]:
    """Steps of one network per second, and the losses of the first three steps, of shape (3, k)."""
    torch.manual_seed(0)
    losses = torch.zeros(k, device=device)
    size, n = recipe.input_size, recipe.batch_size
    images = torch.randn(k, n, 3, size, size, device=device)
    targets = torch.randn(k, n, recipe.num_classes, device=device).softmax(-1)
    step = CapturedStep(build(networks_of(k, recipe, device), recipe, losses), cuda_recorder(torch.device(device), []))
    first = []
    for _ in range(3):
        step({"images": images, "targets": targets})
        first.append(losses.clone())
    step({"images": images, "targets": targets})  # recorded, if it can be
    wait = torch.cuda.synchronize if device != "cpu" else (lambda: None)
    wait()
    start, steps = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        step({"images": images, "targets": targets})
        wait()
        steps += 1
    if step.refused:
        print(f"  not recorded: {step.refused}")
    return k * steps / (time.perf_counter() - start), torch.stack(first)


def main() -> None:
    """Measure and print, with the ratio to one network alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--seconds", type=float, default=2, help="for each row")
    options = parser.parse_args()
    torch.set_num_threads(1)
    recipe = recipe_of(options.small)
    if options.small:
        recipe = replace(recipe, batch_size=8)
    alone, _ = speed(one_by_one, 1, recipe, options.device, options.seconds)
    print(f"one network                    {alone:8.1f} steps/s")
    for k in (3,) if options.small else (3, 8):
        apart, truth = speed(one_by_one, k, recipe, options.device, options.seconds)
        print(f"{k} networks, one after another  {apart:8.1f} steps/s {apart / alone:6.2f} x", flush=True)
        together, found = speed(fused, k, recipe, options.device, options.seconds)
        gap = float((found - truth).abs().max())
        ratio = together / alone
        print(f"{k} networks, fused              {together:8.1f} steps/s {ratio:6.2f} x (losses agree to {gap:.1g})")


if __name__ == "__main__":
    main()
