"""Labelled images for training, from any source (Rooms, Taskonomy, a user's own arrays).

Importing this module does not load torch: a campaign's plan and status need only the names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from benchmarks.errors import choice
from benchmarks.short_repr import ShortRepr

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["DOMAINS", "TASK_DOMAINS", "ImageSet", "ImageSource"]

DOMAINS = ("rgb", "normal", "segmentsemantic", "class_object", "class_scene", "room_layout")
"""Domains of an image, under Taskonomy's names."""

TASK_DOMAINS = {
    "class_scene": ("rgb", "class_scene"),
    "class_object": ("rgb", "class_object"),
    "room_layout": ("rgb", "room_layout"),
    "jigsaw": ("rgb",),
    "segmentsemantic": ("rgb", "segmentsemantic"),
    "normal": ("rgb", "normal"),
    "autoencoder": ("rgb",),
    "contrast": ("rgb",),
}
"""Domains that each task reads; the last is the pretext task of supernets without labels."""

_FORMATS = {
    "rgb": ("torch.uint8", "(n, 3, S, S)"),
    "normal": ("torch.uint8", "(n, 3, S, S)"),
    "segmentsemantic": ("torch.uint8", "(n, S, S)"),
    "class_object": ("torch.float32", "(n, classes)"),
    "class_scene": ("torch.float32", "(n, classes)"),
    "room_layout": ("torch.float32", "(n, 9)"),
}
_DIMENSIONS = {"rgb": 4, "normal": 4, "segmentsemantic": 3, "class_object": 2, "class_scene": 2, "room_layout": 2}


class ImageSource(Protocol):
    """Images and labels by index; implemented by `ImageSet` and the Taskonomy reader.

    Attributes:
        size: Side of an image in pixels, S.
    """

    @property
    def size(self) -> int:
        """Side of an image in pixels."""
        ...

    def __len__(self) -> int: ...

    def batch(self, indices: Tensor, domains: Sequence[str]) -> dict[str, Tensor]:
        """Images and labels at the given indices.

        Args:
            indices: Indices of the images, of shape (B,), int64.
            domains: Names among `DOMAINS`.

        Returns:
            Domain -> values. rgb: uint8 of shape (B, 3, S, S). normal: the same; 0..255 encodes -1..1.
            segmentsemantic: uint8 of shape (B, S, S), 0 = unlabelled, 1..17. class_object and class_scene:
            float32 probabilities of shape (B, 75) and (B, 47). room_layout: float32 of shape (B, 9).
        """
        ...


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet(ShortRepr):
    """Images and labels in memory, on the CPU or a GPU.

    Attributes:
        arrays: Domain -> values of shape (n, ...), as returned by `ImageSource.batch`.

    Raises:
        UnknownNameError: If a domain does not exist.
        ValueError: If there are no images, or an array's type, dimensions, length, side or device is wrong.

    Example:
        >>> import torch
        >>> images = ImageSet({"rgb": torch.zeros(5, 3, 32, 32, dtype=torch.uint8)})
        >>> len(images), images.size
        (5, 32)
        >>> images.batch(torch.tensor([4, 0]), ["rgb"])["rgb"].shape
        torch.Size([2, 3, 32, 32])
    """

    arrays: Mapping[str, Tensor]

    def __post_init__(self) -> None:
        if "rgb" not in self.arrays:
            raise ValueError(f"expected the domain 'rgb' among the arrays, got {sorted(self.arrays) or 'none'}")
        for name, values in self.arrays.items():
            kind, shape = _FORMATS[choice(name, _FORMATS, "domain")]
            if str(values.dtype) != kind or values.ndim != _DIMENSIONS[name]:
                raise ValueError(
                    f"{name}: expected {kind} of shape {shape}, got {values.dtype} of shape {tuple(values.shape)}"
                )
            if len(values) != len(self):
                raise ValueError(f"{name}: expected as many entries as images, {len(self)}, got {len(values)}")
            if values.ndim > 2 and values.shape[-2:] != (self.size, self.size):
                raise ValueError(f"{name}: expected a side of {self.size} pixels, got {tuple(values.shape[-2:])}")
            if values.device != self.device:
                raise ValueError(f"{name}: expected the device of the images, {self.device}, got {values.device}")

    def __len__(self) -> int:
        return len(self.arrays["rgb"])

    @property
    def size(self) -> int:
        """Side of an image in pixels."""
        return int(self.arrays["rgb"].shape[-1])

    @property
    def device(self) -> torch.device:
        """Device of the arrays."""
        return self.arrays["rgb"].device

    def batch(self, indices: Tensor, domains: Sequence[str]) -> dict[str, Tensor]:
        """Images and labels, as in `ImageSource.batch`; indices may be on any device."""
        rows = indices.to(self.device)
        return {name: self.arrays[choice(name, self.arrays, "domain")].index_select(0, rows) for name in domains}

    def take(self, n: int) -> ImageSet:
        """The first n images; shares memory with this set."""
        return ImageSet({name: values[:n] for name, values in self.arrays.items()})

    def to(self, device: torch.device | str) -> ImageSet:
        """The same images on a device."""
        return ImageSet({name: values.to(device) for name, values in self.arrays.items()})
