"""The first moments of the command line, in which Ctrl-C must not show where some import was."""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # that of `typing`, without its import
if TYPE_CHECKING:
    from types import FrameType

__all__ = ["end_on_interrupt", "interrupted", "is_command_line", "say"]

_INTERRUPTED = 130


def is_command_line() -> bool:
    """Whether this is ``surrogates ...`` or ``python -m surrogates ...``, which says itself what is wrong.

    Example:
        >>> is_command_line()
        False
    """
    arguments: list[str] = getattr(sys, "argv", [])
    started = arguments[0] if arguments else ""
    if started == "-m":  # Python is looking for the module to run
        return any(part.removeprefix("-m") == "surrogates" for part in sys.orig_argv)
    name, extension = os.path.splitext(os.path.basename(started))  # noqa: PTH119, PTH122
    return name == "surrogates" and extension in ("", ".exe")


def end_on_interrupt() -> None:
    """Let Ctrl-C end this process at once, with one line and exit code 130; not if it is ignored, as in the background.

    Nothing has begun that would have to be cleaned up, and an import may not let an exception through.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupted)


def interrupted(number: int = signal.SIGINT, frame: FrameType | None = None) -> None:
    """End this process."""
    say("interrupted")
    os._exit(_INTERRUPTED)


def say(message: str) -> None:
    """Write a line to stderr; nothing if nobody can read it.

    Example:
        >>> say("no such file")
    """
    text = f"error: {message}\n".encode(errors="backslashreplace")
    try:  # noqa: SIM105  # contextlib would be one more import
        os.write(2, text)
    except OSError:
        pass
