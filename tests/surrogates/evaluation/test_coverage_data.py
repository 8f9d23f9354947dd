"""90 % intervals after few labels of the published tables, on seeds that were not used to develop them."""

import numpy as np
import pytest

from benchmarks import load_table
from surrogates.evaluation.held_out import evaluate, held_out_runs
from surrogates.models.gaussian_process import GaussianProcessSurrogate
from surrogates.models.transfer.surrogate import TransferSurrogate

pytestmark = pytest.mark.data


@pytest.mark.parametrize("space", ["micro", "macro"])
def test_gaussian_process_at_32_labels(nas_data, space):
    """A seed's coverage, mean of seven tasks that err together, has a standard deviation of 0.05 on micro."""
    table = load_table(nas_data / f"transnas101/{space}_final.csv")
    found = evaluate(GaussianProcessSurrogate(), table, [32], range(100, 110))
    assert found["coverage"].mean() == pytest.approx(0.9, abs=0.03)


def test_transfer_at_16_labels(nas_data):
    table = load_table(nas_data / "transnas101/macro_final.csv")
    surrogate = TransferSurrogate(sources=table, n_jobs=1)  # each task from the six others
    runs = held_out_runs(table.to_frame(), {"transfer": surrogate}, [16], [100], one_task_at_a_time=True)
    found = [run["coverage"].item() for run in runs]
    assert np.mean(found) == pytest.approx(0.9, abs=0.06)  # one draw of 16 rows
