"""A trained graph network with what it needs to read architectures, as safetensors and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load, save

from benchmarks.errors import ArtefactError
from encoders.node_features import NODE_FEATURES, SCHEMA
from surrogates.cross_space import translate
from surrogates.models.graph.datasets import graph_tensors, predict_members
from surrogates.models.graph.net import GraphNet, GraphTensors, Sizes

__all__ = ["TrainedNet"]

_WEIGHTS = "relevance."
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class TrainedNet:
    """A network and, for every space it knows, the weights of the graph features.

    Attributes:
        net: The network.
        relevance: Space -> weights of its graph features, of shape (d,).
        read_as: Space -> the space as whose cells it is read, for a space the network has not been taught.
    """

    net: GraphNet
    relevance: dict[str, NDArray[np.float64]]
    read_as: dict[str, str] = field(default_factory=dict)

    def view(self, space: str) -> str:
        """The space as which the network reads another."""
        return self.read_as.get(space, space)

    def tensors(self, space: str, archs: Sequence[str]) -> GraphTensors:
        """What the network reads of m architectures of one space."""
        view = self.view(space)
        seen = archs if view == space else translate(archs, view, source=space)
        return graph_tensors(view, seen, self.relevance[view])

    def scores(self, space: str, archs: Sequence[str], head: str) -> NDArray[np.float64]:
        """Scores of m architectures by every member, of shape (K, m, T)."""
        return predict_members(self.net, self.tensors(space, archs), self.view(space), head)

    def to_bytes(self) -> bytes:
        """Weights as safetensors; sizes, heads and the node schema in its header."""
        header = {
            "format": _FORMAT,
            "node_schema": SCHEMA,
            "node_features": len(NODE_FEATURES),
            "sizes": self.net.sizes._asdict(),
            "dropout": self.net.dropout,
            "read_as": self.read_as,
            "heads": {name: self.net.head(name).weight.shape[-1] for name in self.net.heads},
        }
        state = {name: value.contiguous() for name, value in self.net.state_dict().items()}
        for space, weights in self.relevance.items():
            state[_WEIGHTS + space] = torch.from_numpy(weights)
        data: bytes = save(state, metadata={"graph_net": json.dumps(header)})
        return data

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "net.safetensors") -> TrainedNet:
        """The network `to_bytes` gave.

        Raises:
            ArtefactError: If it is damaged, no graph network of ours, or of another node schema or a newer format.
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
                    f"{name!r} is of another {key.replace('_', ' ')}: expected {value}, got {header.get(key)}; "
                    "train it again with this version"
                )
        names = [key for key in state if key.startswith(_WEIGHTS)]
        relevance = {key.removeprefix(_WEIGHTS): state.pop(key).numpy() for key in names}
        widths = {space: len(weights) for space, weights in relevance.items()}
        net = GraphNet(Sizes(**header["sizes"]), widths, header["heads"], header["dropout"])
        try:
            net.load_state_dict(state)
        except RuntimeError as error:
            raise ArtefactError(f"{name!r}: the weights do not fit their description: {error}") from error
        net.eval()
        return cls(net, relevance, header.get("read_as", {}))


def _header(data: bytes) -> dict[str, str]:
    """The metadata of safetensors: eight bytes of length, then JSON."""
    length = int.from_bytes(data[:8], "little")
    found: dict[str, str] = json.loads(data[8 : 8 + length])["__metadata__"]
    return found
