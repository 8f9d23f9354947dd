"""What every use of the Lightning Trainer here has around it: no chatter, and a Ctrl-C that still works afterwards."""

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
    """Without Lightning's remarks on hardware and loaders, and torch's on what its own parts deprecate."""
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
    """Lightning leaves Ctrl-C switched off after an interruption."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
