"""Text of figures that is never cut."""

import numpy as np
import pytest

from surrogates.figures import COLOURS, line_style, new_figure, value_label, wrapped

NAMES = [
    "jigsaw",
    "depth_estimation_on_my_own_rooms/valid_l1_loss",
    "my_package.searchers.evolutionary:a_long_named_searcher on transnas101-macro: best so far, mean of 3 seeds",
    "x" * 300,
    "|nor_conv_3x3~0|+|skip_connect~0|avg_pool_3x3~1|+|none~0|nor_conv_1x1~1|nor_conv_3x3~2|",
]


@pytest.mark.parametrize("text", NAMES)
@pytest.mark.parametrize("width", [0.3, 1.6, 3.0, 9.0])
def test_wrapped_text_fits_and_loses_nothing(text: str, width: float) -> None:
    lines = wrapped(text, width).split("\n")
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert max(map(len, lines)) <= max(4, width * 72 / 6.2)
    if len(text) < width * 72 / 6.2:
        assert lines == [text]


@pytest.mark.parametrize("text", NAMES)
@pytest.mark.parametrize("points", [8.0, 10.0, 12.0])
def test_wrapped_text_is_as_narrow_when_it_is_drawn(text: str, points: float) -> None:
    """The mean width of a character is an estimate; matplotlib measures the text."""
    figure = new_figure((4, 4))
    drawn = figure.text(0, 0, wrapped(text, 3.0, points), fontsize=points)
    assert drawn.get_window_extent().width / figure.dpi < 3.3


def test_names_are_broken_where_a_reader_would() -> None:
    assert wrapped("depth_estimation_on_my_rooms", 1.6).split("\n") == ["depth_estimation_", "on_my_rooms"]
    assert wrapped("best so far, mean of 3 seeds", 1.2).split("\n") == ["best so far,", "mean of 3", "seeds"]


def test_labels_have_units() -> None:
    assert value_label("segmentsemantic") == "valid_acc (%)"
    assert value_label("room_layout") == "valid_neg_loss"
    assert value_label("jigsaw/time_elapsed").endswith("(s)") or value_label("jigsaw/valid_loss") == "valid_loss"
    assert value_label("anything_else") == "value"


def test_forty_lines_have_forty_styles() -> None:
    styles = [tuple(line_style(number).items()) for number in range(40)]
    assert len(set(styles)) == 40
    assert [line_style(number)["color"] for number in range(7)] == list(COLOURS)


def test_colours_differ_for_colour_blind_readers() -> None:
    """Linear RGB after Vienot et al. (1999): protanopes and deuteranopes confuse red and green."""
    rgb = np.array([[int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)] for colour in COLOURS]) ** 2.2
    protan = np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]])
    deutan = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])
    for matrix in (protan, deutan):
        seen = np.clip(rgb @ matrix.T, 0, 1) ** (1 / 2.2)
        for first in range(len(COLOURS)):
            for second in range(first):
                assert np.abs(seen[first] - seen[second]).max() > 0.07
