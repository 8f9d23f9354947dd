"""The command line, one command per module; heavy imports are deferred to the commands that need them."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Entry point of the ``surrogates`` command; exits with code 130 on Ctrl-C, also during imports."""
    try:
        from surrogates.cli.app import app

        app(prog_name="surrogates")
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        sys.exit(130)
