"""A real cluster of Ray on this machine, for tests: nodes of one core each, whatever else the machine is doing."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

TRIES = 3
_PORTS = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port", "runtime_env_agent_port")


def node_settings(cpus: int = 1) -> dict[str, Any]:
    """Settings of a node with ports that are chosen here: Ray gives up after 15 s if it has to ask for them."""
    sockets = [socket.socket() for _ in _PORTS]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = dict(zip(_PORTS, (each.getsockname()[1] for each in sockets), strict=True))
    for each in sockets:
        each.close()
    return {"num_cpus": cpus, "object_store_memory": 80_000_000, "include_dashboard": False, **ports}


def add_node(cluster: Any, cpus: int = 1, **more: Any) -> Any:
    """Add a node; skips the test if the machine is too busy to start one."""
    for _ in range(TRIES):
        with suppress(Exception):  # that it timed out
            return cluster.add_node(**node_settings(cpus), **more)
    pytest.skip("a node of Ray does not start on this machine")


@contextmanager
def cluster_of_one(cpus: int = 1) -> Iterator[Any]:
    """A cluster of one node; skips the test if there is no Ray."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    try:
        add_node(cluster, cpus)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()
