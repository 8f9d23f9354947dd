"""Fixtures: bundled oracles, and Optuna and syne-tune without log output."""

import optuna
import pytest

from surrogates import Oracle


@pytest.fixture(scope="session")
def micro() -> Oracle:
    return Oracle.from_pretrained("transnas101-micro")


@pytest.fixture(scope="session")
def macro() -> Oracle:
    return Oracle.from_pretrained("transnas101-macro")


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    monkeypatch.setenv("SYNETUNE_FOLDER", str(tmp_path_factory.mktemp("syne-tune")))
