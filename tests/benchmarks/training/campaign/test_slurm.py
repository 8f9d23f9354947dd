"""Workers that submitit starts, by its executor for one machine."""

import errno
from pathlib import Path

import pytest

from benchmarks import UnknownNameError
from benchmarks.file_locks import file_lock
from benchmarks.training.campaign import CampaignError, Plan, SlurmLauncher, Trial, campaign_status, run_campaign
from benchmarks.training.campaign.launchers import remote_worker
from benchmarks.training.campaign.launchers.remote_worker import WorkOrder, pull_trainings
from benchmarks.training.campaign.records import lock_path
from benchmarks.training.campaign.worker import Job
from tests.benchmarks.training.campaign.campaign_fakes import ARCHS, Fake

pytest.importorskip("submitit")

pytestmark = pytest.mark.filterwarnings("ignore:subprocess [0-9]+ is still running:ResourceWarning")  # of submitit
PLAN = Plan(ARCHS[:2], ("jigsaw", "normal"))


def launcher(tmp_path: Path) -> SlurmLauncher:
    return SlurmLauncher(tmp_path / "logs", {"timeout_min": 2}, cluster="local")


def test_workers_share_a_plan_and_a_second_run_has_nothing_to_do(tmp_path: Path) -> None:
    fake = Fake(tmp_path / "diary", broken={(ARCHS[0], "normal"): "nan"})
    steps = list(run_campaign(PLAN, tmp_path / "runs", fake, 2, launcher=launcher(tmp_path)))
    assert sorted(fake.trained()) == sorted(PLAN.trials())
    assert (steps[0].finished, steps[-1].finished, steps[-1].seconds_left) == (0, 4, 0.0)
    assert {step.trial for step in steps[1:]} == set(PLAN.trials())
    assert campaign_status(PLAN, tmp_path / "runs").loc["all", ["done", "failed"]].tolist() == [3, 1]
    again = list(run_campaign(PLAN, tmp_path / "runs", fake, 2, launcher=launcher(tmp_path)))
    assert [step.finished for step in again] == [4]
    healthy = Fake(tmp_path / "diary")
    more = run_campaign(PLAN, tmp_path / "runs", healthy, 1, retry_failed=True, launcher=launcher(tmp_path))
    assert [step.finished for step in more] == [3, 4]
    assert fake.trained()[4:] == [Trial(ARCHS[0], "normal")]


def test_a_full_shared_disk_stops_the_campaign(tmp_path: Path) -> None:
    fake = Fake(tmp_path / "diary", broken={(ARCHS[0], "normal"): "disk"})
    with pytest.raises(OSError, match="No space left on device") as caught:
        list(run_campaign(PLAN, tmp_path / "runs", fake, 1, launcher=launcher(tmp_path)))
    assert caught.value.errno == errno.ENOSPC
    assert campaign_status(PLAN, tmp_path / "runs").loc["all", ["done", "failed"]].tolist() == [1, 0]


def test_parameters_are_checked_before_anything_is_submitted(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'partition'"):
        SlurmLauncher(tmp_path, {"partitoin": "gpu"})
    with pytest.raises(ValueError, match="expected a number of workers with Slurm, got auto"):
        list(run_campaign(PLAN, tmp_path / "runs", Fake(tmp_path / "diary"), "auto", launcher=launcher(tmp_path)))
    with pytest.raises(CampaignError, match=r"Slurm did not take the workers: .*srun"):
        list(run_campaign(PLAN, tmp_path / "runs", Fake(tmp_path / "diary"), 1, launcher=SlurmLauncher(tmp_path, {})))


def order(tmp_path: Path, fake: Fake, **changes: str) -> WorkOrder:
    return WorkOrder(PLAN, tmp_path / "runs", fake, tuple(map(Job, PLAN.trials())), **changes)


def test_a_machine_of_another_version_trains_nothing(tmp_path: Path) -> None:
    fake = Fake(tmp_path / "diary")
    found = pull_trainings(order(tmp_path, fake, version="9.9, trainings 1"))
    assert found["kind"] == "refused"
    assert found["text"].endswith("of transnas-surrogates, expected this machine's, 9.9, trainings 1")
    assert found["text"].startswith(f"{found['where']} has version {remote_worker.own_version()}")
    assert fake.trained() == []


def test_a_worker_leaves_to_others_what_they_do(tmp_path: Path) -> None:
    fake = Fake(tmp_path / "diary")
    taken = PLAN.trials()[1]
    with file_lock(lock_path(tmp_path / "runs", taken)):
        assert pull_trainings(order(tmp_path, fake))["kind"] == "done"
    assert sorted(fake.trained()) == sorted(trial for trial in PLAN.trials() if trial != taken)
