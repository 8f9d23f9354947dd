import pytest
import torch

from benchmarks.training.data.images import ImageSet
from benchmarks.training.data.part import part_of
from tests.benchmarks.training.small_trainings import images


class Listed:
    """A source that is no `ImageSet`."""

    def __init__(self, whole):
        self.whole, self.size = whole, whole.size

    def __len__(self):
        return len(self.whole)

    def batch(self, indices, domains):
        return self.whole.batch(indices, domains)


@pytest.mark.parametrize("kind", [lambda whole: whole, Listed])
def test_a_part_has_the_images_of_its_range(kind):
    whole = images(10, 16)
    part = part_of(kind(whole), 6, 9)
    assert isinstance(part, ImageSet) == (kind is not Listed)
    assert (len(part), part.size) == (3, 16)
    indices, domains = torch.tensor([2, 0, 1]), ("rgb", "room_layout")
    found = part.batch(indices, domains)
    assert set(found) == set(domains)
    for domain, values in found.items():
        assert torch.equal(values, whole.arrays[domain][[8, 6, 7]])


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (3, 3), (4, 2), (0, 11)])
def test_a_part_outside_the_source_is_refused(start, stop):
    with pytest.raises(ValueError, match=f"expected 0 <= start < stop <= 10 images, got {start} and {stop}"):
        part_of(images(10, 16), start, stop)
