"""The command line, one command per module; heavy imports are deferred to the commands that need them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from surrogates.neighbours import shadowed

TYPE_CHECKING = False  # that of `typing`, without its import
if TYPE_CHECKING:
    from types import FrameType

__all__ = ["main"]

_FAILED, _INTERRUPTED = 1, 130


def main() -> None:
    """Entry point of the ``surrogates`` command: a message in one line and an exit code, whatever happens and whenever.

    Exit codes: 0 success, 1 failure, 2 invalid input, 130 interrupted (Ctrl-C), also during imports.
    """
    _open_streams()
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted_early)
    if hidden := shadowed():
        _report(hidden)
        sys.exit(_FAILED)
    try:
        from surrogates.cli.app import app
    except Exception as error:
        _say(f"{type(error).__name__} while starting: {' '.join(str(error).split()):.1000}")
        sys.exit(_FAILED)
    signal.signal(signal.SIGINT, usual)
    status: object = 0
    try:
        app(prog_name="surrogates")
    except KeyboardInterrupt:
        _interrupted_early()
    except SystemExit as end:
        status = end.code
    except OSError as error:  # of a stream: help that nobody can read, or a message of a wrong argument
        status = getattr(error.__context__, "exit_code", _FAILED)
        _say(str(error))
    sys.exit(_FAILED if _unwritten() and not status else status)  # type: ignore[arg-type]


def _open_streams() -> None:
    """Open what the shell closed (``>&-``): a file of ours would else become the standard output of some library."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _unwritten() -> bool:
    """Write what is left of the output; whether it could not be written, which is said unless its reader went away."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            _say(str(error))
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python tries once more when it ends
        return True
    return False


def _interrupted_early(number: int = signal.SIGINT, frame: FrameType | None = None) -> None:
    """End at once: nothing has begun that has to be cleaned up, and an import may not let an exception through."""
    _say("interrupted")
    os._exit(_INTERRUPTED)


def _report(hidden: str) -> None:
    """What ``surrogates doctor`` can still say, and every other command must."""
    findings = [
        {"status": "ok", "what": "python", "detail": sys.version.partition(" ")[0]},
        {"status": "broken", "what": "packages", "detail": hidden},
    ]
    if "doctor" not in sys.argv[1:2]:
        _say(hidden)
        return
    if "--json" in sys.argv:
        import json

        print(json.dumps(findings, indent=2))  # noqa: T201
    else:
        for finding in findings:
            print("  ".join(finding.values()))  # noqa: T201
    _say("1 of 2 checks failed; the others need the hidden package")


def _say(message: str) -> None:
    text = f"error: {message}\n".encode(errors="backslashreplace")
    with contextlib.suppress(OSError):  # nobody listens
        os.write(2, text)
