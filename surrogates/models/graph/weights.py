"""A trained graph network with its feature weights, stored as safetensors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load, save

from benchmarks.errors import ArtefactError, shown
from benchmarks.short_repr import ShortRepr
from encoders.node_features import NODE_FEATURES, SCHEMA
from surrogates.cross_space import translate
from surrogates.models.graph.datasets import graph_tensors, predict_members
from surrogates.models.graph.module_net import ModuleNet, Network, make_net, network_name
from surrogates.models.graph.net import GraphTensors, MemberNet, Sizes

__all__ = ["TrainedNet"]

_WEIGHTS = "relevance."
_FORMAT = 1


@dataclass(frozen=True, eq=False, repr=False)
class TrainedNet(ShortRepr):
    """A network and the weights of the graph features of every space it was trained on.

    Attributes:
        net: The network.
        relevance: Space -> weights of its graph features, of shape (d,).
        read_as: Space -> space that its cells are translated to, for a space the network was not trained on.
    """

    net: MemberNet
    relevance: dict[str, NDArray[np.float64]]
    read_as: dict[str, str] = field(default_factory=dict)

    def view(self, space: str) -> str:
        """The space that architectures of `space` are translated to, `space` itself if they are not."""
        return self.read_as.get(space, space)

    def tensors(self, space: str, archs: Sequence[str]) -> GraphTensors:
        """Inputs of the network for m architectures of one space."""
        view = self.view(space)
        seen = archs if view == space else translate(archs, view, source=space)
        return graph_tensors(view, seen, self.relevance[view])

    def scores(self, space: str, archs: Sequence[str], head: str) -> NDArray[np.float64]:
        """Scores of m architectures by every member, of shape (K, m, T)."""
        return predict_members(self.net, self.tensors(space, archs), self.view(space), head)

    def to_bytes(self) -> bytes:
        """Weights as safetensors, with sizes, heads and the node schema in the header."""
        header: dict[str, Any] = {
            "format": _FORMAT,
            "node_schema": SCHEMA,
            "node_features": len(NODE_FEATURES),
            "sizes": self.net.sizes._asdict(),
            "dropout": self.net.dropout,
            "read_as": self.read_as,
            "heads": {name: self.net.head(name).weight.shape[-1] for name in self.net.heads},
        }
        if isinstance(self.net, ModuleNet):
            header["network"] = self.net.name
        state = {name: _stored(name, value) for name, value in self.net.state_dict().items()}
        for space, weights in self.relevance.items():
            state[_WEIGHTS + space] = torch.from_numpy(weights)
        data: bytes = save(state, metadata={"graph_net": json.dumps(header)})
        return data

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "net.safetensors", network: Network | None = None) -> TrainedNet:
        """Inverse of `to_bytes`.

        Args:
            data: What `to_bytes` returned.
            name: Name of the file, for errors.
            network: The network class that the weights are of; our dense network if None.

        Raises:
            ArtefactError: If the data is damaged, is of another network, or has another node schema or format.
        """
        try:
            state = load(data)
            header = json.loads(_header(data)["graph_net"])
        except (SafetensorError, KeyError, ValueError) as error:
            raise ArtefactError(f"{name!r}: expected the weights of a graph network, got {error}") from error
        expected = {"format": _FORMAT, "node_schema": SCHEMA, "node_features": len(NODE_FEATURES)}
        for key, value in expected.items():
            if header.get(key) != value:
                raise ArtefactError(
                    f"{name!r}: expected {key.replace('_', ' ')} {value}, got {header.get(key)}; retrain with this "
                    "version"
                )
        mine = None if network is None else network_name(network)
        if (theirs := header.get("network")) != mine:
            dense = "our dense network (network=None)"
            raise ArtefactError(
                f"{name!r}: expected the weights of {mine or dense}, got those of {shown(theirs) if theirs else dense}"
            )
        names = [key for key in state if key.startswith(_WEIGHTS)]
        relevance = {key.removeprefix(_WEIGHTS): state.pop(key).numpy() for key in names}
        widths = {space: len(weights) for space, weights in relevance.items()}
        net = make_net(network, Sizes(**header["sizes"]), widths, header["heads"], header["dropout"], seed=0)
        try:
            net.load_state_dict(state)
        except RuntimeError as error:
            raise ArtefactError(f"{name!r}: the weights do not match the header: {error}") from error
        net.eval()
        return cls(net, relevance, header.get("read_as", {}))


def _stored(name: str, value: object) -> torch.Tensor:
    """A copy of its own: safetensors refuses tied weights, which a load ties again."""
    if not isinstance(value, torch.Tensor):
        raise ArtefactError(f"cannot store {name!r} without pickle: expected a tensor, got a {type(value).__name__}")
    return value.detach().contiguous().clone()


def _header(data: bytes) -> dict[str, str]:
    """Metadata of a safetensors file, whose header is eight bytes of length followed by JSON."""
    length = int.from_bytes(data[:8], "little")
    found: dict[str, str] = json.loads(data[8 : 8 + length])["__metadata__"]
    return found
