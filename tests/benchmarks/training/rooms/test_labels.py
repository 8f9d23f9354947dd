"""Labels against a ray caster written with loops, and against geometry."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from benchmarks.training.rooms.furniture import FURNITURE, SEGMENTS, SHAPES, VARIANTS, object_classes
from benchmarks.training.rooms.labels import LAYOUT_MEAN, LAYOUT_STD, layout, normals, objects, segments
from benchmarks.training.rooms.raycast import cast, rays, scene_parts
from benchmarks.training.rooms.scene import camera_rotation, draw_scenes
from benchmarks.training.rooms.scene_types import SCENES

CPU = torch.device("cpu")
SIZE = 16


@pytest.fixture(scope="module")
def made():
    scenes = draw_scenes("train", range(6), 3)
    parts = scene_parts(scenes, CPU)
    origin, rotation, ray = rays(scenes, SIZE, CPU)
    seen = cast(parts, origin, rotation, ray, torch.from_numpy(scenes.camera.reach).float())
    return scenes, parts, origin, rotation, ray, seen


def _hits(shape, half, start, along):
    """Distances and outward normals, in the part's frame, of everything a ray meets of one part's surface."""
    if shape in ("box", "room"):
        for axis, sign in itertools.product(range(3), (-1, 1)):
            if abs(along[axis]) < 1e-12:
                continue
            t = (sign * half[axis] - start[axis]) / along[axis]
            point = start + t * along
            if all(abs(point[other]) <= half[other] for other in range(3) if other != axis):
                yield t, np.eye(3)[axis] * sign
        return
    scaled, ray = start / half, along / half
    used = slice(0, 2) if shape == "cylinder" else slice(0, 3)
    a, b, c = ray[used] @ ray[used], 2 * scaled[used] @ ray[used], scaled[used] @ scaled[used] - 1
    if b * b >= 4 * a * c:
        for t in ((-b - math.sqrt(b * b - 4 * a * c)) / (2 * a), (-b + math.sqrt(b * b - 4 * a * c)) / (2 * a)):
            point = scaled + t * ray
            if shape == "ball" or abs(point[2]) <= 1:
                normal = point / half * (1 if shape == "ball" else np.array([1, 1, 0]))
                yield t, normal / np.linalg.norm(normal)
    if shape == "cylinder":
        for sign in (-1, 1):
            t = (sign - scaled[2]) / ray[2]
            if np.hypot(*(scaled + t * ray)[:2]) <= 1:
                yield t, np.array([0, 0, sign])


def _naive(scenes, parts, image, row, column):
    """Depth, segment and normal in the camera's frame of one pixel."""
    turn = Rotation.from_euler("xyz", scenes.camera.angles[image]).as_matrix()
    reach = scenes.camera.reach[image]
    ray = turn @ [reach * (2 * (column + 0.5) / SIZE - 1), reach * (1 - 2 * (row + 0.5) / SIZE), -1.0]
    best = (np.inf, None, None)
    for part in np.flatnonzero(parts.image.numpy() == image):
        cos, sin = parts.turn[part].double().numpy()
        to_room = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        start = to_room.T @ (scenes.camera.position[image] - parts.centre[part].double().numpy())
        shape = SHAPES[parts.shape[part]]
        for t, normal in _hits(shape, parts.half[part].double().numpy(), start, to_room.T @ ray):
            if 0.02 < t < best[0]:
                inward = -normal if shape == "room" else normal
                kind = scenes.pieces.kind[image, parts.piece[part]]
                name = "background" if shape == "room" else list(FURNITURE.values())[kind].segment
                best = (t, SEGMENTS.index(name), turn.T @ to_room @ inward)
    return best


def test_every_pixel_agrees_with_a_ray_caster_written_with_loops(made):
    scenes, parts, _, rotation, _, seen = made
    segment, normal = segments(parts, seen).numpy(), normals(seen, rotation).numpy()
    kinds = set()
    for image, row, column in itertools.product(range(2), range(SIZE), range(SIZE)):
        depth, expected, direction = _naive(scenes, parts, image, row, column)
        assert seen.depth[image, row * SIZE + column].item() == pytest.approx(depth, rel=1e-4)
        assert segment[image, row, column] == expected
        np.testing.assert_allclose(normal[image, :, row, column] / 127.5 - 1, direction, atol=0.01)
        kinds.add(SHAPES[parts.shape[seen.part[image, row * SIZE + column]]])
    assert {"box", "room"} < kinds


def test_normals_have_length_one_and_face_the_camera(made):
    *_, ray, seen = made
    assert torch.allclose(seen.normal.norm(dim=-1), torch.ones(()), atol=1e-4)
    assert ((seen.normal * ray).sum(-1) < 1e-3).all()


def test_floors_look_up_ceilings_down_and_walls_sideways(made):
    scenes, parts, origin, _, ray, seen = made
    height = (origin[:, None] + seen.depth[..., None] * ray)[..., 2] / torch.from_numpy(scenes.room[:, 2:]).float()
    bare = parts.piece[seen.part] < 0
    floor, ceiling = bare & (height < 1e-4), bare & (height > 1 - 1e-4)
    for where, up in ((floor, 1.0), (ceiling, -1.0), (bare & ~floor & ~ceiling, 0.0)):
        assert where.any()
        assert torch.allclose(seen.normal[where][:, 2], torch.tensor(up), atol=1e-5)


