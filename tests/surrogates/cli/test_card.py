"""``surrogates card``: the model card of a stored surrogate, from the shell."""

from pathlib import Path

import pytest

from surrogates import BoostedSurrogate, write_card
from tests.surrogates.cli.helpers import run


@pytest.fixture
def model(fitted: BoostedSurrogate, tmp_path: Path) -> Path:
    """A stored surrogate of its own for each test."""
    return fitted.save(tmp_path / "model")


def test_the_card_is_that_of_python(model: Path) -> None:
    before = {path.name: path.read_bytes() for path in model.iterdir() if path.name != "README.md"}
    result = run("card", model, "--license", "cc-by-4.0", "--name", "mine")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"Wrote {model / 'README.md'}.\n"
    written = (model / "README.md").read_text()
    (model / "README.md").unlink()
    assert written == write_card(model, name="mine", license="cc-by-4.0").read_text()
    assert {name: (model / name).read_bytes() for name in before} == before


def test_a_model_with_a_card_is_used_and_not_overwritten(model: Path, table_file: Path) -> None:
    assert run("card", model).exit_code == 0
    assert run("lookup", "64-2311-basic", "--model", model).exit_code == 0
    again = run("fit", table_file, "--out", model)
    assert again.exit_code == 1
    assert "README.md" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{model}", "--license", "CC BY 4.0"], 2, "got 'CC BY 4.0'; did you mean 'cc-by-4.0'?"),
        (["{model}", "--license", "My Own!"], 2, "expected a license as model hubs write it, such as 'cc-by-4.0'"),
        (["{model}/none"], 1, "expected a directory with a stored surrogate, got nothing"),
        (["{model}/.."], 1, "no metadata.json"),
    ],
)
def test_bad_input_writes_nothing(model: Path, arguments: list[str], code: int, message: str) -> None:
    saved = (model / "README.md").read_bytes()
    result = run("card", *(part.format(model=model) for part in arguments))
    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())
    assert {path: path.read_bytes() for path in model.parent.glob("**/README.md")} == {model / "README.md": saved}
