"""Files that people write as JSON: nothing that stands in them is dropped."""

import json

import pytest

from benchmarks import ArchitectureError, DagSpace, SpaceError
from benchmarks.json_text import read_json
from benchmarks.training.campaign import load_plan
from surrogates.evaluation.pretraining_config import load_experiment

ARCHS = '"architectures": ["64-2311-basic"]'


@pytest.mark.parametrize("value", [None, 1, "ä", [], {}, {"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}, {"A": 1, "a": 2}])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_what_json_reads_is_read(value, encoding):
    text = json.dumps(value, ensure_ascii=False)
    assert read_json(text) == json.loads(text) == read_json(text.encode(encoding))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"a": 1, "b": 3, "a": 1}',
        '[{"b": {"c": 0, "a": 1, "a": 2}}]',
        '{"a": 1, "\\u0061": 2}',
    ],
)
def test_a_name_that_stands_twice_is_refused(text):
    with pytest.raises(ValueError, match="expected different names in an object, got 'a' more than once"):
        read_json(text)


def test_depth_and_length_are_no_crash():
    with pytest.raises(ValueError, match="inside each other"):
        read_json("[" * 200_000)
    with pytest.raises(ValueError, match="got 'xxx") as error:
        read_json(json.dumps({"x" * 100_000: 1})[:-1] + ', "' + "x" * 100_000 + '": 2}')
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    ("entries", "twice"),
    [
        (f'{ARCHS}, "tasks": ["jigsaw"], "tasks": ["normal"]', "tasks"),
        (f"{ARCHS}, {ARCHS}", "architectures"),
        (f'{ARCHS}, "recipe": {{"epochs": 1, "epochs": 2}}', "epochs"),
    ],
)
def test_a_plan_says_everything_once(tmp_path, entries, twice):
    path = tmp_path / "plan.json"
    path.write_text(f"{{{entries}}}")
    with pytest.raises(ValueError, match=rf"plan.json: expected JSON, but .*got '{twice}' more than once"):
        load_plan(path)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (f'{ARCHS}, "seeds": [1.0]', r"seeds: expected a list .*each an integer, got \[1.0\]"),
        (f'{ARCHS}, "tasks": [1]', r"tasks: expected a list .*each a string, got \[1\]"),
        ('"architectures": [1]', r"architectures: expected a list .*each a string or an object, got \[1\]"),
    ],
)
def test_a_plan_is_told_what_its_lists_hold(tmp_path, entries, said):
    path = tmp_path / "plan.json"
    path.write_text(f"{{{entries}}}")
    with pytest.raises(ValueError, match=said):
        load_plan(path)


def test_a_pretraining_says_everything_once(tmp_path):
    path = tmp_path / "experiment.json"
    path.write_text('{"k": 1, "k": 2}')
    with pytest.raises(ValueError, match=r"experiment.json: expected JSON, but .*got 'k' more than once"):
        load_experiment(path)


def test_a_graph_says_everything_once(tmp_path):
    path = tmp_path / "mine.jsonl"
    first = '{"arch": "a", "nodes": ["conv", "pool"], "edges": [[0, 1]], "score": NaN}\n'
    path.write_text(first)
    space = DagSpace.from_jsonl(path, open=True)
    assert list(space.archs) == ["a"]
    path.write_text(first + '{"arch": "b", "arch": "c", "nodes": ["conv"], "edges": []}\n')
    with pytest.raises(SpaceError, match=r"line 2: expected a JSON object .*got 'arch' more than once"):
        DagSpace.from_jsonl(path)
    written = space.written(["pool", "conv"], [(0, 1)])
    with pytest.raises(ArchitectureError, match="got 'nodes' more than once"):
        space.parse(written.replace("{", '{"nodes":[],', 1))
