"""Description of the machine of a training: hardware, versions, commit."""

from __future__ import annotations

import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import joblib

import benchmarks

__all__ = ["describe_machine", "source_commit"]

_CPU_INFO = Path("/proc/cpuinfo")


def describe_machine() -> dict[str, str]:
    """CPU, GPU if this process uses one, versions, and the commit if the code is a git checkout.

    Example:
        >>> "cpu" in describe_machine()
        True
    """
    found = {
        "cpu": _cpu(),
        "gpu": _gpu(),
        "python": platform.python_version(),
        "torch": _version("torch"),
        "transnas-surrogates": benchmarks.__version__,
        "commit": source_commit(),
    }
    return {name: value for name, value in found.items() if value}


@cache
def source_commit() -> str:
    """Commit of the source tree, with ``+`` if files differ from it; empty if it is not a checkout."""
    root = Path(benchmarks.__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return ""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit + ("+" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()


def _cpu() -> str:
    lines = _CPU_INFO.read_text(encoding="utf-8").splitlines() if _CPU_INFO.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()} x {joblib.cpu_count()}"


def _gpu() -> str:
    """Name of the GPU, if torch is already imported and finds one."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return ""
    return str(torch.cuda.get_device_name())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
