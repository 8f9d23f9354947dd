"""Random search: the baseline every other searcher has to beat."""

from __future__ import annotations

from collections.abc import Iterable

from surrogates.search.base import Searcher

__all__ = ["RandomSearch"]


class RandomSearch(Searcher):
    """Architectures drawn uniformly, without repetition (Bergstra and Bengio, JMLR 2012; Li and Talwalkar, UAI 2019).

    Deviation: the literature draws with replacement; here nothing is asked twice.

    Args:
        random_state: Seed.

    Example:
        >>> searcher = RandomSearch(random_state=1).start("transnas101-macro")
        >>> len(set(searcher.ask(100)))
        100
    """

    def propose(self, n: int) -> Iterable[int]:
        return self.random_rows(n)
