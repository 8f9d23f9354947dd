"""What is true: search spaces, tasks, tables of measured results."""

from importlib.metadata import PackageNotFoundError, version

from benchmarks.architecture import Architecture
from benchmarks.errors import (
    ArchitectureError,
    ArtefactError,
    MissingExtraError,
    SurrogatesError,
    TableError,
    UnknownNameError,
)
from benchmarks.graph import ArchGraph, GraphBatch
from benchmarks.registry import get_space, infer_space, list_spaces
from benchmarks.spaces.space import Space
from benchmarks.tasks import Metric, Task, get_task, list_tasks

__all__ = [
    "ArchGraph",
    "Architecture",
    "ArchitectureError",
    "ArtefactError",
    "GraphBatch",
    "Metric",
    "MissingExtraError",
    "Space",
    "SurrogatesError",
    "TableError",
    "Task",
    "UnknownNameError",
    "get_space",
    "get_task",
    "infer_space",
    "list_spaces",
    "list_tasks",
]

try:
    __version__ = version("transnas-surrogates")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
