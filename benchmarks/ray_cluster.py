"""Ray: connecting to a cluster in bounded time, and what its nodes have."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Any

from benchmarks.errors import SurrogatesError, shown
from benchmarks.optional import needs_extra

__all__ = ["RayError", "connect", "places"]

_SECONDS = 10.0
"""How long an address may take to answer."""
_HEALTH_SECONDS = 60.0
"""How long the health check of Ray may take, with its imports."""


class RayError(SurrogatesError, RuntimeError):
    """A cluster that does not answer, or has no room."""


def connect(address: str) -> Any:
    """Connect to a cluster of Ray, unless this process is connected; returns the library.

    Args:
        address: ``"auto"`` for the cluster that this machine is part of, or ``"host:port"``.

    Raises:
        MissingExtraError: If Ray is not installed.
        RayError: If nobody answers there, or something other than Ray; or if this process is connected to a cluster
            at another port or host.
    """
    with needs_extra("Ray", "ray", "ray"):
        import ray
    if ray.is_initialized():
        _check_same(address, ray.get_runtime_context().gcs_address)
        return ray
    where = os.environ.get("RAY_ADDRESS", address) if address == "auto" else address
    if where != "auto":
        _check(where)
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # what it would warn of
    try:
        ray.init(where, log_to_driver=False, configure_logging=False, include_dashboard=None)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise RayError(
            f"no cluster of Ray at {shown(address)}: {_first_line(error)}; start one with 'ray start --head'"
        ) from error
    return ray


def places(ray: Any, needs: dict[str, float]) -> int:
    """Number of workers with these needs that the nodes have room for.

    Raises:
        RayError: If no node has room for one; names what the largest has.
    """
    needs = {name: amount for name, amount in needs.items() if amount}
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    room = [min(int(node.get(name, 0.0) / amount + 1e-6) for name, amount in needs.items()) for node in nodes]
    if not sum(room):
        most = {name: max((node.get(name, 0.0) for node in nodes), default=0.0) for name in needs}
        raise RayError(
            f"no node of the cluster has room for a worker with {_listed(needs)}; the most is {_listed(most)}"
        )
    return sum(room)


def _check_same(asked: str, connected: str) -> None:
    """Raise if the address that was asked for is not that of the cluster this process is connected to."""
    host, _, port = asked.rpartition(":")
    there, _, its_port = connected.rpartition(":")
    if asked == "auto" or (port == its_port and (host == there or _is_here(host) or _is_here(there))):
        return
    raise RayError(
        f"expected the cluster of Ray that this process is connected to, {connected}, got {shown(asked)}; call "
        "ray.shutdown() first, or use another process"
    )


def _is_here(host: str) -> bool:
    """Whether a host is this machine, or a name, whose addresses may be several."""
    return host.startswith("127.") or not host.replace(".", "").isdigit()


def _check(address: str) -> None:
    """Raise unless Ray answers at an address."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdigit() or not 0 < int(port) < 65536:
        raise RayError(f"expected auto or HOST:PORT as the address of a cluster of Ray, got {shown(address)}")
    try:
        socket.create_connection((host, int(port)), timeout=_SECONDS).close()
    except OSError as error:
        raise RayError(f"nobody answers at the Ray address {shown(address)} ({error.strerror or error})") from error
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    try:  # its own client waits for minutes if something else answers
        sound = subprocess.run(command, capture_output=True, timeout=_HEALTH_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        sound = False
    if not sound:
        raise RayError(f"what answers at {shown(address)} is not a cluster of Ray that works with this version of it")


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:200].partition(". ")[0]


def _listed(amounts: dict[str, float]) -> str:
    return ", ".join(f"{amount:g} {name}" for name, amount in amounts.items())
