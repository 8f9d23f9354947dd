"""Numbers that a change of the code's shape must not move, each from a few lines that a user could have written.

``python -m tests.golden.record`` writes them (with ``NAS_DATA`` those on the published values, too); do that only where
a change of numbers is meant, and say so in the changelog.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import get_space, load_table, split
from benchmarks.metrics import kendall_tau
from benchmarks.table import Table
from surrogates import (
    BoostedSurrogate,
    EnsembleSurrogate,
    GaussianProcessSurrogate,
    GraphSurrogate,
    Oracle,
    Surrogate,
    TransferSurrogate,
    evaluate,
    load_pretrained,
    load_surrogate,
)
from surrogates.evaluation.transfer_matrix import transfer_matrix
from surrogates.search import list_searchers, make_searcher, run_search

CASES: dict[str, Callable[[], Any]] = {}
"""Name -> what computes it: lists of numbers, and lists of strings that must come out the same."""
DATA_CASES: dict[str, Callable[[], Any]] = {}
"""The same, on the published values."""

_SMALL_GRAPH = {"n_members": 2, "hidden": 8, "layers": 1, "trunk": 8, "n_steps": 20, "n_jobs": 1, "random_state": 0}
_TASKS = ["jigsaw", "normal", "class_scene"]


def _case(function: Callable[[], Any]) -> Callable[[], Any]:
    CASES[function.__name__] = function
    return function


def _data_case(function: Callable[[], Any]) -> Callable[[], Any]:
    DATA_CASES[function.__name__] = function
    return function


def predicted(space: str, n: int, seed: int, gaps: bool = False) -> pd.DataFrame:
    """Bundled predictions of n architectures as labels, about a tenth of them missing if there are to be gaps."""
    archs = get_space(space).sample(n, rng=seed)
    surrogate = load_pretrained(space)
    frame = pd.DataFrame(surrogate.predict(archs), index=archs, columns=list(surrogate.tasks_))
    if gaps:
        frame = frame.where(np.random.default_rng(seed).random(frame.shape) > 0.1)
    return frame


def _answers(surrogate: Surrogate, archs: list[str]) -> dict[str, Any]:
    mean, std = surrogate.predict(archs, return_std=True)
    scores = [list(task.values()) for task in surrogate.cv_scores_.values()]
    return {"mean": mean.tolist(), "std": std.tolist(), "cv_scores": scores}


@_case
def bundle() -> dict[str, Any]:
    found = {}
    outside = {"transnas101-micro": "32-41414-3_33_333", "transnas101-macro": "64-23111141-basic"}
    for space in ("transnas101-micro", "transnas101-macro", "nasbench201"):
        archs = [*get_space(space).sample(4, rng=1), *([outside[space]] if space in outside else [])]
        answers = Oracle.from_pretrained(space).answers(archs)
        mean, std = load_pretrained(space).predict(archs, return_std=True)
        found[space] = [answers.value.tolist(), answers.std.tolist(), mean.tolist(), std.tolist()]
    return found


def _fitted(surrogate: Surrogate, space: str) -> dict[str, Any]:
    labels = predicted(space, 60, seed=2, gaps=True)[_TASKS]
    return _answers(surrogate.fit(list(labels.index), labels), get_space(space).sample(8, rng=3))


@_case
def boosted() -> dict[str, Any]:
    return _fitted(BoostedSurrogate(n_rounds=20, random_state=0), "transnas101-micro")


@_case
def gaussian_process() -> dict[str, Any]:
    return _fitted(GaussianProcessSurrogate(random_state=0), "transnas101-macro")


@_case
def gaussian_process_of_more_rows_than_it_keeps() -> dict[str, Any]:
    return _fitted(GaussianProcessSurrogate(max_rows=40, evidence_rows=30, random_state=0), "transnas101-micro")


@_case
def ensemble() -> dict[str, Any]:
    members = [BoostedSurrogate(n_rounds=20, random_state=0), GaussianProcessSurrogate(random_state=0)]
    return _fitted(EnsembleSurrogate(members=members), "transnas101-macro")


@_case
def graph() -> dict[str, Any]:
    return _fitted(GraphSurrogate(**_SMALL_GRAPH), "transnas101-micro")


@_case
def graph_finetuned() -> dict[str, Any]:
    frame = predicted("transnas101-micro", 60, seed=4)
    source = Table.from_frame(frame[["normal", "class_scene"]].rename_axis("arch").reset_index())
    surrogate = GraphSurrogate(**_SMALL_GRAPH).pretrain([source], n_steps=20)
    archs = list(frame.index)
    return _answers(surrogate.finetune(archs[:20], frame["jigsaw"].iloc[:20]), archs[-8:])


@_case
def transfer() -> dict[str, Any]:
    frame = predicted("transnas101-micro", 200, seed=5, gaps=True)
    archs = list(frame.index)
    sources = frame[["normal", "class_scene", "room_layout"]]
    surrogate = TransferSurrogate(sources=sources, n_rounds=20, random_state=0)
    return _answers(surrogate.fit(archs[:24], frame[["jigsaw", "autoencoder"]].iloc[:24]), archs[-8:])


@_case
def transfer_from_another_space() -> dict[str, Any]:
    source = BoostedSurrogate(n_rounds=20, random_state=0)
    known = predicted("nasbench201", 60, seed=6)
    source.fit(list(known.index), known)
    labels = predicted("transnas101-micro", 24, seed=7)["class_scene"]
    surrogate = TransferSurrogate(sources=source, n_rounds=20, random_state=0)
    return _answers(surrogate.fit(list(labels.index), labels), get_space("transnas101-micro").sample(8, rng=8))


@_case
def held_out() -> dict[str, Any]:
    table = Table.from_frame(predicted("transnas101-macro", 90, seed=9, gaps=True).rename_axis("arch").reset_index())
    rows = evaluate(BoostedSurrogate(n_rounds=20), table.where(tasks=_TASKS), [30], [0, 1])
    matrix = transfer_matrix(
        table.where(tasks=_TASKS),
        k=[16],
        seeds=[0],
        surrogate=TransferSurrogate(n_rounds=20),
        baseline=BoostedSurrogate(n_rounds=20),
    )
    columns = ["correlation", "tau", "alone", "gain"]
    return {
        "evaluate": rows[["tau", "rho", "coverage"]].to_numpy().tolist(),
        "transfer": matrix.to_frame()[columns].astype(float).fillna(-9.0).to_numpy().tolist(),
    }


def _searched(method: str, space: str, tasks: list[str], budget: int, **params: Any) -> dict[str, Any]:
    history = run_search(make_searcher(method, 3, **params), Oracle.from_pretrained(space), tasks, budget, 3)
    return {"archs": history.archs, "best": history.best[-1].tolist()}


def _register_searches() -> None:
    budgets = {"pnas": 30, "bananas": 24, "predictor": 40, "transfer": 24, "front": 24, "attentive": 30}
    for method in list_searchers():

        def search(method: str = method) -> dict[str, Any]:
            params: dict[str, Any] = {}
            if method == "transfer":
                params["sources"] = predicted("transnas101-macro", 200, seed=10)[["normal", "class_scene"]]
            return _searched(method, "transnas101-macro", ["jigsaw"], budgets.get(method, 60), **params)

        CASES[f"search_{method}"] = search


_register_searches()


@_case
def search_two_tasks() -> dict[str, Any]:
    return _searched("nsga2", "transnas101-micro", ["jigsaw", "room_layout"], 60)


@_case
def stored() -> dict[str, Any]:
    folder = Path(__file__).with_name("artefacts")
    found = {}
    for name in ("boosted", "gaussian_process", "ensemble", "graph", "transfer"):
        surrogate = load_surrogate(folder / name)
        found[name] = _answers(surrogate, get_space(surrogate.space_).sample(4, rng=11))
    return found


def _published(space: str) -> Table:
    names = {"nasbench201": "nasbench201/final.csv"}
    return load_table(Path(os.environ["NAS_DATA"]) / names.get(space, f"transnas101/{space}_final.csv"))


@_data_case
def accuracy() -> dict[str, Any]:
    found = {}
    for space, n in (("micro", 128), ("macro", 128), ("nasbench201", 78)):
        frame = _published(space).to_frame()
        rows = split(list(frame.index), n, 0)
        train, test = frame.iloc[rows.train], frame.iloc[rows.test]
        surrogate = EnsembleSurrogate(random_state=0).fit(list(train.index), train)
        mean = surrogate.predict(list(test.index))
        found[space] = [kendall_tau(test[task].to_numpy(), mean[:, t]) for t, task in enumerate(frame.columns)]
    return found


@_data_case
def accuracy_of_transfer() -> list[float]:
    frame = _published("micro").to_frame()
    rows = split(list(frame.index), 16, 0)
    train, test = frame["jigsaw"].iloc[rows.train], frame["jigsaw"].iloc[rows.test]
    surrogate = TransferSurrogate(sources=frame.drop(columns="jigsaw"), random_state=0)
    mean = surrogate.fit(list(train.index), train).predict(list(test.index))
    return [kendall_tau(test.to_numpy(), mean)]


@_data_case
def search_of_the_table() -> dict[str, Any]:
    history = run_search("predictor", _published("micro"), "class_scene", 60, 0)
    return {"archs": history.archs, "best": history.best[-1].tolist()}
