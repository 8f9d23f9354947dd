"""How optional libraries are installed: hints name the libraries themselves, as the project is not on PyPI."""

from __future__ import annotations

import json
import re
import shlex
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["DISTRIBUTION", "install_command", "install_source", "name_of", "requirements"]

DISTRIBUTION = "transnas-surrogates"


def requirements() -> dict[str, list[str]]:
    """Extra -> its requirements, as in the metadata of the installed distribution; ``""`` are those of the core.

    Empty if the distribution is not installed, as in a plain checkout on the path.

    Example:
        >>> "matplotlib" in map(name_of, requirements()["plots"])
        True
    """
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return {}
    found: dict[str, list[str]] = {}
    for line in lines:
        requirement, _, marker = line.partition(";")
        condition = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
        found.setdefault(condition[1] if condition else "", []).append(requirement.strip())
    return found


def name_of(requirement: str) -> str:
    """Name of the distribution in a requirement.

    Example:
        >>> name_of("torch-geometric>=2.5")
        'torch-geometric'
    """
    return re.split(r"[^A-Za-z0-9_.-]", requirement.strip())[0]


def install_command(package: str, extra: str = "") -> str:
    """The command that installs what is missing of an extra.

    Args:
        package: The library that was found missing, as pip or Python calls it.
        extra: Name of the extra that has it; empty for the core.

    Returns:
        ``pip install`` with the requirements of the extra that are not installed; with the library alone if its extra
        is not known.

    Example:
        >>> install_command("no-such-library")
        'pip install no-such-library'
    """
    listed = requirements().get(extra, [])
    missing = [line for line in listed if not _is_installed(name_of(line)) and name_of(line) != DISTRIBUTION]
    same = [line for line in listed if _plain(name_of(line)) == _plain(package)]
    return "pip install " + " ".join(map(shlex.quote, missing or same or [package]))


def install_source() -> str:
    """What to give to ``pip install`` to install this project again; in words if that is not recorded.

    Example:
        >>> len(install_source()) > 0
        True
    """
    try:
        record = json.loads(distribution(DISTRIBUTION).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        record = {}
    url = str(record.get("url", ""))
    if "vcs_info" in record:
        return shlex.quote(f"{record['vcs_info'].get('vcs', 'git')}+{url}")
    parts = urlsplit(url)
    path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(__file__).parents[1]
    if url and parts.scheme != "file":
        return shlex.quote(url)
    if path.is_file() or (path / "pyproject.toml").is_file():
        return shlex.quote(str(path))
    return f"PLACE, the folder or file that {DISTRIBUTION} came from"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).casefold()


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
