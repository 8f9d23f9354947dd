"""Result of a finished training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.errors import SurrogatesError
from benchmarks.short_repr import ShortRepr

__all__ = ["Run", "TrainingFailed"]


class TrainingFailed(SurrogatesError, RuntimeError):  # noqa: N818
    """A training that failed to produce a result."""


@dataclass(frozen=True, repr=False)
class Run(ShortRepr):
    """One architecture trained on one task, the values of one row of a table.

    Attributes:
        arch: Architecture string.
        task: Task name.
        seed: Seed of the weights, the order of images and the augmentation.
        metrics: ``{split}_{metric}`` in the metric's own unit, and ``time_elapsed`` in seconds -> one value per epoch.
        info: ``inference_time`` (seconds for one image), ``encoder_params``, ``model_params`` (counts),
            ``encoder_FLOPs`` and ``model_FLOPs`` (multiply-adds for one image; of the backbone for one tile in jigsaw).
        epochs: Passes over the training images.
        notes: Deviations from the recipe during the training, as text.

    Example:
        >>> run = Run("64-41414-1_01_001", "jigsaw", 666, {"valid_top1": [0.5, 12.0]}, {"model_params": 1e6}, 2)
        >>> run.metrics["valid_top1"][-1], Run.from_json(run.to_json()) == run
        (12.0, True)
    """

    arch: str
    task: str
    seed: int
    metrics: Mapping[str, list[float]]
    info: Mapping[str, float]
    epochs: int
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Run:
        """Inverse of `to_json`."""
        return cls(**values)
