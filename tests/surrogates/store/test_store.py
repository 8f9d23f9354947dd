import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from benchmarks import load_table
from benchmarks.errors import ArtefactError, TableError
from benchmarks.table import Table
from encoders import Costs, OneHotEncoding
from surrogates import BoostedSurrogate, Oracle, load_surrogate, save_surrogate
from surrogates.store.artefact import check_target, read_files, read_metadata, write_artefact
from surrogates.store.npz import npz_bytes


@pytest.fixture
def model(fitted: BoostedSurrogate, tmp_path: Path) -> Path:
    return fitted.save(tmp_path / "model")


def bytes_of(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_what_was_saved_predicts_the_same_to_the_last_bit(
    fitted: BoostedSurrogate, model: Path, macro_archs: list[str]
) -> None:
    again = load_surrogate(model)
    for mine, theirs in zip(
        fitted.predict(macro_archs, return_std=True), again.predict(macro_archs, return_std=True), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    assert again.get_params() == fitted.get_params()
    assert (again.space_, again.tasks_, again.n_archs_) == (fitted.space_, fitted.tasks_, fitted.n_archs_)
    assert again.cv_scores_ == fitted.cv_scores_


def test_saving_twice_and_saving_what_was_loaded_give_the_same_bytes(
    fitted: BoostedSurrogate, macro_table: Table, tmp_path: Path
) -> None:
    first = save_surrogate(fitted, tmp_path / "first", macro_table)
    second = save_surrogate(fitted, tmp_path / "second", macro_table)
    third = save_surrogate(load_surrogate(first), tmp_path / "third")
    assert bytes_of(first) == bytes_of(second) == bytes_of(third)


def test_a_directory_holds_no_pickle(model: Path) -> None:
    assert {path.suffix for path in model.iterdir()} == {".json", ".npz", ".gz", ".md"}
    with zipfile.ZipFile(model / "arrays.npz") as archive:
        for name in archive.namelist():
            header = archive.read(name)[:128]
            assert b"'descr': '<" in header or b"'descr': '|S" in header, "plain little-endian numbers, or text"


def test_metadata_tells_what_it_is(fitted: BoostedSurrogate, macro_table: Table, tmp_path: Path) -> None:
    metadata = json.loads((save_surrogate(fitted, tmp_path / "m", macro_table) / "metadata.json").read_text())
    assert metadata["class"] == "BoostedSurrogate"
    assert metadata["space"] == "transnas101-macro"
    assert metadata["tasks"] == [
        {"name": "jigsaw", "metric": "valid_top1", "unit": "%", "higher_is_better": True},
        {"name": "room_layout", "metric": "valid_neg_loss", "unit": "-", "higher_is_better": True},
    ]
    assert metadata["table_hash"] == macro_table.hash
    assert metadata["n_archs"] == 60
    assert metadata["libraries"]["numpy"] == np.__version__
    assert set(metadata["files"]) == {path.name for path in (tmp_path / "m").iterdir()} - {"metadata.json", "README.md"}


def test_encoders_come_back_with_their_parameters(macro_table: Table, tmp_path: Path) -> None:
    surrogate = BoostedSurrogate(encoder=Costs(input_size=64, task="jigsaw"), n_members=2, n_rounds=3)
    surrogate.fit(list(macro_table.archs), macro_table.to_frame())
    again = load_surrogate(surrogate.save(tmp_path / "model"))
    assert again.encoder.get_params() == {"input_size": 64, "task": "jigsaw", "num_classes": None}
    np.testing.assert_array_equal(again.predict(["64-2311-basic"]), surrogate.predict(["64-2311-basic"]))


def test_an_artefact_of_ours_is_replaced(fitted: BoostedSurrogate, model: Path, macro_table: Table) -> None:
    save_surrogate(fitted, model, macro_table)
    assert read_metadata(model, "surrogate")["table_hash"] == macro_table.hash
    assert [path.name for path in model.parent.iterdir()] == ["model"]


def test_parents_and_an_empty_directory_are_fine(fitted: BoostedSurrogate, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert load_surrogate(fitted.save(tmp_path / "empty")).n_archs_ == 60
    assert load_surrogate(fitted.save(tmp_path / "a" / "b")).n_archs_ == 60


def test_what_is_not_ours_is_never_replaced(fitted: BoostedSurrogate, model: Path, tmp_path: Path) -> None:
    (model / "notes.txt").write_text("mine")
    with pytest.raises(ArtefactError, match=r"cannot replace .*'notes.txt', which is not part"):
        fitted.save(model)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "metadata.json").write_text("{}")
    with pytest.raises(ArtefactError, match="cannot replace"):
        fitted.save(tmp_path / "thesis")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ArtefactError, match="expected a directory or no file of that name, got a file"):
        fitted.save(tmp_path / "file")
    with pytest.raises(ArtefactError, match="is not a writable directory"):
        fitted.save(tmp_path / "file" / "model")
    assert (model / "notes.txt").read_text() == (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_failure_half_way_leaves_what_was_there(
    fitted: BoostedSurrogate, model: Path, monkeypatch: pytest.MonkeyPatch, failure: Any
) -> None:
    before = bytes_of(model)
    write = Path.write_bytes
    written: list[Path] = []

    def fail_at_the_third(path: Path, data: bytes) -> int:
        written.append(path)
        if len(written) == 3:
            raise failure
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", fail_at_the_third)
    with pytest.raises((KeyboardInterrupt, ArtefactError), match=r"^$|No space left"):
        fitted.save(model)
    assert bytes_of(model) == before
    assert [path.name for path in model.parent.iterdir()] == ["model"]


def test_a_failure_while_renaming_leaves_what_was_there(
    fitted: BoostedSurrogate, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bytes_of(model)
    rename = Path.rename

    def fail_to_move_in(path: Path, target: Path) -> Path:
        if path.name.endswith("-model") and Path(target).name == "model":
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_to_move_in)
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        fitted.save(model)
    monkeypatch.undo()
    assert bytes_of(model) == before
    assert [path.name for path in model.parent.iterdir()] == ["model"]


def edit(**changes: Any) -> Callable[[Path], None]:
    def apply(directory: Path) -> None:
        metadata = json.loads((directory / "metadata.json").read_text())
        (directory / "metadata.json").write_text(json.dumps({**metadata, **changes}))

    return apply


def truncate(name: str) -> Callable[[Path], None]:
    def apply(directory: Path) -> None:
        (directory / name).write_bytes((directory / name).read_bytes()[:-7])

    return apply


def flip(name: str) -> Callable[[Path], None]:
    def apply(directory: Path) -> None:
        data = bytearray((directory / name).read_bytes())
        data[len(data) // 2] ^= 1
        (directory / name).write_bytes(data)

    return apply


def overwrite(text: bytes) -> Callable[[Path], None]:
    def apply(directory: Path) -> None:
        (directory / "metadata.json").write_bytes(text)

    return apply


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: (d / "metadata.json").unlink(), "no metadata.json"),
        (truncate("metadata.json"), "metadata.json is damaged"),
        (overwrite(b"\xff\xfe"), "metadata.json is damaged"),
        (overwrite(b"[]"), "not written by this project"),
        (overwrite(b'{"format": "other"}'), "not written by this project"),
        (edit(format_version=2), r"newer version .*format 2; this one reads up to 1"),
        (edit(format_version="1"), "format_version is '1'"),
        (edit(kind="answers"), "expected a stored surrogate, got a stored answers"),
        (edit(**{"class": "Popen"}), "unknown class 'Popen'; this version supports BoostedSurrogate"),
        (edit(space="transnas101-micro"), "checksum does not match"),
        (lambda d: (d / "arrays.npz").unlink(), "cannot read 'arrays.npz': No such file"),
        (truncate("arrays.npz"), r"'arrays.npz' is truncated: expected [\d,]+ bytes"),
        (flip("arrays.npz"), "'arrays.npz' is damaged: its SHA-256"),
        (truncate("member0_task0.ubj.gz"), "is truncated"),
        (flip("member1_joint.ubj.gz"), "is damaged"),
    ],
)
def test_a_damaged_artefact_is_refused(model: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(model)
    with pytest.raises(ArtefactError, match=message):
        load_surrogate(model)


def test_a_path_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="expected a directory with a stored surrogate, got nothing"):
        load_surrogate(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtefactError, match="got a file"):
        load_surrogate(tmp_path / "file")
    with pytest.raises(ArtefactError, match=r"the name of a space; load_pretrained\('transnas101-micro'\) loads the"):
        load_surrogate("transnas101-micro")


