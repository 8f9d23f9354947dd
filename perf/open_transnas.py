"""Candidates for one surrogate of both TransNAS-Bench-101 spaces, compared where truth is known.

    NAS_DATA=<folder> python perf/open_transnas.py                  # on rooms-mini, and on rooms-open if it is packed
    NAS_DATA=<folder> python perf/open_transnas.py --few            # all rows of one space and a few of the other
    NAS_DATA=<folder> python perf/open_transnas.py --additivity     # on which scale do effects add up?
    NAS_DATA=<folder> python perf/open_transnas.py --skeletons      # macro regions: surrogate, trend, mean of both
    NAS_DATA=<folder> python perf/open_transnas.py --width          # half and twice as wide, beside nearly equal ones
    ... --graph                                                     # with a graph network on network graphs, minutes

rooms-open: architectures outside both published sets, trained by one recipe (`perf/rooms_open/plan.json`, packed in
``records.jsonl.gz`` beside it). It judges and chooses nothing: the candidates were chosen by the other tables, which
need only published values, and rooms-mini (40 cells and 24 skeletons of the published sets, trained by that recipe).

Each number is Kendall's tau. Candidates: parameters; multiply-adds; the surrogate of the architecture's own space, used
before; the composition (`TransNASSurrogate`); and, each fitted to both tables at once, a Gaussian process and boosted
trees on features of the skeleton, of the cell and of the costs, and a graph network.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shift import REGIONS, ask
from xgboost import XGBRegressor

from benchmarks import get_space, infer_space, load_table
from benchmarks.errors import TableError
from benchmarks.metrics import kendall_tau
from benchmarks.tasks import get_task
from benchmarks.training.campaign import campaign_table, load_plan, unpack_records
from encoders import Costs, GraphFeatures
from surrogates import load_pretrained
from surrogates.base import Surrogate
from surrogates.calibration.log_distance import LogDistance
from surrogates.calibration.normal_scores import NormalScores
from surrogates.kernels.decompositions import Eigen
from surrogates.kernels.evidence import evidence_by_noise
from surrogates.kernels.feature_kernels import FeatureKernel
from surrogates.kernels.features import centre_and_spread, relevance, standardise
from surrogates.models.skeleton_trend import SkeletonTrend
from surrogates.oracle.tabulated import TabulatedSurrogate
from surrogates.pretrained.load import load_answers

HERE = Path(__file__).parent / "rooms_open"
LEAST = 10  # architectures that a rank correlation needs
MICRO, MACRO = get_space("transnas101-micro"), get_space("transnas101-macro")
BLOCK = "3_00_130"  # the cell that is nearest to the basic block
NOISES = np.array([0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.6])
SEEDS = (0, 1, 2)

Float = NDArray[np.float64]
Model = Callable[[list[str], Float, list[str]], Float]
"""Training architectures, their scores of shape (n, T), and asked ones -> scores of these, of shape (m, T)."""


def published(name: str) -> pd.DataFrame:
    """The published values of ``micro`` or ``macro``."""
    return load_table(Path(os.environ["NAS_DATA"]) / "transnas101" / f"{name}_final.csv").to_frame().dropna()


def costs(archs: Sequence[str]) -> Float:
    """Parameters, multiply-adds, activations and depth of the live part of m architectures, of shape (m, 4)."""
    live = [infer_space(arch).canonical(arch) for arch in archs]
    found = np.empty((len(live), 4))
    for space in {infer_space(arch) for arch in live}:
        rows = [row for row, arch in enumerate(live) if infer_space(arch) == space]
        found[rows] = Costs().fit([live[rows[0]]]).exact([live[row] for row in rows])
    return found


def joint_features(archs: Sequence[str]) -> Float:
    """Features of the skeleton (with the basic block), of the cell (in 64-41414), and of the costs, side by side."""
    fields = [arch.rpartition("-") for arch in archs]
    skeletons = GraphFeatures().fit_transform([f"{skeleton}-basic" for skeleton, _, _ in fields])
    cells = [f"64-41414-{BLOCK if block == 'basic' else block}" for _, _, block in fields]
    return np.hstack([skeletons, GraphFeatures().fit_transform(cells), np.log(costs(archs) + 1.0)]).astype(float)


def standard(train: Sequence[str], asked: Sequence[str]) -> tuple[Float, Float]:
    """Joint features of both, standardised by the training rows."""
    X, Q = joint_features(train), joint_features(asked)
    centre = centre_and_spread(X)
    kept = centre[1] > 1e-9
    X, Q = (standardise(values[:, kept], centre[:, kept], 5.0) for values in (X, Q))
    return X, Q


def process(train: list[str], Z: Float, asked: list[str]) -> Float:
    """A Gaussian process on the joint features, its kernel by evidence."""
    X, Q = standard(train, asked)
    centre, weights = Z.mean(axis=0), relevance(X, Z, power=1)
    found: list[tuple[float, Float]] = []
    for length in (1.0, 2.0, 4.0, 8.0):
        kernel = FeatureKernel("matern", length, weights)
        eigen = Eigen.from_kernel(kernel.matrix(X, X))
        evidence = np.sum([evidence_by_noise(eigen, z, NOISES).log for z in (Z - centre).T], axis=0)
        solved = (eigen.vectors / (eigen.values + NOISES[evidence.argmax()])) @ (eigen.vectors.T @ (Z - centre))
        found.append((float(evidence.max()), kernel.matrix(Q, X) @ solved + centre))
    return max(found, key=lambda pair: pair[0])[1]


def trees(train: list[str], Z: Float, asked: list[str]) -> Float:
    """Boosted trees on the joint features."""
    X, Q = standard(train, asked)
    how = {"n_estimators": 300, "max_depth": 5, "learning_rate": 0.05, "subsample": 0.7, "colsample_bytree": 0.4}
    return np.stack([XGBRegressor(**how, n_jobs=1, random_state=0).fit(X, z).predict(Q) for z in Z.T], axis=1)


def graph_network(train: list[str], Z: Float, asked: list[str], epochs: int = 30, width: int = 32) -> Float:
    """A message-passing network on the whole backbones, messages in both directions."""
    import torch
    from torch import nn
    from torch_geometric.nn import GraphConv, global_add_pool, global_mean_pool

    from encoders.pyg import to_batch

    class Network(nn.Module):
        def __init__(self, inputs: int) -> None:
            super().__init__()
            sizes = [inputs, width, width, width]
            pairs = list(itertools.pairwise(sizes))
            self.there = nn.ModuleList([GraphConv(a, b, aggr="mean") for a, b in pairs])
            self.back = nn.ModuleList([GraphConv(a, b, aggr="mean") for a, b in pairs])
            self.head = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, Z.shape[1]))

        def forward(self, graphs):
            x, edges = graphs.x, graphs.edge_index
            for there, back in zip(self.there, self.back, strict=True):
                x = torch.relu(there(x, edges) + back(x, edges.flip(0)))
            pooled = [global_mean_pool(x, graphs.batch), global_add_pool(x, graphs.batch) / 100.0]
            return self.head(torch.cat(pooled, dim=1))

    torch.manual_seed(0)
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    first = to_batch(train[:1], "network")
    network = Network(first.x.shape[1])
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=1e-3)
    steps = epochs * -(-len(train) // 32)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    for _ in range(epochs):
        for rows in np.array_split(rng.permutation(len(train)), -(-len(train) // 32)):
            loss = nn.functional.mse_loss(
                network(to_batch([train[row] for row in rows], "network")),
                torch.tensor(Z[rows], dtype=torch.float32),
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    with torch.no_grad():
        parts = [network(to_batch(asked[i : i + 64], "network")).numpy() for i in range(0, len(asked), 64)]
    return np.concatenate(parts).astype(np.float64)


def taus(labels: Float, scores: Float) -> list[float]:
    """Kendall's tau of each column; 0 of constant scores."""
    return [0.0 if np.ptp(p) == 0 else kendall_tau(y, p) for y, p in zip(labels.T, scores.T, strict=True)]


