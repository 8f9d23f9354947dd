import colorsys

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance

from benchmarks.training.data import augment as colour
from benchmarks.training.data.augment import RandomStreams, augment, flip
from benchmarks.training.data.jigsaw import jigsaw_permutations, jigsaw_tiles
from benchmarks.training.data.targets import Preparation
from benchmarks.training.recipe import Augmentation
from tests.benchmarks.training.small_trainings import images, small_recipe


@pytest.fixture
def colours():
    return torch.rand(3, 3, 6, 6, generator=torch.Generator().manual_seed(0))


def test_hue_agrees_with_colorsys(colours):
    turns = torch.tensor([-0.1, 0.0, 0.07])
    ours = colour.adjust_hue(colours, turns)
    for image in range(3):
        for row in range(6):
            for column in range(6):
                hue, saturation, value = colorsys.rgb_to_hsv(*colours[image, :, row, column].tolist())
                expected = colorsys.hsv_to_rgb((hue + turns[image].item()) % 1, saturation, value)
                np.testing.assert_allclose(ours[image, :, row, column], expected, atol=1e-5)


def test_grey_has_no_hue_to_rotate():
    grey = torch.full((1, 3, 2, 2), 0.4)
    torch.testing.assert_close(colour.adjust_hue(grey, torch.tensor([0.1])), grey)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (colour.adjust_brightness, ImageEnhance.Brightness),
        (colour.adjust_contrast, ImageEnhance.Contrast),
        (colour.adjust_saturation, ImageEnhance.Color),
    ],
)
def test_blends_agree_with_pil(colours, ours, theirs):
    pixels = (colours * 255).to(torch.uint8)
    factors = torch.tensor([0.8, 1.0, 1.2])
    changed = ours(pixels.float() / 255, factors) * 255
    for image, factor in enumerate(factors.tolist()):
        picture = Image.fromarray(pixels[image].permute(1, 2, 0).numpy())
        expected = np.asarray(theirs(picture).enhance(factor)).transpose(2, 0, 1)
        np.testing.assert_allclose(changed[image].numpy(), expected, atol=2)  # PIL rounds on the way


def test_flip_mirrors_what_the_mask_says(colours):
    mask = torch.tensor([True, False, True])
    expected = np.stack([np.flip(image, 2) if m else image for image, m in zip(colours.numpy(), mask, strict=True)])
    np.testing.assert_array_equal(flip(colours, mask).numpy(), expected)


def test_labels_are_flipped_with_their_image():
    batch = images(20).batch(torch.arange(20), ["rgb", "normal", "segmentsemantic"])
    batch["rgb"] = batch["rgb"].float() / 255
    changed = augment(batch, Augmentation(flip=0.5), RandomStreams((3,)))
    flipped = 0
    for before, after, segments, new_segments, normal, new_normal in zip(
        batch["rgb"],
        changed["rgb"],
        batch["segmentsemantic"],
        changed["segmentsemantic"],
        batch["normal"],
        changed["normal"],
        strict=True,
    ):
        if torch.equal(before, after):
            assert torch.equal(segments, new_segments)
            assert torch.equal(normal, new_normal)
            continue
        flipped += 1
        assert torch.equal(after, before.flip(-1))
        assert torch.equal(new_segments, segments.flip(-1))
        assert torch.equal(new_normal[0], 255 - normal[0].flip(-1))
        assert torch.equal(new_normal[1:], normal[1:].flip(-1))
    assert 4 < flipped < 16


def test_colours_stay_colours_and_labels_stay():
    batch = images(6).batch(torch.arange(6), ["rgb", "class_scene"])
    batch["rgb"] = batch["rgb"].float() / 255
    changed = augment(batch, Augmentation(0.0, 0.2, 0.2, 0.2, 0.1, 0.5), RandomStreams((1,)))
    assert changed["rgb"].min() >= 0
    assert changed["rgb"].max() <= 1 + 1e-6
    assert changed["class_scene"] is batch["class_scene"]
    grey = (changed["rgb"] - changed["rgb"][:, :1]).abs().amax(dim=(1, 2, 3)) == 0
    assert 0 < grey.sum() < 6


@pytest.mark.parametrize("way", ["_change_rows", "_change_all"])
def test_each_image_is_changed_in_an_order_of_its_own(way, monkeypatch):
    """One image after the other, one change after the other, with the numbers the batch draws."""
    monkeypatch.setattr(colour, "_change_rows", getattr(colour, way))
    pixels, change = torch.rand(16, 3, 5, 5), Augmentation(0.0, 0.2, 0.3, 0.4, 0.1)
    changed = augment({"rgb": pixels}, change, RandomStreams((7,)))["rgb"]
    streams = RandomStreams((7,))
    ways = [
        (colour.adjust_brightness, streams.uniform((16,), 0.8, 1.2)),
        (colour.adjust_contrast, streams.uniform((16,), 0.7, 1.3)),
        (colour.adjust_saturation, streams.uniform((16,), 0.6, 1.4)),
        (colour.adjust_hue, streams.uniform((16,), -0.1, 0.1)),
    ]
    orders = streams.uniform((16, 4)).argsort(dim=1)
    assert len({tuple(order) for order in orders.tolist()}) > 4
    for n, order in enumerate(orders.tolist()):
        image = pixels[n : n + 1]
        for way in order:
            adjust, factors = ways[way]
            image = adjust(image, factors[n : n + 1])
        torch.testing.assert_close(changed[n : n + 1], image)


