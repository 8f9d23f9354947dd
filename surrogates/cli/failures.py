"""Error handling: failures become one line on stderr and an exit code instead of a traceback; warnings one line."""

from __future__ import annotations

import contextlib
import difflib
import warnings
from collections.abc import Collection
from typing import Any

import typer
from typer.core import TyperGroup

from benchmarks.errors import ArtefactError, MissingExtraError, SurrogatesError, shown
from benchmarks.user_errors import user_place
from surrogates.cli.objects import own_modules

__all__ = ["BAD_INPUT", "FAILED", "INTERRUPTED", "TidyGroup"]

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
_LONGEST = 1000  # characters of a message


class TidyGroup(TyperGroup):
    """A command group that turns exceptions into error messages and exit codes.

    Example:
        >>> issubclass(TidyGroup, TyperGroup)
        True
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an exception ends the program with a message and an exit code."""
        own: set[str] = set()
        own_modules.set(own)
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                warnings.filterwarnings(
                    "default", category=UserWarning
                )  # a program says them, whatever its caller does
                return super().invoke(ctx)
        except KeyboardInterrupt:
            _say("interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            raise  # stdout was closed by its reader: typer exits silently
        except Exception as error:
            if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):  # raised by typer itself
                _place(error)
                _shorten(error)
                raise
            message, code = _told(error, own)
            _say(message)
            raise typer.Exit(code) from None

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options of the group itself."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            _place(error)
            _shorten(error)
            raise


def _told(error: Exception, own: Collection[str]) -> tuple[str, int]:
    """The message about an error, and the exit code."""
    place = user_place(error, own) if own else ""
    if place:
        return f"your code failed: {type(error).__name__}: {error} ({place})", FAILED
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.strerror}: {shown(str(error.filename))}", FAILED  # without its number
    if isinstance(error, (ArtefactError, MissingExtraError, OSError)):
        return str(error), FAILED
    if isinstance(error, ImportError):  # a library that is there, but broken
        return f"a library cannot be imported, see surrogates doctor: {error}", FAILED
    if isinstance(error, ValueError):  # bad architectures, names and tables are ValueErrors
        return str(error), BAD_INPUT
    expected = isinstance(error, SurrogatesError)
    return str(error) if expected else f"unexpected {type(error).__name__}: {error}; please report it", FAILED


def _place(error: Any) -> None:
    """Say where an unknown option goes, if another part of the command line has it: before the command, or after it."""
    asked, ctx = getattr(error, "option_name", None), getattr(error, "ctx", None)
    if not isinstance(asked, str) or ctx is None or not hasattr(error, "possibilities"):
        return
    own, outer = _options(ctx.command), ctx.parent
    while outer is not None:
        before = _options(outer.command)
        near = [asked] if asked in before else difflib.get_close_matches(asked, {**own, **before}, n=1, cutoff=0.8)
        for name in near:
            if name in before and name not in own:
                meant = "it" if name == asked else f"did you mean {name}? It"
                error.message = f"No such option: {asked}; {meant} goes before the command: {outer.command_path} " + (
                    f"{name} {before[name]} {ctx.command_path.removeprefix(outer.command_path).strip()} ..."
                )
                error.possibilities = None
                return
        outer = outer.parent
    commands = getattr(ctx.command, "commands", {})
    if having := [name for name, command in commands.items() if asked in _options(command)]:
        error.message = (
            f"No such option: {asked}; it goes after the name of a command that has it ({', '.join(having)})"
        )


def _options(command: Any) -> dict[str, str]:
    """The long options of a command with a value -> how that is written."""
    options = [option for option in command.params if not getattr(option, "is_flag", True)]
    return {name: option.metavar or "VALUE" for option in options for name in option.opts}


def _shorten(error: Exception) -> None:
    """Cut what typer quotes of the input, whole, in its messages."""
    message = getattr(error, "message", None)
    if isinstance(message, str) and len(message) > _LONGEST:
        error.message = message[:_LONGEST] + " ..."  # type: ignore[attr-defined]


def _say(message: str, kind: str = "error", colour: str = typer.colors.RED) -> None:
    """Print a message in one line; nothing if nobody can read it, as the exit code says enough."""
    line = f"{kind}: {' '.join(message.split())}"
    if len(line) > _LONGEST:
        line = line[:_LONGEST] + " ..."
    with contextlib.suppress(OSError):
        typer.secho(line, fg=colour, err=True)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Print a warning in one line, without the source location that Python adds."""
    _say(str(message), "warning", typer.colors.YELLOW)