def pooled_scores() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Normal scores over both published tables, of micro and of macro."""
    tables = [published(name) for name in ("micro", "macro")]
    both = pd.concat(tables)
    maps = {task: NormalScores(both[task].to_numpy()) for task in both}
    micro, macro = (pd.DataFrame({t: maps[t].forward(f[t].to_numpy()) for t in f}, f.index) for f in tables)
    return micro, macro


def by_space(load: Callable[[str], Surrogate | TabulatedSurrogate], archs: Sequence[str]) -> Float:
    """Predictions of m architectures by what is loaded for each space, of shape (m, 7)."""
    found = np.empty((len(archs), len(MICRO.tasks)))
    for space in (MICRO, MACRO):
        if rows := [row for row, arch in enumerate(archs) if infer_space(arch) == space]:
            found[rows] = load(space.name).predict([archs[row] for row in rows])
    return found


def on_trainings(graph: bool, rows: int) -> None:
    """Tau with trainings by one recipe on images of rooms."""
    tables = {"rooms-mini": load_table("rooms-mini")}
    if (HERE / "records.jsonl.gz").exists():
        plan = load_plan(HERE / "plan.json")
        with tempfile.TemporaryDirectory() as folder:
            unpack_records(plan, HERE / "records.jsonl.gz", folder)
            try:
                found = campaign_table(plan, folder)
                if len(found.archs) >= LEAST:
                    tables["rooms-open"] = found
                else:
                    print(f"rooms-open: {len(found.archs)} architectures so far, too few to rank")
            except TableError as error:
                print(error)
    else:
        print("rooms-open: no records yet")
    micro, macro = pooled_scores()
    rng = np.random.default_rng(0)
    train = [*rng.permutation(micro.index)[:rows].tolist(), *rng.permutation(macro.index)[:rows].tolist()]
    Z = pd.concat([micro, macro]).loc[train].to_numpy()
    models: dict[str, Model] = {"joint process": process, "joint trees": trees}
    models |= {"graph network": graph_network} if graph else {}
    for name, table in tables.items():
        frame = table.oriented()
        archs = list(frame.index)
        sizes = costs(archs)
        predicted = {
            "parameters": np.repeat(sizes[:, :1], micro.shape[1], axis=1),
            "multiply-adds": np.repeat(sizes[:, 1:2], micro.shape[1], axis=1),
            "own surrogate": by_space(load_pretrained, archs),
            "composition": by_space(load_answers, archs),
            **{model: fit(train, Z, archs) for model, fit in models.items()},
        }
        tasks = [task for task in micro.columns if task in frame.columns]
        truth = frame[tasks].to_numpy()
        asked = {model: pd.DataFrame(values, archs, micro.columns)[tasks] for model, values in predicted.items()}
        result = pd.DataFrame({model: taus_of_known(truth, own.to_numpy()) for model, own in asked.items()}, tasks).T
        four = [task for task in ("class_scene", "class_object", "room_layout", "jigsaw") if task in tasks]
        result.insert(0, "mean of 4", result[four].mean(axis=1))
        whole = frame[four].dropna()
        result.insert(
            1, "90 % of it", intervals(whole, {model: own.loc[whole.index, four] for model, own in asked.items()})
        )
        print(f"\n{name}, {len(archs)} architectures\n{result.round(3).to_string()}")


def taus_of_known(truth: Float, scores: Float) -> list[float]:
    """Kendall's tau of each column, over the rows where the truth is known."""
    known = ~np.isnan(truth).T
    return [kendall_tau(y[rows], p[rows]) for rows, y, p in zip(known, truth.T, scores.T, strict=True)]


