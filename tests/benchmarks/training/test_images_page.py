"""docs/images.md: its Python runs, its commands and sources exist, its numbers are those of the code."""

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lightning")
pytest.importorskip("PIL")

import typer
from PIL import Image

import benchmarks
from benchmarks.training.campaign import FolderImages, load_plan
from benchmarks.training.data.picture_source import MOST_IN_MEMORY
from benchmarks.training.data.pictures import SUFFIXES
from benchmarks.training.presets import get_recipe
from surrogates.cli.app import app

PAGE = (Path(benchmarks.__file__).parents[1] / "docs" / "images.md").read_text("utf-8")


def test_the_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(5):
            pixels = rng.integers(0, 256, (20, 30, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "benchmarks.training.get_recipe", lambda *names: replace(get_recipe(*names), epochs=1), raising=False
    )
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    places = re.findall(r"^(?:from|import) (\S+)", block, flags=re.MULTILINE)
    assert set(places) == {"benchmarks.training"}, "only what is public"
    names: dict[str, object] = {}
    exec(compile(block, "images.md", "exec"), names)
    recipe = names["recipe"]
    assert (recipe.n_train, recipe.n_valid, recipe.num_classes) == (8, 2, 2)  # type: ignore[attr-defined]
    (tmp_path / "plan.json").write_text(
        json.dumps({"architectures": ["64-2311-basic"], "tasks": ["jigsaw"], "images": {"folder": "photos"}})
    )
    assert load_plan(tmp_path / "plan.json").images == FolderImages(str(tmp_path / "photos"))


def test_the_options_exist() -> None:
    train = typer.main.get_command(app).commands["train"]  # type: ignore[attr-defined]
    options = {name for option in train.params for name in option.opts}
    given = set(re.findall(r"`(--[a-z-]+)", PAGE))
    (command,) = re.findall(r"^\$ (surrogates train .+)$", PAGE, flags=re.MULTILINE)
    assert given | {word for word in shlex.split(command) if word.startswith("--")} <= options


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"{MOST_IN_MEMORY // (3 * 64**2):,} images of 64 pixels, {MOST_IN_MEMORY // (3 * 256**2):,} of 256" in PAGE
    assert set(re.findall(r"`(\.[a-z]+)`", PAGE)) == SUFFIXES
