from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.errors import UnknownNameError
from benchmarks.training.fitting import fit_module
from benchmarks.training.losses import LOSSES
from benchmarks.training.supernet import InPlaceDistillation, Supernet
from benchmarks.training.supernet.module import SupernetModule
from benchmarks.training.supernet.objectives import make_objective
from tests.benchmarks.training.supernet.test_module import Listed, recipe, sources
from tests.benchmarks.training.supernet.test_supernet import inputs, small

SPACE = "transnas101-micro"
LARGEST, ONE, OTHER, SMALLEST = PATHS = [
    f"64-41414-{code}" for code in ("3_33_333", "2_01_023", "0_30_003", "0_00_100")
]


class Sandwiched(Listed):
    """Says that its paths are the largest, the sampled and the smallest."""

    order = "sandwich"


TEACHERS = {"largest": [LARGEST], "mean": [ONE, OTHER]}


def batch(task, classes=4):
    generator = torch.Generator().manual_seed(2)
    n = 3
    if task == "class_scene":
        return torch.softmax(torch.randn(n, 47, generator=generator), 1)
    if task == "jigsaw":
        return torch.randint(classes, (n,), generator=generator)
    if task == "segmentsemantic":
        return torch.randint(17, (n, 16, 16), generator=generator)
    shape = (n, 9) if task == "room_layout" else (n, 3, 16, 16)
    return torch.randn(shape, generator=generator).clamp(-1, 1)


def naive_soft_cross_entropy(student, teachers):
    """Probabilities of each place one after the other."""
    student, teachers = (
        values.detach().double().movedim(-3, -1).numpy()
        if values.ndim > 2 and values.shape[-1] == 16
        else values.detach().double().numpy()
        for values in (student, torch.stack(teachers))
    )
    student, teachers = student.reshape(-1, student.shape[-1]), teachers.reshape(len(teachers), -1, teachers.shape[-1])
    total = 0.0
    for place in range(len(student)):
        probabilities = np.mean([np.exp(t[place]) / np.exp(t[place]).sum() for t in teachers], axis=0)
        logs = student[place] - np.log(np.exp(student[place]).sum())
        total -= sum(p * log for p, log in zip(probabilities, logs, strict=True))
    return total / len(student)


@pytest.mark.parametrize("teacher", TEACHERS)
@pytest.mark.parametrize("task", ["class_scene", "jigsaw", "segmentsemantic", "normal"])
def test_losses_are_those_of_a_naive_computation(task, teacher):
    supernet = Supernet(SPACE, small(task), seed=1)
    images, targets = inputs(task), batch(task)
    loss = LOSSES["l1" if task == "normal" else supernet.recipe.loss]
    found = list(InPlaceDistillation(teacher).losses(supernet, PATHS, images, targets, loss))
    order = TEACHERS[teacher] + [path for path in PATHS if path not in TEACHERS[teacher]]
    alone = {path: supernet(images, path) for path in PATHS}
    for path, own in zip(order, found, strict=True):
        assert torch.equal(own.outputs, alone[path])
        if path in TEACHERS[teacher]:
            assert torch.equal(own.loss, loss(alone[path], targets))
            continue
        answers = [alone[other] for other in TEACHERS[teacher]]
        if task == "normal":
            expected = np.abs(alone[path].detach().numpy() - torch.stack(answers).detach().numpy().mean(0)).mean()
        else:
            expected = naive_soft_cross_entropy(alone[path], answers)
        assert own.loss.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("teacher", TEACHERS)
def test_a_teacher_gets_no_gradient_from_its_students(teacher):
    supernet = Supernet(SPACE, small("class_scene"), seed=1)
    found = list(
        InPlaceDistillation(teacher).losses(
            supernet, PATHS, inputs("class_scene"), batch("class_scene"), LOSSES["exact_soft_cross_entropy"]
        )
    )
    students = [path for path in PATHS if path not in TEACHERS[teacher]]
    own = {
        id(weights) for path in students for part in supernet.parts_of(path).values() for weights in part.parameters()
    }
    own |= {id(weights) for weights in supernet.decoders.parameters()}
    for result in found[len(TEACHERS[teacher]) :]:
        result.loss.backward()
    touched = {id(weights) for weights in supernet.parameters() if weights.grad is not None}
    assert touched == own
    private = [
        weights
        for path in TEACHERS[teacher]
        for part in supernet.parts_of(path).values()
        for weights in part.parameters()
        if id(weights) not in own
    ]
    assert private
    assert all(weights.grad is None for weights in private)


@pytest.mark.parametrize("teacher", TEACHERS)
def test_the_gradient_of_a_step_is_the_sum_of_separate_backward_passes(teacher):
    seen = []

    class Watched(SupernetModule):
        def step(self, parts, n):
            ((images, targets),) = parts
            sums = {}
            alone = {path: self.network.extract(path) for path in PATHS}
            with torch.no_grad():
                answers = [alone[path](images).softmax(1) for path in TEACHERS[teacher]]
            for path, network in alone.items():
                outputs = network(images)
                if path in TEACHERS[teacher]:
                    loss = self.loss(outputs, targets)
                else:
                    loss = -(sum(answers) / len(answers) * outputs.log_softmax(1)).sum(1).mean()
                loss.backward()
                shared = self.network.network(path).named_parameters()
                for (name, weights), mine in zip(shared, network.parameters(), strict=True):
                    sums.setdefault(id(weights), [name, weights, 0])[2] += mine.grad
            total = super().step(parts, n)
            for name, weights, expected in sums.values():
                torch.testing.assert_close(weights.grad, expected, rtol=1e-4, atol=1e-6, msg=name)
            seen.append(total)
            return total

    asked = recipe("class_scene", n_train=8, loss="exact_soft_cross_entropy")
    asked = replace(asked, optimiser=replace(asked.optimiser, max_norm=None))
    fit_module(
        Watched(SPACE, asked, sources(), Sandwiched(PATHS), InPlaceDistillation(teacher)),
        None,
        False,
        {"accelerator": "cpu"},
    )
    assert len(seen) == 1


def test_teachers_have_names():
    assert [make_objective(name).name for name in ("distillation", "distillation_mean")] == [
        InPlaceDistillation().name,
        InPlaceDistillation("mean").name,
    ]
    with pytest.raises(UnknownNameError, match="unknown teacher 'large'; did you mean 'largest'"):
        InPlaceDistillation("large")
    with pytest.raises(UnknownNameError, match="unknown teacher 'none'"):  # that is `Supervised`
        InPlaceDistillation("none")


@pytest.mark.parametrize(("teacher", "fewest"), [("largest", 2), ("mean", 3)])
def test_too_few_paths_are_refused(teacher, fewest):
    supernet = Supernet(SPACE, small("class_scene"))
    given = inputs("class_scene"), batch("class_scene"), LOSSES["soft_cross_entropy"]
    with pytest.raises(ValueError, match=rf"at least {fewest} paths a step for the objective .*, got {fewest - 1}"):
        list(InPlaceDistillation(teacher).losses(supernet, PATHS[: fewest - 1], *given))
