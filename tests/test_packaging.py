"""The house: three packages under one roof, imports in one direction, files a newcomer can read in one sitting."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import benchmarks
import encoders
import surrogates

PACKAGES = (benchmarks, encoders, surrogates)
ROOT = Path(benchmarks.__file__).parents[1]
FILES = [path for package in PACKAGES for path in sorted((ROOT / package.__name__).rglob("*.py"))]
MODULES = [
    info.name
    for package in PACKAGES
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    if not info.name.endswith("__main__")
]
MAY_IMPORT = {
    "benchmarks": {"benchmarks"},
    "encoders": {"benchmarks", "encoders"},
    "surrogates": {"benchmarks", "encoders", "surrogates"},
}


def test_three_packages_one_roof_one_version():
    assert {Path(package.__file__).parents[1] for package in PACKAGES} == {ROOT}
    assert len({package.__version__ for package in PACKAGES}) == 1
    assert all((ROOT / package.__name__ / "py.typed").exists() for package in PACKAGES)


def _imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_point_one_way(path):
    own = path.relative_to(ROOT).parts[0]
    ours = {name.split(".")[0] for name in _imported(path)} & set(MAY_IMPORT)
    assert ours <= MAY_IMPORT[own]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short_and_say_what_they_are(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("name", [*(package.__name__ for package in PACKAGES), *MODULES])
def test_public_names_exist(name):
    module = importlib.import_module(name)
    names = getattr(module, "__all__", [])
    assert len(set(names)) == len(names)
    assert all(hasattr(module, public) for public in names)


def test_imports_are_light():
    program = (
        "import sys, benchmarks, surrogates; print({'torch', 'lightning', 'pandas', 'xgboost'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
