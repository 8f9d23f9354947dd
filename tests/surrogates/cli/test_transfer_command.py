"""``surrogates transfer`` on a small synthetic table."""

import importlib.util
import itertools
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks import get_space, save_table
from benchmarks.table import Table
from encoders import Costs
from surrogates.cli import output
from surrogates.cli import transfer as module
from surrogates.evaluation import transfer_matrix
from surrogates.evaluation.transfer_matrix import ALL_OTHERS, TransferMatrix
from surrogates.models.transfer.surrogate import TransferSurrogate
from tests.surrogates.cli.helpers import QUICK, run


@pytest.fixture
def small_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = TransferSurrogate.__init__.__kwdefaults__
    monkeypatch.setattr(TransferSurrogate.__init__, "__kwdefaults__", {**defaults, **QUICK, "n_jobs": 1})


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replacement that fits nothing: tau grows with the number of labels and of sources."""

    def runs(values: pd.DataFrame, methods: dict[str, Any], k: list[int], seeds: list[int], *_: object) -> Any:
        for n, seed in itertools.product(k, seeds):
            for method in methods:
                sources = {next(iter(methods)): 0, ALL_OTHERS: 2}.get(method, 1)  # the baseline comes first
                tau = 0.3 + 0.01 * n + 0.1 * sources + 0.01 * (method in ("long", ALL_OTHERS)) + 0.02 * seed * sources
                yield pd.DataFrame(
                    {"method": [method], "n_train": n, "seed": seed, "task": values.columns[0], "tau": tau}
                )

    monkeypatch.setattr(transfer_matrix, "held_out_runs", runs)


@pytest.fixture(scope="module")
def related(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80 skeletons; two tasks with opposite order, and a third task."""
    archs = get_space("transnas101-macro").sample(80, rng=0)
    size = Costs().fit_transform(archs)[:, 0]
    length = [len(arch) for arch in archs]
    path = tmp_path_factory.mktemp("tables") / "related.csv"
    frame = pd.DataFrame({"arch": archs, "large": size, "small": -size, "long": length})
    save_table(Table.from_frame(frame), path)
    return path


@pytest.mark.usefixtures("small_boosted", "small_transfer")
def test_a_related_task_is_transferred(related: Path, tmp_path: Path) -> None:
    options = ["--k", "12", "--seeds", "0", "--task", "large", "--task", "small", "--out", tmp_path / "map"]
    result = run("transfer", related, *options, "--json")
    assert result.exit_code == 0, result.stderr
    row = json.loads(result.stdout)["results"][0]
    assert row["tau"] > 0.9
    assert row["gain"] > 0


@pytest.mark.usefixtures("made_up")
def test_the_matrix_is_shown_and_written(related: Path, tmp_path: Path) -> None:
    result = run("transfer", related, "--k", "12,24", "--seeds", "0", "--out", tmp_path / "map")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "k = 12"
    assert [line.split()[0] for line in lines[2:6]] == ["large", "small", "long", "mean"]
    assert lines[6] == "k = 24"
    frame = pd.read_csv(tmp_path / "map" / "transfer.csv")
    assert len(frame) == 3 * 3 * 2
    assert lines[1].split() == ["target", "all", "others", "no", "transfer", "gain", "best", "single", "source"]
    assert lines[2].split() == ["large", "0.630", "0.420", "+0.210", "0.530", "long"]
    assert lines[8].split()[1:3] == ["0.750", "0.540"]
    files = sorted(path.name for path in (tmp_path / "map").iterdir())
    assert len(files) == 1 + 2 * (1 + 2 * 2)
    assert "transfer_gain_24.png" in files
    assert lines[-1] == f"Wrote {tmp_path / 'map'}: {len(files)} files."
    assert [path.name for path in tmp_path.iterdir()] == ["map"]


