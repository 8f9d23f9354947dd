"""DDPNAS's sampler: rounds without replacement over the operations of each edge, which are pruned stage by stage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import SpaceError
from benchmarks.spaces.cell import EDGES, CellSpace, live_edges
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space
from surrogates.search.distribution import followed, standardised
from surrogates.supernet.live_cells import most_probable_live

__all__ = ["RoundsSampler", "search_epochs"]

_SHARPNESS, _MOMENTUM = 100.0, 0.5
_PER_STANDARD_DEVIATION = 1.0


def search_epochs(operations: int, rounds: int = 3) -> int:
    """Number of architectures that DDPNAS trains for an epoch each: rounds x (K + (K - 1) + ... + 2).

    Args:
        operations: Number of operations of an edge, K.
        rounds: Rounds between two prunings.

    Example:
        >>> search_epochs(4), search_epochs(5), search_epochs(8)
        (27, 42, 105)
    """
    return rounds * sum(range(2, operations + 1))


class RoundsSampler:
    """One architecture an epoch; in a round, each edge uses every operation that it still has once.

    Dynamic distribution pruning (Zheng et al., arXiv 1905.13543, section 3.3, and their published code). After some
    rounds theta <- E + theta / 2 (`surrogates.search.distribution.followed`), each edge loses its least probable
    operation, and theta is normalised. The draws are uniform; theta decides what is pruned. It is a `PathSampler` whose
    path changes with `tell`.

    A round with a dead cell, whose output does not depend on the image, is drawn again; there always is a round
    without one, as long as edges have two operations. The one cell that is left in the end may be dead: the most
    probable live cell of the last two operations of each edge is taken instead.

    Deviation: values that are not accuracies (losses, similarities, puzzles) are standardised in each round, as in the
    search that measures architectures (`surrogates.search`), and have a sharpness of 1.

    Args:
        space: Space of cells, or its name.
        fraction: Whether values are accuracies as shares from 0 to 1.
        rounds: Rounds between two prunings.
        seed: Seed of the draws.

    Attributes:
        name: What tells it from other samplers.
        epochs: Number of architectures until one is left.
        asked: Architectures so far, the current one last.
        values: Value of each architecture but the current one.
        thetas: Probabilities after each pruning, each of shape (6, K); the first are uniform.
        arch: The architecture that is left; None before the end.
        was_dead: The most probable cell, if it was dead.

    Raises:
        SpaceError: If it is not a space of cells.
        ValueError: If there are no rounds.

    Example:
        >>> sampler = RoundsSampler("transnas101-micro", fraction=True)
        >>> while sampler.arch is None:
        ...     sampler.tell(sampler.asked[-1].count("3") / 10)
        >>> len(sampler.values), sampler.arch, sampler.thetas[1].round(2).tolist()[0]
        (27, '64-41414-3_22_333', [0.21, 0.0, 0.33, 0.45])
    """

    def __init__(self, space: str | Space, *, fraction: bool, rounds: int = 3, seed: int = 0) -> None:
        found = get_space(space)
        if not isinstance(found, CellSpace):
            raise SpaceError(
                f"expected a space of cells, such as 'transnas101-micro' or 'nasbench201', got {found.name!r}, whose "
                "decisions are not independent of each other"
            )
        if rounds < 1:
            raise ValueError(f"expected at least one round between two prunings, got {rounds}")
        self._space: CellSpace = found
        self._fraction, self._rounds, self._rng = fraction, rounds, np.random.default_rng(seed)
        self.name = f"ddpnas, {rounds} rounds, {'shares' if fraction else 'standardised values'}, seed {seed}"
        operations = len(found.operations)
        self.epochs = search_epochs(operations, rounds)
        self.thetas = [np.full((len(EDGES), operations), 1 / operations)]
        self.values: list[float] = []
        self.asked: list[str] = []
        self.arch: str | None = None
        self.was_dead: str | None = None
        self._codes: list[list[int]] = []
        self._begun = 0  # architectures before the stage
        self._go_on()

    def paths(self, step: int, rng: np.random.Generator) -> list[str]:
        """The current architecture, in every step of an epoch."""
        return [self.asked[-1]]

    @property
    def remaining(self) -> NDArray[np.bool_]:
        """Operations that each edge still has, of shape (6, K)."""
        return np.asarray(self.thetas[-1] > 0)

    def tell(self, value: float) -> None:
        """Take the value of the current architecture, prune at the end of a stage, and go on to the next one.

        Args:
            value: Its value after its epoch, higher is better.

        Raises:
            ValueError: If the search has ended, the value is not finite, or not a share where shares are expected.
        """
        if self.arch is not None:
            raise ValueError(f"expected no more values: {self.epochs} architectures were tried, {self.arch!r} is left")
        if not np.isfinite(value) or (self._fraction and not 0 <= value <= 1):
            raise ValueError(f"expected {'a share from 0 to 1' if self._fraction else 'a finite value'}, got {value}")
        self.values.append(float(value))
        left = int(self.remaining[0].sum())
        if len(self.values) - self._begun == self._rounds * left:
            self._prune()
            self._begun = len(self.values)
        if self.arch is None:
            self._go_on()

    def _go_on(self) -> None:
        """Go on to the next architecture; draw those of a round at its beginning."""
        if len(self.values) == len(self._codes):
            self._draw()
        self.asked.append(self._space.from_code(self._codes[len(self.values)]))

    def _draw(self) -> None:
        """Draw the architectures of a round."""
        options = np.array([np.flatnonzero(edge) for edge in self.remaining])  # (6, operations left)
        while True:
            codes = self._rng.permuted(options, axis=1).T
            if live_edges(codes).any(axis=1).all():
                break
        self._codes += codes.tolist()

    def _prune(self) -> None:
        """Update theta from the values of the stage, and drop the least probable operation of each edge."""
        remaining = self.remaining
        left = int(remaining[0].sum())
        told = np.array(self.values[self._begun :]).reshape(self._rounds, left)
        codes = np.array(self._codes[self._begun : len(self.values)]).reshape(self._rounds, left, len(EDGES))
        by_option = np.full((self._rounds, *remaining.shape), np.nan)
        for values, taken, row in zip(told, codes, by_option, strict=True):
            for value, code in zip(values if self._fraction else standardised(values), taken, strict=True):
                row[np.arange(len(EDGES)), code] = value
        with np.errstate(divide="ignore"):
            logits = np.log(self.thetas[-1])
        sharpness = _SHARPNESS if self._fraction else _PER_STANDARD_DEVIATION
        logits = followed(logits, by_option, sharpness=sharpness, momentum=_MOMENTUM)
        kept = remaining.copy()
        kept[np.arange(len(EDGES)), np.where(remaining, logits, np.inf).argmin(axis=1)] = False
        theta = np.where(kept, np.exp(logits), 0.0)
        self.thetas.append(theta / theta.sum(axis=1, keepdims=True))
        if left == 2:
            self._end(remaining, logits)

    def _end(self, remaining: NDArray[np.bool_], logits: NDArray[np.float64]) -> None:
        """Take the architecture that is left, or the most probable live one."""
        best = self.thetas[-1].argmax(axis=1)
        if not live_edges(best[None]).any():
            self.was_dead = self._space.from_code(best.tolist())
            best = most_probable_live(logits, remaining)
        self.arch = self._space.from_code(best.tolist())
