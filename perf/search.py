"""Speed of searches: time of the searcher and of a tabulated oracle, in seconds on this machine.

python perf/search.py            # a million queries by local search and by evolution, each in two processes
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from surrogates import Oracle
from surrogates.search import make_searcher, run_search

SPACE, TASK = "transnas101-micro", "class_scene"
BUDGET = 1000
"""Queries per search; a space has a few thousand architectures, so a million queries take many searches."""


def many_searches(name: str, first_seed: int, count: int) -> float:
    """CPU time of `count` searches of `BUDGET` queries, in seconds, including the set-up once per process."""
    start = time.process_time()
    oracle = Oracle.from_pretrained(SPACE)
    searcher = make_searcher(name)
    for seed in range(first_seed, first_seed + count):
        run_search(searcher, oracle, TASK, BUDGET, seed)
    return time.process_time() - start


def million(name: str, total: int = 1_000_000, workers: int = 2) -> str:
    """Run `total` queries in parallel processes and report the wall and CPU time as one line of text."""
    count = total // BUDGET // workers
    start = time.perf_counter()
    with ProcessPoolExecutor(workers) as pool:
        parts = [pool.submit(many_searches, name, worker * count, count) for worker in range(workers)]
        busy = sum(part.result() for part in parts)
    seconds = time.perf_counter() - start
    queries = count * workers * BUDGET
    cpu = 1e6 * busy / queries
    return f"{name:10s} {queries:9,} queries   {seconds:6.1f} s on {workers} cores   {cpu:5.1f} us of CPU each"


if __name__ == "__main__":
    print(f"{os.cpu_count()} cores, {SPACE}, {TASK}, tabulated oracle", file=sys.stderr)
    for searcher in ("local", "evolution"):
        print(million(searcher))
