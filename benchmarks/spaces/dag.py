"""Spaces of the user's own: any set of directed acyclic graphs whose nodes have an operation."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import limits
from benchmarks.errors import ArchitectureError, SpaceError, did_you_mean, shown
from benchmarks.files import write_beside
from benchmarks.forks import cached_property
from benchmarks.graph import ArchGraph, GraphBatch, kind_id
from benchmarks.json_text import read_json
from benchmarks.spaces.cell import Operation
from benchmarks.spaces.dag_files import (
    GraphLists,
    check_graph,
    check_name,
    check_space_name,
    graphs_of_networkx,
    read_graph_lines,
)
from benchmarks.spaces.dag_graphs import Dags
from benchmarks.spaces.isomorphism import canonical_order, colour_hashes, first_equals, label_hashes
from benchmarks.spaces.nasbench201 import NASBench201
from benchmarks.spaces.similarity import nearest, signatures, similar_pairs
from benchmarks.spaces.space import Space
from benchmarks.spaces.transnas_micro import TransNASMicro

__all__ = ["Dag", "DagSpace"]

_NEIGHBORS = 8
_SEARCHED = 2000  # names that a message searches for a similar one
_PASSES = ("input", "output", "in", "out")


class Dag(NamedTuple):
    """A graph: its architecture string, the operation of each node in topological order, and pairs (source, target)."""

    arch: str
    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]


class DagSpace(Space):
    """A set of directed acyclic graphs with labelled operations; each has a name, which is its architecture string.

    Graphs that differ only in the order of their nodes are one function; the first of them stands for all. Neighbours
    of a graph are the eight most similar ones, by counts of small neighbourhoods, and those that it is neighbour of;
    a graph equal to an earlier one has that one as its only neighbour.

    An open space has further architectures: a graph written out, as `written` returns it. It may have more nodes, but
    only operations of the listed graphs; it is predicted, and reported as out of domain.

    What the operations do is not known beyond their name, so there is no network to train, and no costs. For those,
    write a `Space` with a ``network_graph``.

    Args:
        name: Name of the space, of letters, digits, ``-`` and ``_``.
        graphs: Architecture string -> (operation of each node, pairs (source, target) of positions in that list).
        open: Whether graphs that are not listed are architectures as well.
        tasks: Names of the tasks that it has results for, if that is to be told.

    Attributes:
        open: As given.

    Raises:
        SpaceError: If there is no graph, or one of them is broken or has a cycle; names it.

    Example:
        >>> chain = (["input", "conv3x3", "output"], [(0, 1), (1, 2)])
        >>> same = (["output", "input", "conv3x3"], [(1, 2), (2, 0)])
        >>> space = DagSpace("mine", {"a": chain, "b": same, "c": (["input", "output"], [(0, 1)])}, open=True)
        >>> space
        <mine: 3 architectures, 0 tasks>
        >>> space.canonicals(["a", "b", "c", space.written(*same)])
        ['a', 'a', 'c', 'a']
        >>> space.parse("b").nodes
        ('input', 'conv3x3', 'output')
    """

    has_networks = False
    input_size = 0

    def __init__(self, name: str, graphs: Mapping[str, Any], *, open: bool = False, tasks: Sequence[str] = ()) -> None:
        self.name = check_space_name(name)
        if not graphs:
            raise SpaceError("expected at least one graph, got none")
        lists = [_checked(graph, arch) for arch, graph in graphs.items()]
        self.open, self.tasks = bool(open), tuple(tasks)
        self.own_operations = tuple(sorted({label for nodes, _ in lists for label in nodes}))
        self.example = next(iter(graphs))
        self.notation = "names of graphs" + (f", or {name}:{{...}} (a graph written out)" if self.open else "")
        self._names = tuple(graphs)
        number = {label: index for index, label in enumerate(self.own_operations)}
        try:
            self._dags = Dags.from_lists([[number[label] for label in own] for own, _ in lists], [e for _, e in lists])
        except ValueError as error:
            arch = self._names[error.args[1]]
            raise SpaceError(f"graph {shown(arch)}: expected a graph without cycles, got one with a cycle") from None

    @classmethod
    def from_jsonl(
        cls, path: str | Path, *, name: str | None = None, open: bool | None = None, tasks: Sequence[str] | None = None
    ) -> DagSpace:
        """Read a space from JSON lines (also gzipped), one graph a line.

        A line is ``{"arch": "a", "nodes": ["input", "conv3x3", "output"], "edges": [[0, 1], [1, 2]]}``; other keys are
        ignored. The first line may be ``{"space": "mine", "open": true, "tasks": ["accuracy"]}``, as `to_jsonl` writes.

        Args:
            path: The file.
            name: Name of the space; by default as the first line says, else that of the file without its suffix.
            open: As in the constructor; by default as the first line says, else closed.
            tasks: As in the constructor; by default as the first line says.

        Raises:
            SpaceError: If the file cannot be read, is empty, or a graph is broken; names the line.

        Example:
            >>> import tempfile
            >>> path = Path(tempfile.mkdtemp()) / "mine.jsonl"
            >>> _ = path.write_text('{"arch": "a", "nodes": ["conv", "pool"], "edges": [[0, 1]]}')
            >>> DagSpace.from_jsonl(path).archs
            ('a',)
        """
        found = read_graph_lines(path)
        about = found.about
        name = about.get("space", _stem(path)) if name is None else name
        open = about.get("open", False) if open is None else open
        tasks = about.get("tasks", ()) if tasks is None else tasks
        try:
            return cls(name, found.graphs, open=open, tasks=tasks)
        except SpaceError as error:
            raise SpaceError(f"{str(path)!r:.{limits.SHOWN}}: {error}") from None

    @classmethod
    def from_networkx(
        cls,
        graphs: Mapping[str, Any],
        *,
        name: str | None = None,
        open: bool = False,
        tasks: Sequence[str] = (),
        label: str | None = None,
    ) -> DagSpace:
        """A space of directed graphs of networkx.

        Args:
            graphs: Architecture string -> ``networkx.DiGraph``.
            name: Name of the space; by default ``dag-`` and digits that depend on the graphs.
            open: As in the constructor.
            tasks: As in the constructor.
            label: Node attribute with the operation; by default ``op``, ``operation`` or ``label``.

        Raises:
            SpaceError: If a graph is not directed, or is broken; names it.

        Example:
            >>> import networkx as nx
            >>> graph = nx.DiGraph([("first", "second")])
            >>> nx.set_node_attributes(graph, {"first": "conv", "second": "pool"}, "op")
            >>> DagSpace.from_networkx({"a": graph}, name="mine").parse("a")
            Dag(arch='a', nodes=('conv', 'pool'), edges=((0, 1),))
        """
        lists = graphs_of_networkx(graphs, label)
        space = cls("dag" if name is None else name, lists, open=open, tasks=tasks)
        if name is None:
            space.name = f"dag-{space.fingerprint[:8]}"
        return space

    def to_jsonl(self, path: str | Path) -> Path:
        """Write the space as `from_jsonl` reads it.

        Raises:
            OSError: If the file cannot be written.
        """
        first = {"space": self.name, "open": self.open, "tasks": list(self.tasks)}
        with write_beside(path) as beside, beside.open("w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(first, ensure_ascii=False) + "\n")
            for arch in self.archs:
                dag = self.parse(arch)
                file.write(json.dumps(dag._asdict(), ensure_ascii=False) + "\n")
        return Path(path)

    # -- strings ------------------------------------------------------------------------------------------------

    @property
    def _prefix(self) -> str:
        return f"{self.name}:"

    def recognises(self, arch: str) -> bool:
        """Whether the string is the name of a graph, or looks like a graph of this space written out."""
        return arch in self or arch.startswith(f"{self._prefix}{{")

    def parse(self, arch: str) -> Dag:
        """The graph of a name, or of a graph written out.

        Raises:
            ArchitectureError: If there is no graph of that name, or the space is closed.
        """
        if arch in self:
            return self._dag(arch, self._dags, self.index(arch))
        if not arch.startswith(f"{self._prefix}{{"):
            near = did_you_mean(arch, self._names) if len(self) <= _SEARCHED else "."
            raise ArchitectureError(f"{shown(arch)} is none of the {len(self):,} graphs of {self.name}{near}")
        if not self.open:
            raise ArchitectureError(
                f"{shown(arch)}: {self.name} is closed, expected the name of one of its {len(self):,} graphs, such as "
                f"{shown(self.example)}; with open=True graphs written out are architectures as well"
            )
        dags = self._read(arch)
        return self._dag(self._write(dags, None), dags, 0)

    def format(self, spec: Dag) -> str:
        """The name of a graph; without one, the graph written out."""
        return spec.arch or self.written(spec.nodes, spec.edges)

    def written(self, nodes: Sequence[str], edges: Iterable[Sequence[int]]) -> str:
        """A graph written out, an architecture of an open space.

        Args:
            nodes: The operation of each node.
            edges: Pairs (source, target) of positions in `nodes`.

        Raises:
            ArchitectureError: If it is no directed acyclic graph of the space's operations.

        Example:
            >>> space = DagSpace("mine", {"a": (["conv", "pool"], [(0, 1)])}, open=True)
            >>> space.written(["pool", "conv"], [(1, 0)])
            'mine:{"nodes":["conv","pool"],"edges":[[0,1]]}'
        """
        return self._write(self._graph(list(nodes), [tuple(edge) for edge in edges], "graph"), None)

    def enumerate(self) -> Sequence[str]:
        """The graphs as given."""
        return self._names

    # -- equivalence and similarity -----------------------------------------------------------------------------

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal digits that tell these graphs from others, in the same order."""
        digest = hashlib.blake2b(digest_size=16)
        for part in (json.dumps(self.own_operations), json.dumps(self._names)):
            digest.update(part.encode())
        for array in (self._dags.labels, self._dags.starts, self._dags.edges, self._dags.edge_starts):
            digest.update(np.ascontiguousarray(array.astype("<i8")).tobytes())
        return digest.hexdigest()

    @cached_property
    def _labels(self) -> NDArray[np.uint64]:
        return label_hashes(self.own_operations)

    @cached_property
    def _classes(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Hash of each graph, and the first graph that equals it."""
        return first_equals(self._dags, self._labels)

    def canonicals(self, archs: Sequence[str]) -> list[str]:
        """For each graph the first listed one that equals it; a graph unlike all is written in one order of nodes."""
        if isinstance(archs, str):
            raise ArchitectureError(f"expected a list of architecture strings, got the string {shown(archs)}")
        _, first = self._classes
        return [self._names[first[self.index(arch)]] if arch in self else self._canonical(arch) for arch in archs]

    def _canonical(self, arch: str) -> str:
        self.parse(arch)  # with the error of a closed space
        dags = self._read(arch)
        hashes, first = self._classes
        alike = np.unique(first[hashes == colour_hashes(dags, self._labels)[0]])
        both = self._dags.take(alike).join(dags)
        equal = int(first_equals(both, self._labels)[1][-1])
        if equal < len(alike):
            return str(self._names[alike[equal]])
        return self._write(dags, canonical_order(dags, 0, self._labels))

    @cached_property
    def _signatures(self) -> NDArray[np.int16]:
        return signatures(self._dags, self._labels)

    @cached_property
    def _near(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Neighbours of all graphs, one after the other, and where those of each start."""
        _, first = self._classes
        distinct = np.flatnonzero(first == np.arange(len(self)))
        pairs = distinct[similar_pairs(self._signatures[distinct], _NEIGHBORS)]
        twins = np.flatnonzero(first != np.arange(len(self)))
        both = np.stack([twins, first[twins]], axis=1)
        every = np.concatenate([pairs.reshape(-1, 2), both, both[:, ::-1]])
        every = every[np.lexsort((every[:, 1], every[:, 0]))]
        return every[:, 1], np.searchsorted(every[:, 0], np.arange(len(self) + 1))

    def neighbors(self, arch: str) -> list[str]:
        """The most similar graphs, in the order of the space; for a graph that is not listed, most similar first."""
        if arch in self:
            targets, starts = self._near
            row = self.index(arch)
            return [self._names[other] for other in targets[starts[row] : starts[row + 1]].tolist()]
        self.parse(arch)
        one = signatures(self._read(arch), self._labels)[0]
        return [self._names[row] for row in nearest(self._signatures, one, _NEIGHBORS).tolist()]

    # -- graphs -------------------------------------------------------------------------------------------------

    @cached_property
    def operations_in_graphs(self) -> tuple[str, ...]:
        """The operations of the graphs, sorted."""
        return self.own_operations

    @cached_property
    def most_nodes(self) -> int:
        """Most nodes of a listed graph."""
        return int(self._dags.sizes.max())

    def labelled_graphs(self, archs: Sequence[str]) -> tuple[GraphBatch, NDArray[np.int64]]:
        """`cell_graphs`, and the operation of each node as its place in `own_operations`, of shape (n, V)."""
        dags = self._graphs(archs)
        operation = _padded(dags, dags.labels.astype(np.int64))
        return _batch(dags, operation, self.own_operations), operation

    def cell_graphs(self, archs: Sequence[str]) -> GraphBatch:
        """The nodes of each graph between an input, which all nodes without predecessors read, and an output.

        Operations known by their name have its kind and kernel size, others the kind ``block``; channels and
        resolutions are 1.
        """
        return self.labelled_graphs(archs)[0]

    def network_graph(self, arch: str, input_size: int | None = None) -> ArchGraph:
        """Not known.

        Raises:
            SpaceError: Always.
        """
        raise SpaceError(
            f"{shown(arch)}: expected an architecture with a network, to train it or count its parameters, got a graph "
            f"of {self.name}, of which only the names of the operations are known; a Space of your own with a "
            "network_graph has both"
        )

    # -- internals ----------------------------------------------------------------------------------------------

    def _dag(self, arch: str, dags: Dags, row: int) -> Dag:
        nodes = tuple(self.own_operations[label] for label in dags.nodes_of(row))
        return Dag(arch, nodes, tuple(dags.edges_of(row)))

    def _graphs(self, archs: Sequence[str]) -> Dags:
        """The graphs of n architectures."""
        listed = np.array([arch in self for arch in archs], dtype=bool)
        rows = np.array([self.index(arch) for arch in archs if arch in self], dtype=np.int64)
        found = self._dags.take(rows)
        if listed.all():
            return found
        place = np.cumsum(listed) - 1
        for position in np.flatnonzero(~listed).tolist():
            self.parse(archs[position])
            place[position] = len(found)
            found = found.join(self._read(archs[position]))
        return found.take(place)

    def _read(self, arch: str) -> Dags:
        """The graph of a string that is a graph written out."""
        where = shown(arch)
        try:
            entry = read_json(arch[len(self._prefix) :])
        except ValueError as error:
            raise ArchitectureError(f"{where}: expected a graph as JSON after {self._prefix!r}, got {error}") from None
        if not isinstance(entry, dict) or set(entry) != {"nodes", "edges"}:
            raise ArchitectureError(f'{where}: expected {self._prefix}{{"nodes":[...],"edges":[...]}}')
        return self._graph(entry["nodes"], entry["edges"], where)

    def _graph(self, nodes: Any, edges: Any, where: str) -> Dags:
        try:
            labels, pairs = check_graph(nodes, edges, where)
        except SpaceError as error:
            raise ArchitectureError(str(error)) from None
        number = {label: index for index, label in enumerate(self.own_operations)}
        if unknown := [label for label in labels if label not in number]:
            raise ArchitectureError(
                f"{where}: expected operations of {self.name}, got {shown(unknown[0])}"
                f"{did_you_mean(unknown[0], self.own_operations)} Choices: {', '.join(self.own_operations[:100])}"
            )
        try:
            return Dags.from_lists([[number[label] for label in labels]], [pairs])
        except ValueError:
            raise ArchitectureError(f"{where}: expected a graph without cycles, got one with a cycle") from None

    def _write(self, dags: Dags, order: NDArray[np.int64] | None) -> str:
        """The string of the first graph, with its nodes in another order if one is given."""
        nodes, edges = dags.nodes_of(0), np.array(dags.edges_of(0), dtype=np.int64).reshape(-1, 2)
        if order is not None:
            nodes = [nodes[node] for node in np.argsort(order).tolist()]
            edges = order[edges]
        entry = {"nodes": [self.own_operations[label] for label in nodes], "edges": sorted(edges.tolist())}
        return f"{self._prefix}" + json.dumps(entry, separators=(",", ":"), ensure_ascii=False)


def _checked(graph: Any, arch: object) -> GraphLists:
    check_name(arch, "names of graphs")
    if isinstance(graph, GraphLists):
        return graph
    if not isinstance(graph, (list, tuple)) or len(graph) != 2:
        raise SpaceError(f"graph {shown(arch)}: expected a list of operations and a list of edges, got {shown(graph)}")
    nodes, edges = graph
    return check_graph(nodes, edges, f"graph {shown(arch)}")


def _stem(path: str | Path) -> str:
    """A name for the space of a file."""
    stem = re.sub(r"\.gz$", "", Path(path).name).rpartition(".")[0] or Path(path).name
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:100] or "dag"


