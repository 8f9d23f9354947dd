"""The folder of an experiment: what it is, the pre-trained network, and the runs that are done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.errors import ArtefactError
from benchmarks.files import claim_folder

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.evaluation.pretraining import Experiment

__all__ = ["RESULT_COLUMNS", "NETWORK", "RESULTS", "claim_experiment_folder", "finished"]

NETWORK, RESULTS = "pretrained.safetensors", "results.csv"
RESULT_COLUMNS = ["space", "task", "method", "k", "seed", "tau", "rho", "coverage"]
"""Of the results, one row a run."""
_SCORES = RESULT_COLUMNS[-3:]
_KEYS = ["task", "method", "k", "seed"]


def claim_experiment_folder(folder: Path, experiment: Experiment) -> None:
    """Make the folder that of this experiment, or check that it is.

    Raises:
        ArtefactError: If it holds another experiment, or its description is damaged.
        OSError: If it cannot be written.
    """
    claim_folder(folder, experiment.describe(), "experiment", {NETWORK, RESULTS}.__contains__, _short)


def finished(path: Path, experiment: Experiment) -> pd.DataFrame:
    """The rows that are done, in the order they were; no row if there is no file.

    Raises:
        ArtefactError: If the file does not hold rows of this experiment.
    """
    import pandas as pd

    if not path.exists():
        return pd.DataFrame(columns=RESULT_COLUMNS)
    again = "delete it to run everything again"
    try:
        frame = pd.read_csv(path, dtype={"task": str}, converters=dict.fromkeys(_SCORES, float), keep_default_na=False)
    except ValueError as error:  # pandas' own errors are ValueErrors
        raise ArtefactError(f"{str(path)!r} is damaged: {error}; {again}") from error
    if list(frame.columns) != RESULT_COLUMNS:
        raise ArtefactError(f"{str(path)!r} is damaged: expected the columns {', '.join(RESULT_COLUMNS)}; {again}")
    runs = set(experiment.runs())
    for row, key in enumerate(frame[list(_KEYS)].itertuples(index=False, name=None)):
        if key not in runs:
            raise ArtefactError(f"{str(path)!r} is damaged: row {row + 1} is no run of this experiment; {again}")
    return frame


def _short(value: Any) -> str:
    """A value of a description in a message; tables without their first digits of the hash would look the same."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "; ".join(map(_short, value))
    if isinstance(value, dict):
        spaces, tasks = ", ".join(value.get("spaces", [])), ", ".join(value.get("tasks", []))
        return f"{tasks} of {spaces} (SHA-256 {str(value.get('sha256'))[:8]})"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
