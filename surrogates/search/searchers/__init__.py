"""The search methods, one a file; `surrogates.search.registry` names them."""
