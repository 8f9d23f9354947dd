"""The house, read from its source: arrows that point one way, no circle, one meaning for a name, no private calls."""

import ast
import importlib
import inspect
import pkgutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import benchmarks
import encoders
import surrogates

PACKAGES = (benchmarks, encoders, surrogates)
ROOT = Path(benchmarks.__file__).parents[1]
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in sorted((ROOT / package.__name__).rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}
MODULES = [
    info.name
    for package in PACKAGES
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    if not info.name.endswith("__main__")
]
MAY_IMPORT = {
    "benchmarks": {"benchmarks"},
    "encoders": {"benchmarks", "encoders"},
    "surrogates": {"benchmarks", "encoders", "surrogates"},
}


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(module, name) of every import, wherever it stands: in a function and for type checkers only as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield from ((node.module or "", alias.name) for alias in node.names)


def _offered() -> dict[tuple[str, str], str]:
    """(package, name) -> the module that a package's ``__init__`` takes the name from."""
    return {
        (name, public): module
        for name, path in FILES.items()
        if path.name == "__init__.py"
        for module, public in _imports(TREES[name])
        if module in FILES
    }


def _graph() -> dict[str, set[str]]:
    """Module -> modules it imports; a name taken from a package counts as taken from where it is defined."""
    offered = _offered()
    graph: dict[str, set[str]] = {name: set() for name in FILES}
    for importer, path in FILES.items():
        if path.name == "__init__.py":
            continue  # it only hands names on
        for module, name in _imports(TREES[importer]):
            target = f"{module}.{name}" if f"{module}.{name}" in FILES else module
            while (target, name) in offered:
                target = offered[target, name]
            if target in FILES and FILES[target].name != "__init__.py":
                graph[importer].add(target)
    return graph


def _circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Strongly connected components of two modules or more (Tarjan, 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = [stack.pop()]
            while component[-1] != node:
                component.append(stack.pop())
            if len(component) > 1:
                found.append(sorted(component))

    for node in graph:
        if node not in index:
            visit(node)
    return found


def test_circles_are_found() -> None:
    assert _circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [["a", "b", "c"]]


def test_no_module_reaches_itself() -> None:
    assert _circles(_graph()) == []


@pytest.mark.parametrize("name", FILES)
def test_arrows_point_one_way(name: str) -> None:
    own = name.partition(".")[0]
    assert {module.partition(".")[0] for module, _ in _imports(TREES[name])} & set(MAY_IMPORT) <= MAY_IMPORT[own]


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_what_it_is(name: str) -> None:
    assert ast.get_docstring(TREES[name])


@pytest.mark.parametrize("name", FILES)
def test_nothing_private_of_another_object_is_used(name: str) -> None:
    """``self``, ``cls`` and ``super()`` may; ``_asdict`` and its like are how named tuples spell public methods."""
    public = {"_asdict", "_replace", "_fields", "_exit"}
    private = [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and node.attr not in public
        and ast.unparse(node.value) not in ("self", "cls", "super()")
    ]
    assert not private


def test_what_subclasses_override_is_public() -> None:
    classes: dict[str, tuple[list[str], set[str]]] = {}
    for tree in TREES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
                classes[node.name] = bases, {part.name for part in node.body if isinstance(part, ast.FunctionDef)}

    def ancestors(name: str) -> Iterator[str]:
        for base in classes.get(name, ([], set()))[0]:
            yield base
            yield from ancestors(base)

    hidden = {
        f"{name}.{method}"
        for name, (_, methods) in classes.items()
        for base in ancestors(name)
        for method in methods & classes.get(base, ([], set()))[1]
        if method.startswith("_") and not method.startswith("__")
    }
    assert not hidden


def _defined(tree: ast.Module) -> set[str]:
    """Names that a module defines itself and lists in ``__all__``."""
    own: set[str] = set()
    listed: set[str] = set()
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            own.add(node.name)
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Name):
                own.add(target.id)
                if target.id == "__all__" and isinstance(getattr(node, "value", None), ast.List):
                    listed = {entry.value for entry in node.value.elts}  # type: ignore[union-attr]
    return own & listed


def test_a_public_name_means_one_thing() -> None:
    """Commands are named after the function they call, so `surrogates.cli` is left out."""
    homes = defaultdict(list)
    for name, tree in TREES.items():
        if not name.startswith("surrogates.cli"):
            for public in _defined(tree):
                homes[public].append(name)
    assert {public: where for public, where in homes.items() if len(where) > 1} == {}


@pytest.mark.parametrize("name", [*(package.__name__ for package in PACKAGES), *MODULES])
def test_public_names_exist_and_are_explained(name: str) -> None:
    module = importlib.import_module(name)
    names = getattr(module, "__all__", [])
    assert len(set(names)) == len(names)
    for public in names:
        value = getattr(module, public)
        if inspect.isclass(value) and value.__module__ == name:
            methods = [part for part in vars(value) if not part.startswith("_") and callable(getattr(value, part))]
            unexplained = [part for part in methods if not inspect.getdoc(getattr(value, part))]
            assert not unexplained, f"{public}: {unexplained}"


@pytest.mark.parametrize("name", [name for name, path in FILES.items() if path.name == "__init__.py"])
def test_a_package_says_what_is_public(name: str) -> None:
    package = importlib.import_module(name)
    assert isinstance(package.__all__, list)
    assert set(package.__all__) <= set(dir(package))
