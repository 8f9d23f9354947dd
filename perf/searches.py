"""Shared code of the search measurements: run every method on every task with every seed, stored in a CSV file."""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import load_table
from benchmarks.table import Table

KEY = ["space", "method", "params", "task", "seed", "budget"]


def parser(text: str, methods: str, budget: int, at: str, file: str) -> argparse.ArgumentParser:
    """The command-line parser of a measurement, with its defaults."""
    made = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--methods", default=methods, help="searchers, comma-separated (default: %(default)s)")
    made.add_argument("--spaces", default="micro,macro", help="comma-separated (default: %(default)s)")
    made.add_argument("--tasks", help="comma-separated (default: all)")
    made.add_argument("--budget", type=int, default=budget, help="queries per search (default: %(default)s)")
    made.add_argument("--seeds", type=int, default=10, help="number of seeds (default: %(default)s)")
    made.add_argument("--first-seed", type=int, default=0, help="first seed (default: %(default)s)")
    made.add_argument("--at", default=at, help="also report after these numbers of queries (default: %(default)s)")
    made.add_argument("--set", nargs="*", default=[], metavar="NAME=NUMBER", help="parameters of the searchers")
    made.add_argument("--file", type=Path, default=Path(file), help="CSV file of the results (default: %(default)s)")
    return made


def measure(
    arguments: argparse.Namespace,
    one_search: Callable[[Table, str, dict[str, Any], str, int, int], dict[str, Any]],
    show: Callable[[pd.DataFrame, str, list[str], int], None],
) -> None:
    """Run the searches missing in the file, then print one line per space, method and number of queries.

    Args:
        arguments: The arguments parsed by `parser`.
        one_search: (table, method, params, task, budget, seed) -> result columns, including ``seconds``.
        show: Prints one line from (its searches, its name, tasks, number of queries).
    """
    pairs = [pair.split("=") for pair in arguments.set]
    params = {name: float(value) if "." in value else int(value) for name, value in pairs}
    rows = _finished(arguments.file)
    for space in arguments.spaces.split(","):
        table = load_table(Path(os.environ["NAS_DATA"]) / f"transnas101/{space}_final.csv")
        tasks = arguments.tasks.split(",") if arguments.tasks else list(table.tasks)
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
        for method in arguments.methods.split(","):
            wanted = []
            for task, seed in itertools.product(tasks, seeds):
                asked = (space, method, str(params), task, seed, arguments.budget)
                key = tuple(map(str, asked))
                if key not in rows:
                    reached = one_search(table, method, params, task, arguments.budget, seed)
                    rows[key] = {**dict(zip(KEY, asked, strict=True)), **reached}
                    part = arguments.file.with_suffix(".part")
                    pd.DataFrame(list(rows.values())).to_csv(part, index=False)
                    part.replace(arguments.file)
                wanted.append(rows[key])
            stops = [int(n) for n in arguments.at.split(",") if n]
            for n in [n for n in stops if n < arguments.budget] + [arguments.budget]:
                show(pd.DataFrame(wanted), f"{space} {method}{params or ''} @{n}", tasks, n)


def cost(rows: pd.DataFrame) -> str:
    """End of an output line: number of seeds and mean run time of a search in seconds."""
    return f"| {rows['seed'].nunique()} seeds, {rows['seconds'].mean():.1f} s"


def _finished(file: Path) -> dict[tuple[str, ...], dict[str, Any]]:
    """Rows of the file, indexed by the values of `KEY`."""
    if not file.exists():
        return {}
    rows = pd.read_csv(file, dtype={"params": str}).to_dict("records")
    return {tuple(str(row[name]) for name in KEY): row for row in rows}
