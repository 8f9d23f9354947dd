"""Workers of a campaign as actors of Ray."""

from __future__ import annotations

from typing import Any

from benchmarks.ray_cluster import connect, places
from benchmarks.training.campaign.launchers.base import Launcher, WorkerEnd
from benchmarks.training.campaign.launchers.remote_worker import WorkOrder, own_version, refusal

__all__ = ["RayLauncher"]


class RayLauncher(Launcher):
    """Starts each worker as an actor, which lives until nothing is left to train; needs the extra ``[ray]``.

    An actor on a node with another version of this package is refused. Actors of a lost node are lost with the
    trainings they were running, which others then do.

    Args:
        address: ``"auto"`` or ``"host:port"``.
        gpus: GPUs of each worker; several workers share one if it is below 1. If not given, one if the cluster has any.
        threads: CPUs of each worker.

    Raises:
        ValueError: If `gpus` is negative, or above 1 and not whole, or `threads` is not positive.

    Example:
        >>> RayLauncher("auto", gpus=0.25).gpus
        0.25
    """

    def __init__(self, address: str = "auto", gpus: float | None = None, threads: int = 1) -> None:
        asked = 1.0 if gpus is None else gpus
        if not 0 <= asked < float("inf") or (asked > 1 and asked != int(asked)):
            raise ValueError(f"expected a share of a GPU from 0 to 1, or a whole number of GPUs, got {asked:g}")
        if threads < 1:
            raise ValueError(f"expected at least 1 thread, got {threads}")
        self.address, self.gpus, self.threads = address, gpus, threads
        self._actors: dict[Any, _Actor] = {}  # what is waited for -> its actor

    def room(self) -> int:
        ray = connect(self.address)
        return places(ray, self._needs(ray))

    def start(self, order: WorkOrder, count: int) -> None:
        ray = connect(self.address)
        needs = self._needs(ray)
        places(ray, needs)
        options = {"num_cpus": self.threads, "num_gpus": needs["GPU"], "max_restarts": 0, "max_task_retries": 0}
        worker = ray.remote(**options)(_worker_class())
        shared = ray.put(order)
        for _ in range(count):
            actor = _Actor(worker.remote(), [shared])
            self._actors[actor.handle.about.remote()] = actor

    def ended(self) -> list[WorkerEnd]:
        import ray

        found: list[WorkerEnd] = []
        ready, _ = (
            ray.wait(list(self._actors), num_returns=max(len(self._actors), 1), timeout=0) if self._actors else ([], [])
        )
        for task in ready:
            actor = self._actors.pop(task)
            try:
                answer = ray.get(task)
            except ray.exceptions.RayError as error:
                found.append(WorkerEnd("lost", actor.where, _reason(error)))
                continue
            if "version" not in answer:
                found.append(WorkerEnd(**answer))
                ray.kill(actor.handle)
            elif answer["version"] != own_version():
                actor.where = answer["where"]
                found.append(WorkerEnd("refused", actor.where, refusal(actor.where, answer["version"], own_version())))
                ray.kill(actor.handle)
            else:
                actor.where = answer["where"]
                self._actors[actor.handle.work.remote(actor.order)] = actor
        return found

    def running(self) -> int:
        return len(self._actors)

    def stop(self) -> None:
        if not self._actors:
            return
        import ray

        for actor in self._actors.values():
            ray.kill(actor.handle)
        self._actors.clear()

    def _needs(self, ray: Any) -> dict[str, float]:
        """Resources of a worker."""
        gpus = float(ray.cluster_resources().get("GPU", 0.0) > 0) if self.gpus is None else self.gpus
        return {"CPU": float(self.threads), "GPU": gpus}


class _Actor:
    """A handle, what its worker is told (in a list, so that it is not fetched before), and its machine."""

    def __init__(self, handle: Any, order: list[Any]) -> None:
        self.handle, self.order, self.where = handle, order, ""


def _worker_class() -> type:
    """The class of the actors; made here, so that Ray sends its code and a node of another version can answer."""

    class CampaignWorker:
        def about(self) -> dict[str, str]:
            import platform

            try:
                from benchmarks.training.campaign.launchers.remote_worker import own_version

                version = own_version()
            except ImportError:
                try:
                    import benchmarks

                    version = str(benchmarks.__version__)
                except ImportError:
                    version = "none"
            return {"where": platform.node(), "version": version}

        def work(self, order: list[Any]) -> dict[str, Any]:
            import ray

            from benchmarks.training.campaign.launchers.remote_worker import pull_trainings

            return pull_trainings(ray.get(order[0]))

    return CampaignWorker


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
