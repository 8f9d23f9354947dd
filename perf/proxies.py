"""Rank correlation of `encoders.ZeroCost` with the published scores of the same architectures.

    NAS_DATA=<folder> python perf/proxies.py --spaces micro,macro --tasks class_scene --n 80 --width 64 --cache <folder>

The published scores were computed on networks of base width 64 with a batch of 32 Taskonomy images of 256 pixels. These
use Rooms images, smaller inputs and, unless ``--width 64`` is given, narrower networks. Architectures are drawn from
those with all published scores; failures (-1e8 there, NaN here) are left out. "live" columns include only architectures
without dead operations. Scores are stored in the cache, so an interrupted run resumes.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, spearmanr

from benchmarks import get_space
from encoders import ZeroCost
from encoders.zero_cost.estimator import PROXIES

_PUBLISHED = {"naswot": "nwot", "multiply_adds": "flops"}


def published_scores(space: str, task: str) -> pd.DataFrame:
    """Published scores, indexed by architecture; NaN where the proxy failed or was not computed."""
    table = pd.read_csv(Path(os.environ["NAS_DATA"]) / f"transnas101/{space}_zero_cost.csv")
    return table[table["task"] == task].set_index("arch").drop(columns="task").replace(-1e8, np.nan)


def correlations(ours: pd.DataFrame, theirs: pd.DataFrame, live: set[str]) -> pd.DataFrame:
    """One row per proxy: n, Spearman and Kendall on all architectures and on those without dead operations (live)."""
    rows = []
    for name in ours:
        column = _PUBLISHED.get(str(name), str(name))
        if column not in theirs:
            continue
        both = pd.DataFrame({"ours": ours[name], "theirs": theirs[column].loc[ours.index]}).dropna()
        pruned = both[[arch in live for arch in both.index]]
        if len(both) > 2:
            rows.append(
                {
                    "proxy": name,
                    "n": len(both),
                    "spearman": spearmanr(both["ours"], both["theirs"]).statistic,
                    "kendall": kendalltau(both["ours"], both["theirs"]).statistic,
                    "n live": len(pruned),
                    "spearman live": spearmanr(pruned["ours"], pruned["theirs"]).statistic,
                    "kendall live": kendalltau(pruned["ours"], pruned["theirs"]).statistic,
                }
            )
    return pd.DataFrame(rows).set_index("proxy").round(3)


def main() -> None:
    """Parse the command line and print one table per space and task."""
    parser = argparse.ArgumentParser(description="Correlation of the zero-cost proxies with the published ones.")
    parser.add_argument("--spaces", default="micro,macro", help="comma-separated: micro, macro")
    parser.add_argument("--tasks", default="class_scene", help="tasks, comma-separated")
    parser.add_argument("--proxies", default=",".join(PROXIES), help="proxies, comma-separated (default: all)")
    parser.add_argument("--n", type=int, default=80, help="number of architectures per space (default: 80)")
    parser.add_argument("--width", type=int, default=16, help="base channels (default: 16, published: 64)")
    parser.add_argument("--size", type=int, default=64, help="image size in pixels (default: 64, published: 256)")
    parser.add_argument("--batch", type=int, default=16, help="batch size in images (default: 16, published: 32)")
    parser.add_argument("--images", default="rooms", help="images: rooms or noise (default: rooms)")
    parser.add_argument("--cache", help="folder to store the scores in")
    given = parser.parse_args()
    for space in given.spaces.split(","):
        whole = get_space(f"transnas101-{space}")
        for task in given.tasks.split(","):
            theirs = published_scores(space, task)
            known = theirs.index[theirs["l2_norm"].notna()]
            archs = [str(arch) for arch in np.random.default_rng(0).permutation(known)[: given.n]]
            proxy = ZeroCost(
                proxies=given.proxies.split(","),
                task=task,
                input_size=given.size,
                base_channels=given.width,
                decoder_width=8 * given.width,
                batch_size=given.batch,
                images=given.images,
                cache_dir=given.cache,
                progress=True,
            )
            start = time.perf_counter()
            ours = proxy.scores(archs)
            seconds = (time.perf_counter() - start) / len(archs)
            pruned = whole.canonicals(archs)
            live = {arch for arch, form in zip(archs, pruned, strict=True) if arch.count("0") == form.count("0")}
            print(f"\n{space} {task}: width {given.width}, {given.size} px, batch {given.batch}, {seconds:.2f} s each")
            print(correlations(ours, theirs, live).to_string(), flush=True)


if __name__ == "__main__":
    main()
