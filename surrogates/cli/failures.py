"""Error handling: failures become one line on stderr and an exit code instead of a traceback; warnings one line."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import typer
from typer.core import TyperGroup

from benchmarks.errors import ArtefactError, MissingExtraError, SurrogatesError

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
        except (ArtefactError, MissingExtraError, OSError) as error:
            _say(str(error))
            raise typer.Exit(FAILED) from None
        except ImportError as error:  # a library that is there, but broken
            _say(f"a library cannot be imported, see surrogates doctor: {error}")
            raise typer.Exit(FAILED) from None
        except ValueError as error:  # bad architectures, names and tables are ValueErrors
            _say(str(error))
            raise typer.Exit(BAD_INPUT) from None
        except Exception as error:
            if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):  # raised by typer itself
                _shorten(error)
                raise
            expected = isinstance(error, SurrogatesError)
            _say(str(error) if expected else f"unexpected {type(error).__name__}: {error}; please report it")
            raise typer.Exit(FAILED) from None

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options of the group itself."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            _shorten(error)
            raise


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
