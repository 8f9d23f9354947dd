"""syne-tune with an oracle as its blackbox."""

import pytest
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend.simulator_backend.simulator_callback import SimulatorCallback
from syne_tune.blackbox_repository import UserBlackboxBackend
from syne_tune.optimizer.baselines import RandomSearch

from surrogates import Oracle
from surrogates.oracle.training_cost import training_seconds
from surrogates.search.adapters import SyneTuneBlackbox


def test_values_and_seconds(macro: Oracle) -> None:
    blackbox = SyneTuneBlackbox(macro, ["jigsaw", "normal"])
    config = blackbox.objectives.decisions.describe("64-2311-basic")
    seconds = sum(training_seconds(["64-2311-basic"], task)[0] for task in ("jigsaw", "normal"))
    expected = {task: macro("64-2311-basic", task) for task in ("jigsaw", "normal")}
    assert blackbox(config, fidelity=1) == pytest.approx({**expected, "elapsed_time": seconds})
    assert blackbox(config).tolist() == [pytest.approx([*expected.values(), seconds])]


def test_a_task_of_ones_own_takes_a_second() -> None:
    blackbox = SyneTuneBlackbox(lambda archs: [7.0] * len(archs), "mine", space="transnas101-micro")
    config = blackbox.objectives.decisions.describe("64-41414-3_33_333")
    assert blackbox(config, fidelity=1) == {"mine": 7.0, "elapsed_time": 1.0}


def test_two_workers_share_the_simulated_time(macro: Oracle) -> None:
    blackbox = SyneTuneBlackbox(macro, "jigsaw")
    tuner = Tuner(
        UserBlackboxBackend(blackbox, elapsed_time_attr="elapsed_time"),
        RandomSearch(blackbox.configuration_space, metrics=["jigsaw"], do_minimize=False, random_seed=0),
        StoppingCriterion(max_num_trials_finished=12),
        n_workers=2,
        sleep_time=0,
        callbacks=[SimulatorCallback()],
        save_tuner=False,
        suffix_tuner_name=False,
    )
    tuner.run()
    assert tuner.tuning_status.num_trials_finished >= 12
    trials = tuner.tuning_status.get_dataframe().query("status == 'Completed'")
    archs = [blackbox.architecture(config) for config in trials.to_dict("records")]
    assert trials["jigsaw"].tolist() == [macro(arch, "jigsaw") for arch in archs]
    assert trials["elapsed_time"].tolist() == training_seconds(archs, "jigsaw").tolist()
