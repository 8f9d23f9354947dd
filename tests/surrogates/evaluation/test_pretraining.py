"""Experiments: what is learned, what is compared, and how an interrupted one goes on."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")

from benchmarks import ArtefactError, TableError, TableNotFoundError, UnknownNameError, get_space, save_table
from benchmarks.metrics import kendall_tau
from benchmarks.table import Table
from surrogates.evaluation.pretraining import METHODS, Experiment, experiment_runs, pretraining_gain, run_experiment
from surrogates.evaluation.pretraining_config import load_experiment
from surrogates.models.boosted import BoostedSurrogate
from surrogates.models.graph.surrogate import GraphSurrogate
from tests.surrogates.small_models import SMALL_BOOSTED, small_defaults


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small_defaults(monkeypatch)


@pytest.fixture(scope="module")
def micro() -> Table:
    """60 cells, two tasks; the second was not measured everywhere."""
    archs = get_space("transnas101-micro").sample(60, rng=1)
    size = np.array([arch.count("3") + 0.5 * arch.count("2") for arch in archs])
    late = np.where(np.arange(60) % 5 == 0, np.nan, (size + np.sin(np.arange(60))) / 10)
    return Table.from_frame(pd.DataFrame({"arch": archs, "jigsaw": size, "normal": late}))


@pytest.fixture(scope="module")
def macro() -> Table:
    archs = get_space("transnas101-macro").sample(30, rng=1)
    return Table.from_frame(pd.DataFrame({"arch": archs, "jigsaw": [float(len(arch)) for arch in archs]}))


@pytest.fixture
def experiment(micro: Table, macro: Table) -> Experiment:
    return Experiment((micro, macro), micro.where(tasks=["normal"]), k=(8, 16), seeds=(0,), n_steps=20)


def test_target_tasks_are_no_sources_on_their_own_space(micro: Table, macro: Table) -> None:
    experiment = Experiment((micro, macro), micro.where(tasks=["jigsaw"]), (8,), (0,))
    assert [(table.space.name, table.tasks) for table in experiment.datasets()] == [
        ("transnas101-micro", ("normal",)),
        ("transnas101-macro", ("jigsaw",)),
    ]
    with pytest.raises(
        ValueError, match="expected sources other than the target, got only jigsaw, normal of transnas101-micro"
    ):
        Experiment((micro,), micro, (8,), (0,))


def test_bad_experiments_are_refused(micro: Table, macro: Table) -> None:
    with pytest.raises(ValueError, match=r"from 1 to 59 .* got 60"):
        Experiment((macro,), micro, (8, 60), (0,))
    with pytest.raises(ValueError, match="at least one of seeds"):
        Experiment((macro,), micro, (8,), ())
    with pytest.raises(ValueError, match="n_steps >= 1, got 0"):
        Experiment((macro,), micro, (8,), (0,), n_steps=0)
    with pytest.raises(UnknownNameError, match="did you mean 'head'"):
        Experiment((macro,), micro, (8,), (0,), update="heads")  # type: ignore[arg-type]
    both = Table.from_frame(pd.concat([micro.to_frame(), macro.to_frame()]).reset_index())
    with pytest.raises(TableError, match="one search space"):
        Experiment((macro,), both, (8,), (0,))


def test_every_method_on_the_rows_of_the_protocol(experiment: Experiment, micro: Table, tmp_path: Path) -> None:
    found = run_experiment(experiment, tmp_path / "new" / "folder")
    assert found.columns.tolist() == ["space", "task", "method", "k", "seed", "tau", "rho", "coverage"]
    assert found["method"].tolist() == [*METHODS, *METHODS]
    assert found.loc[found["k"] == 16, "tau"].notna().all()
    order = np.random.default_rng(0).permutation(60)
    values = micro.to_frame()["normal"]
    train, test = values.iloc[order[:16]].dropna(), values.iloc[order[16:]]
    boosted = BoostedSurrogate(**SMALL_BOOSTED, random_state=0).fit(list(train.index), train.to_numpy())
    row = found[(found["method"] == "boosted") & (found["k"] == 16)].iloc[0]
    assert row["tau"] == pytest.approx(kendall_tau(test.to_numpy(), boosted.predict(list(test.index))))
    assert (tmp_path / "new" / "folder" / "pretrained.safetensors").stat().st_size > 0
    names = {path.name for path in (tmp_path / "new" / "folder").iterdir()}
    assert names == {"experiment.json", "pretrained.safetensors", "results.csv"}
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "new" / "folder" / "results.csv"), found)


def test_an_interrupted_experiment_goes_on(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_experiment(experiment, tmp_path / "whole")
    runs = experiment_runs(experiment, tmp_path / "part")
    for _ in range(4):
        next(runs)
    runs.close()
    assert len(pd.read_csv(tmp_path / "part" / "results.csv")) == 4
    fitted: list[str] = []
    for surrogate in (BoostedSurrogate, GraphSurrogate):
        monkeypatch.setattr(surrogate, "fit", _counted(surrogate.fit, fitted))
    monkeypatch.setattr(GraphSurrogate, "pretrain", lambda *_, **__: pytest.fail("pre-trained again"))
    again = run_experiment(experiment, tmp_path / "part")
    assert fitted == ["GraphSurrogate", "BoostedSurrogate"]
    pd.testing.assert_frame_equal(again, whole)
    monkeypatch.setattr(GraphSurrogate, "load_pretraining", lambda *_: pytest.fail("nothing is left to do"))
    pd.testing.assert_frame_equal(run_experiment(experiment, tmp_path / "part"), whole)


def test_an_interrupted_pretraining_goes_on(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from surrogates.models.graph.training import GraphTraining

    whole = next(experiment_runs(experiment, tmp_path / "whole"))
    real = GraphTraining.training_step

    def interrupt(self: Any, batch: int, batch_idx: int) -> Any:
        if self.current_epoch == 1:
            raise KeyboardInterrupt
        return real(self, batch, batch_idx)

    longer = Experiment(experiment.sources, experiment.target, (8,), (0,), n_steps=40)
    monkeypatch.setattr(GraphTraining, "training_step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(longer, tmp_path / "part")
    assert list((tmp_path / "part" / "checkpoints").rglob("*.ckpt"))
    assert not (tmp_path / "part" / "results.csv").exists()
    steps: list[int] = []

    def counted(self: Any, batch: int, batch_idx: int) -> Any:
        steps.append(self.current_epoch)
        return real(self, batch, batch_idx)

    monkeypatch.setattr(GraphTraining, "training_step", counted)
    runs = experiment_runs(longer, tmp_path / "part")
    assert len(next(runs)) == len(whole) == 1
    assert steps[0] == 1, "the first epoch is not trained again"
    assert not (tmp_path / "part" / "checkpoints").exists()


def test_another_experiment_in_the_folder_is_refused(experiment: Experiment, macro: Table, tmp_path: Path) -> None:
    next(experiment_runs(experiment, tmp_path))
    changed = Experiment(experiment.sources, experiment.target, (8,), (0,), n_steps=20)
    with pytest.raises(ArtefactError, match="another experiment: k was 8, 16 and is now 8;"):
        run_experiment(changed, tmp_path)
    changed = Experiment((macro,), experiment.target, (8, 16), (0,), n_steps=20)
    with pytest.raises(ArtefactError, match="sources was jigsaw, normal of transnas101-micro"):
        run_experiment(changed, tmp_path)


def test_damage_is_named(experiment: Experiment, tmp_path: Path) -> None:
    next(experiment_runs(experiment, tmp_path))
    results = tmp_path / "results.csv"
    text = results.read_text()
    results.write_text(text.replace(",8,0,", ",9,0,"))
    with pytest.raises(ArtefactError, match="row 1 is not a run of this experiment"):
        run_experiment(experiment, tmp_path)
    results.write_text("arch,jigsaw\n")
    with pytest.raises(ArtefactError, match="expected the columns space, task"):
        run_experiment(experiment, tmp_path)
    results.write_text("")
    with pytest.raises(ArtefactError, match=r"results.csv' is damaged"):
        run_experiment(experiment, tmp_path)
    results.write_text(text)
    (tmp_path / "pretrained.safetensors").write_bytes(b"no")
    with pytest.raises(ArtefactError, match=r"pretrained.safetensors.*expected the weights"):
        run_experiment(experiment, tmp_path)
    (tmp_path / "experiment.json").write_text("[")
    with pytest.raises(ArtefactError, match=r"experiment.json' is damaged"):
        run_experiment(experiment, tmp_path)
    (tmp_path / "experiment.json").unlink()
    with pytest.raises(ArtefactError, match="but no experiment"):
        run_experiment(experiment, tmp_path)


def test_a_task_without_labels_in_the_training_rows_has_no_score(macro: Table, tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(30)
    values = np.linspace(0, 1, 30)
    values[order[:4]] = np.nan
    target = Table.from_frame(pd.DataFrame({"arch": macro.archs, "normal": values}))
    found = run_experiment(Experiment((macro,), target, (4,), (0,), n_steps=20), tmp_path)
    assert found[["tau", "rho", "coverage"]].isna().all(axis=None)
    pd.testing.assert_frame_equal(run_experiment(Experiment((macro,), target, (4,), (0,), n_steps=20), tmp_path), found)


def test_means_over_seeds_and_tasks() -> None:
    rows = [
        (task, method, 8, seed, base + bonus + 0.1 * seed)
        for task, base in (("b", 0.2), ("a", 0.4))
        for method, bonus in (("pretrained", 0.1), ("scratch", 0.0), ("boosted", 0.05))
        for seed in (0, 1)
    ]
    table = pretraining_gain(pd.DataFrame(rows, columns=["task", "method", "k", "seed", "tau"]))
    assert table["task"].tolist() == ["b", "a", "mean"]
    np.testing.assert_allclose(table["scratch"], [0.25, 0.45, 0.35])
    np.testing.assert_allclose(table["gain"], 0.1)
    np.testing.assert_allclose(table["scratch_sd"], 0.1 / np.sqrt(2))
    np.testing.assert_allclose(table["gain_sd"], 0.0, atol=1e-12)


# -- files ----------------------------------------------------------------------------------------------------------


def _write(path: Path, **changes: Any) -> Path:
    entries = {
        "sources": [{"table": "micro.csv"}],
        "target": {"table": "$TABLES/micro.csv", "tasks": ["normal"]},
        "k": [8],
        "seeds": [0, 1],
        **changes,
    }
    path.write_text(json.dumps({name: value for name, value in entries.items() if value is not None}))
    return path


@pytest.fixture
def folder(micro: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    save_table(micro, tmp_path / "micro.csv")
    monkeypatch.setenv("TABLES", str(tmp_path))
    return tmp_path


def test_a_config_is_read(folder: Path) -> None:
    config = _write(folder / "experiment.json", n_steps=30, label_free=False, update="adapter")
    found = load_experiment(config)
    assert (found.k, found.seeds, found.n_steps, found.label_free, found.update) == ((8,), (0, 1), 30, False, "adapter")
    assert found.target.tasks == ("normal",)
    assert [table.tasks for table in found.datasets()] == [("jigsaw",)]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib is new in Python 3.11")
def test_toml_says_the_same(folder: Path) -> None:
    path = folder / "experiment.toml"
    path.write_text(
        'k = [8]\nseeds = [0, 1]\nsources = [{table = "micro.csv"}]\n'
        '[target]\ntable = "${TABLES}/micro.csv"\ntasks = ["normal"]\n'
    )
    assert load_experiment(path).describe() == load_experiment(_write(folder / "experiment.json")).describe()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"seed": [0]}, UnknownNameError, r"entry of .*json: 'seed'; did you mean 'seeds'"),
        ({"k": None}, ValueError, r"json: expected an entry 'k', got sources, target, seeds"),
        ({"k": 8}, ValueError, "k: expected a list of integers, got 8"),
        ({"k": [True]}, ValueError, "k: expected integers from 1, got True"),
        ({"k": [100]}, ValueError, r"json: expected training sizes from 1 to 59 .* got 100"),
        ({"sources": []}, ValueError, "sources: expected a list of tables"),
        ({"sources": ["micro.csv"]}, ValueError, r"sources\[0\]: expected named entries, got 'micro.csv'"),
        ({"sources": [{"table": 3}]}, ValueError, r"sources\[0\]: table: expected a string, got 3"),
        ({"sources": [{"table": "mirco.csv"}]}, TableNotFoundError, r"sources\[0\]: no such file: .*mirco.csv"),
        ({"sources": [{"table": "micro.csv", "tasks": ["jigsau"]}]}, UnknownNameError, "did you mean 'jigsaw'"),
        ({"sources": [{"table": "micro.csv", "tasks": "jigsaw"}]}, ValueError, "tasks: expected a list of names"),
        ({"target": {"table": "$NOWHERE/a.csv"}}, ValueError, "target: .* variable NOWHERE is not set"),
        (
            {"target": {"table": "micro.csv"}},
            ValueError,
            "expected sources other than the target, got only jigsaw, normal",
        ),
        ({"label_free": 1}, ValueError, "label_free: expected true or false, got 1"),
        ({"n_steps": 0}, ValueError, "n_steps: expected integers from 1, got 0"),
        ({"update": "ful"}, UnknownNameError, "did you mean 'full'"),
    ],
)
def test_bad_configs_are_named(folder: Path, changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        load_experiment(_write(folder / "experiment.json", **changes))


def test_files_that_are_no_config(tmp_path: Path) -> None:
    path = tmp_path / "experiment.json"
    path.write_text("{")
    with pytest.raises(ValueError, match=r"experiment.json: expected JSON, but"):
        load_experiment(path)
    path.write_text("[]")
    with pytest.raises(ValueError, match="expected named entries"):
        load_experiment(path)
    with pytest.raises(UnknownNameError, match=r"file ending '\.yaml'"):
        load_experiment(tmp_path / "experiment.yaml")


def _counted(fit: Any, fitted: list[str]) -> Any:
    def counted(self: Any, *arguments: Any) -> Any:
        fitted.append(type(self).__name__)
        return fit(self, *arguments)

    return counted
