"""Campaigns as processes of their own: killed at any moment, several at once."""

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.file_locks import is_locked
from benchmarks.training.campaign import Plan, Trial, campaign_status, read_record, record_path
from benchmarks.training.campaign.records import lock_path
from tests.benchmarks.training.campaign.campaign_fakes import ARCHS, Fake

PLAN = Plan(ARCHS)
WORKERS = 2

_CODE = """
import sys
from pathlib import Path
from benchmarks.training.campaign import run_campaign
from tests.benchmarks.training.campaign.campaign_fakes import Fake
from tests.benchmarks.training.campaign.test_kills import PLAN, WORKERS
folder = Path(sys.argv[1])
try:
    for step in run_campaign(PLAN, folder / "runs", Fake(folder / "diary", seconds=0.05), WORKERS):
        pass
except KeyboardInterrupt:
    sys.exit(130)
"""


def start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _CODE, str(folder)], start_new_session=True)


def recorded(folder: Path) -> set[Trial]:
    return {trial for trial in PLAN.trials() if record_path(folder / "runs", trial).exists()}


def wait_for(folder: Path, count: int) -> None:
    """Until so many trainings were begun."""
    end = time.monotonic() + 20
    while len(Fake(folder / "diary").trained()) < count:
        assert time.monotonic() < end
        time.sleep(0.005)


def wait_for_quiet(folder: Path) -> None:
    """Until no process trains any more."""
    end = time.monotonic() + 20
    while any(is_locked(lock_path(folder / "runs", trial)) for trial in PLAN.trials()):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_killed_at_any_moment_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    diary = Fake(tmp_path / "diary")
    kills = 3
    for _ in range(kills):
        begun = len(diary.trained())
        process = start(tmp_path)
        wait_for(tmp_path, begun + 1)
        time.sleep(float(rng.uniform(0, 0.12)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_for_quiet(tmp_path)  # its workers end with it
        before = recorded(tmp_path)
        for trial in before:
            assert read_record(record_path(tmp_path / "runs", trial)).trial == trial
        begun_now = diary.trained()
        time.sleep(0.1)
        assert diary.trained() == begun_now
        assert not before & set(diary.trained()[len(begun_now) :])
    done, begun = recorded(tmp_path), len(diary.trained())
    assert start(tmp_path).wait(timeout=20) == 0
    assert campaign_status(PLAN, tmp_path / "runs").loc["all", "done"] == len(PLAN.trials())
    assert Counter(diary.trained()[begun:]) == Counter(set(PLAN.trials()) - done)
    assert len(diary.trained()) <= len(PLAN.trials()) + kills * WORKERS


def test_two_processes_share_a_plan_and_do_everything_once(tmp_path: Path) -> None:
    processes = [start(tmp_path), start(tmp_path)]
    assert [process.wait(timeout=20) for process in processes] == [0, 0]
    assert recorded(tmp_path) == set(PLAN.trials())
    assert set(Counter(Fake(tmp_path / "diary").trained()).values()) == {1}


def test_ctrl_c_ends_workers_and_leaves_nothing_but_records(tmp_path: Path) -> None:
    process = start(tmp_path)
    wait_for(tmp_path, 3)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130
    wait_for_quiet(tmp_path)
    status = campaign_status(PLAN, tmp_path / "runs").loc["all"]
    assert status["done"] == len(recorded(tmp_path))
    assert status["failed"] == status["unusable"] == status["running"] == 0
