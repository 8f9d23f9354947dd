"""What a user's type checker makes of the estimators: `fit` and its like return what they were called on."""

import subprocess
import sys
from pathlib import Path

import pytest

import surrogates

PROGRAM = """
from encoders import GraphFeatures
from surrogates import EnsembleSurrogate, GraphSurrogate

archs = ["64-2311-basic", "64-1234-basic"]
reveal_type(EnsembleSurrogate().fit(archs, [1.0, 2.0]).weights_)
reveal_type(GraphSurrogate().load_pretraining("file").finetune(archs, [1.0, 2.0]))
reveal_type(GraphFeatures().fit(archs))
"""


def test_fit_returns_the_estimator_itself(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "user.py").write_text(PROGRAM)
    root = Path(surrogates.__file__).parents[1]  # the cache of the gate's own run of mypy is used where there is one
    command = [sys.executable, "-m", "mypy", "--no-error-summary", str(tmp_path / "user.py")]
    said = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False).stdout
    kinds = [
        "numpy.ndarray",
        "surrogates.models.graph.surrogate.GraphSurrogate",
        "encoders.graph_features.GraphFeatures",
    ]
    for line, kind in zip(said.splitlines(), kinds, strict=True):
        assert f'note: Revealed type is "{kind}' in line
