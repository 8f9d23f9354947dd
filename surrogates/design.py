"""Which architectures to train first, when nothing, or little, was measured: a design of n architectures.

The design minimises, greedily, the variance that a Gaussian process on graph features expects over the whole space
(`surrogates.kernels.integrated_variance`). Greedy steps are nested: whoever stops after 16 of 32 has the design of 16.

- Candidates are functions, not strings: a second training of the same function says little about the others. They are
  the first functions of a random order of the space, so a design of thousands of architectures costs seconds, and two
  seeds give two designs.
- The variance of a function counts as often as strings compute it, times a random weight with mean 1 for each string
  (the Bayesian bootstrap of Rubin, Annals of Statistics 1981), so that small spaces have different designs as well.
- The kernel is Matern 3/2 with a long length scale and much noise: with few labels only the smooth part of a surface
  can be learned, and a design for it spreads over the directions in which the features vary most.
  On seeds 3 to 7 a single-task process predicted better with it than with random rows on all three spaces, and as well
  as or better than with k-means centres, greedy facility location (macro), herding and farthest points (micro).
- Given source tasks, half the kernel is on their scores: architectures that other tasks tell apart are worth a label.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import ArchitectureError, check_type, shown
from benchmarks.seeds import as_generator
from benchmarks.spaces.registry import get_space, infer_space
from encoders.base import as_strings
from surrogates.kernels.features import centre_and_spread, standard_features, standardise
from surrogates.kernels.functions import matern32, scaled_distances
from surrogates.kernels.integrated_variance import reduce_integrated_variance

if TYPE_CHECKING:
    from benchmarks.spaces.space import Space
    from surrogates.models.transfer.source_values import TransferSource

__all__ = ["initial_design"]

Float = NDArray[np.float64]

_LENGTH = 2.0
_SOURCE_LENGTH = 2.0
_NOISE = 0.5
"""Ratio of noise variance to signal variance."""
_POOL = 1500
"""Number of functions that are compared, and of measured ones that they complement; further ones follow in random
order."""


class _Candidate(NamedTuple):
    """The architectures of one function that may be chosen.

    Attributes:
        arch: The one to train.
        strings: Number of them among the first of the random order, up to the last function that is compared.
    """

    arch: str
    strings: int


def initial_design(
    space: str | Space,
    n: int,
    *,
    have: Sequence[str] = (),
    allowed: Iterable[str] | None = None,
    sources: TransferSource | Sequence[TransferSource] | None = None,
    random_state: int | np.random.Generator | None = None,
) -> list[str]:
    """Choose n architectures whose measured values tell most about all others.

    Args:
        space: A search space, or its name.
        n: Number of architectures.
        have: Architectures that were measured already; the design complements them and repeats none of their functions.
        allowed: Architectures to choose from, and to learn about; also strings outside the published set that the
            grammar of the space allows. The whole published set if not given.
        sources: Results of other tasks, as in `TransferSurrogate`, if the labels will be used together with them. They
            must not contain the target, which a design does not know.
        random_state: Seed or generator; a fresh design by default.

    Returns:
        n architectures of n different functions, each in its simplest form if that is allowed, most informative first:
        the first m are the design of m.

    Raises:
        UnknownNameError: If there is no such space; names the nearest one.
        ArchitectureError: If `have` or `allowed` contains something that is not an architecture of the space.
        ValueError: If n is below 1, or above the number of functions that are allowed and not measured.
        TypeError: If n is not an integer.

    Example:
        >>> design = initial_design("transnas101-micro", 8, random_state=0)
        >>> initial_design("transnas101-micro", 4, random_state=0) == design[:4]
        True
        >>> more = initial_design("transnas101-micro", 4, have=design, random_state=0)
        >>> set(more).isdisjoint(design)
        True
    """
    there = get_space(space)
    check_type(n, Integral, "n", "an integer")
    rng = as_generator(random_state, "random_state")
    measured = list(dict.fromkeys(there.simplify(_of_space(have, there, "have"))))
    candidates = _candidates(there, allowed, measured, rng)
    if not 1 <= n <= len(candidates):
        which = " that are allowed" if allowed is not None else ""
        less = f"{' and' if which else ' that are'} not measured yet" if measured else ""
        raise ValueError(
            f"expected n from 1 to {len(candidates):,}, the number of different functions of {there}{which}{less}, "
            f"got {n:,}"
        )
    known = [measured[i] for i in rng.permutation(len(measured))[:_POOL]]
    pool = list(candidates)[:_POOL]
    weights = np.concatenate([np.zeros(len(known)), rng.gamma([candidates[form].strings for form in pool])])
    kernel, steps = _kernel(there.name, [*known, *pool], sources), min(n, len(pool))
    chosen = reduce_integrated_variance(kernel, weights / weights.sum(), _NOISE, steps, range(len(known)))
    order = [*(pool[i - len(known)] for i in chosen), *list(candidates)[_POOL:]]
    return [candidates[form].arch for form in order[:n]]


def _candidates(
    space: Space, allowed: Iterable[str] | None, measured: Iterable[str], rng: np.random.Generator
) -> dict[str, _Candidate]:
    """Simplest form -> its allowed architectures, in random order, without those of the measured forms."""
    archs = list(space.archs) if allowed is None else list(dict.fromkeys(_of_space(allowed, space, "allowed")))
    archs = [archs[i] for i in rng.permutation(len(archs))]
    there, known = set(archs), set(measured)
    found: dict[str, _Candidate] = {}
    for arch, form in zip(archs, space.simplify(archs), strict=True):
        if form not in known:
            first = found.get(form, _Candidate(form if form in there else arch, 0))
            found[form] = first._replace(strings=first.strings + (len(found) <= _POOL))
    return found


def _kernel(space: str, forms: list[str], sources: TransferSource | Sequence[TransferSource] | None) -> Float:
    """Prior covariance of m functions, of shape (m, m)."""
    X = standard_features(space, forms)
    kernel = matern32(scaled_distances(X, X), _LENGTH)
    if sources is None:
        return kernel
    from surrogates.models.transfer.source_values import SourceValues

    Z = SourceValues.from_sources(sources, space).predict(forms)
    Z = standardise(Z, centre_and_spread(Z))
    return 0.5 * (kernel + matern32(scaled_distances(Z, Z), _SOURCE_LENGTH))


def _of_space(archs: Iterable[str], space: Space, name: str) -> list[str]:
    """The strings in the benchmark's spelling.

    Raises:
        ArchitectureError: If one is not of the space; the message begins with the name of the argument.
    """
    try:
        strings = as_strings(archs)
        strange = next((place for place, arch in enumerate(strings) if not space.recognises(arch)), None)
        if strange is not None:
            arch = strings[strange]
            came = infer_space(arch).name  # raises if it is no architecture at all
            raise ArchitectureError(
                f"expected architectures of {space.name}, got {shown(arch)} of {came} at position {strange}"
            )
        return [space.validate(arch) for arch in strings]
    except ArchitectureError as error:
        raise ArchitectureError(f"{name}: {error}") from None
