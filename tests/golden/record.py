"""``python -m tests.golden.record [CASE ...]``: writes the golden numbers that the code gives now."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.golden.cases import CASES, DATA_CASES

FILE = Path(__file__).with_name("golden.json")


def main(names: list[str]) -> None:
    """Compute some of the cases, all that can be by default, and write them."""
    known = {**CASES, **(DATA_CASES if "NAS_DATA" in os.environ else {})}
    kept = json.loads(FILE.read_text()) if FILE.exists() else {}
    for name in names or known:
        kept[name] = known[name]()
        print(name, flush=True)
        FILE.write_text(json.dumps(dict(sorted(kept.items())), indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
