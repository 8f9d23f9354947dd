"""``surrogates predict --space`` and ``surrogates top``."""

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest

from tests.surrogates.cli.helpers import CELL, run

SPACE = ("--space", "transnas101-macro", "--modules", "1-6", "--widths", "32,64")


def test_a_space_is_predicted_in_shards_and_its_best_are_shown(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run("predict", model, *SPACE, "--shards", "2/2", "--out", out, "--top", "20")
    assert (first.exit_code, first.stdout) == (
        0,
        f"{out}: shard 2 of 2, 2,728 of 2,728 rows finished.\n".replace("2,728", "6,824"),
    )
    some = run("top", out, "-n", "1")
    assert some.stdout.endswith("Best of 1 of 2 shards; the others are not finished.\n")
    assert run("predict", model, *SPACE, "--shards", "2", "--out", out, "--top", "20").exit_code == 0
    table = pd.concat(pd.read_parquet(file) for file in sorted(out.glob("shard-*")))
    assert len(table) == 10_920
    best = table.sort_values(["jigsaw", "index"], ascending=[False, True]).head(3)
    found = json.loads(run("top", out, "--task", "jigsaw", "-n", "3", "--json").stdout)
    assert [row["arch"] for row in found] == best["arch"].tolist()
    rows = list(csv.DictReader(io.StringIO(run("top", out, "-t", "jigsaw", "-n", "3", "--csv").stdout)))
    assert [row["arch"] for row in rows] == best["arch"].tolist()
    assert run("top", out, "-n", "1").stdout.endswith("Best of 10,920 rows.\n")


def test_as_many_of_the_best_are_shown_as_are_kept(model: Path, tmp_path: Path) -> None:
    few = ("--space", "transnas101-macro", "--modules", "1-3", "--top", "5")
    assert run("predict", model, *few, "--out", tmp_path / "out").exit_code == 0
    found = json.loads(run("top", tmp_path / "out", "--task", "jigsaw", "--json").stdout)
    assert [row["rank"] for row in found] == [1, 2, 3, 4, 5]


def test_the_rows_are_those_of_predict(model: Path, tmp_path: Path) -> None:
    assert (
        run("predict", model, "--space", "transnas101-macro", "--modules", "2", "--out", tmp_path / "out").exit_code
        == 0
    )
    (row,) = csv.DictReader(io.StringIO(run("predict", model, "64-23-basic").stdout))
    table = pd.read_parquet(tmp_path / "out" / "shard-1-of-1.parquet").set_index("arch")
    assert table.loc["64-23-basic", "jigsaw"] == pytest.approx(float(row["jigsaw"]), rel=1e-6)
    assert table.loc["64-23-basic", "room_layout_std"] == pytest.approx(float(row["room_layout_std"]), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "expected one or more architectures, -, or --space, got none"),
        ((CELL, "--space", "nasbench201"), 2, "expected either architectures or --space, got both"),
        ((CELL, "--top", "3", "--modules", "2"), 2, "expected --space with --modules, --top, got architectures"),
        (("--space", "nasbench201"), 2, "expected a folder with --space, got none"),
        (("--space", "nasbench202", "--out", "out"), 2, "did you mean 'nasbench201'"),
        ((*SPACE, "--out", "out", "--shards", "5/4"), 2, "expected a number of shards, or N/M with N from 1 to M"),
        ((*SPACE, "--out", "out", "--shards", "many"), 2, "got 'many'"),
        ((*SPACE, "--out", "out", "--halvings", "3-1"), 2, "halvings, got 3 to 1"),
        ((*SPACE, "--out", "out", "--doublings", "x"), 2, "expected MIN-MAX or one number, got 'x'"),
        (("--space", "transnas101-macro", "--widths", "64", "--out", "out"), 2, "expected modules with widths"),
        ((*SPACE[:4], "--widths", "6.4", "--out", "out"), 2, "expected comma-separated numbers, got '6.4'"),
        (("--space", "nasbench201", "--out", "out"), 2, "expected rows of transnas101-macro, the space of the model"),
    ],
)
def test_bad_input_is_told(
    arguments: tuple[str, ...], code: int, message: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = run("predict", model, *arguments)
    assert found.exit_code == code
    assert message in " ".join(found.stderr.split())
    assert not (tmp_path / "out").exists()


def test_a_folder_of_other_predictions_is_left_alone(model: Path, tmp_path: Path) -> None:
    common = ("predict", model, *SPACE, "--out", tmp_path / "out")
    assert run(*common, "--shards", "1/2").exit_code == 0
    found = run(*common, "--shards", "3")
    assert (found.exit_code, "shards was 2 and is now 3" in found.stderr) == (1, True)
    assert run("top", tmp_path / "none").exit_code == 1
    assert "got both" in run("top", tmp_path / "out", "--json", "--csv").stderr
    assert run("top", tmp_path / "out", "--task", "jigsaws").exit_code == 2
