"""File formats of tables, one module each; `load_table` and `save_table` choose by file suffix."""

from benchmarks.formats.bundled import list_tables
from benchmarks.formats.croissant import croissant_metadata
from benchmarks.formats.load import READERS, load_table, table_provenance
from benchmarks.formats.save import WRITERS, save_table, table_suffix

__all__ = [
    "READERS",
    "WRITERS",
    "croissant_metadata",
    "list_tables",
    "load_table",
    "save_table",
    "table_provenance",
    "table_suffix",
]
