"""The command line, one command a file. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Entry point of the ``surrogates`` command; Ctrl-C ends it tidily, also while it is still starting."""
    try:
        from surrogates.cli.app import app

        app(prog_name="surrogates")
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        sys.exit(130)
