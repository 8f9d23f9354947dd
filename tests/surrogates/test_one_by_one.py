"""Bundled answers are those of a question about each architecture alone."""

import numpy as np
from numpy.testing import assert_array_equal

from benchmarks import get_space
from surrogates import BoostedSurrogate, EnsembleSurrogate, GaussianProcessSurrogate
from surrogates.pretrained.build import one_by_one
from tests.surrogates.small_models import SMALL_BOOSTED

SPACE = get_space("transnas101-micro")


def test_answers_are_those_of_questions_one_at_a_time() -> None:
    archs = SPACE.sample(24, rng=1)
    values = np.random.default_rng(2).uniform(40, 60, (24, 2))
    members = [BoostedSurrogate(**SMALL_BOOSTED), GaussianProcessSurrogate(max_rows=24)]
    surrogate = EnsembleSurrogate(members=members, random_state=0).fit(archs, values)
    asked = [*SPACE.sample(9, rng=3), archs[5]]
    mean, std = one_by_one(surrogate, asked)
    alone = [surrogate.predict([arch], return_std=True) for arch in asked]
    assert_array_equal(mean, np.concatenate([one for one, _ in alone]))
    assert_array_equal(std, np.concatenate([one for _, one in alone]))
