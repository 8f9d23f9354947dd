"""No object floods a notebook or a log: reprs of large objects are below 2 kB."""

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import benchmarks
import encoders
import surrogates
from benchmarks import get_space
from benchmarks.short_repr import ShortRepr
from benchmarks.table import Table
from benchmarks.task_log import TaskLog
from encoders import Costs, GraphFeatures, OneHotEncoding, PathEncoding
from encoders.node_features import cell_graphs
from surrogates import (
    BoostedSurrogate,
    EnsembleSurrogate,
    GaussianProcessSurrogate,
    Labels,
    Oracle,
    Pack,
    TransferMatrix,
    TransferSurrogate,
    load_pretrained,
)
from surrogates.search import make_searcher, run_search

LIMIT = 2000
SPACE = get_space("transnas101-micro")
ARCHS = list(SPACE)
TASKS = [f"a task of my own with a long name, number {i}" for i in range(40)]
FRAME = pd.DataFrame(np.random.default_rng(0).random((len(ARCHS), 40)), index=pd.Index(ARCHS, name="arch"))
FRAME.columns = pd.Index(TASKS)


def _table() -> Table:
    return Table.from_frame(FRAME.reset_index())


def _runs() -> pd.DataFrame:
    return pd.DataFrame({name: range(5000) for name in ("source", "target", "k", "seed", "tau")})


def _history() -> Any:
    return run_search("random", Oracle.from_pretrained(SPACE), "jigsaw", budget=2000, seed=0)


BUILD: dict[str, Callable[[], Any]] = {
    "Table": _table,
    "TaskLog": lambda: TaskLog(
        {f"valid_metric{i}": np.zeros((4096, 30)) for i in range(50)}, np.full(4096, 30), {"params": np.zeros(4096)}
    ),
    "provenance": lambda: dataclasses.replace(_table(), provenance={"recipes": dict.fromkeys(TASKS, "x" * 1000)}),
    "Labels": lambda: Labels.from_data(ARCHS, FRAME),
    "Pack": lambda: Pack(
        {"views": [TASKS] * 50}, {f"array{i}": np.zeros(5000) for i in range(99)}, {"m": b"x" * 10**6}
    ),
    "oracle of a table": lambda: Oracle(None, _table()),
    "oracle": lambda: Oracle.from_pretrained(SPACE),
    "queries": lambda: Oracle.from_pretrained(SPACE).queries,
    "answers": lambda: Oracle.from_pretrained(SPACE).answers(ARCHS, rank=True),
    "ranking": lambda: Oracle.from_pretrained(SPACE).ranking("jigsaw"),
    "tabulated": lambda: Oracle.from_pretrained(SPACE).surrogate,
    "history": _history,
    "TransferMatrix": lambda: TransferMatrix(_runs()),
    "transfer": lambda: TransferSurrogate(sources=_table()),
    "transfer of a frame": lambda: TransferSurrogate(sources=FRAME),
    "transfer of several": lambda: TransferSurrogate(sources=[FRAME, _table(), load_pretrained("transnas101-micro")]),
    "transfer of a DataFrame of strings": lambda: TransferSurrogate(sources=FRAME.astype(str)),
    "ensemble": lambda: EnsembleSurrogate(members=[BoostedSurrogate(encoder=GraphFeatures()) for _ in range(40)]),
    "bundled": lambda: load_pretrained("transnas101-micro"),
    "gp": lambda: GaussianProcessSurrogate(random_state=np.random.RandomState(0)),
    "encoders": lambda: [OneHotEncoding(), PathEncoding(), Costs(), GraphFeatures()],
    "searcher with sources": lambda: make_searcher("transfer", 0, sources=FRAME),
    "searcher with a surrogate": lambda: make_searcher("transfer", 0, sources=load_pretrained("transnas101-micro")),
    "graphs": lambda: SPACE.cell_graphs(ARCHS),
    "network": lambda: SPACE.network_graph("64-" + "1" * 16 + "-3_33_333"),
    "node features": lambda: cell_graphs(SPACE, ARCHS[:500]),
    "space": lambda: SPACE,
}


@pytest.mark.parametrize("name", BUILD)
def test_a_large_object_has_a_short_repr(name: str) -> None:
    value = BUILD[name]()
    for text in (repr(value), str(value)):
        assert 0 < len(text) < LIMIT
    html = getattr(value, "_repr_html_", None)
    if html is not None:
        assert len(html() or "") < 10 * LIMIT + 40_000, "scikit-learn's own style sheet has 30 kB"


MODULES = [
    info.name
    for package in (benchmarks, encoders, surrogates)
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    if not info.name.endswith("__main__")
]
_LARGE = (
    "NDArray",
    "Float",
    "DataFrame",
    "Tensor",
    "tuple[str, ...]",
    "list[",
    "Mapping[str, list",
    "Mapping[str, tuple",
    "Mapping[str, NDArray",
    "bytes",
)


@pytest.mark.parametrize("module", MODULES)
def test_every_dataclass_with_large_fields_is_short(module: str) -> None:
    """A dataclass whose fields can be large derives from `ShortRepr`, or has a repr of its own."""
    try:
        found = importlib.import_module(module)
    except ImportError as error:  # an extra is missing
        pytest.skip(str(error))
    for name, kind in inspect.getmembers(found, inspect.isclass):
        public = kind.__module__ == module and not name.startswith("_")
        if public and dataclasses.is_dataclass(kind) and not issubclass(kind, ShortRepr):
            large = [part.name for part in dataclasses.fields(kind) if str(part.type).startswith(_LARGE)]
            own = inspect.getsourcefile(inspect.unwrap(kind.__repr__)) == inspect.getsourcefile(kind)
            assert own or not large, f"{name}: {large}"


def test_the_number_of_entries_is_said() -> None:
    @dataclasses.dataclass(repr=False)
    class Found(ShortRepr):
        archs: tuple[str, ...]
        scores: dict[str, Any]
        one: tuple[str]
        nothing: list[str]
        number: float
        text: str
        frame: pd.DataFrame

    shown = repr(Found(tuple(ARCHS), dict.fromkeys(TASKS, np.zeros((2, 3))), ("x",), [], 0.5, "y" * 500, FRAME))
    assert f"archs=('{ARCHS[0]}', '{ARCHS[1]}', '{ARCHS[2]}', ... 4,096 in all)" in shown
    assert "<2 x 3 float64>, ... 40 in all}" in shown
    assert "one=('x',), nothing=[], number=0.5, text='yy" in shown
    assert "frame=<4,096 x 40 DataFrame>" in shown
    assert len(shown) < 700


def test_a_table_of_many_tasks_shows_some_and_counts_the_others() -> None:
    lines = repr(_table()).splitlines()
    assert lines[0] == "Table: 4,096 architectures x 40 tasks (transnas101-micro)"
    assert len(lines) == 14
    assert lines[-1] == "  ... and 28 other tasks"
