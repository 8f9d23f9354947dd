"""The command line, one command per module; heavy imports are deferred to the commands that need them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from surrogates.neighbours import shadowed
from surrogates.startup import end_on_interrupt, interrupted, say

TYPE_CHECKING = False  # that of `typing`, without its import
if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["main"]

_FAILED = 1


def main() -> None:
    """Entry point of the ``surrogates`` command: a message in one line and an exit code, whatever happens and whenever.

    Exit codes: 0 success, 1 failure, 2 invalid input, 130 interrupted (Ctrl-C), also during imports.
    """
    _open_streams()
    end_on_interrupt()
    if hidden := shadowed():
        _report(hidden)
        sys.exit(_FAILED)
    try:
        from surrogates.cli.app import app
    except Exception as error:
        say(f"{type(error).__name__} while starting: {' '.join(str(error).split()):.1000}")
        sys.exit(_FAILED)
    if signal.getsignal(signal.SIGINT) is interrupted:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    status: object = 0
    try:
        app(prog_name="surrogates")
    except KeyboardInterrupt:
        interrupted()
    except SystemExit as end:
        status = end.code
    except OSError as error:  # of a stream: help that nobody can read, or a message of a wrong argument
        status = getattr(error.__context__, "exit_code", _FAILED) or _FAILED
        say(str(error))
    sys.exit(_FAILED if _unwritten(failed=bool(status)) and not status else status)  # type: ignore[arg-type]


def _open_streams() -> None:
    """Open what the shell closed (``>&-``): a file of ours would else become the standard output of some library."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _unwritten(failed: bool) -> bool:
    """Write what is left of the output and of messages; whether the output could not be written.

    That is said, unless the command `failed`, which was said, or the reader went away. Messages that nobody can read
    are none: the exit code says enough.
    """
    error = _flushed(1, sys.stdout)
    if error is not None and not failed and not isinstance(error, BrokenPipeError):
        say(str(error))
    _flushed(2, sys.stderr)
    return error is not None


def _flushed(number: int, stream: TextIO) -> OSError | None:
    """Write what is left in a stream's buffer, or forget it; why it could not be written."""
    try:
        stream.flush()
    except OSError as error:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)  # Python tries once more when it ends
        return error
    return None


def _report(hidden: str) -> None:
    """What ``surrogates doctor`` can still say, and every other command must."""
    findings = [
        {"status": "ok", "what": "python", "detail": sys.version.partition(" ")[0]},
        {"status": "broken", "what": "packages", "detail": hidden},
    ]
    if "doctor" not in sys.argv[1:2]:
        say(hidden)
        return
    if "--json" in sys.argv:
        import json

        print(json.dumps(findings, indent=2))  # noqa: T201
    else:
        for finding in findings:
            print("  ".join(finding.values()))  # noqa: T201
    say("1 of 2 checks failed; the others need the hidden package")
