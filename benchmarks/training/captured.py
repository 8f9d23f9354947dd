"""A step that a GPU repeats by itself: recorded once as a CUDA graph, then replayed without Python in between.

Small networks leave a GPU waiting for the next kernel launch most of the time. A recorded step launches all its kernels
at once. What it needs: tensors that stay where they are (inputs are copied into them), shapes that never change, random
numbers from a generator that the graph knows, and nothing that waits for the device. (CUDA C++ programming guide,
"CUDA graphs"; the warm-up follows torch's notes on whole-network capture.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

__all__ = ["CapturedStep", "Recorder", "cuda_recorder"]

_WARM_UP = 3
"""Steps before the recording; they are steps like all others, and leave allocator and libraries prepared."""


class Recorder(Protocol):
    """Records work on a device."""

    def warm_up(self, work: Callable[[], None]) -> None:
        """Do it as it will be done while it is recorded."""

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """What does the work again; nothing is done yet."""


class CapturedStep:
    """Calls a function of tensors, from the fourth call on by replaying what it did.

    The function must keep what it changes in place. A call whose tensors have other shapes than the first one is made
    as it is, so that a last, smaller batch is no trouble. Where recording is refused, all calls are.

    Args:
        function: Takes tensors by name, returns nothing.
        recorder: Records; None where there is nothing to gain (on a CPU).

    Attributes:
        refused: Why nothing is recorded, in words; empty if it is or may still be.

    Example:
        >>> total = torch.zeros(())
        >>> step = CapturedStep(lambda values: total.add_(values.sum()), None)
        >>> for _ in range(5):
        ...     step({"values": torch.ones(2)})
        >>> total
        tensor(10.)
    """

    def __init__(self, function: Callable[..., Any], recorder: Recorder | None) -> None:
        self.function = function
        self.recorder = recorder
        self.refused = ""
        self._inputs: dict[str, Tensor] | None = None
        self._calls = 0
        self._replay: Callable[[], None] | None = None

    def __call__(self, tensors: Mapping[str, Tensor]) -> None:
        """One step.

        Raises:
            torch.cuda.OutOfMemoryError: Also from a recording: smaller batches may help, other ways of working do not.
        """
        if self.recorder is None or self.refused:
            self.function(**tensors)
            return
        if self._inputs is None:
            self._inputs = {name: torch.empty_like(values) for name, values in tensors.items()}
        if any(self._inputs[name].shape != values.shape for name, values in tensors.items()):
            self.function(**tensors)
            return
        for name, values in tensors.items():
            self._inputs[name].copy_(values)
        self._calls += 1
        if self._calls <= _WARM_UP:
            self.recorder.warm_up(self._work)
            return
        if self._replay is None:
            self._replay, self.refused = self._recorded(self.recorder)
        self._replay()

    def _work(self) -> None:
        assert self._inputs is not None
        self.function(**self._inputs)

    def _recorded(self, recorder: Recorder) -> tuple[Callable[[], None], str]:
        """What does a step from now on, and why it is no recording, if it is none."""
        try:
            return recorder.record(self._work), ""
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:  # an operation that cannot be recorded, an old driver
            reason = " ".join(str(error).split())
            return self._work, f"{reason[:150]}..." if len(reason) > 150 else reason


class _CudaRecorder:
    """CUDA graphs that share one pool of memory, recorded on a stream of their own."""

    def __init__(self, generators: list[torch.Generator]) -> None:
        self._generators = generators
        self._stream: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def warm_up(self, work: Callable[[], None]) -> None:
        """On the stream that records: what is prepared there is found again."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            work()
        torch.cuda.current_stream().wait_stream(self._stream)

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """The graph's replay."""
        graph = torch.cuda.CUDAGraph()
        for generator in self._generators:
            graph.register_generator_state(generator)
        torch.cuda.synchronize()
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
            work()
        replay: Callable[[], None] = graph.replay
        return replay


def cuda_recorder(device: torch.device, generators: list[torch.Generator]) -> Recorder | None:
    """What records steps on a device; None on a CPU, or where this torch cannot record random numbers.

    Args:
        device: Where the work is done.
        generators: All that the work draws from.

    Example:
        >>> cuda_recorder(torch.device("cpu"), []) is None
        True
    """
    if device.type != "cuda" or not hasattr(torch.cuda.CUDAGraph, "register_generator_state"):
        return None
    with torch.cuda.device(device):
        return _CudaRecorder(generators)
