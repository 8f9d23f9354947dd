"""Workers of a campaign as jobs of Slurm, submitted as one array by submitit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.errors import choice
from benchmarks.optional import needs_extra
from benchmarks.training.campaign.launchers.base import Launcher, WorkerEnd
from benchmarks.training.campaign.launchers.remote_worker import WorkOrder, pull_trainings

__all__ = ["SlurmLauncher"]

_COMMON = ("cpus_per_task", "gpus_per_node", "mem_gb", "name", "timeout_min")
_SLURM = (
    "account",
    "additional_parameters",
    "array_parallelism",
    "constraint",
    "cpus_per_gpu",
    "exclude",
    "exclusive",
    "gpus_per_task",
    "gres",
    "mail_type",
    "mail_user",
    "mem_per_cpu",
    "mem_per_gpu",
    "nodelist",
    "partition",
    "qos",
    "time",
    "use_srun",
)


class SlurmLauncher(Launcher):
    """Submits workers as an array of jobs; needs the extra ``[slurm]``, and a cluster of Slurm.

    A job that Slurm stops, for its time or for another job, is put into the queue again by submitit.

    Args:
        logs: Folder of the jobs' output, which all machines share.
        parameters: Parameters of a job: `cpus_per_task`, `gpus_per_node`, `mem_gb`, `name`, `timeout_min`, and those of
            ``sbatch`` that submitit knows, such as `partition`, `account`, `qos` or `array_parallelism`.
        cluster: ``"slurm"``, or ``"local"`` for processes on this machine, to try it.

    Raises:
        UnknownNameError: If there is no such parameter; names the nearest one.

    Example:
        >>> SlurmLauncher("logs", {"timeout_min": 60, "partition": "gpu"}).parameters
        {'name': 'surrogates', 'timeout_min': 60, 'slurm_partition': 'gpu'}
    """

    def __init__(self, logs: str | Path, parameters: Mapping[str, Any], cluster: str = "slurm") -> None:
        for name in parameters:
            choice(name, (*_COMMON, *_SLURM), "parameter of Slurm")
        named = {name if name in _COMMON else f"slurm_{name}": value for name, value in parameters.items()}
        self.logs, self.cluster = Path(logs), choice(cluster, ("slurm", "local"), "cluster")
        self.parameters: dict[str, Any] = {"name": "surrogates", **named}
        self._jobs: list[Any] = []

    def room(self) -> int:
        raise ValueError("expected a number of workers with Slurm, got auto")

    def start(self, order: WorkOrder, count: int) -> None:
        """Submit the array.

        Raises:
            MissingExtraError: If submitit is not installed.
            CampaignError: If Slurm is not there, or refuses the parameters.
        """
        from benchmarks.training.campaign.pool import CampaignError

        with needs_extra("Slurm", "slurm", "submitit"):
            import submitit
        try:
            executor = submitit.AutoExecutor(folder=self.logs.absolute(), cluster=self.cluster)
            executor.update_parameters(**self.parameters)
            with executor.batch():
                jobs = [executor.submit(_worker(submitit), order) for _ in range(count)]
        except (RuntimeError, TypeError, NameError, ValueError, OSError) as error:
            if isinstance(error, OSError) and error.filename is not None:
                raise
            raise CampaignError(f"Slurm did not take the workers: {' '.join(str(error).split())[:300]}") from error
        self._jobs += jobs

    def ended(self) -> list[WorkerEnd]:
        found = []
        for job in [job for job in self._jobs if job.done()]:
            self._jobs.remove(job)
            error = job.exception()
            if error is not None:
                text = next((line for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)
                found.append(WorkerEnd("lost", f"job {job.job_id}", text.strip()[:200]))
            else:
                found.append(WorkerEnd(**job.result()))
        return found

    def running(self) -> int:
        return len(self._jobs)

    def stop(self) -> None:
        for job in self._jobs:
            job.cancel(check=False)
        self._jobs.clear()


def _worker(submitit: Any) -> Any:
    """What a job calls; submitit asks it for what goes on after an interruption: the same again."""
    work = _SlurmWorker()
    work.again = submitit.helpers.DelayedSubmission
    return work


class _SlurmWorker:
    again: Any = None

    def __call__(self, order: WorkOrder) -> dict[str, Any]:
        return pull_trainings(order)

    def checkpoint(self, order: WorkOrder) -> Any:
        return self.again(self, order)
