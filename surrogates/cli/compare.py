"""``surrogates compare``: architectures side by side, with the probability that one is better."""

from __future__ import annotations

import string
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surrogates.cli.arguments import AsJson, Minimize, TableOption, TaskNames
from surrogates.cli.costs import CostNames, compare_costs, open_costs
from surrogates.cli.help import examples
from surrogates.cli.models import StoredModel
from surrogates.cli.oracles import oracles_of_archs
from surrogates.cli.out_files import writable
from surrogates.cli.output import measurement, print_csv, print_json, print_table

if TYPE_CHECKING:
    import pandas as pd

    from surrogates.oracle.oracle import Oracle

__all__ = ["EXAMPLES", "compare"]

EXAMPLES = examples(
    "surrogates compare 64-41414-3_33_333 64-41414-3_33_332",
    "surrogates compare 64-2311-basic 64-1234-basic --task jigsaw --cost params --cost multiply_adds",
    "surrogates compare 64-2311-basic 64-1234-basic 64-111114-basic --task normal",
    "surrogates compare 64-41414-3_33_333 64-41414-3_33_332 --table results.csv --out compare.html",
)
_MOST = len(string.ascii_uppercase)
_PICTURES = (".svg", ".html")
_READ = (
    "Advantages are in the unit of the metric, above 0 if the first is better, whatever the direction of the task. "
    "Rank 1 is best."
)


def compare(
    archs: Annotated[list[str], typer.Argument(metavar="ARCH ARCH", help="Architectures A, B ... of one space.")],
    task: TaskNames = None,
    cost: CostNames = None,
    table: TableOption = None,
    minimize: Minimize = None,
    model: StoredModel = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", callback=writable, help="Drawings of both: .svg, or .html with the numbers."
        ),
    ] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the results as CSV.")] = False,
) -> None:
    """Compare architectures on every task: by how much A is better, how sure that is, ranks and costs; works offline.

    The advantage of A is in the unit of the metric, above 0 if A is better, whatever the direction of the task, with
    its 90 % interval and the probability that A is better. Predictions of near architectures err alike, which narrows
    the interval; by how much is estimated from errors of left-out training rows. Architectures that compute the same
    function have one prediction: an advantage of 0, and a probability of .5.

    Measured values (--table) are those of one training each: the same architecture trained again gives others. Of
    three architectures or more, the probabilities are shown for each pair.
    """
    if as_json and as_csv:
        raise typer.BadParameter("expected one of --json and --csv, got both")
    if not 2 <= len(archs) <= _MOST:
        raise typer.BadParameter(f"expected 2 to {_MOST} architectures to compare, got {len(archs)}")
    if out is not None and out.suffix.casefold() not in _PICTURES:
        raise typer.BadParameter(f"expected a file ending in .svg or .html as --out, got {str(out)!r:.200}")
    oracle = _oracle(archs, table, model, minimize)
    names, files = open_costs(cost, oracle.space.name)
    found = compare_costs(oracle, archs, oracle.compare(*archs, tasks=task or None, costs=names), files)
    if out is not None:
        _write(out, archs, found)
    if as_csv:
        print_csv(list(found.columns), found.itertuples(index=False))
        return
    if as_json:
        print_json([{str(name): value for name, value in row.items()} for row in found.to_dict(orient="records")])
        return
    _show(oracle, archs, found)
    if out is not None:
        typer.echo(f"Wrote {out}.")


def _oracle(archs: list[str], table: Path | None, model: str | None, minimize: list[str] | None) -> Oracle:
    from benchmarks.errors import ArchitectureError
    from benchmarks.spaces.registry import infer_space

    spaces = [infer_space(arch) for arch in archs]
    for arch, space in zip(archs, spaces, strict=True):
        space.validate(arch)
        if space != spaces[0]:
            raise ArchitectureError(
                f"expected architectures of one space, got {archs[0]!r:.200} of {spaces[0]} and {arch!r:.200} of "
                f"{space}"
            )
    return oracles_of_archs(archs, table, model, "auto", minimize)[archs[0]]


