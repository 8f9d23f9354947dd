"""What a user may write: it passes strict type checking, and nothing in it is `Any` without being asked to be."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from typing_extensions import assert_type

from benchmarks import DagSpace, Space, Table, get_space, load_table, register_space, unregister_space
from encoders import Encoder, GraphFeatures
from surrogates import EnsembleSurrogate, GraphSurrogate, Oracle, Surrogate, TransferSurrogate, load_surrogate
from surrogates.search import History, Searcher, run_search


class Climber(Searcher):
    """Own searcher: the neighbours of the best so far."""

    def propose(self, n: int) -> Iterable[int]:
        """Rows to ask next."""
        if not self.rows_:
            return self.random_rows(n)
        best = self.space_.archs[self.rows_[int(self.values_[:, 0].argmax())]]
        return [self.space_.index(arch) for arch in self.space_.neighbors(best)]


class Length(Encoder):
    """Own encoding: how long a string is."""

    def feature_names(self, space: Space) -> list[str]:
        """One name a feature."""
        return ["length"]

    def encode(self, space: Space, archs: list[str]) -> NDArray[np.floating]:
        """One row an architecture."""
        return np.array([[len(arch)] for arch in archs], dtype=np.float32)


def main() -> History:
    """Fit, store, carry over, ask and search."""
    table = load_table("rooms-mini")
    assert_type(table, Table)
    archs = [arch for arch in table.archs if arch in get_space("transnas101-micro")]

    fitted = EnsembleSurrogate(random_state=0).fit(archs, np.arange(len(archs)))
    assert_type(fitted, EnsembleSurrogate)
    assert_type(fitted.predict(archs), NDArray[np.float64])
    _, std = fitted.predict(archs, return_std=True)
    assert_type(std, NDArray[np.float64])
    assert_type(fitted.weights_, NDArray[np.float64])
    assert_type(load_surrogate(fitted.save("model")), Surrogate)
    moved = TransferSurrogate(sources=table, random_state=0).fit(archs[:16], np.arange(16.0))
    assert_type(moved, TransferSurrogate)
    assert_type(GraphFeatures().fit(archs), GraphFeatures)
    assert_type(Length().fit(archs).transform(archs), NDArray[np.float32])

    oracle = Oracle.from_pretrained("transnas101-micro")
    assert_type(oracle, Oracle)
    assert_type(oracle("64-41414-3_33_333", "jigsaw"), float)
    assert_type(oracle.query(archs, tasks=["jigsaw"]), pd.DataFrame)
    assert_type(oracle.rank("64-41414-3_33_333", "jigsaw"), int)

    history = run_search(Climber(random_state=1), oracle, "jigsaw", budget=10)
    assert_type(history, History)
    assert_type(history.to_frame(), pd.DataFrame)
    return history


def own_space() -> DagSpace:
    """A space of one's own."""
    space = DagSpace("typed", {"a": (["conv", "pool"], [(0, 1)]), "b": (["pool"], [])}, open=True)
    assert_type(register_space(space), DagSpace)
    assert_type(space.canonicals(["a", space.written(["pool"], [])]), list[str])
    assert_type(space.parse("a").nodes, tuple[str, ...])
    unregister_space("typed")
    return space


def finetuned(file: str, archs: list[str]) -> GraphSurrogate:
    """Read by the type checker alone: it needs a file."""
    return GraphSurrogate().load_pretraining(file).finetune(archs, [1.0, 2.0])
