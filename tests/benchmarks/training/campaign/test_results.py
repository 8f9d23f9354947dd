"""From records to tables: parquet, the published layout and the records say the same."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import load_table, save_table
from benchmarks.errors import ArtefactError, TableError, UnknownNameError
from benchmarks.formats.parquet import read_provenance
from benchmarks.training.campaign import (
    Plan,
    Trial,
    campaign_table,
    read_record,
    record_path,
)
from benchmarks.training.campaign.worker import Job, do
from benchmarks.training.presets import changed_settings
from tests.benchmarks.training.campaign.campaign_fakes import ARCHS, Fake, values

torch = pytest.importorskip("torch")

PLAN = Plan(
    (*ARCHS, "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|"),
    ("jigsaw", "segmentsemantic"),
    (0, 7),
)
LAST = PLAN.archs[-1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All trainings but one are done; one failed, and one architecture failed on everything."""
    broken = {(ARCHS[0], "jigsaw"): "nan", (ARCHS[3], "jigsaw"): "bug", (ARCHS[3], "segmentsemantic"): "memory"}
    fake = Fake(tmp_path / "diary", broken=broken)
    for trial in PLAN.trials()[:-1]:
        do(Job(trial), PLAN, tmp_path / "runs", fake)
    return tmp_path / "runs"


def test_one_seed_is_what_the_records_say(folder: Path) -> None:
    table = campaign_table(PLAN, folder, seed=7)
    assert table.archs == (*ARCHS[:3], LAST)
    assert np.isnan(table.value(ARCHS[0], "jigsaw"))
    assert np.isnan(table.value(LAST, "segmentsemantic"))  # still missing
    for arch, task in ((ARCHS[1], "jigsaw"), (ARCHS[2], "segmentsemantic"), (LAST, "jigsaw")):
        record = read_record(record_path(folder, Trial(arch, task, 7)))
        for epoch in (0, 1):
            assert table.value(arch, task, epoch=epoch) == values(record.trial)[epoch]
        assert table.value(arch, task, "time_elapsed") == 2.0
        assert table.info("model_params").loc[arch, task] == record.info["model_params"]


def test_several_seeds_are_averaged(folder: Path) -> None:
    table = campaign_table(PLAN, folder)
    expected = np.mean([values(Trial(ARCHS[1], "jigsaw", seed))[-1] for seed in (0, 7)])
    assert table.value(ARCHS[1], "jigsaw") == pytest.approx(expected, rel=1e-12)
    assert table.value(LAST, "segmentsemantic") == values(Trial(LAST, "segmentsemantic", 0))[-1]
    with pytest.raises(TableError, match=r"expected a seed of the plan \(0, 7\), got 3"):
        campaign_table(PLAN, folder, seed=3)


@pytest.mark.parametrize("seed", [None, 0])
def test_every_format_reads_back_the_same(folder: Path, tmp_path: Path, seed: int | None) -> None:
    made = campaign_table(PLAN, folder, seed)
    for ending in ("parquet", "pth", "csv"):
        path = tmp_path / f"table.{ending}"
        save_table(made, path)
        read = load_table(path)
        assert set(read.archs) == set(made.archs)
        read = read.where(archs=made.archs)
        for metric in (None, "valid_loss", "time_elapsed"):
            np.testing.assert_array_equal(read.to_frame(metric), made.to_frame(metric))
        for name in ("model_params", "inference_time"):
            np.testing.assert_array_equal(read.info(name), made.info(name))
        if ending == "pth":
            assert read.hash == made.hash  # every epoch


def test_the_pth_has_the_published_structure(folder: Path, tmp_path: Path) -> None:
    save_table(campaign_table(PLAN, folder, seed=0), tmp_path / "table.pth")
    database = torch.load(tmp_path / "table.pth", weights_only=True)
    assert list(database) == ["metrics_dict", "info_names", "task_list", "data"]
    assert list(database["data"]) == ["macro", "micro", "nasbench201"]
    entry = database["data"]["macro"][ARCHS[1]]["jigsaw"]
    assert entry["metrics"]["valid_top1"] == values(Trial(ARCHS[1], "jigsaw", 0))
    assert entry["total_epochs"] == 2


def test_parquet_says_where_it_comes_from(folder: Path, tmp_path: Path) -> None:
    save_table(campaign_table(PLAN, folder), tmp_path / "table.parquet")
    found = read_provenance(tmp_path / "table.parquet")
    assert found["plan"] == PLAN.hash
    trainings = found["trainings"]
    numbers = {task: [made[name] for name in ("done", "failed", "seconds")] for task, made in trainings.items()}
    assert numbers == {"jigsaw": [6, 4, 12.0], "segmentsemantic": [7, 2, 14.0]}
    assert [sum(made["hardware"].values()) for made in trainings.values()] == [10, 9]
    assert all(len(made["commits"]) == 1 for made in trainings.values())
    assert found["recipes"]["jigsaw"]["epochs"] == PLAN.recipe_for("jigsaw").epochs
    assert found["deviations"]["jigsaw"] == changed_settings(PLAN.recipe_for("jigsaw"))
    assert found["images"] == {
        "jigsaw": {"rooms": {"seed": 0, "renderer": 1}},
        "segmentsemantic": {"rooms": {"seed": 0, "renderer": 2}},
    }


def test_what_cannot_be_written_says_why(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown file ending '.txt'"):
        save_table(campaign_table(PLAN, folder), tmp_path / "table.txt")
    with pytest.raises(TableError, match="no training of the plan is done"):
        campaign_table(PLAN, tmp_path / "empty")
    record_path(folder, PLAN.trials()[2]).write_text("{")
    with pytest.raises(ArtefactError, match=r"is damaged .* 'campaign run' trains it again"):
        campaign_table(PLAN, folder)
    assert not (tmp_path / "table.parquet").exists()
