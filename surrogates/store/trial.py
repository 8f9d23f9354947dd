"""Loading of an artefact in a process of its own, for artefacts of strangers: `try_artefact`.

XGBoost's loader is native code: on a model that was made to harm, it may end its process. Here that process is a child.
"""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from benchmarks.errors import ArtefactError
from benchmarks.files import kind_of_file
from benchmarks.limits import SHOWN
from surrogates.store.artefact import read_metadata
from surrogates.store.save import KIND

__all__ = ["LoadReport", "load_and_predict", "try_artefact"]

_ARCHS = 8
_SECONDS = 300.0
_CODE = """
import json, pickle, sys
sys.path[:] = json.loads(sys.argv[1])
if space := sys.stdin.buffer.read():
    from benchmarks.spaces.registry import register_again
    register_again(pickle.loads(space))
from surrogates.store.trial import load_and_predict
load_and_predict(sys.argv[2])
"""


class LoadReport(NamedTuple):
    """The result of loading an artefact and predicting with it.

    Attributes:
        ok: Whether it loads and predicts.
        detail: One line: what it is, or why it fails.
    """

    ok: bool
    detail: str


def try_artefact(directory: str | Path, seconds: float = _SECONDS) -> LoadReport:
    """Load a stored surrogate and predict with it, in a child process, which knows the space if this one does.

    Args:
        directory: Folder written by `save_surrogate`.
        seconds: Time after which the child is ended.

    Returns:
        The result, also if the child crashed.

    Example:
        >>> try_artefact("/no/such/folder")
        LoadReport(ok=False, detail='expected a directory with a stored surrogate, got nothing')
    """
    if (kind := kind_of_file(directory)) != "a folder":
        return LoadReport(False, f"expected a directory with a stored surrogate, got {kind}")
    command = [sys.executable, "-c", _CODE, json.dumps(sys.path), str(directory)]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=seconds, input=_pickled_space(directory), check=False
        )
    except subprocess.TimeoutExpired:
        return LoadReport(False, f"did not load and predict within {seconds:g} s")
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        return LoadReport(False, f"the process that loaded it was ended by {name}: do not load it")
    lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
    if done.returncode or not lines:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["the process said nothing"]
    return LoadReport(not done.returncode, f"{' '.join(lines[-1].split()):.{3 * SHOWN}}")


def _pickled_space(directory: str | Path) -> bytes:
    """The space of the artefact, if it is one of the user's own that is registered here."""
    from benchmarks.spaces.registry import list_spaces, own_space

    try:
        name = read_metadata(directory, KIND).get("space")
    except ArtefactError:  # the child says so
        return b""
    space = own_space(name) if isinstance(name, str) and name in list_spaces() else None
    return b"" if space is None else pickle.dumps(space)


def load_and_predict(directory: str) -> None:
    """Load a surrogate, predict some architectures of its space, and print a line; the program of the child.

    Raises:
        SystemExit: With status 1 if it cannot be loaded, or its predictions are not numbers.

    Example:
        >>> load_and_predict("/no/such/folder")
        Traceback (most recent call last):
        ...
        SystemExit: 1
    """
    import numpy as np

    from benchmarks.spaces.registry import get_space
    from surrogates.store.load import load_surrogate

    try:
        surrogate = load_surrogate(directory)
        space = get_space(surrogate.space_)
        mean, std = surrogate.predict(space.sample(min(_ARCHS, len(space)), rng=0), return_std=True)
        if not (np.isfinite(mean).all() and np.isfinite(std).all()):
            raise ValueError("expected finite predictions, got others")
    except Exception as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        raise SystemExit(1) from None
    sys.stdout.write(
        f"loads and predicts: {type(surrogate).__name__} of {space.name}, {len(surrogate.tasks_)} "
        f"task{'s' * (len(surrogate.tasks_) != 1)}\n"
    )
