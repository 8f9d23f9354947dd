"""Writes ``plan.json`` beside this file: architectures outside both published sets, for a table `rooms-open`.

    python perf/rooms_open/make_plan.py
    surrogates campaign run perf/rooms_open/plan.json --workers 1      # any time, resumed where it stopped
    surrogates campaign pack perf/rooms_open/plan.json --out perf/rooms_open/records.jsonl.gz

Three kinds take turns, and a campaign does one architecture on all tasks before the next: whatever it reaches is a
usable sample of

- cells of `rooms-mini` in their own skeleton, 16, 32 and 128 wide (`rooms-mini` has the same cells 64 wide);
- skeletons: those of `rooms-mini` at other widths; of fewer or more modules than published; of 4 to 6 modules, but with
  more or fewer halvings or doublings than published;
- cells that are not in `rooms-mini`, in skeletons other than 41414: published ones, also half as wide, shorter, longer.

Cells are one of each of n equal strata of live multiply-adds, in the order of van der Corput: published values play no
part. Nothing is much more expensive than the most expensive training of `rooms-mini`, 64-22411-basic, which has 11
times the mean of multiply-adds and 4.5 times that of activations, and took 2.9 times the mean time.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import get_space, infer_space, load_table
from benchmarks.training import get_recipe
from benchmarks.training.widths import scaled_base_channels
from encoders import Costs

HERE = Path(__file__).parent
SEED = 0
CELLS, SKELETONS, BOTH = 19, 19, 18
TASKS = ("class_scene", "class_object", "room_layout", "jigsaw")
LARGEST = {"multiply_adds": 8.0, "activations": 3.5, "depth": 2.0}  # times the mean of rooms-mini
LENGTHS = {"published": (4, 5, 6), "short": (2, 3), "long": (7, 8)}


def costs(archs: Iterable[str]) -> NDArray[np.float64]:
    """Multiply-adds, activations and depth of the live part as the mini recipe trains it, of shape (n, 3)."""
    recipe = get_recipe("class_scene", "mini")
    rows = []
    for arch in archs:
        space = infer_space(arch)
        rest = space.canonical(arch).partition("-")[2]
        trained = f"{scaled_base_channels(arch, recipe.base_channels or 64)}-{rest}"
        encoder = Costs(input_size=recipe.input_size).fit([trained])
        values = dict(zip(encoder.get_feature_names_out(), encoder.transform([trained])[0], strict=True))
        rows.append([values[name] for name in LARGEST])
    return np.array(rows, dtype=np.float64)


class Chooser:
    """Draws architectures that are new, outside the published sets and not too expensive."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(SEED)
        self.known = load_table("rooms-mini").archs
        self.largest = costs(self.known).mean(axis=0) * list(LARGEST.values())
        self.chosen: set[str] = set()

    def first(self, candidates: Iterable[str]) -> str:
        """The first candidate that may be trained."""
        for arch in candidates:
            if arch not in self.chosen and arch not in infer_space(arch) and (costs([arch]) <= self.largest).all():
                self.chosen.add(arch)
                return arch
        raise SystemExit("none of the candidates may be trained")

    def codes(self, length: str, pattern: str = "any") -> Iterator[str]:
        """Random macro codes of a length, in which halvings and doublings are as many as a pattern says."""
        while True:
            code = "".join(self.rng.choice(list("1234"), size=self.rng.choice(LENGTHS[length])))
            halvings, doublings = (sum(digit in which for digit in code) for which in ("34", "24"))
            if {
                "any": 1 <= halvings <= 4 and 1 <= doublings <= 3,
                "no halving": halvings == 0,
                "many halvings": halvings >= 5,
                "no doubling": doublings == 0,
                "many doublings": doublings >= 4,
            }[pattern]:
                yield code

    def strata(self, cells: list[str], n: int) -> list[list[str]]:
        """Cells of equal strata of live multiply-adds, each in random order; the strata in the order of van der Corput.

        Cells whose output does not depend on the image are left out.
        """
        measured = costs(cells)
        live = [row for row in np.argsort(measured[:, 0], kind="stable").tolist() if measured[row, 2] > 2]
        parts = [[cells[row] for row in self.rng.permutation(part)] for part in np.array_split(live, n)]
        bits = (n - 1).bit_length()
        return [parts[i] for i in sorted(range(n), key=lambda i: f"{i:0{bits}b}"[::-1])]


def cells_at_other_widths(chooser: Chooser) -> list[str]:
    """The first kind."""
    micro = get_space("transnas101-micro")
    known = [arch for arch in chooser.known if micro.recognises(arch)]
    widths = itertools.cycle((16, 128, 32))
    return [
        chooser.first(f"{width}-{cell.partition('-')[2]}" for cell in part)
        for part, width in zip(chooser.strata(known, CELLS), widths, strict=False)
    ]


def skeletons(chooser: Chooser) -> list[str]:
    """The second kind."""
    macro = get_space("transnas101-macro")
    known = iter(chooser.rng.permutation([arch for arch in chooser.known if macro.recognises(arch)]).tolist())
    widths = itertools.cycle((32, 128, 16, 96))
    shapes = itertools.cycle([("short", 64), ("long", 64), ("short", 128), ("long", 32)])
    patterns = itertools.cycle(["no halving", "many doublings", "no doubling", "many halvings"])
    found = []
    for turn in range(SKELETONS):
        if turn % 3 == 0:
            width = next(widths)
            found.append(chooser.first(f"{width}-{arch.partition('-')[2]}" for arch in known))
        elif turn % 3 == 1:
            length, width = next(shapes)
            found.append(chooser.first(f"{width}-{code}-basic" for code in chooser.codes(length)))
        else:
            found.append(chooser.first(f"64-{code}-basic" for code in chooser.codes("published", next(patterns))))
    return found


def cells_in_other_skeletons(chooser: Chooser) -> list[str]:
    """The third kind."""
    micro = get_space("transnas101-micro")
    seen = set(micro.simplify([arch for arch in chooser.known if micro.recognises(arch)]))
    fresh = [form for form in dict.fromkeys(micro.simplify(list(micro.archs))) if form not in seen]
    frames = itertools.cycle([("published", 64), ("short", 64), ("published", 32), ("published", 64), ("long", 64)])
    found = []
    for part, (length, width) in zip(chooser.strata(fresh, BOTH), frames, strict=False):
        codes = (code for code in chooser.codes(length) if code != "41414")
        pairs = zip(itertools.cycle(part), codes, strict=False)
        found.append(chooser.first(f"{width}-{code}-{cell.rpartition('-')[2]}" for cell, code in pairs))
    return found


def main() -> None:
    """Choose and write."""
    chooser = Chooser()
    kinds = cells_at_other_widths(chooser), skeletons(chooser), cells_in_other_skeletons(chooser)
    order = [arch for turn in itertools.zip_longest(*kinds) for arch in turn if arch is not None]
    content = {"architectures": order, "tasks": list(TASKS), "preset": "mini"}
    (HERE / "plan.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    share = costs(order) / costs(chooser.known).mean(axis=0)
    print(f"{len(order)} architectures; times the mean of rooms-mini, mean and largest:")
    for name, column in zip(LARGEST, share.T, strict=True):
        print(f"{name:<15}{column.mean():6.2f}{column.max():6.2f}")


if __name__ == "__main__":
    main()
