"""What a supernet without labels adds to few labels: its estimates as a source of a transfer, on the published values.

    python perf/supernets/as_source.py score --folder <folder of train_supernet>     # resumes
    NAS_DATA=<folder> python perf/supernets/as_source.py report

``score`` estimates all 1,228 functions of the micro space by a supernet of the pretext task and writes one record;
scores are kept in the supernet's folder. ``report`` predicts each of the seven published tasks, on one row a function,
from k labels and different sources: the estimates of the records, averaged; params and multiply-adds, which cost
nothing; both; and none (an ensemble fitted to the labels alone). Kendall's tau with all other rows: mean over the seven
tasks and three seeds, ± the standard deviation over seeds of the mean over tasks. Without labels there is one result;
beside it the taus of estimates, multiply-adds and the proxy zen by themselves.
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from study import SPACE
from study_records import RECORDS

from benchmarks import Table, get_space, kendall_tau, load_table
from benchmarks.costs import graph_costs
from benchmarks.files import write_beside
from benchmarks.protocols import split
from benchmarks.training.supernet import layout_of
from encoders import ZeroCost
from surrogates import EnsembleSurrogate, SupernetEstimates, TransferSurrogate

SIZES, SEEDS = (0, 16, 32), (0, 1, 2)
SCORED = RECORDS / "pinas"
COSTS = ("params", "multiply_adds")


def score(folder: Path) -> None:
    """Write the estimates of all functions by the supernet in a folder, higher is better."""
    from benchmarks.training.device import training_process

    training_process(1)
    functions = list(layout_of(SPACE).functions)
    values = -SupernetEstimates([folder]).predict(functions)[:, 0]
    record = SCORED / f"functions-{folder.name}.csv"
    with write_beside(record) as beside:
        pd.DataFrame({"arch": functions, "contrast": values}).to_csv(beside, index=False, float_format="%.6g")
    print(f"{record.name}: {len(functions):,} functions")


def estimates_of(archs: list[str]) -> pd.DataFrame:
    """Estimates by each record, one a column, of n architectures."""
    paths = sorted(SCORED.glob("functions-*.csv"))
    if not paths:
        raise SystemExit(f"no records of scored functions in {SCORED}: run score first")
    found = {path.stem.partition("-")[2]: pd.read_csv(path, index_col="arch")["contrast"] for path in paths}
    return pd.DataFrame(found).loc[archs]


def sources_of(estimates: pd.DataFrame) -> dict[str, Table]:
    """Sources by name, each a table of the n architectures that were estimated."""
    archs = list(estimates.index)
    space = get_space(SPACE)
    found = np.array([graph_costs(space.network_graph(arch))[:2] for arch in archs], dtype=float)
    costs = pd.DataFrame(found, index=pd.Index(archs, name="arch"), columns=list(COSTS))
    everything = costs.assign(contrast=estimates.mean(axis=1))
    table = Table.from_frame(everything, minimize=COSTS)
    return {
        "supernet": table.where(tasks=["contrast"]),
        "params and multiply-adds": table.where(tasks=COSTS),
        "all three": table,
    }


def taus(truth: pd.DataFrame, predicted: np.ndarray, rows: np.ndarray) -> float:
    """Mean over tasks of Kendall's tau on some rows."""
    columns = zip(truth.to_numpy()[rows].T, predicted[rows].T, strict=True)
    return float(np.mean([kendall_tau(values, own) for values, own in columns]))


def report() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")  # that predictions without labels are normal scores
    table = load_table(Path(os.environ["NAS_DATA"]) / "transnas101/micro_final.csv").oriented()
    archs = list(layout_of(SPACE).functions)
    truth = table.loc[archs]
    estimates = estimates_of(archs)
    sources = sources_of(estimates)
    everyone = np.arange(len(archs))
    zen = ZeroCost(proxies=["zen"], task="class_scene", base_channels=8).scores(archs)["zen"]
    values = sources["all three"].to_frame().loc[archs].assign(zen=zen.fillna(zen.min()), **estimates)
    for name in (*estimates, "contrast", "multiply_adds", "zen"):
        tau = taus(truth, np.repeat(values[[name]].to_numpy(), truth.shape[1], axis=1), everyone)
        print(f"  {name} itself, without labels: {tau:.3f}")
    print(f"  {'sources':28s}" + "".join(f"{f'k = {k}':>18s}" for k in SIZES))
    for name, given in {"none": None, **sources}.items():
        cells = []
        for k in SIZES:
            if k == 0 and (given is None or "contrast" not in given.tasks):  # nothing says what is good
                cells.append("-")
                continue
            found = []
            for seed in SEEDS[: len(SEEDS) if k else 1]:
                train = split(archs, k, seed).train if k else everyone[:0]
                test = np.setdiff1d(everyone, train)
                labels, known = truth.iloc[train], [archs[row] for row in train]
                if given is None:
                    models = [EnsembleSurrogate(random_state=0).fit(known, labels[task]) for task in truth]
                    predicted = np.column_stack([model.predict(archs) for model in models])
                else:
                    predicted = TransferSurrogate(sources=given, random_state=0).fit(known, labels).predict(archs)
                    predicted = predicted.reshape(len(archs), -1)
                    predicted = predicted if predicted.shape[1] > 1 else np.repeat(predicted, truth.shape[1], axis=1)
                found.append(taus(truth, predicted, test))
            spread = f" ± {np.std(found, ddof=1):.3f}" if len(found) > 1 else ""
            cells.append(f"{np.mean(found):.3f}{spread}")
        print(f"  {name:28s}" + "".join(f"{cell:>18s}" for cell in cells), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=("score", "report"))
    parser.add_argument("--folder", type=Path, help="folder of the trained supernet")
    options = parser.parse_args()
    if options.work == "report":
        report()
    elif options.folder is None:
        parser.error("score needs --folder")
    else:
        score(options.folder)
