"""Python blocks of the pages in docs/ run in their order and print what the page says."""

import contextlib
import importlib.util
import io
import re
from pathlib import Path
from typing import Any

import pytest

import benchmarks

DOCS = Path(benchmarks.__file__).parents[1] / "docs"
PAGES = ["architectures.md", "compare.md", "concepts.md", "costs.md", "encoders.md", "learning_curves.md"]
PAGES += [
    "many_machines.md",
    "predictors.md",
    "quickstart.md",
    "report.md",
    "results.md",
    "search.md",
    "spaces.md",
    "training.md",
]
PAGES += ["transfer.md", "croissant.md", "model_cards.md"]


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_print_what_it_says(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if page in ("predictors.md", "transfer.md") and not importlib.util.find_spec("torch_geometric"):
        pytest.skip("needs the extra [gnn]")
    monkeypatch.chdir(tmp_path)
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```\n(?:\n```\n(.*?)```)?", text, flags=re.DOTALL)
    assert blocks
    names: dict[str, Any] = {}
    for code, printed in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, page, "exec"), names)
        assert out.getvalue() == printed
