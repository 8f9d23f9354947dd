"""Base class of surrogates that predict normal scores: boosted trees, Gaussian processes and graph networks.

A subclass predicts scores, and for each training row an out-of-fold score. Shared are the calibration from scores to
labels and standard deviations, and the stacking of such surrogates (`surrogates.models.ensemble`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surrogates.base import Surrogate
from surrogates.calibration.folds import FoldCalibration
from surrogates.equivalence import forms
from surrogates.labels import Labels

__all__ = ["CalibratedSurrogate"]

Float = NDArray[np.float64]


class CalibratedSurrogate(Surrogate):
    """A surrogate of normal scores with out-of-fold calibration.

    Attributes:
        calibration_: Map from scores to labels and standard deviations.
        own_unit_: For each task whether its scores are predictions in the label's own unit, put on the scale of normal
            scores; of none if empty.
        oob_scores_: Score of each training row, in the order given to `fit`, by models not trained on it, of shape
            (n, T); set by `fit`, not stored. With `parts_`, they have it.
    """

    calibration_: FoldCalibration
    own_unit_: tuple[bool, ...] = ()
    oob_scores_: Float

    @property
    def oob_prediction_(self) -> Float:
        """`oob_scores_` in the metrics' own units, of shape (n, T), in the order of the rows given to `fit`."""
        if self.parts_:
            found = [
                (task, column)
                for part in self.parts_
                if isinstance(part, CalibratedSurrogate)
                for task, column in zip(part.tasks_, part.oob_prediction_.T, strict=True)
            ]
            return np.stack([dict(found)[task] for task in self.tasks_], axis=1)
        columns = zip(self.calibration_.tasks, self.oob_scores_.T, strict=True)
        return np.stack([calibration.mean(column) for calibration, column in columns], axis=1)

    def fit_functions(self, labels: Labels) -> None:
        self.fit_scores(labels)
        self.widen(labels)

    def widen(self, labels: Labels) -> None:
        """Widen the intervals of architectures unlike the training rows, from now on; not of costs."""
        if labels.equivalence == "function":
            self.calibration_ = self.calibration_.with_shift(labels)

    @abstractmethod
    def fit_scores(self, labels: Labels) -> None:
        """Fit to checked labels and `calibrate`; `widen` comes after it."""

    @abstractmethod
    def scores(self, archs: list[str]) -> Float:
        """Normal scores of m distinct simplest forms (or strings), of shape (m, T)."""

    def calibrate(self, labels: Labels, scores: Float, fold: NDArray[np.int64], own_unit: Sequence[bool] = ()) -> None:
        """Fit the calibration and `cv_scores_`.

        Args:
            labels: Labels of n rows and T tasks.
            scores: Out-of-fold normal scores, of shape (n, T).
            fold: The fold in which each row was left out, of shape (n,).
            own_unit: The attribute `own_unit_`.
        """
        self.oob_scores_, self.own_unit_ = scores, tuple(own_unit)
        self.calibration_, self.cv_scores_ = FoldCalibration.fit(labels, scores, fold, self.own_unit_)

    def take_rows(self, place: NDArray[np.int64]) -> None:
        super().take_rows(place)
        if hasattr(self, "oob_scores_"):
            self.oob_scores_ = self.oob_scores_[place]

    def predict_functions(self, archs: list[str]) -> tuple[Float, Float]:
        return self.calibration_.predict(archs, self.scores(archs))

    def novelty(self, archs: Sequence[str]) -> Float:
        """How unlike the training rows architectures are; intervals are wider from 1 on.

        Args:
            archs: n architecture strings of the space.

        Returns:
            Novelty of shape (n,): the distance from the training rows, as the posterior standard deviation of a
            Gaussian process, over that which 95 % of left-out training rows do not exceed; 0 for a function seen in
            training. NaN of a surrogate of costs only, or of one stored before version 0.2.
        """
        space, strings = self.check_archs(archs)
        if self.parts_:
            parts = [part.novelty(strings) for part in self.parts_ if isinstance(part, CalibratedSurrogate)]
            return np.asarray(np.fmax.reduce(parts))
        return self.calibration_.novelty(forms(space, strings, self.equivalence_))

    def error_correlation(self, archs: Sequence[str]) -> Float:
        """Correlations of the errors of predictions, for differences of predictions: near architectures err alike.

        Args:
            archs: n architecture strings of the space.

        Returns:
            Correlations of shape (T, n, n), 1 between architectures with one prediction; NaN where it is not known, as
            of costs.

        Example:
            >>> from surrogates import load_pretrained
            >>> surrogate = load_pretrained("transnas101-macro")
            >>> rho = surrogate.error_correlation(["32-2311-basic", "32-2312-basic", "64-111114-basic"])[0]
            >>> bool(rho[0, 1] > rho[0, 2])
            True
        """
        space, strings = self.check_archs(archs)
        if self.parts_:
            found = {
                task: own
                for part in self.parts_
                if isinstance(part, CalibratedSurrogate)
                for task, own in zip(part.tasks_, part.error_correlation(strings), strict=True)
            }
            return np.stack([found[task] for task in self.tasks_])
        return self.calibration_.error_correlation(forms(space, strings, self.equivalence_))

    def unfamiliar(self, arch: str) -> str:
        """What is unlike the training rows about an architecture, in words; empty if nothing is, as of those seen.

        It says how much wider intervals are, and which features (`GraphFeatures`) are farthest outside.

        Example:
            >>> from surrogates import load_pretrained
            >>> load_pretrained("transnas101-macro").unfamiliar("64-2311-basic")
            ''
        """
        space, strings = self.check_archs([arch])
        if self.parts_:
            parts = (part.unfamiliar(arch) for part in self.parts_ if isinstance(part, CalibratedSurrogate))
            return next(filter(None, parts), "")
        return self.calibration_.unfamiliar(forms(space, strings, self.equivalence_)[0])
