"""Model cards: read by the hub's own parser, true to the model, and no part of what is loaded."""

import json
import os
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import ModelCardData

from benchmarks import ArtefactError, UnknownNameError
from benchmarks.table import Table
from surrogates import BoostedSurrogate, Oracle, load_surrogate, save_surrogate, write_card
from surrogates.pretrained.load import FOLDER, SURROGATE
from surrogates.store.artefact import write_artefact


@pytest.fixture
def model(fitted: BoostedSurrogate, macro_table: Table, tmp_path: Path) -> Path:
    return save_surrogate(fitted, tmp_path / "model", macro_table)


def read(file: Path) -> ModelCardData:
    return ModelCard.load(file, ignore_metadata_errors=False).data


def test_the_hub_reads_what_the_surrogate_is(fitted: BoostedSurrogate, macro_table: Table, model: Path) -> None:
    file = write_card(model, license="cc-by-4.0")
    assert file == model / "README.md"
    data, text = read(file), file.read_text(encoding="utf-8")
    assert (data.license, data.library_name, data.pipeline_tag) == (
        "cc-by-4.0",
        "transnas-surrogates",
        "tabular-regression",
    )
    assert {"neural-architecture-search", "transnas101-macro", "BoostedSurrogate"} <= set(data.tags)
    told = {(result.task_name, result.metric_type): result.metric_value for result in data.eval_results}
    for task, scores in fitted.cv_scores_.items():
        assert told[task, "kendalltau"] == pytest.approx(scores["tau"], abs=5e-5)
        assert told[task, "coverage"] == pytest.approx(scores["coverage"], abs=5e-5)
    assert len(told) == 2 * len(fitted.tasks_)
    assert macro_table.hash in text
    assert "60 architectures of `transnas101-macro`" in text
    assert "| room\\_layout | valid\\_neg\\_loss | - | higher |" in text


def test_the_card_is_no_part_of_the_model(fitted: BoostedSurrogate, model: Path, macro_archs: list[str]) -> None:
    before = {path.name: path.read_bytes() for path in model.iterdir() if path.name != "README.md"}
    file = write_card(model)
    file.write_text("mine", encoding="utf-8")  # as a person edits it
    with pytest.raises(ArtefactError, match="README"):  # nobody's text is lost
        fitted.save(model)
    (model / ".gitattributes").write_text("*.npz filter=lfs")  # as a download from the hub has it
    assert {name: (model / name).read_bytes() for name in before} == before
    np.testing.assert_array_equal(load_surrogate(model).predict(macro_archs), fitted.predict(macro_archs))
    with pytest.raises(ArtefactError, match="is there already: delete or rename it"):
        write_card(model)
    assert file.read_text() == "mine"


def test_what_is_saved_has_a_card(fitted: BoostedSurrogate, model: Path) -> None:
    data, text = read(model / "README.md"), (model / "README.md").read_text(encoding="utf-8")
    assert (data.library_name, data.license) == ("transnas-surrogates", None)
    assert data.model_name == "BoostedSurrogate of transnas101-macro"
    assert {result.task_name for result in data.eval_results} == set(fitted.tasks_)
    assert "| room\\_layout | valid\\_neg\\_loss | - | higher |" in text
    assert "60 architectures of `transnas101-macro`" in text
    assert f"transnas-surrogates {version('transnas-surrogates')}" in text
    assert 'load_surrogate("FOLDER")' in text


