"""Encoders of architectures: scikit-learn transformers from lists of strings to float32 matrices."""

from encoders import neighbours as neighbours  # isort: skip  # first: it says so if `benchmarks` is another one
from benchmarks import __version__
from encoders.base import Encoder
from encoders.costs import Costs
from encoders.graph_features import GraphFeatures
from encoders.one_hot import OneHotEncoding
from encoders.paths import PathEncoding
from encoders.written_features import WrittenFeatures
from encoders.zero_cost.estimator import ZeroCost

__all__ = [
    "Costs",
    "Encoder",
    "GraphFeatures",
    "OneHotEncoding",
    "PathEncoding",
    "WrittenFeatures",
    "ZeroCost",
    "__version__",
]
