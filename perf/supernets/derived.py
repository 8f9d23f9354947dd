"""What the studies of searches that end with one architecture share: their images, and how good an architecture is.

Published: the share of the distinct functions of the space whose published value on the task is better (NAS_DATA; the
benchmark trained them on Taskonomy). Rooms: the share of the 40 micro architectures of `rooms-mini` that are better
than the derived one, which is trained alone in the same way (recipe ``mini``, seed 666). Lower is better; a random
architecture has 50 % on average. Ties count half.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks import get_space, load_table
from benchmarks.files import write_beside
from benchmarks.spaces.cell import CellSpace
from benchmarks.tasks import metric_column
from benchmarks.training.supernet import layout_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.training.data.images import ImageSource
    from benchmarks.training.recipe import Recipe

RECORDS = Path(__file__).with_name("records")
SEED = 666  # of the trainings of rooms-mini
TABLES = {"transnas101-micro": "transnas101/micro_final.csv", "nasbench201": "nasbench201/final.csv"}


@cache
def published(space: str, task: str) -> pd.Series:
    """Published values of the distinct live functions, higher is better."""
    table = load_table(Path(os.environ["NAS_DATA"]) / TABLES[space]).oriented()
    return table[task].loc[list(layout_of(space).functions)]


@cache
def rooms(task: str) -> pd.Series:
    """Values of the micro architectures of rooms-mini, higher is better."""
    table = load_table("rooms-mini")
    micro = [arch for arch, name in zip(table.archs, table.row_spaces, strict=True) if name == "transnas101-micro"]
    return table.oriented()[task].loc[micro]


def better(values: pd.Series, value: float) -> float:
    """Share of the values that are better; ties count half."""
    found = values.to_numpy()
    return float((found > value).mean() + (found == value).mean() / 2)


def published_share(space: str, task: str, arch: str) -> float:
    """Share of the functions of the space whose published value is better than an architecture's."""
    (simplest,) = get_space(space).simplify([arch])
    values = published(space, task)
    return better(values, float(values[simplest]))


def rooms_value(arch: str, task: str, records: Path) -> float:
    """Value of a micro architecture trained alone as those of rooms-mini, higher is better; kept in a file."""
    (simplest,) = get_space("transnas101-micro").simplify([arch])
    path = records / "alone.json"
    known: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
    key = f"{task} {simplest}"
    if key not in known:
        from benchmarks.training import get_recipe, train_architecture
        from benchmarks.training.device import training_process
        from benchmarks.training.supernet import rooms_of

        training_process(1)
        recipe = get_recipe(task, "mini")
        run = train_architecture(simplest, task, recipe, rooms_of(recipe), seed=SEED, device="cpu")
        known = json.loads(path.read_text()) if path.exists() else {}
        known[key] = round(run.metrics[metric_column(task)][-1], 6)
        write(path, known)
    return known[key]


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


def write(path: Path, values: Any) -> None:
    """Write a record."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_beside(path) as beside:
        beside.write_text(json.dumps(values, indent=0) + "\n", encoding="utf-8")


def chance(shares: list[float]) -> float:
    """Probability that the median of as many random architectures has a share as small as the median of these."""
    from scipy.stats import beta

    n = len(shares)
    return float(beta.cdf(np.median(shares), (n + 1) / 2, (n + 1) / 2))


def is_all_skips(space: str, arch: str) -> bool:
    """Whether the simplest form has no operation but skips."""
    found = get_space(space)
    assert isinstance(found, CellSpace)
    (simplest,) = found.simplify([arch])
    kinds = {found.operations[index].kind for index in found.parse(simplest).code} - {"none"}
    return kinds <= {"skip"}
