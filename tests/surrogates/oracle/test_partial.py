"""Values and costs during trainings: measured epochs, predicted epochs, and trainings that are resumed."""

import pickle

import numpy as np
import pytest

from benchmarks import get_space
from benchmarks.errors import TableError
from benchmarks.table import Table
from surrogates import GaussianProcessSurrogate, LearningCurveSurrogate, Oracle
from surrogates.oracle.training_cost import partial_seconds, training_seconds

ARCHS = get_space("transnas101-macro").sample(24, rng=0)
LEVEL = np.array([20.0 + 8 * len(arch.split("-")[1]) + int(arch[3]) for arch in ARCHS])
CURVES = LEVEL[:, None] * np.array([0.4, 0.7, 0.9, 1.0])
SECONDS = np.cumsum(np.full((24, 4), 10.0), axis=1)
OTHER = "64-111111-basic"


@pytest.fixture(scope="module")
def table() -> Table:
    metrics = {"jigsaw": {"valid_top1": CURVES, "time_elapsed": SECONDS}, "normal": {"valid_ssim": LEVEL / 100}}
    return Table.from_logs(ARCHS, metrics)


@pytest.fixture(scope="module")
def curves(table: Table) -> LearningCurveSurrogate:
    return LearningCurveSurrogate(surrogate=GaussianProcessSurrogate()).fit(table, "jigsaw")


def test_measured_epochs_are_those_of_the_table(table: Table) -> None:
    oracle = Oracle.from_table(table)
    assert oracle.epochs("jigsaw") == 4
    for epoch in (0, 2, -1, -4):
        found = oracle.query(ARCHS[:3], "jigsaw", epoch=epoch)
        assert found["value"].tolist() == CURVES[:3, epoch].tolist()
        assert found["source"].tolist() == ["table"] * 3
        assert found["std"].isna().all()


def test_other_architectures_are_predicted(table: Table, curves: LearningCurveSurrogate) -> None:
    oracle = Oracle(None, table.where(archs=ARCHS[:5]), curves=curves)
    for each in (oracle, pickle.loads(pickle.dumps(oracle)), oracle.bake()):
        found = each.query([ARCHS[0], ARCHS[9]], "jigsaw", epoch=1)
        mean, std = curves.predict([ARCHS[9]], "jigsaw", return_std=True)
        assert found["source"].tolist() == ["table", "surrogate"]
        assert found["value"].tolist() == [CURVES[0, 1], mean[0, 1]]
        assert found["std"].tolist()[1] == std[0, 1]


def test_a_training_that_stopped_early_is_predicted_from_what_it_has(curves: LearningCurveSurrogate) -> None:
    begun = np.array(CURVES)
    begun[0, 2:] = np.nan
    table = Table.from_logs(ARCHS, {"jigsaw": {"valid_top1": begun}})
    found = Oracle(None, table, curves=curves).query(ARCHS[:1], "jigsaw", epoch=3)
    assert found["value"].tolist() == curves.final(ARCHS[:1], "jigsaw", CURVES[:1, :2], 4).tolist()


def test_what_cannot_be_told_is_an_error(table: Table, curves: LearningCurveSurrogate) -> None:
    oracle = Oracle.from_table(table)
    with pytest.raises(TableError, match=r"an integer from -4 to 3, got epoch=4"):
        oracle.query(ARCHS[:1], "jigsaw", epoch=4)
    with pytest.raises(TableError, match=r"an integer from -4 to 3, got epoch='best'"):
        oracle.query(ARCHS[:1], "jigsaw", epoch="best")  # type: ignore[arg-type]
    with pytest.raises(TableError, match=r"an integer from -4 to 3, got epoch=1.5"):
        oracle.query(ARCHS[:1], "jigsaw", epoch=1.5)  # type: ignore[arg-type]
    with pytest.raises(TableError, match=r"normal: expected a table with every epoch .* or learning curves"):
        oracle.query(ARCHS[:1], "normal", epoch=0)
    with pytest.raises(
        TableError, match=r"'64-111111-basic' was not measured on jigsaw after epoch 1; learning curves"
    ):
        oracle.query([OTHER], "jigsaw", epoch=1)
    with pytest.raises(ValueError, match="rank=False with an epoch"):
        oracle.query(ARCHS[:1], "jigsaw", epoch=1, rank=True)
    with pytest.raises(
        TableError, match="expected learning curves of transnas101-micro, got curves of transnas101-macro"
    ):
        Oracle(Oracle.from_pretrained("transnas101-micro").surrogate, curves=curves)
    assert oracle.queries.total == 0, "an error is no query"


def test_an_epoch_that_was_not_measured_is_predicted(curves: LearningCurveSurrogate) -> None:
    gaps = np.array(CURVES)
    gaps[:, 1] = np.nan
    table = Table.from_logs(ARCHS, {"jigsaw": {"valid_top1": gaps}})
    with pytest.raises(TableError, match="not measured on jigsaw after epoch 1"):
        Oracle.from_table(table).query(ARCHS[:1], "jigsaw", epoch=1)
    found = Oracle(None, table, curves=curves).query(ARCHS[:1], "jigsaw", epoch=1)
    assert found["value"].tolist() == curves.predict(ARCHS[:1], "jigsaw", gaps[:1])[:, 1].tolist()


def test_a_resumed_training_costs_only_the_rest(table: Table) -> None:
    oracle = Oracle.from_table(table)
    for epoch, seconds in ((1, 20.0), (0, 20.0), (2, 30.0)):
        oracle.query(ARCHS[:1], "jigsaw", epoch=epoch)
        assert oracle.queries.simulated_seconds == seconds
    oracle.query(ARCHS[:2], "jigsaw")
    assert oracle.queries.simulated_seconds == 80.0
    oracle.query(ARCHS[:2], "jigsaw", epoch=0)
    assert oracle.queries.simulated_seconds == 80.0
    assert (oracle.queries.total, oracle.queries.distinct) == (7, 2)
    assert pickle.loads(pickle.dumps(oracle)).queries.simulated_seconds == 80.0


def test_without_times_a_part_costs_its_share(curves: LearningCurveSurrogate) -> None:
    oracle = Oracle.from_pretrained("transnas101-macro")
    oracle = Oracle(oracle.surrogate, curves=curves)
    oracle.query([OTHER], "jigsaw", epoch=0)
    whole = training_seconds([OTHER], "jigsaw")[0]
    assert oracle.queries.simulated_seconds == pytest.approx(whole / 4), "one of the four epochs of the curves"


def test_partial_seconds_of_rows_without_a_time() -> None:
    elapsed = np.array([[5.0, np.nan, 20.0]])
    table = Table.from_logs([OTHER], {"jigsaw": {"valid_top1": [[1.0, 2.0, 3.0]], "time_elapsed": elapsed}})
    found = [partial_seconds([OTHER], "jigsaw", [epochs], table)[0] for epochs in (1, 2, 3, 9)]
    assert found == pytest.approx([5.0, 20.0 * 2 / 3, 20.0, 20.0])
    assert np.isnan(partial_seconds([OTHER], "mine", [1])[0])


def test_time_that_decreases_is_told() -> None:
    elapsed = np.array([[5.0, 3.0, 20.0]])
    table = Table.from_logs([OTHER], {"jigsaw": {"valid_top1": [[1.0, 2.0, 3.0]], "time_elapsed": elapsed}})
    with pytest.raises(TableError, match="which cannot decrease, got 5 s after epoch 0 and 3 s after epoch 1"):
        partial_seconds([OTHER], "jigsaw", [1], table)
