"""Rendering of labelled images in blocks of fixed size, so that an image does not depend on the number requested."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.training.rooms import labels
from benchmarks.training.rooms.raycast import cast, rays, scene_parts
from benchmarks.training.rooms.scene import draw_scenes
from benchmarks.training.rooms.shading import shade

__all__ = ["BLOCK", "RENDERER", "render_block"]

BLOCK = 64
"""Number of images per block; block k has the positions 64 k to 64 k + 63 of a split."""

RENDERER = 2
"""Version of the renderer, increased whenever the same seed gives other images or labels."""


def render_block(
    split: str, block: int, size: int = 64, seed: int = 0, device: torch.device | str = "cpu"
) -> dict[str, Tensor]:
    """Render one block of a split.

    Args:
        split: ``train``, ``valid`` or ``test``.
        block: Index of the block.
        size: Side of the images, in pixels.
        seed: Another seed gives other images.
        device: Device to render on; the images stay there.

    Returns:
        Every domain of `benchmarks.training.data.images.DOMAINS`, 64 entries each.

    Example:
        >>> {name: tuple(values.shape) for name, values in render_block("train", 0, size=8).items()}
        {'rgb': (64, 3, 8, 8), 'normal': (64, 3, 8, 8), 'segmentsemantic': (64, 8, 8), 'class_object': (64, 75),
         'class_scene': (64, 47), 'room_layout': (64, 9)}
    """
    device = torch.device(device)
    scenes = draw_scenes(split, range(block * BLOCK, (block + 1) * BLOCK), seed)
    parts = scene_parts(scenes, device)
    origin, rotation, ray = rays(scenes, size, device)
    seen = cast(parts, origin, rotation, ray, torch.from_numpy(scenes.camera.reach).to(device, torch.float32))
    return {
        "rgb": shade(scenes, parts, seen, origin, ray),
        "normal": labels.normals(seen, rotation),
        "segmentsemantic": labels.segments(parts, seen),
        "class_object": labels.objects(scenes, parts, seen).to(device),
        "class_scene": labels.scene_probabilities(scenes).to(device),
        "room_layout": labels.layout(scenes).to(device),
    }
