"""Agreement: the grid against a plain count, and what is bundled."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import ArtefactError, UnknownNameError, get_space, list_spaces
from surrogates.evaluation.agreement import Agreement
from surrogates.models.boosted import BoostedSurrogate
from surrogates.pretrained import load_agreement


@pytest.fixture(scope="module")
def agreement():
    archs = get_space("transnas101-macro").sample(60, rng=0)
    labels = np.array([float(arch.count("4")) for arch in archs]) + np.linspace(0, 0.1, 60)
    frame = pd.DataFrame({"jigsaw": labels, "normal": -0.1 * labels}, index=archs)
    frame.iloc[:5, 1] = np.nan
    return Agreement.from_surrogate(BoostedSurrogate(random_state=0).fit(archs, frame), frame)


def test_every_measured_value_is_counted_once(agreement):
    assert agreement.grid("jigsaw")[1].sum() == 60
    assert agreement.grid("normal")[1].sum() == 55


def test_agreement_lies_along_the_diagonal(agreement):
    edges, counts = agreement.grid("jigsaw")
    middle = (edges[1:] + edges[:-1]) / 2
    measured = np.repeat(middle, counts.sum(axis=1))
    predicted = np.concatenate([np.repeat(middle, row) for row in counts])
    assert np.corrcoef(measured, predicted)[0, 1] > 0.7
    assert agreement.tau[0] > 0.5


def test_round_trip(agreement, tmp_path):
    again = Agreement.load(agreement.save(tmp_path / "agreement"))
    assert again.tasks == agreement.tasks
    for name in ("edges", "counts", "tau"):
        np.testing.assert_array_equal(getattr(again, name), getattr(agreement, name))


def test_unknown_task_and_foreign_folder(agreement, tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'jigsaw'"):
        agreement.grid("jigsav")
    with pytest.raises(ArtefactError, match="expected a directory"):
        Agreement.load(tmp_path / "nothing")


@pytest.mark.parametrize("name", list_spaces())
def test_bundled_surrogates_hold_on_architectures_they_have_not_seen(name):
    space = get_space(name)
    found = load_agreement(name)
    assert found.tasks == space.tasks
    assert (found.counts.sum(axis=(1, 2)) == len(space)).all()
    assert found.tau.mean() > 0.74
