"""Seeds and generators: what is neither is refused by every function that takes one."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import get_space, noise_ceiling, split
from benchmarks.seeds import as_generator
from benchmarks.table import Table

SPACE = get_space("transnas101-macro")
ARCHS = SPACE.sample(6, rng=0)
TABLE = Table.from_frame(pd.DataFrame({"arch": ARCHS, "jigsaw": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}))


@pytest.mark.parametrize(
    "use",
    [
        as_generator,
        lambda rng: SPACE.sample(2, rng=rng),
        lambda rng: SPACE.mutate(ARCHS[0], rng=rng),
        lambda rng: noise_ceiling(TABLE, rng=rng),
        lambda rng: split(TABLE, 3, rng),
    ],
)
@pytest.mark.parametrize(("value", "kind"), [("a", TypeError), (1.5, TypeError), ({}, TypeError), (-1, ValueError)])
def test_other_values_are_refused_by_name(use, value, kind):
    with pytest.raises(
        kind, match=r"expected a seed \(an integer >= 0\), a numpy.random.Generator or None as (rng|seed)"
    ):
        use(value)


def test_a_generator_is_used_as_it_is():
    generator = np.random.default_rng(3)
    assert as_generator(generator) is generator
    assert as_generator(3).integers(2**40) == np.random.default_rng(3).integers(2**40)
