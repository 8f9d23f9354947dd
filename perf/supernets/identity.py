"""Sub-networks of supernets against stand-alone networks of the same weights, bit by bit.

    python perf/supernets/identity.py --n 300
    python perf/supernets/identity.py --n 60 --spaces transnas101-macro --sharing sliced

For random functions of micro and NAS-Bench-201 and random macro skeletons: the network of the simplest form is built
alone (`build_network`), gets the values of the sub-network (`Supernet.extract`), and both compute a batch of random
images and the gradient of a random projection of the output, in training and in evaluation mode. Prints how many are
equal in every bit.
"""

from __future__ import annotations

import argparse
import copy
from dataclasses import replace

import numpy as np
import torch

from benchmarks.training.networks.task_network import build_network
from benchmarks.training.supernet import Supernet, supernet_recipe

SPACES = ("transnas101-micro", "nasbench201", "transnas101-macro")


def equal(supernet: Supernet, arch: str, training: bool, seed: int) -> bool:
    """Whether output, gradients and running statistics are the same bits."""
    recipe = supernet.recipe
    sizes = {"base_channels": recipe.base_channels, "decoder_width": recipe.decoder_width, "seed": seed}
    alone = build_network(arch, recipe.task, recipe.num_classes, recipe.network_size, **sizes)
    shared = supernet.train(training).network(arch)
    alone.load_state_dict(copy.deepcopy(supernet.extract(arch).state_dict()))
    alone.train(training)
    rng = torch.Generator().manual_seed(seed)
    images = torch.randn(4, 3, recipe.input_size, recipe.input_size, generator=rng)
    outputs = [network(images) for network in (shared, alone)]
    weight = torch.randn(outputs[0].shape, generator=rng)
    supernet.zero_grad()
    for found in outputs:
        (found * weight).sum().backward()
    same = [torch.equal(*outputs)]
    statistics, gradients = supernet.extract(arch).buffers(), _gradients(supernet).extract(arch).parameters()
    same += [torch.equal(a, b.grad) for a, b in zip(gradients, alone.parameters(), strict=True)]
    same += [torch.equal(a, b) for a, b in zip(statistics, alone.buffers(), strict=True)]
    return all(same)


def _gradients(supernet: Supernet) -> Supernet:
    """A copy whose weights are the gradients, so that its sub-networks have those of the sub-networks."""
    found = copy.deepcopy(supernet)
    for own, weights in zip(found.parameters(), supernet.parameters(), strict=True):
        own.data = torch.full_like(weights, torch.nan) if weights.grad is None else weights.grad
    return found


def main() -> None:
    """Parse the command line and print a line per space and mode."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=300, help="architectures per space (default: 300)")
    parser.add_argument("--spaces", default=",".join(SPACES), help="spaces, comma-separated (default: all three)")
    parser.add_argument("--sharing", default="separate", help="separate or sliced (default: separate)")
    given = parser.parse_args()
    n = given.n
    recipe = replace(supernet_recipe("room_layout"), base_channels=4, input_size=16)
    for name in given.spaces.split(","):
        supernet = Supernet(name, recipe, seed=1, sharing=given.sharing)
        functions = supernet.layout.functions
        rows = np.random.default_rng(0).choice(len(functions), n, replace=False).tolist()
        for training in (True, False):
            found = sum(equal(supernet, functions[row], training, row) for row in rows)
            mode = "training" if training else "evaluation"
            print(f"{name:18s} {mode:10s} {found} of {n} equal bit for bit, {len(supernet.parts)} parts", flush=True)


if __name__ == "__main__":
    main()
