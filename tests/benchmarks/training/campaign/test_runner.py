"""Campaigns with a fake trainer: nothing twice, nothing lost, failures recorded."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from benchmarks.errors import ArtefactError
from benchmarks.file_locks import file_lock, is_locked
from benchmarks.training.campaign import (
    CampaignError,
    Plan,
    Trial,
    campaign_status,
    read_record,
    record_path,
    run_campaign,
)
from benchmarks.training.campaign import worker as worker_module
from benchmarks.training.campaign.records import lock_path
from benchmarks.training.campaign.worker import Job, Outcome, do
from tests.benchmarks.training.campaign.campaign_fakes import ARCHS, Fake, values

PLAN = Plan(ARCHS[:2], ("jigsaw", "segmentsemantic"))


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path / "diary")


def in_process(plan: Plan, folder: Path, fake: Fake) -> None:
    """Do a plan without worker processes."""
    for trial in plan.trials():
        assert do(Job(trial), plan, folder, fake).outcome is Outcome.DONE


def test_every_training_is_done_once_and_recorded(tmp_path: Path, fake: Fake) -> None:
    folder = tmp_path / "runs"
    progress = list(run_campaign(PLAN, folder, fake, workers=2))
    assert sorted(fake.trained()) == sorted(PLAN.trials())
    assert [step.finished for step in progress] == [0, 1, 2, 3, 4]
    assert progress[-1].seconds_left == 0.0
    for trial in PLAN.trials():
        record = read_record(record_path(folder, trial))
        assert (record.trial, record.failure, record.epochs, record.notes) == (trial, None, 2, ("a note",))
        assert next(iter(record.metrics.values())) == values(trial)
        assert record.machine["cpu"]
    left_over = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert left_over == {".json"}
    assert [step.finished for step in run_campaign(PLAN, folder, fake)] == [4]
    assert len(fake.trained()) == 4


def test_failures_are_recorded_and_the_campaign_goes_on(tmp_path: Path) -> None:
    hows = dict(zip([(arch, "jigsaw") for arch in ARCHS], ("nan", "memory", "bug", "killed"), strict=True))
    plan, fake = Plan(ARCHS, ("jigsaw", "normal")), Fake(tmp_path / "diary", broken=hows)
    steps = list(run_campaign(plan, tmp_path / "runs", fake, workers=1))
    assert len(fake.trained()) == steps[-1].finished == 8
    reasons = [read_record(record_path(tmp_path / "runs", Trial(arch, "jigsaw"))).failure for arch in ARCHS]
    assert reasons[:3] == ["loss is nan in epoch 2", "MemoryError", "TypeError: not a number"]
    assert reasons[3] == "its process died with exit code -9: killed, probably out of memory"
    status = campaign_status(plan, tmp_path / "runs")
    assert status.loc["jigsaw", ["done", "failed", "left"]].tolist() == [0, 4, 0]
    assert status.loc["all", ["done", "failed", "left"]].tolist() == [4, 4, 0]

    assert len(list(run_campaign(plan, tmp_path / "runs", fake))) == 1  # failures are not done again
    healthy = Fake(tmp_path / "diary")
    assert list(run_campaign(plan, tmp_path / "runs", healthy, retry_failed=True))[-1].finished == 8
    assert fake.trained()[8:] == [Trial(arch, "jigsaw") for arch in ARCHS]
    assert campaign_status(plan, tmp_path / "runs").loc["all", "done"] == 8


def test_who_dies_after_writing_its_record_has_done_its_work(tmp_path: Path) -> None:
    """Also if another process trained the same while this one was asleep: a record is never buried."""
    fake = Fake(tmp_path / "diary", broken={(ARCHS[0], "jigsaw"): "killed after its record"})
    plan = Plan(ARCHS[:2], ("jigsaw",))
    list(run_campaign(plan, tmp_path / "runs", fake))
    trial = plan.trials()[0]
    record = read_record(record_path(tmp_path / "runs", trial))
    assert (record.failure, record.metrics) == (None, {"valid_top1": values(trial)})
    assert campaign_status(plan, tmp_path / "runs").done["all"] == 2


def test_a_failure_is_retried_once_however_many_ask(tmp_path: Path) -> None:
    trial, broken = Trial(ARCHS[0], "jigsaw"), Fake(tmp_path / "diary", broken={(ARCHS[0], "jigsaw"): "nan"})
    first = do(Job(trial), PLAN, tmp_path, broken)
    assert first.record is not None
    again = Job(trial, replaces=first.record.started)
    assert do(again, PLAN, tmp_path, broken).outcome is Outcome.FAILED
    assert do(again, PLAN, tmp_path, broken).outcome is Outcome.KNOWN
    assert len(broken.trained()) == 2


def test_when_everything_fails_it_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.training.campaign.runner._GIVE_UP", 2)
    plan = Plan(ARCHS, ("jigsaw",))
    fake = Fake(tmp_path / "diary", broken={(arch, "jigsaw"): "bug" for arch in ARCHS})
    with pytest.raises(CampaignError, match="2 trainings in a row failed, the last one with: TypeError: not a number"):
        list(run_campaign(plan, tmp_path / "runs", fake))
    assert len(fake.trained()) == 2


def test_a_full_disk_stops_it_and_leaves_the_records_intact(tmp_path: Path) -> None:
    fake = Fake(tmp_path / "diary", broken={(ARCHS[1], "jigsaw"): "disk"})
    with pytest.raises(OSError, match="No space left on device") as error:
        list(run_campaign(PLAN, tmp_path / "runs", fake))
    assert error.value.errno == errno.ENOSPC
    assert campaign_status(PLAN, tmp_path / "runs").loc["all", ["done", "failed", "left"]].tolist() == [2, 0, 2]
    list(run_campaign(PLAN, tmp_path / "runs", Fake(tmp_path / "diary")))
    assert fake.trained() == [*PLAN.trials()[:3], *PLAN.trials()[2:]]


def test_a_record_that_cannot_be_written_is_no_failed_training(
    tmp_path: Path, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "cannot write: No space left on device", "record.json")

    monkeypatch.setattr(worker_module, "write_record", full)
    report = do(Job(PLAN.trials()[0]), PLAN, tmp_path, fake)
    assert report.outcome is Outcome.DISK
    assert report.error is not None
    assert str(OSError(*report.error)) == "[Errno 28] cannot write: No space left on device: 'record.json'"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1}', b'{"format": 9, "trial": {}}', b"\xff\x00"])
def test_a_damaged_record_is_named_counted_and_trained_again(tmp_path: Path, fake: Fake, content: bytes) -> None:
    plan = Plan(ARCHS[:1], ("jigsaw",))
    in_process(plan, tmp_path, fake)
    path = record_path(tmp_path, plan.trials()[0])
    path.write_bytes(content)
    with pytest.raises(ArtefactError, match="64-2311-basic-seed666"):
        read_record(path)
    assert campaign_status(plan, tmp_path).loc["jigsaw", ["unusable", "left"]].tolist() == [1, 1]
    in_process(plan, tmp_path, fake)
    assert len(fake.trained()) == 2
    assert read_record(path).failure is None


def test_a_record_under_another_name_is_refused(tmp_path: Path, fake: Fake) -> None:
    in_process(PLAN, tmp_path, fake)
    first, second = (record_path(tmp_path, trial) for trial in (PLAN.trials()[0], PLAN.trials()[2]))
    shutil.copy(first, second)
    with pytest.raises(ArtefactError, match="expected the training in the file name, got 64-2311"):
        read_record(second)


def test_more_architectures_tasks_and_seeds_may_be_added(tmp_path: Path, fake: Fake) -> None:
    list(run_campaign(PLAN, tmp_path / "runs", fake))
    more = Plan((ARCHS[2], *PLAN.archs), ("room_layout", *PLAN.tasks), (666, 1))
    assert list(run_campaign(more, tmp_path / "runs", fake, workers=2))[-1].finished == 18
    assert sorted(fake.trained()) == sorted(more.trials())


def test_where_nothing_succeeded_nothing_is_lost_by_starting_again(tmp_path: Path) -> None:
    broken = Fake(tmp_path / "diary", broken={(ARCHS[0], "jigsaw"): "nan"})
    list(run_campaign(Plan(ARCHS[:1], ("jigsaw",)), tmp_path / "runs", broken))
    changed = Plan(ARCHS[:1], ("jigsaw",), recipe={"epochs": 99})
    with pytest.raises(
        ArtefactError, match=r"none of its trainings has succeeded, so deleting '.*jigsaw' loses nothing"
    ):
        list(run_campaign(changed, tmp_path / "runs", broken))
    list(run_campaign(Plan(ARCHS[1:2], ("jigsaw",)), tmp_path / "runs", broken))
    with pytest.raises(ArtefactError, match=r"choose another folder \(architectures, tasks and seeds may be added\)$"):
        list(run_campaign(changed, tmp_path / "runs", broken))


def test_another_recipe_or_other_images_are_refused(tmp_path: Path, fake: Fake) -> None:
    list(run_campaign(Plan(ARCHS[:1], ("jigsaw",)), tmp_path / "runs", fake))
    changed = Plan(ARCHS[:1], ("normal", "jigsaw"), recipe_of={"jigsaw": {"epochs": 99, "optimiser": {"lr": 0.5}}})
    with pytest.raises(ArtefactError, match=r"jigsaw: the plan changed since .* was created") as error:
        list(run_campaign(changed, tmp_path / "runs", fake))
    assert "recipe: epochs was 5 and is now 99; recipe: optimiser: lr was 0.1 and is now 0.5" in str(error.value)
    from benchmarks.training.campaign import RoomsImages

    with pytest.raises(ArtefactError, match="images: rooms: seed was 0 and is now 1"):
        list(run_campaign(Plan(ARCHS[:1], ("jigsaw",), images=RoomsImages(1)), tmp_path / "runs", fake))
    assert len(fake.trained()) == 1


def test_locks_exclude_and_end_with_their_holder(tmp_path: Path) -> None:
    path = lock_path(tmp_path, PLAN.trials()[0])
    assert not is_locked(path)
    with file_lock(path) as mine:
        assert mine
        assert is_locked(path)
        with file_lock(path) as again:
            assert not again
        assert is_locked(path)
        if os.fork() == 0:  # a child of the holder, as data loaders have: not a second holder
            os._exit(0)
        os.wait()
    assert not path.exists()
    path.write_text("left by a killed process")
    assert not is_locked(path)
    with file_lock(path) as mine:
        assert mine


def test_what_another_process_holds_is_left_to_it(tmp_path: Path, fake: Fake) -> None:
    held = PLAN.trials()[1]
    with file_lock(lock_path(tmp_path, held)) as mine:
        assert mine
        steps = list(run_campaign(PLAN, tmp_path, fake))
        assert campaign_status(PLAN, tmp_path).loc["all", ["done", "running", "left"]].tolist() == [3, 1, 0]
    assert steps[-1].outcome is Outcome.TAKEN
    assert held not in fake.trained()
    assert len(fake.trained()) == 3


def test_workers_that_do_not_start_are_reported(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    class Unknown(Fake):
        def __reduce__(self) -> tuple[object, ...]:
            return (os.abort, ())

    with pytest.raises(CampaignError, match="ended during start-up"):
        list(run_campaign(PLAN, tmp_path / "runs", Unknown(tmp_path / "diary")))
    capfd.readouterr()


def test_at_least_one_worker(tmp_path: Path, fake: Fake) -> None:
    with pytest.raises(ValueError, match="expected at least 1 worker, or 'auto', got 0"):
        next(run_campaign(PLAN, tmp_path / "runs", fake, workers=0))


def test_a_record_of_another_recipe_is_not_used(tmp_path: Path, fake: Fake) -> None:
    plan = Plan(ARCHS[:1], ("jigsaw",))
    in_process(Plan(ARCHS[:1], ("jigsaw",), recipe={"epochs": 9}), tmp_path, fake)
    assert campaign_status(plan, tmp_path).loc["jigsaw", ["done", "unusable", "left"]].tolist() == [0, 1, 1]
    in_process(plan, tmp_path, fake)
    assert campaign_status(plan, tmp_path).loc["jigsaw", ["done", "unusable", "left"]].tolist() == [1, 0, 0]
