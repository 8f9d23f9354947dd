"""Fixtures for all tests."""

import gc
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, those on published values: at the end no worker is left alone with one of them."""
    items.sort(key=lambda item: item.get_closest_marker("data") is None)


def pytest_collection_finish() -> None:
    """What is imported by now stays: more than a million objects that each full garbage collection would go through."""
    gc.freeze()


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
def _published_values_only_where_asked_for(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests do the same with them and without: ``surrogates doctor`` would check all of them each time."""
    if request.node.get_closest_marker("data") is None:
        monkeypatch.delenv("NAS_DATA", raising=False)


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
