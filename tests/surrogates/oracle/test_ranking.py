import numpy as np
import pytest

from benchmarks import TableError, get_space
from surrogates import Oracle
from tests.surrogates.helpers import TWINS, Counting, table


def test_ranks_share_the_best() -> None:
    oracle = Oracle(Counting())
    space = get_space("transnas101-micro")
    threes = np.array([space.canonical(arch).count("3") for arch in space])
    for arch in ["64-41414-3_33_333", *space.sample(20, rng=1)]:
        mine = space.canonical(arch).count("3")
        assert oracle.rank(arch, "jigsaw") == 1 + (threes > mine).sum()
        assert oracle.rank(arch, "normal") == 1 + (threes < mine).sum()
    assert oracle.rank("64-41414-3_33_333", "jigsaw") == 1
    assert len(oracle.ranking("jigsaw")) == 4096


def test_an_architecture_out_of_domain_gets_the_rank_it_would_take() -> None:
    oracle = Oracle(Counting())
    assert oracle.rank("32-4343-3_33_333", "jigsaw") == 1
    assert oracle.rank("32-4343-3_33_333", "normal") == 4097


def test_a_lower_loss_has_a_better_rank() -> None:
    from surrogates.oracle.answers import Ranking

    ranking = Ranking(np.array([0.1, 0.2, 0.2, 0.3]), higher_is_better=False)
    assert [ranking.rank(value) for value in (0.1, 0.2, 0.3, 0.0, 1.0)] == [1, 2, 4, 1, 5]


def test_a_table_ranks_what_it_measured() -> None:
    oracle = Oracle.from_table(table(jigsaw=[80.0, 81.0]))
    assert [oracle.rank(arch, "jigsaw") for arch in TWINS] == [2, 1]
    assert len(oracle.ranking("jigsaw")) == 2
    with pytest.raises(TableError, match="was not measured"):
        oracle.rank("64-41414-3_33_333", "jigsaw")


def test_answers_carry_ranks_where_they_are_asked_for() -> None:
    oracle = Oracle(Counting())
    archs = ["64-41414-3_33_333", "32-4343-3_33_333"]
    answers = oracle.answers(archs, ["jigsaw", "normal"], rank=True)
    assert answers.rank.tolist() == [[oracle.rank(arch, task) for task in ("jigsaw", "normal")] for arch in archs]
    assert answers.of.tolist() == [[4096, 4096], [4097, 4097]]  # an unpublished one counts itself
    assert [answer.of for answer in answers] == [4096, 4096, 4097, 4097]
    assert oracle.query(archs, "jigsaw", rank=True).columns.tolist()[-2:] == ["rank", "of"]
    assert next(iter(oracle.answers(archs))).rank is None
    assert oracle.queries.total == 2 * 2 + 2 + 2 * 2  # ranks are no questions


def test_everything_known_higher_is_better() -> None:
    oracle = Oracle.from_table(table(jigsaw=[80.0, 81.0]))
    known = oracle.oriented()
    assert known.shape == (4096, 1)
    assert known["jigsaw"].dropna().to_dict() == dict(zip(TWINS, [80.0, 81.0], strict=True))
    falling = Oracle(Counting()).oriented(["normal", "jigsaw"])
    assert falling.columns.tolist() == ["normal", "jigsaw"]
    assert (falling.idxmax() == ["64-41414-0_00_000", "64-41414-3_33_333"]).tolist() == [True, True]
    assert oracle.queries.total == 0
