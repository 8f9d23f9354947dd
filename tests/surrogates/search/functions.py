"""Functions that serve as an oracle in tests."""

import numpy as np
from numpy.typing import NDArray


def threes(archs: list[str]) -> NDArray[np.float64]:
    return np.array([float(arch.count("3")) for arch in archs])
