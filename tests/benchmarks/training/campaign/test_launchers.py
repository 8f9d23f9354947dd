"""What the watch does with workers that are lost, refused, or end too early; with a launcher in this process."""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.training.campaign import CampaignError, Plan, Trial, run_campaign
from benchmarks.training.campaign.launchers import watch
from benchmarks.training.campaign.launchers.base import Launcher, WorkerEnd
from benchmarks.training.campaign.launchers.remote_worker import WorkOrder
from benchmarks.training.campaign.worker import do
from tests.benchmarks.training.campaign.campaign_fakes import ARCHS, Fake

PLAN = Plan(ARCHS, ("jigsaw",))


class Here(Launcher):
    """Workers in this process: each call of `ended` lets the first do one training, or meet its fate."""

    def __init__(self, fates: list[str]) -> None:
        self.fates, self.workers = deque(fates), deque[tuple[WorkOrder, str]]()
        self.started: list[int] = []
        self.stopped = False

    def room(self) -> int:
        return 2

    def start(self, order: WorkOrder, count: int) -> None:
        self.started.append(count)
        for _ in range(count):
            self.workers.append((order, self.fates.popleft() if self.fates else "done"))

    def ended(self) -> list[WorkerEnd]:
        if not self.workers:
            return []
        order, fate = self.workers.popleft()
        if fate == "refused":
            return [WorkerEnd("refused", "node7", "node7 has version 0.0.9")]
        do(order.jobs[0], order.plan, order.folder, order.trainer)
        return [WorkerEnd(fate, "node1", "its node died" if fate == "lost" else "")]  # type: ignore[arg-type]

    def running(self) -> int:
        return len(self.workers)

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_PAUSE", 0.0)


def trained(launcher: Here, tmp_path: Path, **options: int) -> list[Trial]:
    fake = Fake(tmp_path / "diary")
    steps = list(run_campaign(PLAN, tmp_path / "runs", fake, 2, launcher=launcher, **options))
    assert steps[-1].finished == len(fake.trained())
    assert launcher.stopped
    return fake.trained()


def test_lost_workers_are_replaced(tmp_path: Path) -> None:
    launcher = Here(["lost", "done", "lost", "done"])
    assert sorted(trained(launcher, tmp_path)) == sorted(PLAN.trials())
    assert launcher.started[0] == 2
    assert sum(launcher.started) > 2


def test_what_is_left_when_all_have_ended_is_started_again(tmp_path: Path) -> None:
    launcher = Here([])
    assert len(trained(launcher, tmp_path)) == 4
    assert launcher.started[0] == 2
    assert len(launcher.started) > 2


def test_records_that_no_listing_shows_yet_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = Path.glob

    def stale(self: Path, pattern: str) -> Iterator[Path]:
        return iter(()) if self.name == "jigsaw" and pattern == "*.json" else listed(self, pattern)

    monkeypatch.setattr(Path, "glob", stale)
    assert sorted(trained(Here([]), tmp_path)) == sorted(PLAN.trials())  # each once


def test_a_refused_worker_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"a worker was refused: node7 has version 0.0.9; the others go on"):
        assert len(trained(Here(["refused"]), tmp_path)) == 4


@pytest.mark.filterwarnings("ignore:a worker was refused")
def test_without_an_accepted_worker_there_is_no_campaign(tmp_path: Path) -> None:
    launcher = Here(["refused"] * 9)
    with pytest.raises(CampaignError, match=r"no worker was accepted: node7 has version 0\.0\.9"):
        trained(launcher, tmp_path)
    assert launcher.stopped
    assert launcher.started == [2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda here: [WorkerEnd("lost", "node1", "its node died")], "workers in a row were lost, .*died .node1"),
        (lambda here: [WorkerEnd("failed", "node1", "no such device")], "node1: no such device"),
        (lambda here: [WorkerEnd("done")], "workers end without a result, 4 trainings are left"),
    ],
)
def test_workers_that_never_train_are_given_up(
    change: Callable[[Here], list[WorkerEnd]], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(self: Here) -> list[WorkerEnd]:
        if self.workers:
            self.workers.popleft()
        return change(self)

    monkeypatch.setattr(Here, "ended", ended)
    launcher = Here([])
    with pytest.raises(CampaignError, match=message):
        trained(launcher, tmp_path)
    assert launcher.stopped


def test_a_time_limit_stops_the_workers(tmp_path: Path) -> None:
    launcher = Here([])
    steps = list(run_campaign(PLAN, tmp_path / "runs", Fake(tmp_path / "d"), 1, launcher=launcher, max_seconds=1e-9))
    assert [step.finished for step in steps] == [0]
    assert launcher.stopped
