"""LearningCurveSurrogate: curves of several tasks and lengths, what was seen, storage, and bad input."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau
from sklearn.base import clone
from sklearn.linear_model import Ridge

from benchmarks import get_space, load_table, save_table
from benchmarks.errors import ArchitectureError, ArtefactError, TableError, UnknownNameError
from benchmarks.table import Table
from surrogates import GaussianProcessSurrogate, LearningCurveSurrogate, load_surrogate

ARCHS = get_space("transnas101-macro").sample(60, rng=0)
LEVEL = np.array([sum(map(int, arch.split("-")[1])) + 2.0 * len(arch.split("-")[1]) for arch in ARCHS])


def curves(epochs: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    """Curves that end near a multiple of LEVEL, of shape (60, epochs)."""
    rng = np.random.default_rng(seed)
    time = np.arange(1, epochs + 1) / epochs
    noise = rng.normal(size=(len(ARCHS), 1)) * (1.2 - time) + 0.2 * rng.normal(size=(len(ARCHS), epochs))
    return scale * (LEVEL[:, None] * time**0.3 + 2 * noise)


def model(**params: object) -> LearningCurveSurrogate:
    return LearningCurveSurrogate(surrogate=GaussianProcessSurrogate(), **params)


def two_tasks() -> Table:
    """Jigsaw with schedules of 6 and 3 epochs, room_layout with 4."""
    jigsaw = np.full((len(ARCHS), 6), np.nan)
    jigsaw[:40], jigsaw[40:, :3] = curves(6)[:40], curves(3)[40:]
    metrics = {
        "jigsaw": {"valid_top1": jigsaw},
        "room_layout": {"valid_neg_loss": curves(4, 1, 0.01) - 1.0},
        "normal": {"valid_ssim": np.full((len(ARCHS), 1), 0.5)},
    }
    return Table.from_logs(ARCHS, metrics)


@pytest.fixture(scope="module")
def fitted() -> LearningCurveSurrogate:
    return model().fit(two_tasks())


def test_schedules_are_told_apart(fitted: LearningCurveSurrogate) -> None:
    assert fitted.schedules_ == {"jigsaw": (6, 3), "room_layout": (4,)}
    assert fitted.tasks_ == ("jigsaw", "room_layout"), "one epoch is no curve"
    assert fitted.n_curves_ == 120
    assert fitted.predict(ARCHS[:2], "jigsaw").shape == (2, 6)
    assert fitted.predict(ARCHS[:2], "jigsaw", epochs=3).shape == (2, 3)


def test_what_was_seen_is_returned_and_improves_the_rest() -> None:
    train = Table.from_logs(ARCHS[:40], {"jigsaw": {"valid_top1": curves(6)[:40]}})
    fitted, truth = model().fit(train), curves(6)[40:]
    taus = []
    for k in (0, 3, 5):
        mean, std = fitted.predict(ARCHS[40:], "jigsaw", truth[:, :k], return_std=True)
        assert (mean[:, :k] == truth[:, :k]).all()
        assert (std[:, :k] == 0).all()
        assert (std[:, k:] > 0).all()
        final, spread = fitted.final(ARCHS[40:], "jigsaw", truth[:, :k], return_std=True)
        assert (final == mean[:, -1]).all()
        assert (spread == std[:, -1]).all()
        taus.append(kendalltau(final, truth[:, -1]).statistic)
    assert taus[0] > 0.5, "the architecture alone says much"
    assert taus == sorted(taus)


def test_missing_epochs_are_missing_anywhere(fitted: LearningCurveSurrogate) -> None:
    seen = curves(6)[:3]
    whole = fitted.final(ARCHS[:3], "jigsaw", np.where(np.arange(6) < 2, seen, np.nan))
    assert whole == pytest.approx(fitted.final(ARCHS[:3], "jigsaw", seen[:, :2]))
    none = fitted.final(ARCHS[:3], "jigsaw", np.full((3, 6), np.nan))
    assert none == pytest.approx(fitted.final(ARCHS[:3], "jigsaw"))
    assert np.isfinite(fitted.predict(ARCHS[:3], "jigsaw", np.where(np.arange(6) == 3, seen, np.nan))).all()


def test_predictions_are_within_the_bounds_of_the_metric(fitted: LearningCurveSurrogate) -> None:
    assert fitted.predict(ARCHS, "jigsaw", np.full((60, 1), -500.0)).min() >= -500
    assert fitted.predict(ARCHS, "jigsaw", np.full((60, 1), -500.0))[:, 1:].min() >= 0


def test_no_architectures(fitted: LearningCurveSurrogate) -> None:
    assert fitted.predict([], "jigsaw", np.empty((0, 2))).shape == (0, 6)


def test_a_stored_model_predicts_the_same(fitted: LearningCurveSurrogate, tmp_path: Path) -> None:
    seen = curves(6)[:5, :2]
    expected = fitted.predict(ARCHS[:5], "jigsaw", seen, return_std=True)
    stored = LearningCurveSurrogate.load(fitted.save(tmp_path / "model"))
    assert stored.schedules_ == fitted.schedules_
    assert stored.n_curves_ == fitted.n_curves_
    for again in (stored, pickle.loads(pickle.dumps(fitted))):
        found = again.predict(ARCHS[:5], "jigsaw", seen, return_std=True)
        assert [each.tolist() for each in found] == [each.tolist() for each in expected]
        assert (
            again.final(ARCHS[:5], "jigsaw", epochs=3).tolist() == fitted.final(ARCHS[:5], "jigsaw", epochs=3).tolist()
        )
    with pytest.raises(ArtefactError, match="expected a stored surrogate, got a stored surrogate of learning curves"):
        load_surrogate(tmp_path / "model")
    (tmp_path / "model" / "arrays.npz").write_bytes(b"nothing")
    with pytest.raises(ArtefactError, match=r"'arrays.npz' is truncated"):
        LearningCurveSurrogate.load(tmp_path / "model")


def test_the_published_layout_gives_the_same_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("TRANSNAS_CACHE_DIR", str(tmp_path))
    save_table(two_tasks(), tmp_path / "curves.pth")
    read = load_table(tmp_path / "curves.pth")
    seen = curves(6)[:5, :2]
    one, other = (model().fit(table, "jigsaw").predict(ARCHS[:5], "jigsaw", seen) for table in (two_tasks(), read))
    assert one == pytest.approx(other, rel=1e-12)


def test_other_metrics_of_a_task() -> None:
    """The loss is better when lower."""
    lower = Table.from_logs(ARCHS, {"jigsaw": {"valid_loss": 5 - 0.05 * curves(5), "valid_top1": curves(5)}})
    fitted = model().fit(lower, ["jigsaw/valid_loss", "jigsaw"])
    assert fitted.tasks_ == ("jigsaw/valid_loss", "jigsaw")
    loss, top1 = (fitted.final(ARCHS, task) for task in fitted.tasks_)
    assert kendalltau(loss, top1).statistic < -0.9


def test_a_clone_is_unfitted(fitted: LearningCurveSurrogate) -> None:
    with pytest.raises(ValueError, match="not fitted"):
        clone(fitted).predict(ARCHS, "jigsaw")


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        (np.ones((2, 2)), r"of shape \(3, k\), a row for each architecture .* got \(2, 2\)"),
        (np.ones(3), r"of shape \(3, k\), .* got \(3,\)"),
        (np.ones((3, 7)), "at most the 6 epochs of the schedule of 'jigsaw', got 7"),
        ([[1.0], [np.inf], [2.0]], "finite values or NaN, got inf in row 1 after epoch 1"),
        ([[1.0, 2.0], [1.0], [2.0]], "expected numeric values that were seen"),
        ([["high"], ["low"], ["low"]], "expected numeric values that were seen, got text"),
    ],
)
def test_what_was_seen_is_checked(fitted: LearningCurveSurrogate, seen: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fitted.predict(ARCHS[:3], "jigsaw", seen)


def test_unknown_names_are_told(fitted: LearningCurveSurrogate) -> None:
    with pytest.raises(UnknownNameError, match="jigsaw"):
        fitted.predict(ARCHS[:3], "jigsav")
    with pytest.raises(ValueError, match="epochs of a schedule of 'jigsaw': 6, 3, got epochs=5"):
        fitted.predict(ARCHS[:3], "jigsaw", epochs=5)
    with pytest.raises(ArchitectureError, match="expected architectures of transnas101-macro"):
        fitted.predict(["64-41414-3_33_333"], "jigsaw")


def test_a_table_without_curves_is_refused() -> None:
    final = Table.from_logs(ARCHS, {"jigsaw": {"valid_top1": LEVEL}})
    with pytest.raises(TableError, match=r"expected a table with every epoch, .* \.pth files and campaigns keep all"):
        model().fit(final)
    with pytest.raises(TableError, match=r"normal: expected at least 3 trainings .*\(number of epochs\): 60 of 1"):
        model().fit(two_tasks(), ["jigsaw", "normal"])
    few = two_tasks().where(archs=ARCHS[:2])
    with pytest.raises(TableError, match="expected a table with every epoch, got no task with 3 trainings"):
        model().fit(few)
    with pytest.raises(TypeError, match="expected a Table as table"):
        model().fit(ARCHS)
    with pytest.raises(UnknownNameError, match="jigsaw"):
        model().fit(two_tasks(), "jigsav")


def test_a_metric_without_its_last_epoch_is_no_curve() -> None:
    """The loss goes on for two epochs longer: rows without a final value are left out."""
    top1 = curves(5)
    top1[:30, 4] = np.nan
    table = Table.from_logs(ARCHS, {"jigsaw": {"valid_top1": top1, "valid_loss": 5 - 0.05 * curves(5)}})
    assert model().fit(table, "jigsaw").n_curves_ == 30


def test_several_spaces_are_refused() -> None:
    other = get_space("transnas101-micro").sample(3, rng=0)
    table = Table.from_logs([*ARCHS[:3], *other], {"jigsaw": {"valid_top1": np.ones((6, 2))}})
    with pytest.raises(TableError, match="transnas101-micro"):
        model().fit(table)


def test_the_inner_surrogate_has_to_be_one() -> None:
    with pytest.raises(ValueError, match=r"expected a surrogate of normal scores as `surrogate` .* got Ridge"):
        LearningCurveSurrogate(surrogate=Ridge()).fit(two_tasks())
    with pytest.raises(ValueError, match="prior_rows"):
        model(prior_rows=-1.0).fit(two_tasks())


@pytest.mark.parametrize("rows", [2, 3])
def test_what_was_seen_belongs_to_the_architectures_of_the_rows(fitted: LearningCurveSurrogate, rows: int) -> None:
    archs, seen = ARCHS[:rows], curves(6)[:rows, :3]
    frame = pd.DataFrame(seen, index=archs)
    expected = fitted.predict(archs, "jigsaw", seen=seen)
    np.testing.assert_array_equal(fitted.predict(archs, "jigsaw", seen=frame), expected)
    np.testing.assert_array_equal(fitted.predict(archs, "jigsaw", seen=frame.set_axis([1, 2, 3], axis=1)), expected)
    with pytest.raises(ValueError, match=r"expected values that were seen of '.*' at row 0, got those of"):
        fitted.predict(archs, "jigsaw", seen=frame[::-1])
    with pytest.raises(ValueError, match=r"one epoch after the other, in columns numbered from 0 or 1, got 2, 1, 0"):
        fitted.predict(archs, "jigsaw", seen=frame[[2, 1, 0]])


def test_fractions_of_a_percentage_are_said(fitted: LearningCurveSurrogate) -> None:
    with pytest.warns(UserWarning, match="valid_top1 is in percent; if they are fractions, multiply them by 100"):
        fitted.predict(ARCHS[:2], "jigsaw", seen=[[0.1, 0.2], [0.3, 0.4]])
    fitted.predict(ARCHS[:2], "jigsaw", seen=[[0.1, 2.0], [0.3, 4.0]])
