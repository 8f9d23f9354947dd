"""Does pre-training help? Experiments from sources to a target, in files and folders.

Names are imported when first used, as in `surrogates`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_names

if TYPE_CHECKING:
    from surrogates.experiment.config import load_experiment
    from surrogates.experiment.experiment import Experiment, compare, run_experiment

__all__ = ["Experiment", "compare", "load_experiment", "run_experiment"]

__getattr__ = lazy_names(
    __name__,
    {
        "Experiment": "surrogates.experiment.experiment",
        "compare": "surrogates.experiment.experiment",
        "load_experiment": "surrogates.experiment.config",
        "run_experiment": "surrogates.experiment.experiment",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)
