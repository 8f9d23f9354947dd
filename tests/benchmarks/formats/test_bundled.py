from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import get_space, list_tables, load_table, table_provenance
from benchmarks.errors import TableNotFoundError
from benchmarks.tasks import TRANSNAS_TASKS


def test_rooms_mini_has_every_task_of_both_spaces() -> None:
    table = load_table("rooms-mini")
    assert set(table.tasks) == set(TRANSNAS_TASKS)
    counts = pd.Series(table.row_spaces).value_counts()
    assert counts["transnas101-micro"] >= 32
    assert counts["transnas101-macro"] >= 16
    assert len(table) >= 64
    assert np.isfinite(table.to_frame().to_numpy()).all()


def test_rooms_open_lies_outside_both_published_sets() -> None:
    table = load_table("rooms-open")
    published = {arch for name in ("transnas101-micro", "transnas101-macro") for arch in get_space(name).archs}
    assert len(table) >= 48
    assert not published & set(table.archs)
    assert set(table.tasks) == {"class_scene", "class_object", "room_layout", "jigsaw"}
    assert np.isfinite(table.to_frame().to_numpy()).all()


def test_tables_are_small_and_say_where_they_come_from() -> None:
    for name in list_tables():
        made = table_provenance(name)
        assert made["preset"] == "mini"
        assert set(made["recipes"]) == set(made["trainings"]) == set(load_table(name).tasks)
        for trainings in made["trainings"].values():
            assert trainings["done"] == sum(trainings["hardware"].values()) == len(load_table(name))
            assert trainings["seconds"] > 0
            assert all(re.fullmatch("[0-9a-f]{40}", commit) for commit in trainings["commits"])
    sizes = [path.stat().st_size for path in Path("benchmarks/tables").glob("*.parquet")]
    assert len(sizes) == len(list_tables())
    assert sum(sizes) < 1_000_000


def test_trained_twice_is_alike_but_not_the_same() -> None:
    first, again = load_table("rooms-mini"), load_table("rooms-mini-again")
    assert set(again.archs) <= set(first.archs)
    a, b = first.to_frame().loc[list(again.archs), list(again.tasks)], again.to_frame()
    assert (a.to_numpy() != b.to_numpy()).any(axis=0).all()
    correlations = [a[task].corr(b[task]) for task in again.tasks]
    assert np.mean(correlations) > 0.5


def test_a_file_goes_before_a_bundled_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text("arch,jigsaw\n64-2311-basic,90.1\n")
    assert load_table("mine.csv").value("64-2311-basic", "jigsaw") == 90.1
    assert table_provenance("mine.csv") == {}


def test_a_missing_table_names_the_nearest_bundled_one() -> None:
    with pytest.raises(TableNotFoundError, match=r"no such file: rooms-mino; did you mean 'rooms-mini'\? Bundled"):
        load_table("rooms-mino")
    with pytest.raises(TableNotFoundError, match=r"no such file: results\.csv\. Bundled tables: rooms-mini"):
        load_table("results.csv")
