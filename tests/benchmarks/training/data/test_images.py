import pytest
import torch

from benchmarks.errors import UnknownNameError
from benchmarks.training.data.images import ImageSet
from tests.benchmarks.training.small_trainings import images


def test_a_batch_is_the_rows_asked_for():
    source = images(5)
    batch = source.batch(torch.tensor([3, 0]), ["rgb", "room_layout"])
    assert list(batch) == ["rgb", "room_layout"]
    assert torch.equal(batch["rgb"], source.arrays["rgb"][[3, 0]])
    assert torch.equal(batch["room_layout"], source.arrays["room_layout"][[3, 0]])


def test_take_keeps_the_first_images_and_shares_memory():
    source = images(5)
    assert len(source.take(2)) == 2
    assert source.take(2).arrays["rgb"].data_ptr() == source.arrays["rgb"].data_ptr()


def test_a_domain_that_is_not_there_is_named():
    with pytest.raises(UnknownNameError, match="unknown domain 'normals'; did you mean 'normal'"):
        images(2).batch(torch.tensor([0]), ["normals"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rgb": torch.zeros(2, 3, 8, 8)}, "rgb: expected torch.uint8 of shape .*, got torch.float32"),
        ({"room_layout": torch.zeros(3, 9)}, "room_layout: expected as many entries as images, 2, got 3"),
        ({"normal": torch.zeros(2, 3, 4, 4, dtype=torch.uint8)}, "normal: expected a side of 8 pixels, got"),
        ({"segmentsemantic": torch.zeros(2, 8, dtype=torch.uint8)}, "segmentsemantic: expected .* of shape"),
        ({"depth": torch.zeros(2, 8)}, "unknown domain 'depth'"),
    ],
)
def test_arrays_that_do_not_fit_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        ImageSet({"rgb": torch.zeros(2, 3, 8, 8, dtype=torch.uint8), **changes})


def test_images_are_needed():
    with pytest.raises(ValueError, match="expected the domain 'rgb' among the arrays, got none"):
        ImageSet({})
