"""What ``surrogates`` alone says: which command is for which goal."""

from __future__ import annotations

__all__ = ["CHOICES", "chooser"]

CHOICES = {
    "I want numbers": "surrogates lookup 64-41414-3_33_333",
    "I want the best ones": "surrogates best jigsaw --space transnas101-micro",
    "I want to see a space": "surrogates report --space nasbench201 --out report.html",
    "I have a csv": "surrogates fit results.csv --out model",
    "I have few results": "surrogates fit few.csv --sources transnas101-micro --out model",
    "I have a predictor": "surrogates leaderboard results.csv --models ensemble,mine:MyModel",
    "I have a searcher": "surrogates search --space transnas101-micro --task jigsaw --method mine:MySearcher",
    "I want to train": "surrogates train 64-2311-basic --task jigsaw --preset mini",
    "I have my own space": "surrogates --spaces graphs.jsonl fit results.csv --out model",
    "Something is wrong": "surrogates doctor",
}
"""Goal -> the command to begin with."""


def chooser() -> str:
    """The goals with their commands, one a line.

    Example:
        >>> print(chooser().splitlines()[2])
        I want numbers         surrogates lookup 64-41414-3_33_333
    """
    width = max(map(len, CHOICES)) + 2
    lines = [f"{goal.ljust(width)}{command}" for goal, command in CHOICES.items()]
    return "\n".join(
        [
            "Expected performance of architectures on every task, with uncertainty, without training.",
            "",
            *lines,
            "",
            "All commands: surrogates --help, the options of one: surrogates lookup --help.",
            "TAB completes names once this was run: surrogates --install-completion",
        ]
    )
