"""Install hints: what they name can be had from PyPI, and pip reads it."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from benchmarks import extras
from benchmarks.errors import MissingExtraError
from benchmarks.extras import install_command, install_source, name_of, requirements
from benchmarks.optional import import_name

LINES = [
    "numpy>=1.24.1",
    'no-such-torch>=2.6; extra == "gnn"',
    'no_such.geometric>=2.5 ; extra == "gnn"',
    "numpy>=1; extra == 'gnn'",
    'transnas-surrogates[gnn]; extra == "all"',
]


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "requires", lambda _: LINES)


@pytest.mark.usefixtures("metadata")
def test_requirements_are_sorted_by_extra() -> None:
    assert requirements() == {
        "": ["numpy>=1.24.1"],
        "gnn": ["no-such-torch>=2.6", "no_such.geometric>=2.5", "numpy>=1"],
        "all": ["transnas-surrogates[gnn]"],
    }


@pytest.mark.usefixtures("metadata")
def test_a_hint_names_what_is_missing_of_the_extra() -> None:
    assert install_command("no-such-torch", "gnn") == "pip install 'no-such-torch>=2.6' 'no_such.geometric>=2.5'"
    assert install_command("anything", "no such extra") == "pip install anything"
    message = str(MissingExtraError("Training", "no-such-torch", "gnn"))
    assert message == (
        "Training needs 'no-such-torch', which is not installed: pip install 'no-such-torch>=2.6' "
        "'no_such.geometric>=2.5' (extra [gnn])"
    )


def test_what_is_installed_but_cannot_be_imported_is_named_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "requires", lambda _: ['numpy>=1.2; extra == "x"', 'scipy>=1; extra == "x"'])
    assert install_command("numpy", "x") == "pip install 'numpy>=1.2'"


def test_without_metadata_the_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise PackageNotFoundError

    monkeypatch.setattr(extras, "requires", missing)
    monkeypatch.setattr(extras, "distribution", missing)
    assert requirements() == {}
    assert install_command("torch", "gnn") == "pip install torch"
    assert Path(install_source()) == Path(extras.__file__).parents[1]


@pytest.mark.parametrize("extra", ["", "gnn", "training", "plots", "search", "syne-tune"])
def test_pip_can_read_every_hint(monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
    tomllib = pytest.importorskip("tomllib", reason="new in Python 3.11")
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    listed = project["optional-dependencies"][extra] if extra else project["dependencies"]
    lines = [f'{line}; extra == "{extra}"' if extra else line for line in listed]
    monkeypatch.setattr(extras, "requires", lambda _: lines)
    monkeypatch.setattr(extras, "version", lambda name: (_ for _ in ()).throw(PackageNotFoundError(name)))
    pip, install, *parts = shlex.split(install_command(name_of(listed[0]), extra))
    assert (pip, install) == ("pip", "install")
    assert [str(Requirement(part)) for part in parts] == [str(Requirement(line)) for line in listed]
    assert extras.DISTRIBUTION not in map(name_of, parts)


def test_pip_itself_reads_a_hint_of_what_is_there() -> None:
    command = shlex.split(install_command("numpy"))[1:]
    options = ["--dry-run", "--no-index", "--no-deps", "--disable-pip-version-check"]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}  # PIP_QUIET says nothing
    found = subprocess.run([sys.executable, "-m", "pip", *command, *options], capture_output=True, text=True, env=own)
    assert found.returncode == 0, found.stderr
    assert "already satisfied" in found.stdout


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"url": "https://example.org/t.git", "vcs_info": {"vcs": "git"}}, "git+https://example.org/t.git"),
        (
            {"url": "https://example.org/t-1-py3-none-any.whl", "archive_info": {}},
            "https://example.org/t-1-py3-none-any.whl",
        ),
        ({"url": "file:///no/such/folder", "dir_info": {}}, "PLACE"),
    ],
)
def test_the_source_is_where_it_came_from(
    monkeypatch: pytest.MonkeyPatch, record: dict[str, object], expected: str
) -> None:
    class Installed:
        def read_text(self, name: str) -> str:
            assert name == "direct_url.json"
            return json.dumps(record)

    monkeypatch.setattr(extras, "distribution", lambda _: Installed())
    assert install_source().split(",")[0] == expected


def test_a_folder_with_blanks_is_one_argument(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "my checkout"
    folder.mkdir()
    (folder / "pyproject.toml").touch()

    class Installed:
        def read_text(self, _: str) -> str:
            return json.dumps({"url": folder.as_uri(), "dir_info": {"editable": True}})

    monkeypatch.setattr(extras, "distribution", lambda _: Installed())
    assert shlex.split(install_source()) == [str(folder)]


@pytest.mark.parametrize("spelled", [str, str.lower])  # metadata keep the case of a requirement, or do not
def test_a_requirement_is_imported_by_the_name_of_its_package(spelled: Callable[[str], str]) -> None:
    packages: dict[str, set[str]] = {}
    for package, distributions in packages_distributions().items():
        for distribution in distributions:
            packages.setdefault(_canonical(distribution), set()).add(package)
    names = {name_of(line) for extra, lines in requirements().items() if extra != "dev" for line in lines}
    installed = {name for name in names if _canonical(name) in packages}
    assert {"scikit-learn", "numpy"} <= installed
    assert {name for name in installed if import_name(spelled(name)) not in packages[_canonical(name)]} == set()


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
