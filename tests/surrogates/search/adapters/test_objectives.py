"""`Objectives.measure` against querying the oracle one value at a time."""

import numpy as np
import pytest

from benchmarks.errors import UnknownNameError
from benchmarks.table import Table
from encoders import Costs
from surrogates import BoostedSurrogate, Oracle
from surrogates.search import Constraint, ConstraintError
from surrogates.search.adapters import Objectives


def test_values_and_costs_one_by_one(micro: Oracle) -> None:
    objectives = Objectives(micro, ["jigsaw", "normal"], costs=["multiply_adds", "params"])
    archs = micro.space.sample(20, rng=0)
    encoder = Costs().fit(archs)
    names = list(encoder.get_feature_names_out())
    columns = [names.index(name) for name in ("multiply_adds", "params")]
    measured = objectives.measure(archs)
    assert objectives.names == ("jigsaw", "normal", "multiply_adds", "params")
    assert objectives.signs.tolist() == [1, 1, -1, -1]
    for row, arch in zip(measured, archs, strict=True):
        assert row[:2].tolist() == [micro(arch, "jigsaw"), micro(arch, "normal")]
        np.testing.assert_allclose(row[2:], encoder.transform([arch])[0, columns])


def test_the_surrogate_predicts_a_population_at_once(fitted: BoostedSurrogate, monkeypatch: pytest.MonkeyPatch) -> None:
    oracle = Oracle(fitted)
    calls = []
    predict = BoostedSurrogate.predict
    monkeypatch.setattr(
        BoostedSurrogate, "predict", lambda self, archs, **how: calls.append(len(archs)) or predict(self, archs, **how)
    )
    archs = oracle.space.sample(15, rng=1)
    assert Objectives(oracle, "jigsaw").measure(archs).shape == (15, 1)
    assert calls == [15]


def test_of_a_table_only_what_was_measured(macro_table: Table) -> None:
    objectives = Objectives(macro_table, ["jigsaw", "room_layout"])
    measured = set(macro_table.to_frame().dropna().index)
    drawn = np.random.default_rng(0).integers(objectives.decisions.lower, objectives.decisions.upper + 1, size=(200, 6))
    meant = objectives.decisions.decode(drawn)
    assert set(meant) <= measured
    expected = macro_table.to_frame().loc[meant, ["jigsaw", "room_layout"]]
    np.testing.assert_array_equal(objectives.measure(meant), expected)


def test_bad_input(micro: Oracle) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'params'"):
        Objectives(micro, "jigsaw", costs=["parms"])
    with pytest.raises(UnknownNameError, match="did you mean 'jigsaw'"):
        Objectives(micro, "jigsau")
    with pytest.raises(ConstraintError, match="smallest has"):
        Objectives(micro, "jigsaw", constraint=Constraint(max_params=10))
    nothing = Objectives(lambda archs: np.full(len(archs), np.nan), "mine", space="transnas101-micro")
    with pytest.raises(ValueError, match=r"returned nan for '64-41414-3_33_333' on mine"):
        nothing.measure(["64-41414-3_33_333"])


@pytest.mark.parametrize(
    ("tasks", "costs", "repeated"),
    [
        (["jigsaw", "jigsaw/valid_top1"], (), "jigsaw"),
        ("jigsaw", ("params", "params"), "params"),
        ("jigsaw", ["multiply_adds", "params", "multiply_adds"], "multiply_adds"),
    ],
)
def test_an_objective_is_named_once(micro: Oracle, tasks: object, costs: object, repeated: str) -> None:
    """A loss is kept by name: of two objectives of one name, one would be lost."""
    with pytest.raises(ValueError, match=rf"expected different (tasks|objectives), got '{repeated}' more than once"):
        Objectives(micro, tasks, costs)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected different tasks, got 'length' more than once"):
        Objectives(lambda archs: np.zeros((len(archs), 2)), ["length", "length"], space="transnas101-micro")
