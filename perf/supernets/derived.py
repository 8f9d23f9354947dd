"""What the studies of searches that end with one architecture share: their images, and how good an architecture is.

Published: the share of the distinct functions of the space whose published value on the task is better (NAS_DATA; the
benchmark trained them on Taskonomy). Lower is better; a random architecture has 50 % on average. Ties count half.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from study_records import read_record

from benchmarks import get_space, load_table
from benchmarks.errors import ArtefactError
from benchmarks.training.supernet import layout_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from benchmarks.training.data.images import ImageSource
    from benchmarks.training.recipe import Recipe

TUNING = "class_object"  # the only task on which settings are compared; it judges nothing
_JUDGING = "default settings"
SPACE = "transnas101-micro"
TABLES = {"transnas101-micro": "transnas101/micro_final.csv", "nasbench201": "nasbench201/final.csv"}


@cache
def published(space: str, task: str) -> pd.Series:
    """Published values of the distinct live functions, higher is better."""
    table = load_table(Path(os.environ["NAS_DATA"]) / TABLES[space]).oriented()
    return table[task].loc[list(layout_of(space).functions)]


def better(values: pd.Series, value: float) -> float:
    """Share of the values that are better; ties count half."""
    found = values.to_numpy()
    return float((found > value).mean() + (found == value).mean() / 2)


def published_share(space: str, task: str, arch: str) -> float:
    """Share of the functions of the space whose published value is better than an architecture's."""
    (simplest,) = get_space(space).simplify([arch])
    values = published(space, task)
    return better(values, float(values[simplest]))


def images(recipe: Recipe) -> Mapping[str, ImageSource]:
    """The Rooms images that the trainings of single architectures use, reduced to the side that a search works at."""
    from dataclasses import replace

    import torch

    from benchmarks.training import ImageSet, get_recipe
    from benchmarks.training.supernet import rooms_of

    whole = rooms_of(replace(get_recipe(recipe.task, "mini"), n_test=None))
    found: dict[str, ImageSource] = {}
    for split, source in whole.items():
        assert isinstance(source, ImageSet)
        smaller = torch.nn.functional.adaptive_avg_pool2d(source.arrays["rgb"].float(), recipe.input_size)
        found[split] = ImageSet({**source.arrays, "rgb": smaller.round().to(torch.uint8)})
    return found


def chance(shares: list[float]) -> float:
    """Probability that the median of as many random architectures has a share as small as the median of these.

    Computed, not drawn: shares of random architectures are taken as uniform from 0 to 1.
    """
    from scipy.stats import beta

    n = len(shares)
    return float(beta.cdf(np.median(shares), (n + 1) / 2, (n + 1) / 2))


def difference(record: Mapping[str, Any], search: Callable[[Path], Any]) -> str:
    """What today's search would do otherwise than the one of a record; nothing if that search is read as finished."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # notes of the result
        result = {name: value for name, value in record.items() if name != "tried"}
        for name, values in (("derivation", record["settings"]), ("result", result)):
            (Path(folder) / f"{name}.json").write_text(json.dumps(values), encoding="utf-8")
        try:
            search(Path(folder))
        except ArtefactError as error:
            return str(error).partition("another derivation: ")[2].partition("; choose another")[0] or str(error)
    return ""


def recorded(path: Path, today: Callable[[Mapping[str, Any]], str]) -> bool:
    """Whether a search has its record.

    Args:
        path: File of the record.
        today: What today's search would do otherwise than the one of a record.

    Raises:
        SystemExit: If the record is of another search.
    """
    if not path.exists():
        return False
    if other := today(read_record(path)):
        raise SystemExit(f"{path} is of another search: {other}; delete it to search again")
    return True


def report_records(
    records: Path, today: Callable[[Mapping[str, Any]], str], said: Callable[[Mapping[str, Any]], str]
) -> list[dict[str, Any]]:
    """Print the records by section, and return those that judge: of today's search, on other tasks than `TUNING`.

    Args:
        records: Folder of the records.
        today: What today's search would do otherwise than the one of a record.
        said: What is printed of a record, before how good its architecture is.
    """
    sections = _by_section(records, today)
    for title, found in sections.items():
        print(title)
        for record in found:
            share = published_share(SPACE, record["task"], record["arch"])
            settings = record["tried"] or ""
            print(
                f"  {said(record)}  better published {100 * share:5.1f} %  {record['seconds']:5.0f} s  "
                f"{settings}".rstrip()
            )
    return sections.get(_JUDGING, [])


def _by_section(records: Path, today: Callable[[Mapping[str, Any]], str]) -> dict[str, list[dict[str, Any]]]:
    """Title -> records."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(records.glob("*.json")):
        record = read_record(path)
        title = "settings tried" if record["tried"] else _JUDGING
        if other := today(record):
            title = f"{title}, by an earlier search: {other}"
        elif record["task"] == TUNING:
            title = f"{title}, on the task of the settings"
        sections.setdefault(title, []).append(record)
    return sections


def study_parser(doc: str | None, seeds: str) -> argparse.ArgumentParser:
    """The command line that the studies have in common."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=("search", "report"))
    parser.add_argument("--folder", type=Path, help="folder of the searches")
    parser.add_argument("--tasks", default="class_scene")
    parser.add_argument("--seeds", default=seeds)
    return parser


def run_study(
    parser: argparse.ArgumentParser,
    settings: Iterable[str],
    search: Callable[[argparse.Namespace, str, int, dict[str, Any]], None],
    report: Callable[[], None],
) -> None:
    """Search for each seed and task, or report.

    Args:
        parser: The command line.
        settings: Options that are compared on `TUNING` alone.
        search: Called with the options, a task, a seed and the settings that were given.
        report: Prints the tables.
    """
    given = parser.parse_args()
    tried = {name: value for name in settings if (value := getattr(given, name)) is not None}
    if tried and given.tasks != TUNING:
        parser.error(f"settings are compared on {TUNING} alone, so that the other tasks judge them")
    if given.work == "report":
        report()
    elif given.folder is None:
        parser.error("expected --folder for the searches")
    else:
        for seed in given.seeds.split(","):
            for task in given.tasks.split(","):
                search(given, task, int(seed), tried)
