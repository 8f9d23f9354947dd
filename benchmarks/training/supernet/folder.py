"""The folder of a trained supernet; reading what it says of itself needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.training.weight_sharing.folder import NetworkFolder

__all__ = ["USUAL_SHARING", "SupernetFolder", "with_sharing"]

USUAL_SHARING = "separate"
"""Sharing of a training whose description does not say it."""


class SupernetFolder(NetworkFolder):
    """Description, metrics and weights of a supernet that `train_supernet` trains or has trained.

    Its metrics for validation and test are those of the mean sub-network.

    Args:
        path: The folder.

    Attributes:
        path, weights: As in `NetworkFolder`.

    Example:
        >>> SupernetFolder("/no/such/folder").is_finished
        False
    """

    kind = "supernet"
    file = "supernet.json"
    trained_by = "train_supernet"
    entries = ("version", "space", "sampler", "objective", "seed", "recipe", "images", "sharing")

    def stated(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """With the sharing."""
        return with_sharing(about)


def with_sharing(about: Mapping[str, Any]) -> dict[str, Any]:
    """The description of a training, with its sharing where it does not say it.

    Only another one than ``"separate"`` is written, so descriptions of versions that knew no other stay valid.

    Example:
        >>> with_sharing({"seed": 0})
        {'seed': 0, 'sharing': 'separate'}
    """
    return {**about, "sharing": about.get("sharing", USUAL_SHARING)}
