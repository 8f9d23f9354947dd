"""Tables that are bundled with the package."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.errors import ArtefactError, TableNotFoundError, did_you_mean, shown
from benchmarks.files import kind_of_file

__all__ = ["check_unpacked", "find_table", "list_tables"]

_FOLDER = Path(__file__).parents[1] / "tables"


def list_tables() -> tuple[str, ...]:
    """Names of the bundled tables, for `load_table`.

    ``"rooms-mini"`` holds the project's trainings of TransNAS-Bench-101 backbones on all seven tasks, on rendered rooms
    with the ``"mini"`` recipes of `benchmarks.training.presets`, one row per architecture; ``"rooms-mini-again"``
    holds some of them trained again with another seed, and ``"rooms-open"`` backbones outside both published sets, on
    four tasks. `benchmarks.table_provenance` returns their recipes, commits, hardware and time.

    Example:
        >>> list_tables()
        ('rooms-mini', 'rooms-mini-again', 'rooms-open')
    """
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.parquet")))


def find_table(path: str | os.PathLike[str]) -> Path:
    """Path of a table's file, given a path or the name of a bundled table.

    Raises:
        TableNotFoundError: If there is no such file and no bundled table of that name.

    Example:
        >>> find_table("rooms-mini").name
        'rooms-mini.parquet'
        >>> find_table("rooms-mino")
        Traceback (most recent call last):
        ...
        benchmarks.errors.TableNotFoundError: no such file: rooms-mino; did you mean 'rooms-mini'? Bundled tables: ...
    """
    found = Path(path)
    if kind_of_file(found) == "a file":
        return found
    check_unpacked(_FOLDER)
    names = list_tables()
    if str(path) in names:
        return _FOLDER / f"{path}.parquet"
    if (kind := kind_of_file(found)) not in ("nothing", "a folder"):
        raise TableNotFoundError(f"{shown(str(path))[1:-1]}: expected a file, got {kind}")
    raise TableNotFoundError(
        f"no such file: {shown(str(path))[1:-1]}{did_you_mean(path, names)} Bundled tables: {', '.join(names)}"
    )


def check_unpacked(folder: Path) -> None:
    """Raise an error if a folder of the package cannot be opened, as the package is read from a zip file.

    Raises:
        ArtefactError: Names the zip file, and says to unpack it.

    Example:
        >>> check_unpacked(Path("/opt/wheels/a.whl/benchmarks/tables"))  # no such file either
    """
    if not folder.is_dir():
        for parent in folder.parents:
            if parent.is_file():
                raise ArtefactError(
                    f"the package is imported from the zip file {str(parent)!r:.200}, where its data cannot be opened: "
                    "install it with pip, or unpack it and put the folder on the path"
                )
