"""Rooms: procedurally rendered indoor scenes with exact labels for the seven tasks; no download needed."""

from benchmarks.training.rooms.contact_sheet import contact_sheet
from benchmarks.training.rooms.furniture import SEGMENTS, object_classes
from benchmarks.training.rooms.scene_types import SCENES
from benchmarks.training.rooms.source import rooms

__all__ = ["SCENES", "SEGMENTS", "contact_sheet", "object_classes", "rooms"]
