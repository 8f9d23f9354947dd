"""Names of the ways to score a supernet; needs no torch."""

from __future__ import annotations

from typing import Literal

__all__ = ["Statistics", "loss_name"]

Statistics = Literal["batch", "recalibrated"]
"""Batch norm of a path: statistics of each batch, or running ones that are recalibrated for the path."""


def loss_name(task: str) -> str:
    """Name of the metric of a task that is its loss.

    Example:
        >>> loss_name("normal"), loss_name("jigsaw")
        ('l1_loss', 'loss')
    """
    return "l1_loss" if task in ("normal", "autoencoder") else "loss"
