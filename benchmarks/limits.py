"""Limits on what is read from files, so that a small file cannot ask for much memory or time.

Each is far above the published data (7,352 architectures, 7 tasks, 30 epochs) and told in the error's message. They
bound files, not arrays that a program made itself.
"""

from __future__ import annotations

__all__ = [
    "CELLS",
    "COLUMNS",
    "EPOCHS",
    "FILES",
    "FILE_BYTES",
    "METADATA_BYTES",
    "MODEL_BYTES",
    "NODES",
    "PADDING",
    "ROWS",
    "SHOWN",
    "STRING",
    "TASKS",
    "TEXTS",
    "TEXT_BYTES",
    "VALUES",
]

ROWS = 1_000_000
"""Architectures in a file."""
TASKS = 1_000
"""Tasks in a file."""
COLUMNS = 10_000
"""Columns of a csv or parquet file; metrics and model facts of one task of a .pth."""
CELLS = 20_000_000
"""Rows x columns of a csv or parquet file."""
FILES = 20_000
"""Files and folders below a folder of parquet files."""
EPOCHS = 10_000
"""Epochs of one training."""
VALUES = 100_000_000
"""Rows x epochs of a .pth, over all metrics of all tasks."""
PADDING = 8
"""Rows x epochs of a .pth may be this many times the values it records: rows are padded to the longest."""
TEXTS = 1_100_000
"""Different names of architectures, tasks and metrics in a .pth."""
NODES = 1_000
"""Nodes of a graph in a space of the user's own."""
STRING = 10_000
"""Characters of an architecture or a name."""
SHOWN = 200
"""Characters of an input that a message repeats."""
TEXT_BYTES = 256 * 2**20
"""Bytes of a csv file, after decompression."""
FILE_BYTES = 2 * 2**30
"""Bytes of a .pth or parquet file, and of all files of an artefact together."""
METADATA_BYTES = 64 * 2**20
"""Bytes of a JSON file beside the data it describes."""
MODEL_BYTES = 2**30
"""Bytes of the models or arrays of an artefact, after decompression."""
