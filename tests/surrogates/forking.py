"""Programs for `test_forks`: use the package, fork, use it again in the child, and print what came of it.

``python -m tests.surrogates.forking NAME`` prints "NAME/step: same", "other" (than in the parent), "endless" or an
error, a line a step. They run as programs of their own, as the state of a process that forked is what they are about.
"""

import os
import pickle
import select
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import Table, get_space, load_table, save_table
from surrogates import (
    BoostedSurrogate,
    EnsembleSurrogate,
    GaussianProcessSurrogate,
    GraphSurrogate,
    Oracle,
    Surrogate,
    TransferSurrogate,
    load_surrogate,
)

LIMIT = 60.0  # seconds; on an idle core the slowest takes five
_PROGRAM = os.getpgrp()
SPACE = get_space("transnas101-macro")
ARCHS = SPACE.sample(60, rng=1)
ASKED = SPACE.sample(100, rng=2)
LABELS = pd.DataFrame(
    {
        "jigsaw": [50.0 + sum(map(int, arch.split("-")[1])) for arch in ARCHS],
        "normal": [len(arch) / 20 for arch in ARCHS],
    },
    index=ARCHS,
)


def in_child(work: Callable[[], Any]) -> Any:
    """What `work` returns in a forked child, or the string "endless", or the text of its exception.

    The child leads a process group: an endless one is killed with its own children, who would keep our output open.
    """
    readable, writable = os.pipe()
    outermost = os.getpgrp() == _PROGRAM
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.12 warns of forks of processes with threads, which this is about
        child = os.fork()
    if child == 0:
        if outermost:
            os.setpgrp()
        try:
            found = work()
        except BaseException:
            found = traceback.format_exc()
        with os.fdopen(writable, "wb") as stream:
            pickle.dump(found, stream)
        os._exit(0)
    os.close(writable)
    with os.fdopen(readable, "rb") as stream:
        ended = select.select([stream], [], [], LIMIT)[0]
        found = pickle.load(stream) if ended else "endless"
    if outermost and not ended:
        os.killpg(child, signal.SIGKILL)
    else:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return found


def compare(step: str, work: Callable[[], Any], tolerance: float = 1e-6) -> None:
    """Do `work` here, then in a child, and print whether the child found the same."""
    report(step, work(), in_child(work), tolerance)


def report(step: str, here: Any, there: Any, tolerance: float = 1e-6) -> None:
    """Print whether two results are the same; the last bits may depend on the number of threads."""
    if isinstance(there, str):
        said = there.strip()
    else:
        said = "same" if np.allclose(here, there, rtol=tolerance, atol=0, equal_nan=True) else "other"
    print(f"{step}: {said}", flush=True)


def fitted_twice(make: Callable[[], Surrogate], labels: Any = LABELS) -> None:
    """Fit, predict, store and load, each in the parent first."""
    surrogate = make().fit(ARCHS, labels)
    here = surrogate.predict(ASKED, return_std=True)
    report("fit", here, in_child(lambda: make().fit(ARCHS, labels).predict(ASKED, return_std=True)))
    report("predict", here, in_child(lambda: surrogate.predict(ASKED, return_std=True)))
    if getattr(surrogate, "regressor", None) is None:
        folder = Path(tempfile.mkdtemp())
        compare("store", lambda: load_surrogate(surrogate.save(folder / "a")).predict(ASKED, return_std=True))
        report(
            "children of children", surrogate.predict(ASKED), in_child(lambda: in_child(lambda: _refit(make, labels)))
        )


def _refit(make: Callable[[], Surrogate], labels: Any) -> Any:
    return make().fit(ARCHS, labels).predict(ASKED)


def boosted() -> None:
    fitted_twice(lambda: BoostedSurrogate(n_members=2, n_rounds=5, n_jobs=2))


def gp() -> None:
    fitted_twice(lambda: GaussianProcessSurrogate(n_jobs=2))


def ensemble() -> None:
    members = [BoostedSurrogate(n_members=2, n_rounds=5, n_jobs=2), GaussianProcessSurrogate(n_jobs=2)]
    fitted_twice(lambda: EnsembleSurrogate(members=members))


def transfer() -> None:
    sources = LABELS.rename(columns={"jigsaw": "one", "normal": "two"})
    mine = LABELS["jigsaw"].rename("three") + np.arange(60) % 7
    fitted_twice(lambda: TransferSurrogate(sources=sources, n_jobs=2), mine)
    another = TransferSurrogate(sources=sources, n_jobs=2, random_state=1)  # whose trees the parent does not keep
    there = in_child(lambda: _refit(lambda: another, mine))
    report("other trees", _refit(lambda: another, mine), there)


