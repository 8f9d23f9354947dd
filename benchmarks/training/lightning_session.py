"""Context managers around every use of the Lightning Trainer: fewer messages, and a restored Ctrl-C handler."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import warnings
from collections.abc import Iterator

__all__ = ["quiet", "sigint_restored"]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence Lightning's messages on hardware and loaders, and torch's internal deprecation warnings."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextlib.contextmanager
def sigint_restored() -> Iterator[None]:
    """Restore the handler of Ctrl-C, which Lightning leaves disabled after an interruption."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
