"""Shading: colours of the pixels from patterns, lamp and daylight, ambient occlusion and pixel noise."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from benchmarks.training.rooms.raycast import Parts, Seen
from benchmarks.training.rooms.scene import Scenes
from benchmarks.training.rooms.textures import pattern, scrambled

__all__ = ["shade"]

_GRID = 24  # cells per side of the map of shadows on the floor


def _face_rows(parts: Parts, seen: Seen) -> Tensor:
    """0 for a wall, 1 for a floor, 2 for a ceiling if a pixel sees the room, else -1; of shape (B, Q)."""
    room = parts.piece[seen.part] < 0
    side = torch.where(seen.face == 3, 1, torch.where(seen.face == -3, 2, 0))
    return torch.where(room, side, -1)


def shade(scenes: Scenes, parts: Parts, seen: Seen, origin: Tensor, ray: Tensor) -> Tensor:
    """Colours of the pixels, uint8 of shape (B, 3, size, size)."""
    device = ray.device
    rows = torch.arange(len(ray), device=device)[:, None]
    surface = _face_rows(parts, seen)
    row = torch.where(surface >= 0, surface, parts.material[seen.part])
    materials = torch.from_numpy(scenes.materials).to(device, torch.float32)
    flat = (row + rows * materials.shape[1]).view(-1)
    material = materials.flatten(0, 1).index_select(0, flat).view(*row.shape, -1)  # (B, Q, 9)
    where = origin[:, None] + seen.depth[..., None] * ray

    mix = _mix(parts, seen, material, row, scenes, ray)
    colour = material[..., :3] + (material[..., 3:6] - material[..., :3]) * mix[..., None]
    light = _light(scenes, where, seen.normal)
    dark = _corner_shade(scenes, where, seen.normal) * _floor_shade(scenes, where, surface)
    own = material[..., 8:9]
    image = colour * (own + (1 - own) * light * dark[..., None])
    return _developed(image, scenes)


def _mix(parts: Parts, seen: Seen, material: Tensor, row: Tensor, scenes: Scenes, ray: Tensor) -> Tensor:
    """Fraction of the second colour at each pixel, of shape (B, Q)."""
    pixels = ray.shape[1]
    x, y, z = (seen.point * parts.half[seen.part]).unbind(-1)  # metres from the part's centre
    axis = seen.face.abs()
    u = torch.where(axis == 1, y, x)
    v = torch.where(axis == 3, y, z)
    repeats = material[..., 7]
    reach = torch.from_numpy(scenes.camera.reach).to(x.device, torch.float32)[:, None]
    slant = (seen.normal * ray).sum(-1).abs() / ray.square().sum(-1).sqrt()
    blur = repeats * seen.depth * 2 * reach / pixels**0.5 / slant.clamp(min=0.15)
    key = _keys(scenes, x.device) + row.to(torch.int32) * 0x51ED27
    return pattern(material[..., 6].long(), u * repeats + 31.7, v * repeats + 17.3, blur, key)


def _light(scenes: Scenes, where: Tensor, normal: Tensor) -> Tensor:
    """Light that falls on each pixel, of shape (B, Q, 3)."""
    lights = torch.from_numpy(scenes.lights).to(where.device, torch.float32)[:, None]  # (B, 1, 2, 7)
    ambient = torch.from_numpy(scenes.ambient).to(where.device, torch.float32)[:, None]
    total = (ambient * (1 + 0.25 * normal[..., 2]))[..., None]
    for lamp in lights.unbind(2):
        path = lamp[..., :3] - where
        square = path.square().sum(-1) + 1e-4
        facing = ((path * normal).sum(-1) / square.sqrt()).clamp(min=0)
        fading = 1 / (1 + square / lamp[..., 6].square())
        total = total + (facing * fading)[..., None] * lamp[..., 3:6]
    return total


def _corner_shade(scenes: Scenes, where: Tensor, normal: Tensor) -> Tensor:
    """Ambient occlusion near the edges between walls, floor and ceiling, of shape (B, Q)."""
    room = torch.from_numpy(scenes.room).to(where.device, torch.float32)[:, None]
    middle = room * room.new_tensor([0.0, 0.0, 0.5])
    away = room / 2 - (where - middle).abs()
    near = (1 - away / 0.5).clamp(0, 1) * (1 - normal.abs())
    dark = 1 - 0.35 * near
    return dark[..., 0] * dark[..., 1] * dark[..., 2]


def _floor_shade(scenes: Scenes, where: Tensor, surface: Tensor) -> Tensor:
    """Darkening of the floor under and beside furniture, of shape (B, Q)."""
    device = where.device
    pieces = scenes.pieces
    stands = (pieces.kind >= 0) & (pieces.position[..., 2] < 0.05) & (pieces.size[..., 2] > 0.1)
    half = np.where(stands[..., None], pieces.size[..., :2] / 2, -100.0)
    columns = np.concatenate(
        [pieces.position[..., :2], half, np.cos(pieces.yaw)[..., None], np.sin(pieces.yaw)[..., None]], -1
    )
    x, y, wide, deep, cos, sin = torch.from_numpy(columns).to(device, torch.float32)[:, :, None].unbind(-1)  # (B, N, 1)
    room = torch.from_numpy(scenes.room).to(device, torch.float32)
    steps = (torch.arange(_GRID, device=device) + 0.5) / _GRID - 0.5
    down, right = torch.meshgrid(steps, steps, indexing="ij")
    ground_x = right.reshape(1, -1) * room[:, :1]  # (B, cells)
    ground_y = down.reshape(1, -1) * room[:, 1:2]
    dx, dy = ground_x[:, None] - x, ground_y[:, None] - y  # (B, N, cells)
    out = torch.maximum((cos * dx + sin * dy).abs() - wide, (cos * dy - sin * dx).abs() - deep)
    dark = (1 - 0.55 * (1 - out / 0.3).clamp(0, 1)).amin(1).view(-1, 1, _GRID, _GRID)
    place = where[..., :2] / (room[:, None, :2] / 2)
    found = torch.nn.functional.grid_sample(dark, place[:, None], padding_mode="border", align_corners=False)
    return torch.where(surface == 1, found[:, 0, 0], 1.0)


def _developed(image: Tensor, scenes: Scenes) -> Tensor:
    """Convert brightness to bytes: compression of bright values, gamma, pixel noise."""
    batch, pixels = image.shape[:2]
    side = round(pixels**0.5)
    image = (1.25 * image / (1 + 0.25 * image)).clamp(0, 1).sqrt().movedim(-1, 1)  # (B, 3, Q)
    count = torch.arange(3 * pixels, device=image.device, dtype=torch.int32) * 0x2545F491
    key = _keys(scenes, image.device) ^ count
    grain = scrambled(key) + scrambled(key + 0x6C078965) - 1.0  # triangular distribution between -1 and 1
    strength = torch.from_numpy(scenes.noise).to(image.device, torch.float32)[:, None, None]
    image = image + strength * grain.view(batch, 3, pixels)
    return (image * 255).round().clamp(0, 255).to(torch.uint8).view(batch, 3, side, side)


def _keys(scenes: Scenes, device: torch.device) -> Tensor:
    """Key of each image's noise, int32 of shape (B, 1)."""
    return torch.from_numpy(scenes.noise_keys).to(device, torch.int32)[:, None]
