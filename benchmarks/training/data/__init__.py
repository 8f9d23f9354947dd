"""Images and labels: sources, batches, augmentation and targets.

Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from benchmarks.training.data.image_folder import ImageFolder as ImageFolder
    from benchmarks.training.data.image_folder import read_image_folder as read_image_folder
    from benchmarks.training.data.images import ImageSet as ImageSet
    from benchmarks.training.data.images import ImageSource as ImageSource
    from benchmarks.training.data.jigsaw import jigsaw_permutations as jigsaw_permutations
    from benchmarks.training.data.loader import BatchLoader as BatchLoader
    from benchmarks.training.data.picture_source import open_pictures as open_pictures
    from benchmarks.training.data.targets import Preparation as Preparation
    from benchmarks.training.data.taskonomy import TaskonomySource as TaskonomySource
    from benchmarks.training.data.taskonomy import write_taskonomy as write_taskonomy

__all__, __getattr__, __dir__ = lazy_facade(__name__)