def intervals(truth: pd.DataFrame, asked: dict[str, pd.DataFrame], draws: int = 1000) -> pd.Series[str]:
    """90 % bootstrap intervals over architectures of the mean tau, and of its distance from that of multiply-adds.

    All models are asked about the same draws of architectures, so that the distance is that of a pair.
    """
    rng = np.random.default_rng(0)
    rows = rng.integers(len(truth), size=(draws, len(truth)))
    means = {
        model: np.array([np.mean(taus_of_known(truth.to_numpy()[r], own.to_numpy()[r])) for r in rows])
        for model, own in asked.items()
    }

    def text(values: Float) -> str:
        low, high = np.nanquantile(values, [0.05, 0.95])
        return f"{low:.2f} to {high:.2f}"

    usual = means["multiply-adds"]
    return pd.Series(
        {
            model: text(own) + ("" if own is usual else f" ({text(own - usual)} from multiply-adds)")
            for model, own in means.items()
        }
    )


def few(graph: bool) -> None:
    """Tau on the rows of one space, by models of 800 rows of the other and a few of its own."""
    micro, macro = pooled_scores()
    found = []
    models: dict[str, Model] = {"joint process": process, "joint trees": trees}
    models |= {"graph network": graph_network} if graph else {}
    for seed in SEEDS[: 1 if graph else None]:
        rng = np.random.default_rng(seed)
        for name, main, other in (("macro", micro, macro), ("micro", macro, micro)):
            base, own = rng.permutation(main.index)[:800].tolist(), rng.permutation(other.index).tolist()
            for n in (0, 20, 60):
                asked, train = own[n : n + 800], base + own[:n]
                labels, Z = other.loc[asked].to_numpy(), pd.concat([micro, macro]).loc[train].to_numpy()
                sizes = costs(asked)
                rows = {"multiply-adds": sizes[:, 1], "activations": sizes[:, 2]}
                scores = {key: np.repeat(column[:, None], 7, axis=1) for key, column in rows.items()}
                scores |= {key: model(train, Z, asked) for key, model in models.items()}
                if n:
                    scores["its own rows"] = process(own[:n], other.loc[own[:n]].to_numpy(), asked)
                found.append({"of": name, "n": n, **{k: np.mean(taus(labels, v)) for k, v in scores.items()}})
    print(pd.DataFrame(found).groupby(["of", "n"]).mean().round(3).T.to_string())


