"""The search methods, one per module; `surrogates.search.registry` lists them by name."""

__all__: list[str] = []
