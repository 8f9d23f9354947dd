"""Records in one file: nothing lost, nothing mixed, nothing half done."""

import gzip
import json

import pytest

from benchmarks.errors import ArtefactError
from benchmarks.training.campaign import Plan, pack_records, run_campaign, unpack_records
from benchmarks.training.campaign.records import read_records
from tests.benchmarks.training.campaign.campaign_fakes import ARCHS, Fake

PLAN = Plan(ARCHS[:2], ("jigsaw", "class_scene"), preset="mini")


@pytest.fixture
def folder(tmp_path):
    list(run_campaign(PLAN, tmp_path / "runs", Fake(tmp_path / "diary")))
    return tmp_path / "runs"


def test_what_was_packed_is_unpacked(folder, tmp_path):
    assert pack_records(PLAN, folder, tmp_path / "records.jsonl.gz") == 4
    assert unpack_records(PLAN, tmp_path / "records.jsonl.gz", tmp_path / "again") == 4
    assert read_records(tmp_path / "again", PLAN) == read_records(folder, PLAN)
    assert unpack_records(PLAN, tmp_path / "records.jsonl.gz", tmp_path / "again") == 0
    fake = Fake(tmp_path / "other diary")
    list(run_campaign(PLAN, tmp_path / "again", fake))
    assert fake.trained() == [], "the campaign goes on from the records"


def test_the_same_records_give_the_same_bytes(folder, tmp_path):
    first, second = tmp_path / "a.gz", tmp_path / "b.gz"
    pack_records(PLAN, folder, first)
    pack_records(PLAN, folder, second)
    assert first.read_bytes() == second.read_bytes()


def test_a_part_of_a_plan_takes_its_part(folder, tmp_path):
    pack_records(PLAN, folder, tmp_path / "records.gz")
    part = Plan(ARCHS[:1], ("jigsaw",), preset="mini")
    assert unpack_records(part, tmp_path / "records.gz", tmp_path / "part") == 1


def test_no_record_is_a_file_of_none(tmp_path):
    assert pack_records(PLAN, tmp_path / "nothing", tmp_path / "records.gz") == 0
    assert unpack_records(PLAN, tmp_path / "records.gz", tmp_path / "again") == 0
    assert not (tmp_path / "again").exists()


def test_records_of_another_recipe_are_refused_and_nothing_is_written(folder, tmp_path):
    pack_records(PLAN, folder, tmp_path / "records.gz")
    other = Plan(ARCHS[:2], ("jigsaw", "class_scene"), preset="mini", recipe={"epochs": 3})
    with pytest.raises(ArtefactError, match="was trained with another recipe or on other images than the plan says"):
        unpack_records(other, tmp_path / "records.gz", tmp_path / "again")
    assert not (tmp_path / "again").exists()
    with pytest.raises(ArtefactError, match="the plan changed"):
        pack_records(other, folder, tmp_path / "other.gz")


@pytest.mark.parametrize(
    "damage",
    [b"", b"no gzip", gzip.compress(b"{}"), gzip.compress(json.dumps([1]).encode())],
    ids=["empty", "no gzip", "object", "list"],  # the bytes hold the time, which each worker of xdist has its own of
)
def test_damaged_files_are_refused(damage, tmp_path):
    path = tmp_path / "records.gz"
    path.write_bytes(damage)
    if damage == b"":
        assert unpack_records(PLAN, path, tmp_path / "again") == 0  # gzip of nothing
        return
    with pytest.raises(ArtefactError, match="is damaged or not a file of records"):
        unpack_records(PLAN, path, tmp_path / "again")
