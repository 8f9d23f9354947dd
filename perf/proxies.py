"""Rank correlation of `encoders.ZeroCost` with the published scores of the same architectures.

    NAS_DATA=<folder> python perf/proxies.py --spaces micro,macro --tasks class_scene --n 80 --width 64 --cache <folder>

The published scores are of networks of base width 64 on a batch of 32 Taskonomy images of 256 pixels. Ours are of
Rooms, smaller and, unless ``--width 64``, narrower. Architectures are drawn from those with all scores; failures
(-1e8 there, NaN here) are left out. "live" counts only architectures without dead operations. Scores are kept in the
cache: stopped, the script goes on where it was.
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
    """Published scores by architecture, NaN where the proxy failed or was not computed."""
    table = pd.read_csv(Path(os.environ["NAS_DATA"]) / f"transnas101/{space}_zero_cost.csv")
    return table[table["task"] == task].set_index("arch").drop(columns="task").replace(-1e8, np.nan)


def correlations(ours: pd.DataFrame, theirs: pd.DataFrame, live: set[str]) -> pd.DataFrame:
    """One row a proxy: n, Spearman and Kendall on all, Spearman without dead operations."""
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
    """Read the command line and print a table for every space and task."""
    parser = argparse.ArgumentParser(description="Our zero-cost proxies against the published ones.")
    parser.add_argument("--spaces", default="micro,macro")
    parser.add_argument("--tasks", default="class_scene")
    parser.add_argument("--proxies", default=",".join(PROXIES))
    parser.add_argument("--n", type=int, default=80, help="architectures of each space")
    parser.add_argument("--width", type=int, default=16, help="base channels; 64 is published")
    parser.add_argument("--size", type=int, default=64, help="pixels; 256 is published")
    parser.add_argument("--batch", type=int, default=16, help="images; 32 is published")
    parser.add_argument("--images", default="rooms", help="rooms or noise")
    parser.add_argument("--cache", help="folder that keeps the scores")
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
