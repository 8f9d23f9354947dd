"""Recorded steps: the same numbers as steps made one by one, and what is done where recording is refused."""

import math

import pytest
import torch

from benchmarks.tasks import TRANSNAS_TASKS
from benchmarks.training import task_module as module_file
from benchmarks.training.captured import CapturedStep, cuda_recorder
from benchmarks.training.optimisers import make_optimiser
from tests.benchmarks.training.small_trainings import small_recipe, train


class Tape:
    """Stands in for a GPU: plays what it recorded by doing it again, on the tensors of the recording."""

    def __init__(self, error=None):
        self.error, self.warmed, self.recorded, self.replays = error, 0, 0, 0

    def warm_up(self, work):
        self.warmed += 1
        work()

    def record(self, work):
        if self.error is not None:
            raise self.error
        self.recorded += 1

        def replay():
            self.replays += 1
            work()

        return replay


def _sum_into(total):
    return lambda values: total.add_(values.sum())


def test_a_step_is_recorded_once_and_then_replayed():
    tape, total = Tape(), torch.zeros(())
    step = CapturedStep(_sum_into(total), tape)
    for value in range(8):
        step({"values": torch.full((2,), float(value))})
    assert total == 2 * sum(range(8))
    assert (tape.warmed, tape.recorded, tape.replays) == (3, 1, 5)
    assert step.refused == ""


def test_a_smaller_batch_is_no_part_of_the_recording():
    tape, total = Tape(), torch.zeros(())
    step = CapturedStep(_sum_into(total), tape)
    for n in (4, 4, 4, 1, 4, 4, 2):
        step({"values": torch.ones(n)})
    assert total == 23
    assert tape.replays == 2


def test_what_cannot_be_recorded_is_done_step_by_step_and_says_why():
    tape, total = Tape(RuntimeError("operation not permitted\n when stream is capturing")), torch.zeros(())
    step = CapturedStep(_sum_into(total), tape)
    for _ in range(6):
        step({"values": torch.ones(2)})
    assert total == 12
    assert step.refused == "operation not permitted when stream is capturing"


def test_memory_that_runs_out_while_recording_is_nobodys_secret():
    step = CapturedStep(_sum_into(torch.zeros(())), Tape(torch.cuda.OutOfMemoryError("CUDA out of memory")))
    for _ in range(3):
        step({"values": torch.ones(2)})
    with pytest.raises(torch.cuda.OutOfMemoryError):
        step({"values": torch.ones(2)})


def test_nothing_is_recorded_on_a_cpu():
    assert cuda_recorder(torch.device("cpu"), []) is None


@pytest.mark.parametrize("task", TRANSNAS_TASKS)
def test_a_recorded_training_gives_the_numbers_of_one_step_by_step(task, monkeypatch):
    """Nothing that changes from step to step may live in Python: not a rate, a counter, a total or an order."""
    recipe = small_recipe(task, epochs=3, batch_size=4)
    plain = train(recipe)
    tapes = []

    def recorder(device, generators):
        tapes.append(Tape())
        return tapes[-1]

    monkeypatch.setattr(module_file, "cuda_recorder", recorder)
    # A rate in single precision would move the last digits of a weight, and training magnifies them.
    monkeypatch.setattr(module_file, "make_optimiser", lambda optimiser, network, _: make_optimiser(optimiser, network))
    monkeypatch.setattr(module_file, "_keep_rates_in_place", lambda *_: None)
    recorded = train(recipe)
    assert [tape.recorded for tape in tapes] == [3], "training, validation and test"
    assert tapes[0].replays == 3 * (4 + 2 + 2) - 3 * 3
    for name, values in plain.metrics.items():
        if name != "time_elapsed":
            assert recorded.metrics[name] == values, name
    assert recorded.notes == []


def test_the_rate_of_a_recorded_step_is_a_tensor_that_follows_the_schedule(monkeypatch):
    seen = []
    optimiser_step = torch.optim.SGD.step

    def step(self, *arguments, **options):
        seen.append((id(self.param_groups[0]["lr"]), float(self.param_groups[0]["lr"])))
        return optimiser_step(self, *arguments, **options)

    monkeypatch.setattr(torch.optim.SGD, "step", step)
    monkeypatch.setattr(module_file, "cuda_recorder", lambda *_: Tape())
    recipe = small_recipe("room_layout", epochs=2, batch_size=4)
    train(recipe)
    places, rates = zip(*seen, strict=True)
    assert len(set(places)) == 1
    assert rates == pytest.approx([0.05 * (1 + math.cos(math.pi * k / 8)) for k in range(8)], rel=1e-5)


def test_a_refused_recording_is_a_note_of_the_run(monkeypatch):
    recipe = small_recipe("jigsaw", epochs=2, batch_size=4)
    monkeypatch.setattr(module_file, "cuda_recorder", lambda *_: Tape(RuntimeError("driver too old")))
    (note,) = train(recipe).notes
    assert note == "steps could not be recorded as a CUDA graph (driver too old): each kernel was launched from Python"
