"""True labels of a rendered image, with Taskonomy's names and formats."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.training.rooms.furniture import FURNITURE, class_of_kind, object_classes
from benchmarks.training.rooms.raycast import Parts, Seen
from benchmarks.training.rooms.scene import Scenes, camera_rotation
from benchmarks.training.rooms.scene_types import scene_labels

__all__ = ["LAYOUT_MEAN", "LAYOUT_STD", "layout", "normals", "objects", "scene_probabilities", "segments", "shares"]

LAYOUT_MEAN = np.array([0.0101, 0.1900, -1.3398, 1.4519, 0.0000, -1.5754, 4.3132, 4.1560, 2.8621])
LAYOUT_STD = np.array([0.7796, 0.3940, 0.6514, 0.1240, 0.0301, 0.4630, 1.0667, 1.0894, 0.4368])
"""Mean and standard deviation of `layout` over 20,000 training scenes of seed 0, before standardisation."""

_SALIENCY = np.array([kind.saliency for kind in FURNITURE.values()])
_CLASS = class_of_kind()
_SCENE_LABELS = scene_labels()
_UNIT = 2**16


def normals(seen: Seen, rotation: Tensor) -> Tensor:
    """Surface normals in the camera's frame, uint8 of shape (B, 3, size, size); 0..255 encodes -1..1."""
    batch, pixels = seen.depth.shape
    own = (seen.normal[..., :, None] * rotation[:, None]).sum(-2)  # (B, Q, 3)
    side = round(pixels**0.5)
    return ((own + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).movedim(-1, 1).reshape(batch, 3, side, side)


def segments(parts: Parts, seen: Seen) -> Tensor:
    """Segmentation, uint8 of shape (B, size, size), values 1..17 as in `SEGMENTS`."""
    batch, pixels = seen.depth.shape
    side = round(pixels**0.5)
    return parts.segment[seen.part].to(torch.uint8).view(batch, side, side)


def objects(scenes: Scenes, parts: Parts, seen: Seen) -> Tensor:
    """Object class probabilities, float32 of shape (B, 75): fractions of the visible pixels times saliency.

    A fiftieth is spread over all classes; an image without objects gets uniform probabilities.
    """
    batch, pixels = seen.depth.shape
    kinds = scenes.pieces.kind
    count = kinds.shape[1] + 1  # the last column counts the room
    piece = parts.piece[seen.part] % count
    image = torch.arange(batch, device=piece.device)[:, None] * count
    area = torch.bincount((image + piece).reshape(-1), minlength=batch * count).view(batch, count)[:, :-1]
    weight = area.cpu().numpy() / pixels * np.where(kinds >= 0, _SALIENCY[kinds], 0.0)
    label = np.where(_CLASS[kinds] >= 0, _CLASS[kinds] + scenes.variant, 0)
    weight = np.where((kinds >= 0) & (_CLASS[kinds] >= 0), weight, 0.0)
    total = np.full((batch, len(object_classes())), 1e-9)
    np.add.at(total, (np.arange(batch)[:, None], label), weight)
    total /= total.sum(1, keepdims=True)
    return shares(0.98 * total + 0.02 / total.shape[1])


def scene_probabilities(scenes: Scenes) -> Tensor:
    """Scene class probabilities, float32 of shape (B, 47), softened towards similar scene types.

    Example:
        >>> from benchmarks.training.rooms.scene import draw_scenes
        >>> scene_probabilities(draw_scenes("train", range(3))).amax(1).round(decimals=1).tolist()
        [0.8..., 0.8..., 0.8...]
    """
    return shares(_SCENE_LABELS[scenes.kind])


def layout(scenes: Scenes) -> Tensor:
    """Room layout relative to the camera, standardised, float32 of shape (B, 9).

    As in Taskonomy: the centre of the room's box in the camera's frame (3, metres); the camera's rotations (3,
    radians), after the room is rotated by multiples of 90 degrees until the camera looks within 45 degrees of its x
    axis; and the room's extent along that x, along y and upwards (3, metres).

    Example:
        >>> from benchmarks.training.rooms.scene import draw_scenes
        >>> scenes = draw_scenes("train", range(3))
        >>> height = layout(scenes)[:, 8] * LAYOUT_STD[8] + LAYOUT_MEAN[8]
        >>> bool(np.allclose(height, scenes.room[:, 2]))
        True
    """
    return torch.from_numpy((_raw_layout(scenes) - LAYOUT_MEAN) / LAYOUT_STD).float()


def shares(probabilities: NDArray[np.float64]) -> Tensor:
    """Probabilities rounded to multiples of 2**-16 that sum to exactly 1, so that renormalising changes no bit.

    Args:
        probabilities: Array of shape (n, classes), rows summing to 1.

    Example:
        >>> shares(np.full((1, 3), 1 / 3)).sum().item()
        1.0
    """
    whole = np.floor(probabilities * _UNIT)
    rest = _UNIT - whole.sum(1)
    whole[np.arange(len(whole)), probabilities.argmax(1)] += rest
    return torch.from_numpy(whole / _UNIT).float()


def _raw_layout(scenes: Scenes) -> NDArray[np.float64]:
    """`layout` in metres and radians, of shape (B, 9)."""
    camera = scenes.camera
    centre = scenes.room * np.array([0, 0, 0.5]) - camera.position
    centre = (centre[:, :, None] * camera_rotation(camera.angles)).sum(1)
    quarters = np.rint(camera.angles[:, 2] / (np.pi / 2) + 1).astype(int)
    yaw = camera.angles[:, 2] - quarters * np.pi / 2
    extent = np.where(quarters[:, None] % 2 == 1, scenes.room[:, [1, 0, 2]], scenes.room)
    return np.column_stack([centre, camera.angles[:, :2], yaw, extent])
