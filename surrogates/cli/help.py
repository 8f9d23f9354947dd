"""Help texts: commands in groups, examples that keep their line breaks, arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

__all__ = [
    "ALONE",
    "SEARCHERS",
    "AsJson",
    "GroupedHelp",
    "SpaceName",
    "TableFile",
    "TableOption",
    "TaskNames",
    "examples",
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SpaceName = Annotated[str | None, typer.Option("--space", help="Only this space, where the table holds several.")]
# Written out, because asking the registry would import what this command may never need; a test compares the two.
ALONE = "random, local, evolution, reinforce, ddpnas, pnas, bananas, predictor, attentive, front, nsga2."
SEARCHERS = ALONE.replace(".", ", transfer.")
_TABLE_HELP = "csv, parquet, the published .pth, or the name of a bundled table (rooms-mini)."


def _find(path: Path | None) -> Path | None:
    """The file of a bundled table's name; any other path as it is, if it exists."""
    if path is None:
        return None
    from benchmarks.errors import TableNotFoundError
    from benchmarks.formats.bundled import find_table

    try:
        return find_table(path)
    except TableNotFoundError as error:
        raise typer.BadParameter(str(error)) from error


TableFile = Annotated[Path, typer.Argument(metavar="TABLE", callback=_find, help=_TABLE_HELP)]
TableOption = Annotated[
    Path | None, typer.Option("--table", metavar="TABLE", callback=_find, help=f"Measured results: {_TABLE_HELP}")
]
TaskNames = Annotated[list[str] | None, typer.Option("--task", "-t", help="Only this task; may be repeated.")]


class GroupedHelp(TyperGroup):
    """Lists commands under the headings that their ``rich_help_panel`` names, without rich's boxes.

    Example:
        >>> app = typer.Typer(cls=GroupedHelp, rich_markup_mode=None)
        >>> app.command(rich_help_panel="Search", short_help="The best of all.")(lambda: None) is not None
        True
    """

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for every heading, in the order of its first command; all texts begin in one column."""
        groups: dict[str, list[tuple[str, str]]] = {}
        names = self.list_commands(ctx)
        width = max(map(len, names), default=0)
        for name in names:
            command: Any = self.get_command(ctx, name)
            if not command.hidden:
                heading = getattr(command, "rich_help_panel", None) or "Commands"
                text = command.get_short_help_str(limit=1000)
                groups.setdefault(heading, []).append((name.ljust(width), text))
        for heading, rows in groups.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def examples(*lines: str) -> str:
    r"""The epilog of a command's help.

    Example:
        >>> examples("surrogates doctor")
        '\x08\nExamples:\n  surrogates doctor'
    """
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
