import json
from typing import Any

import numpy as np
import pytest

import encoders
import surrogates
from benchmarks.errors import ArtefactError
from encoders import Encoder
from surrogates.base import Surrogate
from surrogates.store.npz import npz_arrays, npz_bytes
from surrogates.store.storable import STORABLE, class_of, from_json, register_storable, to_json


def test_arrays_of_objects_are_refused() -> None:
    with pytest.raises(ArtefactError, match="cannot store array 'a'"):
        npz_bytes({"a": np.array([object()])})


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -0.1, "text", [1, [2.5, None]], (1, "a"), {"class": "x", "dict": (1,)}, float("inf"), np.int64(4)],
)
def test_plain_values_come_back(value: Any) -> None:
    again = from_json(json.loads(json.dumps(to_json(value, "it"), allow_nan=False)))
    assert again == value
    assert type(again) is type(value.item() if isinstance(value, np.generic) else value)


def test_nan_comes_back() -> None:
    assert np.isnan(from_json(to_json(float("nan"), "it")))


def test_what_to_json_never_wrote_is_refused() -> None:
    with pytest.raises(ArtefactError, match=r"expected a stored value, got keys \['pickle'\]"):
        from_json({"pickle": "gASV"})


def test_every_public_encoder_and_surrogate_is_storable() -> None:
    public = [getattr(encoders, name) for name in encoders.__all__] + [
        getattr(surrogates, name) for name in surrogates.__all__
    ]
    classes = {c for c in public if isinstance(c, type) and issubclass(c, (Encoder, Surrogate))} - {Encoder, Surrogate}
    # a network, which needs torch, surrogates of curves, and a predictor inside a surrogate
    others = {"DirectedGNN", "LearningCurveSurrogate", "SupernetEstimates"}
    assert classes == {class_of(name) for name in STORABLE if name not in others}


def test_a_class_of_your_own_is_stored_once_it_is_registered() -> None:
    class Reversed(encoders.OneHotEncoding):
        pass

    with pytest.raises(ArtefactError, match="register_storable"):
        to_json(Reversed(), "encoder")
    register_storable(Reversed)
    assert type(from_json(to_json(Reversed(), "encoder"))) is Reversed
    again = type(
        "Reversed", (encoders.OneHotEncoding,), {"__qualname__": Reversed.__qualname__, "__module__": __name__}
    )
    assert class_of(register_storable(again).__name__) is again, "the same class, defined again"


def test_a_registered_class_needs_a_name_of_its_own() -> None:
    with pytest.raises(ValueError, match="a name of its own, got another 'OneHotEncoding'"):
        register_storable(type("OneHotEncoding", (encoders.OneHotEncoding,), {}))


def test_npz_bytes_do_not_depend_on_the_order() -> None:
    a, b = np.arange(3), np.ones((2, 2), dtype=np.float32)
    assert npz_bytes({"a": a, "b": b}) == npz_bytes({"b": b, "a": a})
    assert npz_arrays(npz_bytes({"b": b}))["b"].dtype == np.float32