def halves() -> dict[str, tuple[list[tuple[str, str]], pd.DataFrame]]:
    """Published networks as pairs of halves: edges of a cell, modules of a skeleton."""
    micro, macro = published("micro"), published("macro")
    parts = {"cells": ([(arch[9:13], arch[14:]) for arch in micro.index], micro)}
    for length in (5, 6):
        rows = macro.loc[[len(arch) == len("64--basic") + length for arch in macro.index]]
        parts[f"{length} modules"] = ([(arch[3:6], arch[6:-6]) for arch in rows.index], rows)
    return parts


def additivity(draws: int = 60) -> None:
    """Networks predicted as the sum of the effects of their halves, each known in one network: errors by scale.

    The error is the root mean square over the spread of the values. Last: variance of the error over that of macro, by
    the product of both effects (tenths), which the constant of the interaction is chosen by.
    """
    everything = {name: published(name) for name in ("micro", "macro")}
    both = pd.concat(everything.values())
    for name, (pairs, frame) in halves().items():
        left, right = (sorted({pair[i] for pair in pairs}) for i in (0, 1))
        at = np.array([(left.index(a), right.index(b)) for a, b in pairs]).T
        found, products = [], []
        for task in frame:
            scale = LogDistance.of_task(get_task(task), both[task].to_numpy())
            normal = NormalScores(both[task].to_numpy()).knots()
            maps: dict[str, tuple[Callable[[Float], Float], Callable[[Float], Float]]] = {
                "value": (lambda v: v, lambda z: z),
                "normal score": (
                    lambda v, k=normal: np.interp(v, k[1], k[0]),  # type: ignore[misc]
                    lambda z, k=normal: np.interp(z, *k),  # type: ignore[misc]
                ),
                "log distance": (scale.forward, scale.backward),
            }
            values = np.full((len(left), len(right)), np.nan)
            values[at[0], at[1]] = frame[task]
            spread, unit = np.nanstd(values), float(scale.forward(everything["macro"][task].to_numpy()).std())
            for key, (forward, backward) in maps.items():
                z, rng = forward(values), np.random.default_rng(0)
                for _ in range(draws):
                    i, j = rng.integers(len(left)), rng.integers(len(right))
                    total = z[[i], :] + z[:, [j]] - z[i, j]
                    asked = ~np.isnan(total) & ~np.isnan(values)
                    asked[i], asked[:, j] = False, False
                    if not asked.any():
                        continue
                    wrong = (backward(total[asked]) - values[asked]).clip(-5 * spread, 5 * spread) / spread
                    found.append((key, np.sqrt((wrong**2).mean()), kendall_tau(values[asked], total[asked])))
                    if key == "log distance":
                        effects = np.abs((z[[i], :] - z[i, j]) * (z[:, [j]] - z[i, j]))[asked] / unit**2
                        products.append(np.stack([effects, (total - z)[asked] ** 2 / unit**2], axis=1))
        table = pd.DataFrame(found, columns=["scale", "error", "tau"]).groupby("scale", sort=False).mean()
        print(f"\n{name}\n{table.round(3).to_string()}")
        both_effects = pd.DataFrame(np.concatenate(products), columns=["product", "squared error"])
        tenth = pd.qcut(both_effects["product"], 10, labels=False, duplicates="drop")
        print(both_effects.groupby(tenth).mean().round(2).T.to_string(header=False))


