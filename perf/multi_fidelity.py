"""What stopping trainings early saves: regret against simulated training time, on measured curves.

    python perf/multi_fidelity.py --seeds 10

Architectures are drawn at random (Optuna's RandomSampler) from those of `perf/rooms_mini/room_layout.jsonl.gz`, all of
whose epochs were measured, with their times. They are trained to the end, or until a pruner of Optuna stops them. After
a share of the time that all trainings of the space take, the regret is the distance of the best architecture that was
trained to the end (of one drawn at random, as long as none was) from the best of all, in standard deviations of the
final values.
"""

from __future__ import annotations

import argparse

import numpy as np
import optuna
from learning_curves import campaign_curves  # beside this file
from numpy.typing import NDArray

from benchmarks.table import Table
from surrogates import Oracle
from surrogates.search.adapters import OptunaTrainings

SHARES = (0.05, 0.1, 0.2, 0.4)
TASK = "room_layout"


def pruners(epochs: int) -> dict[str, optuna.pruners.BasePruner]:
    """Name -> pruner, each with Optuna's defaults but for the epochs of a training."""
    return {
        "to the end": optuna.pruners.NopPruner(),
        "median": optuna.pruners.MedianPruner(),
        "successive halving": optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
        "hyperband": optuna.pruners.HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=2),
    }


def regrets(table: Table, pruner: optuna.pruners.BasePruner, seed: int, trials: int) -> NDArray[np.float64]:
    """Regret after each share of the time, of shape (shares,)."""
    truth = table.to_frame()[TASK].to_numpy()
    whole = float(sum(table.value(arch, TASK, "time_elapsed") for arch in table.archs))
    oracle = Oracle.from_table(table)
    objective = OptunaTrainings(oracle, TASK)
    sampler = optuna.samplers.RandomSampler(seed)
    study = optuna.create_study(
        directions=objective.directions, sampler=sampler, pruner=pruner, study_name=f"seed {seed}"
    )
    found, best = np.full(len(SHARES), np.nan), float(truth.mean())
    for _ in range(trials):
        study.optimize(objective, n_trials=1)
        spent = oracle.queries.simulated_seconds / whole
        trial = study.get_trials(deepcopy=False)[-1]
        found[(np.array(SHARES) < spent) & np.isnan(found)] = truth.max() - best
        if spent > SHARES[-1]:
            break
        if trial.value is not None and trial.state.name == "COMPLETE":
            best = max(best, trial.value)
    found[np.isnan(found)] = truth.max() - best  # all that was drawn took less time
    return found / float(truth.std())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=150)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for space in ("transnas101-micro", "transnas101-macro"):
        table = campaign_curves("rooms_mini/room_layout").where(space=space)
        print(f"\n{space}: {len(table)} trainings, {options.seeds} seeds; mean regret after a share of their time")
        print(f"{'':20s}" + "".join(f"{share:>16.0%}" for share in SHARES))
        for name, pruner in pruners(table.logs[TASK].epochs).items():
            runs = np.array([regrets(table, pruner, seed, options.trials) for seed in range(options.seeds)])
            errors = runs.std(axis=0) / np.sqrt(len(runs))
            cells = [f"{mean:.2f} ± {error:.2f}" for mean, error in zip(runs.mean(axis=0), errors, strict=True)]
            print(f"{name:20s}" + "".join(f"{each:>16s}" for each in cells), flush=True)
