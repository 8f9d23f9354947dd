"""A network graph as a torch module: one child module per operation, with an execution plan made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from benchmarks.graph import ArchGraph
from benchmarks.training.networks.operations import PARAMETRIC, Initialise, Zeros, kaiming_normal, make_operation

__all__ = ["GraphNetwork", "Step"]

_INPUT = "images"
_PASS_ON = {"relu", "leaky_relu", "tanh", "skip", "shift", "avg_pool", "global_pool", "sum", "concat"}
"""Operations that map zeros to zeros, like convolutions without bias."""
_SHARED = {"relu", "shift"}
"""Operations that are computed once per input tensor and shared."""


class Step(NamedTuple):
    """One operation of the execution plan.

    Attributes:
        name: Name of the child module and of its output tensor.
        inputs: Names of the tensors it reads.
        done: Those of `inputs` that no later step reads.
    """

    name: str
    inputs: tuple[str, ...]
    done: tuple[str, ...]


class GraphNetwork(nn.Module):
    """Computes what an `ArchGraph` describes.

    A child module is named after its operation and its node in the graph, e.g. ``conv3x3_4``. Operations that do not
    change the result are skipped: identities and sums of one term, operations that do not reach the output, and
    convolutions of zeros. Batch norm of zeros is computed, because its bias is learned.
    Dead operations keep their parameters, as in the published networks, but get no gradient (None): with
    `DistributedDataParallel` set ``find_unused_parameters=True`` (Lightning: ``ddp_find_unused_parameters_true``).

    Args:
        graph: A network graph, or a decoder's.
        initialise: Initialises convolutions and linear layers; batch norm starts with weight 1 and bias 0.
        generator: Generator of the initial weights; by default a new one with seed 0.
        make: Makes the module of a node; one that returns modules of another network shares their weights.

    Attributes:
        graph: The graph.
        plan: The steps of the execution plan.

    Example:
        >>> from benchmarks import get_space
        >>> network = GraphNetwork(get_space("transnas101-micro").network_graph("8-41-3_00_100", 32))
        >>> network(torch.zeros(2, 3, 32, 32)).shape  # a leading 4: twice the channels; the last map is 4 x 4
        torch.Size([2, 16, 4, 4])
        >>> network.plan[0]
        Step(name='conv3x3_1', inputs=('images',), done=())
        >>> network.conv3x3_1.weight.shape
        torch.Size([4, 3, 3, 3])
    """

    def __init__(
        self,
        graph: ArchGraph,
        initialise: Initialise = kaiming_normal,
        generator: torch.Generator | None = None,
        make: Callable[[ArchGraph, int], nn.Module] = make_operation,
    ) -> None:
        super().__init__()
        self.graph = graph
        names = _names(graph)
        steps, self._output = _trace(graph, names)
        self.plan = _order(steps, self._output)
        live = {step.name for step in self.plan}
        for node, (name, kind) in enumerate(zip(names, graph.names, strict=True)):
            if name in live or kind in PARAMETRIC:
                self.add_module(name, make(graph, node))
        for name in sorted(live - set(names)):
            _, channels, stride = name.split("_")
            self.add_module(name, Zeros(int(channels), int(stride)))
        for step in self.plan:
            _work_in_place(self._modules[step.name], step, self.plan)
        initialise(self, torch.Generator().manual_seed(0) if generator is None else generator)

    def forward(self, images: Tensor) -> Tensor:
        """Compute the output of the last node.

        Args:
            images: Images of shape (B, C, H, W), C as in the graph; H and W may differ from the graph's.

        Returns:
            Tensor of shape (B, C_out, H / stride, W / stride), rounded up; (B, classes) if the last node is linear.
        """
        tensors = {_INPUT: images}
        modules = self._modules
        for name, inputs, done in self.plan:
            tensors[name] = modules[name](*[tensors[source] for source in inputs])  # type: ignore[misc]
            for source in done:
                del tensors[source]
        return tensors[self._output]


def _names(graph: ArchGraph) -> list[str]:
    names = []
    for node, kind in enumerate(graph.names):
        kernel = int(graph.kernel[node])
        names.append(f"{kind}{kernel}x{kernel}_{node}" if kernel else f"{kind}_{node}")
    return [_INPUT, *names[1:]]


def _trace(graph: ArchGraph, names: list[str]) -> tuple[dict[str, tuple[str, ...]], str]:
    """Inputs of each operation, with identities resolved and zeros dropped; and the name of the output."""
    sources: list[list[int]] = [[] for _ in names]
    for source, target in graph.edges.tolist():
        sources[target].append(source)
    stride = [1] * len(names)  # how many times smaller than the input, of every node
    value: list[str | None] = [_INPUT]  # the tensor that holds a node's result; None = zeros
    steps: dict[str, tuple[str, ...]] = {}
    shared: dict[tuple[str, str], str] = {}

    def zeros(node: int) -> str:
        name = f"zeros_{graph.channels_out[node]}_{stride[node]}"
        steps.setdefault(name, (_INPUT,))
        return name

    for node, kind in enumerate(graph.names[1:], start=1):
        stride[node] = stride[sources[node][0]] * int(graph.stride[node])
        arriving = [name for source in sources[node] if (name := value[source]) is not None]
        keeps_zeros = kind in _PASS_ON or (kind == "conv" and not graph.bias[node])
        if kind == "none" or (keeps_zeros and not arriving):
            value.append(None)
        elif kind == "skip" or (kind == "sum" and len(arriving) == 1):
            value.append(arriving[0])
        else:
            inputs = tuple(arriving) if kind == "sum" else tuple(value[s] or zeros(s) for s in sources[node])
            name = shared.setdefault((kind, inputs[0]), names[node]) if kind in _SHARED else names[node]
            steps.setdefault(name, inputs)
            value.append(name)
    return steps, value[-1] or zeros(len(names) - 1)


def _order(steps: dict[str, tuple[str, ...]], output: str) -> list[Step]:
    """Steps that reach the output, each with the tensors that it is the last to read."""
    alive, plan = {output}, []
    for name, inputs in reversed(steps.items()):
        if name in alive:
            done = tuple(dict.fromkeys(source for source in inputs if source not in alive and source != _INPUT))
            plan.append(Step(name, inputs, done))
            alive.update(inputs)
    return plan[::-1]


def _work_in_place(module: nn.Module | None, step: Step, plan: list[Step]) -> None:
    """Let a decoder's activation overwrite the output of batch norm if no other step reads it.

    Saves a tenth of a dense decoder's time on a CPU. A backbone's ReLU gains nothing, and hooks on the layer before it
    would see changed values.
    """
    if isinstance(module, nn.LeakyReLU):
        readers = [other for other in plan if step.inputs[0] in other.inputs]
        module.inplace = len(readers) == 1 and step.inputs[0].startswith("batch_norm")
