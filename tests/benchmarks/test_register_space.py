"""The open registry: what is refused, that nothing is half registered; plugins, the environment, spawned workers."""

import json
import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import benchmarks
from benchmarks import (
    ArchGraph,
    ArchitectureError,
    DagSpace,
    GraphBatch,
    Space,
    SpaceError,
    Table,
    UnknownNameError,
    get_space,
    infer_space,
    list_spaces,
    register_space,
    unregister_space,
)
from benchmarks.graph import GraphBuilder, kind_id
from benchmarks.spaces.memo import cached_by_space
from benchmarks.testing import check_space
from encoders import Costs, GraphFeatures, OneHotEncoding, PathEncoding, WrittenFeatures
from encoders.testing import check_encoder
from tests.own_spaces import random_graphs

ROOT = Path(benchmarks.__file__).parents[1]
CHAIN = (["conv3x3", "pool"], [(0, 1)])


class Widths(Space):
    """The least space of one's own that has networks: chains of one to three convolutions of two widths."""

    name = "widths"
    tasks = ("accuracy",)
    input_size = 32
    example = "w:11"

    def recognises(self, arch: str) -> bool:
        return arch.startswith("w:")

    def parse(self, arch: str) -> tuple[int, ...]:
        digits = arch.removeprefix("w:")
        if not arch.startswith("w:") or not digits or set(digits) - {"1", "2"} or len(digits) > 5:
            raise ArchitectureError(f"{arch!r}: expected w: and one to five digits 1 or 2; nearest: 'w:1'")
        return tuple(map(int, digits))

    def format(self, spec: tuple[int, ...]) -> str:
        return "w:" + "".join(map(str, spec))

    def enumerate(self) -> Sequence[str]:
        return [f"w:{a}{b}{c}" for a in "12" for b in ("1", "2") for c in ("", "1", "2", "11", "12", "21", "22")]

    def neighbors(self, arch: str) -> list[str]:
        near = [other for other in self.archs if len(other) == len(arch)]
        return [other for other in near if sum(a != b for a, b in zip(arch, other, strict=True)) == 1]

    def cell_graphs(self, archs: Sequence[str]) -> GraphBatch:
        specs = [self.parse(arch) for arch in archs]
        n, width = len(specs), max(map(len, specs)) + 2
        kind = np.full((n, width), kind_id("none"), dtype=np.int64)
        live, ones = np.zeros((n, width), dtype=bool), np.ones((n, width), dtype=np.int64)
        kernel, adjacency = np.zeros((n, width), dtype=np.int64), np.zeros((n, width, width), dtype=bool)
        kind[:, 0], kind[:, -1] = kind_id("input"), kind_id("output")
        live[:, [0, -1]] = True
        for row, spec in enumerate(specs):
            inner = slice(1, len(spec) + 1)
            kind[row, inner], live[row, inner], kernel[row, inner] = kind_id("conv"), True, np.array(spec) * 2 - 1
            adjacency[row, range(len(spec)), range(1, len(spec) + 1)] = True
            adjacency[row, len(spec), -1] = True
        return GraphBatch(kind, kernel, ones, ones, ones, ones, ones, live, adjacency)

    def network_graph(self, arch: str, input_size: int | None = None) -> ArchGraph:
        builder = GraphBuilder(3, self.image_size(input_size))
        node = builder.input
        for digit in self.parse(arch):
            node = builder.relu_conv_bn(node, 2 * digit - 1, 1, 8)
        return builder.build()


@pytest.fixture
def widths() -> Space:
    return register_space(Widths())


def test_a_space_of_ones_own_class_fulfils_the_contracts(widths: Space) -> None:
    check_space(widths, outside="w:11111")
    for encoder in (OneHotEncoding(), PathEncoding(), GraphFeatures(), WrittenFeatures(), Costs()):
        check_encoder(encoder, widths, outside="w:11111")
    names = list(GraphFeatures().fit(widths.archs).get_feature_names_out())
    assert {"count[conv1x1]", "count[conv3x3]", "log_params"} <= set(names)


def test_a_registered_space_is_found_by_its_name_and_strings(widths: Space) -> None:
    assert list_spaces()[-1] == "widths"
    assert get_space("widths") is widths is infer_space(["w:12", "w:1"])
    table = Table.from_frame({"arch": ["w:11", "64-2311-basic"], "accuracy": [1.0, 2.0]})
    assert table.spaces == ("widths", "transnas101-macro")
    unregister_space("widths")
    assert "widths" not in list_spaces()
    with pytest.raises(ArchitectureError, match=r"'w:12' is not an architecture.*register_space\(space\).*--spaces"):
        infer_space("w:12")
    with pytest.raises(UnknownNameError, match=r"unknown space 'widths'.*register_space\(space\)"):
        get_space("widths")