def _show(oracle: Oracle, archs: list[str], found: pd.DataFrame) -> None:
    for letter, arch in zip(string.ascii_uppercase, archs, strict=False):
        typer.echo(f"{letter}  ", nl=False)
        typer.secho(arch, bold=True, nl=False)
        typer.echo("" if arch in oracle.space else f"  (not one of the published architectures of {oracle.space})")
    if len(archs) == 2:
        heads, rows = _rows(found)
        print_table(heads, rows, optional=("source", "correlation"))
    else:
        _show_probabilities(archs, found)
    for line in _notes(archs, found):
        typer.echo(line)


def _rows(found: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the comparison of two architectures."""
    sizes = {int(size) for size in found["of"]}
    among = [f"rank B of {size:,}" for size in sizes] if len(sizes) == 1 else ["rank B", "of"]
    heads = ["task", "A", "B", "A better by", "90 % interval", "P(A better)", "rank A", *among, "correlation"]
    rows = []
    for row in _records(found):
        exact = row["source_a"] == "exact"
        values = [_value(row[f"value_{side}"], row[f"std_{side}"], row["unit"], exact) for side in "ab"]
        sure = row["low"] == row["high"]
        advantage, (low, high) = _difference(row)
        cells = [row["task"], *values, advantage, "-" if sure else f"{low} .. {high}", _probability(row["p_better"])]
        sources = dict.fromkeys((row["source_a"], row["source_b"]))
        correlation = "-" if row["correlation"] != row["correlation"] else f"{round(row['correlation'], 2) + 0.0:.2f}"
        ranks = [f"{row[name]:,}" for name in ("rank_a", "rank_b", "of")[: 1 + len(among)]]
        rows.append([*cells, *ranks, correlation, ", ".join(sources)])
    return [*heads, "source"], rows


def _value(value: float, std: float, unit: str, exact: bool) -> str:
    return f"{value:,.0f}" if exact else measurement(value, std, unit)[0]


def _difference(row: dict[str, Any]) -> tuple[str, tuple[str, str]]:
    """An advantage with its unit, and the ends of its interval, with the digits of its standard deviation."""
    unit = "" if row["unit"] == "-" else f" {row['unit']}"
    if row["source_a"] == "exact":
        return f"{row['advantage']:+,.0f}", ("", "")
    std = (row["high"] - row["low"]) / 2
    digits = len(measurement(row["advantage"], std)[0].partition(".")[2]) if std > 0 else None
    shown = [
        f"{row[name]:+.6g}" if digits is None else f"{row[name]:+.{digits}f}" for name in ("advantage", "low", "high")
    ]
    return shown[0] + unit, (shown[1], shown[2])


def _probability(p: float) -> str:
    """A probability with two digits; 0 and 1 only if they are certain."""
    return f"{p:.2f}" if p in (0.0, 1.0) else "> .99" if p > 0.995 else "< .01" if p < 0.005 else f"{p:.2f}"


def _show_probabilities(archs: list[str], found: pd.DataFrame) -> None:
    """For every task a table of the probabilities that the row is better than the column."""
    letters = string.ascii_uppercase[: len(archs)]
    pairs = [(a, b) for a in range(len(archs)) for b in range(a + 1, len(archs))]
    records = _records(found)
    for task in dict.fromkeys(row["task"] for row in records):
        own = dict(zip(pairs, [row for row in records if row["task"] == task], strict=True))
        rows = []
        for a, letter in enumerate(letters):
            row, side = next((row, "ab"[pair.index(a)]) for pair, row in own.items() if a in pair)
            exact = row["source_a"] == "exact"
            value = _value(row[f"value_{side}"], row[f"std_{side}"], row["unit"], exact)
            p = {b: own[a, b]["p_better"] if a < b else 1 - own[b, a]["p_better"] for b in range(len(archs)) if b != a}
            shown = ["" if b == a else _probability(p[b]) for b in range(len(archs))]
            rows.append([letter, value, f"{row[f'rank_{side}']:,}", *shown])
        typer.echo()
        of = next(iter(own.values()))["of"]
        print_table([str(task), "value", f"rank of {of:,}", *(f"P(beats {letter})" for letter in letters)], rows)


def _notes(archs: list[str], found: pd.DataFrame) -> list[str]:
    """What must be known to read the numbers."""
    from benchmarks.quantities import is_cost

    letters = dict(zip(archs, string.ascii_uppercase, strict=False))
    twins = dict.fromkeys(
        (row["a"], row["b"]) for row in _records(found) if row["same_function"] and row["correlation"] == 1
    )
    lines = [
        f"{letters[a]} and {letters[b]} compute the same function: predictions are equal by construction."
        for a, b in twins
        if a != b
    ]
    trained = found[[not is_cost(str(task)) for task in found["task"]]]
    if "table" in {*trained["source_a"], *trained["source_b"]}:
        lines.append("Measured values are those of one training each: trained again, they would be others.")
    predicted = (found["source_a"] == "surrogate") & (found["source_b"] == "surrogate")
    if (predicted & found["correlation"].isna()).any():
        unknown = dict.fromkeys(found["task"][predicted & found["correlation"].isna()])
        lines.append(f"Errors taken as independent, as their correlation is not known: {', '.join(unknown)}.")
    return lines


def _write(out: Path, archs: list[str], found: pd.DataFrame) -> None:
    """Write the drawings, and with .html the numbers."""
    from benchmarks.files import write_beside
    from surrogates.drawing.pictures import draw
    from surrogates.drawing.side_by_side import stacked

    headings = [f"{letter}  {arch:.100}" for letter, arch in zip(string.ascii_uppercase, archs, strict=False)]
    content = stacked([draw(arch) for arch in archs], headings, " and ".join(f"{arch:.100}" for arch in archs))
    if out.suffix.casefold() == ".html":
        content = _page(headings, found, content, _notes(archs, found))
    with write_beside(out) as beside:
        beside.write_text(content, encoding="utf-8")


def _page(headings: list[str], found: pd.DataFrame, picture: str, notes: list[str]) -> str:
    """A page of its own, without script, whatever is in names."""
    from html import escape

    heads, rows = _rows(found)
    if len(headings) > 2:
        heads = ["pair", *heads[:1], *(head.replace("A", "first").replace("B", "second") for head in heads[1:])]
        letters = {heading.partition("  ")[2]: heading[0] for heading in headings}
        pairs = [f"{letters[f'{a:.100}']}, {letters[f'{b:.100}']}" for a, b in zip(found["a"], found["b"], strict=True)]
        rows = [[pair, *row] for pair, row in zip(pairs, rows, strict=True)]
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    table = f"<tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>\n" + "\n".join(
        f"<tr>{line}</tr>" for line in lines
    )
    said = "".join(f"<p>{escape(note)}</p>\n" for note in notes)
    title = escape(", ".join(heading.partition("  ")[2] for heading in headings))
    names = "<br>".join(escape(heading) for heading in headings)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font-family: system-ui, sans-serif; margin: 1.5rem; }}
div {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }}
th, td {{ padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #8888; white-space: nowrap; }}
th {{ white-space: normal; vertical-align: bottom; }}
th:first-child, td:first-child, th:last-child, td:last-child {{ text-align: left; }}
svg {{ max-width: max(100%, 52rem); height: auto; }}
</style>
</head>
<body>
<h1>Side by side</h1>
<p>{names}</p>
<div tabindex="0" role="region" aria-label="Values"><table>
{table}
</table></div>
<p>{_READ}</p>
{said}<div tabindex="0" role="region" aria-label="Drawings">
{picture}</div>
</body>
</html>
"""


def _records(found: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in found.to_dict(orient="records")]
