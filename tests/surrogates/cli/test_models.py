"""Models on the command line: stored ones (--model DIR), sources of a transfer, and models of one's own."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.table import Table
from surrogates import BoostedSurrogate, Oracle, TransferSurrogate, load_surrogate
from surrogates.cli.models import unnamed_note
from tests.surrogates.cli.helpers import CELL, rows_of, run
from tests.surrogates.report.reading import page_data

ARCHS = ["64-2311-basic", "32-2311114-basic"]


@pytest.fixture
def unnamed(macro_table: Table, tmp_path: Path) -> Path:
    """A surrogate that was fitted to an array, whose task has no name."""
    labels = macro_table.to_frame()["room_layout"].to_numpy()
    return BoostedSurrogate(n_members=2, n_rounds=5).fit(list(macro_table.archs), labels).save(tmp_path / "unnamed")


def test_lookup_answers_from_a_stored_surrogate(model: Path, fitted: BoostedSurrogate) -> None:
    found = rows_of(run("lookup", *ARCHS, "--model", model, "--csv").stdout)
    expected = Oracle(fitted).query(ARCHS, rank=True)
    assert [row["task"] for row in found] == list(expected["task"])
    for name in ("value", "std", "rank", "of"):
        np.testing.assert_allclose([float(row[name]) for row in found], expected[name], rtol=1e-12)
    assert {row["in_domain"] for row in found} == {"True", "False"}


def test_lookup_of_a_bundled_name_is_the_plain_lookup() -> None:
    plain, named = run("lookup", CELL, "--json"), run("lookup", CELL, "--model", "transnas101-micro", "--json")
    assert plain.stdout == named.stdout


def test_lookup_prefers_what_a_table_measured(model: Path, table_file: Path, macro_table: Table) -> None:
    known = macro_table.archs[1]
    other = next(arch for arch in Oracle.from_pretrained("transnas101-macro").space if arch not in macro_table)
    found = rows_of(run("lookup", known, other, "--model", model, "--table", table_file, "--csv").stdout)
    assert [row["source"] for row in found] == ["table", "table", "surrogate", "surrogate"]
    assert float(found[0]["value"]) == macro_table.value(known, "jigsaw")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([CELL, "--model", "{model}"], "expected architectures of transnas101-macro, the space of the model"),
        (["64-2311-basic", "--model", "transnas101-makro"], "did you mean 'transnas101-macro'?"),
        (["64-2311-basic", "--model", "{model}", "--task", "jigsau"], "did you mean 'jigsaw'?"),
    ],
)
def test_lookup_says_what_a_model_is_not(model: Path, arguments: list[str], message: str) -> None:
    result = run("lookup", *(part.format(model=model) for part in arguments))
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_mistyped_model_is_told_from_the_stored_ones(
    fitted: BoostedSurrogate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fitted.save("latency")
    for said, meant in (("latancy", "latency"), (str(tmp_path / "latenci"), str(tmp_path / "latency"))):
        result = run("lookup", "64-2311-basic", "--model", said)
        assert result.exit_code == 2
        assert f"did you mean '{meant}'?" in result.stderr
    for nonsense in ("no/such/folder", "a\0b", "?" * 5000):
        result = run("lookup", "64-2311-basic", "--model", nonsense)
        assert result.exit_code == 2
        assert "expected the directory of a stored surrogate, or one of transnas101-micro" in result.stderr
        assert len(result.stderr) < 500


def test_labels_without_a_name_are_found_and_told_how_to_have_one(unnamed: Path) -> None:
    result = run("lookup", "64-2311-basic", "--model", unnamed, "--task", "y0", "--csv")
    assert result.exit_code == 0
    assert result.stderr.startswith("note: the model was fitted to labels without a name")
    assert "pd.Series(y, name='jigsaw')" in result.stderr
    assert unnamed_note(["y0", "y1"]).endswith("fit(archs, pd.DataFrame(Y, columns=['jigsaw', ...])) names them")
    assert unnamed_note(["y0", "jigsaw"]) == ""
    named = pd.Series([1.0, 2.0], name="jigsaw")
    assert BoostedSurrogate(n_rounds=2).fit(["64-2311-basic", "64-1234-basic"], named).tasks_ == ("jigsaw",)


def test_search_asks_a_stored_surrogate(model: Path, fitted: BoostedSurrogate, tmp_path: Path) -> None:
    options = ["--task", "jigsaw", "--method", "local", "--budget", "12", "--json"]
    result = run("search", "--model", model, *options)
    assert result.exit_code == 0, result.stderr
    best = json.loads(result.stdout)["best"][0]
    assert best["tasks"]["jigsaw"]["value"] == pytest.approx(Oracle(fitted)(best["arch"], "jigsaw"), rel=1e-12)
    assert run("search", "--model", "transnas101-macro", *options).stdout == (
        run("search", "--space", "transnas101-macro", *options).stdout
    )
    wrong = run("search", "--model", model, "--space", "nasbench201", *options)
    assert wrong.exit_code == 2
    assert "expected transnas101-macro, the space of the model, got nasbench201" in wrong.stderr


def test_a_stored_search_belongs_to_its_model(model: Path, unnamed: Path, tmp_path: Path) -> None:
    options = ["--method", "random", "--budget", "4", "--out", tmp_path / "found"]
    assert run("search", "--model", model, "--task", "jigsaw", *options).exit_code == 0
    assert run("search", "--model", model, "--task", "jigsaw", *options).exit_code == 0, "resumed"
    other = BoostedSurrogate(n_members=2, n_rounds=6).fit(ARCHS, pd.Series([1.0, 2.0], name="jigsaw"))
    other.save(tmp_path / "other")
    result = run("search", "--model", tmp_path / "other", "--task", "jigsaw", *options)
    assert result.exit_code != 0
    assert "oracle" in result.stderr


def test_search_benchmark_and_unnas_take_a_stored_surrogate(model: Path, table_file: Path, tmp_path: Path) -> None:
    options = ["--budget", "6", "--seeds", "0", "--json"]
    one = ["--methods", "random,local", "--model", model, "--out", tmp_path / "fidelity"]
    result = run("search-benchmark", table_file, *one, *options)
    assert result.exit_code == 0, result.stderr
    assert len(json.loads(result.stdout)["surrogate"]) == 64, "its checksum"
    for number, table in enumerate(([], [table_file])):
        out = tmp_path / f"unnas{number}"
        result = run("unnas", *table, "--model", model, "--method", "random", "--out", out, *options)
        assert result.exit_code == 0, result.stderr
        assert {row["source"] for row in json.loads(result.stdout)["pairs"]} == {"jigsaw", "room_layout"}
    result = run("unnas", "--out", tmp_path / "none")
    assert result.exit_code == 2
    assert "expected TABLE, --model or both, got none" in result.stderr


def test_unnas_on_a_model_is_scored_by_the_table(
    model: Path, fitted: BoostedSurrogate, table_file: Path, macro_table: Table, tmp_path: Path
) -> None:
    options = ["--method", "random", "--budget", "50", "--seeds", "0", "--out", tmp_path / "unnas"]
    assert run("unnas", table_file, "--model", model, *options).exit_code == 0
    found = pd.read_csv(tmp_path / "unnas" / "unnas_searches.csv")
    row = found[(found["source"] == "room_layout") & (found["target"] == "room_layout")].iloc[0]
    values = macro_table.to_frame().dropna()["room_layout"]
    assert row["rank"] == 1 + (values > values[row["arch"]]).sum()


NAME = "transnas101-macro"
NAMED = [
    ("lookup", "64-2311-basic", "--model", NAME, "--json"),
    ("compare", *ARCHS, "--model", NAME, "--json"),
    ("predict", NAME, "64-2311-basic"),
    ("best", "jigsaw", "--model", NAME, "--json"),
    ("search", "--model", NAME, "--task", "jigsaw", "--method", "random", "--budget", "3", "--json"),
]


@pytest.mark.parametrize("command", NAMED, ids=lambda command: command[0])
def test_a_bundled_name_gives_way_to_a_stored_surrogate_alone(
    command: tuple[str, ...], fitted: BoostedSurrogate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bundled = run(*command)
    assert bundled.exit_code == 0, bundled.stderr
    Path(NAME).mkdir()
    Path(NAME, "metadata.json").write_text("{}")  # of a data set, say
    assert run(*command).stdout == bundled.stdout
    Path(NAME, "metadata.json").unlink()
    assert run(*command).stdout == bundled.stdout
    fitted.save(NAME)
    found = run(*command)
    assert found.exit_code == 0
    assert found.stdout != bundled.stdout
    assert f"note: {NAME} is the surrogate stored in the folder of that name" in found.stderr
    assert found.stdout == run(*[word.replace(NAME, f"./{NAME}") for word in command]).stdout
    Path(NAME, "metadata.json").write_text("{")
    damaged = run(*command)
    assert damaged.exit_code == 1, "a damaged one is no reason to answer from another"
    assert "damaged" in damaged.stderr


def test_space_means_the_bundled_surrogate_whatever_lies_there(
    fitted: BoostedSurrogate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fitted.save(NAME)
    found = run("best", "jigsaw", "--space", NAME, "--json")
    page = run("report", "--space", NAME, "--task", "normal", "--out", "page.html")
    assert (found.stderr, page.exit_code) == ("", 0), "the stored one has no task normal"
    monkeypatch.chdir(tmp_path.parent)
    assert found.stdout == run("best", "jigsaw", "--space", NAME, "--json").stdout


def test_sources_and_reports_of_a_name_take_the_bundled_surrogate(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(NAME).mkdir()
    assert run("fit", few, "--sources", NAME, "--out", "learnt").exit_code == 0
    result = run("report", "--model", NAME, "--task", "jigsaw", "--out", "page.html")
    assert result.exit_code == 0, result.stderr
    (agreement,) = page_data(Path("page.html").read_text())["agreement"]
    assert agreement["task"] == "jigsaw", "held-out values are known of bundled surrogates alone"


@pytest.fixture
def few(macro_table: Table, tmp_path: Path) -> Path:
    """Twelve rows of a new task."""
    values = macro_table.to_frame()["room_layout"].iloc[:12].rename("mine") + 0.01 * np.arange(12)
    values.to_csv(tmp_path / "few.csv")
    return tmp_path / "few.csv"


def test_fit_learns_from_sources(few: Path, table_file: Path, model: Path, tmp_path: Path) -> None:
    result = run("fit", few, "--sources", table_file, "--sources", model, "--out", tmp_path / "learnt")
    assert result.exit_code == 0, result.stderr
    assert "Wrote" in result.stdout
    assert ": transfer, 12 distinct architectures of transnas101-macro." in result.stdout
    learnt = load_surrogate(tmp_path / "learnt")
    assert isinstance(learnt, TransferSurrogate)
    assert learnt.tasks_ == ("mine",)
    assert learnt.sources_["mine"] == ("jigsaw", "room_layout", "jigsaw", "room_layout")
    assert run("lookup", "64-2311-basic", "--model", tmp_path / "learnt", "--task", "mine").exit_code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "boosted", "--sources", "{table}"], "expected --sources together with --model transfer"),
        (["--model", "transfer"], "got no --sources"),
        (["--sources", "rooms-mimi"], "did you mean 'rooms-mini'?"),
        (["--model", "transfr", "--sources", "{table}"], "expected --sources together with --model transfer"),
    ],
)
def test_fit_refuses_sources_that_are_none(
    few: Path, table_file: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    arguments = [part.format(table=table_file) for part in options]
    result = run("fit", few, *arguments, "--out", tmp_path / "none")
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert not (tmp_path / "none").exists()


@pytest.mark.usefixtures("small_boosted")
@pytest.mark.parametrize(
    ("rows", "shown", "warning"),
    [
        (2, "-", "warning: 2 rows cannot tell a good model from a bad one; train more."),
        (4, "-", "warning: 4 rows cannot tell a good model from a bad one; train more."),
        # the standard error of Kendall's tau without any association: sqrt(2 (2n + 5) / (9 n (n - 1)))
        (5, None, "warning: 5 rows say little: by chance alone, tau has a standard error of 0.41."),
        (19, None, "warning: 19 rows say little: by chance alone, tau has a standard error of 0.17."),
        (20, None, ""),
    ],
)
def test_fit_says_how_little_few_rows_say(
    macro_table: Table, tmp_path: Path, rows: int, shown: str | None, warning: str
) -> None:
    macro_table.to_frame()["room_layout"].iloc[:rows].to_csv(tmp_path / "rows.csv")
    result = run("fit", tmp_path / "rows.csv", "--model", "boosted", "--out", tmp_path / "model")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].split()[:4] == ["task", "rows", "cv", "tau"]
    cells = result.stdout.splitlines()[1].split()
    assert cells[:2] == ["room_layout", str(rows)]
    if shown is not None:
        assert cells[2:] == [shown, shown]
    elif rows > 5:
        assert -1 <= float(cells[2]) <= 1
    assert result.stderr.strip() == warning


OWN = """
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from encoders import OneHotEncoding

