"""Estimates without labels, and those of probes on the same supernets."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("lightning")
pytest.importorskip("PIL")

from benchmarks.training.supernet import PathScorer, load_supernet, probe_recipe, rooms_of, train_probe, train_supernet
from surrogates import Oracle, SupernetEstimates, SupernetSurrogate
from surrogates.search import run_search
from tests.benchmarks.training.supernet.small_contrasts import contrast_recipe
from tests.surrogates.supernet.small_supernets import SIZES, SPACE

ARCHS = ["64-41414-3_33_333", "64-41414-0_31_203", "64-41414-0_00_100", "64-41414-0_00_000", "64-41414-1_23_321"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two supernets without labels, of different seeds, and a probe of a task on each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRANSNAS_CACHE_DIR", str(tmp_path_factory.mktemp("images")))
        root, found = tmp_path_factory.mktemp("supernets"), []
        probe = replace(probe_recipe("room_layout", "mini", contrast_recipe()), epochs=1, batch_size=8, **SIZES)
        for seed in (0, 1):
            below, above = root / f"contrast-{seed}", root / f"probe-{seed}"
            train_supernet(SPACE, "contrast", contrast_recipe(n_valid=16), seed=seed, folder=below, device="cpu")
            train_probe(below, "room_layout", probe, seed, above, device="cpu")
            found += [below, above]
        yield found


def test_estimates_need_no_label_and_average_seeds_of_both_kinds(folders):
    estimates = SupernetEstimates(folders)
    assert estimates.tasks_ == ("contrast/valid_loss", "room_layout/valid_loss")
    mean, std = estimates.predict(ARCHS, return_std=True)
    supernets = [load_supernet(folder) for folder in folders]
    losses = [PathScorer(net, rooms_of(net.recipe)).metrics(ARCHS[0])["loss"] for net in supernets]
    assert mean[0] == pytest.approx([np.mean(losses[::2]), np.mean(losses[1::2])])
    assert (std[[0, 1, 2, 4]] > 0).all()
    assert mean[3, 0] == pytest.approx(np.log(16)), "a dead cell knows nothing"
    assert SupernetEstimates(folders[:1], metric="primary").tasks_ == ("contrast/valid_top1",)


def test_oracles_searches_and_surrogates_take_them(folders):
    estimates = SupernetEstimates(folders[:1], metric="primary")
    expected = estimates.predict(ARCHS)[:, 0]
    assert Oracle(estimates)(ARCHS[0], "contrast/valid_top1") == pytest.approx(expected[0])
    found = run_search("random", lambda archs: estimates.predict(archs)[:, 0], "contrast/valid_top1", 3, space=SPACE)
    assert np.array_equal(found.values[:, 0], estimates.predict(found.archs)[:, 0])
    labels = pd.Series([4.0, 3.0, 1.0], name="class_object", index=ARCHS[:3])
    losses = SupernetEstimates(folders[:1])
    mean = SupernetSurrogate(losses).fit(ARCHS[:3], labels).predict(ARCHS)
    assert np.array_equal(np.argsort(mean, kind="stable"), np.argsort(-losses.predict(ARCHS)[:, 0], kind="stable"))


def test_probes_on_other_backbones_are_not_averaged(folders, tmp_path):
    other = tmp_path / "other"
    recipe = contrast_recipe({"momentum": 0.5}, n_valid=16)
    train_supernet(SPACE, "contrast", recipe, seed=5, folder=other, device="cpu")
    probe = replace(probe_recipe("room_layout", "mini", contrast_recipe()), epochs=1, batch_size=8, **SIZES)
    train_probe(other, "room_layout", probe, 5, tmp_path / "probe", device="cpu")
    with pytest.raises(ValueError, match=r"differ in their seed only, .*: contrast: momentum was 0.9 and is now 0.5"):
        SupernetEstimates([folders[1], tmp_path / "probe"]).predict(ARCHS)
