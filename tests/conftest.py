"""Fixtures for all tests."""

import itertools
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # tests are small and run side by side; read when numpy and torch are imported

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

# A shell lets background jobs ignore Ctrl-C, and their children too: tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)


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
def _no_spaces_left() -> Iterator[None]:
    """Spaces that a test registers are forgotten after it."""
    yield
    registry = sys.modules.get("benchmarks.spaces.registry")
    for name in () if registry is None else set(registry.list_spaces()) - set(registry.list_benchmarks()):
        registry.unregister_space(name)


@pytest.fixture(scope="session")
def _caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders of their own: pytest's `mktemp` reads the names of all it has made, thousands at the end."""
    root = tmp_path_factory.mktemp("caches")
    return (root / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_cache(_caches: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = next(_caches)
    folder.mkdir()
    monkeypatch.setenv("TRANSNAS_CACHE_DIR", str(folder))
