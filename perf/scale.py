"""Predictions by the million: rows a second, peak memory, and machine-hours to a billion, for growing numbers of rows.

Every number of rows is predicted in a fresh folder by two processes that share its shards. Peak memory is that of the
larger process, with its libraries. Seconds of CPU time are of both, without their start (imports, model), which is
timed by itself. Memory is flat if the last column does not grow.

    python perf/scale.py             # 10^5 and 10^6 cells in open skeletons, 10^4 skeletons; two minutes, offline
    python perf/scale.py --large     # and 10^7 cells
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.spaces import enumerate_space

PROCESSES = 2
CELLS, SKELETONS = "transnas101-micro", "transnas101-macro"
CASES = [
    ("10^5", CELLS, "3-3", "64"),
    ("10^6", CELLS, "1-4", "32,64,128"),
    ("10^4", SKELETONS, "1-5", "16,32,64,128,256,512,1024"),
]
LARGE = ("10^7", CELLS, "1-6", "32,64")
BILLION = 1e9


def rows_of(space: str, modules: str, widths: str) -> int:
    """Number of rows of a case."""
    low, high = map(int, modules.split("-"))
    return len(enumerate_space(space, (low, high), [int(width) for width in widths.split(",")]))


def cpu_of_children() -> float:
    """Seconds of CPU time of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def predict(space: str, modules: str, widths: str, folder: Path, shards: int) -> tuple[float, float, float, float]:
    """Seconds of wall time, of CPU time, the largest peak in MB, and bytes a row, of processes that share shards."""
    program = (
        "import resource, sys; from surrogates.cli import main\n"
        "try: main()\n"
        "finally: open(sys.argv[-1] + '/' + str(__import__('os').getpid()) + '.peak', 'w').write("
        "str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))"
    )
    command = [sys.executable, "-c", program, "predict", space, "--space", space, "--modules", modules]
    command += ["--widths", widths, "--shards", str(shards), "--out", str(folder)]
    folder.mkdir()
    begun, before = time.perf_counter(), cpu_of_children()
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(PROCESSES)]
    if sum(process.wait() for process in running):
        raise SystemExit("a process failed")
    seconds, cpu = time.perf_counter() - begun, cpu_of_children() - before
    peaks = [int(file.read_text()) / 1024 for file in folder.glob("*.peak")]
    size = sum(file.stat().st_size for file in folder.glob("*.parquet"))
    return seconds, cpu, max(peaks), size


def main() -> None:
    """Print one line for each number of rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--large", action="store_true", help="10^7 rows as well")
    cases = [*CASES, *([LARGE] if parser.parse_args().large else [])]
    with tempfile.TemporaryDirectory() as place:
        start = predict(SKELETONS, "1-1", "64", Path(place) / "start", 1)
        print(f"start of {PROCESSES} processes: {start[1]:.1f} s of CPU time, peak {start[2]:.0f} MB", flush=True)
        for name, space, modules, widths in cases:
            rows = rows_of(space, modules, widths)
            batch = 314_624 if space == CELLS else 4096
            shards = min(max(rows // batch, 1), 16)
            seconds, cpu, peak, size = predict(space, modules, widths, Path(place) / f"{space}{name}", shards)
            rate = rows / max(cpu - start[1], 1e-9)
            print(
                f"{name}  {space}  {rows:12,} rows  {seconds:7.1f} s  {cpu:7.1f} s CPU  {rate:9,.0f} rows/s of CPU  "
                f"10^9: {BILLION / rate / 3600:6.1f} core-hours, {BILLION * size / rows / 1e9:4.0f} GB  "
                f"peak {peak:.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
