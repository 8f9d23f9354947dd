"""Bounds as strings: the parser, and what they allow."""

import pickle

import numpy as np
import pytest

from benchmarks import Table, get_space
from benchmarks.errors import UnknownNameError
from surrogates import Oracle
from surrogates.search import Constraint, ConstraintError, run_search
from surrogates.search.adapters import Objectives
from surrogates.search.constraints import Bound, as_constraint
from surrogates.search.space_arrays import costs

MACRO = get_space("transnas101-macro")
PARAMS, MULTIPLY_ADDS = costs(MACRO).T
NAMES = [
    "params",
    "multiply_adds",
    "jigsaw",
    "ImageNet16-120",
    "jigsaw/valid_loss",
    "latency (ms)",
    "Größe",
    "a b",
    "1",
]


def test_what_is_written_is_read(rng: np.random.Generator) -> None:
    """Numbers of any size, in any spelling, with any blanks: the bound is the one that was meant, and says itself."""
    blanks = ["", " ", "  ", "\t", "\u00a0"]
    for _ in range(500):
        name, operator = str(rng.choice(NAMES)), str(rng.choice(["<=", "<", ">=", ">", "=="]))
        number = float(rng.choice([-1, 1]) * 10 ** rng.uniform(-12, 18))
        if rng.random() < 0.5:
            number = float(round(number))
        spelling = str(
            rng.choice([repr(number), f"{number:.17g}", f"{number:.20e}", f"{number:.20E}", f"{number:+.17g}"])
        )
        gap = [str(rng.choice(blanks)) for _ in range(4)]
        bound = Bound.parse(f"{gap[0]}{name}{gap[1]}{operator}{gap[2]}{spelling}{gap[3]}")
        assert bound == Bound(name, operator, number)
        assert Bound.parse(str(bound)) == bound
        assert pickle.loads(pickle.dumps(bound)) == bound


@pytest.mark.parametrize(
    ("spelling", "number"),
    [
        ("5", 5),
        ("5.", 5),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1e6", 1e6),
        ("1E+6", 1e6),
        ("1e-3", 1e-3),
        ("1_000_000", 1e6),
        ("1.5M", 1.5e6),
        ("1.5 M", 1.5e6),
        ("300k", 3e5),
        ("300K", 3e5),
        ("2G", 2e9),
        ("2B", 2e9),
        ("0", 0),
        ("007", 7),
    ],
)
def test_numbers(spelling: str, number: float) -> None:
    assert Bound.parse(f"params<={spelling}").number == number


@pytest.mark.parametrize(("suffix", "power"), [("k", 3), ("K", 3), ("M", 6), ("G", 9), ("B", 9)])
def test_a_suffix_gives_the_number_that_was_written(suffix: str, power: int) -> None:
    for tenths in range(1, 1000):
        assert Bound.parse(f"params<={tenths / 10}{suffix}").number == tenths * 10 ** (power - 1)
    assert Bound.parse("params<=4.1M").holds(np.array([4_100_000.0, 4_100_001.0])).tolist() == [True, False]
    assert Bound.parse(f"params<=-1_2.5e-1{suffix}").number == -1.25 * 10**power


@pytest.mark.parametrize("spelling", ["1e308k", "1e999999999999999999", "1e999999999999999999G"])
def test_a_number_beyond_floats_is_refused(spelling: str) -> None:
    with pytest.raises(ValueError, match="expected a finite number as bound of params, got inf"):
        Bound.parse(f"params<={spelling}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "params",
        "params<=",
        "<=5",
        " <= 5",
        "params=5",
        "params=<5",
        "params=>5",
        "params!=5",
        "params<=>5",
        "params<<5",
        "params===5",
        "params<=five",
        "params<=5x",
        "params<=5m",
        "params<=1,000",
        "params<=1_",
        "params<=_1",
        "params<=1__0",
        "params<=1e",
        "params<=.",
        "params<=-",
        "params<=0x10",
        "params<=٣",
        "params<=nan",
        "params<=inf",
        "params<=1e6 jigsaw>=5",
        "params<=1e6,jigsaw>=5",
        "1e5<params<=1e6",
        "x" * 5_000_000 + "<=5",
    ],
)
def test_what_is_no_bound(text: str) -> None:
    with pytest.raises(ValueError, match="expected one bound, like 'params<=1e6'") as caught:
        Bound.parse(text)
    assert len(str(caught.value)) < 500


