"""Patterns on surfaces as functions of surface coordinates, with the same arithmetic on every device."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.training.rooms.materials import PATTERNS

__all__ = ["lattice_noise", "pattern", "scrambled"]


def scrambled(number: Tensor) -> Tensor:
    """Pseudo-random numbers in [0, 1) from integers (int32) of any shape.

    Example:
        >>> scrambled(torch.tensor([1, 2, 3], dtype=torch.int32)).unique().numel()
        3
    """
    for factor, shift in ((0x7FEB352D, 15), (0x46CA68B5, 13)):  # Wellons' hash, modulo 2**32
        number = (number ^ (number >> shift)) * factor
    return ((number >> 8) & 0xFFFF).to(torch.float32) / 65536.0


def lattice_noise(u: Tensor, v: Tensor, key: Tensor) -> Tensor:
    """Smooth noise in 0..1: random values at integer coordinates, interpolated in between; all of one shape.

    Example:
        >>> steps = torch.linspace(0, 1, 5)
        >>> noise = lattice_noise(steps, torch.zeros(5), torch.zeros(5, dtype=torch.int32))
        >>> bool(noise.min() >= 0), bool(noise.max() < 1), noise.unique().numel()
        (True, True, 5)
    """
    left, low = u.floor(), v.floor()
    x, y = u - left, v - low
    x, y = x * x * (3 - 2 * x), y * y * (3 - 2 * y)
    corner = left.to(torch.int32) * 0x1F1F1F1F + low.to(torch.int32) * 0x3C6EF35F + key
    value = [scrambled(corner + step) for step in (0, 0x1F1F1F1F, 0x3C6EF35F, 0x1F1F1F1F + 0x3C6EF35F)]
    return (value[0] * (1 - x) + value[1] * x) * (1 - y) + (value[2] * (1 - x) + value[3] * x) * y


def pattern(kind: Tensor, u: Tensor, v: Tensor, blur: Tensor, key: Tensor) -> Tensor:
    """Fraction of the second colour at each point, in 0..1.

    Args:
        kind: Position in `PATTERNS`, of any shape.
        u: Coordinate across the surface, in repeats of the pattern, of the same shape.
        v: Coordinate along the surface, likewise.
        blur: Size of a pixel on the surface, in repeats; finer patterns fade to their mean.
        key: Key of the noise, int32.

    Example:
        >>> u, none = torch.tensor([0.1, 0.4, 0.6, 0.9]), torch.zeros(4)
        >>> pattern(torch.full((4,), PATTERNS.index("stripes")), u, none, none, none.int()).tolist()
        [1.0, 1.0, 0.0, 0.0]
    """
    wooden = kind == PATTERNS.index("wood")
    fine = lattice_noise(u * torch.where(wooden, 6.0, 3.0), v * torch.where(wooden, 0.8, 3.0), key)
    value = 0.25 * fine  # plain: weak smooth noise
    stripes = ((u - u.floor()) < 0.5).float()
    checker = (((u.floor() + v.floor()) * 0.5) % 1.0 != 0).float()
    plank = scrambled(u.floor().to(torch.int32) * 77 + key)
    wood = 0.55 * fine + 0.45 * plank
    tiles = torch.maximum(_line(u, 0.08), _line(v, 0.08))
    course = v * 2.0
    brick = torch.maximum(_line(course, 0.16), _line(u + 0.5 * (course.floor() % 2.0), 0.08))
    sharp = ((stripes, 0.5, "stripes"), (checker, 0.5, "checker"), (tiles, 0.16, "tiles"), (brick, 0.25, "brick"))
    detail = (1.0 - 1.6 * blur).clamp(0, 1)
    for values, mean, name in sharp:
        value = torch.where(kind == PATTERNS.index(name), mean + (values - mean) * detail, value)
    value = torch.where(wooden, 0.5 + (wood - 0.5) * (1.0 - 0.3 * blur).clamp(0, 1), value)
    return torch.where(kind == PATTERNS.index("speckle"), 0.5 + (fine - 0.5) * (1.0 - 0.5 * blur).clamp(0, 1), value)


def _line(position: Tensor, width: float) -> Tensor:
    """1 within `width` after an integer coordinate, else 0."""
    return ((position - position.floor()) < width).float()
