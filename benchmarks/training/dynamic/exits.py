"""When an image exits: confidence, thresholds from validation images, shares of the exits and the average cost.

All functions take logits of every stage as arrays, so that no threshold needs another pass over the images.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from benchmarks.short_repr import ShortRepr

__all__ = [
    "NEVER",
    "ExitCurve",
    "ExitLogits",
    "average_multiply_adds",
    "checked_thresholds",
    "confidences",
    "exit_shares",
    "exits_at",
    "fit_temperatures",
    "share_grid",
    "thresholds_of_shares",
]

NEVER = math.inf
"""Threshold of an exit that no image takes."""
_RATIOS = np.arange(1, 40) / 20
"""Ratios of the shares of consecutive exits (MSDNet-PyTorch, `adaptive_inference.py`)."""
_COLDEST, _HOTTEST = math.log(0.05), math.log(20.0)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class ExitLogits(ShortRepr):
    """Logits of every stage for labelled images.

    Attributes:
        logits: Of shape (S, n, classes).
        targets: Classes of shape (n,), counted from 0, or their probabilities of shape (n, classes).

    Raises:
        ValueError: If the shapes do not fit, a logit is not finite, or a target is neither a class nor probabilities;
            names the first such image.

    Example:
        >>> found = ExitLogits(np.array([[[2.0, 0.0]], [[0.0, 1.0]]]), np.array([1]))
        >>> found.right().tolist()
        [[False], [True]]
    """

    logits: Floats
    targets: NDArray[np.float64] | NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.logits.ndim != 3 or not self.logits.size or len(self.targets) != self.logits.shape[1]:
            raise ValueError(
                f"expected logits of shape (S, n, classes) and n targets, got shapes {self.logits.shape} and "
                f"{self.targets.shape}"
            )
        if not (finite := np.isfinite(self.logits)).all():
            stage, image, of_class = np.argwhere(~finite)[0].tolist()
            raise ValueError(
                f"expected finite logits, got {self.logits[stage, image, of_class]:g} for image {image} (from 0) in "
                f"stage {stage + 1}"
            )
        n_classes = self.logits.shape[2]
        if self.targets.ndim == 1:
            if not np.issubdtype(self.targets.dtype, np.integer):
                raise ValueError(f"expected classes as integers, got targets of type {self.targets.dtype}")
            wrong = (self.targets < 0) | (self.targets >= n_classes)
        elif self.targets.shape == self.logits.shape[1:]:
            wrong = ~(np.isfinite(self.targets) & (self.targets >= 0)).all(axis=1)
        else:
            raise ValueError(
                f"expected targets of shape (n,) or (n, classes), here {self.logits.shape[1:2]} or "
                f"{self.logits.shape[1:]}, got shape {self.targets.shape}"
            )
        if wrong.any():
            image = int(wrong.argmax())
            what = f"a class from 0 to {n_classes - 1}" if self.targets.ndim == 1 else "finite probabilities >= 0"
            raise ValueError(f"expected {what}, got {self.targets[image].tolist()} for image {image} (from 0)")

    def classes(self) -> Ints:
        """The true class of each image, of shape (n,); of probabilities the most probable one."""
        return np.asarray(self.targets.argmax(axis=1) if self.targets.ndim == 2 else self.targets, dtype=np.int64)

    def right(self) -> NDArray[np.bool_]:
        """Whether the answer of each stage is right, of shape (S, n)."""
        return np.asarray(self.logits.argmax(axis=2) == self.classes())


def confidences(logits: Floats, temperatures: Sequence[float] | Floats | None = None) -> Floats:
    """The largest probability of each answer.

    Args:
        logits: Of shape (S, n, classes).
        temperatures: Positive divisors of the logits of each stage, of shape (S,); 1 by default.

    Returns:
        Of shape (S, n).

    Raises:
        ValueError: If there is another number of temperatures, or one is not positive.

    Example:
        >>> confidences(np.array([[[0.0, np.log(3.0)]]])).round(4).tolist()
        [[0.75]]
    """
    divisors = np.ones(len(logits)) if temperatures is None else np.asarray(temperatures, dtype=np.float64)
    if divisors.shape != (len(logits),) or not (divisors > 0).all():
        raise ValueError(f"expected a positive temperature for each of {len(logits)} stages, got {divisors.tolist()}")
    scaled = np.asarray(logits, dtype=np.float64) / divisors[:, None, None]
    return np.asarray(1 / np.exp(scaled - scaled.max(axis=2, keepdims=True)).sum(axis=2))


def fit_temperatures(valid: ExitLogits) -> Floats:
    """The temperature of each stage with the least cross-entropy on validation images, of shape (S,).

    Temperature scaling (Guo et al., ICML 2017, section 4.2). It changes no answer, only how confident it is. Between
    1/20 and 20.

    Example:
        >>> logits = np.array([[[4.0, 0.0], [4.0, 0.0], [4.0, 0.0], [4.0, 0.0]]])
        >>> three_of_four_right = ExitLogits(logits, np.array([0, 0, 0, 1]))
        >>> fit_temperatures(three_of_four_right).round(2).tolist()  # a probability of 3/4 has a logit of ln 3
        [3.64]
    """
    n_classes = valid.logits.shape[2]
    targets = valid.targets if valid.targets.ndim == 2 else np.eye(n_classes)[valid.targets]
    found = [
        minimize_scalar(_cross_entropy, bounds=(_COLDEST, _HOTTEST), args=(own, targets), method="bounded").x
        for own in np.asarray(valid.logits, dtype=np.float64)
    ]
    return np.exp(found)


def _cross_entropy(log_temperature: float, logits: Floats, targets: Floats) -> float:
    scaled = logits / math.exp(log_temperature)
    top = scaled.max(axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(scaled - top).sum(axis=1))
    return float((log_sum * targets.sum(axis=1) - (targets * scaled).sum(axis=1)).mean())


def checked_thresholds(thresholds: Sequence[float] | Floats, n_stages: int) -> Floats:
    """Thresholds as an array of shape (S - 1,).

    Raises:
        ValueError: If there is another number of them, or one is neither from 0 to 1 nor `NEVER`.

    Example:
        >>> checked_thresholds([1.5], 2)
        Traceback (most recent call last):
        ...
        ValueError: expected thresholds from 0 to 1, or inf for an exit that is never taken, got 1.5
    """
    found = np.asarray(thresholds, dtype=np.float64)
    if found.shape != (n_stages - 1,):
        raise ValueError(
            f"expected a threshold for each of {n_stages - 1} exits before the last of {n_stages} stages, got "
            f"{found.tolist()}"
        )
    if (wrong := ~(((found >= 0) & (found <= 1)) | (found == NEVER))).any():
        raise ValueError(
            f"expected thresholds from 0 to 1, or inf for an exit that is never taken, got {found[wrong][0]:g}"
        )
    return found


def thresholds_of_shares(confidence: Floats, shares: Sequence[float] | Floats) -> Floats:
    """Thresholds at which shares of the images take each exit (MSDNet-PyTorch, `adaptive_inference.py`).

    Stage by stage, of the images that are left, the most confident ones exit, and those of equal confidence as well.
    The threshold is midway between the least confident of them and the most confident one that stays, so another order
    of summation in the network changes no exit (MSDNet's is the former).

    Args:
        confidence: Of validation images, of shape (S, n).
        shares: Share of the images of each exit, of shape (S,), with a sum of 1.

    Returns:
        Of shape (S - 1,); `NEVER` for a share that rounds to no image, 0 for one that takes all that are left.

    Raises:
        ValueError: If the shares are negative, do not sum to 1, or are of another number of stages.

    Example:
        >>> thresholds_of_shares(np.array([[0.9, 0.5, 0.7, 0.6], [1.0, 1.0, 1.0, 1.0]]), [0.5, 0.5]).round(4).tolist()
        [0.65]
    """
    wanted = np.asarray(shares, dtype=np.float64)
    if wanted.shape != (len(confidence),) or (wanted < 0).any() or not math.isclose(wanted.sum(), 1, abs_tol=1e-6):
        raise ValueError(f"expected shares of {len(confidence)} exits that sum to 1, got {wanted.tolist()}")
    n = confidence.shape[1]
    left = np.ones(n, dtype=bool)
    found = np.full(len(confidence) - 1, NEVER)
    for stage in range(len(found)):
        count = min(math.floor(wanted[stage] * n + 0.5), int(left.sum()))
        if count:
            least = np.sort(confidence[stage, left])[-count]
            stays = left & (confidence[stage] < least)
            found[stage] = _between(float(confidence[stage, stays].max()), float(least)) if stays.any() else 0.0
            left = stays
    return found


def _between(below: float, above: float) -> float:
    """The number midway; the larger one if there is none between."""
    middle = (below + above) / 2
    return middle if middle > below else above


def exits_at(confidence: Floats, thresholds: Sequence[float] | Floats) -> Ints:
    """The exit of each image: the first stage whose confidence reaches its threshold, else the last, of shape (n,).

    Args:
        confidence: Of shape (S, n).
        thresholds: Of shape (S - 1,).

    Raises:
        ValueError: As in `checked_thresholds`.

    Example:
        >>> exits_at(np.array([[0.9, 0.5], [0.2, 0.2]]), [0.7]).tolist()
        [0, 1]
    """
    leave = confidence[:-1] >= checked_thresholds(thresholds, len(confidence))[:, None]
    last = np.ones((1, confidence.shape[1]), dtype=bool)
    return np.asarray(np.concatenate([leave, last]).argmax(axis=0), dtype=np.int64)


def exit_shares(exits: Ints, n_stages: int) -> Floats:
    """Share of the images that take each exit, of shape (S,).

    Example:
        >>> exit_shares(np.array([0, 0, 1, 0]), 3).tolist()
        [0.75, 0.25, 0.0]
    """
    return np.bincount(exits, minlength=n_stages) / len(exits)


def average_multiply_adds(shares: Floats, cumulative: Ints) -> float:
    """Expected multiply-adds of an image: the sum over exits of share times cost up to this exit.

    Args:
        shares: Of shape (S,).
        cumulative: Multiply-adds up to each exit (`StagePlan.multiply_adds`), of shape (S,).

    Example:
        >>> average_multiply_adds(np.array([0.75, 0.25]), np.array([100, 300]))
        150.0
    """
    return float(shares @ cumulative)


def share_grid(n_stages: int) -> Floats:
    """Shares of the exits for a curve, from all images at the first exit to all at the last, of shape (k, S).

    Between the ends the share of exit k is proportional to p^k, for p from .05 to 1.95 (MSDNet-PyTorch).

    Example:
        >>> share_grid(2)[[0, 20, -1]].tolist()
        [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]
    """
    powers = _RATIOS[:, None] ** np.arange(n_stages)
    between = powers / powers.sum(axis=1, keepdims=True)
    return np.concatenate([np.eye(n_stages)[:1], between, np.eye(n_stages)[-1:]])


@dataclass(frozen=True, eq=False, repr=False)
class ExitCurve(ShortRepr):
    """Accuracy against average multiply-adds, for thresholds that were found on validation images.

    Attributes:
        thresholds: Of k points, of shape (k, S - 1).
        shares: Share of the images of each exit, of shape (k, S).
        multiply_adds: Average for one image, of shape (k,).
        accuracy: Percent of the images, of shape (k,).
        by_exit: Percent right of the images that take each exit, NaN where none does, of shape (k, S).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> valid = ExitLogits(rng.normal(size=(2, 50, 3)), rng.integers(3, size=50))
        >>> curve = ExitCurve.of_shares(valid, share_grid(2), np.array([10, 30]))
        >>> curve.multiply_adds[[0, -1]].tolist(), float(curve.accuracy[0]) == 100 * float(valid.right()[0].mean())
        ([10.0, 30.0], True)
    """

    thresholds: Floats
    shares: Floats
    multiply_adds: Floats
    accuracy: Floats
    by_exit: Floats

    @classmethod
    def of_shares(
        cls, valid: ExitLogits, shares: Floats, cumulative: Ints, temperatures: Floats | None = None
    ) -> ExitCurve:
        """The curve on the validation images themselves, at which shares of them take each exit.

        Args:
            valid: Logits of validation images.
            shares: Of shape (k, S), as `share_grid` returns them.
            cumulative: Multiply-adds up to each exit, of shape (S,).
            temperatures: As in `confidences`.
        """
        confidence = confidences(valid.logits, temperatures)
        found = np.array([thresholds_of_shares(confidence, own) for own in shares]).reshape(len(shares), -1)
        return cls.at(valid, found, cumulative, temperatures)

    @classmethod
    def at(
        cls, images: ExitLogits, thresholds: Floats, cumulative: Ints, temperatures: Floats | None = None
    ) -> ExitCurve:
        """The curve of any images at given thresholds, of shape (k, S - 1); other arguments as in `of_shares`."""
        confidence, right = confidences(images.logits, temperatures), images.right()
        n_stages, n = right.shape
        shares, accuracy, by_exit = [], [], []
        for own in thresholds:
            exits = exits_at(confidence, own)
            hit = right[exits, np.arange(n)]
            shares.append(exit_shares(exits, n_stages))
            accuracy.append(100 * hit.mean())
            by_exit.append(
                [100 * hit[exits == stage].mean() if (exits == stage).any() else np.nan for stage in range(n_stages)]
            )
        costs = np.array([average_multiply_adds(own, cumulative) for own in shares])
        return cls(np.asarray(thresholds), np.array(shares), costs, np.array(accuracy), np.array(by_exit))

    def rewards(self, budget: float, penalty: float = 100.0) -> Floats:
        """Accuracy of each point, less a penalty for an average cost above a budget, of shape (k,).

        Args:
            budget: Multiply-adds.
            penalty: Points of accuracy for e times the budget, in proportion to the logarithm.

        Raises:
            ValueError: If the budget is not positive, or the penalty is negative.

        Example:
            >>> nothing = np.zeros((3, 1))
            >>> curve = ExitCurve(nothing, nothing, np.array([1.0, 2.0, 4.0]), np.array([50.0, 70.0, 80.0]), nothing)
            >>> curve.rewards(2.0).round(1).tolist()
            [50.0, 70.0, 10.7]
        """
        if not budget > 0 or penalty < 0:
            raise ValueError(f"expected a positive budget and penalty >= 0, got {budget:g} and {penalty:g}")
        return np.asarray(self.accuracy - penalty * np.maximum(np.log(self.multiply_adds / budget), 0))
