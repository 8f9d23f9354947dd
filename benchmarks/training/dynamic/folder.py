"""The folder of a trained multi-stage network; reading what it says of itself needs no torch."""

from __future__ import annotations

from benchmarks.training.weight_sharing.folder import NetworkFolder

__all__ = ["MultiStageFolder"]


class MultiStageFolder(NetworkFolder):
    """Description, metrics and weights of a network that `train_multi_stage` trains or has trained.

    Its metrics are those of the last exit of the sampler's first choice.

    Args:
        path: The folder.

    Attributes:
        path, weights: As in `NetworkFolder`.

    Example:
        >>> MultiStageFolder("/no/such/folder").is_finished
        False
    """

    kind = "multi-stage network"
    file = "multi-stage.json"
    trained_by = "train_multi_stage"
    entries = ("version", "arch", "stages", "sampler", "objective", "seed", "recipe", "images")
