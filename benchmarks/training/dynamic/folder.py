"""The folder of a trained multi-stage network; reading what it says of itself needs no torch."""

from __future__ import annotations

from benchmarks.training.weight_sharing.folder import TrainingFolder

__all__ = ["MultiStageFolder"]


class MultiStageFolder(TrainingFolder):
    """Description, metrics and weights of a network that `train_multi_stage` trains or has trained.

    Its metrics are those of the last exit of the sampler's first choice.

    Args:
        path: The folder.

    Attributes:
        path: The folder, as an absolute path.
        weights: File of the weights.

    Example:
        >>> MultiStageFolder("/no/such/folder").is_finished
        False
    """

    kind = "multi-stage network"
    file = "multi-stage.json"
    trained_by = "train_multi_stage"
    entries = ("version", "arch", "stages", "sampler", "objective", "seed", "recipe", "images")
