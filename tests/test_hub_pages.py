"""The blocks of the pages on model cards and Croissant run and print what the page says."""

from pathlib import Path

import pytest

import tests.test_docs as pages


@pytest.mark.parametrize("page", ["croissant.md", "model_cards.md"])
def test_the_blocks_print_what_the_page_says(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages.test_the_blocks_of_a_page_print_what_it_says(page, tmp_path, monkeypatch)
