"""The decisions of an architecture as the configuration of a syne-tune blackbox."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from syne_tune.blackbox_repository.blackbox import Blackbox
from syne_tune.config_space import choice, randint

from surrogates.search.adapters.objectives import Objectives

__all__ = ["ArchitectureBlackbox"]


class ArchitectureBlackbox(Blackbox):  # type: ignore[misc]
    """A blackbox of architectures, with ``"elapsed_time"`` as its last objective.

    Args:
        objectives: The objectives and the encoding of architectures.
        fidelity: Name of the fidelity.
        most: Its largest value; the least is 1.

    Attributes:
        objectives: As above.
    """

    def __init__(self, objectives: Objectives, fidelity: str, most: int) -> None:
        self.objectives = objectives
        self._fidelity, self._most = fidelity, most
        super().__init__(
            configuration_space={name: choice(list(values)) for name, values in objectives.decisions.options.items()},
            fidelity_space={fidelity: randint(1, most)},
            objectives_names=[*objectives.names, "elapsed_time"],
        )

    @abstractmethod
    def measured(self, arch: str, fidelity: int) -> NDArray[np.float64]:
        """Values of K objectives and seconds of an architecture, of shape (K + 1,)."""

    @property
    def fidelity_values(self) -> NDArray[np.int64]:
        """The values of the fidelity, of shape (most,)."""
        return np.arange(1, self._most + 1)

    def architecture(self, config: dict[str, Any]) -> str:
        """The architecture that a configuration encodes; other entries are ignored.

        Raises:
            ValueError: If decisions are missing.
            UnknownNameError: If a decision has no such option; names the nearest one.
        """
        return self.objectives.decisions.build(config)

    def _objective_function(
        self, configuration: dict[str, Any], fidelity: dict[str, Any] | None = None, seed: int | None = None
    ) -> dict[str, float] | NDArray[np.float64]:
        arch = self.architecture(configuration)
        if fidelity is None:  # syne-tune requests all fidelities at once
            return np.stack([self.measured(arch, value) for value in self.fidelity_values.tolist()])
        found = self.measured(arch, int(fidelity[self._fidelity]))
        return dict(zip(self.objectives_names, found.tolist(), strict=True))
