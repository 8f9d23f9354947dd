"""A small fitted surrogate and a small table, both made up."""

import pandas as pd
import pytest

from benchmarks import get_space
from benchmarks.table import Table
from surrogates import BoostedSurrogate


@pytest.fixture(scope="session")
def macro_archs() -> list[str]:
    return get_space("transnas101-macro").sample(60, rng=0)


@pytest.fixture(scope="session")
def macro_table(macro_archs: list[str]) -> Table:
    """60 architectures x 2 tasks; every tenth jigsaw value is missing."""
    frame = pd.DataFrame({"arch": macro_archs})
    frame["jigsaw"] = [50.0 + sum(map(int, arch.split("-")[1])) for arch in macro_archs]
    frame["room_layout"] = [-1.0 / int(arch.split("-")[1][-1]) for arch in macro_archs]
    frame.loc[::10, "jigsaw"] = float("nan")
    return Table.from_frame(frame)


@pytest.fixture(scope="session")
def fitted(macro_table: Table) -> BoostedSurrogate:
    surrogate = BoostedSurrogate(n_members=2, n_rounds=10, random_state=0)
    surrogate.fit(list(macro_table.archs), macro_table.to_frame())
    return surrogate
