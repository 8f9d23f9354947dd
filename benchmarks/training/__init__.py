"""Ground truth: the real backbones trained on the seven tasks.

Names are imported when first used, so that opening the package waits for no machine learning library; if one is missing
then, the error says that the extra ``[training]`` installs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_names

if TYPE_CHECKING:
    from benchmarks.training.images import ImageSet, ImageSource
    from benchmarks.training.module import GroundTruthModule
    from benchmarks.training.network import Discriminator, GraphNetwork, TaskNetwork, build_backbone, build_network
    from benchmarks.training.permutations import jigsaw_permutations
    from benchmarks.training.recipe import Recipe
    from benchmarks.training.recipes import deviations, get_recipe, list_presets
    from benchmarks.training.run import Run, TrainingFailed
    from benchmarks.training.taskonomy import TaskonomySource, write_taskonomy
    from benchmarks.training.train import train_architecture

__all__ = [
    "Discriminator",
    "GraphNetwork",
    "GroundTruthModule",
    "ImageSet",
    "ImageSource",
    "Recipe",
    "Run",
    "TaskNetwork",
    "TaskonomySource",
    "TrainingFailed",
    "build_backbone",
    "build_network",
    "deviations",
    "get_recipe",
    "jigsaw_permutations",
    "list_presets",
    "train_architecture",
    "write_taskonomy",
]

_MODULES = {
    "Discriminator": "benchmarks.training.network",
    "GraphNetwork": "benchmarks.training.network",
    "GroundTruthModule": "benchmarks.training.module",
    "ImageSet": "benchmarks.training.images",
    "ImageSource": "benchmarks.training.images",
    "Recipe": "benchmarks.training.recipe",
    "Run": "benchmarks.training.run",
    "TaskNetwork": "benchmarks.training.network",
    "TaskonomySource": "benchmarks.training.taskonomy",
    "TrainingFailed": "benchmarks.training.run",
    "build_backbone": "benchmarks.training.network",
    "build_network": "benchmarks.training.network",
    "deviations": "benchmarks.training.recipes",
    "get_recipe": "benchmarks.training.recipes",
    "jigsaw_permutations": "benchmarks.training.permutations",
    "list_presets": "benchmarks.training.recipes",
    "train_architecture": "benchmarks.training.train",
    "write_taskonomy": "benchmarks.training.taskonomy",
}
_EXTRA = {
    "torch": ("torch", "training"),
    "lightning": ("lightning", "training"),
    "torchmetrics": ("torchmetrics", "training"),
    "PIL": ("pillow", "training"),
}
"""What the extra installs: import name -> package, extra."""

__getattr__ = lazy_names(__name__, _MODULES, _EXTRA)


def __dir__() -> list[str]:
    return sorted(__all__)
