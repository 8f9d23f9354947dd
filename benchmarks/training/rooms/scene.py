"""Scenes: a type, a room, its furniture and a camera, drawn at random and reproducible per image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.short_repr import ShortRepr
from benchmarks.training.rooms.furniture import FURNITURE, VARIANTS
from benchmarks.training.rooms.materials import material_table
from benchmarks.training.rooms.placing import Pieces, place
from benchmarks.training.rooms.random_streams import SceneStreams
from benchmarks.training.rooms.scene_types import ITEMS, SCENES, scene_items

__all__ = ["Camera", "Scenes", "camera_rotation", "draw_scenes"]

Floats = NDArray[np.float64]

_KINDS = list(FURNITURE)
_SIZES = np.array([scene.size for scene in SCENES.values()])
_WINDOWS = np.array([scene.windows for scene in SCENES.values()])
_ITEMS = scene_items()
_CLUTTER = np.array([kind for kind, name in enumerate(_KINDS) if name not in ("window", "door", "pendant lamp")])
_MISSING, _CHANGED = 0.07, 0.07  # probability that a typical piece is absent, or replaced


@dataclass(frozen=True, repr=False)
class Camera(ShortRepr):
    """Pinhole cameras; in a camera's frame x is right, y is up and it looks along -z.

    Attributes:
        position: Position in the room, in metres, of shape (B, 3).
        angles: Rotations about the room's x, then y, then z (radians), from camera to room, of shape (B, 3): pi / 2
            plus the pitch, the roll, and the yaw.
        reach: Tangent of half the angle of view, of shape (B,).
    """

    position: Floats
    angles: Floats
    reach: Floats


@dataclass(frozen=True, repr=False)
class Scenes(ShortRepr):
    """B scenes. The floor of a room is centred on the origin, z is up.

    Attributes:
        kind: Scene types, positions in `SCENES`, of shape (B,).
        room: Width, depth and height, in metres, of shape (B, 3).
        camera: One camera per room.
        pieces: Windows, doors, pendant lamps and furniture.
        variant: Finish of each piece, of shape (B, N), positions in `VARIANTS`.
        materials: As returned by `material_table`.
        lights: Lights of shape (B, 2, 7): position (3), colour (3) and range in metres of the lamp and of the window.
        ambient: Ambient light, of shape (B,).
        noise: Strength of the pixel noise, of shape (B,), in units of full brightness.
        noise_keys: Keys of the pixel noise, of shape (B,).
    """

    kind: NDArray[np.int64]
    room: Floats
    camera: Camera
    pieces: Pieces
    variant: NDArray[np.int64]
    materials: Floats
    lights: Floats
    ambient: Floats
    noise: Floats
    noise_keys: NDArray[np.int64]


def draw_scenes(split: str, indices: Sequence[int], seed: int = 0) -> Scenes:
    """The scenes of some images.

    Args:
        split: ``train``, ``valid`` or ``test``.
        indices: Positions of the images in their split.
        seed: Another seed gives other scenes.

    Example:
        >>> scenes = draw_scenes("train", range(4))
        >>> scenes.pieces.kind.shape, scenes.room.shape
        ((4, 15), (4, 3))
    """
    streams = SceneStreams(split, indices, seed)
    kind = streams.whole(len(SCENES))
    room = _SIZES[kind] * np.concatenate([streams.uniform(0.8, 1.1, 2), streams.uniform(0.94, 1.08, 1)], axis=1)
    room[:, 2] = np.maximum(room[:, 2], 2.15)
    turned = streams.uniform(0, 1) < 0.5
    room[turned] = room[turned][:, [1, 0, 2]]
    camera = _draw_camera(room, streams)
    kinds = _draw_kinds(kind, streams)
    pieces = place(kinds, room, _kept_clear(camera), streams)
    camera = _turned_to(pieces, camera, streams)
    variant = streams.whole(len(VARIANTS), kinds.shape[1])
    return Scenes(
        kind,
        room,
        camera,
        pieces,
        variant,
        material_table(kind, pieces.kind, variant, streams),
        _draw_lights(room, pieces, streams),
        streams.uniform(0.25, 0.4),
        streams.uniform(0.01, 0.04),
        streams.noise_keys,
    )


def camera_rotation(angles: Floats) -> Floats:
    """Rotations from the camera's frame to the room's, of shape (B, 3, 3), from angles of shape (B, 3).

    Example:
        >>> camera_rotation(np.array([[np.pi / 2, 0, 0]]))[0].round().astype(int).tolist()  # its up is the room's z
        [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
    """
    (a, b, c), (sa, sb, sc) = np.cos(angles).T, np.sin(angles).T
    rows = [
        [b * c, sa * sb * c - a * sc, a * sb * c + sa * sc],
        [b * sc, sa * sb * sc + a * c, a * sb * sc - sa * c],
        [-sb, sa * b, a * b],
    ]
    return np.moveaxis(np.array(rows), -1, 0)


def _draw_kinds(scene: NDArray[np.int64], streams: SceneStreams) -> NDArray[np.int64]:
    """Kinds to place in each scene, of shape (B, 15): door, windows, lamp, then its furniture."""
    usual = _ITEMS[scene]
    missing, changed = streams.uniform(0, 1, ITEMS), streams.uniform(0, 1, ITEMS)
    other = _CLUTTER[streams.whole(len(_CLUTTER), ITEMS)]
    items = np.where((usual >= 0) & (changed < _CHANGED), other, usual)
    items = np.where(missing < _MISSING, -1, items)
    chance = streams.uniform(0, 1, 4)
    door = np.where(chance[:, 0] < 0.8, _KINDS.index("door"), -1)
    lamp = np.where(chance[:, 1] < 0.6, _KINDS.index("pendant lamp"), -1)
    expected = _WINDOWS[scene][:, None] - np.arange(2)  # 1 or more: present; 0: present with some probability
    windows = np.where(chance[:, 2:] < np.where(expected > 0, 0.85, 0.1), _KINDS.index("window"), -1)
    return np.column_stack([door, windows, lamp, items])


def _draw_camera(room: Floats, streams: SceneStreams) -> Camera:
    """Cameras near a wall that look across the room."""
    wall = streams.whole(4)
    angle = wall * np.pi / 2
    front = np.column_stack([-np.sin(angle), np.cos(angle)])
    along = np.column_stack([np.cos(angle), np.sin(angle)])
    depth = np.where(wall % 2 == 0, room[:, 1], room[:, 0])
    length = np.where(wall % 2 == 0, room[:, 0], room[:, 1])
    back = np.minimum(depth * streams.uniform(0.08, 0.3), depth / 2 - 0.3) - depth / 2
    ground = front * np.maximum(back, 0.3 - depth / 2)[:, None]
    ground = ground + along * ((length - 0.6) * streams.uniform(-0.45, 0.45))[:, None]
    target = room[:, :2] * streams.uniform(-0.25, 0.25, 2)
    yaw = np.arctan2(*((target - ground) * np.array([-1.0, 1.0])).T) + streams.uniform(-0.2, 0.2)
    height = np.minimum(streams.uniform(0.9, 1.9), room[:, 2] - 0.3)
    pitch = -0.12 + 0.12 * streams.uniform(-1, 1, 3).sum(1) - 0.1 * (height - 1.4)
    roll = 0.03 * streams.uniform(-1, 1, 3).sum(1)
    angles = np.column_stack([np.pi / 2 + pitch, roll, yaw])
    return Camera(np.column_stack([ground, height]), angles, streams.uniform(0.62, 0.8))


def _turned_to(pieces: Pieces, camera: Camera, streams: SceneStreams) -> Camera:
    """The cameras rotated towards one piece of furniture, and partly towards the others."""
    furniture = (pieces.kind >= 0) & (np.arange(pieces.kind.shape[1]) >= 4)
    weight = furniture * (0.02 + streams.uniform(0, 1, furniture.shape[1]) ** 8) + 1e-6
    target = (pieces.position[..., :2] * weight[..., None]).sum(1) / weight.sum(1)[:, None]
    aim = target - camera.position[:, :2]
    yaw = np.arctan2(-aim[:, 0], aim[:, 1]) + streams.uniform(-0.25, 0.25)
    return Camera(camera.position, np.column_stack([camera.angles[:, :2], yaw]), camera.reach)


def _kept_clear(camera: Camera) -> Floats:
    """Boxes to keep empty, of shape (B, 2, 2, 3): around the camera and directly in front of it."""
    yaw = camera.angles[:, 2]
    ahead = np.column_stack([-np.sin(yaw), np.cos(yaw)])
    boxes = []
    for distance, half in ((0.0, 0.35), (0.75, 0.45)):
        middle = camera.position[:, :2] + distance * ahead
        low = np.column_stack([middle - half, np.zeros(len(middle))])
        high = np.column_stack([middle + half, np.full(len(middle), 10.0)])
        boxes.append(np.stack([low, high], axis=1))
    return np.stack(boxes, axis=1)


def _draw_lights(room: Floats, pieces: Pieces, streams: SceneStreams) -> Floats:
    """A lamp below the ceiling, and daylight at the first window (without windows, a second, dim lamp)."""
    warm = np.array([1.0, 0.9, 0.75]) ** streams.uniform(-0.3, 1.0)[:, None]
    cool = np.array([0.85, 0.93, 1.0]) ** streams.uniform(0, 1.0)[:, None]
    lamp = np.column_stack([room[:, :2] * streams.uniform(-0.3, 0.3, 2), room[:, 2] - streams.uniform(0.25, 0.6)])
    window = pieces.kind == _KINDS.index("window")
    first = window.argmax(1)
    rows = np.arange(len(room))
    yaw = pieces.yaw[rows, first]
    inward = np.column_stack([-np.sin(yaw), np.cos(yaw), np.zeros(len(yaw))])
    opening = pieces.position[rows, first] + 0.4 * inward + np.array([0, 0, 0.6])
    lit = window.any(1)
    corner = np.column_stack([room[:, :2] * streams.uniform(-0.45, 0.45, 2), room[:, 2] * streams.uniform(0.4, 0.9)])
    daylight = np.where(lit, streams.uniform(0.3, 1.3), streams.uniform(0.0, 0.4))
    reach = streams.uniform(1.5, 4.0, 2)
    first_light = np.column_stack([lamp, warm * streams.uniform(0.45, 1.0)[:, None], reach[:, 0]])
    second = np.column_stack([np.where(lit[:, None], opening, corner), cool * daylight[:, None], reach[:, 1]])
    return np.stack([first_light, second], axis=1)
