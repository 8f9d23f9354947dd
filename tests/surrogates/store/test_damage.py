"""Damaged, foreign and hostile artefacts: refused as an `ArtefactError`, or equal; strangers' are loaded in a child."""

import gzip
import hashlib
import inspect
import io
import json
import os
import random
import signal
import sys
import zipfile

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import limits
from benchmarks.errors import ArtefactError
from surrogates import BoostedSurrogate, diagnostics, load_surrogate
from surrogates.cli.app import app
from surrogates.store import save_surrogate
from surrogates.store.trial import try_artefact

ARCHS = ["64-2311-basic", "64-1234-basic", "64-3114-basic", "64-4111-basic", "64-1424-basic"]
FLIPS = 500


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    fitted = BoostedSurrogate(random_state=0).fit(ARCHS, [1.0, 2.0, 3.0, 4.0, 6.0])
    directory = tmp_path_factory.mktemp("stored") / "model"
    save_surrogate(fitted, directory)
    return directory


@pytest.fixture
def model(stored, tmp_path):
    directory = tmp_path / "model"
    directory.mkdir()
    for path in stored.iterdir():
        (directory / path.name).write_bytes(path.read_bytes())
    return directory


def remake(directory):
    """Make the hashes of all files right again, as an author can."""
    path = directory / "metadata.json"
    metadata = json.loads(path.read_text())
    for name, entry in metadata["files"].items():
        data = (directory / name).read_bytes()
        entry["bytes"], entry["sha256"] = len(data), hashlib.sha256(data).hexdigest()
    rest = {key: value for key, value in metadata.items() if key != "checksum"}
    metadata["checksum"] = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps(metadata))


def test_a_flipped_bit_is_refused_or_changes_nothing(model):
    expected = load_surrogate(model).predict(ARCHS, return_std=True)
    files = {path: path.read_bytes() for path in sorted(model.iterdir()) if path.name != "README.md"}
    rng = random.Random(0)
    refused = 0
    for _ in range(FLIPS):
        path = rng.choice(list(files))
        bit = rng.randrange(8 * len(files[path]))
        data = bytearray(files[path])
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        try:
            found = load_surrogate(model)
        except ArtefactError:
            refused += 1
        else:
            assert path.name == "metadata.json", (path.name, bit)  # white space
            np.testing.assert_array_equal(found.predict(ARCHS, return_std=True), expected)
        path.write_bytes(files[path])
    assert refused > 0.9 * FLIPS


def test_a_flipped_bit_of_the_card_changes_nothing(model):
    expected = load_surrogate(model).predict(ARCHS, return_std=True)
    card = (model / "README.md").read_bytes()
    rng = random.Random(0)
    for _ in range(50):
        data = bytearray(card)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        (model / "README.md").write_bytes(data)
        np.testing.assert_array_equal(load_surrogate(model).predict(ARCHS, return_std=True), expected)