def test_a_table_of_strings_that_nobody_knows_says_how_to_register() -> None:
    with pytest.raises(ArchitectureError, match=r"row 0: 'net_0' is not an architecture.*benchmarks.register_space"):
        Table.from_frame({"arch": ["net_0"], "accuracy": [1.0]})


class Greedy(Widths):
    name = "greedy"

    def recognises(self, arch: str) -> bool:
        return True


class Deaf(Widths):
    name = "deaf"

    def recognises(self, arch: str) -> bool:
        return False


class Empty(Widths):
    name = "empty"

    def enumerate(self) -> Sequence[str]:
        return []


class Nameless(Widths):
    @property
    def name(self) -> str:  # type: ignore[override]
        raise AttributeError


@pytest.mark.parametrize(
    ("space", "error", "message"),
    [
        (Widths, TypeError, r"got the class Widths; register_space\(Widths\(\)\)"),
        ("widths", TypeError, "expected an instance of Space, got 'widths'"),
        (Greedy(), SpaceError, "only its own architectures, but it recognises '64-41414-3_33_333' of transnas"),
        (Deaf(), SpaceError, "expected deaf to recognise its own architectures, but not 'w:11'"),
        (Empty(), SpaceError, "expected empty to have at least one architecture, got none"),
        (Nameless(), SpaceError, "expected Nameless to have a name, got none"),
        (DagSpace("nasbench201", {"a": CHAIN}), SpaceError, "is the name of a space of this package"),
        (DagSpace("mine", {"64-7-b7": CHAIN}), SpaceError, "'64-7-b7' of mine would be read as .* transnas101-macro"),
        (DagSpace("mine", {"a": CHAIN, "|conv|": CHAIN}), SpaceError, "would be read as .* nasbench201"),
        (DagSpace("mine", {"1-2-3_4": CHAIN}), SpaceError, "would be read as an architecture of transnas101-micro"),
    ],
)  # fmt: skip
def test_what_cannot_be_registered_leaves_nothing_behind(space: Any, error: type[Exception], message: str) -> None:
    before = list_spaces()
    with pytest.raises(error, match=message):
        register_space(space)
    assert list_spaces() == before


def test_a_name_is_registered_once() -> None:
    space = register_space(DagSpace("mine", {"a": CHAIN}))
    for again in (space, DagSpace("mine", {"a": CHAIN})):
        with pytest.raises(SpaceError, match=r"'mine' is registered already.*unregister_space\('mine'\)"):
            register_space(again)
    with pytest.raises(SpaceError, match="'mine' is the name of another space that is registered"):
        register_space(DagSpace("mine", {"b": CHAIN}))
    with pytest.raises(SpaceError, match="'a' of other would be read as an architecture of mine"):
        register_space(DagSpace("other", {"a": CHAIN}))
    assert list_spaces()[3:] == ("mine",)
    unregister_space("mine")
    with pytest.raises(UnknownNameError, match="unknown space of your own 'mine'"):
        unregister_space("mine")
    assert register_space(DagSpace("mine", {"b": CHAIN})).archs == ("b",)


def test_a_cache_belongs_to_a_space_not_to_its_name() -> None:
    @cached_by_space(maxsize=4)
    def size(space: Space, times: int) -> int:
        calls.append(space)
        return times * len(space)

    calls: list[Space] = []
    one, two = DagSpace("mine", {"a": CHAIN}), DagSpace("mine", {"a": CHAIN, "b": CHAIN})
    assert (size(one, 1), size(two, 1), size(one, 1), size(one, 2)) == (1, 2, 1, 2)
    assert len(calls) == 3


def test_spaces_of_this_package_are_pickled_by_name() -> None:
    space = get_space("nasbench201")
    assert len(space.archs) == 15625
    assert pickle.loads(pickle.dumps(space)) is space
    assert len(pickle.dumps(space)) < 200


# -- other processes ----------------------------------------------------------------------------------------------


def run(code: str, folder: Path, **variables: str) -> str:
    """What a new Python process prints, with this folder on its path."""
    path = os.pathsep.join([str(ROOT), str(folder)])
    env = {**os.environ, "PYTHONPATH": path, **variables}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, cwd=folder)
    return done.stdout + done.stderr


