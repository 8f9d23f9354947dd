"""Graphs of the user's own as Python lists, JSON lines or networkx graphs: checked, with errors that name the place."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import limits
from benchmarks.errors import SpaceError, shown
from benchmarks.files import read_file
from benchmarks.json_text import read_json
from benchmarks.short_repr import ShortRepr

__all__ = [
    "GraphFile",
    "GraphLists",
    "check_graph",
    "check_name",
    "check_space_name",
    "graphs_of_networkx",
    "read_graph_lines",
]


_GZIP = b"\x1f\x8b"
_LABELS = ("op", "operation", "label")
_SPACE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


class GraphLists(NamedTuple):
    """A graph that was checked, apart from cycles: operations, and pairs (source, target) of positions in that list."""

    nodes: list[str]
    edges: list[tuple[int, int]]


@dataclass(frozen=True, repr=False)
class GraphFile(ShortRepr):
    """What a file of graphs says: the graphs by name, and what its first line may say of the space.

    Attributes:
        graphs: Name -> operations and edges.
        about: ``space`` (its name), ``open`` and ``tasks``, as far as the file has them.
    """

    graphs: dict[str, GraphLists]
    about: dict[str, Any] = field(default_factory=dict)


def read_graph_lines(path: str | Path) -> GraphFile:
    r"""Read graphs from JSON lines, gzipped or not: one object a line with ``arch``, ``nodes`` and ``edges``.

    Other keys and blank lines are ignored. The first line may be ``{"space": ..., "open": ..., "tasks": [...]}``.

    Raises:
        SpaceError: If the file cannot be read, has no graph, or one of them is broken; names the line.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "mine.jsonl"
        >>> _ = path.write_text('{"arch": "a", "nodes": ["conv", "pool"], "edges": [[0, 1]]}\n')
        >>> read_graph_lines(path).graphs
        {'a': GraphLists(nodes=['conv', 'pool'], edges=[(0, 1)])}
    """
    graphs: dict[str, GraphLists] = {}
    first_line: dict[str, int] = {}
    about: dict[str, Any] = {}
    for number, line in _lines(path):
        where = f"{str(path)!r:.{limits.SHOWN}}, line {number}"
        try:
            entry = read_json(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except ValueError as error:  # bad JSON or bad UTF-8
            found = f"{shown(_text(line))} ({_reason(error)})"
            raise SpaceError(f"{where}: expected a JSON object with arch, nodes and edges, got {found}") from None
        if not isinstance(entry, dict):
            raise SpaceError(f"{where}: expected a JSON object with arch, nodes and edges, got {shown(entry)}")
        if "space" in entry and "arch" not in entry and not graphs and not about:
            about = _about(entry, where)
            continue
        if missing := [key for key in ("arch", "nodes", "edges") if key not in entry]:
            raise SpaceError(f"{where}: expected the keys arch, nodes and edges; missing: {', '.join(missing)}")
        arch = check_name(entry["arch"], where)
        if arch in graphs:
            raise SpaceError(f"{where}: expected a name a graph, got {shown(arch)}, that of line {first_line[arch]}")
        graphs[arch] = check_graph(entry["nodes"], entry["edges"], f"{where} ({shown(arch)})")
        first_line[arch] = number
        if len(graphs) > limits.ROWS:
            raise SpaceError(f"{where}: expected at most {limits.ROWS:,} graphs, got more")
    if not graphs:
        raise SpaceError(f"{str(path)!r:.{limits.SHOWN}}: expected at least one graph, got none")
    return GraphFile(graphs, about)


def graphs_of_networkx(graphs: Mapping[str, Any], label: str | None = None) -> dict[str, GraphLists]:
    """Operations and edges of directed graphs of networkx, by name; nodes in the order of each graph.

    Args:
        graphs: Name -> graph.
        label: Node attribute with the operation; if not given, the first of ``op``, ``operation`` and ``label`` that
            the nodes of a graph have.

    Raises:
        SpaceError: If one is not directed, or is broken; names it.
    """
    if not isinstance(graphs, Mapping):
        raise SpaceError(f"expected a dictionary of names and graphs, got {shown(graphs)}")
    found = {}
    for name, graph in graphs.items():
        where = f"graph {shown(name)}"
        check_name(name, "names of graphs")
        if not all(hasattr(graph, attribute) for attribute in ("nodes", "edges", "is_directed")):
            raise SpaceError(f"{where}: expected a directed graph of networkx, got {shown(graph)}")
        if not graph.is_directed():
            raise SpaceError(f"{where}: expected a directed graph, got an undirected one ({type(graph).__name__})")
        place = {node: position for position, node in enumerate(graph.nodes)}
        known = [label] if label is not None else [key for key in _LABELS if any(key in graph.nodes[n] for n in place)]
        key = (known or _LABELS)[0]
        operations = []
        for node in place:
            if key not in graph.nodes[node]:
                has = ", ".join(map(repr, graph.nodes[node])) or "none"
                raise SpaceError(
                    f"{where}: expected the operation of node {shown(node)} in its attribute {key!r}, got the "
                    f"attributes {has:.{limits.SHOWN}}; from_networkx(graphs, label=...) names another"
                )
            operations.append(graph.nodes[node][key])
        edges = [(place[edge[0]], place[edge[1]]) for edge in graph.edges]
        found[str(name)] = check_graph(operations, edges, where)
    return found


def check_graph(nodes: Any, edges: Any, where: str) -> GraphLists:
    """The operations and edges of one graph, checked apart from cycles.

    Raises:
        SpaceError: If an operation has no label, or an edge is not one; names the node or edge.

    Example:
        >>> check_graph(["conv", "pool"], [[0, 2]], "graph 'a'")
        Traceback (most recent call last):
        ...
        benchmarks.errors.SpaceError: graph 'a', edge 0: expected two of its nodes 0 to 1, got node 2
    """
    if not isinstance(nodes, (list, tuple)) or not 0 < len(nodes) <= limits.NODES:
        came = f"{len(nodes):,} entries" if isinstance(nodes, (list, tuple)) else shown(nodes)
        raise SpaceError(f"{where}: expected nodes to be a list of 1 to {limits.NODES:,} operations, got {came}")
    for position, label in enumerate(nodes):
        if not _is_text(label):
            raise SpaceError(f"{where}, node {position}: expected the name of its operation, got {shown(label)}")
    if not isinstance(edges, (list, tuple)):
        raise SpaceError(f"{where}: expected edges to be a list of pairs of nodes, got {shown(edges)}")
    last = len(nodes) - 1
    pairs = []
    for position, edge in enumerate(edges):
        if type(edge) not in (list, tuple) or len(edge) != 2 or not all(type(end) is int for end in edge):
            raise SpaceError(f"{where}, edge {position}: expected a pair of whole numbers, got {shown(edge)}")
        source, target = edge
        if not (0 <= source <= last and 0 <= target <= last):
            missing = target if 0 <= source <= last else source
            raise SpaceError(
                f"{where}, edge {position}: expected two of its nodes 0 to {last}, got node {shown(missing)}"
            )
        if source == target:
            raise SpaceError(f"{where}, edge {position}: expected two different nodes, got {source} twice")
        pairs.append((source, target))
    if len(set(pairs)) < len(pairs):
        twice = next(pair for pair in pairs if pairs.count(pair) > 1)
        raise SpaceError(f"{where}: expected each edge once, got {list(twice)} more than once")
    return GraphLists(list(nodes), pairs)


def check_name(name: Any, where: str) -> str:
    """The name of a graph: an architecture string.

    Raises:
        SpaceError: If it is not a printable text, or starts or ends with a space.

    Example:
        >>> check_name("cell7", "line 1")
        'cell7'
    """
    if not _is_text(name):
        raise SpaceError(
            f"{where}: expected a printable text of 1 to {limits.STRING:,} characters, without space around it, as the "
            f"name of a graph, got {shown(name)}"
        )
    return str(name)


def check_space_name(name: Any) -> str:
    """The name of a space: letters, digits, ``-`` and ``_``.

    Raises:
        SpaceError: If it is something else.

    Example:
        >>> check_space_name("my-cells")
        'my-cells'
    """
    if not isinstance(name, str) or not _SPACE_NAME.fullmatch(name):
        raise SpaceError(f"expected a name of letters, digits, - and _, at most 100, for a space, got {shown(name)}")
    return name


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= limits.STRING and value.isprintable() and value == value.strip()


def _about(entry: dict[str, Any], where: str) -> dict[str, Any]:
    """What the first line says of the space, checked."""
    kinds = {"space": str, "open": bool, "tasks": list}
    for key, value in entry.items():
        if key not in kinds or not isinstance(value, kinds[key]):
            raise SpaceError(
                f'{where}: expected {{"space": name, "open": true or false, "tasks": [names]}}, got {key!r:.50}: '
                f"{shown(value)}"
            )
    if not all(_is_text(task) for task in entry.get("tasks", [])):
        raise SpaceError(f"{where}: expected names of tasks, got {shown(entry['tasks'])}")
    return entry


def _lines(path: str | Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, with their numbers from 1."""
    try:
        data = read_file(path, limits.TEXT_BYTES)
        if data.startswith(_GZIP):
            with gzip.open(io.BytesIO(data)) as file:
                data = file.read(limits.TEXT_BYTES + 1)
    except FileNotFoundError:
        raise SpaceError(
            f"expected a file of graphs, got {str(path)!r:.{limits.SHOWN}}, which does not exist"
        ) from None
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise SpaceError(f"{str(path)!r:.{limits.SHOWN}}: cannot be read: {_reason(error)}") from error
    if len(data) > limits.TEXT_BYTES:
        raise SpaceError(f"{str(path)!r:.{limits.SHOWN}}: expected at most {limits.TEXT_BYTES:,} bytes, got more")
    return ((number, line) for number, line in enumerate(_split(data), start=1) if line.strip())


def _split(data: bytes) -> Iterable[bytes]:
    return io.BytesIO(data)


def _text(line: bytes) -> str:
    return line[: limits.SHOWN].decode("utf-8", errors="replace").strip()


def _reason(error: BaseException) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split())[: limits.SHOWN] or type(error).__name__
