"""The page: one file of less than 3 MB that loads nothing, with the data as given; nothing from names is markup."""

import base64
import hashlib
import re
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest

from benchmarks import DagSpace, Table, register_space
from surrogates.pretrained.load import list_pretrained, load_agreement, load_answers
from surrogates.report import collect_report, report_page, write_report
from surrogates.report.page import MOST_BYTES
from tests.surrogates.report.reading import page_data
from tests.surrogates.report.test_collect import TASK, graphs

ASSETS = files("surrogates.report") / "assets"


@pytest.mark.parametrize("space", list_pretrained())
def test_all_architectures_of_a_space_fit_on_a_page_as_they_were_given(space):
    data = collect_report(space, load_answers(space), agreement=load_agreement(space))
    page = report_page(data)
    assert len(page.encode()) < MOST_BYTES
    shown = page_data(page)
    assert tuple(shown["archs"]) == data.archs
    for number, column in enumerate(data.columns):
        assert shown["columns"][number]["key"] == column.key
        np.testing.assert_allclose(shown["arrays"][f"values{number}"], column.values, rtol=1e-6)
        if column.kind == "cost":  # integers, to the last digit
            np.testing.assert_array_equal(shown["arrays"][f"values{number}"], column.values)
        if column.std is not None:
            np.testing.assert_allclose(shown["arrays"][f"std{number}"], column.std, rtol=1e-6)
            np.testing.assert_array_equal(shown["arrays"][f"rank{number}"], column.ranks)
    np.testing.assert_array_equal(shown["arrays"]["form"], data.form)
    np.testing.assert_array_equal(shown["arrays"]["twins"], data.twins)
    assert shown["forms"] == list(data.forms)
    assert [found["tau"] for found in shown["agreement"]] == load_agreement(space).tau.tolist()
    assert page == report_page(data)


def own_page():
    space = register_space(DagSpace("mine", graphs()))
    frame = pd.DataFrame({"arch": list(space.archs), TASK: np.arange(14) / 3})
    return report_page(collect_report(space, table=Table.from_frame(frame)))


def test_names_are_no_markup_and_nothing_is_loaded():
    page = own_page()
    shown = page_data(page)
    assert "<script>alert(1)</script>" in shown["archs"]
    assert shown["columns"][0]["name"] == TASK
    assert "alert(1)" not in page  # names are in the packed data alone
    assert set(re.findall(r"https?://[^\"'`\s]*", page)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert not re.findall(r"\b(fetch|XMLHttpRequest|WebSocket|innerHTML|insertAdjacentHTML|eval)\b", page)
    assert not re.findall(r"<(?:script|img|iframe)[^>]* src|@import|url\(", page)


def test_only_the_script_of_the_page_may_run():
    page = own_page()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")


def test_each_file_of_the_script_is_on_the_page_once_and_none_takes_the_name_of_another():
    texts = [file.read_text(encoding="utf-8") for file in ASSETS.iterdir() if file.name.endswith(".js")]
    (script,) = re.findall(r"<script>(.*?)</script>", own_page(), flags=re.DOTALL)
    assert texts
    assert [script.count(text) for text in texts] == [1] * len(texts)
    declared = re.compile(r"^(?:async )?(?:const|let|class|function) (\w+)", flags=re.MULTILINE)
    names = [name for text in texts for name in declared.findall(text)]
    assert sorted(names) == sorted(set(names)), "one scope: a second function of a name would replace the first"


def test_missing_values_and_gaps_stay_missing():
    space = register_space(DagSpace("mine", graphs()))
    frame = pd.DataFrame({"arch": list(space.archs[:5]), "fit": [1.0, 2.0, np.nan, 2.0, 1.0]})
    shown = page_data(report_page(collect_report(space, table=Table.from_frame(frame))))
    values = shown["arrays"]["values0"]
    assert np.flatnonzero(~np.isnan(values)).tolist() == [0, 1, 3, 4]
    assert shown["arrays"]["rank0"][:5].tolist() == [3, 1, 0, 1, 3]
    assert shown["drawing"] == "graph"


def test_a_page_that_would_be_too_large_shows_fewer_and_knows_how_many_there_are(monkeypatch):
    import surrogates.report.page as module

    data = collect_report("transnas101-macro", load_answers("transnas101-macro"), tasks=["jigsaw"])
    monkeypatch.setattr(module, "MOST_POINTS", 2000)
    assert len(page_data(report_page(data))["archs"]) == 2000
    whole = len(report_page(data))
    monkeypatch.setattr(module, "MOST_BYTES", whole - 20_000)
    page = report_page(data)
    shown = page_data(page)
    assert len(page.encode()) < whole - 20_000
    assert 300 < len(shown["archs"]) < 2000
    assert shown["total"] == 3256


def test_an_interrupted_write_leaves_the_old_page(tmp_path, monkeypatch):
    data = collect_report("transnas101-macro", load_answers("transnas101-macro"), tasks=["jigsaw"])
    path = write_report(data, tmp_path / "report.html")
    before = path.read_bytes()

    def fail(data):
        raise KeyboardInterrupt

    monkeypatch.setattr("surrogates.report.page.report_page", fail)
    with pytest.raises(KeyboardInterrupt):
        write_report(data, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
