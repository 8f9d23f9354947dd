"""Search spaces: the contract on every one, and what was published about each."""

import itertools
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import ArchitectureError, UnknownNameError, get_space, infer_space, list_spaces
from benchmarks.graph import KINDS
from benchmarks.spaces.cell import EDGES, PATHS
from benchmarks.testing import check_space

OUTSIDE = {
    "transnas101-micro": "32-4114-3_01_223",
    "transnas101-macro": "32-23111141-basic",
    "nasbench201": None,
}


@pytest.mark.parametrize("name", list_spaces())
def test_contract(name):
    check_space(get_space(name), outside=OUTSIDE[name])


def test_every_registered_space_is_checked():
    assert set(OUTSIDE) == set(list_spaces())


@pytest.mark.parametrize(
    ("name", "size", "distinct", "functions"),
    [
        ("transnas101-micro", 4096, 1948, 1229),
        ("transnas101-macro", 3256, 3256, 3256),
        ("nasbench201", 15625, 6466, 4930),
    ],
)
def test_published_sizes(name, size, distinct, functions):
    space = get_space(name)
    assert len(space) == size
    assert len(set(space.canonicals(space.archs))) == distinct
    assert len(set(space.simplify(space.archs))) == functions


def test_micro_edges_are_read_in_the_published_order():
    """0->1 | 0->2, 1->2 | 0->3, 1->3, 2->3: the README of the benchmark spells out 1_02_333."""
    space = get_space("transnas101-micro")
    code = space.parse("64-41414-1_02_333").code
    by_edge = dict(zip(EDGES, code, strict=True))
    assert by_edge == {(0, 1): 1, (0, 2): 0, (1, 2): 2, (0, 3): 3, (1, 3): 3, (2, 3): 3}


def test_micro_edge_order_is_not_the_row_major_one():
    """A cell whose 0->1 and 1->3 are convolutions is alive; read as 01,02,03,12,13,23 it would not be."""
    graph = get_space("transnas101-micro").cell_graph("64-41414-3_00_030")
    assert graph.names == ("input", "conv", "conv", "output")
    assert graph.edges.tolist() == [[0, 1], [1, 2], [2, 3]]


def test_paths_are_all_simple_paths_of_the_cell():
    found = set()
    for length in (1, 2, 3):
        for edges in itertools.permutations(range(6), length):
            walk = [EDGES[e] for e in edges]
            joined = all(a[1] == b[0] for a, b in itertools.pairwise(walk))
            if walk[0][0] == 0 and walk[-1][1] == 3 and joined:
                found.add(edges)
    assert found == set(PATHS)


def test_micro_canonical_form_against_a_naive_search():
    """Smallest code over: pruning by reachability, then both namings of the inner nodes."""
    space = get_space("transnas101-micro")
    rng = np.random.default_rng(0)
    for arch in space.sample(300, rng):
        digits = [int(c) for c in arch.split("-")[2] if c != "_"]
        op = dict(zip(EDGES, digits, strict=True))
        while True:
            dead = [
                (a, b)
                for (a, b), o in op.items()
                if o
                and (
                    (a != 0 and not any(op[e] for e in EDGES if e[1] == a))
                    or (b != 3 and not any(op[e] for e in EDGES if e[0] == b))
                )
            ]
            if not dead:
                break
            for edge in dead:
                op[edge] = 0
        names = [{0: 0, 1: 1, 2: 2, 3: 3}] + ([{0: 0, 1: 2, 2: 1, 3: 3}] if op[1, 2] == 0 else [])
        best = min([op.get((m[a], m[b]), 0) for a, b in EDGES] for m in names)
        a, b, c, d, e, f = best
        assert space.canonical(arch) == f"64-41414-{a}_{b}{c}_{d}{e}{f}"


def test_nasbench201_all_convolutions_is_its_own_class():
    space = get_space("nasbench201")
    same = [arch for arch in space if space.canonical(arch) == space.canonical(space.example)]
    assert same == [space.example]


def test_nasbench201_identity_makes_no_difference():
    space = get_space("nasbench201")
    direct = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
    detour = "|skip_connect~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|"
    assert space.canonical(direct) == space.canonical(detour)


def test_macro_set_is_the_stated_rule():
    """Four to six modules, 1-4 halvings, 1-3 doublings: counted here digit by digit."""
    codes = ("".join(d) for n in range(1, 8) for d in itertools.product("1234", repeat=n))
    rule = {
        f"64-{c}-basic"
        for c in codes
        if 4 <= len(c) <= 6 and 1 <= c.count("3") + c.count("4") <= 4 and 1 <= c.count("2") + c.count("4") <= 3
    }
    assert set(get_space("transnas101-macro")) == rule


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("transnas101-micro", "transnas101/micro_final.csv"),
        ("transnas101-macro", "transnas101/macro_final.csv"),
        ("nasbench201", "nasbench201/final.csv"),
    ],
)
def test_space_is_exactly_the_published_set(name, file):
    published = pd.read_csv(Path(os.environ["NAS_DATA"]) / file)["arch"]
    assert set(get_space(name)) == set(published)
    assert infer_space(published) == name


