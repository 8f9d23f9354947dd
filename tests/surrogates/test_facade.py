import importlib
import pkgutil
import subprocess
import sys

import pytest

import surrogates


def test_every_name_is_there_and_listed() -> None:
    for name in surrogates.__all__:
        assert getattr(surrogates, name) is not None
    assert dir(surrogates) == sorted(surrogates.__all__)


@pytest.mark.parametrize("name", [found.name for found in pkgutil.iter_modules(surrogates.__path__) if found.ispkg])
def test_subpackages_offer_what_they_list(name: str) -> None:
    package = importlib.import_module(f"surrogates.{name}")
    modules = {found.name for found in pkgutil.iter_modules(package.__path__)}
    listed = getattr(package, "__all__", [])
    assert not modules & set(listed), "once a module is loaded, its name stands for it"
    for entry in listed:
        assert getattr(package, entry) is not None
    assert set(listed) <= set(dir(package))


def test_what_users_call_is_at_the_top_or_beside_its_kind() -> None:
    from surrogates.evaluation.leaderboard import leaderboard
    from surrogates.store.trial import LoadReport, try_artefact

    assert surrogates.leaderboard is leaderboard
    store = importlib.import_module("surrogates.store")
    assert (store.try_artefact, store.LoadReport) == (try_artefact, LoadReport)
    assert {"leaderboard"} <= set(surrogates.__all__)
    assert {"try_artefact", "LoadReport"} <= set(store.__all__)


def test_a_wrong_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'surrogates' has no attribute 'Orakel'"):
        _ = surrogates.Orakel


def test_importing_the_package_imports_no_heavy_library() -> None:
    code = "import sys, surrogates; print([n for n in ('sklearn', 'pandas', 'xgboost', 'torch') if n in sys.modules])"
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
