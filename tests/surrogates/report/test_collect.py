"""What the explorer shows is what the oracle answers, on all architectures of a space."""

import re
from collections import Counter
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from benchmarks import DagSpace, Table, TableError, UnknownNameError, get_space, load_table, register_space
from encoders import Costs
from surrogates import Oracle, TransferMatrix, draw, load_agreement
from surrogates.pretrained.load import load_answers
from surrogates.report import ReportColumn, collect_report
from surrogates.report.comparison import LEVELS, compare
from surrogates.report.structure import structure_of
from surrogates.search import History

MACRO, MICRO = get_space("transnas101-macro"), get_space("transnas101-micro")
TASK = "<b>fit<script>alert(1)"


def graphs(n=12):
    """Chains of different lengths, the last two equal, and one graph too large to draw."""
    chain = lambda k: (["input", *["<b>conv</b>"] * k, "a & b", "output"], [(i, i + 1) for i in range(k + 2)])  # noqa: E731
    return {f"g{k}": chain(k) for k in range(n)} | {"<script>alert(1)</script>": chain(n - 1), "large": chain(70)}


@pytest.fixture
def mine():
    return register_space(DagSpace("mine", graphs()))


@pytest.fixture
def own_table(mine):
    frame = pd.DataFrame({"arch": list(mine.archs)})
    frame[TASK] = np.arange(len(frame)) % 5 + 0.5
    frame["size_mb"] = np.arange(len(frame), dtype=float)
    frame.loc[2, "size_mb"] = np.nan
    return Table.from_frame(frame, minimize=["size_mb"])


def column(data, key):
    (found,) = [one for one in data.columns if one.key == key]
    return found


def test_predictions_ranks_costs_and_twins_are_those_of_the_oracle():
    space = get_space("transnas101-micro")
    data = collect_report(space, load_answers(space), tasks=["jigsaw", "normal"])
    assert [one.key for one in data.columns] == [
        "jigsaw_predicted",
        "normal_predicted",
        "params",
        "multiply_adds",
        "novelty",
    ]
    rows = [0, 17, 1000, 4095]
    archs = [space.archs[row] for row in rows]
    answers = Oracle.from_pretrained(space).query(archs, "jigsaw", rank=True)
    shown = column(data, "jigsaw_predicted")
    np.testing.assert_allclose(shown.values[rows], answers["value"])
    np.testing.assert_allclose(shown.std[rows], answers["std"])
    assert shown.ranks[rows].tolist() == answers["rank"].tolist()
    assert (shown.of, shown.unit, shown.better, shown.metric) == (4096, "%", 1, "valid_top1")
    exact = Costs().fit(archs).exact(archs)
    assert column(data, "params").values[rows].tolist() == exact[:, 0].tolist()
    assert column(data, "multiply_adds").values[rows].tolist() == exact[:, 1].tolist()
    classes = Counter(space.simplify(space.archs))
    assert [data.forms[data.form[row]] for row in rows] == space.simplify(archs)
    assert data.twins[rows].tolist() == [classes[form] - 1 for form in space.simplify(archs)]


def test_measured_values_keep_gaps_directions_and_ties(mine, own_table):
    data = collect_report(mine, table=own_table)
    assert [one.key for one in data.columns] == [f"{TASK}_measured", "size_mb_measured"]
    fit, size = data.columns
    assert np.isnan(size.values[2])
    assert (size.ranks[2], size.of, size.better) == (0, 13, -1)
    assert size.ranks[[0, 1, 3]].tolist() == [1, 2, 3]  # lower is better
    assert fit.ranks[[4, 9, 3]].tolist() == [1, 1, 3]  # equal values share a rank
    assert sum("no networks" in note for note in data.notes) == 1
    assert sum("no model" in note for note in data.notes) == 1
    equal = [data.archs.index("g11"), data.archs.index("<script>alert(1)</script>")]
    assert len(set(data.form[equal])) == 1
    assert data.twins[equal].tolist() == [1, 1]


def test_architectures_that_only_the_table_has_are_shown_as_not_published():
    archs = [MACRO.archs[0], MACRO.archs[5], "32-2311-basic"]
    table = Table.from_logs(archs, {"jigsaw": {"valid_top1": [90.0, 91.0, 95.0]}})
    data = collect_report(MACRO, load_answers(MACRO), table, tasks=["jigsaw"])
    assert (data.archs[-1], data.total, data.published.sum()) == ("32-2311-basic", 3257, 3256)
    measured = column(data, "jigsaw_measured")
    assert (measured.of, measured.ranks[-1], measured.ranks[5], measured.ranks[0]) == (2, 1, 1, 2)
    predicted = column(data, "jigsaw_predicted")
    assert predicted.values[-1] == Oracle.from_pretrained(MACRO)("32-2311-basic", "jigsaw")
    (found,) = data.comparisons
    assert [group["name"] for group in found["groups"]][-1] == "not a published architecture"