def rewrite(model: Path, **changes: Any) -> None:
    """A consistent artefact with other content, as someone could make by hand."""
    metadata = read_metadata(model, "surrogate")
    files = read_files(model, metadata)
    header = ("format", "format_version", "kind", "files", "checksum")
    content = {key: value for key, value in metadata.items() if key not in header}
    write_artefact(model, "surrogate", {**content, **changes.pop("content", {})}, {**files, **changes})


def test_consistent_hashes_do_not_make_content_trusted(model: Path) -> None:
    rewrite(model, **{"arrays.npz": npz_bytes({"calibration0_0": np.zeros(3)})})
    with pytest.raises(ArtefactError, match="does not match this version of BoostedSurrogate"):
        load_surrogate(model)
    rewrite(model, content={"space": "transnas102"})
    with pytest.raises(ArtefactError, match="unknown space 'transnas102'"):
        load_surrogate(model)
    rewrite(model, content={"params": {"no_such_parameter": 1}})
    with pytest.raises(ArtefactError, match="stored parameters do not match BoostedSurrogate"):
        load_surrogate(model)
    rewrite(model, content={"class": "OneHotEncoding", "params": {}})
    with pytest.raises(ArtefactError, match="expected a surrogate, got a OneHotEncoding"):
        load_surrogate(model)


