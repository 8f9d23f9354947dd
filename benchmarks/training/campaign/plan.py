"""Plan of a campaign: architectures x tasks x seeds, the recipe and the images."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

from benchmarks.errors import choice
from benchmarks.forks import cached_property
from benchmarks.short_repr import ShortRepr
from benchmarks.spaces.registry import own_space
from benchmarks.spaces.space import Space
from benchmarks.table_checks import check_archs
from benchmarks.tasks import TRANSNAS_TASKS
from benchmarks.training.campaign.images import ROOMS, CampaignImages
from benchmarks.training.presets import get_recipe, list_presets
from benchmarks.training.recipe import VERSION, Recipe
from benchmarks.training.widths import scaled_base_channels, written_width

__all__ = ["DEFAULT_SEED", "Plan", "Trial", "changed_recipe", "fingerprint"]

DEFAULT_SEED = 666
"""The seed of the published trainings."""
_MOST_SEED = 2**63 - 1

_Dataclass = TypeVar("_Dataclass")


@dataclass(frozen=True, order=True)
class Trial:
    """One training of a campaign.

    Attributes:
        arch: Architecture string.
        task: Task name.
        seed: Seed of the weights, the order of the images and the augmentation.
    """

    arch: str
    task: str
    seed: int = DEFAULT_SEED

    def __str__(self) -> str:
        return f"{self.arch}, {self.task}, seed {self.seed}"


@dataclass(frozen=True, repr=False)
class Plan(ShortRepr):
    """The trainings of a campaign and their settings.

    Attributes:
        archs: Architecture strings of any spaces.
        tasks: Task names.
        seeds: Every architecture is trained on every task with each of these seeds.
        preset: One of `benchmarks.training.presets.list_presets`.
        recipe: Field of the recipe -> new value, for all tasks; nested parts as mappings.
        recipe_of: Task -> the same for that task only; takes precedence over `recipe`.
        images: Image source.

    Raises:
        ArchitectureError: If a string is not an architecture, or a recipe cannot scale its width.
        SpaceError: If a space of the user's own has no networks, only graphs.
        UnknownNameError: If there is no such task, preset or field; names the nearest one.
        ValueError: If a value is invalid.

    Example:
        >>> plan = Plan(("64-2311-basic",), ("jigsaw", "normal"), seeds=(0, 1), recipe={"epochs": 2})
        >>> len(plan.trials()), plan.settings("jigsaw")["recipe"]["epochs"]
        (4, 2)
    """

    archs: tuple[str, ...]
    tasks: tuple[str, ...] = TRANSNAS_TASKS
    seeds: tuple[int, ...] = (DEFAULT_SEED,)
    preset: str = "quick"
    recipe: Mapping[str, Any] = field(default_factory=dict)
    recipe_of: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    images: CampaignImages = ROOMS

    def __post_init__(self) -> None:
        archs = tuple(dict.fromkeys(check_archs(self.archs)[0]))
        object.__setattr__(self, "archs", archs)
        for space in self.own_spaces():
            space.network_graph(next(arch for arch in archs if space.recognises(arch)))
        for name, value in (("tasks", self.tasks), ("seeds", self.seeds)):
            if not value:
                raise ValueError(f"expected at least one of {name}, got none")
            object.__setattr__(self, name, tuple(dict.fromkeys(value)))
        for seed in self.seeds:
            if not 0 <= seed <= _MOST_SEED:
                raise ValueError(f"expected seeds from 0 to {_MOST_SEED}, got {seed}")
        for task in (*self.tasks, *self.recipe_of):
            choice(task, TRANSNAS_TASKS, "task")
        choice(self.preset, list_presets(), "preset")
        for task in self.recipe_of:
            self.recipe_for(task)
        one_each = {written_width(arch): arch for arch in reversed(self.archs)}  # the first one of each width
        one_each.pop(None, None)
        for task in self.tasks:
            recipe = self.recipe_for(task)
            self.images.check(recipe)
            if recipe.base_channels is not None:
                for arch in one_each.values():
                    scaled_base_channels(arch, recipe.base_channels)

    def own_spaces(self) -> list[Space]:
        """The user's own spaces of the architectures, which worker processes must know as well."""
        spaces = (own_space(name) for name in dict.fromkeys(check_archs(self.archs)[1]))
        return [space for space in spaces if space is not None]

    def trials(self) -> list[Trial]:
        """Every training, ordered by architecture, then task, so that early records complete rows of the table."""
        return [Trial(arch, task, seed) for seed in self.seeds for arch in self.archs for task in self.tasks]

    def recipe_for(self, task: str) -> Recipe:
        """The recipe of a task: the preset's, fitted to the images, with the plan's changes."""
        recipe = changed_recipe(self.images.fitted(get_recipe(task, self.preset)), self.recipe)
        return changed_recipe(recipe, self.recipe_of.get(task, {}))

    def settings(self, task: str) -> dict[str, Any]:
        """Settings of a task that must not change during a campaign: recipe, its version and images, as JSON."""
        return self._settings[task]

    @cached_property
    def _settings(self) -> dict[str, dict[str, Any]]:
        settings = {
            task: {"recipe": self.recipe_for(task).to_dict(), "images": self.images.describe(task), "version": VERSION}
            for task in self.tasks
        }
        plain: dict[str, dict[str, Any]] = json.loads(json.dumps(settings))
        return plain

    @cached_property
    def hash(self) -> str:
        """The first 12 digits of SHA-256 over architectures, tasks, seeds and settings."""
        return fingerprint([self.archs, self.tasks, self.seeds, self._settings])


def fingerprint(value: Any) -> str:
    """The first 12 digits of the SHA-256 of a JSON value; the order of keys is ignored.

    Example:
        >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
        True
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def changed_recipe(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """A recipe with some values replaced.

    Args:
        recipe: The original recipe.
        changes: Field -> new value; a mapping for a nested part.

    Raises:
        UnknownNameError: If there is no such field; names the nearest one.
        ValueError: If a value has the wrong type or is invalid.

    Example:
        >>> changed_recipe(get_recipe("jigsaw"), {"epochs": 2, "optimiser": {"lr": 0.05}}).optimiser.lr
        0.05
    """
    return _changed(recipe, changes, "recipe")


def _changed(part: _Dataclass, changes: Any, where: str) -> _Dataclass:
    if not isinstance(changes, Mapping):
        raise ValueError(f"{where}: expected named entries, got {changes!r}")
    names = [entry.name for entry in fields(part) if entry.name != "task"]  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for name, value in changes.items():
        current = getattr(part, choice(name, names, f"entry of {where}:"))
        if is_dataclass(current):
            values[name] = _changed(current, value, f"{where}: {name}")
        else:
            values[name] = _fitting(value, current, f"{where}: {name}")
    return replace(part, **values)  # type: ignore[type-var]


def _fitting(value: Any, current: Any, where: str) -> Any:
    """The value if it has the type of the current one; lists become tuples."""
    numbers = (int, float)
    if isinstance(current, tuple) and isinstance(value, (list, tuple)) and len(value) == len(current):
        return tuple(_fitting(new, old, where) for new, old in zip(value, current, strict=True))
    if isinstance(current, str) and isinstance(value, str):
        return value
    if isinstance(current, (*numbers, type(None))) and isinstance(value, (*numbers, type(None))):
        if isinstance(current, float) and value is not None and not isinstance(value, bool):
            return float(value)
        return value
    raise ValueError(f"{where}: expected a value like {current!r}, got {value!r}")