@pytest.mark.parametrize("change", ["deleted", "edited", "cut", "a folder", "a FIFO", "a link to nothing"])
def test_whatever_becomes_of_the_card_the_model_loads(
    change: str, fitted: BoostedSurrogate, model: Path, macro_archs: list[str]
) -> None:
    file = model / "README.md"
    text = file.read_bytes()
    file.unlink()
    if change == "edited":
        file.write_bytes(text + b"By me.")
    elif change == "cut":
        file.write_bytes(text[: len(text) // 2])
    elif change == "a folder":
        file.mkdir()
    elif change == "a FIFO":
        os.mkfifo(file)
    elif change == "a link to nothing":
        file.symlink_to(model / "nothing")
    np.testing.assert_array_equal(load_surrogate(model).predict(macro_archs), fitted.predict(macro_archs))
    if change == "deleted":
        assert read(fitted.save(model) / "README.md").library_name == "transnas-surrogates"
        return
    found = sorted(path.name for path in model.iterdir())
    with pytest.raises(
        ArtefactError, match=r"its 'README\.md' is not the one that was saved with it, and would be lost"
    ):
        fitted.save(model)
    with pytest.raises(ArtefactError, match=r"README"):
        write_card(model)
    assert sorted(path.name for path in model.iterdir()) == found


def test_the_card_as_saved_gives_way(fitted: BoostedSurrogate, model: Path, macro_table: Table) -> None:
    assert macro_table.hash in (model / "README.md").read_text(encoding="utf-8")
    fitted.save(model)
    assert macro_table.hash not in (model / "README.md").read_text(encoding="utf-8"), "saved without its table"
    assert read(write_card(model, name="Mine", license="mit")).model_name == "Mine"
    with pytest.raises(ArtefactError, match="would be lost"):
        fitted.save(model)


def test_a_model_without_a_card_loads_and_is_saved_again(
    fitted: BoostedSurrogate, model: Path, macro_archs: list[str]
) -> None:
    folder = without_card(model)
    assert not (folder / "README.md").exists()
    assert "card" not in json.loads((folder / "metadata.json").read_text())
    np.testing.assert_array_equal(load_surrogate(folder).predict(macro_archs), fitted.predict(macro_archs))
    assert read(fitted.save(folder) / "README.md").library_name == "transnas-surrogates"


def test_scores_of_other_kinds_keep_no_surrogate_from_being_saved(
    fitted: BoostedSurrogate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitted, "cv_scores_", {"jigsaw": {"tau": None, "coverage": "high", "mine": [1.0]}})
    assert read(fitted.save(tmp_path / "odd") / "README.md").eval_results is None


def test_a_downloaded_folder_answers_as_an_oracle(
    fitted: BoostedSurrogate, model: Path, macro_archs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_card(model)
    monkeypatch.chdir(model.parent)
    for folder in (model, str(model), "model", "./model"):
        values = Oracle.from_pretrained(folder).answers(macro_archs[:5], ["jigsaw"]).value
        np.testing.assert_array_equal(values[:, 0], fitted.predict(macro_archs[:5])[:, 0])
    model.rename("nasbench201")
    with pytest.warns(UserWarning, match=r"bundled surrogate; './nasbench201' is the one stored in the folder"):
        assert Oracle.from_pretrained("nasbench201").tasks[0] == "cifar10"  # a name of a space is that space
    assert Oracle.from_pretrained("./nasbench201").tasks[0] == "jigsaw"
    with pytest.raises(ArtefactError, match="no metadata"):
        Oracle.from_pretrained(model.parent)
    with pytest.raises(UnknownNameError, match="did you mean 'nasbench201'"):
        Oracle.from_pretrained("nasbench202")
    with pytest.raises(UnknownNameError, match="unknown"):
        Oracle.from_pretrained("x" * 5000)
    for mistyped in ("./rooms-macr", "~/rooms-macr", str(model.parent / "modle")):
        with pytest.raises(UnknownNameError, match=r"nor is there a folder of that name"):
            Oracle.from_pretrained(mistyped)


def test_a_table_of_other_trainings_is_refused_beside_a_stored_surrogate(model: Path) -> None:
    from benchmarks import TableError, load_table

    table = load_table("rooms-mini", space="transnas101-macro")
    with pytest.raises(TableError, match="trainings"):
        Oracle.from_pretrained(model, table)


@pytest.mark.parametrize("space", ["transnas101-micro", "transnas101-macro", "nasbench201"])
def test_models_saved_before_cards_get_one(space: str, tmp_path: Path) -> None:
    old = tmp_path / space
    old.mkdir()
    for path in (FOLDER / space / SURROGATE).iterdir():
        (old / path.name).write_bytes(path.read_bytes())
    data = read(write_card(old, name="Surrogate of all published values"))
    assert len(data.eval_results) > 0
    assert {result.dataset_type for result in data.eval_results} == {space}
    assert data.model_name == "Surrogate of all published values"


ODD = ['<script>alert("1")</script>', "a: b # c", "- 'x' | *y* _z_ `w`", "π\u2028\x7f{}[]&*!%@", "yes", "null: ~"]


@pytest.mark.parametrize("odd", ODD)
def test_names_with_markup_are_shown_as_they_are(odd: str, macro_archs: list[str], tmp_path: Path) -> None:
    label = odd.replace("/", "_")
    fitted = BoostedSurrogate(n_members=2, n_rounds=3, random_state=0)
    fitted.fit(macro_archs, pd.DataFrame({label: np.arange(60.0)}))
    file = write_card(fitted.save(tmp_path / "model"), name=odd)
    data, text = read(file), file.read_text(encoding="utf-8")
    assert data.model_name == odd
    assert {result.task_name for result in data.eval_results} == {label.strip()}
    body = text.split("\n---\n", 1)[1]
    assert "<" not in body.replace("`", "")
    rows = [line for line in body.splitlines() if line.startswith("| ")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {7}


def test_without_scores_none_are_told(macro_archs: list[str], tmp_path: Path) -> None:
    fitted = BoostedSurrogate(n_members=2, n_rounds=2, random_state=0)
    folder = fitted.fit(macro_archs[:12], pd.Series(np.arange(12.0), name="jigsaw")).save(tmp_path / "model")
    file = write_card(rewritten(folder, lambda metadata: metadata.update(cv_scores={"dict": {}})))
    data = read(file)
    assert (data.eval_results, data.metrics, data.license) == (None, None, None)
    assert "| jigsaw | valid\\_top1 | % | higher | - | - |" in file.read_text()


def rewritten(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A stored surrogate with other metadata and matching hashes."""
    given = ("format", "format_version", "kind", "checksum")
    metadata = {
        key: value for key, value in json.loads((folder / "metadata.json").read_text()).items() if key not in given
    }
    files = {name: (folder / name).read_bytes() for name in metadata.pop("files")}
    change(metadata)
    return write_artefact(folder.with_name("changed"), "surrogate", metadata, files)


def without_card(model: Path) -> Path:
    """The artefact as earlier versions wrote it."""
    return rewritten(model, lambda metadata: metadata.pop("card"))


def test_only_what_was_measured_is_told(model: Path) -> None:
    def unmeasured(metadata: dict[str, Any]) -> None:
        nothing = {"dict": {"tau": {"float": "nan"}}}
        metadata["cv_scores"] = {"dict": {task["name"]: nothing for task in metadata["tasks"]}}

    def covered(metadata: dict[str, Any]) -> None:
        unmeasured(metadata)
        metadata["cv_scores"]["dict"]["jigsaw"] = {"dict": {"tau": {"float": "nan"}, "coverage": 1.0}}

    data = read(write_card(rewritten(model, unmeasured)))
    assert data.eval_results is None
    assert data.metrics is None
    shutil.rmtree(model.with_name("changed"))
    data = read(write_card(rewritten(model, covered)))
    assert data.metrics == ["coverage"]
    assert [(result.task_name, result.metric_type) for result in data.eval_results] == [("jigsaw", "coverage")]


def test_a_folder_of_other_content_is_no_stored_surrogate(model: Path) -> None:
    folder = rewritten(model, lambda metadata: metadata.pop("n_archs"))
    with pytest.raises(ArtefactError, match="the content does not match this version: KeyError: 'n_archs'"):
        write_card(folder)
    assert not (folder / "README.md").exists()


def test_bad_input(model: Path, tmp_path: Path) -> None:
    saved = (model / "README.md").read_bytes()
    with pytest.raises(ValueError, match=r"such as 'cc-by-4\.0', got 'My License: v1'"):
        write_card(model, license="My License: v1")
    with pytest.raises(ArtefactError, match="got nothing"):
        write_card(tmp_path / "nowhere")
    (model / "arrays.npz").write_bytes(b"text")
    with pytest.raises(ArtefactError, match=r"arrays\.npz' is truncated"):
        write_card(model)
    assert (model / "README.md").read_bytes() == saved
