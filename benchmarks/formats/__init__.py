"""Formats tables come in, one file each, and `load_table`, which picks the right one."""

from benchmarks.formats.load import READERS, load_table

__all__ = ["READERS", "load_table"]