def test_tau_and_coverage_are_those_of_scipy_and_a_loop():
    rng = np.random.default_rng(0)
    measured, std = rng.normal(size=60), rng.uniform(0.5, 2, 60)
    predicted = measured + std * rng.normal(size=60)
    measured[3] = np.nan
    novelty = np.repeat([0.0, 0.5, 3.0], 20)
    published = np.arange(60) != 59
    columns = [
        ReportColumn("a", "measured", "", "-", 1, measured),
        ReportColumn("a", "predicted", "", "-", 1, predicted, std),
        ReportColumn("novelty", "novelty", "", "-", 0, novelty),
    ]
    (found,) = compare(columns, published)
    known = ~np.isnan(measured)
    assert (found["n"], found["x"], found["y"]) == (59, 0, 1)
    assert found["tau"] == pytest.approx(kendalltau(measured[known], predicted[known]).statistic)
    assert [group["n"] for group in found["groups"]] == [19, 20, 19, 1]
    group = found["groups"][2]
    for level, covered in zip(LEVELS, group["coverage"], strict=True):
        width = NormalDist().inv_cdf((1 + level) / 2)
        inside = [abs(measured[i] - predicted[i]) <= width * std[i] for i in range(40, 59)]
        assert covered == pytest.approx(sum(inside) / 19)
    assert found["groups"][3]["tau"] is None  # one row has no order
    assert compare(columns, published, intervals=False)[0]["groups"][0]["coverage"] is None


def test_trainings_unlike_the_published_ones_are_compared_by_rank_alone():
    table = load_table("rooms-mini", space="transnas101-macro")
    data = collect_report(MACRO, load_answers(MACRO), table)
    assert any("compare ranks, not values" in note for note in data.notes)
    assert len(data.comparisons) == 7
    assert all(group["coverage"] is None for found in data.comparisons for group in found["groups"])


def test_the_held_out_agreement_is_that_of_the_bundle():
    agreement = load_agreement(MACRO)
    data = collect_report(MACRO, load_answers(MACRO), tasks=["normal"], agreement=agreement)
    (found,) = data.agreement
    edges, counts = agreement.grid("normal")
    assert found["tau"] == agreement.tau[agreement.tasks.index("normal")]
    assert (found["low"], found["high"]) == (edges[0], edges[-1])
    np.testing.assert_array_equal(np.reshape(found["counts"], (found["bins"], -1)), counts)


def test_curves_have_each_step_at_which_the_best_changes():
    archs = list(MACRO.archs[:5])
    values = np.array([[1.0, 5.0], [3.0, 4.0], [2.0, 6.0], [3.0, 6.0], [4.0, 6.0]])
    history = History(MACRO.name, ("jigsaw", "normal"), archs, values, np.ones(5), {"searcher": "Mine", "seed": 3})
    empty = History(MACRO.name, ("jigsaw",), [], np.zeros((0, 1)), np.zeros(0), {})
    first, second = collect_report(MACRO, load_answers(MACRO), searches=[history, empty]).searches
    assert (first["searcher"], first["seed"], first["queries"]) == ("Mine", 3, 5)
    assert first["curves"] == [
        {"task": "jigsaw", "step": [1, 2, 5], "best": [1.0, 3.0, 4.0]},
        {"task": "normal", "step": [1, 3], "best": [5.0, 6.0]},
    ]
    assert second["curves"] == [{"task": "jigsaw", "step": [], "best": []}]


def test_the_transfer_matrix_is_shown_for_each_number_of_labels():
    rows = [("a", "b", k, 0, 0.5, 0.6 + k / 100, 0.5, 0.1 + k / 100) for k in (1, 2)]
    runs = pd.DataFrame(rows, columns=["source", "target", "k", "seed", "correlation", "tau", "alone", "gain"])
    shown = collect_report(MACRO, load_answers(MACRO), transfer=TransferMatrix(runs)).transfer["matrices"]
    assert [one["name"] for one in shown] == [
        "gain in tau, 1 labels",
        "gain in tau, 2 labels",
        "tau, transferred, 1 labels",
        "tau, transferred, 2 labels",
        "tau of measured values",
    ]
    assert (shown[1]["sources"], shown[1]["targets"]) == (["b", "a"], ["b"])
    assert shown[1]["rows"] == [[None], [pytest.approx(0.12)]]


@pytest.mark.parametrize("name", ["transnas101-micro", "nasbench201"])
def test_operations_of_cells_are_counted_as_written(name):
    space = get_space(name)
    archs = space.sample(30, rng=0)
    found = structure_of(space, archs)
    codes, simplest = found.arrays["code"].reshape(-1, 6), found.arrays["simplest"].reshape(-1, 6)
    for arch, counts, code, simple in zip(archs, found.counts, codes, simplest, strict=True):
        assert tuple(code) == space.parse(arch).code
        assert tuple(simple) == space.parse(space.simplify([arch])[0]).code
        assert counts.tolist() == [list(code).count(number) for number in range(len(space.operations))]
    assert found.operations[3] in ("conv 3×3", "average pool 3×3")


