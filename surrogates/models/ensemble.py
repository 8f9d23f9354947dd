"""Stacking of surrogates: boosted trees and a Gaussian process, weighted by cross-validation.

Members make different errors (trees are piecewise constant, kernels smooth), so the average of their normal scores is
better than each of them. The weights are fitted to the members' out-of-fold scores and shrunk towards equal weights
with a strength of `prior_rows` rows; the stack is then calibrated like any other surrogate.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_scalar

from surrogates.calibration.base import CalibratedSurrogate
from surrogates.calibration.folds import FoldCalibration, normal_scores
from surrogates.calibration.stacking import stack_weights
from surrogates.equivalence import Equivalence
from surrogates.labels import Labels
from surrogates.models.boosted import BoostedSurrogate
from surrogates.models.gaussian_process import GaussianProcessSurrogate
from surrogates.models.threads import thread_count
from surrogates.store.nested import add_part, pack_surrogate, take_part, unpack_surrogate
from surrogates.store.pack import Pack

__all__ = ["EnsembleSurrogate"]

Float = NDArray[np.float64]

_MOST = 0.5
_LEAST = 1e-12


class EnsembleSurrogate(CalibratedSurrogate):
    """Averages surrogates of normal scores with cross-validated weights.

    Args:
        members: Unfitted surrogates; `BoostedSurrogate` and `GaussianProcessSurrogate` if not given. A `GraphSurrogate`
            can be added, but on the published tables it does not improve on these two (see the leaderboard) and takes
            far longer to fit.
        prior_rows: Strength of the prior of equal weights, in rows.
        random_state: Seed of the default members.
        n_jobs: Threads of every member, for which it replaces their own `n_jobs`; all cores if -1. The members' own if
            not given, which are all cores for boosted trees and one for processes.
        equivalence: ``"function"`` pools architectures that compute the same function; ``"string"`` tells them apart,
            for costs such as latency, where dead operations count; the members must be able to. If not given, each
            task's name decides, and a warning says so.

    Attributes:
        members_: The fitted members.
        weights_: Their weights, of shape (M,), with sum 1; for costs one column per task, of shape (M, T).

    Example:
        >>> from benchmarks import get_space
        >>> archs = get_space("transnas101-macro").sample(40, rng=0)
        >>> ensemble = EnsembleSurrogate(random_state=0).fit(archs, [float(len(arch)) for arch in archs])
        >>> round(float(ensemble.weights_.sum()), 6), ensemble.predict(archs[:3]).shape
        (1.0, (3,))
    """

    def __init__(
        self,
        *,
        members: Sequence[CalibratedSurrogate] | None = None,
        prior_rows: float = 64.0,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = None,
        equivalence: Equivalence | None = None,
    ) -> None:
        self.members = members
        self.prior_rows = prior_rows
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.equivalence = equivalence

    def tells_strings_apart(self) -> bool:
        """Whether all members can."""
        return all(member.tells_strings_apart() for member in self._unfitted())

    def fit_scores(self, labels: Labels) -> None:
        check_scalar(self.prior_rows, "prior_rows", Real, min_val=0)
        thread_count(self.n_jobs)
        members = [_with_threads(clone(member), self.n_jobs) for member in self._unfitted()]
        self.members_ = [_with_equivalence(member, labels.equivalence) for member in members]
        for member in self.members_:
            member.fit_grouped(labels, member.fit_scores)
        Z = normal_scores(labels.values)
        S = np.stack([member.oob_scores_ for member in self.members_])  # (M, n, T)
        if labels.equivalence == "function":
            self.weights_ = stack_weights(S, Z, strength=self.prior_rows * Z.shape[1])
        else:
            tasks = zip(S.T, Z.T, strict=True)  # S.T: (T, n, M)
            self.weights_ = np.stack([_weights_of_cost(s, z, self.prior_rows) for s, z in tasks], axis=1)
        self.calibrate(labels, self._average(S), np.arange(len(Z)), self._own_unit(len(Z.T)))

    def scores(self, archs: list[str]) -> Float:
        """Normal scores of m distinct simplest forms (or strings), of shape (m, T): the members' weighted mean."""
        return self._average([member.scores(archs) for member in self.members_])

    def take_rows(self, place: NDArray[np.int64]) -> None:
        super().take_rows(place)
        for member in () if self.parts_ else self.members_:
            member.take_rows(place)

    def _average(self, scores: Sequence[Float] | Float) -> Float:
        """The weighted mean of the members' scores, each of shape (m, T)."""
        return np.asarray(sum(weight * own for weight, own in zip(self.weights_, scores, strict=True)))

    def _own_unit(self, n_tasks: int) -> list[bool]:
        """For each task whether most of the weight is on predictions in the label's own unit."""
        own = np.array([member.own_unit_ or (False,) * n_tasks for member in self.members_], dtype=np.float64)
        weights = self.weights_.reshape(len(own), -1)  # (M, 1) or (M, T)
        return [bool(share > _MOST) for share in (own * weights).sum(axis=0)]

    def _unfitted(self) -> Sequence[CalibratedSurrogate]:
        if self.members is not None:
            if not self.members or not all(isinstance(member, CalibratedSurrogate) for member in self.members):
                raise ValueError(
                    "expected surrogates of normal scores as members (BoostedSurrogate, GaussianProcessSurrogate, "
                    f"GraphSurrogate), got {self.members!r}"
                )
            return self.members
        seed = self.random_state
        return [BoostedSurrogate(random_state=seed), GaussianProcessSurrogate(random_state=seed)]

    def pack(self) -> Pack:
        pack = Pack(arrays={**self.calibration_.to_arrays(), "weights": self.weights_})
        parts = [add_part(pack, f"member{i}_", pack_surrogate(member)) for i, member in enumerate(self.members_)]
        pack.settings["members"] = parts
        return pack

    def unpack(self, pack: Pack) -> None:
        self.calibration_ = FoldCalibration.from_arrays(len(self.tasks_), pack.arrays)
        self.weights_ = pack.arrays["weights"]
        parts = [take_part(pack, f"member{i}_", part) for i, part in enumerate(pack.settings["members"])]
        self.members_ = [cast(CalibratedSurrogate, unpack_surrogate(part)) for part in parts]


