"""Ray casting: one ray per pixel against the room and every part of the furniture, for a batch of scenes.

Each part is a unit box, cylinder or ball in its own frame. A ray is only tested against parts whose bounding box,
projected to the image, covers its pixel; these pairs (*candidates*) are far fewer than pixels x parts.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.short_repr import ShortRepr
from benchmarks.training.rooms.furniture import FURNITURE, MATERIALS, SEGMENTS, SHAPES, parts
from benchmarks.training.rooms.scene import Scenes, camera_rotation

__all__ = ["Parts", "Seen", "cast", "rays", "scene_parts"]

_NEAR = 0.02  # metres
_SEGMENT = torch.tensor([SEGMENTS.index(kind.segment) for kind in FURNITURE.values()])
_PARTS = torch.from_numpy(parts())
_OWN = len(MATERIALS) - 2
_ROOM = SHAPES.index("room")


@dataclass(frozen=True, repr=False)
class Parts(ShortRepr):
    """Everything that a ray can hit in B scenes, in one list; the first B entries are the rooms.

    Attributes:
        image: The scene of each part, of shape (P,).
        piece: The piece it belongs to, of shape (P,); -1 for a room.
        shape: Position in `SHAPES`, of shape (P,).
        segment: Position in `SEGMENTS`, of shape (P,).
        material: Row of its scene's materials, of shape (P,); a room has rows 0 (wall), 1 (floor), 2 (ceiling).
        centre: Position in the room, in metres, of shape (P, 3).
        half: Half its width, depth and height, in metres, of shape (P, 3).
        turn: Cosine and sine of its rotation about z, of shape (P, 2).
    """

    image: Tensor
    piece: Tensor
    shape: Tensor
    segment: Tensor
    material: Tensor
    centre: Tensor
    half: Tensor
    turn: Tensor


@dataclass(frozen=True, repr=False)
class Seen(ShortRepr):
    """Surfaces seen by the pixels of B images, Q pixels each.

    Attributes:
        depth: Distance along the camera's axis, in metres, of shape (B, Q).
        part: Index in the list of parts, of shape (B, Q).
        point: Hit point in the part's unit frame (-1..1), of shape (B, Q, 3).
        normal: Unit surface normals in the room's frame, towards the camera, of shape (B, Q, 3).
        face: Axis of the part's frame closest to the normal, with sign: -3..-1, 1..3, of shape (B, Q).
    """

    depth: Tensor
    part: Tensor
    point: Tensor
    normal: Tensor
    face: Tensor


def scene_parts(scenes: Scenes, device: torch.device) -> Parts:
    """List everything that rays can hit.

    Example:
        >>> from benchmarks.training.rooms.scene import draw_scenes
        >>> listed = scene_parts(draw_scenes("train", range(2)), torch.device("cpu"))
        >>> listed.shape[:2].tolist(), listed.piece[:2].tolist()
        ([3, 3], [-1, -1])
    """
    pieces = scenes.pieces
    kind, position = torch.from_numpy(pieces.kind), torch.from_numpy(pieces.position)
    yaw, size = torch.from_numpy(pieces.yaw), torch.from_numpy(pieces.size)
    image, piece, row = torch.nonzero((_PARTS[kind, :, 0] >= 0) & (kind >= 0)[..., None], as_tuple=True)
    part, whole = _PARTS[kind[image, piece], row], size[image, piece]  # (P, 8), (P, 3)
    low, high = part[:, 1:7:2] * whole, part[:, 2:7:2] * whole
    turn = torch.stack([yaw.cos(), yaw.sin()], -1)[image, piece]
    centre = position[image, piece] + _turned((low + high) / 2, turn)
    slot = part[:, 7].long()
    room = torch.from_numpy(scenes.room)
    none = torch.zeros(len(room), dtype=torch.long)

    def joined(rooms: Tensor, furniture: Tensor) -> Tensor:
        kind = torch.float32 if furniture.is_floating_point() else torch.long
        return torch.cat([rooms, furniture]).to(device, kind)

    return Parts(
        joined(torch.arange(len(room)), image),
        joined(none - 1, piece),
        joined(none + _ROOM, part[:, 0].long()),
        joined(none + SEGMENTS.index("background"), _SEGMENT[kind[image, piece]]),
        joined(none, torch.where(slot < _OWN, slot, slot + 2 * piece)),
        joined(room * torch.tensor([0.0, 0.0, 0.5]), centre),
        joined(room / 2, (high - low) / 2),
        joined(torch.tensor([[1.0, 0.0]]).expand(len(room), 2), turn),
    )


def rays(scenes: Scenes, size: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Origins of shape (B, 3), rotations to the room of shape (B, 3, 3), and rays of shape (B, size * size, 3).

    Rays are in the room's frame, row by row from the top left pixel, and one metre long along the camera's axis.

    Example:
        >>> from benchmarks.training.rooms.scene import draw_scenes
        >>> origin, rotation, ray = rays(draw_scenes("train", range(2)), 4, torch.device("cpu"))
        >>> origin.shape, ray.shape
        (torch.Size([2, 3]), torch.Size([2, 16, 3]))
    """
    camera = scenes.camera
    origin = torch.from_numpy(camera.position).to(device, torch.float32)
    rotation = torch.from_numpy(camera_rotation(camera.angles)).to(device, torch.float32)
    reach = torch.from_numpy(camera.reach).to(device, torch.float32)[:, None]
    steps = (torch.arange(size, device=device) + 0.5) / size * 2 - 1
    down, right = torch.meshgrid(steps, steps, indexing="ij")
    across, up = reach * right.reshape(1, -1), -reach * down.reshape(1, -1)  # (B, Q)
    columns = rotation[:, :, None, :]  # (B, 3, 1, 3)
    along = columns[..., 0] * across[:, None] + columns[..., 1] * up[:, None] - columns[..., 2]  # (B, 3, Q)
    return origin, rotation, along.movedim(1, 2).contiguous()


