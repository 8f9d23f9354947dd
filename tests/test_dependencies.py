"""What the package says it needs is what its files import, no less and no more; and tools have one version each."""

import ast
import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import benchmarks

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(benchmarks.__file__).parents[1]
PACKAGES = ("benchmarks", "encoders", "surrogates")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IMPORT_NAMES = {"scikit-learn": "sklearn", "pillow": "PIL"}
"""Distribution -> what one writes after ``import``, where it is not the same with underscores."""
TOOLS = {
    "pytest-xdist",
    "pytest-cov",
    "pytest-timeout",
    "ruff",
    "mypy",
    "pandas-stubs",
    "nbclient",
    "ipykernel",
    "pre-commit",
    "build",
}
"""Of the extra [dev], what is run and not imported."""
UNASKED = {"huggingface_hub": "syne_tune"}
"""Package -> the one that imports it and does not ask for it, so that we have to."""
STDLIB = sys.stdlib_module_names | {"tomllib"}
"""``tomllib`` is new in 3.11; nobody below needs it but to read a configuration written so."""
OF_TOOLS = {"_pytest", "packaging", "tomli", "typing_extensions"}
"""What pytest and mypy bring along."""


@functools.cache
def _imported(folder: Path, at_run_time: bool) -> dict[str, set[str]]:
    """Third-party package -> files below `folder` that import it; `at_run_time`: not only for type checkers."""
    found: dict[str, set[str]] = {}
    own = {path.stem for path in folder.rglob("*.py")} if folder.name == "perf" else set()  # scripts beside each other
    for path in sorted(folder.rglob("*.py")):
        for module in _modules(ast.parse(path.read_text(encoding="utf-8")), at_run_time):
            name = module.partition(".")[0]
            if name not in STDLIB and not (ROOT / name).exists() and name not in own:
                found.setdefault(name, set()).add(str(path.relative_to(ROOT)))
    return found


def _modules(node: ast.AST, at_run_time: bool) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module or ""
    elif at_run_time and isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        return
    for child in ast.iter_child_nodes(node):
        yield from _modules(child, at_run_time)


def _declared(requirements: list[str]) -> set[str]:
    """Import names of the distributions asked for, without our own extras."""
    names = {Requirement(line).name for line in requirements} - {PROJECT["name"]}
    return {IMPORT_NAMES.get(name, name.replace("-", "_")) for name in names}


def _library() -> dict[str, set[str]]:
    files: dict[str, set[str]] = {}
    for package in PACKAGES:
        for name, where in _imported(ROOT / package, at_run_time=True).items():
            files[name] = files.get(name, set()) | where
    return files


EXTRAS = {name: lines for name, lines in PROJECT["optional-dependencies"].items() if name not in ("all", "dev")}


@pytest.mark.parametrize("group", ["core", *EXTRAS])
def test_what_is_asked_for_is_imported(group: str) -> None:
    asked = PROJECT["dependencies"] if group == "core" else EXTRAS[group]
    named = _declared(asked)
    assert {name for name in named if name not in _library() and UNASKED.get(name) not in named} == set()


def test_what_is_imported_is_asked_for() -> None:
    asked = _declared([*PROJECT["dependencies"], *(line for lines in EXTRAS.values() for line in lines)])
    assert {name: files for name, files in _library().items() if name not in asked} == {}


def test_what_only_type_checkers_import_is_known_to_them() -> None:
    """``typing_extensions`` is part of every type checker's own stubs, so nobody has to install it."""
    seen = {name for package in PACKAGES for name in _imported(ROOT / package, at_run_time=False)}
    assert seen - set(_library()) <= {"typing_extensions"}


def test_tests_and_measurements_import_what_dev_installs() -> None:
    dev = PROJECT["optional-dependencies"]["dev"]
    asked = _declared([*PROJECT["dependencies"], *dev, *(line for lines in EXTRAS.values() for line in lines)])
    used = _imported(ROOT / "tests", at_run_time=True) | _imported(ROOT / "perf", at_run_time=True)
    assert {name: files for name, files in used.items() if name not in asked | OF_TOOLS} == {}
    idle = _declared(dev) - set(used) - {name.replace("-", "_") for name in TOOLS}
    assert idle == set()


def test_all_is_every_extra_of_the_current_platform() -> None:
    """syne-tune stays out: it is large, and its adapter stands alone."""
    (line,) = PROJECT["optional-dependencies"]["all"]
    assert Requirement(line).extras == set(EXTRAS) - {"syne-tune"}


@pytest.mark.parametrize("tool", ["ruff", "mypy"])
def test_tools_have_the_same_version_before_a_commit_and_in_the_gate(tool: str) -> None:
    (line,) = (line for line in PROJECT["optional-dependencies"]["dev"] if Requirement(line).name == tool)
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert set(re.findall(rf"{tool}==[\d.]+", hooks)) == {line}


def test_no_warning_of_ours_is_let_pass() -> None:
    """Every exception from "warnings are errors" names the module of somebody else that warns."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    first, *others = settings["filterwarnings"]
    assert first == "error"
    for line in others:
        action, message, category, module = line.split(":")
        assert action == "ignore"
        assert message
        assert category
        assert module
        assert module.replace("\\", "").partition(".")[0] not in (*PACKAGES, "tests", "perf")
