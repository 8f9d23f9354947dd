"""Inputs of the transfer kernel: standardised graph features, a metric on them, and source scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor

from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.memo import cached_by_space
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space
from surrogates.kernels.features import centre_and_spread, graph_features, reference_forms, standardise
from surrogates.kernels.source_terms import Inputs
from surrogates.models.transfer.memo import cached_by_content
from surrogates.models.transfer.source_process import CLIP
from surrogates.models.transfer.source_values import SourceValues
from surrogates.store.nested import add_part, take_part
from surrogates.store.pack import Pack

__all__ = ["FeatureMap", "reference_counts"]

Float = NDArray[np.float64]
_DIGITS = 9
_ARRAYS = ("centre", "metric", "source_centre")
_REFERENCE = 1500
_REFERENCE_DRAWS = 4096


@dataclass(frozen=True, repr=False)
class FeatureMap(ShortRepr):
    """Features and source scores of architectures of one space, fitted without labels of the target task.

    Example:
        >>> import pandas as pd
        >>> known = pd.DataFrame({"jigsaw": [90.1, 94.2]}, index=["64-2311-basic", "64-1234-basic"])
        >>> sources = SourceValues.from_sources(known, "transnas101-macro")
        >>> feature_map, reference = FeatureMap.fit(sources, random_state=0, n_jobs=1)
        >>> feature_map.inputs(["64-3114-basic"]).sources.shape, reference.sources.shape
        ((1, 1), (1500, 1))

    Attributes:
        sources: Source tasks.
        centre: Mean and standard deviation of the features, of shape (2, d).
        metric: Weights of the features, of shape (d,), with sum 1.
        source_centre: Mean and standard deviation of the source scores, of shape (2, S).
    """

    sources: SourceValues
    centre: Float
    metric: Float
    source_centre: Float

    @classmethod
    def fit(cls, sources: SourceValues, random_state: int, n_jobs: int | None) -> tuple[FeatureMap, Inputs]:
        """Fit scales and metric to up to 1,500 distinct architectures of the space.

        Args:
            sources: Source tasks.
            random_state: Seed of the trees that give the metric.
            n_jobs: Threads of these trees.

        Returns:
            The map, and the kernel inputs of these architectures.
        """
        found, inputs = cls.with_equal_weights(sources)
        metric = _metric(inputs.features, inputs.sources.round(_DIGITS), random_state, n_jobs=n_jobs)
        return replace(found, metric=metric), inputs._replace(weighted=inputs.features * np.sqrt(metric))

    @classmethod
    def with_equal_weights(cls, sources: SourceValues) -> tuple[FeatureMap, Inputs]:
        """As `fit`, but all features have the same weight: enough, and much faster, if only source scores are read."""
        archs, features, _ = _reference(get_space(sources.space))
        scores = sources.predict(archs)
        centre, source_centre = centre_and_spread(features), centre_and_spread(scores)
        X, Z = standardise(features, centre, CLIP), standardise(scores, source_centre)
        metric = np.full(X.shape[1], 1 / X.shape[1])
        return cls(sources, centre, metric, source_centre), Inputs(X, X * np.sqrt(metric), Z)

    def inputs(self, archs: Sequence[str]) -> Inputs:
        """Kernel inputs of n simplest forms."""
        X = standardise(graph_features(archs), self.centre, CLIP)
        return Inputs(X, X * np.sqrt(self.metric), standardise(self.sources.predict(archs), self.source_centre))

    def pack(self) -> Pack:
        """The fitted state, for storage without pickle."""
        pack = Pack(arrays={name: getattr(self, name) for name in _ARRAYS})
        pack.settings["sources"] = add_part(pack, "sources_", self.sources.pack())
        return pack

    @classmethod
    def unpack(cls, space: str, pack: Pack) -> FeatureMap:
        """Inverse of `pack`."""
        sources = SourceValues.unpack(space, take_part(pack, "sources_", pack.settings["sources"]))
        return cls(sources, *(pack.arrays[name] for name in _ARRAYS))


def reference_counts(space: str) -> NDArray[np.int64]:
    """How often each of the m architectures of the kernel inputs of `FeatureMap.fit` was drawn from a space.

    A function that many strings of the space compute counts as often as these.

    Example:
        >>> reference_counts("transnas101-macro").tolist() == [1] * 1500
        True
    """
    return _reference(get_space(space))[2]


@cached_by_space(maxsize=4)
def _reference(space: Space) -> tuple[tuple[str, ...], Float, NDArray[np.int64]]:
    """Distinct simplest forms of a space, their features, and how often each was drawn."""
    drawn = Counter(space.simplify(space.sample(min(_REFERENCE_DRAWS, len(space)), rng=0)))
    archs = tuple(reference_forms(space.name, _REFERENCE_DRAWS)[:_REFERENCE])
    features, counts = graph_features(archs), np.array([drawn[arch] for arch in archs])
    features.setflags(write=False)
    counts.setflags(write=False)
    return archs, features, counts


@cached_by_content(maxsize=64)
def _metric(X: Float, Z: Float, random_state: int, *, n_jobs: int | None) -> Float:
    """Fraction of the sources' variance explained by splits on each feature, of shape (d,); equal if none is explained.

    Scores come rounded, because ties between splits would otherwise depend on last digits, which differ between CPUs.
    """
    trees = ExtraTreesRegressor(
        n_estimators=100, min_samples_leaf=5, max_features=0.3, n_jobs=n_jobs, random_state=random_state
    )
    shares = np.asarray(trees.fit(X, Z if Z.shape[1] > 1 else Z[:, 0]).feature_importances_, dtype=np.float64)
    total = float(shares.sum())
    return shares / total if total > 0 else np.full(len(shares), 1 / len(shares))
