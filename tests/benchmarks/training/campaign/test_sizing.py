"""The size of a worker pool against simulated cards."""

import pytest

from benchmarks.training.campaign.sizing import Sizing


class Card:
    """A GPU on which w workers train `rate(w)` images a second, each holding `each` bytes."""

    def __init__(self, rate, memory=80.0, each=1.0):
        self.rate, self.memory, self.each = rate, memory, each
        self.now, self.workers = 0.0, 0

    def free(self):
        return self.memory - self.each * self.workers

    def run(self, sizing, trainings=400, images=1000):
        for _ in range(trainings):
            self.workers = max(self.workers, sizing.size)
            self.now += images / self.rate(sizing.size)
            sizing.report(images)
        return sizing


def sizing_of(card, largest=32):
    return Sizing(largest, card.free, lambda: card.now)


@pytest.mark.parametrize(("knee", "found"), [(1, 1), (2, 2), (4, 4), (8, 8), (64, 32)])
def test_workers_are_doubled_while_that_is_faster(knee, found):
    card = Card(lambda workers: 100.0 * min(workers, knee))
    sizing = card.run(sizing_of(card))
    assert sizing.settled
    assert sizing.size == found


def test_memory_ends_the_search():
    card = Card(lambda workers: 100.0 * workers, memory=8.0, each=1.0)
    assert card.run(sizing_of(card)).size == 4, "four are free, and four more would leave nothing to spare"


def test_what_ran_out_of_memory_takes_a_worker_away():
    card = Card(lambda workers: 100.0 * workers)
    sizing = card.run(sizing_of(card, largest=8))
    sizing.out_of_memory()
    assert (sizing.size, sizing.settled) == (7, True)
    card.run(sizing)
    assert sizing.size == 7


def test_a_size_that_somebody_chose_stays():
    sizing = Sizing.fixed(5)
    sizing.report(1000)
    sizing.out_of_memory()
    assert sizing.size == 5
