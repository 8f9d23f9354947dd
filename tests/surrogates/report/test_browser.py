"""The page in a real browser: pointing, choosing, brushing, filtering, saving, the address; no error on the console."""

import csv
import importlib.util
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks import DagSpace, Table, register_space, unregister_space
from surrogates import draw
from surrogates.pretrained.load import load_agreement, load_answers
from surrogates.report import collect_report, write_report
from surrogates.search.pareto import non_dominated
from tests.surrogates.cli.helpers import run
from tests.surrogates.report.test_collect import TASK, graphs

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM or not importlib.util.find_spec("playwright"), reason="needs playwright and Chromium"
    ),
]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def macro():
    space = "transnas101-macro"
    archs = ["64-2311-basic", "64-1234-basic", "64-4111-basic", "64-1114-basic"]
    table = Table.from_logs(archs, {"jigsaw": {"valid_top1": [90.0, 91.0, 92.0, 90.0]}})
    tasks = ["jigsaw", "normal"]
    return collect_report(space, load_answers(space), table, tasks=tasks, agreement=load_agreement(space))


@pytest.fixture(scope="module")
def file(macro, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(macro, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture
def show(browser) -> Iterator[Any]:
    """Opens a page; at the end of the test, nothing was said on its console and nothing was asked of a network."""
    contexts, said, asked = [], [], []

    def opened(path, hash_="", width=1280, scheme="light"):
        size = {"width": width, "height": 900}
        contexts.append(browser.new_context(viewport=size, color_scheme=scheme, accept_downloads=True))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri() + hash_)
        page.wait_for_selector("#main:not([hidden])")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert {url.partition(":")[0] for url in asked} <= {"file", "data", "blob"}


def column(data, key):
    (found,) = [one for one in data.columns if one.key == key]
    return found.values


def until(page, condition):
    """Wait until a condition holds, for as long as a busy machine may take."""
    for _ in range(600):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come to hold within half a minute")


def count(page):
    return int(page.inner_text("#count").partition(" ")[0].replace(",", ""))


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_all_is_there_and_nothing_is_wider_than_the_window(show, file, width, scheme):
    page = show(file, width=width, scheme=scheme)
    assert page.inner_text("h1") == "transnas101-macro"
    assert count(page) == 3256
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert "held out" in page.inner_text("#compare").casefold()
    tau = load_agreement("transnas101-macro")
    assert f"jigsaw: tau {tau.tau[tau.tasks.index('jigsaw')]:.3f}" in page.inner_text("#compare")
    unlabelled = "[...document.querySelectorAll('input,select')].filter(e => !e.labels.length && !e.ariaLabel).length"
    assert page.evaluate(unlabelled) == 0


LINES = """table => [...table.querySelectorAll("td:not(:first-child)")].flatMap(cell => {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), found = [];
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
        const range = document.createRange();
        range.selectNodeContents(text);
        found.push(range.getClientRects().length);
    }
    return found;
})"""


@pytest.mark.parametrize("measured", [True, False])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_values_are_read_in_one_line(show, tmp_path, measured, width, scheme):
    space = "transnas101-micro"
    table = Table.from_logs(["64-41414-3_33_333"], {"jigsaw": {"valid_top1": [90.0]}}) if measured else None
    file = write_report(collect_report(space, load_answers(space), table), tmp_path / "report.html")
    page = show(file, width=width, scheme=scheme)
    page.focus("#scatter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    values = page.locator("#detail table").first
    assert set(values.evaluate(LINES)) <= {0, 1}, "no number, interval or rank is broken"
    assert values.evaluate("one => one.parentElement.scrollWidth - one.parentElement.clientWidth") == 0
    interval = re.search(r"-?[0-9.]+ to -?[0-9.]+", page.inner_text("#detail"))
    assert interval, "beside the prediction, or below it"
    assert "90 % interval" in page.inner_text("#detail")
    assert set(page.locator("#table tbody").evaluate(LINES)) <= {0, 1}


def test_few_measured_rows_are_seen_beside_a_predicted_space(show, file):
    page = show(file)
    chosen = "[...document.querySelectorAll('select')].map(one => one.value)"
    assert "jigsaw_predicted" in page.evaluate(chosen), "four of 3,256 architectures are measured"
    panel = page.locator("#compare canvas").last
    painted = """canvas => {
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let blue = 0;
        for (let i = 0; i < data.length; i += 4) blue += data[i + 3] > 0 && data[i + 2] > data[i] + 60;
        return blue;
    }"""
    assert panel.evaluate(painted) >= 2 * 4 * 4  # two or more of the four are apart, of 4 x 4 pixels each or more


@pytest.mark.parametrize(
    "archs", [("64-2311-basic", "64-1234-basic"), ("64-41414-3_33_333", "64-41414-1_21_230", "64-41414-0_00_000")]
)
def test_the_page_of_a_comparison_fits_the_window(browser, tmp_path, archs):
    out = tmp_path / "compare.html"
    assert run("compare", *archs, "--cost", "params", "--out", out).exit_code == 0
    for width, scheme in ((1280, "light"), (390, "dark")):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        page.goto(out.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == width
        table = page.evaluate("(box => box.scrollWidth - box.clientWidth)(document.querySelector('div'))")
        assert table == 0 or width < 1280, "all columns are seen at once on a wide window"
        letters = page.locator("svg svg text").first.bounding_box()
        assert letters["height"] > 9
        context.close()


def test_pointing_shows_and_choosing_keeps_an_architecture(show, file, macro):
    page = show(file, "#y=normal_predicted")
    best = int(np.argmax(column(macro, "normal_predicted")))
    button = page.locator("#table tbody tr button").first
    page.click("#table th button:has-text('normal')")
    button = page.locator("#table tbody tr button").first
    until(page, lambda: button.inner_text() == macro.archs[best])
    button.click()
    detail = page.inner_text("#detail")
    assert detail.startswith(macro.archs[best])
    assert "rank 1 of 3,256" in detail
    assert f"{int(column(macro, 'params')[best]):,}" in detail
    digits = macro.archs[best].split("-")[1]
    assert page.locator("#detail svg rect").count() == len(digits) + 1  # stem and modules
    assert f"arch={macro.archs[best]}" in page.url
    page.locator("#table tbody tr").nth(3).hover()
    assert page.inner_text("#detail p.arch") == page.locator("#table tbody tr button").nth(3).inner_text()
    page.mouse.move(5, 5)
    assert page.inner_text("#detail p.arch") == macro.archs[best]  # that of the choice again


def test_pointing_at_the_plot_finds_the_nearest_and_keys_move_on(show, file):
    page = show(file)
    plot = page.locator("#scatter")
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.focus("#scatter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    spoken = page.inner_text("#spoken")
    page.keyboard.press("Enter")
    assert page.inner_text("#detail p.arch") == spoken.partition(":")[0]
    assert "arch=" in page.url
    page.keyboard.press("Escape")
    assert "arch=" not in page.url


def test_a_brush_on_the_plot_selects_what_is_in_it_and_the_address_keeps_it(show, file, macro):
    page = show(file, "#x=params&y=normal_predicted")
    box = page.locator("#scatter").bounding_box()
    page.mouse.move(box["x"] + 150, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 150, steps=3)
    page.mouse.move(box["x"] + 420, box["y"] + 240, steps=3)
    page.mouse.up()
    until(page, lambda: count(page) < 3256 and page.url.count("in.") == 2)
    bounds = dict(re.findall(r"in\.(\w+)=([^&]*)", page.url))
    assert set(bounds) == {"params", "normal_predicted"}
    inside = np.ones(3256, dtype=bool)
    for key, text in bounds.items():
        low, high = map(float, text.split("%2C"))
        inside &= (column(macro, key) >= low) & (column(macro, key) <= high)
    assert 0 < count(page) < 3256
    assert abs(count(page) - inside.sum()) <= 1  # values are of 32 bits on the page
    again = show(file, "#" + page.url.partition("#")[2])
    until(again, lambda: count(again) == count(page))
    page.click("#clear")
    until(page, lambda: count(page) == 3256 and "in." not in page.url)


def test_a_brush_on_an_axis_selects_and_a_click_undoes_it(show, file):
    page = show(file)
    page.locator("#parallel").scroll_into_view_if_needed()
    box = page.locator("#parallel").bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 50, box["y"] + 160, steps=4)
    page.mouse.up()
    until(page, lambda: count(page) < 3256 and "in.jigsaw_measured=" in page.url)
    page.mouse.click(box["x"] + 50, box["y"] + 100)
    until(page, lambda: count(page) == 3256)


def test_filters_and_the_front_agree_with_numpy_and_are_saved_as_csv(show, file, macro, tmp_path):
    page = show(file, "#x=params&y=normal_predicted")
    page.click("#filters summary")
    page.fill("[aria-label='modules, at most']", "5")
    page.keyboard.press("Tab")
    field = page.locator("[aria-label^='parameters'][aria-label$='at most']")
    field.fill("5M")
    page.keyboard.press("Tab")
    codes = [arch.split("-")[1] for arch in macro.archs]
    mask = np.array([len(code) <= 5 for code in codes]) & (column(macro, "params") <= 5e6)
    until(page, lambda: count(page) == mask.sum())
    page.check("#only")
    points = np.stack([column(macro, "normal_predicted").astype(np.float32), -column(macro, "params")], axis=1)
    rows = np.flatnonzero(mask)
    front = {macro.archs[row] for row in rows[non_dominated(points[rows])]}
    until(page, lambda: count(page) == len(front))
    with page.expect_download() as download:
        page.click("#csv")
    download.value.save_as(tmp_path / "selection.csv")
    saved = list(csv.DictReader((tmp_path / "selection.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["arch"] for row in saved} == front
    assert download.value.suggested_filename == "transnas101-macro.csv"
    for row in saved:
        place = macro.archs.index(row["arch"])
        assert float(row["params"]) == column(macro, "params")[place]
        assert float(row["normal_predicted"]) == pytest.approx(column(macro, "normal_predicted")[place], rel=1e-6)
        assert int(row["normal_predicted_rank"]) >= 1
        assert (row["jigsaw_measured"] == "") == np.isnan(column(macro, "jigsaw_measured")[place])


def test_names_are_text_and_graphs_are_drawn_or_said_not_to_be(show, tmp_path):
    space = register_space(DagSpace("mine", graphs()))
    frame = pd.DataFrame({"arch": list(space.archs), TASK: np.arange(14) / 3})
    file = write_report(collect_report(space, table=Table.from_frame(frame)), tmp_path / "report.html")
    unregister_space("mine")
    page = show(file)
    assert page.evaluate("document.scripts.length") == 2
    assert page.locator("main b").count() == 0
    page.fill("#text", "<script>")
    until(page, lambda: count(page) == 1)
    page.locator("#table tbody button").first.click()
    detail = page.inner_text("#detail")
    assert detail.startswith("<script>alert(1)</script>")
    assert TASK in detail
    assert "1 twin" in detail
    assert page.locator("#detail svg rect").count() == 14
    page.click("#detail .twins button")
    assert page.inner_text("#detail p.arch") in ("g11", "<script>alert(1)</script>")
    page = show(file, "#arch=large")
    assert "more than 60 nodes" in page.inner_text("#detail")
    assert "no networks" in page.inner_text("#notes")


@pytest.mark.parametrize(
    "given", ["#x=nonsense&in.params=a,b&op.99=1,2&page=-3&arch=nope&seen=no", "#%E0%A4%A", "#in.params=,"]
)
def test_an_address_of_nonsense_shows_the_page_all_the_same(show, file, given):
    assert count(show(file, given)) == 3256


def test_cells_are_drawn_with_their_simplest_form(show, tmp_path):
    space = "transnas101-micro"
    file = write_report(collect_report(space, load_answers(space), tasks=["jigsaw"]), tmp_path / "report.html")
    page = show(file, "#arch=64-41414-1_21_230")  # 0->2 and 1->2 lead nowhere
    titles = page.locator("#detail svg g title").all_text_contents()
    pale = [text for text in titles if "without effect" in text]
    assert sorted(re.findall(r"from node (\d) to node (\d)", " ".join(pale))) == [("0", "2"), ("1", "2")]
    assert "Simplest form: 64-41414-" in page.locator("#detail svg").first.text_content()
    modules = [text for text in titles if text.startswith("module ")]
    assert modules[-1].endswith("512 channels of 8×8")
    stem_first = page.locator("#detail svg").last.locator("text").all_text_contents()
    assert stem_first[:6] == ["stem", "64", "64×64", "4", "128", "32×32"]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_skeleton_is_the_one_of_draw(show, file, width, scheme):
    arch = "64-111114-basic"
    page = show(file, f"#arch={arch}", width=width, scheme=scheme)
    shown = page.locator("#detail svg").first
    texts, titles = shown.locator("text").all_text_contents(), shown.locator("g title").all_text_contents()
    whole = draw(arch).svg
    drawn = re.findall(r"<text [^>]*>([^<]*)</text>", whole)
    assert texts == drawn[2 : 2 + len(texts)]  # after the two lines of the heading
    assert titles == re.findall(r"<g><title>([^<]*)</title>", whole)
    box, panel = shown.bounding_box(), page.locator("#detail").bounding_box()
    assert box["x"] + box["width"] <= panel["x"] + panel["width"]
    soft = "getComputedStyle(document.querySelector('#detail svg text.note')).fill"
    plain = "getComputedStyle(document.querySelectorAll('#detail svg text')[1]).fill"
    assert page.evaluate(soft) != page.evaluate(plain), "colours are those of the page, in the dark as well"