def _padded(dags: Dags, values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Values of all nodes as a matrix with -1 for input, output and absent nodes, of shape (n, V + 2)."""
    width = int(dags.sizes.max(initial=0)) + 2
    found = np.full((len(dags), width), -1, dtype=np.int64)
    home = np.repeat(np.arange(len(dags)), dags.sizes)
    found[home, np.arange(len(values)) - dags.starts[home] + 1] = values
    return found


def _batch(dags: Dags, operation: NDArray[np.int64], names: Sequence[str]) -> GraphBatch:
    """The graphs between an input and an output."""
    n, width = operation.shape
    known = [_known_operation(name) for name in names]
    kinds = np.array([*(kind_id(op.kind) for op in known), kind_id("none")], dtype=np.int64)
    kernels = np.array([*(op.kernel for op in known), 0], dtype=np.int64)
    live = operation >= 0
    graph = np.repeat(np.arange(n), np.diff(dags.edge_starts))
    adjacency = np.zeros((n, width, width), dtype=bool)
    adjacency[graph, dags.edges[:, 0] + 1, dags.edges[:, 1] + 1] = True
    adjacency[:, 0, :] = live & ~adjacency.any(axis=1)
    adjacency[:, :, -1] = live & ~adjacency.any(axis=2)
    live[:, [0, -1]] = True
    kind, ones = kinds[operation], np.ones((n, width), dtype=np.int64)
    kind[:, 0], kind[:, -1] = kind_id("input"), kind_id("output")
    return GraphBatch(
        kind=kind,
        kernel=kernels[operation],
        stride=ones,
        channels_in=ones,
        channels_out=ones,
        resolution_in=ones,
        resolution_out=ones,
        live=live,
        adjacency=adjacency,
    )


def _known_operation(name: str) -> Operation:
    """Kind and kernel size of an operation of the benchmarks; others are blocks, and ends of a graph pass data on."""
    known = {operation.name: operation for space in (TransNASMicro, NASBench201) for operation in space.operations}
    if name in _PASSES:
        return Operation(name, "skip", 0)
    return known.get(name, Operation(name, "block", 0))
