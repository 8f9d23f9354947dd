"""Contract tests for search spaces: `check_space` checks an instance of `Space` against the whole contract.

Run it on your own space; the project's tests run it on every registered one.
"""

from __future__ import annotations

import pickle

import numpy as np

from benchmarks.errors import ArchitectureError, SpaceError
from benchmarks.graph import ArchGraph
from benchmarks.spaces.space import Space

__all__ = ["check_space"]

_SAMPLE = 40


def check_space(space: Space, outside: str | None = None) -> None:
    """Check that a space fulfils the contract of `Space`.

    Args:
        space: The space to check.
        outside: An architecture that its grammar allows but that is not in the published set, if there is one.

    Raises:
        AssertionError: Names the part of the contract that is violated.

    Example:
        >>> from benchmarks import get_space
        >>> check_space(get_space("transnas101-micro"), outside="32-4114-3_33_333")
    """
    _check_enumeration(space)
    _check_strings(space)
    _check_sampling(space)
    _check_copies(space)
    drawn = space.sample(min(_SAMPLE, len(space)), rng=1)
    for arch in drawn:
        _check_moves(space, arch)
    checked = drawn
    if outside is not None:
        assert outside not in space, "an architecture outside the published set is not in the space"
        assert space.validate(outside) == outside, "the grammar allows it"
        checked = [*drawn, outside]
    for arch in checked:
        _check_equivalence(space, arch)
        _check_cells(space, arch)
        _check_network(space, arch)
    if space.has_networks:
        _check_parts(space, checked)


def _check_enumeration(space: Space) -> None:
    archs = list(space)
    assert len(archs) == len(space) == len(set(archs)), "enumeration is complete and free of repetitions"
    assert space.example in space, "the example is one of them"
    assert all(space[space.index(arch)] == arch for arch in archs[:: max(1, len(archs) // 100)]), "index inverts []"


def _check_strings(space: Space) -> None:
    for arch in list(space)[:: max(1, len(space) // 200)]:
        assert space.recognises(arch), "a space recognises its own architectures"
        assert space.format(space.parse(arch)) == arch, "format inverts parse"
    for broken in {space.example[:-1], space.example + "x", "", "?"} - set(space):
        try:
            if space.validate(broken) == broken == space.example[:-1]:
                continue  # a shorter architecture that is not published
        except ArchitectureError as error:
            assert repr(broken) in str(error), "an error quotes the given string"
        else:
            raise AssertionError(f"{broken!r} is not an architecture, but was accepted")


def _check_sampling(space: Space) -> None:
    size = min(_SAMPLE, len(space))
    drawn = space.sample(size, rng=0)
    assert len(set(drawn)) == size and all(arch in space for arch in drawn), "samples differ and are members"
    assert drawn == space.sample(size, rng=np.random.default_rng(0)), "a seed and its generator agree"
    others = [space.sample(size, rng=seed) for seed in range(1, 9)]
    assert len(space) == 1 or any(drawn != other for other in others), "another seed gives another sample"
    assert space.sample(0) == [], "an empty sample is allowed"


def _check_copies(space: Space) -> None:
    again = pickle.loads(pickle.dumps(space))
    assert again == space and again.archs == space.archs, "a pickled space is the same"
    assert again.fingerprint == space.fingerprint, "and has the same fingerprint"


def _check_moves(space: Space, arch: str) -> None:
    neighbors = space.neighbors(arch)
    assert arch not in neighbors and len(set(neighbors)) == len(neighbors), "neighbours differ from each other"
    if len(space) == 1:
        return
    assert neighbors, "an architecture has neighbours"
    assert all(other in space for other in neighbors), "neighbours of a member are members"
    assert all(arch in space.neighbors(other) for other in neighbors), "the neighbour relation is symmetric"
    assert space.mutate(arch, rng=3) in neighbors, "a mutation is a neighbour"
    assert space.mutate(arch, rng=3) == space.mutate(arch, rng=3), "the same seed mutates the same way"


def _check_equivalence(space: Space, arch: str) -> None:
    canonical = space.canonical(arch)
    assert space.canonical(canonical) == canonical, "canonical is idempotent"
    assert (canonical in space) == (arch in space), "a canonical form stays in the domain"
    assert space.canonicals([arch, canonical]) == [canonical, canonical], "canonical and canonicals agree"
    simplest = space.simplify([arch, canonical])
    assert simplest[0] == simplest[1], "equivalent architectures have one simplest form"
    assert space.simplify(simplest) == simplest, "simplify is idempotent"


def _check_cells(space: Space, arch: str) -> None:
    _check_graph(space.cell_graph(arch))
    batch, operation = space.labelled_graphs([arch, space.example])
    assert operation.shape == batch.kind.shape, "one operation per node of the cell graphs"
    assert (operation[~batch.live] == -1).all() and operation.max() < len(space.operations_in_graphs), "by its place"


def _check_network(space: Space, arch: str) -> None:
    if not space.has_networks:
        try:
            space.network_graph(arch)
        except SpaceError:
            return
        raise AssertionError("a space without networks has no network graph")
    for graph in (space.network_graph(arch), space.network_graph(arch, input_size=64)):
        _check_graph(graph)
    network = space.network_graph(arch)
    assert network.names[0] == "input" and network.channels_out[0] == 3, "a network reads an image"
    assert network.resolution_in[0] == space.input_size, "of the published size"
    assert space.feature_shape(arch) == (network.channels_out[-1], network.resolution_out[-1]), "feature shape"


def _check_graph(graph: ArchGraph) -> None:
    assert (graph.edges[:, 0] < graph.edges[:, 1]).all(), "nodes are in topological order"
    additive = ~graph.where("concat") & ~graph.where("linear")
    for source, target in graph.edges:
        if graph.names[target] == "output":
            continue
        if additive[target]:
            assert graph.channels_out[source] == graph.channels_in[target], "channels flow along edges"
        assert graph.resolution_out[source] == graph.resolution_in[target], "resolution flows along edges"


def _check_parts(space: Space, archs: list[str]) -> None:
    parts, counts = space.network_parts(archs)
    assert counts.shape == (len(archs), len(parts)), "one count per architecture and part"
    weights = np.array([_conv_weights(part) for part in parts])
    whole = [_conv_weights(space.network_graph(arch)) for arch in archs]
    assert (counts @ weights == whole).all(), "parts add up to the network"
    alone = [Space.depths(space, [arch])[0] for arch in archs]
    assert (space.depths(archs) == alone).all(), "depth is the longest live path of the network graph"


def _conv_weights(graph: ArchGraph) -> int:
    conv = graph.where("conv")
    return int((graph.kernel**2 * graph.channels_in * graph.channels_out)[conv].sum())
