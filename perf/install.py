"""What an installation costs: packages, disk space, time, and the first look-up, each in an environment of its own.

``python perf/install.py`` measures the core, ``python perf/install.py core all`` also the extra ``[all]``. pip fetches
everything (``--no-cache-dir``), so the time depends on the network; the CPU time does not.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
QUESTION = "64-41414-3_33_333"


def measure(extra: str, folder: Path) -> str:
    """Install into a new environment; one line of figures, then the largest packages."""
    venv.create(folder, with_pip=True)
    python, command = folder / "bin" / "python", folder / "bin" / "surrogates"
    before = _megabytes(folder)
    wanted = str(ROOT) if extra == "core" else f"{ROOT}[{extra}]"
    start = time.perf_counter()
    worked = _cpu([python, "-m", "pip", "install", "--quiet", "--no-cache-dir", wanted], folder)
    installed = time.perf_counter() - start
    asked = [_cpu([command, "lookup", QUESTION], folder) for _ in range(2)]
    (packages,) = (folder / "lib").glob("python*/site-packages")
    largest = sorted(((_megabytes(path), path.name) for path in packages.iterdir() if path.is_dir()), reverse=True)[:6]
    return (
        f"{extra:6} {len(list(packages.glob('*.dist-info'))) - 1:4} packages {_megabytes(folder) - before:7,.0f} MB "
        f"{installed:5.0f} s, {worked:.0f} s of CPU; first look-up {asked[0]:.1f} s of CPU, second {asked[1]:.1f} s\n"
        f"       {', '.join(f'{name} {size:.0f} MB' for size, name in largest)}"
    )


def _cpu(command: list[str | Path], folder: Path) -> float:
    """Run a command; the seconds of CPU time that it took, with its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extras", nargs="*", default=["core"], help="core, or names of extras")
    print(f"Python {sys.version.partition(' ')[0]}, {sys.platform}")
    for name in parser.parse_args().extras:
        with tempfile.TemporaryDirectory() as work:
            print(measure(name, Path(work) / "env"), flush=True)