def regressor() -> None:
    """scikit-learn's own parallel loops."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    fitted_twice(lambda: BoostedSurrogate(n_members=2, regressor=HistGradientBoostingRegressor(max_iter=5)))


def graph() -> None:
    """More rows than torch computes in one thread; n_jobs asks for two, also in the child."""
    fitted_twice(lambda: GraphSurrogate(n_members=2, hidden=64, n_steps=20, n_jobs=2))


def finetuned() -> None:
    table = Table.from_frame(LABELS.rename_axis("arch").reset_index())
    surrogate = GraphSurrogate(n_members=2, hidden=64, n_steps=20).pretrain(table, n_steps=20)
    compare("finetune", lambda: surrogate.finetune(ARCHS, LABELS["jigsaw"]).predict(ASKED))


def training() -> None:
    """The project's own trainings and proxies."""
    from dataclasses import replace

    import torch

    from benchmarks.training import get_recipe, train_architecture
    from benchmarks.training.data.images import ImageSet
    from encoders import ZeroCost

    tiny = replace(get_recipe("autoencoder", "mini"), epochs=1, n_train=4, n_valid=2, n_test=2, batch_size=2)
    images = ImageSet({"rgb": torch.arange(4 * 3 * tiny.input_size**2).reshape(4, 3, tiny.input_size, -1).byte()})
    sources = {"train": images, "valid": images, "test": images}

    def train() -> list[float]:
        run = train_architecture("64-41414-1_01_001", "autoencoder", tiny, sources, device="cpu")
        return run.metrics["valid_ssim"]

    def proxies() -> Any:
        return ZeroCost(proxies=["synflow", "naswot"], images="noise").scores(ARCHS[:2]).to_numpy()

    compare("train", train, tolerance=1e-2)
    compare("proxies", proxies, tolerance=1e-3)


def data_loader() -> None:
    """Workers that torch forks ask a surrogate that the parent has used with two threads."""
    from torch.utils.data import DataLoader

    surrogate = GraphSurrogate(n_members=2, hidden=64, n_steps=20).fit(ARCHS, LABELS)
    trees = BoostedSurrogate(n_members=2, n_rounds=5).fit(ARCHS, LABELS)

    class Predictions:
        def __len__(self) -> int:
            return 4

        def __getitem__(self, row: int) -> Any:
            part = ASKED[25 * row : 25 * row + 25]
            return np.concatenate([surrogate.predict(part), trees.predict(part)])

    def loaded(workers: int) -> Any:
        loader = DataLoader(Predictions(), batch_size=None, num_workers=workers, multiprocessing_context=None)
        return np.concatenate([np.asarray(batch) for batch in loader])

    if sys.platform != "linux":
        print("workers: same")
        return
    import multiprocessing

    multiprocessing.set_start_method("fork", force=True)
    report("workers", loaded(0), loaded(2))


def tables() -> None:
    """Files read with other libraries' thread pools."""
    folder = Path(tempfile.mkdtemp())
    for name in ("a.csv", "a.parquet"):
        save_table(Table.from_frame(LABELS.rename_axis("arch").reset_index()), folder / name)
        compare(name, lambda name=name: load_table(folder / name).to_frame().to_numpy())  # type: ignore[misc]


def asked_by_threads() -> None:
    """Forks while other threads ask an oracle: for published answers, for others, and for ranks."""
    folder = Path(tempfile.mkdtemp()) / "model"
    BoostedSurrogate(n_members=2, n_rounds=5).fit(ARCHS, LABELS).save(folder)
    oracles = [Oracle.from_pretrained(SPACE), Oracle(load_surrogate(folder))]
    outside = "32-2311-basic"
    expected = [oracle(arch, "jigsaw") for oracle in oracles for arch in (*ASKED[:5], outside)]
    asking, stop = [], threading.Event()

    def ask(seed: int) -> None:
        draws = np.random.default_rng(seed)
        while not stop.is_set():
            for oracle in (*oracles, Oracle(load_surrogate(folder))):
                arch = SPACE.sample(1, rng=int(draws.integers(10**6)))[0]
                oracle(arch, "jigsaw")
                oracle.answers([arch.replace("64-", "32-")], ["normal"])
                oracle.rank(arch, "jigsaw")

    for seed in range(2):
        asking.append(threading.Thread(target=ask, args=(seed,), daemon=True))
        asking[-1].start()

    def again() -> Any:
        fresh = [Oracle.from_pretrained(SPACE), Oracle(load_surrogate(folder))]
        values = [
            [one(arch, "jigsaw") for one in group for arch in (*ASKED[:5], outside)] for group in (oracles, fresh)
        ]
        assert oracles[1].rank(ASKED[0], "jigsaw") == fresh[1].rank(ASKED[0], "jigsaw")
        return values

    for turn in range(3):
        time.sleep(0.1 * turn)
        report(f"asked {turn}", [expected, expected], in_child(again))
    stop.set()
    for thread in asking:
        thread.join()


def first_use_in_a_thread() -> None:
    """A fork while another thread loads a bundled surrogate for the first time, and imports its library."""
    oracle = Oracle.from_pretrained(SPACE)
    thread = threading.Thread(target=oracle, args=("32-2311-basic", "jigsaw"))
    thread.start()
    time.sleep(0.05)
    there = in_child(lambda: oracle("32-2311-basic", "jigsaw"))
    thread.join()
    report("first use", oracle("32-2311-basic", "jigsaw"), there)


PROGRAMS = {
    name: program
    for name, program in list(globals().items())
    if callable(program) and getattr(program, "__module__", "") == __name__ and program.__code__.co_argcount == 0
}


def lines(names: list[str]) -> Iterator[str]:
    """Run programs by name."""
    for name in names:
        print(f"-- {name}", flush=True)
        PROGRAMS[name]()
        yield name


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    assert list(lines(sys.argv[1:])) == sys.argv[1:]
