from pathlib import Path

import pytest

from benchmarks import save_table
from benchmarks.table import Table
from surrogates import BoostedSurrogate
from surrogates.cli import logged_progress
from tests.surrogates.cli.helpers import QUICK


@pytest.fixture(autouse=True)
def no_lines_of_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command says does not depend on how busy the machine is."""
    monkeypatch.setattr(logged_progress, "QUIET_SECONDS", 1e6)


@pytest.fixture(scope="session")
def table_file(macro_table: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tables") / "macro.csv"
    save_table(macro_table, path)
    return path


@pytest.fixture(scope="session")
def model(fitted: BoostedSurrogate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fitted.save(tmp_path_factory.mktemp("models") / "model")


@pytest.fixture
def small_boosted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the default surrogate fast to fit."""
    defaults = BoostedSurrogate.__init__.__kwdefaults__
    monkeypatch.setattr(BoostedSurrogate.__init__, "__kwdefaults__", {**defaults, **QUICK})
