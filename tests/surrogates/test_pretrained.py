import filecmp
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import (
    ArchitectureError,
    ArtefactError,
    TableError,
    UnknownNameError,
    get_space,
    list_spaces,
    load_table,
)
from surrogates import Oracle, TransNASSurrogate, list_pretrained, load_pretrained
from surrogates.oracle.tabulated import TabulatedSurrogate
from surrogates.pretrained import build as builder
from surrogates.pretrained import load as pretrained
from surrogates.pretrained.load import ANSWERS, FOLDER, load_answers
from surrogates.store.npz import npz_arrays


def test_every_space_has_a_bundled_surrogate() -> None:
    assert list_pretrained() == list_spaces()


def test_the_bundle_is_a_few_megabytes() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 10e6


@pytest.mark.parametrize("name", list_spaces())
def test_bundled_answers_are_those_of_the_bundled_surrogate(name: str) -> None:
    space = get_space(name)
    archs = space.sample(300, rng=0)
    answers, surrogate = load_answers(name), load_pretrained(name)
    assert answers.tasks_ == surrogate.tasks_ == space.tasks
    for baked, fresh in zip(
        answers.predict(archs, return_std=True), surrogate.predict(archs, return_std=True), strict=True
    ):
        np.testing.assert_allclose(baked, fresh, rtol=1e-6)


@pytest.mark.parametrize("name", list_spaces())
def test_equivalent_architectures_share_an_answer(name: str) -> None:
    space = get_space(name)
    answers = load_answers(name)
    assert len(answers.mean) == len(set(space.canonicals(space.archs)))
    archs = space.sample(200, rng=1)
    np.testing.assert_array_equal(answers.predict(archs), answers.predict(space.canonicals(archs)))


def test_a_pretrained_oracle_answers_in_and_out_of_domain() -> None:
    oracle = Oracle.from_pretrained("transnas101-micro")
    answers = oracle.query(["64-41414-3_33_333", "32-4141-3_33_333"])
    assert answers["in_domain"].tolist() == [True] * 7 + [False] * 7
    assert answers["value"].notna().all()
    assert (answers["std"] > 0).all()


def test_what_is_not_published_of_transnas_is_answered_by_both_of_its_surrogates() -> None:
    micro, macro = (
        TabulatedSurrogate.load(FOLDER / name / ANSWERS, beyond=load_pretrained(name))
        for name in ("transnas101-micro", "transnas101-macro")
    )
    both = TransNASSurrogate(micro, macro)
    for space, arch in (("transnas101-micro", "32-4141-3_33_333"), ("transnas101-macro", "32-2311-basic")):
        answers = Oracle.from_pretrained(space).answers([arch])
        mean, std = both.predict([arch], return_std=True)
        np.testing.assert_allclose(answers.value, mean)
        np.testing.assert_allclose(answers.std, std)
        assert answers.novelty is not None
        assert answers.novelty == both.novelty([arch]) > 1


def test_values_of_other_trainings_do_not_stand_among_predictions_of_the_published_ones() -> None:
    rooms = load_table("rooms-mini").where(space="transnas101-micro")
    with pytest.raises(TableError, match=r"got different trainings: images of rooms .* Fit a surrogate to the table"):
        Oracle.from_pretrained("transnas101-micro", rooms)
    arch = rooms.archs[0]
    assert Oracle.from_table(rooms)(arch, "jigsaw") == rooms.value(arch, "jigsaw")
    unsaid = replace(rooms, provenance={})
    with pytest.warns(UserWarning, match="measured values lie outside the 90% interval of their prediction"):
        mixed = Oracle.from_pretrained("transnas101-micro", unsaid)
    assert mixed(arch, "jigsaw") == rooms.value(arch, "jigsaw")


def test_a_folder_with_answers_only_still_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_answers("transnas101-macro").save(tmp_path / "transnas101-macro" / ANSWERS)
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    assert list_pretrained() == ("transnas101-macro",)
    oracle = Oracle.from_pretrained("transnas101-macro")
    assert 90 < oracle("64-2311-basic", "jigsaw") < 100
    with pytest.raises(ArchitectureError, match=r"outside the 3,256 published .* no surrogate to predict it"):
        oracle("32-2311-basic", "jigsaw")
    with pytest.raises(ArtefactError, match="no bundled surrogate for transnas101-macro; spaces with"):
        load_pretrained("transnas101-macro")
    with pytest.raises(
        ArtefactError, match="no bundled answers for nasbench201; spaces with bundled answers: transnas101-macro"
    ):
        Oracle.from_pretrained("nasbench201")


