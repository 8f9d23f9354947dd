"""Predictions of hundreds of millions of architectures: numbered rows, in shards, with the best of all kept."""

from surrogates.shards.folder import ShardFolder
from surrogates.shards.predict import ShardProgress, predict_shards
from surrogates.shards.top import top_rows

__all__ = ["ShardFolder", "ShardProgress", "predict_shards", "top_rows"]
