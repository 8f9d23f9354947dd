"""The stored notebooks: six, in order, executed from top to bottom, each with a picture, and nothing of a machine."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import benchmarks

FOLDER = Path(benchmarks.__file__).parents[1] / "notebooks"
NAMES = ["01_look_up", "02_transfer", "03_your_searcher", "04_ground_truth", "05_supernets", "06_your_own"]


def cells(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return found


def test_these_are_all() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_was_executed_from_top_to_bottom(name: str) -> None:
    counts = [cell["execution_count"] for cell in cells(name) if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    outputs = [output for cell in cells(name) for output in cell.get("outputs", ())]
    assert "error" not in {output["output_type"] for output in outputs}
    assert any("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.parametrize("name", NAMES)
def test_no_output_names_a_folder_or_warns(name: str) -> None:
    for cell in cells(name):
        for output in cell.get("outputs", ()):
            data = {kind: text for kind, text in output.get("data", {}).items() if not kind.startswith("image/")}
            text = json.dumps([output.get("text"), data])
            assert not re.search(r"/(root|home|tmp|Users|opt)/|Warning", text)


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    text = "\n".join("".join(cell["source"]) for cell in cells(name) if cell["cell_type"] == "markdown")
    for link in re.findall(r"\]\((\.\./[^)#]+)", text):
        assert (FOLDER / link).exists(), link
