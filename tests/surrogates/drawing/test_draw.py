"""Drawings: every operation and shape is there, what has no effect is pale, nothing from a name is markup."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import ArchitectureError, DagSpace, SpaceError, get_space, register_space, unregister_space
from surrogates import draw
from surrogates.drawing.colours import colour_of
from tests.surrogates.cli.helpers import run

SVG = "{http://www.w3.org/2000/svg}"


def drawn(arch):
    return ElementTree.fromstring(draw(arch).svg)


def titles(root):
    return [title.text or "" for title in root.iter(f"{SVG}title")]


def words(root):
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("arch", ["64-41414-3_12_131", get_space("nasbench201").sample(1, rng=3)[0]])
def test_every_operation_of_a_cell_is_an_arrow_of_its_colour(arch):
    space = get_space("nasbench201" if "|" in arch else "transnas101-micro")
    (arch,) = space.simplify([arch])  # one cell in the picture
    root, code = drawn(arch), space.parse(arch).code
    pairs = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]
    arrows = {title.text: group for group in root.iter(f"{SVG}g") for title in group.findall(f"{SVG}title")}
    for (source, target), operation in zip(pairs, code, strict=True):
        found = [group for about, group in arrows.items() if f"from node {source} to node {target}" in (about or "")]
        assert bool(found) == bool(operation)
        for group in found:
            assert group.find(f"{SVG}path").get("stroke") == colour_of(space.operations[operation].name)


def test_edges_without_effect_are_pale_and_the_simplest_form_stands_beside():
    root = drawn("64-41414-1_21_230")  # 0->2 and 1->2 lead nowhere
    pale = [about for about in titles(root) if "without effect" in about]
    assert sorted(re.findall(r"from node (\d) to node (\d)", " ".join(pale))) == [("0", "2"), ("1", "2")]
    (simplest,) = get_space("transnas101-micro").simplify(["64-41414-1_21_230"])
    assert f"Simplest form: {simplest}" in words(root)
    assert "The cell, which is its own simplest form" in words(drawn(simplest))


def test_a_dead_cell_is_said_to_be_one():
    assert any("no path from input to output" in line for line in words(drawn("64-41414-3_00_000")))
    assert "The cell, without operations" in words(drawn("64-41414-0_00_000"))


@pytest.mark.parametrize("arch", ["64-2311-basic", "16-4444-basic", "128-12-basic", "32-314-2_31_013"])
def test_modules_have_the_shapes_of_the_network(arch):
    space = get_space("transnas101-macro" if arch.endswith("basic") else "transnas101-micro")
    root = drawn(arch)
    modules = [about for about in titles(root) if about.startswith("module ")]
    assert len(modules) == len(arch.split("-")[1])
    channels, side = space.feature_shape(arch)
    assert modules[-1].endswith(f"{channels} channels of {side}×{side}")
    assert f"{channels:,}" in words(root)
    assert f"{side}×{side}" in words(root)


def test_graphs_of_ones_own_are_drawn_and_names_are_no_markup():
    name = '<script>alert("1")</script>'
    graph = (["input", "<b>conv</b>", "a & b", "output"], [(0, 1), (0, 2), (1, 3), (2, 3)])
    register_space(DagSpace("drawn", {name: graph}))
    try:
        text = draw(name).svg
        root = ElementTree.fromstring(text)
        assert "<script" not in text
        assert "<b>" not in text
        assert name in words(root)
        assert {"<b>conv</b>", "a & b"} <= set(words(root))
        lines = [about for about in titles(root) if about.startswith("from ")]
        assert len(lines) == 4
    finally:
        unregister_space("drawn")


def test_too_large_graphs_and_unknown_strings_are_errors():
    many = ["input", *["conv"] * 70, "output"]
    register_space(DagSpace("large", {"chain": (many, [(i, i + 1) for i in range(71)])}))
    try:
        with pytest.raises(SpaceError, match="at most 60 nodes to draw, got 72"):
            draw("chain")
    finally:
        unregister_space("large")
    with pytest.raises(ArchitectureError, match="not an architecture of any known space"):
        draw("nonsense")


def test_pictures_are_the_same_each_time_need_no_network_and_show_in_notebooks(tmp_path):
    drawing = draw("64-41414-3_01_003")
    assert drawing.svg == draw("64-41414-3_01_003").svg == drawing._repr_svg_()
    assert set(re.findall(r"https?://[^\"]*", drawing.svg)) == {"http://www.w3.org/2000/svg"}
    assert drawing.save(tmp_path / "cell.svg").read_text(encoding="utf-8") == drawing.svg
    assert len(repr(draw(get_space("nasbench201").example))) < 130


def test_the_command_writes_the_picture_or_says_why_not(tmp_path: Path):
    out = tmp_path / "cell.svg"
    result = run("draw", "64-41414-3_01_003", "--out", out)
    assert (result.exit_code, result.stdout) == (0, f"Wrote {out}.\n")
    assert out.read_text(encoding="utf-8") == draw("64-41414-3_01_003").svg
    for arguments, message in (
        (["64-41414-3_01_003", "--out", tmp_path / "cell.png"], "expected a file ending in .svg"),
        (["64-41414-3_01_003", "--out", tmp_path / "no" / "cell.svg"], "there is no folder"),
        (["64-41414-9_01_003", "--out", tmp_path / "other.svg"], "expected a cell code"),
    ):
        result = run("draw", *arguments)
        assert result.exit_code == 2
        assert message in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cell.svg"]


@pytest.mark.parametrize(
    "arch",
    [
        "64-41414-3_33_333",
        "64-41414-1_01_231",
        "128-41414-3_33_333",
        "64-2311-3_33_333",
        "64-2311-basic",
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|",
    ],
)
def test_no_words_leave_the_picture(arch: str) -> None:
    """Widths by the outlines of DejaVu Sans, among the widest of the fonts that the style names."""
    textpath = pytest.importorskip("matplotlib.textpath")
    properties = pytest.importorskip("matplotlib.font_manager").FontProperties
    picture = drawn(arch)
    for line in picture.iter(f"{SVG}text"):
        if line.get("text-anchor") == "start":
            mono = "mono" in line.get("class", "")
            font = properties(family="DejaVu Sans Mono" if mono else "DejaVu Sans", weight=line.get("font-weight"))
            outline = textpath.TextPath((0, 0), line.text, size=float(line.get("font-size")), prop=font)
            assert float(line.get("x")) + outline.get_extents().width <= float(picture.get("width")), line.text
