"""Workers as actors on a real cluster of Ray: two nodes on this machine, of which one is killed."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import ray_cluster
from benchmarks.ray_cluster import RayError, connect, places
from benchmarks.training.campaign import CampaignError, Plan, RayLauncher, read_record, record_path, run_campaign
from benchmarks.training.campaign.launchers import ray_launcher
from tests.benchmarks.training.campaign.campaign_fakes import ARCHS, Fake, values
from tests.ray_cluster import add_node, cluster_of_one

ray: Any = pytest.importorskip("ray")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of Ray's own processes and files


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with cluster_of_one() as found:
        yield found


def test_a_lost_node_loses_only_what_it_was_running(cluster: Any, tmp_path: Path) -> None:
    node = add_node(cluster)
    plan, fake = Plan(ARCHS, ("jigsaw", "normal"), seeds=(0, 1)), Fake(tmp_path / "diary", seconds=0.3)
    launcher = RayLauncher(cluster.address)
    machines = set()
    for step in run_campaign(plan, tmp_path / "runs", fake, 2, launcher=launcher):
        machines.add(step.finished)
        if step.finished == 5:
            processes = {line.split()[-1] for line in fake.diary.read_text().splitlines()}
            cluster.remove_node(node, allow_graceful=False)
    assert machines == set(range(17))
    trained = fake.trained()
    assert set(trained) == set(plan.trials())
    assert len(trained) <= len(plan.trials()) + 1  # what the lost node was running is done again, and nothing else
    assert processes
    for trial in plan.trials():
        record = read_record(record_path(tmp_path / "runs", trial))
        assert record.failure is None
        assert next(iter(record.metrics.values())) == values(trial)
    assert not list((tmp_path / "runs").rglob("*.lock"))
    assert launcher.running() == 0


def test_a_node_of_another_version_is_refused_and_named(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_launcher, "own_version", lambda: "9.9.9, trainings 1")
    plan, fake = Plan(ARCHS[:1], ("jigsaw",)), Fake(tmp_path / "diary")
    launcher = RayLauncher(cluster.address)
    message = (
        f"{socket.gethostname()} has version .* of transnas-surrogates, expected this machine's, 9.9.9, trainings 1"
    )
    with pytest.warns(UserWarning, match=message), pytest.raises(CampaignError, match="no worker was accepted: "):
        list(run_campaign(plan, tmp_path / "runs", fake, 1, launcher=launcher))
    assert fake.trained() == []
    assert launcher.running() == 0


def test_workers_that_fit_nowhere_are_refused_at_once(cluster: Any, tmp_path: Path) -> None:
    connected = connect(cluster.address)
    assert places(connected, {"CPU": 1.0}) >= 1
    assert places(connected, {"CPU": 0.25}) >= 4
    with pytest.raises(RayError, match=r"this process is connected to, .*, got '127\.0\.0\.1:1'"):
        connect("127.0.0.1:1")
    launcher = RayLauncher(cluster.address, gpus=0.25)
    with pytest.raises(
        RayError, match=r"no node .* has room for a worker with 1 CPU, 0.25 GPU; the most is 1 CPU, 0 GPU"
    ):
        list(run_campaign(Plan(ARCHS), tmp_path, Fake(tmp_path / "diary"), "auto", launcher=launcher))


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", "nobody answers at the Ray address '127.0.0.1:1' .Connection refused."),
        ("hello", "expected auto or HOST:PORT as the address of a cluster of Ray, got 'hello'"),
        ("127.0.0.1:99999", "expected auto or HOST:PORT"),
        ("ray://127.0.0.1:1", "expected auto or HOST:PORT"),
    ],
)
def test_an_address_that_nobody_answers_at(address: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(RayError, match=message):
        connect(address)


def test_an_address_where_something_else_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray_cluster, "_HEALTH_SECONDS", 1.0)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(RayError, match="is not a cluster of Ray that works with this version of it"):
            connect(f"127.0.0.1:{other.getsockname()[1]}")


@pytest.mark.parametrize(("gpus", "threads"), [(-0.1, 1), (1.5, 1), (float("nan"), 1), (0.5, 0)])
def test_shares_that_make_no_sense(gpus: float, threads: int) -> None:
    with pytest.raises(ValueError, match=r"expected (a share of a GPU|at least 1 thread)"):
        RayLauncher("auto", gpus, threads)
