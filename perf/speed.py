"""Speed of encoding, prediction, fitting, the oracle and the command line.

Times are on this machine, with the number of cores printed first; ratios compare with a baseline timed in the same run.

    python perf/speed.py            # all measurements, about a minute, offline
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from naive_graph_features import naive_features
from sklearn.ensemble import RandomForestRegressor

from benchmarks import get_space
from encoders import GraphFeatures
from surrogates import BoostedSurrogate, Oracle
from surrogates.models.trees import TreeModel
from surrogates.pretrained import load_pretrained

MICRO = get_space("transnas101-micro")
ARCHS = list(MICRO)


def best_of(call: Callable[[], object], repeats: int = 5, clock: Callable[[], float] = time.perf_counter) -> float:
    """Minimum time of a call over `repeats`, in seconds of wall time, or by another clock."""
    times = []
    for _ in range(repeats):
        start = clock()
        call()
        times.append(clock() - start)
    return min(times)


def encoding() -> str:
    """GraphFeatures on the whole space against the naive loop (timed on every eighth architecture)."""
    features = GraphFeatures().fit(ARCHS)
    ours = best_of(lambda: features.transform(ARCHS), repeats=10)
    loop = 8 * best_of(lambda: [naive_features(arch) for arch in ARCHS[::8]])
    return f"encode 4,096 cells            {1e3 * ours:8.0f} ms   {loop / ours:6.0f} x faster than a networkx loop"


def open_encoding() -> str:
    """GraphFeatures of open skeletons, 2 to 8 modules at four widths, each call of others, against the naive loop."""
    rng = np.random.default_rng(0)
    codes = dict.fromkeys(
        f"{rng.choice([16, 32, 64, 128])}-{''.join(map(str, rng.integers(1, 5, rng.integers(2, 9))))}-basic"
        for _ in range(30_000)
    )
    features, parts = GraphFeatures().fit(list(codes)[:1]), iter(np.array_split(list(codes), 5))
    n = len(codes) // 5
    ours = best_of(lambda: features.transform(next(parts).tolist())) / n
    loop = best_of(lambda: [naive_features(arch) for arch in ARCHS[::16]], repeats=2) / len(ARCHS[::16])
    return (
        f"encode open skeletons         {1 / ours:8,.0f} /s   {loop / ours:6.0f} x faster than a networkx loop on cells"
    )


def prediction() -> str:
    """Predict the whole space and all tasks with the bundled surrogate, including encoding, against two forests.

    The floor is the bare prediction of the surrogate's own XGBoost models on ready features, in as many threads; the
    random forest has 100 trees, all seven tasks in each leaf, on the same ready features.
    """
    surrogate = load_pretrained(MICRO.name)
    trees = next(member for member in surrogate.members_ if isinstance(member, BoostedSurrogate))
    distinct = list(dict.fromkeys(MICRO.simplify(ARCHS)))
    X = GraphFeatures().fit_transform(distinct)
    named = [model for member in trees.members_ for _, model in member.named_models()]
    models = [model.booster for model in named if isinstance(model, TreeModel)]

    def floor() -> None:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda booster: booster.inplace_predict(X), models))

    Y = surrogate.predict(distinct)
    forest = RandomForestRegressor(100, n_jobs=-1, random_state=0).fit(X, Y)
    surrogate.predict(ARCHS[:10])
    ours, bare = best_of(lambda: surrogate.predict(ARCHS)), best_of(floor)
    ready = best_of(lambda: forest.predict(X))
    cpu = [1e3 * best_of(call, clock=time.process_time) for call in (lambda: surrogate.predict(ARCHS), floor)]
    return (
        f"predict 4,096 x 7             {1e3 * ours:8.0f} ms   {ours / bare:6.1f} x its XGBoost models alone "
        f"({1e3 * bare:.0f} ms), {ours / ready:.1f} x a random forest ({1e3 * ready:.0f} ms); "
        f"CPU time {cpu[0]:.0f} ms, {cpu[0] / cpu[1]:.1f} x ({cpu[1]:.0f} ms)"
    )


def published_prediction() -> str:
    """``surrogates predict`` of 100,000 published strings, CPU time of the process, against copying its output."""
    rows = np.random.default_rng(0).integers(len(ARCHS), size=100_000)
    command = [str(Path(sys.executable).with_name("surrogates")), "predict", MICRO.name, "-"]
    given = "\n".join(ARCHS[row] for row in rows)

    def cpu(command: list[str], text: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, input=text, text=True, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    ours = min(cpu(command, given) for _ in range(3))
    idle = min(cpu([*command[:-1], ARCHS[0]], "") for _ in range(3))
    return f"predict 100,000 strings       {1e3 * ours:8.0f} ms   {ours / idle:6.1f} x predict of one string, CPU time"


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
    for measure in (encoding, open_encoding, prediction, published_prediction, fitting, warm_oracle, cold_lookup):
        print(measure(), flush=True)
