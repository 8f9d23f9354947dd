"""Spaces of the user's own in stored artefacts: recorded by name and fingerprint, checked before loading."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.errors import ArtefactError, SpaceError, UnknownNameError, shown
from benchmarks.spaces.registry import get_space, own_space

__all__ = ["check_space_of", "describe_space"]

_FINGERPRINT = "space_fingerprint"


def describe_space(name: str) -> dict[str, str]:
    """What an artefact records of a space: its name, and the fingerprint of one of the user's own.

    Example:
        >>> describe_space("nasbench201")
        {'space': 'nasbench201'}
    """
    space = own_space(name)
    return {"space": name} if space is None else {"space": name, _FINGERPRINT: space.fingerprint}


def check_space_of(metadata: Mapping[str, Any], directory: str | Path) -> str:
    """The name of the space of an artefact, which is registered in this process.

    Args:
        metadata: What the artefact records.
        directory: The artefact, for messages.

    Raises:
        ArtefactError: If there is no such space, or a different one of its name; says how to register it.

    Example:
        >>> check_space_of({"space": "mine"}, "model")
        Traceback (most recent call last):
        ...
        benchmarks.errors.ArtefactError: 'model': unknown space 'mine'; a space of your own is registered before ...
    """
    name, recorded = metadata["space"], metadata.get(_FINGERPRINT)
    where = f"{str(directory)!r:.200}"
    try:
        space = get_space(name)
    except (UnknownNameError, SpaceError) as error:
        if isinstance(error, SpaceError):
            raise
        raise ArtefactError(
            f"{where}: unknown space {shown(name)}; a space of your own is registered before its surrogate is loaded: "
            f"benchmarks.register_space(space), or surrogates --spaces {name!s:.100}=FILE.jsonl ... (docs/spaces.md)"
        ) from None
    if recorded is not None and own_space(name) is None:
        raise ArtefactError(f"{where} was fitted to a space of one's own named {shown(name)}, now one of this package")
    if recorded is not None and space.fingerprint != recorded:
        raise ArtefactError(
            f"{where} was fitted to another space named {shown(name)}: its fingerprint is {recorded!s:.8}, that of the "
            f"{len(space):,} architectures registered here {space.fingerprint:.8}; register the space of the fit, or "
            "fit again"
        )
    return space.name
