"""Zero-cost proxies as an encoder: its contract, its cache, published numbers, bad input."""

import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.pipeline import make_union

from benchmarks import ArchitectureError, UnknownNameError, get_space
from benchmarks.training.data.images import ImageSet
from benchmarks.training.networks.task_network import build_network
from encoders import Costs, GraphFeatures, ZeroCost
from encoders.zero_cost.cache import ScoreCache
from encoders.zero_cost.estimator import PROXIES
from surrogates import BoostedSurrogate

ARCH = "64-41414-1_23_301"
DEAD = "64-41414-0_31_000"
TINY = {"base_channels": 4, "input_size": 32, "batch_size": 4, "images": "noise", "decoder_width": 16}
SEEN = ("class_scene", "segmentsemantic", "jigsaw")


def tiny_network(arch=ARCH, task="class_scene"):
    return build_network(arch, task, input_size=32, base_channels=4, decoder_width=16)


# -- the contract ---------------------------------------------------------------------------------------------------


def test_same_bytes_in_another_process_and_in_other_company():
    code = (
        "import sys; from encoders import ZeroCost; "
        f"encoder = ZeroCost(**{TINY}).fit(['64-2311-basic']); print('torch' in sys.modules); "
        "print(encoder.transform(['64-2311-basic', '64-1234-basic'])[1].tobytes().hex())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = ZeroCost(**TINY).fit_transform(["64-1234-basic"])[0].tobytes().hex()
    assert ran.stdout.split() == ["False", here]  # torch is imported when something is computed


def test_another_seed_gives_other_scores():
    other = ZeroCost(**TINY, random_state=1).fit_transform(["64-1234-basic"])[0]
    counted = [name in ("params", "multiply_adds") for name in PROXIES]
    assert (other == ZeroCost(**TINY).fit_transform(["64-1234-basic"])[0]).tolist() == counted


def test_equal_functions_share_what_a_function_decides():
    frame = ZeroCost(**TINY).scores(["64-41414-0_31_320", "64-41414-0_00_300"])
    same = frame.columns[(frame.iloc[0] == frame.iloc[1])]
    assert set(same) == set(PROXIES) - {"params", "multiply_adds", "l2_norm", "zen", "naswot"}


def test_a_proxy_is_known_by_the_name_it_had_in_stored_surrogates():
    former = ZeroCost(proxies=["flops"]).fit(["64-1234-basic"])
    assert list(former.get_feature_names_out()) == ["multiply_adds"]
    now = ZeroCost(proxies=["multiply_adds"]).fit_transform(["64-1234-basic"])
    np.testing.assert_array_equal(former.transform(["64-1234-basic"]), now)


@pytest.mark.parametrize("task", ["class_scene", "jigsaw", "normal"])
def test_counts_agree_with_costs(task):
    archs = ["64-41414-0_31_023", "64-41414-3_33_333"]
    size = 256 if task != "jigsaw" else 1024  # of which a tile has a quarter
    proxy = ZeroCost(
        proxies=("params", "multiply_adds"), task=task, base_channels=None, input_size=size, decoder_width=1024
    )
    np.testing.assert_array_equal(proxy.scores(archs).to_numpy(), Costs(task=task, input_size=256).exact(archs)[:, :2])


def test_counts_are_by_default_of_a_smaller_network_as_documented():
    wide = "64-41414-3_33_333"
    ours = ZeroCost(proxies=["params"]).scores([wide]).loc[wide, "params"]
    counts = [ours, Costs(task="class_scene").exact([wide])[0, 0]]
    assert counts == [2_600_247, 41_435_727]
    assert all(f"{count:,.0f}" in ZeroCost.__doc__ for count in counts)


def test_l2_norm_is_that_of_the_weights():
    weights = [w.detach().numpy() for name, w in tiny_network().named_parameters() if "batch_norm" not in name]
    expected = sum(np.linalg.norm(w) for w in weights if w.ndim > 1)
    found = ZeroCost(**{**TINY, "proxies": ["l2_norm"]}).scores([ARCH]).loc[ARCH, "l2_norm"]
    assert found == pytest.approx(expected)


def test_a_dead_network_has_no_signal():
    encoder = ZeroCost(**TINY)
    found = encoder.scores([DEAD, ARCH])
    assert set(found.columns[found.loc[DEAD].isna()]) == {"zen", "jacov"}
    assert (found.loc[DEAD, ["synflow", "grad_norm", "snip", "plain", "grasp"]] == 0).all()
    row = dict(zip(PROXIES, encoder.fit_transform([DEAD])[0], strict=True))
    assert (row["zen"], row["jacov"]) == (0, -80)
    assert found.loc[ARCH].notna().all()


# -- use ------------------------------------------------------------------------------------------------------------


def test_features_of_a_surrogate():
    archs = get_space("transnas101-macro").sample(24, rng=0)
    y = np.array([len(arch) + arch.count("2") for arch in archs], dtype=float)
    union = make_union(GraphFeatures(), ZeroCost(proxies=("synflow", "naswot"), **TINY))
    assert clone(union).fit(archs).get_feature_names_out()[-1] == "zerocost__naswot"
    surrogate = BoostedSurrogate(encoder=union, random_state=0).fit(archs, y)
    assert spearmanr(clone(surrogate).fit(archs, y).predict(archs), y).statistic > 0.8


def test_images_of_ones_own():
    generator = torch.Generator().manual_seed(0)
    rgb = torch.randint(256, (5, 3, 32, 32), generator=generator, dtype=torch.uint8)
    own = ImageSet({"rgb": rgb, "class_scene": torch.full((5, 47), 1 / 47)})
    given = {**TINY, "proxies": ["snip"]}
    first = ZeroCost(**{**given, "images": own}).scores([ARCH])
    assert clone(ZeroCost(**{**given, "images": own})).scores([ARCH]).equals(first)
    assert not ZeroCost(**given).scores([ARCH]).equals(first)
    short = ZeroCost(**{**given, "images": own, "batch_size": 6})
    with pytest.raises(ValueError, match="at least batch_size = 6 images, got 5"):
        short.scores([ARCH])
    with pytest.raises(ValueError, match="input_size = 64 pixels, got 32"):
        ZeroCost(**{**given, "images": own, "input_size": 64}).scores([ARCH])
    objects = ImageSet({"rgb": rgb, "class_scene": torch.full((5, 63), 1 / 63)})
    with pytest.raises(ValueError, match=r"expected 47 class probabilities, .* with 63"):
        ZeroCost(**{**given, "images": objects}).scores([ARCH])


@pytest.mark.parametrize("task", SEEN)
def test_rooms_are_the_default(task):
    found = ZeroCost(**{**TINY, "images": "rooms"}, task=task).scores([ARCH])
    assert found.notna().all(axis=None)


def test_scores_are_kept_in_a_folder(tmp_path):
    proxy = ZeroCost(proxies=["synflow", "zen"], cache_dir=tmp_path, random_state=7, **TINY)
    first = proxy.scores([ARCH, DEAD])
    (path,) = tmp_path.iterdir()
    stored = json.loads(path.read_text())
    assert stored["scores"][ARCH]["zen"] == first.loc[ARCH, "zen"]
    assert stored["scores"][DEAD]["zen"] is None
    stored["scores"]["64-2311-basic"] = {"synflow": 3.0, "zen": None}
    path.write_text(json.dumps(stored))
    assert proxy.scores(["64-2311-basic"]).to_numpy().tolist()[0][0] == 3.0
    path.write_text("{half")
    pd.testing.assert_frame_equal(proxy.scores([ARCH, DEAD]), first)
    proxy.set_params(proxies=["params"]).scores([ARCH])
    assert set(json.loads(path.read_text())["scores"]) >= {ARCH, "64-2311-basic"}


def test_two_writers_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("encoders.zero_cost.cache._MEMORY", {})
    one = ScoreCache({"seed": 0}, tmp_path)
    monkeypatch.setattr("encoders.zero_cost.cache._MEMORY", {})
    two = ScoreCache({"seed": 0}, tmp_path)
    one.add("a", {"zen": 1.0})
    two.add("b", {"zen": math.nan})
    one.save()
    two.save()
    monkeypatch.setattr("encoders.zero_cost.cache._MEMORY", {})
    again = ScoreCache({"seed": 0}, tmp_path)
    assert again.known("a") == {"zen": 1.0}
    assert math.isnan(again.known("b")["zen"])


def test_bad_input_is_named():
    archs = ["64-2311-basic"]
    with pytest.raises(UnknownNameError, match="unknown proxy 'nwot'; did you mean 'naswot'"):
        ZeroCost(proxies=["nwot"]).fit(archs)
    with pytest.raises(UnknownNameError, match="did you mean 'class_scene'"):
        ZeroCost(task="class_scenes").fit(archs)
    with pytest.raises(UnknownNameError, match="unknown image source 'room'; did you mean 'rooms'"):
        ZeroCost(images="room").fit(archs)
    with pytest.raises(ValueError, match="expected a list of proxies, got the string 'zen'"):
        ZeroCost(proxies="zen").fit(archs)
    with pytest.raises(ValueError, match="each once"):
        ZeroCost(proxies=["zen", "zen"]).fit(archs)
    for name, value in (("batch_size", 1), ("input_size", 8.5), ("base_channels", 0), ("random_state", -1)):
        with pytest.raises(ValueError, match=f"as {name}, got {value}"):
            ZeroCost(**{name: value}).scores(archs)
    with pytest.raises(ArchitectureError, match="empty list"):
        ZeroCost().scores([])


@pytest.mark.parametrize(("module", "package"), [("torch", "torch"), ("PIL", "pillow")])
def test_a_missing_library_names_the_extra(module, package):
    code = f"import sys, encoders; sys.modules[{module!r}] = None; encoders.ZeroCost().scores(['64-2311-basic'])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"MissingExtraError: encoders.ZeroCost needs '{package}', which is not installed" in ran.stderr
    assert "[training]" in ran.stderr


# -- published scores -----------------------------------------------------------------------------------------------


@pytest.mark.data
def test_params_are_the_published_ones(nas_data):
    """Of 63 scene classes; ours has 47, each a column of weights and a bias."""
    table = pd.read_csv(nas_data / "transnas101/micro_zero_cost.csv").dropna(subset="params")
    for task, sample in table[table["task"].isin(["class_scene", "room_layout", "normal"])].groupby("task"):
        archs = sample["arch"].to_list()[:60]
        proxy = ZeroCost(proxies=["params"], task=task, base_channels=None, input_size=256, decoder_width=1024)
        extra = (63 - 47) * (512 + 1) if task == "class_scene" else 0
        published = (sample["params"].to_numpy()[:60] * 1e6).round()
        np.testing.assert_array_equal(proxy.scores(archs)["params"].to_numpy() + extra, published)


@pytest.mark.data
@pytest.mark.parametrize("space", ["micro", "macro"])
def test_ranks_of_the_published_scores(nas_data, space):
    table = pd.read_csv(nas_data / f"transnas101/{space}_zero_cost.csv").dropna(subset="l2_norm")
    sample = table[table["task"] == "class_scene"].set_index("arch").sample(25, random_state=0)
    sample = sample.rename(columns={"flops": "multiply_adds"})
    ours = ZeroCost(proxies=["multiply_adds", "l2_norm", "synflow"], input_size=32).scores(list(sample.index))
    for name in ours.columns.intersection(sample.columns):
        assert spearmanr(ours[name], sample[name]).statistic > 0.9, name
