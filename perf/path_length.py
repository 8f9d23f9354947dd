"""How long a way a command walks: which files of this repository its functions live in.

    python perf/path_length.py                       # the usual commands, one line each
    python perf/path_length.py lookup 64-2311-basic  # one command, its files one a line

A file counts if one of its functions is called while the command runs; what runs while a module is imported does not,
nor does the store, nor a space, nor the `__init__` of a package. Each command runs in this process, its output thrown
away; processes that it starts are not looked into.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = tuple(f"{ROOT / name}/" for name in ("surrogates", "encoders", "benchmarks"))
LEFT_OUT = (f"{ROOT}/surrogates/store/", f"{ROOT}/benchmarks/spaces/")
MOST = 15
"""What `lookup`, `fit`, `search` and `search-benchmark` are to keep to."""
USUAL = {
    "lookup": ["lookup", "64-41414-3_33_333"],
    "search": ["search", "--space", "transnas101-micro", "--task", "jigsaw", "--budget", "30"],
    "search-benchmark": [
        *("search-benchmark", "rooms-mini", "--space", "transnas101-macro", "--out", "{folder}/study"),
        *("--task", "jigsaw", "--budget", "10", "--seeds", "0,1", "--train-rows", "50"),
    ],
    "fit": ["fit", "rooms-mini", "--space", "transnas101-macro", "--task", "jigsaw", "--out", "{folder}/model"],
}


def files_of(command: Sequence[str]) -> list[str]:
    """The files whose functions a command calls, relative to the repository, in the order of their first call."""
    from surrogates.cli.app import app

    seen: dict[str, None] = {}

    def watch(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or code.co_filename in seen or not code.co_filename.startswith(PACKAGES):
            return
        if not _importing(frame):
            seen[code.co_filename] = None

    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
            code = app(list(command), standalone_mode=False)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    if code:
        raise SystemExit(f"{' '.join(command)}: exit code {code}: {said.getvalue()}")
    counted = [name for name in seen if not name.startswith(LEFT_OUT) and not name.endswith("__init__.py")]
    return [str(Path(name).relative_to(ROOT)) for name in counted]


def _importing(frame: FrameType | None) -> bool:
    """Whether a module is being run further up."""
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename.startswith(PACKAGES):
            return True
        frame = frame.f_back
    return False


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 1 and sys.argv[1] not in USUAL or len(sys.argv) > 2:
            print(*files_of(sys.argv[1:]), sep="\n")
        else:
            for name in sys.argv[1:] or USUAL:
                found = files_of([word.format(folder=folder) for word in USUAL[name]])
                print(f"{name}: {len(found)} files, at most {MOST} wanted\n  " + "\n  ".join(found))
