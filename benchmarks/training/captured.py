"""Training steps as CUDA graphs: recorded once, then replayed without Python between the kernels.

With small networks a GPU mostly waits for the next kernel launch. A recorded step launches all its kernels at once. It
requires tensors at fixed addresses (inputs are copied into them), fixed shapes, random numbers from a generator that is
registered with the graph, and no synchronisation with the device. (CUDA C++ programming guide, "CUDA graphs"; the
warm-up follows torch's notes on whole-network capture.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from benchmarks.training.data.augment import RandomStreams

__all__ = ["CapturedStep", "Recorder", "cuda_recorder"]

_WARM_UP = 3
"""Ordinary steps before the recording, which initialise the allocator and the libraries."""


class Recorder(Protocol):
    """Records work on a device for later replay."""

    def warm_up(self, work: Callable[[], None]) -> None:
        """Run the work under the same conditions as during the recording."""

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """Record the work without running it, and return a function that replays it."""


class CapturedStep:
    """Wraps a function of tensors; from the fourth call on, its recording is replayed.

    The function must update its state in place. A call whose tensors have other shapes than the first call is run
    directly, e.g. for a last, smaller batch. If recording fails, all calls are run directly.

    Args:
        function: Takes tensors by name, returns nothing.
        recorder: Records the steps; None to run every call directly (on a CPU).

    Attributes:
        refused: Reason why recording failed; empty if it succeeded or was not tried yet.

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
        """Run one step.

        Raises:
            torch.cuda.OutOfMemoryError: Also during recording, as smaller batches may help but direct calls do not.
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
        """The function that runs a step from now on, and the reason if it is not a recording."""
        try:
            return recorder.record(self._work), ""
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:  # an operation that cannot be recorded, an old driver
            reason = " ".join(str(error).split())
            return self._work, f"{reason[:150]}..." if len(reason) > 150 else reason


class _CudaRecorder:
    """Records CUDA graphs that share one memory pool, on a separate stream."""

    def __init__(self, streams: Sequence[RandomStreams]) -> None:
        self._streams = streams
        self._stream: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def warm_up(self, work: Callable[[], None]) -> None:
        """Run the work on the recording stream, so that the recording reuses what was initialised there."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            work()
        torch.cuda.current_stream().wait_stream(self._stream)

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """Record the work as a CUDA graph and return its ``replay``."""
        graph = torch.cuda.CUDAGraph()
        states = [stream.generator.get_state() for stream in self._streams]
        for stream in self._streams:
            graph.register_generator_state(stream.generator)
        torch.cuda.synchronize()
        try:
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
                work()
        except RuntimeError:
            for stream, state in zip(self._streams, states, strict=True):
                stream.renew(state)  # a recording that broke off may leave its generators bound to it
            raise
        replay: Callable[[], None] = graph.replay
        return replay


def cuda_recorder(device: torch.device, streams: Sequence[RandomStreams]) -> Recorder | None:
    """Recorder of steps on a device; None on a CPU, or if this version of torch cannot record random numbers.

    Args:
        device: Device that runs the work.
        streams: All random numbers that the work uses.

    Example:
        >>> cuda_recorder(torch.device("cpu"), []) is None
        True
    """
    if device.type != "cuda" or not hasattr(torch.cuda.CUDAGraph, "register_generator_state"):
        return None
    with torch.cuda.device(device):
        return _CudaRecorder(streams)
