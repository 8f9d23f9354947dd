"""Run all notebooks, as many at once as there are cores, and show the cell that fails: `python .ci/run_notebooks.py`.

One process starts all kernels, so that no two get the same ports: two processes that look for free ports at the same
moment may, and then a kernel never answers (https://github.com/treebeardtech/nbmake/issues/129).
"""

import asyncio
import sys
import time
from pathlib import Path

import joblib
import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SECONDS = 900  # a cell, or the start of a kernel


async def run(path: Path, cores: asyncio.Semaphore) -> str:
    """What went wrong in the notebook at `path`, or nothing."""
    notebook = nbformat.read(path, as_version=4)
    folder = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=SECONDS, startup_timeout=SECONDS, resources=folder)
    async with cores:
        start = time.monotonic()
        try:
            await client.async_execute()
        except Exception as error:  # shown below, when all have run
            return f"{path.name}: {error}"
    print(f"{path.name}: {client.code_cells_executed} cells, {time.monotonic() - start:.0f} s", flush=True)
    return ""


async def main() -> int:
    """The exit status."""
    cores = asyncio.Semaphore(joblib.cpu_count())
    failures = await asyncio.gather(*(run(path, cores) for path in sorted(NOTEBOOKS.glob("*.ipynb"), reverse=True)))
    print(*filter(None, failures), sep="\n\n")
    return int(any(failures))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
