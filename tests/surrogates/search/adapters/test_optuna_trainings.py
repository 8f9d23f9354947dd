"""Optuna's pruners on trainings of a table and of learning curves."""

import numpy as np
import optuna
import pytest

from benchmarks import get_space
from benchmarks.errors import TableError
from benchmarks.table import Table
from surrogates import Oracle
from surrogates.search.adapters import OptunaTrainings

ARCHS = get_space("transnas101-macro").sample(60, rng=0)
LEVEL = np.array([10.0 + sum(map(int, arch.split("-")[1])) for arch in ARCHS])
CURVES = LEVEL[:, None] * np.linspace(0.2, 1.0, 9)


@pytest.fixture
def oracle() -> Oracle:
    seconds = np.tile(np.arange(1.0, 10.0), (60, 1))
    return Oracle.from_table(Table.from_logs(ARCHS, {"jigsaw": {"valid_top1": CURVES, "time_elapsed": seconds}}))


@pytest.mark.parametrize(
    "pruner",
    [
        optuna.pruners.MedianPruner(n_startup_trials=3),
        optuna.pruners.HyperbandPruner(min_resource=1, max_resource=9, reduction_factor=3),
        optuna.pruners.SuccessiveHalvingPruner(),
    ],
    ids=lambda pruner: type(pruner).__name__,
)
def test_pruners_stop_trainings_that_fall_behind(oracle: Oracle, pruner: optuna.pruners.BasePruner) -> None:
    objective = OptunaTrainings(oracle, "jigsaw")
    assert objective.epochs == 9
    study = optuna.create_study(
        directions=objective.directions, sampler=optuna.samplers.RandomSampler(0), pruner=pruner, study_name="fixed"
    )
    study.optimize(objective, n_trials=40)
    kinds = {state: [trial for trial in study.trials if trial.state.name == state] for state in ("COMPLETE", "PRUNED")}
    assert len(kinds["COMPLETE"]) + len(kinds["PRUNED"]) == 40
    assert kinds["COMPLETE"]
    assert kinds["PRUNED"]
    trained: dict[str, int] = {}
    for trial in study.trials:
        arch = trial.user_attrs["arch"]
        row = ARCHS.index(arch)
        steps = sorted(trial.intermediate_values)
        assert steps == list(range(1, len(steps) + 1))
        assert [trial.intermediate_values[step] for step in steps] == CURVES[row, : len(steps)].tolist()
        trained[arch] = max(trained.get(arch, 0), len(steps))
    finished, stopped = (np.mean([LEVEL[ARCHS.index(t.user_attrs["arch"])] for t in kind]) for kind in kinds.values())
    assert finished > stopped
    assert oracle.queries.simulated_seconds == sum(trained.values()), "a second for each epoch that was trained"
    assert oracle.queries.simulated_seconds < 9 * len(trained)


def test_without_a_pruner_all_trainings_end(oracle: Oracle) -> None:
    objective = OptunaTrainings(oracle, "jigsaw")
    study = optuna.create_study(
        directions=objective.directions, sampler=optuna.samplers.RandomSampler(0), pruner=optuna.pruners.NopPruner()
    )
    study.optimize(objective, n_trials=5)
    assert [trial.value for trial in study.trials] == [oracle(t.user_attrs["arch"], "jigsaw") for t in study.trials]


def test_an_oracle_without_epochs_is_refused(macro: Oracle) -> None:
    with pytest.raises(TableError, match="jigsaw: expected a table with every epoch"):
        OptunaTrainings(macro, "jigsaw")
    with pytest.raises(TypeError, match="expected an Oracle as oracle"):
        OptunaTrainings(macro.table, "jigsaw")  # type: ignore[arg-type]
    table = Table.from_logs(ARCHS, {"jigsaw": {"valid_top1": CURVES}})
    objective, study = OptunaTrainings(Oracle.from_table(table), "jigsaw"), optuna.create_study(direction="minimize")
    with pytest.raises(ValueError, match="directions"):
        study.optimize(objective, n_trials=1)
