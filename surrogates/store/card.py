"""Model card of a stored surrogate: the ``README.md`` that model hubs show, with metadata they read: `write_card`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from benchmarks.errors import ArtefactError, shown
from benchmarks.files import write_beside
from surrogates.store.artefact import CARD, has_saved_card, parsing, read_files, read_metadata
from surrogates.store.card_text import card_text
from surrogates.store.save import KIND

__all__ = ["write_card"]

_LICENSE = re.compile(r"[a-z0-9][a-z0-9.-]*")


def write_card(directory: str | Path, *, name: str | None = None, license: str | None = None) -> Path:
    """Write the model card of a stored surrogate anew: ``README.md`` beside its files, as model hubs expect it.

    `save` writes one; this one has a title and a license of yours, and is for models of earlier versions too, which
    have none. Its metadata (YAML in front of the text) has the library, tags, and for every task the cross-validated
    Kendall's tau and coverage of the 90 % intervals, where the surrogate measured them. The text says how to load it,
    what it predicts, where it holds, and what it was fitted to. Nothing is sent anywhere, and the model's own files
    stay as they are; edit the card as you like.

    Args:
        directory: Folder written by `Surrogate.save` or `save_surrogate`, of any version.
        name: Title; the name of the folder if not given.
        license: License of the model, as hubs write it (``"cc-by-4.0"``); left out if not given.

    Returns:
        The file.

    Raises:
        ArtefactError: If it is not a stored surrogate, or damaged; if there is a ``README.md`` other than the one that
            `save` wrote, or it cannot be written.
        ValueError: If the license is no such name.

    Example:
        >>> import tempfile
        >>> from surrogates import BoostedSurrogate
        >>> archs = ["64-2311-basic", "64-1234-basic", "64-3114-basic", "64-4111-basic"]
        >>> folder = BoostedSurrogate().fit(archs, [1.0, 2.0, 3.0, 4.0]).save(Path(tempfile.mkdtemp()) / "model")
        >>> card = write_card(folder, license="cc-by-4.0").read_text()
        >>> card.splitlines()[:3]
        ['---', 'license: "cc-by-4.0"', 'library_name: "transnas-surrogates"']
    """
    if license is not None and not _LICENSE.fullmatch(license):
        near = "-".join(license.casefold().split())
        meant = f"; did you mean {near!r}?" if _LICENSE.fullmatch(near) else ""
        raise ValueError(f"expected a license as model hubs write it, such as 'cc-by-4.0', got {shown(license)}{meant}")
    metadata = read_metadata(directory, KIND)
    read_files(directory, metadata)  # a card of a damaged model would be believed
    target = Path(directory) / CARD
    as_saved = has_saved_card(directory, metadata)
    if os.path.lexists(target) and not as_saved:
        raise ArtefactError(f"{str(target)!r} is there already: delete or rename it to write a new one")
    title = name if name is not None else Path(directory).resolve().name
    with parsing(directory):
        text = card_text(metadata, name=title, license=license)
    try:
        with write_beside(target, replace=as_saved) as beside:
            beside.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ArtefactError(f"cannot write {str(target)!r}: {error.strerror or error}") from error
    return target
