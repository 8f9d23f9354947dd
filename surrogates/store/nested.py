"""Nested packs: a surrogate that contains other fitted objects stores their packs under a prefix."""

from __future__ import annotations

from typing import Any

from surrogates.store.pack import Pack, Packable
from surrogates.store.storable import from_json, to_json

__all__ = ["add_part", "pack_state", "pack_surrogate", "take_part", "unpack_state", "unpack_surrogate"]

_LEARNED = ("space_", "one_task_", "n_archs_", "cv_scores_", "equivalence_")
_PARTS = "parts"


def add_part(pack: Pack, prefix: str, part: Pack) -> dict[str, Any]:
    """Add arrays and models of a part to a pack, with a prefix to their names; returns the part's settings.

    Example:
        >>> import numpy as np
        >>> whole = Pack()
        >>> add_part(whole, "left_", Pack({"depth": 3}, {"weights": np.ones(2)}))
        {'depth': 3}
        >>> take_part(whole, "left_", {"depth": 3}).arrays
        {'weights': array([1., 1.])}
    """
    pack.arrays |= {f"{prefix}{name}": array for name, array in part.arrays.items()}
    pack.models |= {f"{prefix}{name}": model for name, model in part.models.items()}
    return part.settings


def take_part(pack: Pack, prefix: str, settings: dict[str, Any]) -> Pack:
    """Inverse of `add_part`."""
    arrays = {name.removeprefix(prefix): array for name, array in pack.arrays.items() if name.startswith(prefix)}
    models = {name.removeprefix(prefix): model for name, model in pack.models.items() if name.startswith(prefix)}
    return Pack(settings, arrays, models)


def pack_state(surrogate: Packable) -> Pack:
    """The fitted state of a surrogate: its `pack`, or those of its parts.

    Raises:
        ArtefactError: If it can be stored only with pickle.
    """
    if not surrogate.parts_:
        return surrogate.pack()
    pack = Pack()
    pack.settings[_PARTS] = [
        add_part(pack, f"part{i}_", pack_surrogate(part)) for i, part in enumerate(surrogate.parts_)
    ]
    return pack


def unpack_state(surrogate: Any, pack: Pack) -> None:
    """Inverse of `pack_state`: restores the state of an unfitted surrogate whose common attributes are set."""
    if _PARTS not in pack.settings:
        surrogate.unpack(pack)
        return
    parts = enumerate(pack.settings[_PARTS])
    surrogate.parts_ = tuple(unpack_surrogate(take_part(pack, f"part{i}_", settings)) for i, settings in parts)


def pack_surrogate(surrogate: Packable) -> Pack:
    """Pack a fitted surrogate, including the common attributes, as a part of another.

    Raises:
        ArtefactError: If it can be stored only with pickle.
    """
    pack = pack_state(surrogate)
    learned = {name: getattr(surrogate, name) for name in _LEARNED}
    made_of = to_json(surrogate, "a nested surrogate")
    settings = {"made_of": made_of, "tasks": list(surrogate.tasks_), "learned": learned}
    settings |= {"minimize": list(surrogate.minimize_)} if surrogate.minimize_ else {}
    return Pack({**settings, "own": pack.settings}, pack.arrays, pack.models)


def unpack_surrogate(pack: Pack) -> Any:
    """Inverse of `pack_surrogate`."""
    surrogate = from_json(pack.settings["made_of"])
    surrogate.tasks_ = tuple(pack.settings["tasks"])
    surrogate.minimize_ = tuple(pack.settings.get("minimize", ()))
    for name in _LEARNED:
        if name in pack.settings["learned"]:  # artefacts of earlier versions lack the equivalence
            setattr(surrogate, name, pack.settings["learned"][name])
    unpack_state(surrogate, Pack(pack.settings["own"], pack.arrays, pack.models))
    return surrogate
