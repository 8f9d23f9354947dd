"""Refinement with a trainer whose truth is a known function."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import get_space, kendall_tau
from benchmarks.errors import ArtefactError, UnknownNameError
from benchmarks.table import Table
from surrogates import BoostedSurrogate, GaussianProcessSurrogate, initial_design
from surrogates.refinement import Round, pick_asked, pick_designed, pick_uncertain, refine
from surrogates.refinement.loop import extend
from surrogates.refinement.state import STATE
from surrogates.search import list_searchers, make_searcher

SPACE = get_space("transnas101-micro")
MODEL = GaussianProcessSurrogate(length_scales=(4.0,))


def truth(archs: list[str]) -> pd.DataFrame:
    """Depth and width of the cell, by eye: two tasks that disagree."""
    depth = np.array([arch.count("3") + 0.5 * arch.count("2") + (arch[-1] == "3") for arch in archs])
    skips = np.array([arch[9:].count("1") ** 2 for arch in archs])
    return pd.DataFrame({"arch": archs, "jigsaw": 50 + 3 * depth - skips, "normal": 0.5 - depth / 40})


class Trainer:
    """Measures the truth; remembers what it was asked, and may be interrupted."""

    def __init__(self, fails: tuple[str, ...] = (), stop_at: int = -1) -> None:
        self.asked: list[list[str]] = []
        self.fails = fails
        self.stop_at = stop_at

    def __call__(self, archs: list[str]) -> Table:
        if len(self.asked) == self.stop_at:
            raise KeyboardInterrupt
        self.asked.append(archs)
        return Table.from_frame(truth([arch for arch in archs if arch not in self.fails]))


@pytest.fixture(scope="module")
def begin() -> Table:
    return Table.from_frame(truth(SPACE.sample(20, rng=1)))


@pytest.fixture(scope="module")
def rounds(begin: Table) -> list[Round]:
    return list(refine(begin, Trainer(), MODEL, budget=15, rounds=3))


def test_held_out_ranks_are_better_afterwards(begin: Table, rounds: list[Round]) -> None:
    seen = set(SPACE.simplify(list(rounds[-1].table.archs)))
    sample = SPACE.sample(600, rng=2)
    held_out = [arch for arch, form in zip(sample, SPACE.simplify(sample), strict=True) if form not in seen]
    expected = truth(held_out)
    before = MODEL.fit(list(begin.archs), begin.to_frame())
    for t, task in enumerate(("jigsaw", "normal")):
        taus = [
            kendall_tau(expected[task].to_numpy(), surrogate.predict(held_out)[:, t])
            for surrogate in (before, rounds[-1].surrogate)
        ]
        assert taus[1] > taus[0] + 0.05


def test_every_round_adds_new_functions(begin: Table, rounds: list[Round]) -> None:
    assert [(turn.number, len(turn.archs), len(turn.table)) for turn in rounds] == [
        (1, 15, 35),
        (2, 15, 50),
        (3, 15, 65),
    ]
    archs = [*begin.archs, *(arch for turn in rounds for arch in turn.archs)]
    new = SPACE.simplify(archs[20:])
    assert len(set(new)) == 45
    assert not set(new) & set(SPACE.simplify(archs[:20]))
    np.testing.assert_array_equal(rounds[-1].table.to_frame(), truth(archs).set_index("arch"))
    for turn in rounds:
        assert turn.summary["measured"].tolist() == [15, 15]
        assert turn.summary["std_after"].gt(0).all()
    assert (rounds[-1].summary["std_after"] < rounds[0].summary["std_before"]).all()


def test_the_summary_compares_predicted_with_measured(begin: Table, rounds: list[Round]) -> None:
    before = MODEL.fit(list(begin.archs), begin.to_frame())
    archs = list(rounds[0].archs)
    tau = kendall_tau(truth(archs)["jigsaw"].to_numpy(), before.predict(archs)[:, 0])
    assert rounds[0].summary.loc["jigsaw", "tau"] == pytest.approx(tau)
    assert rounds[0].summary.loc["jigsaw", "cv_tau_before"] == pytest.approx(before.cv_scores_["jigsaw"]["tau"])


def test_a_batch_is_uncertain_and_diverse(begin: Table) -> None:
    """Against a naive loop over standard features."""
    from surrogates.kernels.features import standard_features

    surrogate = MODEL.fit(list(begin.archs), begin.to_frame()["jigsaw"])
    found = pick_uncertain(surrogate, begin, 3)
    forms = dict.fromkeys(SPACE.simplify(list(SPACE)))
    others = [form for form in forms if form not in set(SPACE.simplify(list(begin.archs)))]
    _, std = surrogate.predict(others, return_std=True)
    X, labelled = standard_features(SPACE.name, others), list(standard_features(SPACE.name, list(begin.archs)))
    chosen = []
    for _ in range(3):
        worth = [s * min(np.linalg.norm(x - known) for known in labelled) for s, x in zip(std, X, strict=True)]
        best = int(np.argmax(worth))
        chosen.append(others[best])
        labelled.append(X[best])
    assert SPACE.simplify(found) == chosen


def test_interrupted_it_goes_on_with_what_it_chose(begin: Table, rounds: list[Round], tmp_path: Path) -> None:
    stopped = Trainer(stop_at=1)
    with pytest.raises(KeyboardInterrupt):
        list(refine(begin, stopped, MODEL, budget=15, rounds=3, folder=tmp_path))
    state = json.loads((tmp_path / STATE).read_text())
    assert state["rounds"] == [list(rounds[0].archs), list(rounds[1].archs)]
    state["rounds"][1] = list(reversed(state["rounds"][1]))
    (tmp_path / STATE).write_text(json.dumps(state))
    again = list(refine(begin, Trainer(), MODEL, budget=15, rounds=2, folder=tmp_path))
    assert [list(turn.archs) for turn in again] == state["rounds"]  # not chosen anew
    longer = list(refine(begin, Trainer(), MODEL, budget=15, rounds=3, folder=tmp_path))
    assert len(longer[-1].table) == 65


def test_a_folder_is_of_one_refinement(begin: Table, tmp_path: Path) -> None:
    list(refine(begin, Trainer(), MODEL, budget=2, folder=tmp_path))
    with pytest.raises(ArtefactError, match="holds another refinement: budget was 2 and is now 3"):
        list(refine(begin, Trainer(), MODEL, budget=3, folder=tmp_path))
    with pytest.raises(ArtefactError, match=rf"table was {begin.hash} and is now .*\(--folder\)"):
        list(refine(begin.where(tasks=["jigsaw"]), Trainer(), MODEL, budget=2, folder=tmp_path))
    other = BoostedSurrogate(n_members=2, n_rounds=2, n_jobs=1)
    with pytest.raises(ArtefactError, match=r"model was GaussianP.*\(4.0,\)\) and is now BoostedSurrogate\(n_memb"):
        list(refine(begin, Trainer(), other, budget=2, folder=tmp_path))
    wider = GaussianProcessSurrogate(length_scales=(5.0,))
    with pytest.raises(ArtefactError, match=r"\(4.0,\)\) and is now GaussianProcessSurrogate\(length_scales=\(5.0,\)"):
        list(refine(begin, Trainer(), wider, budget=2, folder=tmp_path))
    threads = GaussianProcessSurrogate(length_scales=(4.0,), n_jobs=1)
    assert len(list(refine(begin, Trainer(), threads, budget=2, folder=tmp_path))) == 1
    state = json.loads((tmp_path / STATE).read_text())
    del state["model"]
    (tmp_path / STATE).write_text(json.dumps(state))
    with pytest.raises(ArtefactError, match="model was not recorded and is now GaussianProcess"):
        list(refine(begin, Trainer(), MODEL, budget=2, folder=tmp_path))
    (tmp_path / STATE).write_text("{")
    with pytest.raises(ArtefactError, match="is damaged"):
        list(refine(begin, Trainer(), MODEL, budget=2, folder=tmp_path))
    for wrong in ({"budget": 0}, {"rounds": 0}):
        with pytest.raises(ValueError, match=r"expected \w+ >= 1, got 0"):
            list(refine(begin, Trainer(), MODEL, **wrong))


def test_what_failed_is_not_chosen_again(begin: Table) -> None:
    first = next(refine(begin, Trainer(), MODEL, budget=4))
    turns = list(refine(begin, Trainer(fails=first.archs[:2]), MODEL, budget=4, rounds=2))
    assert turns[0].archs == first.archs
    assert len(turns[0].table) == 22
    assert not set(first.archs) & set(turns[1].archs)


def test_it_ends_when_nothing_is_left() -> None:
    macro = get_space("transnas101-macro")
    all_but_two = pd.DataFrame({"arch": macro.archs[:-2], "jigsaw": [float(len(arch)) for arch in macro.archs[:-2]]})
    table = Table.from_frame(all_but_two)
    surrogate = BoostedSurrogate(n_members=2, n_rounds=2, n_jobs=1).fit(list(table.archs), table.to_frame())
    assert set(pick_uncertain(surrogate, table, 5)) == set(macro.archs[-2:])
    assert pick_uncertain(surrogate, table, 5, set(macro.archs[-2:])) == []


ALONE = [name for name in list_searchers() if name != "transfer"]  # that one needs other tasks


@pytest.mark.parametrize("name", ALONE)
def test_every_searcher_can_choose(begin: Table, name: str) -> None:
    tried = set(SPACE.sample(30, rng=5)) - set(begin.archs)
    found = pick_asked(name, begin, 6, tried)
    assert len(set(found)) == 6
    assert not set(found) & {*begin.archs, *tried}
    assert found == pick_asked(name, begin, 6, tried)


@pytest.mark.parametrize("name", [name for name in ALONE if name != "random"])
def test_what_a_searcher_asks_follows_from_what_it_was_told(name: str) -> None:
    """Told the opposite, it asks for something else; and not for the worst."""
    archs = SPACE.sample(100, rng=3)
    depth = truth(archs)["jigsaw"].to_numpy()
    asked = {}
    for sign in (1, -1):
        table = Table.from_frame(pd.DataFrame({"arch": archs, "mine": sign * depth}))
        asked[sign] = pick_asked(name, table, 16)
    assert asked[1] != asked[-1]
    if name not in ("attentive", "ddpnas", "reinforce"):  # of every cost; of all that is left; a small step
        assert truth(asked[1])["jigsaw"].mean() > truth(asked[-1])["jigsaw"].mean()


def test_a_searcher_keeps_its_seed(begin: Table) -> None:
    first, second = (pick_asked(make_searcher("random", seed), begin, 4) for seed in (0, 1))
    assert first == pick_asked("random", begin, 4) != second


def test_a_searcher_is_told_the_table() -> None:
    """Local search asks the neighbours of the best it was told."""
    table = Table.from_frame(truth(SPACE.sample(40, rng=3))[["arch", "jigsaw"]])
    best = table.to_frame()["jigsaw"].idxmax()
    assert set(pick_asked("local", table, 5)) <= set(SPACE.neighbors(best))


def test_a_searcher_finds_better_ones_than_uncertainty(begin: Table) -> None:
    one = begin.where(tasks=["jigsaw"])
    means = {}
    for by in ("uncertainty", make_searcher("predictor")):
        turns = list(refine(one, lambda archs: Trainer()(archs).where(tasks=["jigsaw"]), MODEL, 10, 2, by=by))
        archs = [arch for turn in turns for arch in turn.archs]
        assert len(turns[-1].table) == 40
        means[str(by)] = truth(archs)["jigsaw"].mean()
    everywhere = truth(list(SPACE.archs))["jigsaw"]
    assert means["PredictorSearch()"] > max(means["uncertainty"], everywhere.quantile(0.9))


def test_a_folder_remembers_by_what_it_chose(begin: Table, tmp_path: Path) -> None:
    first = list(refine(begin, Trainer(), MODEL, budget=2, folder=tmp_path, by="evolution"))
    again = list(refine(begin, Trainer(), MODEL, budget=2, folder=tmp_path, by=make_searcher("evolution")))
    assert first[0].archs == again[0].archs
    with pytest.raises(ArtefactError, match=r"by was RegularisedEvolution\(\) and is now .*\(random_state=4\)"):
        list(refine(begin, Trainer(), MODEL, budget=2, folder=tmp_path, by=make_searcher("evolution", seed=4)))
    with pytest.raises(ArtefactError, match=r"by was RegularisedEvolution\(.*\) and is now uncertainty"):
        list(refine(begin, Trainer(), MODEL, budget=2, folder=tmp_path))
    with pytest.raises(UnknownNameError, match="unknown selection method 'transfer'"):  # without sources it is none
        list(refine(begin, Trainer(), MODEL, budget=2, by="transfer"))
    with pytest.raises(UnknownNameError, match="unknown selection method 'uncertainly'; did you mean 'uncertainty'"):
        list(refine(begin, Trainer(), MODEL, budget=2, by="uncertainly"))


def test_files_of_earlier_versions_chose_by_uncertainty(begin: Table, tmp_path: Path) -> None:
    first = list(refine(begin, Trainer(), MODEL, budget=2, folder=tmp_path))
    state = json.loads((tmp_path / STATE).read_text())
    del state["by"]
    (tmp_path / STATE).write_text(json.dumps(state))
    again = list(refine(begin, Trainer(), MODEL, budget=2, folder=tmp_path))
    assert first[0].archs == again[0].archs


def test_a_searcher_has_nothing_left_to_ask() -> None:
    macro = get_space("transnas101-macro")
    frame = pd.DataFrame({"arch": macro.archs[:-2], "jigsaw": [float(len(arch)) for arch in macro.archs[:-2]]})
    table = Table.from_frame(frame)
    assert set(pick_asked("random", table, 5)) == set(macro.archs[-2:])
    assert pick_asked("random", table, 5, macro.archs[-2:]) == []


def test_tables_are_joined_by_their_last_epoch() -> None:
    old = Table.from_frame(pd.DataFrame({"arch": ["64-2311-basic"], "jigsaw": [80.0]}))
    metrics = {"jigsaw": {"valid_top1": [[1.0, 90.0]], "valid_loss": [[2.0, 1.0]]}}
    new = Table.from_logs(["64-1234-basic"], metrics, {"jigsaw": {"model_params": [1000]}})
    both = extend(old, new)
    assert both.to_frame()["jigsaw"].tolist() == [80.0, 90.0]
    assert np.isnan(both.value("64-2311-basic", "jigsaw", "valid_loss"))
    assert both.info("model_params")["jigsaw"].tolist()[1] == 1000


def test_a_design_complements_table_and_failures(begin: Table, tmp_path: Path) -> None:
    first = pick_designed(begin, 5, random_state=3)
    assert first == initial_design(SPACE, 5, have=sorted(begin.archs), random_state=3)
    assert not set(first) & set(pick_designed(begin, 5, first, random_state=3))
    turns = list(refine(begin, Trainer(), MODEL, budget=5, rounds=2, folder=tmp_path, by="design", random_state=3))
    assert list(turns[0].archs) == first
    functions = SPACE.simplify([*begin.archs, *turns[0].archs, *turns[1].archs])
    assert len(set(functions)) == len(set(functions[:20])) + 10
    with pytest.raises(ArtefactError, match="by was design, seed 3 and is now design, seed 4"):
        list(refine(begin, Trainer(), MODEL, budget=5, folder=tmp_path, by="design", random_state=4))


def test_a_design_ends_when_nothing_is_left() -> None:
    macro = get_space("transnas101-macro")
    archs = macro.archs[:-2]
    table = Table.from_frame(pd.DataFrame({"arch": archs, "jigsaw": [float(len(arch)) for arch in archs]}))
    assert set(pick_designed(table, 5)) == set(macro.archs[-2:])
    assert pick_designed(table, 5, macro.archs[-2:]) == []
