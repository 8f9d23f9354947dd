"""Every public surrogate and encoder has its contract test; subclasses that break the contract are told how."""

import re
from pathlib import Path

import numpy as np
import pytest

import encoders
import surrogates
from encoders import Encoder
from encoders.testing import check_encoder
from surrogates import Labels, Pack, Surrogate, register_storable
from surrogates.testing import check_surrogate

TESTS = Path(__file__).parents[1]
ARCHS = ["64-2311-basic", "64-1234-basic", "64-111111-basic"]


@register_storable
class Average(Surrogate):
    def fit_functions(self, labels: Labels) -> None:
        self._mean, self._std = np.nanmean(labels.values, axis=0), np.nanstd(labels.values, axis=0)

    def predict_functions(self, archs):
        return np.tile(self._mean, (len(archs), 1)), np.tile(self._std, (len(archs), 1))

    def pack(self) -> Pack:
        return Pack(arrays={"mean": self._mean, "std": self._std})

    def unpack(self, pack: Pack) -> None:
        self._mean, self._std = pack.arrays["mean"], pack.arrays["std"]


class Depth(Encoder):
    def feature_names(self, space):
        return ["depth"]

    def encode(self, space, archs):
        return np.array([[len(arch)] for arch in archs])


@pytest.mark.parametrize(("package", "base", "check"), [
    (surrogates, Surrogate, "check_surrogate"),
    (encoders, Encoder, "check_encoder"),
])  # fmt: skip
def test_none_is_left_out_of_its_contract_suite(package, base, check):
    public = [getattr(package, name) for name in package.__all__]
    kinds = {kind.__name__ for kind in public if isinstance(kind, type) and issubclass(kind, base)} - {base.__name__}
    texts = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    checked = {name for name in kinds for text in texts if f"{check}(" in text and re.search(rf"\b{name}\(", text)}
    assert checked == kinds


def test_the_least_surrogate_fulfils_the_contract():
    check_surrogate(Average(), "transnas101-macro", outside="32-23111141-basic")


@pytest.mark.parametrize("space", ["transnas101-micro", "transnas101-macro", "nasbench201"])
def test_the_least_encoder_fulfils_the_contract(space):
    check_encoder(Depth(), space)


def test_predictions_of_another_shape_are_refused():
    class Flat(Average):
        def predict_functions(self, archs):
            return np.zeros(len(archs)), np.zeros(len(archs))

    with pytest.raises(ValueError, match=r"Flat.predict_functions: .* of shape \(3, 1\), got \(3,\)"):
        Flat().fit(ARCHS, [1.0, 2.0, 3.0]).predict(ARCHS)


@pytest.mark.parametrize("shape", [(3,), (3, 2), (2, 1)])
def test_features_of_another_shape_are_refused(shape):
    class Odd(Depth):
        def encode(self, space, archs):
            return np.zeros(shape)

    with pytest.raises(ValueError, match=r"Odd.encode: expected features of shape \(3, 1\)"):
        Odd().fit_transform(ARCHS)
