"""What supernets, multi-stage networks and searches with shared weights have in common.

- `folder`: the folder of a training: what it is of, other trainings are refused, a result says that it is finished.
- `train`: a training is run to its end in its folder: begun, resumed, or loaded.
- `images`: Rooms by default, or images of the caller's own.
- `module`: the Lightning module; in each step a sampler draws some paths, and an objective trains them.
- `samplers`, `objectives`: what they look like; `parts`: one by its name, or one of the caller's own.
- `statistics`: batch norm of a path, since the running statistics of a training are averages over paths.
- `scoring`: the images that trained networks are scored on.
- `views`: sub-networks that are kept between calls.

`benchmarks.training.supernet` and `benchmarks.training.dynamic` have files of the same names for what is their own, and
hand on the public names.
"""

from __future__ import annotations

__all__: list[str] = []