def install(folder: Path, code: str, point: str) -> None:
    """A package as pip would install it, with an entry point."""
    (folder / "my_package.py").write_text(code)
    info = folder / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[transnas_surrogates.spaces]\nmine = {point}\n")


SPACE = 'from benchmarks import DagSpace\ndef make():\n    return DagSpace("mine", {"a": (["conv"], [])})\n'
LOOK = "from benchmarks import infer_space; print(infer_space('a').name)"


@pytest.mark.parametrize(
    ("code", "point"),
    [
        (SPACE, "my_package:make"),
        (f"{SPACE}space = make()\n", "my_package:space"),
        (f"{SPACE}from benchmarks import register_space\nspace = register_space(make())\n", "my_package:space"),
    ],
)
def test_an_installed_package_brings_a_space(code: str, point: str, tmp_path: Path) -> None:
    install(tmp_path, code, point)
    assert run(LOOK, tmp_path) == "mine\n"
    assert run("from benchmarks import list_spaces; print(list_spaces()[3:])", tmp_path) == "('mine',)\n"


def test_a_broken_package_is_told_and_harms_nobody(tmp_path: Path) -> None:
    install(tmp_path, "1 / 0", "my_package:space")
    said = run("from benchmarks import infer_space; print(infer_space('64-2311-basic').name)", tmp_path)
    assert said == "transnas101-macro\n"
    said = run("from benchmarks import list_spaces; print(list_spaces()[3:])", tmp_path)
    assert "the space 'mine' of an installed package (my_package:space) is not available: ZeroDivisionError" in said
    assert "()\n" in said


def test_the_environment_names_files_for_all_processes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        DagSpace(name, random_graphs(3, prefix=name)).to_jsonl(tmp_path / f"{name}.jsonl")
    value = os.pathsep.join([str(tmp_path / "one.jsonl"), f"other={tmp_path / 'two.jsonl'}"])
    look = "from benchmarks import infer_space, list_spaces; print(infer_space('two_1').name, list_spaces()[3:])"
    assert run(look, tmp_path, TRANSNAS_SPACES=value) == "other ('one', 'other')\n"
    said = run(look, tmp_path, TRANSNAS_SPACES="missing.jsonl")
    assert "environment variable TRANSNAS_SPACES: expected a file of graphs, got 'missing.jsonl'" in said


def test_a_try_after_a_broken_file_registers_each_space_once(tmp_path: Path) -> None:
    install(tmp_path, SPACE, "my_package:make")
    code = (
        "from benchmarks import SpaceError, list_spaces\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        list_spaces()\n"
        "    except SpaceError as error:\n"
        "        print('expected a file' in str(error))\n"
        f"open('late.jsonl', 'w').write('{json.dumps({'arch': 'b', 'nodes': ['conv'], 'edges': []})}')\n"
        "print(list_spaces()[3:])\n"
    )
    assert run(code, tmp_path, TRANSNAS_SPACES="late.jsonl") == "True\nTrue\n('mine', 'late')\n"


def test_threads_register_the_spaces_of_the_environment_once(tmp_path: Path) -> None:
    DagSpace("one", random_graphs(3, prefix="one")).to_jsonl(tmp_path / "one.jsonl")
    code = (
        "import time\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from benchmarks import DagSpace, list_spaces\n"
        "read, calls = DagSpace.from_jsonl, []\n"
        "DagSpace.from_jsonl = lambda *args, **more: (calls.append(1), time.sleep(0.2), read(*args, **more))[-1]\n"
        "with ThreadPoolExecutor(4) as pool:\n"
        "    print(set(pool.map(lambda _: list_spaces()[3:], range(4))), len(calls))\n"
    )
    assert run(code, tmp_path, TRANSNAS_SPACES="one.jsonl") == "{('one',)} 1\n"


def ask(name: str) -> str:
    """What a worker says about an architecture."""
    try:
        return infer_space(name).name
    except ArchitectureError as error:
        return str(error)


def register_graphs(n: int) -> None:
    register_space(DagSpace("mine", random_graphs(n)))


def test_a_spawned_worker_says_that_it_does_not_know_a_space() -> None:
    register_graphs(5)
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        assert "must be registered in this process too" in pool.apply(ask, ("net_1",))
    with context.Pool(1, register_graphs, (5,)) as pool:
        assert pool.apply(ask, ("net_1",)) == "mine"
