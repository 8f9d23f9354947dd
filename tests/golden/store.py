"""``python -m tests.golden.store``: the artefacts beside this file, one a kind of surrogate.

They were written before the packages were regrouped, and every later version must read them;
so do not write them again.
"""

from __future__ import annotations

from pathlib import Path

from surrogates import BoostedSurrogate, EnsembleSurrogate, GaussianProcessSurrogate, GraphSurrogate, TransferSurrogate
from tests.golden.cases import predicted

ARTEFACTS = Path(__file__).with_name("artefacts")


def main() -> None:
    """Fit and store small surrogates."""
    macro, micro = predicted("transnas101-macro", 24, seed=1), predicted("transnas101-micro", 24, seed=1)
    boosted = BoostedSurrogate(n_members=2, n_rounds=4, random_state=0)
    process = GaussianProcessSurrogate(random_state=0)
    two = macro[["jigsaw", "normal"]]
    kinds = {
        "boosted": boosted.fit(list(micro.index), micro[["jigsaw", "normal"]]),
        "gaussian_process": process.fit(list(macro.index), two),
        "ensemble": EnsembleSurrogate(members=[boosted, process]).fit(list(macro.index), two),
        "graph": GraphSurrogate(n_members=2, hidden=8, layers=1, trunk=8, n_steps=5, n_jobs=1, random_state=0).fit(
            list(micro.index), micro["jigsaw"]
        ),
        "transfer": TransferSurrogate(sources=two, n_members=2, n_rounds=4, random_state=0).fit(
            list(macro.index)[:12], macro["autoencoder"].iloc[:12]
        ),
    }
    for name, surrogate in kinds.items():
        surrogate.save(ARTEFACTS / name)


if __name__ == "__main__":
    main()
