"""Predictions of hundreds of millions of architectures: numbered rows, in shards, with the best of all kept."""

from surrogates.shards.folder import ShardFolder
from surrogates.shards.predict import ShardProgress, predict_shards
from surrogates.shards.ray_tasks import predict_shards_on_ray
from surrogates.shards.top import top_rows

__all__ = ["ShardFolder", "ShardProgress", "predict_shards", "predict_shards_on_ray", "top_rows"]