@pytest.mark.data
def test_canonical_form_agrees_with_what_was_trained_once():
    """Rows that agree in all seven numbers are one training. Most such groups are one canonical graph; the others are
    explained without exception: they differ in skips out of node 1 or 2, which are identities."""
    frame = pd.read_csv(Path(os.environ["NAS_DATA"]) / "transnas101/micro_final.csv").set_index("arch")
    space = get_space("transnas101-micro")
    canonical = dict(zip(frame.index, space.canonicals(frame.index), strict=True))
    simplest = dict(zip(frame.index, space.simplify(frame.index), strict=True))
    groups = frame.groupby(list(frame.columns)).groups.values()
    shared = [archs for archs in groups if len(archs) > 1]
    assert len(groups) == 2994
    assert len(shared) == 536
    assert sum(len({canonical[arch] for arch in archs}) > 1 for archs in shared) == 157
    assert sum(len({simplest[arch] for arch in archs}) > 1 for archs in shared) == 0


def test_skips_out_of_inner_nodes_are_seen_through():
    """conv(n1) + conv(n1), written with a skip 1->2 or with a skip 2->3; a skip out of node 0 may change the shape."""
    space = get_space("transnas101-micro")
    assert space.simplify(["64-41414-2_01_022"]) == space.simplify(["64-41414-2_02_021"])
    assert space.simplify(["64-41414-1_00_030"]) != space.simplify(["64-41414-0_00_300"])
    assert len(set(space.simplify(space.archs))) == 1229


def test_cell_graph_of_one_cell_by_hand():
    graph = get_space("transnas101-micro").cell_graph("64-41414-0_31_023")  # node 1 is never reached
    assert graph.names == ("input", "conv", "conv", "output")
    assert graph.kernel.tolist() == [0, 3, 3, 0]
    assert graph.stride.tolist() == [1, 2, 1, 1]
    assert graph.channels_out.tolist() == [64, 128, 128, 128]
    assert graph.resolution_out.tolist() == [64, 32, 32, 32]


def test_batch_and_single_graphs_agree():
    for name in list_spaces():
        space = get_space(name)
        archs = space.sample(25, rng=4)
        batch = space.cell_graphs(archs)
        for row, arch in enumerate(archs):
            single = space.cell_graph(arch)
            assert single.names == batch[row].names
            np.testing.assert_array_equal(single.adjacency(), batch[row].adjacency())


def test_macro_network_by_hand():
    """64-2311: doubles, halves, keeps, keeps; the image is 256 pixels, the stem divides by four."""
    graph = get_space("transnas101-macro").network_graph("64-2311-basic")
    convs = graph.where("conv")
    assert graph.channels_out[-1] == 128
    assert graph.resolution_out[-1] == 32
    assert convs.sum() == 2 + 4 * 4 + 2  # stem, blocks, projections of the two modules that change shape
    assert set(graph.names) <= set(KINDS)


@pytest.mark.parametrize(
    ("arch", "message"),
    [
        ("64-41414-3_33_334", r"digits 0 \(none\).*nearest: '3_33_333'"),
        ("64-41414-3_33_33", "expected a cell code a_bc_def"),
        ("64-41514-3_33_333", r"digits from 1 to 4, got '41514'; nearest: 41414"),
        ("63-41414-3_33_333", "even number of base channels.*nearest: 6[24]"),
        ("64-2311-basics", r"nearest: '64-2311-basic'"),
        ("64-23511-basic", "nearest: 23411"),
        ("64-11111111111111111-basic", "1 to 16 digits"),
        ("|nor_conv_3x3~0|", "one of none, skip_connect"),
        ("|nor_conv_3x4~0|+|none~0|none~1|+|none~0|none~1|none~2|", "did you mean 'nor_conv_3x3'"),
        ("resnet50", r"not an architecture of any known space; expected e.g. '64-2311-basic' \(transnas101-macro\)"),
        ("64_2311_basic", r"any known space; nearest: '64-2311-basic' \(transnas101-macro\)"),
        ("", "not an architecture of any known space"),
    ],
)
def test_malformed_strings(arch, message):
    with pytest.raises(ArchitectureError, match=message):
        infer_space(arch).validate(arch)


def test_mixed_spaces_are_refused():
    with pytest.raises(ArchitectureError, match="different spaces: '64-2311-basic' is transnas101-macro"):
        infer_space(["64-2311-basic", "64-41414-3_33_333"])
    with pytest.raises(ArchitectureError, match="at least one architecture string"):
        infer_space([])


def test_unknown_space_names_the_nearest():
    with pytest.raises(UnknownNameError, match=re.escape("did you mean 'transnas101-micro'?")):
        get_space("transnas-micro")


def test_sampling_more_than_there_is():
    with pytest.raises(ValueError, match="expected 0 <= n <= 4,096"):
        get_space("transnas101-micro").sample(5000, rng=0)


def test_index_of_an_outsider():
    with pytest.raises(ArchitectureError, match="outside the 4,096 published"):
        get_space("transnas101-micro").index("32-41414-3_33_333")


def test_a_single_string_is_not_a_list():
    with pytest.raises(ArchitectureError, match="expected a list of architecture strings, got the string"):
        get_space("transnas101-micro").canonicals("64-41414-3_33_333")


@pytest.mark.parametrize("name", list_spaces())
def test_draws_are_fresh_unless_a_seed_says_otherwise(name: str) -> None:
    space = get_space(name)
    assert space.sample(20) != space.sample(20), "one chance in a million million"
    assert space.sample(20, rng=5) == space.sample(20, rng=5)
    assert len({space.mutate(space.example) for _ in range(100)}) > 1, "a walk moves"
    assert len({space.mutate(space.example, rng=5) for _ in range(10)}) == 1