def test_the_same_seed_gives_the_same_pixels_and_another_gives_others():
    batch = {"rgb": torch.rand(4, 3, 8, 8)}
    change = Augmentation(0.5, 0.2, 0.2, 0.2, 0.1, 0.3)
    first, again, other = (augment(batch, change, RandomStreams(seed))["rgb"] for seed in ((5, 1), (5, 1), (5, 2)))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_global_generator_is_left_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    augment({"rgb": torch.full((4, 3, 8, 8), 0.5)}, Augmentation(0.5, 0.2, 0.2, 0.2, 0.1, 0.3), RandomStreams((5,)))
    assert torch.equal(torch.get_rng_state(), before)


def test_tiles_are_cut_and_shuffled_as_a_loop_does():
    pictures = torch.rand(2, 3, 32, 32)
    order = torch.stack([torch.randperm(9), torch.randperm(9)])
    offsets = torch.randint(3, (2, 9, 2))
    tiles = jigsaw_tiles(pictures, order, offsets)
    centre = pictures[..., 1:30, 1:30]  # 0.9 of 32, rounded: 29 pixels
    canvas = torch.nn.functional.interpolate(centre, (30, 30), mode="bilinear", align_corners=False)
    for image in range(2):
        for place in range(9):
            cell = int(order[image, place])
            top, left = (10 * part + int(o) for part, o in zip(divmod(cell, 3), offsets[image, cell], strict=True))
            assert torch.equal(tiles[image, place], canvas[image, :, top : top + 8, left : left + 8])


def test_published_tiles_are_64_of_85_pixels():
    tiles = jigsaw_tiles(torch.rand(1, 3, 256, 256), torch.arange(9)[None], torch.full((1, 9, 2), 21))
    assert tiles.shape == (1, 9, 3, 64, 64)


def test_evaluation_asks_for_fixed_puzzles():
    source = images(6)
    prepare = Preparation(small_recipe("jigsaw", fixed_evaluation=True), source)
    batch = source.batch(torch.arange(6), ["rgb"])
    (tiles, asked), (again, asked_again) = (prepare(batch, RandomStreams((0, 0)), training=False) for _ in range(2))
    assert torch.equal(tiles, again)
    assert torch.equal(asked, asked_again)
    plain = batch["rgb"].float() / 255
    orders = torch.as_tensor(jigsaw_permutations(4))[asked]
    torch.testing.assert_close(tiles, jigsaw_tiles(plain, orders, torch.full((6, 9, 2), 1)))


def test_layouts_are_taken_as_stored():
    source = images(16)
    prepare = Preparation(small_recipe("room_layout"), source)
    _, targets = prepare(source.batch(torch.arange(16), prepare.domains), RandomStreams((0,)), training=False)
    assert torch.equal(targets, source.arrays["room_layout"])


@pytest.mark.parametrize("fixed", [True, False])
def test_puzzles_of_evaluation_are_fixed_or_drawn_and_augmented_as_published(fixed):
    source = images(64)
    recipe = small_recipe("jigsaw", fixed_evaluation=fixed, num_classes=24, augmentation=Augmentation(flip=1.0))
    prepare = Preparation(recipe, source)
    batch = source.batch(torch.arange(64), prepare.domains)
    tiles, _ = prepare(batch, RandomStreams((0,)), training=False)
    plain = Preparation(small_recipe("jigsaw", fixed_evaluation=True, num_classes=24), source)
    centred, _ = plain(batch, RandomStreams((0,)), training=False)
    assert torch.equal(tiles, centred) == fixed, "flipped and off the centre, unless fixed"


def test_targets_of_the_dense_tasks():
    source = images(4)
    everything = source.batch(torch.arange(4), ["rgb", "normal", "segmentsemantic"])
    _, segments = Preparation(small_recipe("segmentsemantic"), source)(everything, RandomStreams((0,)), training=False)
    assert (segments[:, :2] == 0).all(), "unlabelled pixels join the first class"
    assert torch.equal(segments[:, 2:], everything["segmentsemantic"][:, 2:].long() - 1)
    _, normals = Preparation(small_recipe("normal"), source)(everything, RandomStreams((0,)), training=False)
    torch.testing.assert_close(normals, everything["normal"].float() / 255)
    inputs, itself = Preparation(small_recipe("autoencoder"), source)(everything, RandomStreams((0,)), training=True)
    torch.testing.assert_close(inputs, itself)  # the same flip and jitter on both
    assert not torch.equal(itself, everything["rgb"].float() / 255 * 2 - 1)


def test_images_are_normalised_by_the_recipe():
    source = images(4)
    recipe = small_recipe("class_scene")
    inputs, _ = Preparation(recipe, source)(
        source.batch(torch.arange(4), ["rgb", "class_scene"]), RandomStreams((0,)), False
    )
    expected = (source.arrays["rgb"].numpy() / 255 - np.array(recipe.mean)[:, None, None]) / np.array(recipe.std)[
        :, None, None
    ]
    np.testing.assert_allclose(inputs, expected, atol=1e-5)