pipeline = make_pipeline(OneHotEncoding(), Ridge())
number = 3


class Mean:
    def fit(self, archs, y):
        self.mean = float(np.mean(y))

    def predict(self, archs):
        return np.full(len(archs), self.mean)
"""


def test_leaderboard_and_evaluate_take_models_of_ones_own(
    table_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_models_of_a_test.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    names = ["linear", "my_models_of_a_test:pipeline", "my_models_of_a_test:Mean", "sklearn.linear_model:Ridge"]
    options = ["--train-sizes", "20", "--seeds", "0"]
    result = run("leaderboard", table_file, "--models", ",".join(names), *options, "--protocols", "all", "--json")
    assert result.exit_code == 0, result.stderr
    rows = {row["model"]: row for row in json.loads(result.stdout)["standings"]}
    assert set(rows) == set(names)
    assert {name for name, row in rows.items() if row["coverage"] is None} == set(names[1:])
    assert rows["my_models_of_a_test:Mean"]["tau"] == 0
    assert rows["my_models_of_a_test:pipeline"]["tau"] == rows["sklearn.linear_model:Ridge"]["tau"]
    one = run("evaluate", table_file, "--model", "my_models_of_a_test:pipeline", *options)
    assert one.exit_code == 0, one.stderr
    mean = next(line for line in one.stdout.splitlines() if line.startswith("mean"))
    assert float(mean.split()[1]) == pytest.approx(rows["my_models_of_a_test:pipeline"]["tau"], abs=5e-4)
    assert mean.split()[4] == "-", "no standard deviation, no coverage"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("forst", "did you mean 'forest'?"),
        ("mine.py:Mean", "expected module:attribute, such as mine:MyRegressor"),
        ("some/mine:Mean", "expected module:attribute, such as mine:MyRegressor"),
        ("my_models_of_a_test:", "expected module:attribute"),
        ("no_such_module:Mean", "cannot import 'no_such_module': ModuleNotFoundError"),
        ("my_broken_module:Mean", "cannot import 'my_broken_module': ZeroDivisionError: division by zero"),
        ("my_models_of_a_test:Maen", "did you mean 'Mean'?"),
        ("my_models_of_a_test:number", "expected an unfitted surrogate, a regressor or pipeline"),
        ("sklearn.linear_model:LogisticRegression", "expected an unfitted surrogate, a regressor or pipeline"),
    ],
)
def test_a_wrong_model_is_one_line(
    table_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    (tmp_path / "my_models_of_a_test.py").write_text(OWN)
    (tmp_path / "my_broken_module.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    for command in (["leaderboard", table_file, "--models", name], ["evaluate", table_file, "--model", name]):
        result = run(*command)
        assert result.exit_code == 2
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert result.stdout == ""
