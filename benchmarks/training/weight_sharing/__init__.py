"""What supernets, multi-stage networks and searches with shared weights have in common.

- `folder`: the folder of a training: what it is of, other trainings are refused, a result says that it is finished.
- `train`: a training is run to its end in its folder: begun, resumed, or loaded.
- `images`: Rooms by default, or images of the caller's own.
- `module`: the Lightning module; in each step a sampler draws some paths, and an objective trains them.
- `samplers`, `objectives`: what such parts look like.
- `statistics`: batch norm of a path, whose running statistics are averages over paths.

`benchmarks.training.supernet` and `benchmarks.training.dynamic` have files of the same names for what is their own, and
hand on the public names.
"""

from __future__ import annotations

__all__: list[str] = []
