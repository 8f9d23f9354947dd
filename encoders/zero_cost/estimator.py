"""Zero-cost proxies as features: scores of the real networks at initialisation, on one batch of images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.errors import MissingExtraError, choice
from benchmarks.spaces.registry import cache_key, infer_space, own_space
from benchmarks.tasks import TRANSNAS_TASKS
from encoders.base import Encoder, as_strings

if TYPE_CHECKING:
    from typing_extensions import Self

    from benchmarks.spaces.space import Space
    from benchmarks.training.data.images import ImageSource

__all__ = ["PROXIES", "ZeroCost"]

PROXIES = (
    "params",
    "multiply_adds",
    "l2_norm",
    "synflow",
    "zen",
    "naswot",
    "jacov",
    "grad_norm",
    "snip",
    "fisher",
    "plain",
    "grasp",
)
"""All proxies; those before ``naswot`` do not use the images."""

_AS_WRITTEN = frozenset({"params", "multiply_adds", "l2_norm", "zen", "naswot"})
"""Proxies that include dead operations; the others are equal for architectures that compute the same function."""
_FORMER = {"flops": "multiply_adds"}
"""Proxy names in surrogates stored by earlier versions."""
_SOURCES = ("rooms", "noise")
_PACKAGES = {"torch": "torch", "PIL": "pillow", "lightning": "lightning"}
_JACOV_FLOOR = -20.0  # per image; perfectly distinguished images give -1


class ZeroCost(Encoder):
    """Zero-cost proxies of a backbone with a task's decoder, initialised as for training.

    Each proxy is one feature, with the sign for which its authors expect larger scores for better networks.

    - ``params``, ``multiply_adds``: counted for one image as in `Costs`, but of the measured network, by default
      one of 16 base channels on 64 pixels: 2,600,247 parameters of ``64-41414-3_33_333``, where
      ``Costs(task="class_scene")`` counts the published 41,435,727.
    - ``l2_norm``: sum over layers of the norm of the weights (Abdelfattah et al., ICLR 2021, as a baseline in their
      code).
    - ``synflow``: log(1 + synaptic flow) (Tanaka et al., NeurIPS 2020).
    - ``zen``: Zen-score, on random images and weights (Lin et al., ICCV 2021).
    - ``naswot``: log-determinant of the agreement of ReLU codes (Mellor et al., ICML 2021).
    - ``jacov``: how well Jacobians distinguish images (the same authors' first version, arXiv 2006.04647v1).
    - ``grad_norm``: sum over layers of the norm of the loss gradient (Abdelfattah et al., ICLR 2021).
    - ``snip``: sum of |w dL/dw| (Lee et al., ICLR 2019).
    - ``fisher``: Fisher information of channels (Turner et al., ICLR 2020, after Theis et al., arXiv 1801.05787).
    - ``plain``: sum of w dL/dw (Mozer and Smolensky, NeurIPS 1988). With batch norm it is 0 up to the last layer.
    - ``grasp``: minus the sum of w (H dL/dw) (Wang et al., ICLR 2020).

    The default networks are narrower and read smaller images, at a hundredth of the cost of the published ones. The
    ranks of the first six proxies agree with the published scores (Spearman .95 to 1.00 on class_scene), those of
    grad_norm and snip above .9; fisher depends more on images and size, and jacov, plain and grasp depend on them
    strongly (``perf/proxies.py``). ``base_channels=None, input_size=256, decoder_width=1024`` is exactly the published
    network. For NAS-Bench-201, whose images have 32 pixels and whose base width is 16, ``base_channels=8,
    input_size=32`` costs less.

    Dead operations count in params, multiply_adds, l2_norm, zen and naswot, as in the published scores; encode
    ``space.simplify(archs)`` to exclude them. The other proxies do not depend on them, and architectures that compute
    the same function (`Space.simplify`) share their scores.

    For a network through which no signal passes, zen and jacov are not defined: `scores` returns NaN, `transform` the
    lowest possible value, 0 for zen and -20 batch_size for jacov (perfectly distinguished images give -batch_size).

    Scores are cached in memory with everything they depend on as the key, so clones, folds and other surrogates reuse
    them. Apart from the arguments they depend only on torch's version and the device, in the last digits.

    Args:
        proxies: Names of the proxies, in the order of the features; all twelve by default.
        task: One of the seven tasks of TransNAS-Bench-101, for decoder, loss and labels.
        input_size: Side of the images in pixels; a jigsaw's tiles have a quarter of it. Synflow's single image always
            has the published side: on a small one the borders of the last maps dominate.
        base_channels: Channels of the first stage; None = the architecture's own.
        decoder_width: Widest layer of a dense task's decoder.
        batch_size: Number of images, at least 2.
        images: ``"rooms"`` (rendered scenes with true labels), ``"noise"`` (random pixels and labels), or an
            `ImageSource`, whose first images are used.
        device: Device of torch, e.g. ``"cpu"``.
        cache_dir: Folder that stores scores between processes; None = in memory only.
        progress: Whether to show a progress bar.
        random_state: Seed of the weights, the noise and the rooms.

    Example:
        >>> cheap = ZeroCost(proxies=("params", "synflow"), base_channels=8, input_size=32, images="noise")
        >>> cheap.fit_transform(["64-2311-basic", "64-1111-basic"]).round(1)
        array([[37891. ,    51.7],
               [10315. ,    46.5]], dtype=float32)
        >>> ZeroCost(proxies=["synflw"]).fit(["64-2311-basic"])
        Traceback (most recent call last):
        ...
        benchmarks.errors.UnknownNameError: unknown proxy 'synflw'; did you mean 'synflow'? Choices: ...
    """

    def __init__(
        self,
        *,
        proxies: Sequence[str] | None = None,
        task: str = "class_scene",
        input_size: int = 64,
        base_channels: int | None = 16,
        decoder_width: int = 128,
        batch_size: int = 16,
        images: str | ImageSource = "rooms",
        device: str = "cpu",
        cache_dir: str | Path | None = None,
        progress: bool = False,
        random_state: int = 0,
    ) -> None:
        self.proxies = proxies
        self.task = task
        self.input_size = input_size
        self.base_channels = base_channels
        self.decoder_width = decoder_width
        self.batch_size = batch_size
        self.images = images
        self.device = device
        self.cache_dir = cache_dir
        self.progress = progress
        self.random_state = random_state

    def fit(self, archs: Sequence[str], y: object = None) -> Self:
        """Learn the space and check the arguments; nothing is computed.

        Raises:
            ArchitectureError: If the list is empty, mixes spaces or contains a string that is not an architecture.
            UnknownNameError: If there is no such proxy, task or image source; names the nearest one.
            ValueError: If a number is out of range or a proxy is listed twice.
        """
        self._check()
        super().fit(archs)
        return self

    def scores(self, archs: Sequence[str]) -> pd.DataFrame:
        """Scores of n architectures of one space, one column per proxy; NaN where a score is not defined.

        Does not need `fit`. To rank architectures, best first:
        ``ZeroCost(proxies=["synflow"]).scores(archs)["synflow"].sort_values()[::-1]``.
        """
        self._check()
        strings = as_strings(archs)
        return pd.DataFrame(
            self._compute(infer_space(strings), strings), index=pd.Index(strings, name="arch"), columns=self._chosen()
        )

    def feature_names(self, space: Space) -> list[str]:
        return self._chosen()

    def encode(self, space: Space, archs: list[str]) -> NDArray[np.floating]:
        lowest = {"zen": 0.0, "jacov": _JACOV_FLOOR * self.batch_size}
        found = self._compute(space, archs)
        filled = np.where(np.isnan(found), [lowest.get(name, 0.0) for name in self._chosen()], found)
        return np.maximum(filled, [lowest.get(name, -np.inf) for name in self._chosen()])

    def _chosen(self) -> list[str]:
        return [_FORMER.get(name, name) for name in (PROXIES if self.proxies is None else self.proxies)]

    def _check(self) -> None:
        if isinstance(self.proxies, str):
            raise ValueError(f"expected a list of proxies, got the string {self.proxies!r}")
        chosen = [choice(name, PROXIES, "proxy") for name in self._chosen()]
        if not chosen or len(set(chosen)) < len(chosen):
            raise ValueError(f"expected at least one proxy and each once, got {chosen}")
        choice(self.task, TRANSNAS_TASKS, "task")
        if isinstance(self.images, str):
            choice(self.images, _SOURCES, "image source")
        for name, least in (("input_size", 16), ("decoder_width", 1), ("batch_size", 2), ("random_state", 0)):
            _check_number(name, getattr(self, name), least)
        if self.base_channels is not None:
            _check_number("base_channels", self.base_channels, 2)

    def _compute(self, space: Space, archs: list[str]) -> NDArray[np.float64]:
        """Scores of shape (n, proxies); NaN where not defined."""
        try:
            from encoders.zero_cost.measure import ProxyMeter, ProxySettings
        except ModuleNotFoundError as error:
            missing = error.name or ""
            if missing not in _PACKAGES:
                raise
            raise MissingExtraError("encoders.ZeroCost", _PACKAGES[missing], "training") from error
        settings = {name: value for name, value in self.get_params(deep=False).items() if name != "proxies"}
        meter = ProxyMeter(ProxySettings(**settings), "" if own_space(space.name) is None else cache_key(space))
        simplest = space.simplify(archs)
        of_arch = [name for name in self._chosen() if name in _AS_WRITTEN]
        of_function = [name for name in self._chosen() if name not in _AS_WRITTEN]
        asked: dict[str, set[str]] = {}
        for form, names in [(arch, of_arch) for arch in archs] + [(form, of_function) for form in simplest]:
            asked.setdefault(form, set()).update(names)
        meter.measure({form: names for form, names in asked.items() if names})
        rows = [
            {**meter.cache.known(form), **{name: meter.cache.known(arch).get(name) for name in of_arch}}
            for arch, form in zip(archs, simplest, strict=True)
        ]
        return np.array([[row[name] for name in self._chosen()] for row in rows], dtype=np.float64)


def _check_number(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"expected an integer of at least {least} as {name}, got {value!r}")
