"""syne-tune's ASHA on trainings with epochs."""

import numpy as np
import pytest
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend.simulator_backend.simulator_callback import SimulatorCallback
from syne_tune.blackbox_repository import UserBlackboxBackend
from syne_tune.optimizer.baselines import ASHA

from benchmarks import get_space
from benchmarks.errors import TableError
from benchmarks.table import Table
from surrogates import Oracle
from surrogates.search.adapters import SyneTuneTrainings

ARCHS = get_space("transnas101-macro").sample(60, rng=0)
LEVEL = np.array([10.0 + sum(map(int, arch.split("-")[1])) for arch in ARCHS])
CURVES = LEVEL[:, None] * np.linspace(0.2, 1.0, 9)
TIMES = np.tile(10.0 * np.arange(1, 10), (60, 1))


def oracle(times: bool = True) -> Oracle:
    elapsed = {"time_elapsed": TIMES} if times else {}
    return Oracle.from_table(Table.from_logs(ARCHS, {"jigsaw": {"valid_top1": CURVES, **elapsed}}))


def test_values_and_seconds_after_every_epoch() -> None:
    blackbox = SyneTuneTrainings(oracle(), "jigsaw")
    config = blackbox.objectives.decisions.describe(ARCHS[0])
    assert blackbox(config, fidelity=4) == {"jigsaw": CURVES[0, 3], "elapsed_time": 40.0}
    assert blackbox(config).tolist() == np.column_stack([CURVES[0], TIMES[0]]).tolist()
    assert blackbox.fidelity_values.tolist() == list(range(1, 10))


def test_asha_stops_early() -> None:
    blackbox = SyneTuneTrainings(oracle(), "jigsaw")
    scheduler = ASHA(
        blackbox.configuration_space, "jigsaw", "epoch", max_t=blackbox.epochs, do_minimize=False, random_seed=0
    )
    tuner = Tuner(
        UserBlackboxBackend(blackbox, elapsed_time_attr="elapsed_time"),
        scheduler,
        StoppingCriterion(max_num_trials_started=30),
        n_workers=2,
        sleep_time=0,
        callbacks=[SimulatorCallback()],
        save_tuner=False,
        suffix_tuner_name=False,
    )
    tuner.run()
    found = tuner.tuning_status.get_dataframe().query("epoch >= 1")  # others have just begun
    trained = found["epoch"].to_numpy(dtype=int)
    assert (trained < 9).any()
    assert (trained == 9).any()
    rows = [ARCHS.index(blackbox.architecture(config)) for config in found.to_dict("records")]
    assert found["jigsaw"].tolist() == [CURVES[row, epoch - 1] for row, epoch in zip(rows, trained, strict=True)]
    assert LEVEL[rows][trained == 9].mean() > LEVEL[rows][trained == 1].mean()


def test_an_oracle_without_epochs_is_refused(macro: Oracle) -> None:
    with pytest.raises(TableError, match="jigsaw: expected a table with every epoch"):
        SyneTuneTrainings(macro, "jigsaw")
    with pytest.raises(TypeError, match="expected an Oracle as oracle"):
        SyneTuneTrainings(len, "jigsaw")  # type: ignore[arg-type]
