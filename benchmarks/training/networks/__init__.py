"""Backbones, task decoders and the discriminator, built from network graphs.

Names are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from benchmarks.training.networks.discriminator import Discriminator as Discriminator
    from benchmarks.training.networks.graph_network import GraphNetwork as GraphNetwork
    from benchmarks.training.networks.task_network import TaskNetwork as TaskNetwork
    from benchmarks.training.networks.task_network import build_backbone as build_backbone
    from benchmarks.training.networks.task_network import build_network as build_network

__all__, __getattr__, __dir__ = lazy_facade(__name__)
