"""Materials: colours and patterns of the floor, the walls and the furniture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.training.rooms.furniture import FURNITURE, MATERIALS
from benchmarks.training.rooms.random_streams import SceneStreams
from benchmarks.training.rooms.scene_types import SCENES

__all__ = ["MATERIAL_COLUMNS", "PATTERNS", "material_table"]

Floats = NDArray[np.float64]

PATTERNS = ("plain", "stripes", "checker", "wood", "tiles", "brick", "speckle")
"""Patterns that `benchmarks.training.rooms.textures` draws."""

MATERIAL_COLUMNS = 9
"""Number of values of a material: colour (3), second colour (3), pattern, repeats per metre, emitted light."""

_FLOORS = {"wood": "wood", "tiles": "tiles", "carpet": "speckle", "stone": "plain"}
_WALLS = {"plain": "plain", "tiles": "tiles", "stripes": "stripes", "brick": "brick"}
_COLOURS = np.array([[int(kind.colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for kind in FURNITURE.values()])
_HUES = np.arange(len(SCENES)) * 0.618 % 1.0  # typical hue of a scene type's walls and soft floors
_OWN = len(MATERIALS) - 2  # materials shared by a whole scene; two per piece follow


def material_table(
    scene: NDArray[np.int64], kind: NDArray[np.int64], variant: NDArray[np.int64], streams: SceneStreams
) -> Floats:
    """Every material of B scenes.

    Args:
        scene: Scene types, of shape (B,).
        kind: Kind of each piece, of shape (B, N), positions in `FURNITURE`.
        variant: Finish of each piece, of shape (B, N).
        streams: Random numbers of the B scenes.

    Returns:
        Array of shape (B, 9 + 2 N, `MATERIAL_COLUMNS`): the scene's materials (as in `MATERIALS`), then `main` and
        `second` of each piece.

    Example:
        >>> nothing = np.full((1, 15), -1)
        >>> material_table(np.array([0]), nothing, np.zeros((1, 15), int), SceneStreams("train", [0], 0)).shape
        (1, 39, 9)
    """
    batch, pieces = variant.shape
    table = np.zeros((batch, _OWN + 2 * pieces, MATERIAL_COLUMNS))
    table[:, :3] = np.stack([_walls(scene, streams), _floors(scene, streams), _ceilings(streams)], axis=1)
    table[:, 3] = _material(_grey(streams, 0.08, 0.3), _grey(streams, 0.05, 0.2), "plain", 3.0)
    leaf = _hsv(streams.uniform(0.24, 0.4), streams.uniform(0.5, 0.8), streams.uniform(0.25, 0.55))
    table[:, 4] = _material(leaf, 0.5 * leaf, "speckle", 14.0)
    warm = _hsv(streams.uniform(0.09, 0.14), streams.uniform(0.1, 0.35), np.ones(batch))
    table[:, 5] = _material(warm, warm, "plain", 1.0, own_light=0.9)
    shown = _hsv(streams.uniform(0, 1), streams.uniform(0.2, 0.7), streams.uniform(0.05, 0.6))
    table[:, 6] = _material(shown, 0.4 * shown, "stripes", 2.0, own_light=0.25)
    table[:, 7] = _material(_grey(streams, 0.75, 0.95), _grey(streams, 0.6, 0.85), "plain", 4.0)
    sky = _hsv(streams.uniform(0.5, 0.65), streams.uniform(0.05, 0.4), streams.uniform(0.35, 1.0))
    table[:, 8] = _material(sky, 0.7 * sky, "plain", 0.8, own_light=0.85)
    table[:, _OWN:] = _finishes(kind, variant, streams).reshape(batch, 2 * pieces, MATERIAL_COLUMNS)
    return table


def _floors(scene: NDArray[np.int64], streams: SceneStreams) -> Floats:
    pattern = _usual([_FLOORS[kind.floor] for kind in SCENES.values()], list(_FLOORS.values()), scene, streams)
    wooden = pattern == PATTERNS.index("wood")
    woven = pattern == PATTERNS.index("speckle")
    hue = np.where(wooden, streams.uniform(0.04, 0.1), (_HUES[scene] + 0.5 + streams.uniform(-0.1, 0.1)) % 1)
    saturation = np.where(wooden, streams.uniform(0.35, 0.7), np.where(woven, 0.5, 0.2) * streams.uniform(0.4, 1))
    value = streams.uniform(0.25, 0.65)
    colour = _hsv(hue, saturation, value)
    return _material(colour, colour * streams.uniform(0.45, 0.8)[:, None], pattern, streams.uniform(1.5, 4.0))


def _walls(scene: NDArray[np.int64], streams: SceneStreams) -> Floats:
    pattern = _usual([_WALLS[kind.wall] for kind in SCENES.values()], list(_WALLS.values()), scene, streams)
    brick = pattern == PATTERNS.index("brick")
    hue = np.where(brick, streams.uniform(0.0, 0.06), (_HUES[scene] + streams.uniform(-0.08, 0.08)) % 1)
    saturation = np.where(brick, 0.5, streams.uniform(0.1, 0.4))
    value = np.where(brick, streams.uniform(0.35, 0.65), streams.uniform(0.5, 0.85))
    colour = _hsv(hue, saturation, value)
    return _material(colour, colour * streams.uniform(0.65, 0.9)[:, None], pattern, streams.uniform(2.0, 5.0))


def _ceilings(streams: SceneStreams) -> Floats:
    light = _grey(streams, 0.8, 0.98)
    return _material(light, 0.92 * light, "plain", 2.0)


def _finishes(kind: NDArray[np.int64], variant: NDArray[np.int64], streams: SceneStreams) -> Floats:
    """Main and second material of each piece, of shape (B, N, 2, MATERIAL_COLUMNS): wooden, plain or patterned."""
    pieces = variant.shape[1]
    hue, saturation, value, repeats = np.moveaxis(streams.uniform(0, 1, pieces, 2, 4), -1, 0)
    finish = np.broadcast_to(variant[..., None], hue.shape)
    wooden, plain = finish == 0, finish == 1
    chance = _hsv(
        np.where(wooden, 0.045 + 0.06 * hue, hue),
        np.where(wooden, 0.4 + 0.35 * saturation, 0.7 * saturation),
        np.where(wooden, 0.25 + 0.5 * value, 0.35 + 0.6 * value),
    )
    own = np.where(wooden, 0.4, 0.7)[..., None]
    colour = own * _COLOURS[kind][:, :, None] + (1 - own) * chance
    colour *= np.array([1.0, 0.7])[:, None]  # the second material is darker
    other = colour * np.where(wooden, 0.5, np.where(plain, 0.9, 0.25))[..., None]
    light = (finish == 2) & (colour.mean(-1) < 0.5)
    other = np.where(light[..., None], 1 - 0.3 * (1 - colour), other)
    checks = np.where(repeats > 0.5, PATTERNS.index("checker"), PATTERNS.index("stripes"))
    pattern = np.where(wooden, PATTERNS.index("wood"), np.where(plain, PATTERNS.index("plain"), checks))
    return _material(colour, other, pattern, np.where(wooden, 4.0, 3.0) * (1 + 0.5 * repeats))


def _usual(
    usual: list[str], others: list[str], scene: NDArray[np.int64], streams: SceneStreams, change: float = 0.1
) -> NDArray[np.int64]:
    """A pattern for each scene: usually the typical one of its type, sometimes a random one."""
    own = np.array([PATTERNS.index(name) for name in usual])[scene]
    any_ = np.array([PATTERNS.index(name) for name in others])[streams.whole(len(others))]
    return np.where(streams.uniform(0, 1) < change, any_, own)


def _material(
    colour: Floats, second: Floats, pattern: str | NDArray[np.int64], repeats: float | Floats, own_light: float = 0.0
) -> Floats:
    """One row of the table per colour, of shape (..., MATERIAL_COLUMNS)."""
    table = np.empty((*colour.shape[:-1], MATERIAL_COLUMNS))
    table[..., :3], table[..., 3:6] = colour, second
    table[..., 6] = PATTERNS.index(pattern) if isinstance(pattern, str) else pattern
    table[..., 7], table[..., 8] = repeats, own_light
    return table


def _grey(streams: SceneStreams, low: float, high: float) -> Floats:
    return np.repeat(streams.uniform(low, high)[:, None], 3, axis=1)


def _hsv(hue: Floats, saturation: Floats, value: Floats) -> Floats:
    """Red, green and blue of shape (..., 3) from hue, saturation and value in 0..1."""
    ramp = np.clip(np.abs((hue[..., None] * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    colour: Floats = value[..., None] * (1 - saturation[..., None] * (1 - ramp))
    return colour
