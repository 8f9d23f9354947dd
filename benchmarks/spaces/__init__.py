"""Search spaces: architecture strings, their structure, and their graphs."""

from benchmarks.spaces.registry import get_space, infer_space, list_spaces
from benchmarks.spaces.space import Space

__all__ = ["Space", "get_space", "infer_space", "list_spaces"]
