"""Values are computed once a content, and kept apart by every bit of it."""

import numpy as np
import pytest

from surrogates.models.transfer.memo import cached_by_content


@pytest.fixture
def counted():
    calls = []

    @cached_by_content(maxsize=2)
    def scaled(values, factor, *, n_jobs=1):
        calls.append((values.tolist(), factor))
        return factor * values

    return scaled, calls


def test_equal_contents_are_computed_once_whatever_the_keywords(counted):
    scaled, calls = counted
    values = np.arange(3.0)
    first, again = scaled(values, 2, n_jobs=1), scaled(values.copy(), 2, n_jobs=4)
    assert len(calls) == 1
    np.testing.assert_array_equal(first, [0, 2, 4])
    np.testing.assert_array_equal(again, first)


def test_a_change_in_place_another_shape_type_or_argument_is_another_content(counted):
    scaled, calls = counted
    values = np.zeros(4)
    scaled(values, 2)
    values[3] = -0.0
    scaled(values, 2)
    values[3] = np.nextafter(0, 1)
    np.testing.assert_array_equal(scaled(values, 1), values)
    scaled(values.reshape(2, 2), 1)
    scaled(np.zeros(4, dtype=np.float32), 1)
    scaled(np.zeros(4), 1)
    assert len(calls) == 6


def test_what_was_asked_for_last_is_kept(counted):
    scaled, calls = counted
    one, two, three = np.eye(3)
    for values in (one, two, one, three, one):
        scaled(values, 1)
    assert len(calls) == 3
    scaled(two, 1)
    assert len(calls) == 4


def test_nobody_can_change_what_is_kept(counted):
    scaled, _ = counted
    with pytest.raises(ValueError, match="read-only"):
        scaled(np.ones(2), 1)[0] = 5
    assert scaled(np.ones(2), 1).tolist() == [1, 1]


def test_several_arrays_are_kept_alike():
    calls = []

    @cached_by_content(maxsize=2)
    def both(values):
        calls.append(values)
        return values + 1, values - 1

    for _ in range(2):
        plus, minus = both(np.zeros(2))
        assert (plus.tolist(), minus.tolist()) == ([1, 1], [-1, -1])
        for array in (plus, minus):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 5
    assert len(calls) == 1