@pytest.mark.usefixtures("made_up")
def test_several_seeds_are_shown_with_their_spread(related: Path, tmp_path: Path) -> None:
    result = run("transfer", related, "--k", "12", "--seeds", "0,1,2", "--out", tmp_path / "map")
    assert result.exit_code == 0, result.stderr
    line = " ".join(result.stdout.splitlines()[2].split())
    assert line == "large 0.670 ± 0.040 0.420 ± 0.000 +0.250 ± 0.040 0.550 long"


@pytest.mark.usefixtures("made_up")
def test_json_of_two_tasks_and_an_older_matrix_is_replaced(
    related: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "can_plot", lambda: False)
    out = tmp_path / "map"
    out.mkdir()
    (out / "transfer_gain_99.png").write_text("old")
    (out / "notes.txt").write_text("mine")
    options = ["--k", "12", "--seeds", "0,1", "--task", "large", "--task", "small", "--out", out, "--json"]
    result = run("transfer", related, *options)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["k"], found["seeds"], found["space"]) == ([12], [0, 1], "transnas101-macro")
    assert [row["target"] for row in found["results"]] == ["large", "small", "mean"]
    matrix = TransferMatrix(pd.read_csv(out / "transfer.csv")).matrix("tau", 12)
    assert found["results"][0]["tau"] == pytest.approx(matrix.loc["small", "large"])
    assert found["results"][0]["best_source"] == "small"
    names = {Path(path).name for path in found["files"]}
    assert {path.name for path in out.iterdir()} == names | {"notes.txt"}
    assert (out / "notes.txt").read_text() == "mine"


@pytest.mark.usefixtures("made_up")
def test_without_matplotlib_it_says_what_to_install(
    related: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(output, "find_spec", lambda name: None if name == "matplotlib" else real(name))
    options = ["--k", "12", "--seeds", "0", "--task", "large", "--task", "small", "--out", tmp_path / "map"]
    result = run("transfer", related, *options)
    assert result.exit_code == 0, result.stderr
    assert "(no figure without matplotlib: pip install " in result.stdout.splitlines()[-1]
    assert not list((tmp_path / "map").glob("*.png"))


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize("where", ["fit", "save"])
def test_ctrl_c_leaves_nothing(related: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    if where == "fit":
        monkeypatch.setattr(transfer_matrix, "held_out_runs", interrupt)
    else:
        monkeypatch.setattr(TransferMatrix, "matrix", interrupt)  # in the middle of the files
    options = ["--k", "12", "--seeds", "0", "--task", "large", "--task", "small", "--out", tmp_path / "map"]
    monkeypatch.setattr(module, "can_plot", lambda: False)
    result = run("transfer", related, *options)
    assert result.exit_code == 130
    assert list(tmp_path.iterdir()) == []


def test_bad_input_is_refused_before_the_work(related: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TransferSurrogate, "fit", lambda *_: pytest.fail("worked first"))
    result = run("transfer", related, "--k", "12,80", "--out", tmp_path / "map")
    assert result.exit_code == 2
    assert "from 1 to 79" in result.stderr
    result = run("transfer", related, "--k", "many", "--out", tmp_path / "map")
    assert result.exit_code == 2
    result = run("transfer", related, "--k", "12", "--task", "large", "--out", tmp_path / "map")
    assert result.exit_code == 2
    assert "at least two tasks" in result.stderr
    result = run("transfer", related, "--out", related / "map")
    assert result.exit_code == 1
    assert "is not a writable directory" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_matrix_is_not_replaced(table_file: Path, tmp_path: Path) -> None:
    (tmp_path / "transfer.csv").write_text("my precious\n")
    result = run("transfer", table_file, "--k", "16", "--seeds", "0", "--out", tmp_path)
    assert result.exit_code == 1
    assert f"{tmp_path / 'transfer.csv'} is not a transfer matrix and would be overwritten" in result.stderr
    assert (tmp_path / "transfer.csv").read_text() == "my precious\n"