def test_what_cannot_be_a_bound() -> None:
    with pytest.raises(ValueError, match="expected a finite number as bound of params, got inf"):
        Bound.parse("params<=1e999")
    with pytest.raises(ValueError, match="expected one of the operators <=, <, >=, >, ==, got '=<'"):
        Bound("params", "=<", 5)
    with pytest.raises(ValueError, match="expected the name of a cost or task without < > = !, got 'a<b'"):
        Bound("a<b", "<=", 5)
    for given in (5, None, b"params<=5", ["params<=5"]):
        with pytest.raises(TypeError, match="expected a string like 'params<=1e6' as constraint"):
            Bound.parse(given)  # type: ignore[arg-type]


def test_every_operator_is_the_one_of_python() -> None:
    values = np.array([1.0, 2.0, 3.0, np.nan])
    expected = {"<=": [1, 1, 0, 0], "<": [1, 0, 0, 0], ">=": [0, 1, 1, 0], ">": [0, 0, 1, 0], "==": [0, 1, 0, 0]}
    for operator, holds in expected.items():
        assert Bound("x", operator, 2.0).holds(values).tolist() == [bool(held) for held in holds]


def test_a_mask_is_a_loop(macro_oracle: Oracle) -> None:
    constraint = Constraint("params<=5M", "multiply_adds > 4e8", "jigsaw>=90", "normal<0.55")
    values = macro_oracle.answers(MACRO.archs, ["jigsaw", "normal"]).value
    expected = [
        params <= 5e6 and adds > 4e8 and jigsaw >= 90 and normal < 0.55
        for params, adds, (jigsaw, normal) in zip(PARAMS, MULTIPLY_ADDS, values, strict=True)
    ]
    assert 0 < sum(expected) < len(MACRO)
    assert constraint.mask(macro_oracle).tolist() == expected
    assert Constraint("params<=5M")(MACRO.archs[:50]).tolist() == (PARAMS[:50] <= 5e6).tolist()


def test_bounds_in_any_form_are_one_constraint() -> None:
    expected = Constraint(max_params=1e6, max_multiply_adds=2e9)
    assert Constraint("params<=1e6", "multiply_adds<=2G") == expected == Constraint("params<=1M", max_multiply_adds=2e9)
    assert as_constraint(["params<=1e6"], "multiply_adds<=2e9") == expected
    assert as_constraint(Constraint("params<=1e6"), [Bound("multiply_adds", "<=", 2e9)], None, ()) == expected
    assert as_constraint(text for text in ("params<=1e6", "multiply_adds<=2e9")) == expected
    assert hash(expected) == hash(pickle.loads(pickle.dumps(expected)))
    assert str(expected) == "at most 1,000,000 params and 2,000,000,000 multiply_adds"
    assert repr(expected) == "Constraint('params<=1000000', 'multiply_adds<=2000000000')"
    for given in (5, {"params": 5}, [5], b"params<=5"):
        with pytest.raises(TypeError, match="expected a list of strings like 'params<=1e6' as constraints, got"):
            as_constraint(given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (["params<=10"], f"at most 10 params: the smallest has {PARAMS.min():,}"),
        (["params>1e12"], f"more than 1,000,000,000,000 params: the largest has {PARAMS.max():,}"),
        (["params==1"], f"exactly 1 params: the nearest has {PARAMS.min():,}"),
    ],
)
def test_an_impossible_bound_names_the_nearest(bounds: list[str], message: str) -> None:
    with pytest.raises(ConstraintError, match=f"no architecture of transnas101-macro has {message}"):
        Constraint(*bounds).check(MACRO, np.ones(len(MACRO), dtype=bool))


def test_bounds_that_exclude_each_other_name_what_the_others_leave(macro_oracle: Oracle) -> None:
    jigsaw = macro_oracle.ranking("jigsaw").values
    most, least = float(jigsaw.max()), float(PARAMS.min())
    constraint = Constraint(f"jigsaw>={most!r}", f"params<={least}")
    with pytest.raises(ConstraintError, match="at once; the nearest available of each") as caught:
        constraint.check(macro_oracle, np.ones(len(MACRO), dtype=bool))
    best_of_small = jigsaw[least >= PARAMS].max()
    said = str(caught.value).partition("of each: jigsaw ")[2]
    number = float(said.partition(", or")[0])
    assert best_of_small - 1e-3 < number <= best_of_small  # rounded so that the bound can be met
    assert f"or params {PARAMS[jigsaw >= most].min():,} (where all other bounds hold)" in said
    Constraint(f"jigsaw>={number}", f"params<={least}").check(macro_oracle, np.ones(len(MACRO), dtype=bool))