def test_an_unknown_space_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'transnas101-micro'"):
        Oracle.from_pretrained("transnas101-mico")


def test_answers_are_saved_with_the_same_bytes_and_refused_when_damaged(tmp_path: Path) -> None:
    answers = load_answers("nasbench201")
    again = TabulatedSurrogate.load(answers.save(tmp_path / "a"))
    np.testing.assert_array_equal(again.mean, answers.mean)
    again.save(tmp_path / "b")
    assert filecmp.cmpfiles(tmp_path / "a", tmp_path / "b", ["metadata.json", "answers.npz"], shallow=False)[1:] == (
        [],
        [],
    )
    data = (tmp_path / "a" / "answers.npz").read_bytes()
    (tmp_path / "a" / "answers.npz").write_bytes(data[:-1])
    with pytest.raises(ArtefactError, match=r"'answers\.npz' is truncated"):
        TabulatedSurrogate.load(tmp_path / "a")


def test_answers_of_the_wrong_shape_are_refused() -> None:
    one = np.ones((1, 1))
    with pytest.raises(ValueError, match=r"expected classes of shape \(3256,\), each a row from 0 to 0"):
        TabulatedSurrogate("transnas101-macro", ["jigsaw"], np.zeros(3), one, one)
    with pytest.raises(ValueError, match=r"expected mean and std of shape \(C, 2\)"):
        TabulatedSurrogate("transnas101-macro", ["jigsaw", "normal"], np.zeros(3256, dtype=int), one, one)


def test_the_build_command_says_what_it_needs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "surrogates.pretrained.build", str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, env={"PATH": ""}, check=False)
    assert found.returncode == 2
    assert "NAS_DATA" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.data
@pytest.mark.parametrize("name", list_spaces())
def test_the_bundle_can_be_made_again(
    name: str, nas_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trees bit for bit; linear algebra, and what follows from it, up to the last digits of another kind of CPU.

    So answers are computed together, in a fraction of the time (`test_one_by_one` compares both).
    """
    monkeypatch.setattr(builder, "one_by_one", lambda surrogate, archs: surrogate.predict(archs, return_std=True))
    builder.build(name, nas_data, tmp_path)
    mine, theirs = FOLDER / name, tmp_path / name
    assert [path.name for path in sorted(mine.iterdir())] == [path.name for path in sorted(theirs.iterdir())]
    for part in mine.iterdir():
        names = sorted(path.name for path in part.iterdir())
        assert names == sorted(path.name for path in (theirs / part.name).iterdir())
        trees = [file for file in names if file.endswith(".ubj.gz")]
        assert filecmp.cmpfiles(part, theirs / part.name, trees, shallow=False)[1:] == ([], [])
        for file in (file for file in names if file.endswith(".npz")):
            again = npz_arrays((theirs / part.name / file).read_bytes())
            for key, array in npz_arrays((part / file).read_bytes()).items():
                if array.dtype.kind == "S":  # names of features
                    assert array.tolist() == again[key].tolist()
                elif key == "counts":  # a prediction at the border of two cells may change sides
                    assert np.abs(array - again[key]).sum() <= 8
                else:  # a residual at the border of two windows, too: it moves the spread of both, and nothing else
                    rtol = 1e-2 if key == "std" or key.endswith("_stds") else 1e-5
                    np.testing.assert_allclose(array, again[key], rtol=rtol, atol=1e-7)


@pytest.mark.data
def test_the_bundle_knows_its_training_table(nas_data: Path) -> None:
    from benchmarks import load_table
    from surrogates.pretrained.load import SOURCES
    from surrogates.store.artefact import read_metadata

    for name, file in SOURCES.items():
        assert read_metadata(FOLDER / name / "surrogate", "surrogate")["table_hash"] == load_table(nas_data / file).hash
