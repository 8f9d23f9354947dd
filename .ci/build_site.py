"""Build the documentation site: ``python .ci/build_site.py site`` (needs the extra [dev]).

The pages in this folder are copied to a temporary one; those of the commands and of the public names are made from the
code; links to files beside ``docs/`` lead to copies of them. zensical then writes the site, and fails on a dead link.
"""

from __future__ import annotations

import argparse
import importlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from benchmarks.files import write_folder_beside

ROOT = Path(__file__).resolve().parents[1]
FACADES = {
    "surrogates": "Models, look-ups, evaluation",
    "surrogates.search": "Searches",
    "surrogates.search.adapters": "Adapters to other libraries",
    "surrogates.report": "The explorer",
    "surrogates.supernet": "Estimates by supernets",
    "surrogates.dynamic": "Searches for multi-stage networks",
    "surrogates.shards": "Predictions in shards",
    "surrogates.models.graph": "Graph networks",
    "encoders": "Encoders",
    "encoders.pyg": "Graphs for PyTorch Geometric",
    "benchmarks": "Spaces, tasks, tables",
    "benchmarks.spaces": "Spaces",
    "benchmarks.training": "Trainings",
    "benchmarks.training.campaign": "Campaigns",
    "benchmarks.training.supernet": "Supernets",
    "benchmarks.training.dynamic": "Dynamic networks",
}
"""Public modules -> what a page of the reference is called; what they export is public (CONTRIBUTING.md)."""
BESIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CITATION.cff", "LICENSE", "notebooks")
"""What pages link to as ``../NAME``."""
MARKER = ".transnas-surrogates-site"
"""Empty file in a site: its folder may be replaced."""


def stage(folder: Path) -> None:
    """Write everything that zensical reads: ``mkdocs.yml``, and ``docs/`` with the generated pages."""
    docs = folder / "docs"
    places = "".join(f"\n      - {name}: api/{name}.md" for name in FACADES)
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").replace("Python: API", f"Python:{places}")
    (folder / "mkdocs.yml").write_text(settings, encoding="utf-8")
    shutil.copytree(ROOT / "docs", docs, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for package in ("benchmarks", "encoders", "surrogates"):
        shutil.copytree(ROOT / package, folder / package, ignore=_all_but_source)
        for file in (folder / package).rglob("*.py"):  # mkdocstrings knows sections of examples by this name only
            text = file.read_text(encoding="utf-8")
            file.write_text(re.sub(r"^( +)Example:$", r"\1Examples:", text, flags=re.MULTILINE), encoding="utf-8")
    pages = {page.name: page.read_text(encoding="utf-8") for page in docs.glob("*.md")}
    for name, text in pages.items():
        (docs / name).write_text(_bare_pipes(_titled(text.replace("](../", "]("), pages)), encoding="utf-8")
    for name in BESIDE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, docs / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, docs)
    (docs / "commands.md").write_text(commands_page(), encoding="utf-8")
    (docs / "api").mkdir()
    for name, title in FACADES.items():
        (docs / "api" / f"{name}.md").write_text(api_page(name, title), encoding="utf-8")


def _titled(text: str, pages: dict[str, str]) -> str:
    """Links that are named by a file get the title of the page; on GitHub the file says where one is."""

    def title(link: re.Match[str]) -> str:
        page = pages.get(link[1], "")
        return f"[{page.partition(chr(10))[0].removeprefix('# ')}](" if page.startswith("# ") else link[0]

    return re.sub(r"\[([\w-]+\.md)\]\(", title, text)


def _bare_pipes(text: str) -> str:
    r"""GitHub wants ``\|`` in the code of a table, where the site would show the backslash."""
    return re.sub(
        r"^\|.*$", lambda row: re.sub(r"`[^`]+`", lambda code: code[0].replace(r"\|", "|"), row[0]), text, flags=re.M
    )


def _all_but_source(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not (name.endswith(".py") or (Path(folder) / name).is_dir())]


def commands_page() -> str:
    """Markdown: every command with its options, their defaults and its examples, from the typer app."""
    from surrogates.cli.app import app

    lines = ["# Commands", "", "Made from the code; the same as `--help` of each command.", ""]
    for path, command in _commands("surrogates", typer.main.get_command(app)):
        lines += [f"{'#' * min(len(path.split()) + 1, 3)} {path}", "", *_described(command.help or ""), ""]
        context: Any = command.make_context(path, [], resilient_parsing=True)
        lines += ["```text", *command.get_usage(context).removeprefix("Usage: ").splitlines(), "```", ""]
        rows = [record for param in command.params if (record := _record(param, context))]
        if rows:
            lines += ["| option | |", "|---|---|", *rows, ""]
        _, _, examples = (command.epilog or "").partition("Examples:\n")
        if examples.strip():
            lines += ["```bash", *(line.strip() for line in examples.strip().splitlines()), "```", ""]
    return "\n".join(lines)


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """(name as typed, command), the groups before what they hold."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(f"{path} {name}", child)


def _described(text: str) -> list[str]:
    """The paragraphs of a help text; those marked as written line by line stay so."""
    lines: list[str] = []
    for paragraph in text.replace("\r", "").split("\n\n"):
        if paragraph.lstrip().startswith("\b"):
            lines += ["```text", *paragraph.replace("\b", "").strip("\n").splitlines(), "```", ""]
        else:
            lines += [_escaped(" ".join(paragraph.split())), ""]
    return lines[:-1]


def _record(param: Any, context: Any) -> str:
    """A row of the table of options; empty for a hidden one."""
    record = param.get_help_record(context)
    if record is None:
        return ""
    name, text = record
    return f"| `{name}` | {_escaped(text)} |"


def _escaped(text: str) -> str:
    """Text that Markdown and HTML show as it is, in one line."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(text.split()))


def api_page(name: str, title: str) -> str:
    """Markdown that mkdocstrings fills with the docstrings of what the module exports."""
    module = importlib.import_module(name)
    lines = [f"# {name}", "", f"{title}. {(module.__doc__ or '').strip().splitlines()[0]}", ""]
    for public in sorted(set(module.__all__) - {"__version__"}):
        lines += [f"::: {name}.{public}", ""]
    return "\n".join(lines)


def build(out: Path) -> None:
    """Write the site into a folder; an older site there is replaced, nothing else is.

    Raises:
        SystemExit: If the folder holds something else than a site written here, or zensical finds something wrong, such
            as a dead link.
    """
    out = out.resolve()
    check_replaceable(out)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        stage(folder)
        command = [sys.executable, "-m", "zensical", "build", "--strict"]
        done = subprocess.run(command, cwd=folder, check=False)
        if done.returncode:
            sys.exit(done.returncode)
        with write_folder_beside(out) as beside:
            shutil.copytree(folder / "site", beside, dirs_exist_ok=True)
            (beside / MARKER).touch()


def check_replaceable(out: Path) -> None:
    """Refuse a path that is neither free, nor an empty folder, nor a site written here.

    Raises:
        SystemExit: If it is something else.
    """
    if out.is_dir() and ((out / MARKER).is_file() or not any(out.iterdir())):
        return
    if out.exists() or out.is_symlink():
        sys.exit(f"error: expected a new or empty folder, or a site written before (with a file {MARKER}), got {out}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder of the site")
    build(parser.parse_args().out)
