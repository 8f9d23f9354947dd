"""Interrupted attentive trainings end with the same bits as uninterrupted ones."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("lightning")
pytest.importorskip("PIL")

import torch

from benchmarks.training.supernet import SupernetFolder, supernet_recipe, train_supernet
from benchmarks.training.supernet.module import SupernetModule
from surrogates.supernet import BestUp, Sandwich, WorstUp
from tests.surrogates.supernet.small_supernets import SIZES

MICRO, MACRO = "transnas101-micro", "transnas101-macro"


class Predictor:
    """Predicts the sum of digits."""

    space_, tasks_ = MICRO, ("class_scene",)

    def predict(self, archs, return_std=False):
        values = np.array([[sum(map(int, filter(str.isdigit, arch)))] for arch in archs], dtype=float)
        return (values, np.ones_like(values)) if return_std else values


@pytest.mark.parametrize(
    ("space", "sampler", "objective", "sharing", "optimiser"),
    [
        (MICRO, lambda: BestUp(MICRO), "supervised", "separate", "adam"),
        (MICRO, lambda: WorstUp(MICRO, candidates=5, predictor=Predictor()), "distillation_mean", "separate", "adam"),
        (MACRO, lambda: BestUp(MACRO), "distillation", "sliced", "adam"),
        (MACRO, lambda: Sandwich(MACRO), "distillation_mean", "sliced", "sgd"),
    ],
    ids=["best_up by losses", "worst_up by a predictor", "sliced best_up", "sliced sandwich with momentum"],
)
def test_an_interrupted_training_ends_with_the_same_bits(
    tmp_path, monkeypatch, space, sampler, objective, sharing, optimiser
):
    recipe = replace(supernet_recipe("class_scene"), epochs=2, batch_size=8, **SIZES)
    recipe = replace(recipe, optimiser=replace(recipe.optimiser, name=optimiser, weight_decay=0.01))
    trained: dict[str, list[list[str]]] = {}

    def train(name):
        drawn = trained.setdefault(name, [])
        original = SupernetModule.step

        def step(self, parts, n):
            losses = self.objective.losses

            def noted(supernet, paths, *rest):
                drawn.append(list(paths))
                return losses(supernet, paths, *rest)

            with monkeypatch.context() as patch:
                patch.setattr(self.objective, "losses", noted, raising=False)
                return original(self, parts, n)

        with monkeypatch.context() as patch:
            patch.setattr(SupernetModule, "step", step)
            options = {"folder": tmp_path / name, "sharing": sharing, "device": "cpu"}
            return train_supernet(space, "class_scene", recipe, sampler(), objective, 1, **options)

    whole = train("whole")
    start = SupernetModule.on_train_epoch_start

    def stop(self):
        if self.current_epoch == 1:
            raise KeyboardInterrupt
        start(self)

    with monkeypatch.context() as patch:
        patch.setattr(SupernetModule, "on_train_epoch_start", stop)
        with pytest.raises(KeyboardInterrupt):
            train("cut")
    assert (tmp_path / "cut" / "last.ckpt").exists()
    assert len(trained["cut"]) == 2
    resumed = train("cut")
    assert trained["cut"] == trained["whole"]
    assert len(trained["whole"]) == 4
    for mine, its in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(mine, its)
    one, other = (SupernetFolder(tmp_path / name).metrics() for name in ("whole", "cut"))
    del one["time_elapsed"], other["time_elapsed"]
    assert one == other
