"""Artefact folders whose ``metadata.json`` records the size and SHA-256 of every other file.

A folder is written atomically, has the same bytes for the same content (no time stamps), and is verified completely
before its files are parsed. Its ``README.md`` (the card) is for people and model hubs: it is not read, so it may be
edited or deleted; one that was edited is never overwritten.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import limits
from benchmarks.errors import ArtefactError, SurrogatesError, shown
from benchmarks.files import is_litter, kind_of_file, read_file, write_folder_beside

__all__ = [
    "CARD",
    "FORMAT_VERSION",
    "METADATA",
    "check_target",
    "has_saved_card",
    "holds_artefact",
    "parsing",
    "read_files",
    "read_metadata",
    "write_artefact",
]

FORMAT = "transnas-surrogates artefact"
FORMAT_VERSION = 1
METADATA = "metadata.json"
CARD = "README.md"
"""Name of the card; no part of what is loaded."""
_HEADER = ("format", "format_version", "kind")
_RESERVED = (*_HEADER, "files", "checksum")


def write_artefact(
    directory: str | Path, kind: str, content: Mapping[str, Any], files: Mapping[str, bytes], card: str | None = None
) -> Path:
    """Write an artefact to a temporary folder beside the directory, then rename it into place.

    Args:
        directory: Target; parents are created. An existing artefact of this project is replaced.
        kind: Kind of artefact, e.g. ``"surrogate"``.
        content: JSON values for ``metadata.json``.
        files: Content of every other file, by plain file name.
        card: Text of ``README.md``; none is written if not given.

    Returns:
        The directory.

    Raises:
        ArtefactError: If the directory contains other files or an edited card, or cannot be written.

    Example:
        >>> import tempfile
        >>> directory = write_artefact(Path(tempfile.mkdtemp()) / "note", "note", {"by": "me"}, {"text": b"hello"})
        >>> read_files(directory, read_metadata(directory, "note"))
        {'text': b'hello'}
    """
    for name in (*content, *files):
        assert _is_plain(name), name
        assert name not in (*_RESERVED, METADATA, CARD), name
    metadata: dict[str, Any] = {"format": FORMAT, "format_version": FORMAT_VERSION, "kind": kind, **content}
    metadata["files"] = {name: _size_and_hash(data) for name, data in sorted(files.items())}
    unread = {} if card is None else {CARD: card.encode()}
    if unread:
        metadata["card"] = _size_and_hash(unread[CARD])
    metadata["checksum"] = _checksum(metadata)
    text = json.dumps(metadata, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    target = check_target(directory)
    try:
        with write_folder_beside(target, keep=is_litter) as beside:
            for name, data in {**files, **unread}.items():
                (beside / name).write_bytes(data)
            (beside / METADATA).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ArtefactError(f"cannot write {str(directory)!r}: {error.strerror or error}") from error
    return Path(directory)


def check_target(directory: str | Path) -> Path:
    """Return the absolute path of a directory if it is missing, empty, or an artefact of this project.

    Raises:
        ArtefactError: If it contains files that this project did not write, or its parent is not writable.

    Example:
        >>> check_target("/no/such/folder").name
        'folder'
    """
    target = Path(directory).resolve()
    parent = next(path for path in target.parents if path.exists())
    if not (parent.is_dir() and os.access(parent, os.W_OK)):
        raise ArtefactError(f"cannot write {str(directory)!r}: {str(parent)!r} is not a writable directory")
    if not target.exists():
        return target
    if not target.is_dir():
        raise ArtefactError(
            f"cannot write {str(directory)!r}: expected a directory or no file of that name, got a file"
        )
    found = {path.name for path in target.iterdir() if not is_litter(path.name)}
    if not found:
        return target
    try:
        metadata = _load_json(target)
    except ArtefactError:
        ours = set()
    else:
        ours = {METADATA, *metadata.get("files", {}), *([CARD] if has_saved_card(target, metadata) else [])}
        if found - ours == {CARD}:
            raise ArtefactError(
                f"cannot replace {str(directory)!r}: its {CARD!r} is not the one that was saved with it, and would be "
                f"lost; move {CARD!r}, or choose a new or empty directory"
            )
    if foreign := sorted(found - ours):
        raise ArtefactError(
            f"cannot replace {str(directory)!r}: it contains {foreign[0]!r}, which is not part of a stored artefact; "
            "choose a new or empty directory"
        )
    return target


def has_saved_card(directory: str | Path, metadata: Mapping[str, Any]) -> bool:
    """Whether the card of an artefact is the one that was saved with it, to the last byte.

    Example:
        >>> has_saved_card("/no/such/folder", {"card": {"bytes": 0, "sha256": ""}})
        False
    """
    recorded = metadata.get("card")
    if not isinstance(recorded, dict):
        return False
    try:
        return _size_and_hash(read_file(Path(directory) / CARD, limits.METADATA_BYTES)) == recorded
    except OSError:
        return False


def holds_artefact(directory: str | Path) -> bool:
    """Whether a folder holds an artefact of this project, whole or damaged, of any kind.

    Example:
        >>> holds_artefact("/no/such/folder")
        False
    """
    path = Path(directory) / METADATA
    if kind_of_file(path) != "a file":
        return False
    try:
        metadata = json.loads(read_file(path, limits.METADATA_BYTES).decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return True  # damaged, which the reader says
    return isinstance(metadata, dict) and metadata.get("format") == FORMAT


def read_metadata(directory: str | Path, kind: str) -> dict[str, Any]:
    """Read ``metadata.json`` and check that it describes an artefact of this kind in a supported format version.

    Raises:
        ArtefactError: If there is none, or it is damaged, not of this project, of another kind, or newer than this
            version.

    Example:
        >>> read_metadata("/no/such/folder", "surrogate")
        Traceback (most recent call last):
        ...
        benchmarks.errors.ArtefactError: '/no/such/folder': expected a directory with a stored surrogate, got nothing
    """
    path = Path(directory)
    if not path.is_dir():
        came = "a file" if path.exists() else "nothing"
        raise ArtefactError(f"{str(directory)!r}: expected a directory with a stored {kind}, got {came}")
    metadata = _load_json(path)
    version = metadata.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ArtefactError(f"{str(directory)!r}: damaged {METADATA}: format_version is {shown(version)}")
    if version > FORMAT_VERSION:
        raise ArtefactError(
            f"{str(directory)!r} was written by a newer version of transnas-surrogates (format {version}; this one "
            f"reads up to {FORMAT_VERSION}); install that version to read it"
        )
    if metadata.get("kind") != kind:
        raise ArtefactError(
            f"{str(directory)!r}: expected a stored {kind}, got a stored {metadata.get('kind')!s:.{limits.SHOWN}}"
        )
    return metadata


def read_files(directory: str | Path, metadata: Mapping[str, Any]) -> dict[str, bytes]:
    """Read every file of an artefact and verify it against `metadata`.

    Raises:
        ArtefactError: If the checksum of the metadata is wrong, or a file is missing, truncated or damaged.
    """
    path = Path(directory)
    if metadata.get("checksum") != _checksum(metadata):
        raise ArtefactError(f"{str(directory)!r}: {METADATA} is damaged: its checksum does not match its content")
    files: dict[str, bytes] = {}
    recorded = metadata.get("files")
    if not isinstance(recorded, dict) or not all(
        isinstance(entry, dict) and {"bytes", "sha256"} <= set(entry) for entry in recorded.values()
    ):
        raise ArtefactError(f"{str(directory)!r}: expected sizes and hashes of all files in {METADATA}, got none")
    for name, expected in recorded.items():
        if not _is_plain(name):
            raise ArtefactError(f"{str(directory)!r}: {METADATA} names {shown(name)}, which is not a plain file name")
        try:
            data = read_file(path / name, limits.FILE_BYTES - sum(map(len, files.values())))
        except OSError as error:
            raise ArtefactError(f"{str(directory)!r}: cannot read {shown(name)}: {error.strerror or error}") from error
        if not isinstance(expected["bytes"], int):
            raise ArtefactError(
                f"{str(directory)!r}: expected the size of {shown(name)}, got {shown(expected['bytes'])}"
            )
        if len(data) != expected["bytes"]:
            problem = "truncated" if len(data) < expected["bytes"] else "damaged"
            raise ArtefactError(
                f"{str(directory)!r}: {name!r} is {problem}: expected {expected['bytes']:,} bytes, got {len(data):,}"
            )
        if hashlib.sha256(data).hexdigest() != expected["sha256"]:
            raise ArtefactError(f"{str(directory)!r}: {name!r} is damaged: its SHA-256 differs from the recorded one")
        files[name] = data
    return files


@contextmanager
def parsing(directory: str | Path, what: str = "this version") -> Iterator[None]:
    """Report whatever the parsers of an artefact's files raise as an `ArtefactError`.

    Files that match their hashes may still have been written by someone else: zip, npz, JSON and models then fail in
    many ways. Errors of this project, and missing packages, pass.

    Args:
        directory: The artefact, for the message.
        what: What its content must match, for the message.

    Raises:
        ArtefactError: If the block raises.

    Example:
        >>> with parsing("model"):
        ...     {}["settings"]
        Traceback (most recent call last):
        ...
        benchmarks.errors.ArtefactError: 'model': the content does not match this version: KeyError: 'settings'
    """
    try:
        yield
    except (SurrogatesError, ImportError):
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ArtefactError(
            f"{str(directory)!r}: the content does not match {what}: {reason:.{limits.SHOWN}}"
        ) from error


def _load_json(path: Path) -> dict[str, Any]:
    try:
        metadata = json.loads(read_file(path / METADATA, limits.METADATA_BYTES).decode("utf-8"))
    except FileNotFoundError:
        raise ArtefactError(f"{str(path)!r}: no {METADATA}; expected a directory written by this project") from None
    except OSError as error:
        raise ArtefactError(f"{str(path)!r}: cannot read {METADATA}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:  # bad JSON or bad UTF-8
        raise ArtefactError(f"{str(path)!r}: {METADATA} is damaged: {error!s:.{limits.SHOWN}}") from error
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise ArtefactError(f"{str(path)!r}: {METADATA} was not written by this project (no format {FORMAT!r})")
    return metadata


def _size_and_hash(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _checksum(metadata: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in metadata.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _is_plain(name: str) -> bool:
    return bool(name) and name == Path(name).name and name not in (".", "..") and "\\" not in name
