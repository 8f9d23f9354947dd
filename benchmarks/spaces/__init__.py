"""Search spaces: architecture strings, their structure, and their graphs."""

from benchmarks.spaces.dag import Dag, DagSpace
from benchmarks.spaces.enumeration import ArchRows, enumerate_space
from benchmarks.spaces.registry import get_space, infer_space, list_spaces, register_space, unregister_space
from benchmarks.spaces.space import Space

__all__ = [
    "ArchRows",
    "Dag",
    "DagSpace",
    "Space",
    "enumerate_space",
    "get_space",
    "infer_space",
    "list_spaces",
    "register_space",
    "unregister_space",
]