@pytest.mark.parametrize(
    ("space", "archs"),
    [
        (MACRO, [*MACRO.sample(20, rng=0), "32-1-basic", "64-4444444-basic"]),
        (MICRO, ["32-14-3_33_333", *MICRO.archs[:2]]),
    ],
)
def test_skeletons_are_put_together_from_the_pieces_of_draw(space, archs):
    found = structure_of(space, archs)
    sizes, steps, pieces = found.arrays["skeleton_sizes"], found.arrays["steps"], found.about["pieces"]
    assert len(set(pieces)) == len(pieces) < len(steps) or space == MICRO
    assert sizes.sum() == len(steps)
    ends = np.cumsum(sizes)
    for row, arch in enumerate(archs):
        number = row if space == MACRO else found.arrays["skeleton"][row]
        own = [pieces[step] for step in steps[ends[number] - sizes[number] : ends[number]]]
        inside = draw(arch).svg
        assert own[0].count("<rect") == 1
        for step in own:  # the same words and colours, at other places
            for said in re.findall('<title>([^<]+)</title>|fill="(#[^"]+)"|>([^<>]+)</text>', step):
                assert "".join(said) in inside
        titles = re.findall("<title>((?:stem|module)[^<]+)</title>", "".join(own))
        assert titles == re.findall("<title>((?:stem|module)[^<]+)</title>", inside)


def test_operations_of_skeletons_and_graphs_are_counted(mine):
    found = structure_of(MACRO, ["64-2311-basic", "64-123444-basic"])
    assert found.counts.tolist() == [[4, 2, 1, 1, 0], [6, 1, 1, 1, 3]]
    found = structure_of(mine, ["g2", "large", "g1"])
    assert found.operations == ["<b>conv</b>", "a & b"]
    assert found.counts.tolist() == [[2, 1], [70, 1], [1, 1]]
    assert found.arrays["sizes"].tolist() == [5, 4, 0, 0, 4, 3]  # the large one has no drawing
    names = [found.about["names"][label] for label in found.arrays["nodes"]]
    assert names == [
        "input",
        "<b>conv</b>",
        "<b>conv</b>",
        "a & b",
        "output",
        "input",
        "<b>conv</b>",
        "a & b",
        "output",
    ]
    assert found.arrays["edges"][:8].tolist() == [0, 1, 1, 2, 2, 3, 3, 4]


def test_thinning_keeps_the_best_and_what_was_computed_from_all():
    data = collect_report(MACRO, load_answers(MACRO), tasks=["jigsaw"])
    small = data.thinned(500)
    assert len(small.archs) <= 500
    assert small.total == 3256
    best = np.sort(column(data, "jigsaw_predicted").ranks)[:50]
    shown = column(small, "jigsaw_predicted")
    assert np.sort(shown.ranks)[:50].tolist() == best.tolist()
    for row in (0, 100, 400):
        old = data.archs.index(small.archs[row])
        assert shown.values[row] == column(data, "jigsaw_predicted").values[old]
        assert small.forms[small.form[row]] == data.forms[data.form[old]]
        assert small.twins[row] == data.twins[old]
    assert data.thinned(5000) is data


def test_errors_say_what_was_expected(own_table):
    with pytest.raises(ValueError, match="a predictor, a table or both to show, got neither"):
        collect_report(MACRO)
    with pytest.raises(ValueError, match="a predictor of transnas101-macro, got one of nasbench201"):
        collect_report(MACRO, load_answers("nasbench201"))
    with pytest.raises(TypeError, match="expected a fitted surrogate as predictor, got <Oracle of transnas101-macro"):
        collect_report(MACRO, Oracle.from_pretrained("transnas101-macro"))
    one, same = (collect_report(MACRO, load_answers(MACRO), tasks=tasks) for tasks in ("jigsaw", ["jigsaw"]))
    assert [column.key for column in one.columns] == [column.key for column in same.columns]
    with pytest.raises(TableError, match="a table of transnas101-macro, got one of mine"):
        collect_report(MACRO, load_answers(MACRO), own_table)
    with pytest.raises(UnknownNameError, match="did you mean 'jigsaw'"):
        collect_report(MACRO, load_answers(MACRO), tasks=["jigsav"])
    history = History("nasbench201", ("cifar10",), [], np.zeros((0, 1)), np.zeros(0), {})
    with pytest.raises(ValueError, match="searches of transnas101-macro, got one of nasbench201"):
        collect_report(MACRO, load_answers(MACRO), searches=[history])
