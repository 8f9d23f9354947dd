"""Checks of an installation: libraries, extras, packages with conflicting names, bundled files, tables."""

from __future__ import annotations

import importlib.util
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from benchmarks.errors import SurrogatesError
from benchmarks.extras import DISTRIBUTION, install_command, install_source, name_of, requirements
from benchmarks.formats.bundled import check_unpacked
from benchmarks.optional import import_name
from benchmarks.spaces.registry import get_space, list_benchmarks
from surrogates.pretrained.load import AGREEMENT, ANSWERS, FOLDER, SOURCES, SURROGATE
from surrogates.store.artefact import holds_artefact, read_files, read_metadata
from surrogates.store.provenance import installed_version

__all__ = ["Finding", "examine"]

PACKAGES = ("benchmarks", "encoders", "surrogates")
NOT_IMPORTED = ("all", "dev")
"""Extras that are sums of others, or for developers."""


class Finding(NamedTuple):
    """The result of one check.

    Attributes:
        status: ``"ok"``, ``"note"`` (optional part missing) or ``"broken"``.
        what: What was checked.
        detail: Version, size or remedy.
    """

    status: Literal["ok", "note", "broken"]
    what: str
    detail: str


def examine(tables: Sequence[str | os.PathLike[str]] = ()) -> Iterator[Finding]:
    """Check the installation and the tables.

    Args:
        tables: Table files to check, besides those in the folder ``$NAS_DATA``.

    Returns:
        One finding per check, made while iterating.

    Example:
        >>> next(examine()).what
        'python'
    """
    yield Finding("ok", "python", platform.python_version())
    yield from _libraries()
    yield from _packages()
    yield from _bundle()
    yield from _tables(tables)


def _libraries() -> Iterator[Finding]:
    """Whether the requirements of the core and of every extra are installed."""
    extras = requirements()
    if not extras:
        yield Finding("broken", DISTRIBUTION, f"not installed: pip install {install_source()}")
        return
    yield Finding("ok", DISTRIBUTION, installed_version(DISTRIBUTION) or "")
    versions = {name: installed_version(name) for lines in extras.values() for name in map(name_of, lines)}
    asked = {name_of(line) for extra, lines in extras.items() for line in lines if extra not in NOT_IMPORTED}
    reasons = _import_errors(tuple(sorted(name for name in asked if versions[name])))
    for line in extras.pop("", []):
        name = name_of(line)
        found = versions[name]
        if name in reasons:
            yield Finding("broken", name, f"{found} cannot be imported: {reasons[name]}")
        else:
            yield Finding("ok" if found else "broken", name, found or f"not installed: pip install {shlex.quote(line)}")
    for extra, lines in extras.items():
        names = [name_of(line) for line in lines]
        missing = ", ".join(dict.fromkeys(name for name in names if not versions[name]))
        used = [] if extra in NOT_IMPORTED else names
        unusable = [f"{name} cannot be imported: {reasons[name]}" for name in used if name in reasons]
        if unusable:
            yield Finding("broken", f"extra [{extra}]", "; ".join(unusable))
        elif missing:
            yield Finding("note", f"extra [{extra}]", f"{missing} missing: {install_command(missing, extra)}")
        else:
            yield Finding("ok", f"extra [{extra}]", "installed")


_IMPORTS = """
import importlib, sys
for name in sys.argv[1:]:
    print("begin", name, file=sys.__stdout__, flush=True)
    try:
        importlib.import_module(name)
        said = "fine"
    except BaseException as error:
        said = "failed " + " ".join((type(error).__name__ + ": " + str(error)).split())[:300]
    print(said, file=sys.__stdout__, flush=True)
"""


@lru_cache(maxsize=1)
def _import_errors(distributions: tuple[str, ...]) -> dict[str, str]:
    """Distribution -> why its package cannot be imported; they are imported in another process, which may crash."""
    waiting = {import_name(name): name for name in distributions}
    reasons: dict[str, str] = {}
    while waiting:
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _IMPORTS, *waiting], capture_output=True, text=True, check=False
        )
        lines = [line for line in run.stdout.splitlines() if line.startswith(("begin ", "fine", "failed "))]
        current = ""
        for line in lines:
            kind, _, rest = line.partition(" ")
            if kind == "begin":
                current = rest
            elif current in waiting:
                name = waiting.pop(current)
                if kind == "failed":
                    reasons[name] = rest
        if run.returncode == 0:
            break
        crashed = waiting.pop(current, None) or waiting.pop(next(iter(waiting), ""), None)
        if crashed is not None:
            reasons[crashed] = f"its import ends Python (exit code {run.returncode})"
    return reasons


def _packages() -> Iterator[Finding]:
    """Whether the three import names resolve to this distribution; unrelated PyPI packages have the same names."""
    places: dict[Path, list[str]] = {}
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin).resolve().parent.parent if spec and spec.origin else Path("nowhere")
        places.setdefault(origin, []).append(name)
    where = "; ".join(f"{', '.join(names)} from {place}" for place, names in places.items())
    together = len(places) == 1
    yield Finding(
        "ok" if together else "broken", "packages", where if together else f"another package shadows ours: {where}"
    )
    for name in PACKAGES:
        if found := installed_version(name):
            remedy = f"pip uninstall {name}; pip install --force-reinstall {install_source()}"
            yield Finding(
                "broken", f"distribution {name}", f"{name} {found} from PyPI is an unrelated package: {remedy}"
            )


def _bundle() -> Iterator[Finding]:
    try:
        check_unpacked(FOLDER)
    except SurrogatesError as error:
        yield Finding("broken", "bundle", str(error))
        return
    for space in list_benchmarks():
        if not (FOLDER / space / ANSWERS).is_dir():
            yield Finding("broken", f"bundle {space}", "no bundled answers: reinstall the package")
            continue
        for part in (ANSWERS, SURROGATE, AGREEMENT):
            directory = FOLDER / space / part
            if directory.is_dir():
                yield _artefact(f"bundle {space}/{part}", directory, part)


def _artefact(what: str, directory: Path, kind: str) -> Finding:
    try:
        files = read_files(directory, read_metadata(directory, kind))
    except SurrogatesError as error:
        return Finding("broken", what, str(error))
    size = sum(map(len, files.values()))
    return Finding("ok", what, f"{len(files)} file{'s' * (len(files) != 1)}, {size / 1e6:.1f} MB, hashes match")


def _tables(paths: Sequence[str | os.PathLike[str]]) -> Iterator[Finding]:
    expected: dict[Path, int | None] = {Path(path): None for path in paths}
    folder = os.environ.get("NAS_DATA")
    if folder is None:
        yield Finding("note", "NAS_DATA", "not set: published tables not checked")
    else:
        expected |= {Path(folder) / name: len(get_space(space)) for space, name in SOURCES.items()}
    for path, rows in expected.items():
        yield _table(path, rows)


def _table(path: Path, rows: int | None) -> Finding:
    from benchmarks.formats.load import load_table

    what = f"table {path}"
    if holds_artefact(path):
        return Finding(
            "broken", what, "expected a table, got a stored surrogate: surrogates doctor --artefact checks it"
        )
    try:
        table = load_table(path)
    except (SurrogatesError, OSError, ImportError) as error:
        return Finding("broken", what, str(error))
    if rows not in (None, len(table)):
        return Finding("broken", what, f"expected {rows:,} architectures, got {len(table):,}")
    missing = int(table.describe()["missing"].sum())
    gaps = f", {missing:,} values missing" if missing else ""
    return Finding("ok", what, f"{len(table):,} architectures of {', '.join(table.spaces)}{gaps}")
