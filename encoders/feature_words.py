"""Plain English for the features of `GraphFeatures`: what a number is, and its value in a unit that people know.

Features are named for programs (``log_activations``) and often logarithms. Messages about a single feature, such as
that `lookup` prints of an unfamiliar architecture, say "activations for one image: 362,000" instead of "log_activations
12.8".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.spaces.cell import CellSpace
from benchmarks.spaces.transnas_macro import TransNASMacro

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space

__all__ = ["FeatureWords", "feature_words"]


class FeatureWords(NamedTuple):
    """What a feature is, in words, and how to show its values.

    Attributes:
        text: What is counted or measured, such as ``"parameters"``.
        show: Formats a value of the feature in its natural unit: the exponential of a logarithm, yes or no.

    Example:
        >>> FeatureWords("receptive field", lambda value: f"{2**value:.0f} pixels").show(7.0)
        '128 pixels'
    """

    text: str
    show: Callable[[float], str]


def feature_words(space: Space, name: str) -> FeatureWords:
    """The words for one feature of `GraphFeatures` of a space.

    Raises:
        ValueError: If the space has no such feature.

    Example:
        >>> from benchmarks import get_space
        >>> words = feature_words(get_space("transnas101-micro"), "log_activations")
        >>> words.text, words.show(12.8)
        ('activations for one image', '362,000')
        >>> feature_words(get_space("transnas101-macro"), "halves[-1]").text
        'the last module halves the resolution'
    """
    tables = (_CELL, _SIZES) if isinstance(space, CellSpace) else (_DAG,)
    for table in (_MACRO, _SIZES) if isinstance(space, TransNASMacro) else tables:
        for pattern, text, show in table:
            if found := re.fullmatch(pattern, name):
                return FeatureWords(text(*found.groups()) if callable(text) else text.format(*found.groups()), show)
    raise ValueError(f"expected a feature of GraphFeatures of {space.name}, got {name!r:.200}")


def _number(value: float) -> str:
    """Three significant digits, with words for millions."""
    for size, word in ((1e9, " billion"), (1e6, " million")):
        if abs(value) >= size:
            return f"{value / size:.3g}{word}"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:g}"


def _yes(value: float) -> str:
    return "yes" if value > 0.5 else "no"


def _power(value: float) -> str:
    return f"{2**value:,.0f}" if value >= 0 else _number(2**value)


def _exponential(less: float = 0.0) -> Callable[[float], str]:
    """Formats a number of which the feature is the natural logarithm, after adding `less`, in single precision."""

    def show(value: float) -> str:
        number = math.exp(value) - less
        return _number(number if number > 1e-5 * less else 0.0)

    return show


def _pixels(value: float) -> str:
    return f"{2**value:,.0f} pixels"


def _operations(label: str) -> str:
    """One operation or several, as features name them."""
    known = {"any": "operations", "conv": "convolutions"}
    return known.get(label, label.replace("+", " or "))


def _of(template: str) -> Callable[..., str]:
    """Words with the operations of the first group, and the other groups as they are."""
    return lambda label, *more: template.format(_operations(label), *more)


def _module(position: str) -> str:
    number = int(position)
    if number > 0:
        return f"module {number}"
    return "the last module" if number == -1 else f"module {-number} from the end"


def _on_path(which: str, label: str) -> str:
    return f"operations on the {which} path with only {_operations(label)}"


def _along(which: str, label: str) -> str:
    return f"{which} number of {_operations(label)} on a path"


def _at(template: str) -> Callable[[str], str]:
    return lambda position: template.format(_module(position))


def _digit(digit: str) -> str:
    names = (
        "keep the shape",
        "double the channels",
        "halve the resolution",
        "double channels and halve the resolution",
    )
    return f"modules of digit {digit} ({names[int(digit) - 1]})"


_Words = list[tuple[str, str | Callable[..., str], Callable[[float], str]]]

_SIZES: _Words = [
    ("log_params", "parameters", _exponential()),
    ("log_multiply_adds", "multiply-adds for one image", _exponential()),
    ("log_activations", "activations for one image", _exponential()),
    ("log2_receptive_field", "receptive field of the last feature map", _pixels),
]
_CELL: _Words = [
    (r"(\d)->(\d)=(.*)", "{2} on the edge from node {0} to node {1}", _yes),
    (r"count\[(.*)\]", _of("number of {0} in the cell"), _number),
    ("inner_nodes", "inner nodes of the cell in use", _number),
    (r"paths\[(.*)\]", _of("paths through the cell with only {0}"), _number),
    (r"(shortest|longest)\[(.*)\]", _on_path, _number),
    (r"input_degree\[(.*)\]", _of("number of {0} that read the cell's input"), _number),
    (r"output_degree\[(.*)\]", _of("number of {0} that lead to the cell's output"), _number),
    (r"middle\[(.*)\]", _of("{0} on the edge from node 1 to node 2"), _yes),
    (r"(most|fewest|mean)\[(.*)\]", _along, _number),
    (r"log_variance\[(cell|network)\]", "variance at the end of the {0}, if convolutions have 1", _exponential(0.1)),
    (
        r"depth\[(cell|network),(.*)\]",
        lambda of, label: f"mean number of {_operations(label)} through the {of}",
        _number,
    ),
]
_MACRO: _Words = [
    ("modules", "modules", _number),
    ("doublings", "modules that double the channels", _number),
    ("halvings", "modules that halve the resolution", _number),
    (r"count\[([1-4])\]", _digit, _number),
    (r"module(\d)=(\d)", "digit of module {0} is {1}", _yes),
    (r"log2_channels\[(-?\d)\]", _at("channels after {0}"), _power),
    (r"halvings\[(-?\d)\]", _at("halvings of the resolution up to {0}"), _number),
    (r"halves\[(-\d)\]", _at("{0} halves the resolution"), _yes),
    (r"doubles\[(-\d)\]", _at("{0} doubles the channels"), _yes),
    (r"(halving|doubling)(\d)_at", "modules before {0} {1}", _number),
    (r"(halving|doubling)(\d)_from_end", "modules from {0} {1} on", _number),
    (r"modules_after_(halvings|doublings)\[(\d)\]", "modules with {1} {0} so far", _number),
    ("mean_log2_channels", "channels, geometric mean over the modules", _power),
    ("mean_halvings", "halvings of the resolution, mean over the modules", _number),
    ("sum_halvings", "halvings of the resolution, sum over the modules", _number),
    ("(min|max|last)_balance", lambda which: f"channels times relative side of feature maps, {which}", _power),
    ("sum_balance", "log2 of channels times relative side of feature maps, sum over the modules", _number),
    ("log_multiply_adds_per_param", "multiply-adds per parameter", _exponential()),
    ("log_feature_elements", "values in the last feature map", _exponential()),
    (
        r"log_multiply_adds_at_resolution\[(\d)\]",
        lambda stage: f"multiply-adds at 1/{4 * 2 ** int(stage)} of the image's side",
        _exponential(1e7),
    ),
]
_DAG: _Words = [
    ("nodes", "operations", _number),
    ("edges", "connections between operations", _number),
    ("inputs", "operations that read the input", _number),
    ("outputs", "operations that lead to the output", _number),
    ("branches", "connections beyond the first out of an operation", _number),
    ("widest_branch", "most connections out of one operation", _number),
    ("widest_join", "most connections into one operation", _number),
    (r"count\[(.*)\]", _of("number of {0}"), _number),
    (r"input_degree\[(.*)\]", _of("number of {0} that read the input"), _number),
    (r"output_degree\[(.*)\]", _of("number of {0} that lead to the output"), _number),
    (r"reads\[(.*)\]", _of("connections into {0}"), _number),
    (r"feeds\[(.*)\]", _of("connections out of {0}"), _number),
    (r"edges\[(.*)>(.*)\]", "connections from {0} to {1}", _number),
    ("log_paths", "paths from the input to the output", _exponential(1.0)),
    (r"log_paths\[(.*)\]", _of("paths with only {0}"), _exponential(1.0)),
    (r"no_path\[(.*)\]", _of("no path with only {0}"), _yes),
    (r"(shortest|longest)\[(.*)\]", _on_path, _number),
    (r"(most|fewest|mean)\[(.*)\]", _along, _number),
    (r"depth\[(.*)\]", _of("mean distance of {0} from the input, in connections"), _number),
    (r"height\[(.*)\]", _of("mean distance of {0} from the output, in connections"), _number),
    ("kernels", "sum of the sides of kernels beyond 1", _number),
    ("longest_kernels", "sum of the sides of kernels beyond 1, largest on a path", _number),
    ("log_params", "parameters", _exponential(1.0)),
    ("log_multiply_adds", "multiply-adds for one image", _exponential(1.0)),
    ("log_activations", "activations for one image", _exponential(1.0)),
]
