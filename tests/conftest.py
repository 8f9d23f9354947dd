"""Fixtures for all tests."""

import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def nas_data() -> Path:
    """Folder of the published values; tests that ask for it carry ``@pytest.mark.data``."""
    folder = os.environ.get("NAS_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.fail(f"tests marked 'data' need NAS_DATA to name the folder of published values, got {folder!r}")
    return Path(folder)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSNAS_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
