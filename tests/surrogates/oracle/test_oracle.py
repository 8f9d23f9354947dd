import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from benchmarks import ArchitectureError, TableError, UnknownNameError
from benchmarks.table import Table
from surrogates import BoostedSurrogate, Oracle
from tests.surrogates.helpers import TWINS, Counting, table


def test_a_query_has_a_row_for_every_architecture_and_task() -> None:
    answers = Oracle(Counting()).query(["64-41414-3_33_333", TWINS[0]])
    assert answers.columns.tolist() == ["arch", "task", "value", "std", "source", "in_domain", "novelty"]
    assert answers["arch"].tolist() == ["64-41414-3_33_333"] * 2 + [TWINS[0]] * 2
    assert answers["task"].tolist() == ["jigsaw", "normal"] * 2
    assert answers["value"].tolist() == [6, -6, 0, 0]
    assert answers["std"].tolist() == [0.5] * 4
    assert set(answers["source"]) == {"surrogate"}
    assert answers["in_domain"].all()


def test_the_table_goes_first_and_gaps_go_to_the_surrogate() -> None:
    oracle = Oracle(Counting(), table(jigsaw=[80.0, float("nan")], class_scene=[50.0, 51.0]))
    assert oracle.tasks == ("jigsaw", "normal", "class_scene")
    answers = oracle.query(TWINS, ["jigsaw", "normal", "class_scene"]).set_index(["arch", "task"])
    assert answers["source"].unstack().loc[TWINS[0]].to_dict() == {
        "jigsaw": "table",
        "normal": "surrogate",
        "class_scene": "table",
    }
    assert answers.loc[(TWINS[0], "jigsaw"), "value"] == 80
    assert np.isnan(answers.loc[(TWINS[0], "jigsaw"), "std"])
    assert answers.loc[(TWINS[1], "jigsaw"), ["value", "std", "source"]].tolist() == [0, 0.5, "surrogate"]
    assert oracle(TWINS[0], "jigsaw") == 80
    assert oracle(TWINS[1], "jigsaw") == 0


def test_twins_keep_their_own_measurements() -> None:
    oracle = Oracle.from_table(table(jigsaw=[80.0, 81.0]))
    assert [oracle(arch, "jigsaw") for arch in TWINS] == [80, 81]


def test_sources_can_be_asked_alone() -> None:
    results = table(jigsaw=[80.0, float("nan")])
    assert Oracle(Counting(), results, source="surrogate")(TWINS[0], "jigsaw") == 0
    only = Oracle(Counting(), results, source="table")
    assert only.tasks == ("jigsaw",)
    assert only(TWINS[0], "jigsaw") == 80
    with pytest.raises(TableError, match=rf"'{TWINS[1]}' was not measured on jigsaw; use source='auto' or"):
        only(TWINS[1], "jigsaw")
    with pytest.raises(TableError, match=r"'64-41414-3_33_333' was not measured on jigsaw"):
        only.query(["64-41414-3_33_333"])


def test_a_gap_in_a_task_the_surrogate_does_not_know_is_an_error() -> None:
    oracle = Oracle(Counting(), table(class_scene=[50.0, float("nan")]))
    with pytest.raises(TableError, match="not measured on class_scene; the surrogate predicts only jigsaw, normal"):
        oracle(TWINS[1], "class_scene")


def test_bad_questions_are_refused() -> None:
    oracle = Oracle(Counting())
    with pytest.raises(ArchitectureError, match="expected a cell code"):
        oracle("64-41414-3_33_334", "jigsaw")
    with pytest.raises(ArchitectureError, match=r"of transnas101-micro, got .* of transnas101-macro"):
        oracle.query(["64-2311-basic"])
    with pytest.raises(ArchitectureError, match="expected a list of architecture strings, got str"):
        oracle.query(TWINS[0])
    with pytest.raises(UnknownNameError, match=r"unknown task 'jigsau'; did you mean 'jigsaw'"):
        oracle(TWINS[0], "jigsau")
    with pytest.raises(UnknownNameError, match="unknown task 'class_scene'"):
        oracle.query(TWINS, ["class_scene"])
    assert oracle.queries.total == 0


@pytest.mark.parametrize(
    ("given", "named"), [([TWINS[0]], r"list \['64-41414-0_00_100'\]"), (None, "NoneType None"), (3.5, "float 3.5")]
)
def test_what_is_no_string_is_named(given: object, named: str) -> None:
    oracle = Oracle(Counting())
    with pytest.raises(ArchitectureError, match=f"expected an architecture string, got {named}"):
        oracle(given, "jigsaw")  # type: ignore[arg-type]
    with pytest.raises(ArchitectureError, match=f"expected an architecture string, got {named}"):
        oracle.rank(given, "jigsaw")  # type: ignore[arg-type]
    with pytest.raises(ArchitectureError, match=f"expected an architecture string at position 1, got {named}"):
        oracle.query([TWINS[0], given])  # type: ignore[list-item]
    assert oracle.queries.total == 0


def test_bad_arguments_are_refused(macro_table: Table) -> None:
    with pytest.raises(ValueError, match="needs a surrogate or a table, got None"):
        Oracle(None)
    with pytest.raises(ValueError, match="source='table' needs a table"):
        Oracle(Counting(), source="table")
    with pytest.raises(ValueError, match="source='surrogate' needs a surrogate, got None"):
        Oracle(None, macro_table, source="surrogate")
    with pytest.raises(UnknownNameError, match="unknown source 'tabel'; did you mean 'table'"):
        Oracle(Counting(), source="tabel")  # type: ignore[arg-type]
    with pytest.raises(TableError, match=r"expected a table of transnas101-micro, .* got one of transnas101-macro"):
        Oracle(Counting(), macro_table)
    with pytest.raises(NotFittedError, match=r"expected a fitted surrogate, got BoostedSurrogate\(\); call fit first"):
        Oracle(BoostedSurrogate())
    with pytest.raises(ValueError, match="cache size of at least 1, got 0"):
        Oracle(Counting(), cache_size=0)


def test_nothing_asked_is_nothing_answered() -> None:
    answers = Oracle(Counting()).query([])
    assert answers.shape == (0, 7)


def test_of_a_table_of_two_spaces_the_surrogates_is_used() -> None:
    both = Table.from_frame(pd.DataFrame({"arch": [TWINS[0], "64-2311-basic"], "jigsaw": [80.0, 90.0]}))
    assert Oracle(Counting(), both)(TWINS[0], "jigsaw") == 80
    with pytest.raises(TableError, match="one search space, got transnas101-micro, transnas101-macro"):
        Oracle.from_table(both)


def test_architectures_out_of_domain_are_predicted_and_marked() -> None:
    answers = Oracle(Counting()).query(["32-4141-3_33_333"], ["jigsaw"])
    assert answers.loc[0, ["value", "source", "in_domain"]].tolist() == [7, "surrogate", False]
