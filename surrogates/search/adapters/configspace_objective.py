"""An oracle as a function over a ConfigSpace, as SMAC, NePS and CARP-S minimise it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from ConfigSpace import CategoricalHyperparameter, Configuration, ConfigurationSpace
from numpy.typing import NDArray

from benchmarks.errors import shown
from benchmarks.spaces.space import Space
from surrogates.search.adapters.decisions import Decisions
from surrogates.search.adapters.objectives import Objectives
from surrogates.search.constraints import Constraint

__all__ = ["ConfigSpaceObjective", "configuration_space"]


def configuration_space(decisions: Decisions, seed: int | None = None) -> ConfigurationSpace:
    """The decisions of an architecture as a ConfigSpace: one categorical hyperparameter per decision, in their order.

    Args:
        decisions: The encoding of the architectures.
        seed: Of the configurations that the space samples; fresh entropy if not given.

    Returns:
        A space of the search space's name. Every configuration of it is an architecture (`Decisions.build`).

    Example:
        >>> configuration_space(Decisions("transnas101-micro"))["2->3"].choices
        ('none', 'skip', 'conv1x1', 'conv3x3')
    """
    space = ConfigurationSpace(name=str(decisions.space), seed=seed)
    space.add([CategoricalHyperparameter(name, options) for name, options in decisions.options.items()])
    return space


class ConfigSpaceObjective:
    """Objectives of a configuration, for tools that minimise: SMAC, NePS and CARP-S call `loss`.

    In a loss, objectives that are better when higher are negated; `value` has them as they are. Combinations of
    decisions that are not a published and allowed architecture are evaluated as the nearest one (see `Decisions`), so
    no configuration is forbidden or fails.

    Args:
        oracle: An `Oracle`, a `Table`, or a function of architectures (see `Objectives`).
        tasks: One task or several.
        costs: ``"params"``, ``"multiply_adds"`` and tasks that are better when lower, each an additional objective to
            minimise.
        space: The space to search; required if the oracle is a function.
        constraint: Bounds on an architecture.
        constraints: Further bounds as strings, such as ``["params<=1e6", "latency_ms<=5"]``, as in `run_search`.
        minimize: As in `run_search`.
        seed: Of the configurations that `configspace` samples; fresh entropy if not given.

    Attributes:
        objectives: The objectives and the encoding of architectures.
        configspace: The space of configurations: one categorical hyperparameter per decision.

    Raises:
        ValueError, UnknownNameError, ConstraintError: As `Objectives`.

    Example:
        >>> from surrogates import Oracle
        >>> oracle = Oracle.from_pretrained("transnas101-micro")
        >>> objective = ConfigSpaceObjective(oracle, "jigsaw")
        >>> config = objective.configuration("64-41414-3_33_333")
        >>> objective.loss(config) == -oracle("64-41414-3_33_333", "jigsaw")
        True
        >>> objective.architecture(config)
        '64-41414-3_33_333'
    """

    def __init__(
        self,
        oracle: object,
        tasks: str | Sequence[str],
        costs: str | Sequence[str] = (),
        *,
        space: str | Space | None = None,
        constraint: Constraint | None = None,
        constraints: str | Iterable[str] = (),
        minimize: Collection[str] | str = (),
        seed: int | None = None,
    ) -> None:
        self.objectives = Objectives(
            oracle, tasks, costs, space=space, constraint=constraint, constraints=constraints, minimize=minimize
        )
        self.configspace = configuration_space(self.objectives.decisions, seed)

    def loss(self, config: Mapping[str, Any], seed: int | None = None) -> float | dict[str, float]:
        """What is to be minimised: one number, or name -> number if there are several objectives.

        Args:
            config: A configuration of `configspace`, or a dictionary of its decisions; other entries are ignored.
            seed: Ignored: an oracle gives the same answer every time. SMAC passes it.

        Raises:
            ValueError: If decisions are missing, or the oracle returns a value that is not finite.
            UnknownNameError: If a decision has no such option; names the nearest one.
        """
        return self._named(self.objectives.measure([self.architecture(config)])[0] * -self.objectives.signs)

    def architecture(self, config: Mapping[str, Any]) -> str:
        """The architecture that a configuration encodes; other entries are ignored.

        Raises:
            ValueError: If decisions are missing.
            UnknownNameError: If a decision has no such option; names the nearest one.
            TypeError: If it is no configuration.
        """
        if not isinstance(config, Mapping):
            raise TypeError(
                f"expected a configuration, or another mapping of decisions, got {type(config).__name__} "
                f"{shown(config)}; objective.configuration(arch) is that of an architecture"
            )
        return self.objectives.decisions.build({name: str(option) for name, option in dict(config).items()})

    def configuration(self, arch: str) -> Configuration:
        """The configuration of a published architecture, such as a tool's first one.

        Raises:
            ArchitectureError: If the string is not one of the published architectures.
        """
        return Configuration(self.configspace, values=self.objectives.decisions.describe(arch))

    def value(self, config: Mapping[str, Any]) -> float | dict[str, float]:
        """The objectives of a configuration in their own units and directions, as in a table of results.

        Raises:
            ValueError, UnknownNameError: As `loss`.
        """
        return self._named(self.objectives.measure([self.architecture(config)])[0])

    def _named(self, values: NDArray[np.float64]) -> float | dict[str, float]:
        """The values of K objectives, of shape (K,), by name; the number alone if there is one."""
        named = dict(zip(self.objectives.names, values.tolist(), strict=True))
        return named if len(named) > 1 else next(iter(named.values()))
