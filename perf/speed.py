"""Speed of encoding, prediction, fitting, the oracle and the command line.

Times are on this machine, with the number of cores printed first; ratios compare with a baseline timed in the same run.

    python perf/speed.py            # all measurements, about a minute, offline
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from naive_graph_features import naive_features

from benchmarks import get_space
from encoders import GraphFeatures
from surrogates import BoostedSurrogate, Oracle
from surrogates.pretrained import load_pretrained

MICRO = get_space("transnas101-micro")
ARCHS = list(MICRO)


def best_of(call: Callable[[], object], repeats: int = 5) -> float:
    """Minimum wall time of a call over `repeats`, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def encoding() -> str:
    """GraphFeatures on the whole space against the naive loop (timed on every eighth architecture)."""
    features = GraphFeatures().fit(ARCHS)
    ours = best_of(lambda: features.transform(ARCHS), repeats=10)
    loop = 8 * best_of(lambda: [naive_features(arch) for arch in ARCHS[::8]])
    return f"encode 4,096 cells            {1e3 * ours:8.0f} ms   {loop / ours:6.0f} x faster than a networkx loop"


def prediction() -> str:
    """Predict the whole space and all tasks with a bundled surrogate, including encoding."""
    surrogate = load_pretrained(MICRO.name)
    surrogate.predict(ARCHS[:10])
    seconds = best_of(lambda: surrogate.predict(ARCHS))
    return f"predict 4,096 x 7             {1e3 * seconds:8.0f} ms"


def fitting() -> str:
    """Fit seven tasks at n = 400, including calibration (the labels are predictions of the bundled surrogate)."""
    train = MICRO.sample(400, rng=0)
    labels = load_pretrained(MICRO.name).predict(train)
    seconds = best_of(lambda: BoostedSurrogate(random_state=0).fit(train, labels), repeats=2)
    return f"fit 7 tasks, n = 400          {1e3 * seconds:8.0f} ms"


def warm_oracle() -> str:
    """Cached calls of `oracle(arch, task)` against a look-up in a dict of the same keys."""
    oracle = Oracle.from_pretrained(MICRO.name)
    archs = MICRO.sample(1000, rng=0)
    values = {(arch, "jigsaw"): oracle(arch, "jigsaw") for arch in archs}
    ours = best_of(lambda: [oracle(arch, "jigsaw") for arch in archs], repeats=20) / len(archs)
    plain = best_of(lambda: [values[arch, "jigsaw"] for arch in archs], repeats=20) / len(archs)
    return f"warm oracle(arch, task)       {1e9 * ours:8.0f} ns   {ours / plain:6.1f} x a dict look-up"


def cold_lookup() -> str:
    """``surrogates lookup`` including process start, against importing two libraries that it does not need."""
    command = [str(Path(sys.executable).with_name("surrogates")), "lookup", ARCHS[-1]]
    imports = [sys.executable, "-c", "import pandas, xgboost"]
    ours = best_of(lambda: subprocess.run(command, check=True, capture_output=True))
    theirs = best_of(lambda: subprocess.run(imports, check=True))
    return f"surrogates lookup             {1e3 * ours:8.0f} ms   {ours / theirs:6.2f} x 'import pandas, xgboost'"


if __name__ == "__main__":
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, numpy {np.__version__}")
    for measure in (encoding, prediction, fitting, warm_oracle, cold_lookup):
        print(measure(), flush=True)
