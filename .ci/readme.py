"""Print the README's first command (``lookup``), what it says that prints (``answer``), or its second (``test``)."""

import re
import sys
from pathlib import Path

TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
PATTERNS = {
    "lookup": r"^```console\n\$ (pip install \. && .*)\n",
    "answer": r"^```console\n\$ pip install \. && .*\n((?:(?!```).*\n)+)```",
    "test": r"^```bash\n(pip install -e .* && .*)\n```",
}


def main(what: str) -> None:
    """Write it to stdout; exit with a message if the README has it no longer."""
    found = re.search(PATTERNS[what], TEXT, flags=re.MULTILINE)
    if found is None:
        sys.exit(f"README.md: expected {PATTERNS[what]!r}")
    print(found[1].rstrip("\n"))


if __name__ == "__main__":
    main(sys.argv[1])
