import subprocess
import sys

import pytest

import surrogates


def test_every_name_is_there_and_listed() -> None:
    for name in surrogates.__all__:
        assert getattr(surrogates, name) is not None
    assert dir(surrogates) == sorted(surrogates.__all__)
    assert set(surrogates._MODULES) == set(surrogates.__all__) - {"__version__"}


def test_a_wrong_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'surrogates' has no attribute 'Orakel'"):
        _ = surrogates.Orakel


def test_importing_the_package_imports_no_heavy_library() -> None:
    code = "import sys, surrogates; print([n for n in ('sklearn', 'pandas', 'xgboost', 'torch') if n in sys.modules])"
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
