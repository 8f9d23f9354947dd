"""An ensemble whose members are modules of PyTorch Geometric, ours or the user's own, one module a member.

A member reads a `torch_geometric.data.Batch` and returns one vector a graph. It takes the place of the message passing
of `surrogates.models.graph.net`; graph features, trunk, heads, training and calibration stay the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from benchmarks.limits import SHOWN
from benchmarks.spaces.registry import get_space
from encoders.node_features import NODE_FEATURES, cell_graphs
from encoders.pyg import dense_to_batch
from surrogates.models.graph.net import GraphNet, GraphTensors, MemberNet, Sizes

if TYPE_CHECKING:
    from torch_geometric.data import Batch

__all__ = ["ModuleNet", "Network", "make_net", "network_name"]

Network: TypeAlias = Callable[[int], nn.Module]
"""Makes an untrained module from the number F of node features; a class, a function or a `functools.partial`."""

_PROBED = 3
_TOLERANCE = 1e-3


class ModuleNet(MemberNet):
    """K modules made by one network class, with a trunk shared by all tasks and spaces.

    Args:
        network: Makes the module of a member (see `surrogates.GraphSurrogate`).
        sizes: Members and trunk; the other sizes are those of `GraphNet`.
        features: Space -> number d of its graph features; each space has its own projection of them.
        heads: Head -> number T of its tasks.
        dropout: Dropout probability of the inputs of trunk and heads in training.
        seed: Seed of the initial weights and of all dropout, also that of the modules.

    Raises:
        TypeError: If `network` is not callable, or does not make a module.
        ValueError: If the modules have no parameters, cannot read the graphs of a space, or do not return one finite
            vector a graph that depends on that graph alone.

    Example:
        >>> from surrogates.models.graph.directed_gnn import DirectedGNN
        >>> net = ModuleNet(DirectedGNN, Sizes(members=2), {"transnas101-micro": 5}, {"y": 7}).eval()
        >>> nodes, live = torch.zeros(3, 8, len(NODE_FEATURES)), torch.ones(3, 8)
        >>> net(GraphTensors(nodes, torch.zeros(3, 8, 8), live, torch.zeros(3, 5)), "transnas101-micro", "y").shape
        torch.Size([2, 3, 7])
    """

    def __init__(
        self,
        network: Network,
        sizes: Sizes,
        features: dict[str, int],
        heads: dict[str, int],
        dropout: float = 0.1,
        seed: int = 0,
    ) -> None:
        super().__init__(sizes, dropout, seed)
        self.name = network_name(network)
        with self._own_randomness():
            modules = [_made(network, self.name) for _ in range(sizes.members)]
            self.members = nn.ModuleList(modules)
            self.width = self._probe(list(features))
            self._check_parameters()
        self.build_trunk(self.width, features, heads)

    def vectors(self, graphs: GraphTensors) -> Tensor:
        batch = dense_to_batch(graphs.nodes, graphs.adjacency, graphs.live)
        with self._own_randomness():
            found = [self._checked(module(batch.clone()), batch) for module in self.members]  # modules may write to it
        for vector in found:
            if vector.shape[1] != self.width:
                raise ValueError(
                    f"network {self.name}: expected vectors of the same {self.width} entries for every batch, got "
                    f"{vector.shape[1]}"
                )
        return torch.stack(found)

    def is_scale_or_shift(self, name: str) -> bool:
        if not name.startswith("members."):
            return super().is_scale_or_shift(name)
        return self.get_parameter(name).dim() < 2

    def _checked(self, vector: object, batch: Batch) -> Tensor:
        """What a module returned for a batch of n graphs, of shape (n, h)."""
        n = batch.num_graphs
        if not isinstance(vector, Tensor):
            raise ValueError(
                f"network {self.name}: expected forward(batch) to return a tensor of shape ({n}, h), one vector a "
                f"graph, got a {type(vector).__name__}"
            )
        if vector.dim() != 2 or len(vector) != n or not vector.shape[1] or not vector.is_floating_point():
            nodes = " (one vector a node: pool them, as with global_mean_pool(x, batch.batch))"
            raise ValueError(
                f"network {self.name}: expected forward(batch) to return floats of shape ({n}, h), one vector a graph, "
                f"got {str(vector.dtype).removeprefix('torch.')} of shape {tuple(vector.shape)}"
                f"{nodes if len(vector.shape) == 2 and len(vector) == batch.num_nodes else ''}"
            )
        if not bool(torch.isfinite(vector).all()):
            raise ValueError(
                f"network {self.name}: expected finite vectors, got NaN or infinity"
                f"{'; a lower learning_rate of the surrogate may help' if self.training else ''}"
            )
        return vector.to(torch.float32)

    def _probe(self, spaces: Sequence[str]) -> int:
        """The length h of the vectors, tried on a few architectures of every space; lazy parameters are made."""
        self.eval()
        lengths: dict[str, int] = {}
        for space in spaces:
            there = get_space(space)
            dense = cell_graphs(space, there.sample(min(_PROBED, len(there)), rng=0))
            parts = [torch.from_numpy(part) for part in (dense.nodes, dense.adjacency, dense.live)]
            for module in self.members:
                together = self._tried(module, dense_to_batch(*parts), space)
                alone = self._tried(module, dense_to_batch(*(part[:1] for part in parts)), f"one graph of {space}")
                lengths |= {space: together.shape[1], f"one graph of {space}": alone.shape[1]}
                if len(set(lengths.values())) > 1:
                    raise ValueError(f"network {self.name}: expected vectors of the same length h, got {lengths}")
                if not torch.allclose(alone[0], together[0], rtol=_TOLERANCE, atol=_TOLERANCE):
                    raise ValueError(
                        f"network {self.name}: expected a vector that depends on its own graph alone, got another one "
                        "beside other graphs; pool with batch.batch, and draw nothing at random in eval mode"
                    )
        self.train()
        return next(iter(lengths.values()))

    def _tried(self, module: nn.Module, batch: Batch, space: str) -> Tensor:
        """What a module returns, without gradients; whatever it raises names the space."""
        try:
            with torch.no_grad():
                found = module(batch.clone())
        except ImportError:
            raise
        except Exception as error:
            raise ValueError(
                f"network {self.name}: expected forward(batch) to read graphs of {space}, with x of shape "
                f"{tuple(batch.x.shape)}, edge_index of shape {tuple(batch.edge_index.shape)} and batch of shape "
                f"{tuple(batch.batch.shape)}, got {type(error).__name__}: {error!s:.{SHOWN}}"
            ) from error
        return self._checked(found, batch)

    def _check_parameters(self) -> None:
        found = list(self.members.parameters())
        if len(found) < sum(len(list(module.parameters())) for module in self.members):
            raise ValueError(
                f"network {self.name}: expected new parameters from every call, got some twice; the members of an "
                "ensemble share none"
            )
        if not found:
            raise ValueError(
                f"network {self.name}: expected a module with parameters to train, got one without; a fixed encoding "
                "is an encoder: BoostedSurrogate(encoder=...)"
            )
        if any(isinstance(parameter, UninitializedParameter) for parameter in found):
            raise ValueError(f"network {self.name}: expected forward to use all lazy layers, got one that it skips")

    @contextmanager
    def _own_randomness(self) -> Iterator[None]:
        """What modules draw from torch comes from this network's seed, and moves no global random state.

        When not training, it is the same in every call.
        """
        device = next((p.device for p in self.parameters() if p.device.type == "cuda"), None)
        seed = int(torch.randint(2**31 - 1, (), generator=self.generator)) if self.training else 0
        with torch.random.fork_rng([] if device is None else [device]):
            torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed devices that are not restored
            if device is not None:
                with torch.cuda.device(device):
                    torch.cuda.manual_seed(seed)
            yield


def make_net(
    network: Network | None, sizes: Sizes, features: dict[str, int], heads: dict[str, int], dropout: float, seed: int
) -> MemberNet:
    """An untrained ensemble of modules of a network class, or of our dense networks if it is None."""
    if network is None:
        return GraphNet(sizes, features, heads, dropout, seed)
    return ModuleNet(network, sizes, features, heads, dropout, seed)


def network_name(network: object) -> str:
    """Name of a network class or function, with the arguments of a partial, for messages.

    Example:
        >>> network_name(partial(nn.Linear, out_features=3))
        'Linear(out_features=3)'
    """
    if isinstance(network, partial):
        given = [*map(_argument, network.args), *(f"{key}={_argument(v)}" for key, v in network.keywords.items())]
        return f"{network_name(network.func)}({', '.join(given)})"
    return str(getattr(network, "__name__", type(network).__name__))


def _argument(value: object) -> str:
    """An argument in a name; without the address of a function, which differs between processes."""
    return str(getattr(value, "__name__", f"{value!r:.40}"))


def _made(network: Network, name: str) -> nn.Module:
    wanted = "a class or function that makes a torch.nn.Module from the number of node features"
    if isinstance(network, nn.Module):
        raise TypeError(
            f"expected network to be {wanted}, got a module, whose weights members would share: give its class, "
            f"{type(network).__name__}, with arguments as functools.partial({type(network).__name__}, ...)"
        )
    if not callable(network):
        raise TypeError(f"expected network to be {wanted}, got {network!r:.{SHOWN}} ({type(network).__name__})")
    if isinstance(network, type) and not issubclass(network, nn.Module):
        raise TypeError(f"expected network to be {wanted}, got the class {name}, which is no torch.nn.Module")
    try:
        module = network(len(NODE_FEATURES))
    except ImportError:  # what is missing, it says itself
        raise
    except Exception as error:
        raise TypeError(
            f"expected network to be {wanted}, called as {name}({len(NODE_FEATURES)}), got {type(error).__name__}: "
            f"{error!s:.{SHOWN}}; further arguments are given by functools.partial({name.partition('(')[0]}, ...)"
        ) from error
    if not isinstance(module, nn.Module):
        raise TypeError(f"expected network to be {wanted}, got {name}, which made a {type(module).__name__}")
    return module