def test_the_room_and_what_lies_flat_on_it_are_background(made):
    scenes, parts, _, _, _, seen = made
    kinds = [*FURNITURE, "room"]
    kind = torch.from_numpy(scenes.pieces.kind)
    piece = parts.piece[seen.part]
    seen_kind = torch.where(piece < 0, len(FURNITURE), kind.gather(1, piece.clamp(min=0)))
    background = segments(parts, seen).flatten(1) == 1
    flat = ("room", "window", "door", "rug", "picture", "pendant lamp")
    assert torch.equal(background, torch.isin(seen_kind, torch.tensor([kinds.index(name) for name in flat])))


def test_points_lie_in_the_room_and_on_the_surface_of_their_part(made):
    scenes, parts, origin, _, ray, seen = made
    where = (origin[:, None] + seen.depth[..., None] * ray).numpy()
    room = scenes.room[:, None]
    assert (np.abs(where - room * [0, 0, 0.5]) <= room / 2 + 1e-4).all()
    shape, size = parts.shape[seen.part], seen.point.abs()
    assert torch.allclose(size.amax(-1)[(shape == 0) | (shape == 3)], torch.ones(()), atol=2e-3)
    assert torch.allclose(size.norm(dim=-1)[shape == 2], torch.ones(()), atol=2e-3)


def test_object_probabilities_follow_visible_pixels_and_saliency(made):
    scenes, parts, _, _, _, seen = made
    found = objects(scenes, parts, seen).numpy()
    names, kinds = object_classes(), list(FURNITURE)
    for image in range(6):
        visible = dict.fromkeys(range(15), 0.0)
        for part in seen.part[image].tolist():
            if parts.piece[part] >= 0:
                visible[int(parts.piece[part])] += 1 / SIZE**2
        weight = np.zeros(len(names))
        for piece, area in visible.items():
            kind = kinds[scenes.pieces.kind[image, piece]]
            if area and kind not in ("window", "door", "pendant lamp"):
                shown = "television" if kind == "monitor" else kind
                label = names.index(f"{shown}, {VARIANTS[scenes.variant[image, piece]]}")
                weight[label] += FURNITURE[kind].saliency * area
        assert weight.any()
        np.testing.assert_allclose(found[image], 0.98 * weight / weight.sum() + 0.02 / 75, atol=2e-3)


def test_layout_is_the_rooms_box_in_the_cameras_frame():
    scenes = draw_scenes("test", range(40))
    found = layout(scenes).double().numpy() * LAYOUT_STD + LAYOUT_MEAN
    for row, (centre, angles, extent) in enumerate(zip(found[:, :3], found[:, 3:6], found[:, 6:], strict=True)):
        turn = Rotation.from_euler("xyz", scenes.camera.angles[row]).as_matrix()
        corners = np.array(list(itertools.product((-0.5, 0.5), (-0.5, 0.5), (0, 1)))) * scenes.room[row]
        seen = (corners - scenes.camera.position[row]) @ turn
        np.testing.assert_allclose(centre, seen.mean(0), atol=1e-4)
        own = Rotation.from_euler("xyz", angles).as_matrix()
        assert -own[0, 2] >= np.hypot(own[0, 2], own[1, 2]) * math.cos(math.pi / 4) - 0.05  # it looks along +x
        box = centre + (np.array(list(itertools.product((-0.5, 0.5), repeat=3))) * extent) @ own
        assert np.abs(box[:, None] - seen[None]).sum(2).min(1).max() < 1e-3


def test_layouts_are_standardised():
    numbers = layout(draw_scenes("train", range(1000, 3000))).numpy()
    np.testing.assert_allclose(numbers.mean(0), 0, atol=0.1)
    np.testing.assert_allclose(numbers.std(0), 1, atol=0.1)


def test_camera_rotations_are_those_of_scipy(rng):
    angles = rng.uniform(-3, 3, (20, 3))
    np.testing.assert_allclose(camera_rotation(angles), Rotation.from_euler("xyz", angles).as_matrix(), atol=1e-12)


def test_furniture_stands_in_the_room_and_not_in_each_other():
    scenes = draw_scenes("valid", range(64))
    pieces, kinds = scenes.pieces, list(FURNITURE.values())
    for image in range(64):
        boxes = []
        for kind, where, yaw, size in zip(
            pieces.kind[image], pieces.position[image], pieces.yaw[image], pieces.size[image], strict=True
        ):
            if kind < 0:
                continue
            half = size[[1, 0]] / 2 if round(yaw / (np.pi / 2)) % 2 else size[:2] / 2
            low, high = np.r_[where[:2] - half, where[2]], np.r_[where[:2] + half, where[2] + size[2]]
            assert (low >= np.r_[-scenes.room[image, :2] / 2, 0]).all()
            assert (high <= np.r_[scenes.room[image, :2] / 2, scenes.room[image, 2]]).all()
            if kinds[kind].place != "flat":
                boxes.append((low, high))
        for (low, high), (other_low, other_high) in itertools.combinations(boxes, 2):
            assert ((low >= other_high) | (high <= other_low)).any()


def test_catalogue_has_the_published_numbers_of_classes():
    assert (len(object_classes()), len(SCENES), len(SEGMENTS) - 1) == (75, 47, 17)
    assert len(set(object_classes())) == 75
    assert {kind.segment for kind in FURNITURE.values()} == set(SEGMENTS) - {"unlabelled"}
    used = {name for scene in SCENES.values() for name in scene.furniture.split(",")}
    assert used == set(FURNITURE) - {"window", "door", "pendant lamp"}