def cast(parts: Parts, origin: Tensor, rotation: Tensor, ray: Tensor, reach: Tensor) -> Seen:
    """Find the first surface that each ray hits.

    Args:
        parts: Everything that rays can hit in B scenes.
        origin: Camera positions, of shape (B, 3).
        rotation: Rotations from camera to room, of shape (B, 3, 3).
        ray: Rays of shape (B, Q, 3), Q a square number, as returned by `rays`.
        reach: Tangents of half the angles of view, of shape (B,).

    Example:
        >>> from benchmarks.training.rooms.scene import draw_scenes
        >>> scenes, cpu = draw_scenes("train", range(2)), torch.device("cpu")
        >>> reach = torch.from_numpy(scenes.camera.reach).float()
        >>> seen = cast(scene_parts(scenes, cpu), *rays(scenes, 4, cpu), reach)
        >>> seen.depth.shape, bool((seen.depth > 0).all())
        (torch.Size([2, 16]), True)
    """
    batch, pixels = ray.shape[:2]
    start = _unturned(origin[parts.image] - parts.centre, parts.turn) / parts.half  # camera in the part's frame
    rooms = torch.arange(batch, device=ray.device)
    inside = _interval(start[:batch, None], ray / parts.half[:batch, None], _ROOM)[1]  # (B, Q): where rays leave
    part, pixel = _candidates(parts, origin, rotation, reach, round(pixels**0.5))
    distance = _distances(parts, start, ray.reshape(-1, 3), part, pixel)

    depth = inside.reshape(-1).clone().scatter_reduce_(0, pixel, distance, "amin")
    first = distance == depth[pixel]
    seen = rooms.repeat_interleave(pixels).scatter_reduce_(0, pixel[first], part[first], "amax")
    depth, seen = depth.view(batch, pixels), seen.view(batch, pixels)

    table = torch.cat([start, parts.half, parts.turn, parts.shape[:, None].float()], 1)
    table = table.index_select(0, seen.view(-1)).view(batch, pixels, 9)
    start, half, turn, shape = table[..., :3], table[..., 3:6], table[..., 6:8], table[..., 8:]
    point = start + depth[..., None] * _unturned(ray, turn) / half
    normal, face = _surface(point, shape)
    normal = normal / half
    normal = _turned(normal / normal.square().sum(-1, keepdim=True).sqrt(), turn)
    return Seen(depth, seen, point, normal, face)


