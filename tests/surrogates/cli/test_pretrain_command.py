"""``surrogates pretrain`` on small synthetic tables."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")

from benchmarks import get_space, save_table
from benchmarks.table import Table
from surrogates.models.boosted import BoostedSurrogate
from surrogates.models.graph.surrogate import GraphSurrogate
from tests.surrogates.cli.helpers import run
from tests.surrogates.small_models import small_defaults


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small_defaults(monkeypatch)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    archs = get_space("transnas101-micro").sample(50, rng=1)
    size = np.array([arch.count("3") + 0.5 * arch.count("2") for arch in archs])
    frame = pd.DataFrame({"arch": archs, "jigsaw": size, "normal": (size + np.sin(np.arange(50))) / 10, "mine": -size})
    (tmp_path / "tables").mkdir()
    save_table(Table.from_frame(frame), tmp_path / "tables" / "micro.csv")
    path = tmp_path / "experiment.json"
    target = {"table": "tables/micro.csv", "tasks": ["normal", "mine"]}
    entries = {"sources": [{"table": "tables/micro.csv"}], "target": target, "k": [16], "seeds": [0], "n_steps": 20}
    path.write_text(json.dumps(entries))
    return path


def _change(config: Path, **changes: Any) -> None:
    config.write_text(json.dumps({**json.loads(config.read_text()), **changes}))


def test_the_comparison_is_shown_and_kept(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    result = run("pretrain", config, "--out", out)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["task", "k", "pretrained", "scratch", "boosted", "gain", "over", "scratch"]
    assert [line.split()[:2] for line in lines[1:4]] == [["normal", "16"], ["mine", "16"], ["mean", "16"]]
    assert lines[4] == f"Wrote {out / 'results.csv'}: 6 runs on transnas101-micro."
    taus = pd.read_csv(out / "results.csv").set_index(["task", "method"])["tau"]
    expected = [taus["normal", method] for method in ("pretrained", "scratch", "boosted")]
    assert lines[1].split()[2:5] == [f"{tau:.3f}" for tau in expected]
    assert float(lines[1].split()[5]) == pytest.approx(expected[0] - expected[1], abs=5e-4)


def test_json_and_nothing_is_run_twice(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run("pretrain", config, "--out", tmp_path / "results", "--json")
    assert first.exit_code == 0, first.stderr
    found = json.loads(first.stdout)
    assert found["experiment"]["k"] == [16]
    assert [row["task"] for row in found["summary"]] == ["normal", "mine", "mean"]
    assert found["summary"][0]["gain"] == pytest.approx(
        found["summary"][0]["pretrained"] - found["summary"][0]["scratch"]
    )
    monkeypatch.setattr(GraphSurrogate, "fit", lambda *_: pytest.fail("ran again"))
    monkeypatch.setattr(BoostedSurrogate, "fit", lambda *_: pytest.fail("ran again"))
    again = run("pretrain", config, "--out", tmp_path / "results", "--json")
    assert again.stdout == first.stdout


def test_ctrl_c_keeps_what_is_done(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(BoostedSurrogate, "fit", interrupted)
    result = run("pretrain", config, "--out", tmp_path / "results")
    assert result.exit_code == 130
    assert len(pd.read_csv(tmp_path / "results" / "results.csv")) == 2
    names = sorted(path.name for path in (tmp_path / "results").iterdir())
    assert names == ["experiment.json", "pretrained.safetensors", "results.csv"]


def test_a_changed_config_is_refused(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GraphSurrogate, "pretrain", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    assert run("pretrain", config, "--out", tmp_path / "results").exit_code == 130
    _change(config, seeds=[0, 1])
    result = run("pretrain", config, "--out", tmp_path / "results")
    assert result.exit_code == 1
    assert "holds another experiment: seeds was 0 and is now 0, 1; choose another folder" in result.stderr


def test_bad_input_has_exit_codes(config: Path, tmp_path: Path) -> None:
    _change(config, step=3)
    result = run("pretrain", config, "--out", tmp_path / "results")
    assert result.exit_code == 2
    assert "'step'; did you mean 'n_steps'" in result.stderr
    assert run("pretrain", tmp_path / "no.json", "--out", tmp_path / "results").exit_code == 2
    assert not (tmp_path / "results").exists()


def test_without_torch_it_says_what_to_install(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "lightning", None)
    result = run("pretrain", config, "--out", tmp_path / "results")
    assert result.exit_code == 1
    assert "needs 'lightning', which is not installed: pip install " in result.stderr
