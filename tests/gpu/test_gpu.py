"""What must hold on a card: the checks of `perf/rooms_gpu/checks.py`, which also run where there is no pytest."""

import importlib.util
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "perf" / "rooms_gpu" / "checks.py"


def _checks():
    spec = importlib.util.spec_from_file_location("gpu_checks", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CHECKS


@pytest.mark.gpu
@pytest.mark.parametrize("check", _checks(), ids=lambda check: check.__name__)
def test_on_a_card(check):
    check("cuda")


@pytest.mark.parametrize("check", _checks(), ids=lambda check: check.__name__)
def test_the_checks_themselves_on_a_cpu(check):
    assert check("cpu")