def broken_zip(data):
    return data[: len(data) // 2]


def overlong(data):
    """An npz whose one array claims more than the limit."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", b"\0" * 2_000_000)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("arrays.npz", broken_zip, "BadZipFile"),
        ("arrays.npz", lambda data: b"", "BadZipFile"),
        ("arrays.npz", overlong, "arrays of at most 1,000,000 bytes"),
        (".gz", lambda data: b"text", "BadGzipFile"),
        (".gz", lambda data: data[:-9], "EOFError|error"),
        (".gz", lambda data: gzip.compress(b"no model"), "Error"),
        (".gz", lambda data: gzip.compress(b"\0" * 2_000_000), "a model of at most 1,000,000 bytes"),
    ],
)
def test_whatever_a_parser_makes_of_it_is_an_artefact_error(model, monkeypatch, name, change, message):
    path = next(path for path in sorted(model.iterdir()) if path.name.endswith(name))
    path.write_bytes(change(path.read_bytes()))
    remake(model)
    if "1,000,000" in message:
        monkeypatch.setattr(limits, "MODEL_BYTES", 1_000_000)
    with pytest.raises(
        ArtefactError, match=f"the content does not match this version of BoostedSurrogate: .*{message}"
    ) as error:
        load_surrogate(model)
    assert len(str(error.value)) < 600


@pytest.mark.parametrize("deep", ['{"a": ' * 200_000, "[" * 200_000])
def test_json_of_any_depth_is_refused(model, deep):
    (model / "metadata.json").write_text(deep)
    with pytest.raises(ArtefactError, match=r"metadata\.json is damaged"):
        load_surrogate(model)


def test_settings_of_any_depth_are_refused(model):
    metadata = json.loads((model / "metadata.json").read_text())
    deep = current = {}
    for _ in range(400):
        current["dict"] = {"a": {}}
        current = current["dict"]["a"]
    current["tuple"] = [1]
    metadata["settings"] = deep
    (model / "metadata.json").write_text(json.dumps(metadata))
    remake(model)
    before = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(300 + len(inspect.stack()))
        with pytest.raises(ArtefactError, match=r"does not match this version|metadata\.json is damaged"):
            load_surrogate(model)
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize("name", ["metadata.json", "arrays.npz"])
def test_what_is_no_file_is_refused_before_it_is_read(model, name):
    (model / name).unlink()
    os.mkfifo(model / name)
    with pytest.raises(ArtefactError, match=f"cannot read '?{name}'?: expected a file, got a FIFO"):
        load_surrogate(model)
    (model / name).unlink()
    (model / name).symlink_to("/dev/zero")
    with pytest.raises(ArtefactError, match=f"cannot read '?{name}'?: expected a file, got a device"):
        load_surrogate(model)


LITTER = [".DS_Store", "Thumbs.db", "desktop.ini", "._model", ".nfs000123", ".gitkeep", ".ipynb_checkpoints"]


@pytest.mark.parametrize("name", LITTER)
def test_files_of_the_system_are_no_content_and_stay(stored, tmp_path, name):
    directory = tmp_path / "out"
    directory.mkdir()
    (directory / name).mkdir() if name == ".ipynb_checkpoints" else (directory / name).touch()
    for _ in range(2):  # into the folder, and over an artefact
        save_surrogate(load_surrogate(stored), directory)
        assert (directory / name).exists()
        load_surrogate(directory)


def test_other_files_in_the_folder_are_refused(stored, tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ArtefactError, match=r"it contains 'notes\.txt', which is not part of a stored artefact"):
        save_surrogate(load_surrogate(stored), tmp_path)


# -- in a child process -----------------------------------------------------------------------------------------------


def test_an_artefact_is_loaded_in_a_child_and_described(model):
    found = try_artefact(model)
    assert found == (True, "loads and predicts: BoostedSurrogate of transnas101-macro, 1 task")


def test_a_damaged_artefact_is_described_in_one_line(model):
    (model / "arrays.npz").write_bytes(b"text")
    found = try_artefact(model)
    assert not found.ok
    assert "arrays.npz' is truncated" in found.detail
    assert "\n" not in found.detail


@pytest.fixture
def other_loader(tmp_path, monkeypatch):
    """Put a package before ours on the path of the child, whose loader does what is asked."""

    def use(code):
        folder = tmp_path / "first" / "surrogates" / "store"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").touch()
        (folder / "__init__.py").touch()
        (folder / "trial.py").write_text(
            f"import os, signal, sys, time\ndef load_and_predict(directory):\n    {code}\n"
        )
        monkeypatch.setattr(sys, "path", [str(tmp_path / "first"), *sys.path])

    return use


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGKILL"])
def test_a_child_that_dies_is_reported_in_one_line(model, other_loader, name):
    other_loader(f"os.kill(os.getpid(), signal.{name})")
    assert getattr(signal, name)
    assert try_artefact(model) == (False, f"the process that loaded it was ended by {name}: do not load it")


def test_a_child_that_hangs_is_ended(model, other_loader):
    other_loader("time.sleep(600)")
    assert try_artefact(model, seconds=1) == (False, "did not load and predict within 1 s")


def test_a_child_that_says_nothing_is_not_well(model, other_loader):
    other_loader("sys.exit(3)")
    assert try_artefact(model) == (False, "the process said nothing")


def test_doctor_checks_artefacts_of_strangers(model, tmp_path, monkeypatch):
    monkeypatch.setattr(diagnostics, "_import_errors", lambda _: {})  # no library is imported for it
    ran = CliRunner().invoke(app, ["doctor", "--artefact", str(model)])
    assert ran.exit_code == 0
    assert "loads and predicts: BoostedSurrogate of transnas101-macro, 1 task" in " ".join(ran.output.split())
    os.mkfifo(tmp_path / "fifo")
    ran = CliRunner().invoke(app, ["doctor", "--artefact", str(tmp_path / "fifo"), "--artefact", str(model), "--json"])
    assert ran.exit_code == 1
    assert "expected a directory with a stored surrogate, got a FIFO" in ran.output
    ran = CliRunner().invoke(app, ["doctor", "a.csv", "--artefact", str(model)])
    assert ran.exit_code == 2
