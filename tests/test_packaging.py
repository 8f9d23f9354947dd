"""What is installed: three packages under one roof, typed, light to import."""

import subprocess
import sys
from pathlib import Path

import benchmarks
import encoders
import surrogates

PACKAGES = (benchmarks, encoders, surrogates)
ROOT = Path(benchmarks.__file__).parents[1]


def test_three_packages_one_roof_one_version() -> None:
    assert {Path(package.__file__).parents[1] for package in PACKAGES} == {ROOT}
    assert len({package.__version__ for package in PACKAGES}) == 1
    assert all((ROOT / package.__name__ / "py.typed").exists() for package in PACKAGES)


def test_imports_are_light() -> None:
    program = (
        "import sys, benchmarks, surrogates; print({'torch', 'lightning', 'pandas', 'xgboost'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
