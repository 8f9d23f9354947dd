"""Taskonomy's layout: what is written is read back, the published reader's rules hold, bad folders are explained."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.errors import UnknownNameError
from benchmarks.training.data import taskonomy
from benchmarks.training.data.images import DOMAINS, ImageSet
from benchmarks.training.data.taskonomy import TaskonomyError, TaskonomyNotFoundError, TaskonomySource, write_taskonomy
from benchmarks.training.rooms import export as exporting
from benchmarks.training.rooms import rooms
from benchmarks.training.rooms.export import export

SIZE = 16


@pytest.fixture(scope="module")
def images():
    return rooms("train", 5, size=SIZE, cache=False)


@pytest.fixture
def folder(images, tmp_path):
    write_taskonomy(images, tmp_path, "train")
    return tmp_path


SPLIT = "train_filenames_final5k.json"


def _same(found, expected, n=None):
    return all(torch.equal(found[name], expected.arrays[name][:n]) for name in DOMAINS)


def test_what_is_written_is_read_back_to_the_bit(folder, images):
    source = TaskonomySource(folder, SPLIT, size=SIZE)
    assert (len(source), source.size) == (5, SIZE)
    assert _same(source.batch(torch.arange(5), DOMAINS), images)
    picked = source.batch(torch.tensor([3, 0, 3]), ["rgb", "room_layout"])
    assert torch.equal(picked["rgb"], images.arrays["rgb"][[3, 0, 3]])
    assert set(picked) == {"rgb", "room_layout"}


def test_files_lie_where_taskonomy_puts_them(folder):
    assert json.loads((folder / SPLIT).read_text()) == {"filename_list": ["train_0000.json"]}
    assert json.loads((folder / "train_0000.json").read_text())[1] == (
        "train_0000/{domain}/point_1_view_0_domain_{domain}"
    )
    building = folder / "train_0000"
    assert (building / "rgb" / "point_1_view_0_domain_rgb.png").is_file()
    assert np.load(building / "class_object" / "point_1_view_0_domain_class_object.npy").shape == (1000,)
    assert np.load(building / "class_scene" / "point_1_view_0_domain_class_scene.npy").shape == (365,)
    assert np.load(building / "room_layout" / "point_1_view_0_domain_room_layout.npy").shape == (9,)


def test_kept_probabilities_are_renormalised(folder, rng):
    stored = rng.random(1000)
    np.save(folder / "train_0000/class_object/point_0_view_0_domain_class_object.npy", stored)
    mask = np.zeros(1000)
    mask[[3, 500, 999]] = 1
    source = TaskonomySource(folder, SPLIT, size=SIZE, domains=["class_object"], kept={"class_object": mask})
    found = source.batch(torch.tensor([0]), ["class_object"])["class_object"].numpy()
    np.testing.assert_allclose(found[0], stored[[3, 500, 999]] / stored[[3, 500, 999]].sum(), rtol=1e-6)


def test_other_sizes_are_resized_and_segments_are_never_mixed(folder, images):
    source = TaskonomySource(folder, SPLIT, size=8)
    found = source.batch(torch.tensor([0]), ["rgb", "segmentsemantic"])
    pixels = Image.fromarray(images.arrays["rgb"][0].permute(1, 2, 0).numpy())
    expected = np.asarray(pixels.resize((8, 8), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
    assert (found["rgb"][0].numpy() == expected).all()
    assert set(found["segmentsemantic"].unique().tolist()) <= set(images.arrays["segmentsemantic"][0].unique().tolist())


def test_templates_may_carry_an_ending(folder, images):
    path = folder / "train_0000.json"
    path.write_text(json.dumps([template + ".png" for template in json.loads(path.read_text())]))
    source = TaskonomySource(folder, folder / SPLIT, size=SIZE)
    assert _same(source.batch(torch.arange(5), DOMAINS), images)


def test_a_missing_root_says_what_was_expected(tmp_path):
    with pytest.raises(TaskonomyNotFoundError, match=r"there is no folder .*absent: expected Taskonomy's root"):
        TaskonomySource(tmp_path / "absent", SPLIT)


def test_a_missing_split_file_says_what_was_expected(tmp_path):
    with pytest.raises(TaskonomyNotFoundError, match=r'there is no split file other.json.*"filename_list"'):
        TaskonomySource(tmp_path, "other.json")


def test_a_missing_building_list_is_named(folder):
    (folder / "train_0000.json").unlink()
    with pytest.raises(TaskonomyNotFoundError, match=r"1 of the 1 building lists .* such as train_0000.json"):
        TaskonomySource(folder, SPLIT)


@pytest.mark.parametrize("whole_building", [False, True])
def test_a_half_downloaded_folder_is_counted_and_can_be_used(folder, images, whole_building):
    for point in range(1, 5) if not whole_building else ():
        (folder / f"train_0000/normal/point_{point}_view_0_domain_normal.png").unlink()
    if whole_building:
        (folder / "train_0000").rename(folder / "elsewhere")
    count = "5 of 5" if whole_building else "4 of 5"
    with pytest.raises(TaskonomyNotFoundError, match=rf"{count} images lack files, such as .*domain_(rgb|normal).png"):
        TaskonomySource(folder, SPLIT)
    if whole_building:
        with pytest.raises(TaskonomyNotFoundError, match=r"no image of .* has all its files"):
            TaskonomySource(folder, SPLIT, skip_missing=True)
        return
    assert len(TaskonomySource(folder, SPLIT, domains=["rgb"])) == 5
    rest = TaskonomySource(folder, SPLIT, size=SIZE, skip_missing=True)
    assert _same(rest.batch(torch.tensor([0]), DOMAINS), images, 1)
    assert len(rest) == 1


@pytest.mark.parametrize("domain", ["rgb", "normal", "segmentsemantic", "class_object", "class_scene", "room_layout"])
@pytest.mark.parametrize("kept_bytes", [0, 70])
def test_a_damaged_file_is_named(folder, domain, kept_bytes):
    path = next((folder / "train_0000" / domain).glob("point_2_*"))
    path.write_bytes(path.read_bytes()[:kept_bytes])
    source = TaskonomySource(folder, SPLIT, size=SIZE)
    with pytest.raises(TaskonomyError, match=f"{path.name} cannot be read .*: get it again"):
        source.batch(torch.arange(5), [domain])


@pytest.mark.parametrize(("domain", "expected"), [("class_object", 1000), ("class_scene", 365), ("room_layout", 9)])
def test_a_vector_of_the_wrong_length_is_named(folder, domain, expected):
    np.save(folder / f"train_0000/{domain}/point_0_view_0_domain_{domain}.npy", np.ones(63))
    source = TaskonomySource(folder, SPLIT, size=SIZE)
    with pytest.raises(TaskonomyError, match=rf"point_0_.*: expected {expected} numbers, got .* shape \(63,\)"):
        source.batch(torch.tensor([0]), [domain])


def test_segments_out_of_range_are_named(folder):
    path = folder / "train_0000/segmentsemantic/point_0_view_0_domain_segmentsemantic.png"
    Image.fromarray(np.full((SIZE, SIZE), 200, np.uint8)).save(path)
    with pytest.raises(TaskonomyError, match=r"expected one channel with values 0 to 17, .* up to 200"):
        TaskonomySource(folder, SPLIT, size=SIZE).batch(torch.tensor([0]), ["segmentsemantic"])


def test_probabilities_that_are_all_zero_are_named(folder):
    np.save(folder / "train_0000/class_scene/point_0_view_0_domain_class_scene.npy", np.zeros(365))
    with pytest.raises(TaskonomyError, match=r"expected probabilities, got a sum of 0\.0"):
        TaskonomySource(folder, SPLIT, size=SIZE).batch(torch.tensor([0]), ["class_scene"])


def test_which_classes_are_kept_must_be_known(folder):
    with pytest.raises(TaskonomyError, match="expected 365 entries, non-zero where a class is kept"):
        TaskonomySource(folder, SPLIT, kept={"class_scene": np.ones(47)})
    (folder / "class_object_final5k.npy").unlink()
    with pytest.raises(TaskonomyNotFoundError, match=r"class_object_final5k.npy is not in .*1000 stored classes"):
        TaskonomySource(folder, SPLIT)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (SPLIT, "{", "is not JSON"),
        (SPLIT, "[]", "expected {.filename_list"),
        ("train_0000.json", '["point_0"]', "expected a list of templates"),
    ],
)
def test_lists_in_another_form_are_named(folder, name, content, message):
    (folder / name).write_text(content)
    with pytest.raises(TaskonomyError, match=f"{name}.*{message}"):
        TaskonomySource(folder, SPLIT)


def test_only_promised_domains_can_be_read(folder):
    source = TaskonomySource(folder, SPLIT, domains=["rgb"])
    with pytest.raises(UnknownNameError, match="unknown domain 'normal'"):
        source.batch(torch.tensor([0]), ["normal"])


def test_rooms_are_exported_and_read_back(tmp_path, images):
    told = []
    files = export(tmp_path, {"train": 5, "test": 2}, size=SIZE, progress=lambda *done: told.append(done))
    assert told == [(5, 7), (7, 7)]
    assert _same(TaskonomySource(tmp_path, files["train"], size=SIZE).batch(torch.arange(5), DOMAINS), images)
    assert len(TaskonomySource(tmp_path, files["test"], size=SIZE)) == 2


def test_an_interrupted_export_goes_on(tmp_path, monkeypatch):
    for module in (taskonomy, exporting):
        monkeypatch.setattr(module, "BUILDING", 64)

    def interrupted(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(tmp_path, {"valid": 70}, size=8, progress=interrupted)
    before = (tmp_path / "valid_0000").stat().st_mtime_ns
    files = export(tmp_path, {"valid": 70}, size=8)
    assert (tmp_path / "valid_0000").stat().st_mtime_ns == before
    source = TaskonomySource(tmp_path, files["valid"], size=8)
    assert _same(source.batch(torch.arange(70), DOMAINS), rooms("valid", 70, size=8, cache=False))
    export(tmp_path, {"valid": 66}, size=8)
    assert len(TaskonomySource(tmp_path, files["valid"], size=8)) == 66
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("lost", ["train_0000/normal", "train_0000", "train_0000/rgb/point_1_view_0_domain_rgb.png"])
def test_an_export_writes_again_what_was_lost(tmp_path, lost):
    files = export(tmp_path, {"train": 3}, size=8)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    place = tmp_path / lost
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    with pytest.raises(TaskonomyNotFoundError, match="run 'rooms export' again"):
        TaskonomySource(tmp_path, files["train"], size=8)
    export(tmp_path, {"train": 3}, size=8)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_damaged_description_of_an_export_is_named(tmp_path):
    export(tmp_path, {"train": 1}, size=8)
    (tmp_path / "rooms.json").write_text("")
    with pytest.raises(ValueError, match=r"rooms\.json' is damaged"):
        export(tmp_path, {"train": 1}, size=8)


def test_numbers_that_are_none_are_named(tmp_path):
    files = export(tmp_path, {"train": 2}, size=8)
    path = next(tmp_path.rglob("*room_layout.npy"))
    np.save(path, np.array([*range(8), np.nan]))
    with pytest.raises(TaskonomyError, match=rf"{path.name}: expected finite numbers, got nan"):
        TaskonomySource(tmp_path, files["train"], size=8).batch(torch.arange(2), ["room_layout"])


def test_a_folder_holds_one_export(tmp_path):
    export(tmp_path, {"train": 1}, size=8)
    with pytest.raises(ValueError, match=r"holds another export of rooms: .*choose another folder"):
        export(tmp_path, {"train": 1}, size=8, seed=1)
    with pytest.raises(ValueError, match=r"sizes\['train'\]: expected at least 1"):
        export(tmp_path, {"train": 0}, size=8)


@pytest.mark.parametrize("name", ["train_filenames_final5k.json", "class_scene_final5k.npy"])
def test_an_export_writes_over_no_other_images(tmp_path, name):
    (tmp_path / name).write_bytes(b"someone's")
    with pytest.raises(ValueError, match=rf"holds '{name}' but no rooms.json; choose a new or empty folder"):
        export(tmp_path, {"train": 1}, size=8)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {name: b"someone's"}


def test_a_refused_export_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="seed: expected 0 to 18446744073709551615"):
        export(tmp_path / "new", {"train": 1}, size=8, seed=2**64)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'shape': (" + b" " * 90]
)
def test_a_damaged_list_of_classes_is_named(folder, content):
    (folder / "class_object_final5k.npy").write_bytes(content)
    with pytest.raises(TaskonomyError, match=r"class_object_final5k.npy cannot be read .*get it again"):
        TaskonomySource(folder, SPLIT)


def test_writing_wants_whole_buildings(tmp_path):
    pixels = ImageSet({"rgb": torch.zeros(1, 3, 8, 8, dtype=torch.uint8)})
    with pytest.raises(ValueError, match="first: expected a multiple of 1024, got 5"):
        write_taskonomy(pixels, tmp_path, "train", first=5)
