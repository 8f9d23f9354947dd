"""Random search, the baseline of all other methods."""

from __future__ import annotations

from collections.abc import Iterable

from surrogates.search.base import Searcher

__all__ = ["RandomSearch"]


class RandomSearch(Searcher):
    """Uniform sampling without replacement (Bergstra and Bengio, JMLR 2012; Li and Talwalkar, UAI 2019).

    Deviation: the literature samples with replacement; here no architecture is queried twice.

    Args:
        random_state: Seed.

    Example:
        >>> searcher = RandomSearch(random_state=1).start("transnas101-macro")
        >>> len(set(searcher.ask(100)))
        100
    """

    def propose(self, n: int) -> Iterable[int]:
        return self.random_rows(n)
