"""Gain of pre-training on other tasks and spaces: Markdown summaries of the experiments in this folder.

    export NAS_DATA=<folder>
    surrogates pretrain perf/cross_space/<name>.json --out <folder>/<name>    # resumes if interrupted
    python perf/cross_space/report.py <folder>                                # updates results/<name>.csv, prints all

Without a folder it prints the summaries in results/.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from surrogates.evaluation.pretraining import METHODS, pretraining_gain

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean tau by k and task over the complete seeds, its standard deviation, and the gain over both baselines."""
    expected = len(METHODS) * runs["task"].nunique()
    complete = runs.groupby(["k", "seed"])["tau"].transform("size") == expected
    table = pretraining_gain(runs[complete]).rename(columns={"gain": "over_scratch", "gain_sd": "over_scratch_sd"})
    seeds = runs[complete].groupby("k")["seed"].nunique()
    return table.assign(over_boosted=table["pretrained"] - table["boosted"], seeds=table["k"].map(seeds)).round(4)


def markdown(name: str, table: pd.DataFrame) -> str:
    """A Markdown table of one experiment."""
    lines = [f"**{name}**", "", "| k | task | pre-trained | scratch | boosted | over scratch | over boosted | seeds |"]
    lines.append("|" + "---|" * 8)
    for row in table.itertuples(index=False):
        taus = " | ".join(f"{tau:.3f}" for tau in (row.pretrained, row.scratch, row.boosted))
        spread = f" ± {row.over_scratch_sd:.3f}" if "over_scratch_sd" in table.columns else ""
        gains = f"{row.over_scratch:+.3f}{spread} | {row.over_boosted:+.3f}"
        lines.append(f"| {row.k} | {row.task} | {taus} | {gains} | {row.seeds} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for config in sorted(HERE.glob("*.json")):
        summary = RESULTS / f"{config.stem}.csv"
        if len(sys.argv) > 1 and (runs := Path(sys.argv[1], config.stem, "results.csv")).exists():
            found = summarise(pd.read_csv(runs))
            if len(found):  # at least one seed is complete
                found.to_csv(summary, index=False)
        if summary.exists():
            print(markdown(config.stem.replace("_", " "), pd.read_csv(summary)))
