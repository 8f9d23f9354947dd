import numpy as np
import pandas as pd
import pytest

pytest.importorskip("lightning")
pytest.importorskip("PIL")

from scipy.stats import linregress

from benchmarks.errors import ArchitectureError, ArtefactError, SpaceError
from benchmarks.metrics import kendall_tau
from benchmarks.spaces.registry import get_space
from surrogates import SupernetEstimates, SupernetSurrogate, load_surrogate
from surrogates.testing import check_surrogate
from tests.surrogates.supernet.small_supernets import SPACE, trained

ARCHS = get_space(SPACE).sample(70, rng=0)  # those of the contract


def compressed(scores, known):
    """Estimates as the surrogate sees them, from the median and quartiles of the known ones."""
    median, scale = np.median(scores[known]), np.subtract(*np.percentile(scores[known], [75, 25]))
    return np.arcsinh((scores - median) / scale)


@pytest.fixture(scope="module")
def estimates(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRANSNAS_CACHE_DIR", str(tmp_path_factory.mktemp("images")))
        root = tmp_path_factory.mktemp("supernets")
        folders = [trained(root / task, task) for task in ("room_layout", "class_object")]
        found = SupernetEstimates(folders)
        found.predict(ARCHS)  # once for all tests
        return found


def test_contract(estimates):
    check_surrogate(SupernetSurrogate(estimates), SPACE)


def test_ranks_are_those_of_the_supernet_of_the_task(estimates):
    archs = ARCHS[:40]
    noise = np.random.default_rng(0).uniform(1, 2, size=(10, 2))
    labels = pd.DataFrame(noise, columns=["class_object", "strangeness"], index=archs[:10])
    fitted = SupernetSurrogate(estimates).fit(archs[:10], labels, minimize=["strangeness"])
    mean, scores = fitted.predict(archs), -estimates.predict(archs)
    assert kendall_tau(mean[:, 0], scores[:, 1]) == pytest.approx(1)
    assert len(np.unique(mean[:, 0])) == len(np.unique(scores[:, 1])), "strictly increasing"
    agreement = [kendall_tau(-noise[:, 1], column) for column in scores[:10].T]
    assert kendall_tau(-mean[:, 1], scores[:, int(np.argmax(agreement))]) == pytest.approx(1)


def test_a_loss_falls_where_the_estimate_is_better(estimates):
    archs = ARCHS[:30]
    loss = estimates.predict(archs)[:, 0]
    labels = pd.Series(loss[:12], name="room_layout/valid_loss", index=archs[:12])
    fitted = SupernetSurrogate(estimates).fit(archs[:12], labels)
    assert kendall_tau(fitted.predict(archs), loss) == pytest.approx(1)
    assert fitted.cv_scores_["room_layout/valid_loss"]["tau"] == pytest.approx(1)


def test_levels_and_scales_are_those_of_the_labels(estimates):
    archs = ARCHS[:60]
    scores = -estimates.predict(archs)[:, 1]
    truth = 40 + 3 * compressed(scores, slice(40))
    fitted = SupernetSurrogate(estimates).fit(archs[:40], pd.Series(truth[:40], name="class_object"))
    assert np.abs(fitted.predict(archs) - truth).max() < 1e-6


def test_the_std_is_that_of_a_prediction_by_least_squares(estimates):
    scores = -estimates.predict(ARCHS)[:, 1]
    z, n = compressed(scores, slice(12)), 12
    y = 40 + 3 * z[:n] + np.random.default_rng(0).normal(0, 0.5, n)
    fitted = SupernetSurrogate(estimates).fit(ARCHS[:n], pd.Series(y, name="class_object"))
    mean, std = fitted.predict(ARCHS, return_std=True)
    line = linregress(z[:n], y)
    spread = np.sqrt(((y - line.intercept - line.slope * z[:n]) ** 2).sum() / (n - 2))
    of_slope, of_mean = line.stderr**2 * (z - z[:n].mean()) ** 2, spread**2 / n
    assert mean == pytest.approx(line.intercept + line.slope * z)
    assert std == pytest.approx(np.sqrt(spread**2 + of_mean + of_slope))


@pytest.mark.parametrize(("labels", "least"), [([1.0, 3.0], 2**0.5), ([1.0, 2.0, 3.0], 1.0)])
def test_few_labels_give_at_least_their_own_spread(estimates, labels, least):
    fitted = SupernetSurrogate(estimates).fit(ARCHS[: len(labels)], pd.Series(labels, name="class_object"))
    assert (fitted.predict(ARCHS, return_std=True)[1] >= least).all()


def test_intervals_cover_new_labels_and_scores_say_so(estimates):
    scores = -estimates.predict(ARCHS)[:, 1]
    z, rng, covered, said = compressed(scores, slice(20)), np.random.default_rng(1), [], []
    for _ in range(60):
        y = 40 + 3 * z + rng.normal(0, 2, len(z))
        fitted = SupernetSurrogate(estimates).fit(ARCHS[:20], pd.Series(y[:20], name="class_object"))
        mean, std = fitted.predict(ARCHS[20:], return_std=True)
        covered.append(np.mean(np.abs(mean - y[20:]) <= 1.645 * std))
        said.append(fitted.cv_scores_["class_object"]["coverage"])
    assert np.mean(covered) == pytest.approx(0.9, abs=0.04)
    assert np.mean(said) == pytest.approx(0.9, abs=0.05)


def test_coverage_leaves_out_whole_functions(estimates):
    """Two strings of each function with the same label; the fit without one of them would know the other."""
    pairs = [("64-41414-0_00_100", "64-41414-3_00_100"), ("64-41414-0_00_200", "64-41414-3_00_200")]
    pairs += [("64-41414-0_00_300", "64-41414-3_00_300"), ("64-41414-0_00_120", "64-41414-0_00_120")]
    archs, labels = [arch for pair in pairs for arch in pair], np.repeat([1.0, 5.0, 2.0, 9.0], 2)
    fitted = SupernetSurrogate(estimates).fit(archs, pd.Series(labels, name="class_object"))
    inside = []
    for pair, label in zip(pairs, labels[::2], strict=True):
        rest = [row for row, arch in enumerate(archs) if arch not in pair]
        alone = SupernetSurrogate(estimates).fit(
            [archs[row] for row in rest], pd.Series(labels[rest], name="class_object")
        )
        mean, std = alone.predict(list(pair), return_std=True)
        inside += list(np.abs(mean - label) <= 1.645 * std)
    assert fitted.cv_scores_["class_object"]["coverage"] == pytest.approx(np.mean(inside))


def test_the_wrong_space_or_skeleton_is_refused(estimates):
    surrogate = SupernetSurrogate(estimates)
    with pytest.raises(SpaceError, match="labels of transnas101-micro, the space of the supernet, got nasbench201"):
        surrogate.fit([get_space("nasbench201").example], [1.0])
    with pytest.raises(ArchitectureError, match="nearest: '64-41414-3_33_333'"):
        surrogate.fit(["32-41414-3_33_333", "64-41414-3_01_003"], [1.0, 2.0])
    archs = ARCHS[:5]
    with pytest.raises(ArchitectureError, match="nearest: '64-41414-3_33_333'"):
        surrogate.fit(archs, [1.0, 2.0, 3.0, 4.0, 5.0]).predict(["64-4141-3_33_333"])


def test_a_stored_surrogate_refuses_other_weights(tmp_path):
    folder = trained(tmp_path / "supernet", "room_layout")
    archs = ARCHS[:5]
    surrogate = SupernetSurrogate(SupernetEstimates([folder])).fit(archs, [1.0, 2.0, 3.0, 4.0, 5.0])
    surrogate.save(tmp_path / "model")
    loaded = load_surrogate(tmp_path / "model")
    assert np.array_equal(loaded.predict(archs), surrogate.predict(archs))
    other = trained(tmp_path / "other", "room_layout", seed=1)
    (folder / "weights.pt").write_bytes((other / "weights.pt").read_bytes())
    with pytest.raises(ArtefactError, match="got others; fit it again"):
        load_surrogate(tmp_path / "model").predict(archs)