def test_a_file_outside_the_directory_is_never_read(model: Path) -> None:
    metadata = read_metadata(model, "surrogate")
    metadata["files"] = {"../secret": {"bytes": 1, "sha256": ""}}
    with pytest.raises(ArtefactError, match="checksum"):
        read_files(model, metadata)


HINT = "surrogates.register_storable allows an estimator of your own"


class HomeMadeEncoding(OneHotEncoding):
    pass


def test_what_needs_pickle_is_refused_at_save(macro_table: Table, tmp_path: Path) -> None:
    archs, frame = list(macro_table.archs), macro_table.to_frame()
    forest = BoostedSurrogate(regressor=RandomForestRegressor(n_estimators=2), n_members=2).fit(archs, frame)
    with pytest.raises(
        ArtefactError, match=rf"surrogate\.regressor without pickle: .* got a sklearn.*RandomForestRegressor; {HINT}$"
    ):
        forest.save(tmp_path / "forest")
    custom = BoostedSurrogate(encoder=HomeMadeEncoding(), n_members=2, n_rounds=2).fit(archs, frame)
    with pytest.raises(
        ArtefactError, match=rf"the surrogate\.encoder without pickle: .* got a .*HomeMadeEncoding; {HINT}$"
    ):
        custom.save(tmp_path / "custom")
    seeded = BoostedSurrogate(random_state=np.random.RandomState(0), n_members=2, n_rounds=2).fit(archs, frame)
    with pytest.raises(ArtefactError, match=r"the surrogate\.random_state without pickle: .* got a .*RandomState$"):
        seeded.save(tmp_path / "seeded")
    assert list(tmp_path.iterdir()) == []


def test_a_relative_target_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert check_target("model") == tmp_path / "model"


def test_what_a_surrogate_was_fitted_to_is_not_mixed_with_other_trainings(tmp_path: Path) -> None:
    rooms = load_table("rooms-mini", space="transnas101-macro").where(tasks=["jigsaw", "normal"])
    surrogate = BoostedSurrogate(n_members=2, n_rounds=5, random_state=0).fit(list(rooms.archs), rooms.to_frame())
    stored = load_surrogate(save_surrogate(surrogate, tmp_path / "model", rooms))
    again = load_surrogate(stored.save(tmp_path / "again"))
    published = Table.from_logs(rooms.archs, {"jigsaw": {"valid_top1": rooms.to_frame()["jigsaw"]}})
    for fitted in (stored, again):
        assert Oracle(fitted, rooms.where(tasks=["normal"])).table is not None
        with pytest.raises(TableError, match=r"^jigsaw: .* trainings unlike .* rooms .*, got trainings like the"):
            Oracle(fitted, published)
    assert Oracle(surrogate, published).table is not None, "nothing is known of labels given as arrays"
