"""Supernets: one network that contains every architecture of a space, its training and its scores.

Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from benchmarks.training.supernet.contrast import CrossPathContrast as CrossPathContrast
    from benchmarks.training.supernet.disjoint import DisjointSampler as DisjointSampler
    from benchmarks.training.supernet.folder import SupernetFolder as SupernetFolder
    from benchmarks.training.supernet.layouts import PartKey as PartKey
    from benchmarks.training.supernet.layouts import layout_of as layout_of
    from benchmarks.training.supernet.mixture import MixtureNetwork as MixtureNetwork
    from benchmarks.training.supernet.mixture import engine_cells as engine_cells
    from benchmarks.training.supernet.mixture import sparsify as sparsify
    from benchmarks.training.supernet.module import SupernetModule as SupernetModule
    from benchmarks.training.supernet.names import loss_name as loss_name
    from benchmarks.training.supernet.objectives import InPlaceDistillation as InPlaceDistillation
    from benchmarks.training.supernet.objectives import PathObjective as PathObjective
    from benchmarks.training.supernet.objectives import SelectiveObjective as SelectiveObjective
    from benchmarks.training.supernet.objectives import StatefulObjective as StatefulObjective
    from benchmarks.training.supernet.objectives import Supervised as Supervised
    from benchmarks.training.supernet.presets import supernet_recipe as supernet_recipe
    from benchmarks.training.supernet.probe import ProbeModule as ProbeModule
    from benchmarks.training.supernet.probe import probe_recipe as probe_recipe
    from benchmarks.training.supernet.probe import train_probe as train_probe
    from benchmarks.training.supernet.samplers import FairSampler as FairSampler
    from benchmarks.training.supernet.samplers import UniformSampler as UniformSampler
    from benchmarks.training.supernet.scores import PathScorer as PathScorer
    from benchmarks.training.supernet.sharing import Separate as Separate
    from benchmarks.training.supernet.sharing import Sharing as Sharing
    from benchmarks.training.supernet.sharing import Sliced as Sliced
    from benchmarks.training.supernet.supernet import Supernet as Supernet
    from benchmarks.training.supernet.train import load_supernet as load_supernet
    from benchmarks.training.supernet.train import train_supernet as train_supernet
    from benchmarks.training.weight_sharing.images import rooms_of as rooms_of
    from benchmarks.training.weight_sharing.objectives import PathLoss as PathLoss
    from benchmarks.training.weight_sharing.samplers import BatchSampler as BatchSampler
    from benchmarks.training.weight_sharing.samplers import PathSampler as PathSampler
    from benchmarks.training.weight_sharing.statistics import batch_statistics as batch_statistics
    from benchmarks.training.weight_sharing.statistics import group_statistics as group_statistics
    from benchmarks.training.weight_sharing.statistics import recalibrate as recalibrate

_EXTRAS = {
    "torch": ("torch", "training"),
    "lightning": ("lightning", "training"),
    "PIL": ("pillow", "training"),
}
"""Libraries of the extra: import name -> package, extra."""

__all__, __getattr__, __dir__ = lazy_facade(__name__, _EXTRAS)
