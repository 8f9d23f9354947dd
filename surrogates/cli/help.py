"""Formatting of help texts: commands in groups, and examples with their line breaks."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

__all__ = ["GroupedHelp", "NamedCommands", "examples"]


class GroupedHelp(TyperGroup):
    """A command group whose help lists commands under the headings in their ``rich_help_panel``, without rich's boxes.

    Example:
        >>> import typer
        >>> app = typer.Typer(cls=GroupedHelp, rich_markup_mode=None)
        >>> app.command(rich_help_panel="Search", short_help="The best of all.")(lambda: None) is not None
        True
    """

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one section per heading, in the order of the first commands; all descriptions start in one column."""
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


class NamedCommands(TyperGroup):
    """A command group that names its commands where another word is given.

    Example:
        >>> issubclass(NamedCommands, TyperGroup)
        True
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first word names; the error for a word that is none lists those that there are."""
        try:
            return super().resolve_command(ctx, args)
        except Exception as error:
            said: Any = error
            if hasattr(error, "message") and "Did you mean" not in said.message:
                said.message = f"{said.message.rstrip('.')}. Commands: {', '.join(self.list_commands(ctx))}."
            raise


def examples(*lines: str) -> str:
    r"""Format the examples in the epilog of a command's help.

    Example:
        >>> examples("surrogates doctor")
        '\x08\nExamples:\n  surrogates doctor'
    """
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
