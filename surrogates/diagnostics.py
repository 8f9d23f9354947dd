"""Checks of an installation: libraries, extras, packages with conflicting names, bundled files, tables."""

from __future__ import annotations

import importlib.util
import os
import platform
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from benchmarks.errors import SurrogatesError
from benchmarks.extras import DISTRIBUTION, install_command, install_source, name_of, requirements
from benchmarks.spaces.registry import get_space, list_spaces
from surrogates.pretrained.load import AGREEMENT, ANSWERS, FOLDER, SOURCES, SURROGATE
from surrogates.store.artefact import read_files, read_metadata
from surrogates.store.provenance import installed_version

__all__ = ["Finding", "examine"]

PACKAGES = ("benchmarks", "encoders", "surrogates")


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
    for line in extras.pop("", []):
        name = name_of(line)
        found = installed_version(name)
        yield Finding("ok" if found else "broken", name, found or f"not installed: pip install {shlex.quote(line)}")
    for extra, lines in extras.items():
        missing = [name for name in map(name_of, lines) if not installed_version(name)]
        hint = f"{', '.join(missing)} missing: {install_command(', '.join(missing), extra)}"
        yield Finding("note" if missing else "ok", f"extra [{extra}]", hint if missing else "installed")


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
    for space in list_spaces():
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
    try:
        table = load_table(path)
    except (SurrogatesError, OSError) as error:
        return Finding("broken", what, str(error))
    if rows not in (None, len(table)):
        return Finding("broken", what, f"expected {rows:,} architectures, got {len(table):,}")
    missing = int(table.describe()["missing"].sum())
    gaps = f", {missing:,} values missing" if missing else ""
    return Finding("ok", what, f"{len(table):,} architectures of {', '.join(table.spaces)}{gaps}")
