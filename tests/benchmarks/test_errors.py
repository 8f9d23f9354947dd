"""Errors: they travel between processes, and repeat their input in one line."""

import copy
import pickle

import numpy as np
import pytest

from benchmarks import extras
from benchmarks.errors import MissingExtraError, SurrogatesError, shown


@pytest.mark.parametrize("again", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
def test_a_missing_extra_is_told_by_the_process_that_lacks_it(again, monkeypatch):
    monkeypatch.setattr(extras, "requires", lambda _: ['no-such-torch>=2.6; extra == "gnn"'])
    error = MissingExtraError("Training", "no-such-torch", "gnn")
    monkeypatch.setattr(extras, "requires", lambda _: [])
    found = again(again(error))
    assert type(found) is MissingExtraError
    assert isinstance(found, (SurrogatesError, ImportError))
    assert (
        str(found)
        == str(error)
        == ("Training needs 'no-such-torch', which is not installed: pip install 'no-such-torch>=2.6' (extra [gnn])")
    )
    assert found.args == error.args


def test_an_input_of_several_lines_is_shown_in_one():
    assert shown(np.arange(4).reshape(2, 2)) == "array([[0, 1], [2, 3]])"
    assert shown("a\n  b") == r"'a\n  b'"
    assert len(shown(np.ones((30, 30)))) <= 200
