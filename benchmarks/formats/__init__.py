"""Formats tables come in, one file each, and `load_table`, which picks the right one."""

from benchmarks.formats.bundled import list_tables
from benchmarks.formats.load import READERS, load_table, table_provenance

__all__ = ["READERS", "list_tables", "load_table", "table_provenance"]
