"""The pages: every link and every command in them exists, each has a place in the site; what is generated is whole."""

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main

if sys.version_info < (3, 11):
    pytest.skip("zensical needs Python 3.11", allow_module_level=True)

import mkdocstrings
import zensical

import benchmarks
from surrogates.cli.app import app
from surrogates.cli.chooser import CHOICES
from tests.surrogates.cli.helpers import run

ROOT = Path(benchmarks.__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
TEXTS = {path: path.read_text(encoding="utf-8") for path in (*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md")}
GENERATED = {"commands.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"}
COMMANDS: Any = typer.main.get_command(app)


@pytest.fixture(scope="module")
def site() -> ModuleType:
    """The script that builds the site."""
    spec = importlib.util.spec_from_file_location("build_site", ROOT / ".ci" / "build_site.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def anchors(text: str) -> set[str]:
    """What GitHub and the site call the headings of a page, as far as they agree."""
    outside = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", outside, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", TEXTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", prose(TEXTS[page]))
    for link in links:
        if link.startswith("http"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def test_the_readme_fits_one_hundred_lines() -> None:
    assert len(TEXTS[ROOT / "README.md"].splitlines()) <= 100


def test_every_page_has_one_place_in_the_site() -> None:
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    found = re.findall(r"^ +- (?:[^#:]+: )?([\w./-]+\.md)$", settings, flags=re.MULTILINE)
    assert len(found) == len(set(found))
    assert set(found) - GENERATED == {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}


def test_every_page_is_on_the_first_one() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)", TEXTS[DOCS / "index.md"]))
    assert {page.name for page in PAGES} - {"index.md"} - linked == set(), "pages that docs/index.md does not name"


def test_the_first_page_has_the_goals_of_the_command_line() -> None:
    for command in CHOICES.values():
        assert f"`{command}`" in TEXTS[DOCS / "index.md"]


def command_lines() -> list[tuple[str, str]]:
    """(page, line) of all that looks like a command with arguments, in code spans and in blocks of shell."""
    found: dict[tuple[str, str], None] = {}
    for page, text in TEXTS.items():
        spans = re.findall(r"`(surrogates (?!-> )[^`]+)`", prose(text))
        blocks = re.findall(r"^```(?:bash|console)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
        lines = [re.sub(r"^\$ ", "", line) for block in blocks for line in block.replace("\\\n", " ").splitlines()]
        for command in (*spans, *(line for line in lines if re.match("surrogates (?!-> )", line))):
            found[page.name, " ".join(command.partition(" #")[0].split())] = None
    return list(found)


@pytest.mark.parametrize(("page", "line"), command_lines())
def test_a_command_exists_with_its_options(page: str, line: str) -> None:
    words = shlex.split(re.split(r" [|>&] ", line)[0])[1:]
    found = COMMANDS
    while hasattr(found, "commands"):
        options = {name: option for option in found.params for name in option.opts}
        while words and words[0] in options:
            words = words[1:] if options[words[0]].is_flag else words[2:]
        if not words or words[0] == "--help":
            return
        assert words[0] in found.commands, f"{page}: {line}"
        found = found.commands[words.pop(0)]
    given = {word.partition("=")[0] for word in words if re.match("--?[a-z]", word)}
    assert given <= {name for option in found.params for name in option.opts} | {"--help"}, f"{page}: {line}"


@pytest.mark.parametrize("page", ["quickstart.md"])
def test_a_console_shows_what_the_command_prints(page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```console\n\$ (.+?)\n(.*?)^```", TEXTS[DOCS / page], flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 2
    for line, printed in blocks:
        result = run(*shlex.split(line)[1:])
        assert result.exit_code == 0
        assert result.stdout == printed


def test_the_page_of_commands_has_every_option(site: ModuleType) -> None:
    text = site.commands_page()

    def check(path: str, command: Any) -> None:
        section = re.search(rf"^#+ {path}\n(.*?)(?=^#+ |\Z)", text, flags=re.DOTALL | re.MULTILINE)
        assert section is not None, path
        for param in command.params:
            if param.param_type_name == "option" and not getattr(param, "hidden", False) and param.name != "help":
                assert param.opts[0] in section[1], f"{path}: {param.opts}"
        for name, child in getattr(command, "commands", {}).items():
            check(f"{path} {name}", child)

    check("surrogates", COMMANDS)
    assert "\b" not in text


def test_the_reference_has_the_public_modules(site: ModuleType) -> None:
    """Those that CONTRIBUTING.md calls public by all their names."""
    (sentence,) = re.findall(
        r"are the names that a package's `__init__` exports(.*?), and `to_data`",
        TEXTS[ROOT / "CONTRIBUTING.md"],
        re.DOTALL,
    )
    assert set(re.findall(r"`([a-z_.]+)`", sentence)) <= set(site.FACADES)
    page = site.api_page("encoders", "Encoders")
    assert "::: encoders.GraphFeatures\n" in page
    assert "__version__" not in page


def test_pages_in_the_site_have_titles_for_links_and_bare_pipes(
    site: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "FACADES", {"encoders.pyg": "Graphs"})
    monkeypatch.setattr(site, "commands_page", lambda: "# Commands\n")
    site.stage(tmp_path)
    staged = (tmp_path / "docs" / "architectures.md").read_text(encoding="utf-8")
    assert "| `nasbench201` | `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|` |" in staged
    assert "[Spaces of your own](spaces.md)" in staged
    index = (tmp_path / "docs" / "index.md").read_text(encoding="utf-8")
    assert "](../" not in index
    assert (tmp_path / "docs" / "CHANGELOG.md").exists()
    assert "Examples:" in (tmp_path / "encoders" / "base.py").read_text(encoding="utf-8")


def test_only_a_site_is_replaced(site: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def zensical_run(command: list[str], cwd: Path, check: bool) -> subprocess.CompletedProcess[str]:
        (cwd / "site").mkdir()
        (cwd / "site" / "index.html").write_text("new")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(site, "stage", lambda folder: None)
    monkeypatch.setattr(site.subprocess, "run", zensical_run)
    mine, ours = tmp_path / "docs", tmp_path / "site"
    mine.mkdir()
    (mine / "index.html").write_text("mine")
    monkeypatch.chdir(tmp_path)
    for out in (mine, tmp_path, Path(), mine / "index.html"):
        with pytest.raises(SystemExit, match="expected a new or empty folder, or a site written before"):
            site.build(out)
    assert (mine / "index.html").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs"]
    site.build(ours)
    (ours / "old.html").touch()
    site.build(Path("site"))  # again
    assert sorted(path.name for path in ours.iterdir()) == [site.MARKER, "index.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs", "site"]


def test_a_dead_link_ends_the_build(site: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole site is built by .ci/run; here a page of its own, with the same settings."""
    assert mkdocstrings.__name__ in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    monkeypatch.setattr(site, "FACADES", {"encoders.pyg": "Graphs"})
    monkeypatch.setattr(site, "commands_page", lambda: "# Commands\n")
    site.stage(tmp_path)
    for page in (tmp_path / "docs").rglob("*.md"):
        page.write_text("# Page\n")
    command = [sys.executable, "-m", zensical.__name__, "build", "--strict"]
    good = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stdout + good.stderr
    (tmp_path / "docs" / "index.md").write_text("# Page\n\n[nowhere](nowhere.md)\n")
    bad = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert bad.returncode != 0
    assert "page does not exist" in bad.stdout + bad.stderr
    pages = [*(tmp_path / "site").rglob("*.html")]
    assert pages
    sources = re.findall(r'(?:src|href)="(https?://[^"]+)"', (tmp_path / "site" / "index.html").read_text("utf-8"))
    assert [url for url in sources if "zensical.org" not in url] == [], "nothing is loaded from the network"
