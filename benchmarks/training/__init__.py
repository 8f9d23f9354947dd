"""Ground truth: training of the real backbones on the seven tasks.

Names are imported on first use, so importing the package loads no machine learning library; if one is missing, the
error names the extra ``[training]`` that installs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from benchmarks.training.campaign.images import FolderImages as FolderImages
    from benchmarks.training.campaign.images import ImageNeeds as ImageNeeds
    from benchmarks.training.campaign.images import RoomsImages as RoomsImages
    from benchmarks.training.campaign.images import TaskonomyImages as TaskonomyImages
    from benchmarks.training.data.image_folder import ImageFolderError as ImageFolderError
    from benchmarks.training.data.images import ImageSet as ImageSet
    from benchmarks.training.data.images import ImageSource as ImageSource
    from benchmarks.training.data.jigsaw import jigsaw_permutations as jigsaw_permutations
    from benchmarks.training.data.taskonomy import TaskonomySource as TaskonomySource
    from benchmarks.training.data.taskonomy import write_taskonomy as write_taskonomy
    from benchmarks.training.module import GroundTruthModule as GroundTruthModule
    from benchmarks.training.networks.discriminator import Discriminator as Discriminator
    from benchmarks.training.networks.graph_network import GraphNetwork as GraphNetwork
    from benchmarks.training.networks.task_network import TaskNetwork as TaskNetwork
    from benchmarks.training.networks.task_network import build_backbone as build_backbone
    from benchmarks.training.networks.task_network import build_network as build_network
    from benchmarks.training.presets import deviations as deviations
    from benchmarks.training.presets import get_recipe as get_recipe
    from benchmarks.training.presets import list_presets as list_presets
    from benchmarks.training.recipe import Recipe as Recipe
    from benchmarks.training.run import Run as Run
    from benchmarks.training.run import TrainingFailed as TrainingFailed
    from benchmarks.training.train import train_architecture as train_architecture

_EXTRAS = {
    "torch": ("torch", "training"),
    "lightning": ("lightning", "training"),
    "PIL": ("pillow", "training"),
}
"""Libraries of the extra: import name -> package, extra."""

__all__, __getattr__, __dir__ = lazy_facade(__name__, _EXTRAS)
