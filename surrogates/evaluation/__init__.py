"""Evaluation of predictors on held-out architectures: held-out runs, leaderboard, transfer, pre-training.

Names are imported when first used. The functions `leaderboard` and `transfer_matrix` are in the modules of that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.facade import lazy_facade

if TYPE_CHECKING:
    from surrogates.evaluation.agreement import Agreement as Agreement
    from surrogates.evaluation.held_out import evaluate as evaluate
    from surrogates.evaluation.held_out import held_out_runs as held_out_runs
    from surrogates.evaluation.held_out import held_out_scores as held_out_scores
    from surrogates.evaluation.held_out import means_over_seeds as means_over_seeds
    from surrogates.evaluation.leaderboard import standings as standings
    from surrogates.evaluation.pretraining import Experiment as Experiment
    from surrogates.evaluation.pretraining import pretraining_gain as pretraining_gain
    from surrogates.evaluation.pretraining import run_experiment as run_experiment
    from surrogates.evaluation.pretraining_config import load_experiment as load_experiment
    from surrogates.evaluation.transfer_matrix import TransferMatrix as TransferMatrix

__all__, __getattr__, __dir__ = lazy_facade(__name__)
