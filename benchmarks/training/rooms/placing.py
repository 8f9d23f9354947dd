"""Placement of furniture: along walls, around tables and on top of other pieces, without overlaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.short_repr import ShortRepr
from benchmarks.training.rooms.furniture import FURNITURE
from benchmarks.training.rooms.random_streams import SceneStreams

__all__ = ["Pieces", "place"]

Floats = NDArray[np.float64]

_PLACES = ("wall", "free", "around", "on", "hung", "ceiling", "flat")
_PLACE = np.array([_PLACES.index(kind.place) for kind in FURNITURE.values()])
_SIZE = np.array([kind.size for kind in FURNITURE.values()])
_LIFT = np.array([kind.lift for kind in FURNITURE.values()])
_SURFACE = np.array([kind.surface for kind in FURNITURE.values()])
_ATTEMPTS = 8
_GAP = 0.01  # gap in metres between touching objects, so that no two faces are coplanar


@dataclass(frozen=True, repr=False)
class Pieces(ShortRepr):
    """Furniture of B rooms, up to N pieces each.

    Attributes:
        kind: Position in `FURNITURE`, -1 for a piece that could not be placed, of shape (B, N).
        position: Centre of its underside in the room, in metres, of shape (B, N, 3); z is up.
        yaw: Rotation about z, in radians, of shape (B, N); at 0, its front faces +y.
        size: Width, depth and height, in metres, of shape (B, N, 3).
    """

    kind: NDArray[np.int64]
    position: Floats
    yaw: Floats
    size: Floats


def place(kinds: NDArray[np.int64], room: Floats, taken: Floats, streams: SceneStreams) -> Pieces:
    """Find a position for each piece, one after the other; a piece that does not fit is left out.

    Args:
        kinds: Kinds to place, of shape (B, N): positions in `FURNITURE`, -1 = nothing.
        room: Width, depth and height of each room, in metres, of shape (B, 3).
        taken: Boxes to keep empty, of shape (B, K, 2, 3): lowest and highest corner.
        streams: Random numbers of the B rooms.

    Returns:
        The pieces, in the order of `kinds`.

    Example:
        >>> kinds = np.array([[list(FURNITURE).index("sofa")]])
        >>> pieces = place(kinds, np.array([[4.0, 3.0, 2.5]]), np.zeros((1, 0, 2, 3)), SceneStreams("train", [0], 0))
        >>> bool(np.abs(pieces.position[0, 0, :2]).max() < 2), pieces.kind.shape
        (True, (1, 1))
    """
    rooms, most = kinds.shape
    rows = np.arange(rooms)
    placed = np.full((rooms, most), -1)
    position, yaw = np.zeros((rooms, most, 3)), np.zeros((rooms, most))
    sizes = _SIZE[kinds] * streams.uniform(0.85, 1.15, most, 3)
    sizes[..., 2] = np.minimum(sizes[..., 2], room[:, None, 2] - _LIFT[kinds] - 0.12)
    boxes = np.concatenate([taken, np.full((rooms, most, 2, 3), np.inf)], axis=1)
    table = np.full(rooms, -1)  # the last piece with a surface, for pieces placed around it
    turn = streams.uniform(-0.15, 0.15, most)
    for piece in range(most):
        kind, size = kinds[:, piece], sizes[:, piece]
        flat = _PLACE[kind] == _PLACES.index("flat")
        around = (position[rows, table], yaw[rows, table], sizes[rows, table], (table >= 0).astype(float))
        again, size_again, room_again, *around_again = (
            np.repeat(value, _ATTEMPTS, axis=0) for value in (kind, size, room, *around)
        )
        chance = streams.uniform(0, 1, _ATTEMPTS, 3).reshape(-1, 3)
        where, angle, box, good = _propose(again, size_again, room_again, tuple(around_again), chance)
        box = box.reshape(rooms, _ATTEMPTS, 1, 2, 3)
        apart = (box[..., 0, :] >= boxes[:, None, :, 1]) | (box[..., 1, :] <= boxes[:, None, :, 0])
        free = np.all(np.any(apart, axis=3), axis=2)
        good = good.reshape(rooms, _ATTEMPTS) & (flat[:, None] | free)
        first = good.argmax(1)
        found = (kind >= 0) & good[rows, first]
        placed[found, piece] = kind[found]
        position[:, piece] = where.reshape(rooms, _ATTEMPTS, 3)[rows, first]
        yaw[:, piece] = angle.reshape(rooms, _ATTEMPTS)[rows, first]
        solid = found & ~flat
        boxes[solid, taken.shape[1] + piece] = box[rows, first, 0][solid]
        loose = (_PLACE[kind] == _PLACES.index("around")) | (_PLACE[kind] == _PLACES.index("on"))
        yaw[:, piece] += np.where(loose, turn[:, piece], 0.0)
        table = np.where((placed[:, piece] >= 0) & _SURFACE[kind], piece, table)
    return Pieces(placed, position, yaw, sizes)


def _propose(
    kind: NDArray[np.int64], size: Floats, room: Floats, table: tuple[Floats, ...], chance: Floats
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Propose a place for one piece per room: position, rotation, bounding box, and whether it fits the room."""
    place = _PLACE[kind]
    centre, table_yaw, table_size, has_table = (*table[:3], table[3] > 0)
    at_wall = (place == _PLACES.index("wall")) | (place == _PLACES.index("hung"))

    side = (chance[:, 0] * 4).astype(int)  # wall, or side of a table: 0 = front along +y, then in steps of 90 degrees
    angle = side * np.pi / 2
    front = np.column_stack([-np.sin(angle), np.cos(angle)])
    along = np.column_stack([np.cos(angle), np.sin(angle)])
    depth = np.where(side % 2 == 0, room[:, 1], room[:, 0])  # depth of the room, seen from that wall
    length = np.where(side % 2 == 0, room[:, 0], room[:, 1])
    back = (size[:, 1] - depth) / 2 + _GAP
    slide = (chance[:, 1] - 0.5) * np.maximum(length - size[:, 0] - 2 * _GAP, 0.0)
    by_wall = front * back[:, None] + along * slide[:, None]

    anywhere = (chance[:, 1:] - 0.5) * np.maximum(room[:, :2] - 2 * _half(size, angle) - 0.1, 0.0)

    facing = table_yaw + angle  # a chair faces the table
    ahead = np.column_stack([-np.sin(facing), np.cos(facing)])
    across = np.column_stack([np.cos(facing), np.sin(facing)])
    reach = np.where(side % 2 == 0, table_size[:, 1], table_size[:, 0]) / 2
    breadth = np.where(side % 2 == 0, table_size[:, 0], table_size[:, 1]) / 2
    aside = (chance[:, 1] - 0.5) * 1.4 * np.maximum(breadth - size[:, 0] / 2, 0.0)
    at_table = centre[:, :2] - ahead * (reach + size[:, 1] / 2 + 0.03)[:, None] + across * aside[:, None]

    gathers = (place == _PLACES.index("around")) & has_table
    on_top = place == _PLACES.index("on")
    middle = (place == _PLACES.index("ceiling"))[:, None] * 0.6 * anywhere
    ground = np.where(at_wall[:, None], by_wall, np.where(gathers[:, None], at_table, anywhere))
    ground = np.where((place == _PLACES.index("ceiling"))[:, None], middle, ground)
    ground = np.where(on_top[:, None], centre[:, :2], ground)
    height = _LIFT[kind] * (0.95 + 0.1 * chance[:, 2])
    height = np.where(kind == list(FURNITURE).index("door"), 0.0, height)
    height = np.where(place == _PLACES.index("ceiling"), room[:, 2] - size[:, 2] - 1e-6, height)
    height = np.where(on_top, centre[:, 2] + table_size[:, 2] + 1e-3, height)
    turned = np.where(gathers, facing, np.where(on_top, table_yaw, angle))
    half = _half(size, turned)
    box = np.stack([np.column_stack([ground - half, height]), np.column_stack([ground + half, height + size[:, 2]])], 1)
    inside = (np.abs(ground) + half <= room[:, :2] / 2).all(1) & (box[:, 1, 2] < room[:, 2])
    return np.column_stack([ground, height]), turned, box, inside & (~on_top | has_table)


def _half(size: Floats, angle: Floats) -> Floats:
    """Half extent of a piece along x and y, of shape (B, 2), for rotations near multiples of 90 degrees."""
    quarter = np.rint(angle / (np.pi / 2)).astype(int) % 2 == 1
    return np.where(quarter[:, None], size[:, 1::-1], size[:, :2]) / 2
