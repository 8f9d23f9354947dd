"""The package's front door: light to open, and clear about what is missing."""

import subprocess
import sys

import pytest

import benchmarks.training
from benchmarks.training import build_network
from benchmarks.training.networks.task_network import build_network as original


def run(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_names():
    assert build_network is original
    assert dir(benchmarks.training) == sorted(benchmarks.training.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'build_networks'"):
        benchmarks.training.build_networks  # noqa: B018


def test_opening_it_loads_no_torch():
    used = "t.jigsaw_permutations, t.get_recipe, t.FolderImages, t.ImageNeeds"
    program = f"import sys, benchmarks.training as t; {used}; print('torch' in sys.modules)"
    assert run(program).stdout.strip() == "False"


def test_missing_torch_names_the_extra():
    program = "import sys; sys.modules['torch'] = None; from benchmarks.training import build_network"
    message = run(program).stderr
    assert "MissingExtraError: benchmarks.training.build_network needs 'torch'" in message
    assert "[training]" in message