def _weights_of_cost(scores: Float, z: Float, prior_rows: float) -> Float:
    """Weights of M members on one task, of shape (M,), from out-of-fold scores (n, M) and normal scores of labels (n,).

    Some costs have hardly any noise, and one member predicts them nearly without error: a prior row then counts as much
    as a row with the error of the best member.
    """
    known = ~np.isnan(z)
    least = ((scores[known] - z[known, None]) ** 2).mean(axis=0).min()
    return stack_weights(scores[known].T, z[known], strength=prior_rows * max(float(least), _LEAST))


def _with_threads(member: CalibratedSurrogate, n_jobs: int | None) -> CalibratedSurrogate:
    """A member with the threads of the ensemble, if they are given and it has such a parameter."""
    if n_jobs is not None and "n_jobs" in member.get_params(deep=False):
        member.set_params(n_jobs=n_jobs)
    return member


def _with_equivalence(member: CalibratedSurrogate, equivalence: Equivalence) -> CalibratedSurrogate:
    """A member with the equivalence of the ensemble.

    Raises:
        ValueError: If another one was given to the member.
    """
    if not member.tells_strings_apart():
        return member  # pools functions, as the ensemble does if one member does
    if (own := member.get_params(deep=False)["equivalence"]) not in (None, equivalence):
        raise ValueError(
            f"expected members with the equivalence {equivalence!r} of the ensemble, or None, got {own!r} for "
            f"{type(member).__name__}"
        )
    return cast(CalibratedSurrogate, member.set_params(equivalence=equivalence))
