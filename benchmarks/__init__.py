"""Ground truth: search spaces, tasks and tables of measured results."""

from importlib.metadata import PackageNotFoundError, version

from benchmarks.errors import (
    ArchitectureError,
    ArtefactError,
    MissingExtraError,
    SpaceError,
    SurrogatesError,
    TableError,
    TableNotFoundError,
    UnknownNameError,
)
from benchmarks.formats import croissant_metadata, list_tables, load_table, save_table, table_provenance
from benchmarks.graph import ArchGraph, GraphBatch
from benchmarks.metrics import (
    best_index,
    bootstrap_interval,
    kendall_tau,
    precision_at_k,
    regret_at_k,
    score_frame,
    spearman_rho,
)
from benchmarks.noise import noise_ceiling, twin_noise
from benchmarks.protocols import Split, split
from benchmarks.spaces.dag import DagSpace
from benchmarks.spaces.registry import get_space, infer_space, list_spaces, register_space, unregister_space
from benchmarks.spaces.space import Space
from benchmarks.table import Table
from benchmarks.tasks import Metric, Task, get_task, list_tasks
from benchmarks.transnas_api import TransNASBenchAPI

__all__ = [
    "ArchGraph",
    "ArchitectureError",
    "ArtefactError",
    "DagSpace",
    "GraphBatch",
    "Metric",
    "MissingExtraError",
    "Space",
    "SpaceError",
    "Split",
    "SurrogatesError",
    "Table",
    "TableError",
    "TableNotFoundError",
    "Task",
    "TransNASBenchAPI",
    "UnknownNameError",
    "__version__",
    "best_index",
    "bootstrap_interval",
    "croissant_metadata",
    "get_space",
    "get_task",
    "infer_space",
    "kendall_tau",
    "list_spaces",
    "list_tables",
    "list_tasks",
    "load_table",
    "noise_ceiling",
    "precision_at_k",
    "register_space",
    "regret_at_k",
    "save_table",
    "score_frame",
    "spearman_rho",
    "split",
    "table_provenance",
    "twin_noise",
    "unregister_space",
]

try:
    __version__ = version("transnas-surrogates")
except PackageNotFoundError:  # a source tree that is not installed
    __version__ = "0+unknown"


def __dir__() -> list[str]:
    return sorted(__all__)
