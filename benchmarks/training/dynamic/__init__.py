"""Dynamic inference: networks of several stages with an exit each, and how often each exit is taken.

Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from benchmarks.training.dynamic.choices import StageChoice as StageChoice
    from benchmarks.training.dynamic.exits import NEVER as NEVER
    from benchmarks.training.dynamic.exits import ExitCurve as ExitCurve
    from benchmarks.training.dynamic.exits import ExitLogits as ExitLogits
    from benchmarks.training.dynamic.exits import fit_temperatures as fit_temperatures
    from benchmarks.training.dynamic.exits import share_grid as share_grid
    from benchmarks.training.dynamic.folder import MultiStageFolder as MultiStageFolder
    from benchmarks.training.dynamic.grid import ChoiceGrid as ChoiceGrid
    from benchmarks.training.dynamic.layout import StageLayout as StageLayout
    from benchmarks.training.dynamic.layout import StagePlan as StagePlan
    from benchmarks.training.dynamic.lazy import LazyNetwork as LazyNetwork
    from benchmarks.training.dynamic.measurement import ExitMeasurement as ExitMeasurement
    from benchmarks.training.dynamic.module import MultiStageModule as MultiStageModule
    from benchmarks.training.dynamic.network import MultiStageNetwork as MultiStageNetwork
    from benchmarks.training.dynamic.objectives import DistilledExits as DistilledExits
    from benchmarks.training.dynamic.objectives import SummedExits as SummedExits
    from benchmarks.training.dynamic.samplers import OneChoice as OneChoice
    from benchmarks.training.dynamic.samplers import SandwichChoices as SandwichChoices
    from benchmarks.training.dynamic.scores import ExitScorer as ExitScorer
    from benchmarks.training.dynamic.train import load_multi_stage as load_multi_stage
    from benchmarks.training.dynamic.train import train_multi_stage as train_multi_stage

_EXTRAS = {
    "torch": ("torch", "training"),
    "lightning": ("lightning", "training"),
    "PIL": ("pillow", "training"),
}
"""Libraries of the extra: import name -> package, extra."""

__all__, __getattr__, __dir__ = lazy_facade(__name__, _EXTRAS)
