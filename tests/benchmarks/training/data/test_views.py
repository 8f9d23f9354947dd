import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d

from benchmarks.training.data.augment import RandomStreams
from benchmarks.training.data.targets import Preparation
from benchmarks.training.data.views import blurred, random_views
from benchmarks.training.recipe import Augmentation, Contrast
from tests.benchmarks.training.small_trainings import images
from tests.benchmarks.training.supernet.small_contrasts import contrast_recipe

PLAIN = {"jitter": 0.0, "blur": 0.0}


def views(pictures, contrast, augmentation=None, n=1, seed=0):
    return random_views(pictures, n, augmentation or Augmentation(), contrast, RandomStreams((seed,)))


def test_a_crop_shows_a_rectangle_of_at_least_the_least_area_within_the_image():
    """On an image of coordinates, a view's pixels say where it was cut."""
    side = 64
    line = (torch.arange(side) + 0.5) / side
    place = torch.stack([line.expand(side, side), line[:, None].expand(side, side), torch.zeros(side, side)])
    found = views(place.expand(200, 3, side, side).contiguous(), Contrast(view_size=16, least_area=0.3, **PLAIN))[:, 0]
    x, y = found[:, 0, 8], found[:, 1, :, 8]  # (200, 16)
    for axis in (x, y):
        steps = axis.diff(dim=1)[:, 2:-2]
        assert torch.allclose(steps, steps[:, :1].expand_as(steps), atol=1e-3), "evenly spaced"
        assert (axis > 0).all()
        assert (axis < 1).all()
    width, height = ((axis[:, 8] - axis[:, 7]) * 16 for axis in (x, y))
    area = width * height
    assert area.min() > 0.299  # a crop that is cut to the image still has at least 3 / 4 of it
    assert area.max() <= 1.001
    assert width.std() > 0.05
    ratio = width / height
    assert ratio.min() > 3 / 4 / 1.35
    assert ratio.max() < 4 / 3 * 1.35
    assert torch.unique(width / height).numel() > 100


def test_blur_is_that_of_a_gaussian_window_normalised_at_the_border():
    pictures = torch.rand(2, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    for deviation in (0.3, 1.0):
        found = blurred(pictures, torch.tensor([deviation, 2 * deviation]))[0].numpy()
        weights = np.exp(-(np.arange(-8, 9) ** 2) / (2 * deviation**2))
        sums = correlate1d(np.ones(9), weights, mode="constant")
        expected = pictures[0].numpy()
        for axis in (1, 2):
            shape = [1, 1, 1]
            shape[axis] = 9
            expected = correlate1d(expected, weights, axis=axis, mode="constant") / sums.reshape(shape)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_colours_change_with_the_probability_of_the_settings():
    pictures = torch.rand(400, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    whole = {"view_size": 8, "least_area": 1.0, "blur": 0.0}
    plain = views(pictures, Contrast(jitter=0.0, **whole))
    colours = Augmentation(brightness=0.4)
    changed = views(pictures, Contrast(jitter=0.8, **whole), colours)
    share = (changed - plain).abs().amax(dim=(1, 2, 3, 4)).gt(1e-4).float().mean()
    assert float(share) == pytest.approx(0.8, abs=0.06)
    grey = views(pictures, Contrast(jitter=0.8, **whole), Augmentation(grey=0.2))
    same = (grey[:, 0, 0] - grey[:, 0, 1]).abs().amax(dim=(1, 2)) < 1e-6
    assert float(same.float().mean()) == pytest.approx(0.2, abs=0.06)


def test_views_of_an_image_differ_and_a_seed_repeats_them():
    pictures = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    settings, colours = Contrast(view_size=8), Augmentation(flip=0.5, brightness=0.4, hue=0.4, grey=0.2)
    one, again, other = (views(pictures, settings, colours, 4, seed) for seed in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert one.min() >= 0
    assert one.max() <= 1
    assert all(not torch.equal(one[:, 0], one[:, view]) for view in (1, 2, 3))


def test_a_preparation_gives_four_views_for_training_and_the_same_two_for_scores():
    recipe = contrast_recipe()
    prepare = Preparation(recipe, images(8, 16))
    batch = images(8, 16).batch(torch.arange(8), ["rgb"])
    found, targets = prepare(batch, RandomStreams((0,)), training=True)
    assert found.shape == (8, 4, 3, 8, 8)
    assert targets.tolist() == list(range(8))
    two, again = (prepare(batch, RandomStreams((0,)), training=False)[0] for _ in range(2))
    assert two.shape == (8, 2, 3, 8, 8)
    assert torch.equal(two, again)
    raw = random_views(batch["rgb"].float() / 255, 2, recipe.augmentation, recipe.contrast, RandomStreams((0,)))
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (recipe.mean, recipe.std))
    torch.testing.assert_close(two, (raw - mean) / std)
