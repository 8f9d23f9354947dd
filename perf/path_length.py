"""Number of source files on the call path of a command.

    python perf/path_length.py                       # the default commands
    python perf/path_length.py search fit            # some of them
    python perf/path_length.py lookup 64-2311-basic  # any command

A file counts if one of its functions is called while the command runs. Calls during the import of a module do not
count, and neither do the store, the spaces and the `__init__` of packages. Files called only inside a method (a
searcher, model or encoder that the user names) are listed separately. Each command runs in this process and its output
is discarded; child processes are not traced.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = tuple(f"{ROOT / name}/" for name in ("surrogates", "encoders", "benchmarks"))
LEFT_OUT = (f"{ROOT}/surrogates/store/", f"{ROOT}/benchmarks/spaces/")
METHODS = (f"{ROOT}/surrogates/search/searchers/", f"{ROOT}/surrogates/models/", f"{ROOT}/encoders/")
MOST = 15
"""Target for the number of files of `lookup`, `fit`, `search` and `search-benchmark`."""
USUAL = {
    "lookup": ["lookup", "64-41414-3_33_333"],
    "fit": ["fit", "rooms-mini", "--space", "transnas101-macro", "--task", "jigsaw", "--out", "{folder}/model"],
    "search": ["search", "--space", "transnas101-micro", "--task", "jigsaw", "--budget", "30"],
    "search-benchmark": [
        *("search-benchmark", "rooms-mini", "--space", "transnas101-macro", "--out", "{folder}/study"),
        *("--task", "jigsaw", "--budget", "10", "--seeds", "0,1", "--train-rows", "12"),
    ],
}


def files_of(command: Sequence[str]) -> tuple[list[str], list[str]]:
    """The files whose functions a command calls, and those called only inside its methods, relative to the repository.

    Both lists are in the order of the first call.
    """
    from surrogates.cli.app import app

    ours: dict[str, None] = {}
    inside: dict[str, None] = {}

    def watch(frame: FrameType, event: str, _: object) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file not in ours and file.startswith(PACKAGES) and not _importing(frame):
            (inside if _within_method(frame.f_back) else ours)[file] = None

    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
            code = app(list(command), standalone_mode=False)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    if code:
        raise SystemExit(f"{' '.join(command)}: exit code {code}: {said.getvalue()}")
    return _counted(ours), _counted(file for file in inside if file not in ours)


def _counted(files: Iterable[str]) -> list[str]:
    kept = [file for file in files if not file.startswith(LEFT_OUT) and not file.endswith("__init__.py")]
    return [str(Path(file).relative_to(ROOT)) for file in kept]


def _importing(frame: FrameType | None) -> bool:
    """Whether the frame or one of its callers executes the import of a module of this repository."""
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename.startswith(PACKAGES):
            return True
        frame = frame.f_back
    return False


def _within_method(frame: FrameType | None) -> bool:
    """Whether the frame or one of its callers belongs to a method."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(METHODS):
            return True
        frame = frame.f_back
    return False


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        usual = set(sys.argv[1:]) <= set(USUAL)
        for name in (sys.argv[1:] or USUAL) if usual else [sys.argv[1]]:
            words = [word.format(folder=folder) for word in USUAL[name]] if usual else sys.argv[1:]
            way, methods = files_of(words)
            print(
                f"{name}: {len(way)} files (target: at most {MOST}), and {len(methods)} inside its methods", flush=True
            )
            print(*(f"  {file}" for file in way), *(f"  (method) {file}" for file in methods), sep="\n")
