"""A child made by ``fork`` ends, whatever the parent did before, and finds the same numbers."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from benchmarks import forks
from benchmarks.forks import ForkSafeLock, cached_property, is_forked, one_thread_if_forked, without_forks
from surrogates.models.graph.torch_session import torch_session
from surrogates.models.threads import thread_count

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")

LIGHT = ["boosted", "gp", "ensemble", "transfer", "regressor", "tables"]
THREADS = ["first_use_in_a_thread", "asked_by_threads"]
TORCH = ["graph", "finetuned", "training", "data_loader"]


@pytest.mark.parametrize("programs", [LIGHT, THREADS, TORCH], ids=" ".join)
def test_a_forked_child_ends_with_the_same_numbers(programs: list[str]) -> None:
    """In programs of their own with two threads: with one there is no thread pool that could be lost."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "2")
    # threads that wait leave the cores to the tests beside, those of OpenBLAS after 2^4 clock ticks instead of 2^26
    threads |= {"OMP_WAIT_POLICY": "passive", "OPENBLAS_THREAD_TIMEOUT": "4"}
    run = subprocess.run(
        [sys.executable, "-m", "tests.surrogates.forking", *programs],
        capture_output=True,
        text=True,
        env={**os.environ, **threads},
    )
    assert run.returncode == 0, run.stderr
    said = [line for line in run.stdout.splitlines() if not line.startswith("-- ")]
    assert len(said) >= len(programs)
    assert [line for line in said if not line.endswith(": same")] == []


def status_in_child(work: object) -> int:
    """Exit status of a forked child that calls `work`; 1 if it returns something false or fails."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if work() else 1  # type: ignore[operator]
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("default")
def test_a_child_has_one_thread_and_open_locks() -> None:
    lock, held, release = ForkSafeLock(), threading.Event(), threading.Event()

    class Slow:
        @cached_property
        def value(self) -> int:
            held.set()
            release.wait()
            return 7

    slow = Slow()

    def hold() -> None:
        with lock:
            assert slow.value == 7

    def child() -> bool:
        release.set()  # for the child's own computation
        with lock:
            return slow.value == 7 and is_forked() and thread_count(8) == 1 and thread_count(-1) == 1

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    assert status_in_child(child) == 0
    assert not is_forked()
    assert thread_count(8) == 8
    release.set()
    thread.join()


@pytest.mark.filterwarnings("default")
def test_a_fork_waits_for_what_it_would_break() -> None:
    inside, leave, done = threading.Event(), threading.Event(), []

    def work() -> None:
        with without_forks(), without_forks():
            inside.set()
            leave.wait()
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait()
    threading.Timer(0.2, leave.set).start()
    assert status_in_child(lambda: done == [1]) == 0
    thread.join()


@pytest.mark.filterwarnings("default")
def test_a_fork_from_inside_does_not_wait_for_itself() -> None:
    with without_forks():
        assert status_in_child(lambda: True) == 0
    assert status_in_child(lambda: forks.is_forked()) == 0


def threads_of_pools() -> set[int]:
    """Numbers of threads of all pools, torch's among them."""
    import torch

    return {pool["num_threads"] for pool in threadpool_info()} | {torch.get_num_threads()}


def torch_session_of_two() -> AbstractContextManager[None]:
    return torch_session("GraphSurrogate", n_jobs=2)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("context", [one_thread_if_forked, torch_session_of_two])
def test_a_thread_of_a_child_that_ends_its_work_gives_no_threads_to_another(
    context: Callable[[], AbstractContextManager[None]],
) -> None:
    """Limits are the process's: one thread leaves while another is inside."""
    with torch_session_of_two():
        pass  # whatever it imports, is

    def child() -> bool:
        import torch

        threadpool_limits(2)
        torch.set_num_threads(2)
        inside, leave = threading.Event(), threading.Event()

        def first() -> None:
            with context():
                inside.set()
                leave.wait()

        thread = threading.Thread(target=first)
        before = threads_of_pools()
        thread.start()
        inside.wait()
        with context():
            leave.set()
            thread.join()
            while_inside = threads_of_pools()
        return 2 in before and while_inside == threads_of_pools() == {1}

    assert status_in_child(child) == 0


def test_elsewhere_threads_are_as_before() -> None:
    import torch

    before, mine = threads_of_pools(), torch.get_num_threads()
    with one_thread_if_forked():
        assert threads_of_pools() == before
    with torch_session("GraphSurrogate", n_jobs=mine + 1):
        assert torch.get_num_threads() == mine + 1
    assert torch.get_num_threads() == mine