def _candidates(parts: Parts, origin: Tensor, rotation: Tensor, reach: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Pairs of a part and a pixel (indexed over all images) that it may cover, both of shape (C,)."""
    batch = len(origin)
    image, half, turn = parts.image[batch:], parts.half[batch:], parts.turn[batch:]
    signs = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=3)), device=origin.device)
    corners = parts.centre[batch:, None] + _turned(half[:, None] * signs, turn[:, None])  # (P, 8, 3)
    x, y, z = ((corners - origin[image, None])[..., None] * rotation[image, None]).sum(-2).unbind(-1)
    wide = -z * reach[image, None]
    outside = [x > wide, x < -wide, y > wide, y < -wide, z > -_NEAR]
    hidden = torch.stack([side.all(1) for side in outside]).any(0)
    behind = (z > -_NEAR).any(1)  # partly beside or behind the camera: test the whole image
    wide = wide.clamp(min=1e-6)
    edges = torch.stack([(x / wide).amin(1), (x / wide).amax(1), (-y / wide).amin(1), (-y / wide).amax(1)], 1)
    edges = torch.where(behind[:, None], edges.new_tensor([-1.0, 1.0, -1.0, 1.0]), edges.clamp(-1, 1))
    edges = (edges + 1) / 2 * size - 0.5  # in pixels, between the centres 0 .. size - 1
    low = edges[:, ::2].sub(1e-3).ceil().long().clamp(0, size)
    high = edges[:, 1::2].add(1e-3).floor().long().clamp(-1, size - 1)
    width, height = (high - low + 1).clamp(min=0).unbind(1)
    count = torch.where(hidden, 0, width * height)
    row = torch.arange(len(count), device=origin.device).repeat_interleave(count)
    within = torch.arange(len(row), device=origin.device) - (count.cumsum(0) - count)[row]
    down = torch.div(within, width[row], rounding_mode="floor")
    right = within - down * width[row]
    pixel = (image[row] * size + low[row, 1] + down) * size + low[row, 0] + right
    return row + batch, pixel


def _distances(parts: Parts, start: Tensor, ray: Tensor, part: Tensor, pixel: Tensor) -> Tensor:
    """Distance at which each candidate is hit, infinite if it is missed, of shape (C,)."""
    distance = torch.full(part.shape, torch.inf, device=ray.device)
    for shape in range(_ROOM):
        chosen = torch.nonzero(parts.shape[part] == shape)[:, 0]
        which = part[chosen]
        along = _unturned(ray[pixel[chosen]], parts.turn[which]) / parts.half[which]
        near, far = _interval(start[which], along, shape)
        distance[chosen] = torch.where((near < far) & (near > _NEAR), near, torch.inf)
    return distance


def _interval(start: Tensor, along: Tensor, shape: int) -> tuple[Tensor, Tensor]:
    """Where rays from `start` along `along` enter and leave a unit box, cylinder or ball, all of them convex."""
    if shape in (SHAPES.index("box"), _ROOM):
        one, other = (-1 - start) / along, (1 - start) / along
        return torch.minimum(one, other).amax(-1), torch.maximum(one, other).amin(-1)
    flat = 2 if shape == SHAPES.index("cylinder") else 3
    a = along[..., :flat].square().sum(-1).clamp(min=1e-12)
    b = (start[..., :flat] * along[..., :flat]).sum(-1)
    c = start[..., :flat].square().sum(-1) - 1
    root = (b * b - a * c).sqrt()  # NaN where the ray misses: every comparison with it is false
    near, far = (-b - root) / a, (-b + root) / a
    if flat == 2:
        one, other = (-1 - start[..., 2]) / along[..., 2], (1 - start[..., 2]) / along[..., 2]
        near, far = torch.maximum(near, torch.minimum(one, other)), torch.minimum(far, torch.maximum(one, other))
    return near, far


def _surface(point: Tensor, shape: Tensor) -> tuple[Tensor, Tensor]:
    """Normals in the unit frame (not normalised) and the signed axis closest to them (-3..-1, 1..3)."""
    size = point.abs()
    upright = (size[..., 2] >= point[..., :2].square().sum(-1).sqrt())[..., None]  # on a cylinder's lid
    axis = size.argmax(-1)
    square = torch.zeros_like(point).scatter_(-1, axis[..., None], point.gather(-1, axis[..., None]).sign())
    lid, side = point * point.new_tensor([0.0, 0.0, 1.0]), point * point.new_tensor([1.0, 1.0, 0.0])
    normal = torch.where(shape == SHAPES.index("cylinder"), torch.where(upright, lid, side), square)
    normal = torch.where(shape == SHAPES.index("ball"), point, normal)
    normal = torch.where(shape == _ROOM, -normal, normal)
    axis = normal.abs().argmax(-1)
    sign = normal.gather(-1, axis[..., None])[..., 0].sign().long()
    return normal, sign * (axis + 1)


def _turned(vector: Tensor, turn: Tensor) -> Tensor:
    """Rotate vectors of shape (..., 3) from a part's frame to the room's; turn: cosine and sine, of shape (..., 2)."""
    x, y, z = vector.unbind(-1)
    cos, sin = turn.unbind(-1)
    return torch.stack([cos * x - sin * y, sin * x + cos * y, z.expand_as(cos * x)], -1)


def _unturned(vector: Tensor, turn: Tensor) -> Tensor:
    """The inverse of `_turned`."""
    return _turned(vector, turn * turn.new_tensor([1.0, -1.0]))
