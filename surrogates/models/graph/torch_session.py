"""Context manager that imports torch, or names the missing extra, and sets its number of threads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from benchmarks.forks import is_forked, one_thread_if_forked, without_forks
from benchmarks.optional import needs_extra
from surrogates.models.threads import thread_count

__all__ = ["torch_session"]


@contextlib.contextmanager
def torch_session(feature: str, n_jobs: int | None) -> Iterator[None]:
    """Import torch, lightning and safetensors, and use `n_jobs` threads in the context (torch's default if None).

    In a child made by ``fork`` it is one thread from then on, whatever is asked for (`benchmarks.forks`).

    Args:
        feature: Name of the feature that needs torch, for the error.
        n_jobs: Number of threads; all cores if -1.

    Raises:
        MissingExtraError: If one of the libraries is not installed.
        ValueError: If `n_jobs` is 0, or negative other than -1.

    Example:
        >>> with torch_session("GraphSurrogate", n_jobs=1):
        ...     import torch
        ...
        ...     print(torch.get_num_threads())
        1
    """
    with needs_extra(feature, "gnn", "torch", "lightning", "safetensors"), without_forks():
        import lightning  # noqa: F401
        import safetensors  # noqa: F401
        import torch
    if is_forked():
        with one_thread_if_forked():
            yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(thread_count(n_jobs, by_default=threads))
    try:
        yield
    finally:
        torch.set_num_threads(threads)