def skeletons() -> None:
    """Tau and error of log distances outside regions of the published skeletons."""
    macro, found = published("macro"), {}
    scales = [LogDistance.of_task(get_task(task), macro[task].to_numpy()) for task in macro]

    def forward(values: Float) -> Float:
        return np.stack([own.forward(column) for own, column in zip(scales, values.T, strict=True)], axis=1)

    for name in [name for name in REGIONS if name.startswith("macro")]:
        for seed in SEEDS:
            asked = ask("ensemble", name, 600, seed)
            train, archs = sorted(asked.train), [a for a, out in zip(asked.archs, asked.outside, strict=True) if out]
            labels = macro.loc[archs].to_numpy()
            surrogate = forward(asked.mean[asked.outside])
            trend = SkeletonTrend.fit(train, forward(macro.loc[train].to_numpy())).scores(archs)
            row = {}
            for key, scores in {"surrogate": surrogate, "trend": trend, "mean": (surrogate + trend) / 2}.items():
                error = ((scores - forward(labels)) ** 2).mean(axis=0) / forward(labels).var(axis=0)
                row |= {f"{key} tau": np.mean(taus(labels, scores)), f"{key} error": np.sqrt(error).mean()}
            found[name, seed] = row
    table = pd.DataFrame(found).T.groupby(level=0).mean()
    print(table.round(3).to_string(), "\n", table.mean().round(3).to_string())


def width(rows: int = 1500) -> None:
    """Tau and coverage of 90 % intervals for ``128-1rest`` and ``32-2rest``, given ``64-2rest``, ``64-1rest``.

    They differ in the stem and the projection of the first module only. The surrogate was fitted to the published ones.
    """
    macro = published("macro")
    other = {"1": "2", "2": "1", "3": "4", "4": "3"}
    known = np.random.default_rng(0).permutation(macro.index)[:rows].tolist()
    codes = [arch.split("-")[1] for arch in known]
    asked = [f"{128 if code[0] in '24' else 32}-{other[code[0]]}{code[1:]}-basic" for code in codes]
    labels, found = macro.loc[known].to_numpy(), {}
    for name, surrogate in (("own surrogate", load_pretrained(MACRO)), ("composition", load_answers(MACRO))):
        mean, std = surrogate.predict(asked, return_std=True)
        found[name, "tau"] = taus(labels, mean)
        found[name, "coverage"] = (np.abs(labels - mean) <= 1.645 * std).mean(axis=0).tolist()
    print(pd.DataFrame(found, macro.columns).T.round(3).to_string())


def main() -> None:
    """Parse the command line and print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("few", "additivity", "skeletons", "width", "graph"):
        parser.add_argument(f"--{flag}", action="store_true")
    parser.add_argument("--rows", type=int, default=500, help="published rows of each space for the joint models")
    given = parser.parse_args()
    if given.few:
        few(given.graph)
    elif given.additivity:
        additivity()
    elif given.skeletons:
        skeletons()
    elif given.width:
        width()
    else:
        on_trainings(given.graph, given.rows)


if __name__ == "__main__":
    main()
