"""The command line, one command a file. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

from surrogates.cli.app import app, main

__all__ = ["app", "main"]