def test_unknown_quantities_name_the_nearest(macro_oracle: Oracle) -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'jigsaw'.*Choices: params, multiply_adds, class_scene"):
        Constraint("jigsau>5").mask(macro_oracle)
    with pytest.raises(UnknownNameError, match=r"unknown cost 'jigsaw'. Choices: params, multiply_adds"):
        Constraint("jigsaw>5").mask(MACRO)


def test_searches_and_optimisers_stay_within_bounds_on_tasks(macro_oracle: Oracle) -> None:
    bounds = ["normal>=0.57", "params<=20M"]
    allowed = Constraint(*bounds).mask(macro_oracle)
    assert 100 < allowed.sum() < 2000
    history = run_search("evolution", macro_oracle, "jigsaw", 60, constraints=bounds)
    assert all(allowed[MACRO.index(arch)] for arch in history.archs)
    same = run_search("evolution", macro_oracle, "jigsaw", 60, constraint=Constraint(*bounds))
    assert (same.archs, same.search) == (history.archs, history.search)
    mixed = run_search("evolution", macro_oracle, "jigsaw", 60, constraint=Constraint(bounds[0]), constraints=bounds[1])
    assert mixed.archs == history.archs
    objectives = Objectives(macro_oracle, "jigsaw", constraints=bounds)
    assert objectives.decisions.allowed(MACRO.archs).tolist() == allowed.tolist()
    with pytest.raises(
        ValueError, match=f"<= {allowed.sum():,} .*have at least 0.57 normal and at most 20,000,000 params"
    ):
        run_search("random", macro_oracle, "jigsaw", 3000, constraints=bounds)


def test_what_was_not_measured_meets_no_bound(macro_table: Table) -> None:
    history = run_search("random", macro_table, "room_layout", 50, constraints=["jigsaw>=0"])
    measured = set(macro_table.to_frame()["jigsaw"].dropna().index)
    assert set(history.archs) <= measured
    with pytest.raises(ValueError, match=f"budget <= {len(measured)} "):
        run_search("random", macro_table, "room_layout", 60, constraints=["jigsaw>=0"])


def test_costs_of_a_function_can_be_bounded() -> None:
    history = run_search(
        "local", lambda archs: [len(arch) for arch in archs], "length", 20, space=MACRO, constraints=["params<=2M"]
    )
    assert all(PARAMS[MACRO.index(arch)] <= 2e6 for arch in history.archs)
    with pytest.raises(UnknownNameError, match="unknown cost 'length'"):
        run_search("local", lambda archs: [1.0], "length", 5, space=MACRO, constraints=["length<=2"])


@pytest.fixture(scope="module")
def macro_oracle() -> Oracle:
    return Oracle.from_pretrained("transnas101-macro")


@pytest.mark.parametrize("text", ["jigsaw>=0.95", "jigsaw/valid_top1>0.5", "class_scene<0.9", "segmentsemantic==0.9"])
def test_a_fraction_is_no_bound_of_what_is_in_percent(text: str) -> None:
    """Else the best within the bound is the best of all: the bound holds for every architecture."""
    oracle = Oracle.from_pretrained(MACRO.name)
    bound = Bound.parse(text)
    meant = str(Bound(bound.quantity, bound.operator, round(100 * bound.number, 6)))
    match = f"is in percent, from .*did you mean '{meant}'"
    with pytest.raises(ConstraintError, match=match):
        oracle.best("jigsaw", constraints=[text])
    with pytest.raises(ConstraintError, match=match):
        run_search("random", oracle, "jigsaw", budget=2, constraints=[text])


@pytest.mark.parametrize("text", ["normal>=0.5", "room_layout>=-0.65", "jigsaw>=95", "jigsaw>1", "jigsaw>=0"])
def test_numbers_in_the_unit_of_the_metric_are_bounds(text: str) -> None:
    oracle = Oracle.from_pretrained(MACRO.name)
    bound = Bound.parse(text)
    assert bound.holds(oracle.best("jigsaw", 5, constraints=[text])[bound.quantity].to_numpy()).all()


@pytest.mark.parametrize("lowest", [0.1, 0.3])
def test_small_percentages_are_bounded(lowest: float) -> None:
    """Networks that failed are at 0.1 %, and a table of fractions is bounded by fractions."""
    archs = MACRO.sample(5, rng=0)
    table = Table.from_logs(archs, {"jigsaw": {"valid_top1": [lowest, 20.0, 30.0, 40.0, 50.0]}})
    kept = Constraint("jigsaw>0.2").mask(Oracle.from_table(table))
    assert kept.sum() == (5 if lowest > 0.2 else 4)
