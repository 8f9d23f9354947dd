import json
import os
import shutil
from pathlib import Path

import pytest

from benchmarks import extras, save_table
from benchmarks.table import Table
from surrogates import diagnostics
from surrogates.diagnostics import Finding, examine
from surrogates.pretrained import load as pretrained
from tests.surrogates.cli.helpers import run


def find(findings: list[Finding], what: str) -> Finding:
    return next(finding for finding in findings if finding.what == what)


@pytest.fixture(autouse=True)
def _no_published_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NAS_DATA", raising=False)


@pytest.fixture
def few_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not all of this installation, whose imports take ten seconds."""
    monkeypatch.setattr(extras, "requires", lambda _: ["numpy>=1", 'scipy; extra == "plots"'])


def test_this_installation_is_sound() -> None:
    findings = list(examine())
    assert [finding for finding in findings if finding.status == "broken"] == []
    assert find(findings, "numpy").status == "ok"
    assert find(findings, "bundle transnas101-micro/answers").detail.endswith("hashes match")
    assert find(findings, "NAS_DATA").status == "note"
    assert {f"extra [{name}]" for name in ("gnn", "training", "plots")} <= {finding.what for finding in findings}


@pytest.mark.usefixtures("few_libraries")
def test_foreign_distributions_of_our_names_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stray = tmp_path / "encoders-0.0.4.dist-info"
    stray.mkdir()
    (stray / "METADATA").write_text("Metadata-Version: 2.1\nName: encoders\nVersion: 0.0.4\n")
    monkeypatch.syspath_prepend(tmp_path)
    finding = find(list(examine()), "distribution encoders")
    assert finding.status == "broken"
    assert finding.detail.startswith("encoders 0.0.4 from PyPI is an unrelated package: pip uninstall encoders")


@pytest.mark.usefixtures("few_libraries")
def test_a_package_from_another_folder_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnostics, "PACKAGES", ("benchmarks", "encoders", "json"))
    finding = find(list(examine()), "packages")
    assert finding.status == "broken"
    assert finding.detail.startswith("another package shadows ours: benchmarks, encoders from ")


def test_missing_libraries_and_extras_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["numpy>=1", "no-such-core>=2", 'no-such-extra>=1; extra == "gnn"', 'numpy; extra == "plots"']
    monkeypatch.setattr(extras, "requires", lambda _: lines)
    findings = list(examine())
    assert find(findings, "no-such-core") == ("broken", "no-such-core", "not installed: pip install 'no-such-core>=2'")
    assert find(findings, "extra [gnn]").status == "note"
    assert find(findings, "extra [gnn]").detail == "no-such-extra missing: pip install 'no-such-extra>=1'"
    assert find(findings, "extra [plots]") == ("ok", "extra [plots]", "installed")


@pytest.mark.usefixtures("few_libraries")
def test_a_damaged_bundle_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = tmp_path / "nasbench201" / "answers"
    shutil.copytree(pretrained.FOLDER / "nasbench201" / "answers", answers)
    with (answers / "answers.npz").open("r+b") as file:
        file.seek(100)
        file.write(b"?")
    monkeypatch.setattr(diagnostics, "FOLDER", tmp_path)
    findings = list(examine())
    assert find(findings, "bundle nasbench201/answers").status == "broken"
    assert "is damaged" in find(findings, "bundle nasbench201/answers").detail
    assert find(findings, "bundle transnas101-micro").detail == "no bundled answers: reinstall the package"


@pytest.mark.usefixtures("few_libraries")
def test_tables_are_checked(macro_table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_table(macro_table, tmp_path / "mine.csv")
    (tmp_path / "broken.csv").write_text("x\n1\n")
    data = tmp_path / "data"
    (data / "transnas101").mkdir(parents=True)
    save_table(macro_table, data / "transnas101" / "macro_final.csv")
    monkeypatch.setenv("NAS_DATA", os.fspath(data))
    findings = list(examine([tmp_path / "mine.csv", tmp_path / "broken.csv"]))
    assert find(findings, f"table {tmp_path / 'mine.csv'}").detail == (
        "60 architectures of transnas101-macro, 6 values missing"
    )
    assert find(findings, f"table {tmp_path / 'broken.csv'}").status == "broken"
    assert find(findings, f"table {data / 'transnas101' / 'macro_final.csv'}").detail == (
        "expected 3,256 architectures, got 60"
    )
    assert "no such file" in find(findings, f"table {data / 'nasbench201' / 'final.csv'}").detail


@pytest.mark.usefixtures("few_libraries")
def test_the_doctor_has_an_exit_code(tmp_path: Path) -> None:
    well = run("doctor", "--json")
    assert well.exit_code == 0
    assert {finding["status"] for finding in json.loads(well.stdout)} <= {"ok", "note"}
    (tmp_path / "broken.csv").write_text("x\n1\n")
    ill = run("doctor", tmp_path / "broken.csv")
    assert ill.exit_code == 1
    assert "broken" in ill.stdout
    assert ill.stderr.startswith("error: 1 of ")


@pytest.mark.data
def test_the_published_values_are_whole(nas_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAS_DATA", os.fspath(nas_data))
    tables = [finding for finding in examine() if finding.what.startswith("table ")]
    assert [finding.status for finding in tables] == ["ok"] * 3
