"""EnTranNAS and DARTS: a cell found by gradient, with weights that are shared inside the search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.errors import SpaceError, choice
from benchmarks.forks import one_thread_if_forked
from benchmarks.spaces.cell import CellSpace
from benchmarks.spaces.registry import get_space
from benchmarks.spaces.space import Space
from benchmarks.tasks import TIME
from benchmarks.training.data.augment import RandomStreams
from benchmarks.training.data.images import ImageSource
from benchmarks.training.data.loader import BatchLoader
from benchmarks.training.recipe import Recipe
from benchmarks.training.supernet.mixture import MixtureNetwork, engine_cells
from benchmarks.training.supernet.module import SupernetModule, check_loss, supernet_identity
from benchmarks.training.supernet.names import loss_name
from benchmarks.training.supernet.presets import asked_recipe
from benchmarks.training.supernet.supernet import Supernet
from benchmarks.training.weight_sharing.objectives import Loss, PathLoss
from benchmarks.training.weight_sharing.statistics import LEAST_IMAGES, batch_statistics
from benchmarks.user_warnings import warn_user
from surrogates.supernet.cell_weights import CELL_METHODS, CellWeights, has_skips_alone
from surrogates.supernet.derivation import DerivationResult, Halves, Images, run_derivation

__all__ = ["EnTranResult", "search_entrannas"]

_BETAS, _DECAY = (0.5, 0.999), 1e-3
"""Of Adam for alpha, as in DARTS; there is no decay of the thresholds."""
_STATE = "cell_weights"


@dataclass(frozen=True, repr=False)
class EnTranResult(DerivationResult):
    """What a search with `search_entrannas` found.

    Attributes:
        space: Name of the space.
        task: Task.
        method: Method.
        seed: Seed.
        arch: The derived architecture.
        simplest: Its simplest form.
        gap: Derivation gap: `derived_loss` - `search_loss`, what is lost when the network of the search becomes the
            derived one with the same weights.
        search_loss: Loss of the network of the search on the validation images, with statistics of each batch.
        derived_loss: Likewise of the derived network.
        alpha: Logits of the operations, of shape (6, K), "none" first.
        thresholds: Thresholds of the nodes 1, 2, 3.
        weights: Weights of the operations in an Engine cell, of shape (6, K).
        archs: Derived architecture after each epoch.
        losses: Its loss on the validation images after each epoch. No choice depends on it.
        images: Number of images in the steps of the weights and of alpha together.
        engine: Numbers of the Engine cells.
        in_space: Whether the derived network is that of the published space; False with shared features.
        seconds: Duration.
        notes: What a reader should know, e.g. a collapse to skips.
        settings: All settings, with the recipe, and the version of the trainings.
    """

    space: str
    task: str
    method: str
    seed: int
    arch: str
    simplest: str
    gap: float
    search_loss: float
    derived_loss: float
    alpha: list[list[float]]
    thresholds: list[float]
    weights: list[list[float]]
    archs: list[str]
    losses: list[float]
    images: int
    engine: list[int]
    in_space: bool
    seconds: float
    notes: list[str]
    settings: dict[str, Any]


@one_thread_if_forked()
def search_entrannas(
    space: str | Space,
    task: str,
    preset: str | Recipe = "mini",
    *,
    method: str = "entrannas",
    seed: int = 0,
    learning_rate: float = 0.01,
    threshold: float = 0.5,
    mixed: float = 0.5,
    share_features: bool = False,
    folder: str | Path | None = None,
    sources: Images = None,
    device: str = "auto",
    progress: bool = False,
    trainer_options: Mapping[str, Any] | None = None,
) -> EnTranResult:
    """Search a space of cells by gradient: EnTranNAS-DST, EnTranNAS without it, or DARTS.

    Each step changes alpha and the thresholds on a batch of one half of the training images, then the weights on a
    batch of the other half (first order). The cell is derived anew in every step (`CellWeights.derive`). With
    EnTranNAS, one cell of each stage mixes the operations, and all others run the derived cell; with DARTS, all cells
    mix. A finished search is read, an interrupted one resumed with the same result.

    Deviations from EnTranNAS-DST (Yang et al., CVPR 2021): a cell of these spaces has one operation an edge, so several
    that stay on an edge cannot be derived. All operations that stay are mixed in the first part of the search, as
    published (`mixed`); then only those that are derived, so that nothing is lost in the end. "none" has no weight of
    its own: an edge is dropped by its node's threshold. Numbers of alpha and thresholds without a gradient in a step
    (of the only input of a node; of operations below a threshold) are left as they are, where Adam with weight decay
    would pull them to 0. Features are not shared unless asked for.

    Args:
        space: Space of cells, or its name.
        task: One of the seven tasks.
        preset: Name of a preset, whose recipe is `supernet_recipe`'s; or a recipe. An epoch is one pass over both
            halves.
        method: ``"entrannas"`` (with DST), ``"entrannas-base"`` or ``"darts"`` (`CELL_METHODS` of
            `surrogates.supernet.cell_weights`).
        seed: Seed of weights, alpha, order of images and augmentation.
        learning_rate: Of alpha and the thresholds; their optimiser is Adam with a constant rate and the settings of
            DARTS.
        threshold: First threshold of each node; only of ``"entrannas"``.
        mixed: Share of the epochs, from the first on, in which an edge may mix operations; only of ``"entrannas"``.
        share_features: Whether the same operation leaving a node is computed once for all later nodes. The derived
            network then has fewer weights than the architecture of the space; the result says so.
        folder: Folder of the search; None = nothing is stored.
        sources: Images by split, or a function of the recipe that returns them; Rooms by default. ``"train"`` is
            searched on, ``"valid"`` only reported.
        device: ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"`` or ``"cuda:1"``; one device.
        progress: Whether to show a progress bar.
        trainer_options: More options of `lightning.Trainer`.

    Raises:
        SpaceError: If it is not a space of cells.
        ValueError: If the recipe is for another task or has an adversarial loss, there are fewer than four training
            images, a setting is out of range, there is no such device, or there are several.
        UnknownNameError: If there is no such space, task, preset or method.
        TrainingFailed: If the loss is not finite.
        ArtefactError: If the folder holds another search.

    Warns:
        UserWarning: If the derived cell has skips alone.

    Example:
        >>> from benchmarks.training import ImageSet
        >>> from benchmarks.training.supernet import supernet_recipe
        >>> small = {"base_channels": 2, "input_size": 16, "n_train": 4, "n_valid": 2, "n_test": None, "batch_size": 2}
        >>> images = ImageSet({"rgb": torch.zeros(4, 3, 16, 16, dtype=torch.uint8), "room_layout": torch.ones(4, 9)})
        >>> found = search_entrannas(
        ...     "transnas101-micro",
        ...     "room_layout",
        ...     replace(supernet_recipe("room_layout"), epochs=2, **small),
        ...     sources={"train": images, "valid": images},
        ...     device="cpu",
        ... )
        >>> len(found.archs), found.engine, found.in_space
        (2, [1, 5, 9], True)
    """
    choice(method, CELL_METHODS, "method")
    cells = get_space(space)
    if not isinstance(cells, CellSpace):
        raise SpaceError(
            f"expected a space of cells, such as 'transnas101-micro' or 'nasbench201', got {cells.name!r}, which has "
            "no operations to mix"
        )
    if not 0 <= mixed <= 1:
        raise ValueError(f"expected a share from 0 to 1 as mixed, got {mixed}")
    if not 0 < learning_rate < np.inf:
        raise ValueError(f"expected a positive learning_rate, got {learning_rate}")
    recipe = asked_recipe(task, preset)
    check_loss(recipe)
    halves = Halves(recipe, sources)
    recipe = replace(recipe, n_train=halves.sizes[0], n_test=None)
    settings = _Settings(method, learning_rate, threshold, mixed, share_features)
    CellWeights(cells, method, threshold)  # refuses a wrong threshold before the images are read

    def module() -> _Module:
        own = dict(zip(("train", "search"), halves.both(), strict=True))
        valid = {split: source for split, source in halves.all().items() if split == "valid"}
        return _Module(cells, recipe, {**own, **valid}, settings, seed)

    identity = {
        **supernet_identity(cells, recipe, _Derived(None, settings), _Mixed(settings), seed),
        "images": halves.kind,
    }
    result = run_derivation(method, module, identity, _result, EnTranResult, folder, device, progress, trainer_options)
    for note in result.notes:
        warn_user(note)
    return result


@dataclass(frozen=True)
class _Settings:
    method: str
    learning_rate: float
    threshold: float
    mixed: float
    share_features: bool

    def __str__(self) -> str:
        parts = [self.method, f"rate {self.learning_rate:g}"]
        if self.method == "entrannas":
            parts += [f"threshold {self.threshold:g}", f"mixed {self.mixed:g}", "no decay without a gradient"]
        return ", ".join([*parts, *(["shared features"] if self.share_features else [])])


class _Derived:
    """A path sampler whose path is the cell that is derived now."""

    def __init__(self, weights: CellWeights | None, settings: _Settings) -> None:
        self._weights, self.name = weights, f"derived: {settings}"

    def paths(self, step: int, rng: np.random.Generator) -> list[str]:
        """The derived architecture."""
        assert self._weights is not None
        return [self._weights.derive()]


class _Mixed:
    """An objective: the loss of the network of the search, whose weights q are constants."""

    def __init__(self, settings: _Settings) -> None:
        self.name = f"supervised, {settings.method}"
        self._settings = settings
        self.weights: CellWeights | None = None
        self._made: MixtureNetwork | None = None

    def network(self, supernet: Supernet) -> MixtureNetwork:
        """The network of the search."""
        if self._made is None or self._made.supernet is not supernet:
            assert isinstance(supernet.space, CellSpace)
            cells = len(supernet.space.cell_shapes(supernet.space.skeleton, supernet.space.input_size))
            engine = range(cells) if CELL_METHODS[self._settings.method].all_engine else engine_cells(supernet.space)
            self._made = MixtureNetwork(supernet, engine, self._settings.share_features)
        return self._made

    def losses(
        self, supernet: Supernet, paths: Sequence[str], inputs: Tensor, targets: Tensor, loss: Loss
    ) -> Iterator[PathLoss]:
        """The loss of the network of the search."""
        assert self.weights is not None
        q = self.weights().detach()
        for path in paths:
            outputs = self.network(supernet)(inputs, path, q)
            yield PathLoss(loss(outputs, targets), outputs)


class _Module(SupernetModule):
    """Steps of alpha and of the weights in turn; validation metrics are those of the derived network."""

    objective: _Mixed

    def __init__(
        self,
        space: CellSpace,
        recipe: Recipe,
        sources: Mapping[str, ImageSource],
        settings: _Settings,
        seed: int,
    ) -> None:
        cell = CellWeights(space, settings.method, settings.threshold, seed)
        objective = _Mixed(settings)
        scored = {split: source for split, source in sources.items() if split != "search"}
        super().__init__(space, recipe, scored, _Derived(cell, settings), objective, seed=seed)
        self.sources["search"] = sources["search"]
        self.counts["search"] = len(sources["search"])
        self.settings, self.cell, objective.weights = settings, cell, cell
        self.archs: list[str] = []
        self._optimiser: torch.optim.Adam | None = None
        self._resumed: dict[str, Any] | None = None

    @property
    def subject(self) -> str:
        """The supernet of the search."""
        return f"{super().subject} in {self.settings.method}"

    @property
    def mixture(self) -> MixtureNetwork:
        """The network of the search."""
        return self.objective.network(self.network)

    def on_fit_start(self) -> None:
        """Create the optimiser of alpha, on the device.

        Raises:
            ValueError: If there are several devices, whose gradients of alpha would differ.
        """
        super().on_fit_start()
        if self.trainer.world_size > 1:
            raise ValueError(f"expected one device for a search by gradient, got {self.trainer.world_size}")
        self._optimiser = torch.optim.Adam(self.cell.parameters(), self.settings.learning_rate, betas=_BETAS)
        if self._resumed is not None:
            self._optimiser.load_state_dict(self._resumed)

    def on_train_epoch_start(self) -> None:
        """Begin the pass over the half for alpha; with DST, an edge has one operation from some epoch on."""
        super().on_train_epoch_start()
        self._set_single(self.current_epoch)
        self._search = iter(self._loader("search", self.recipe.batch_size, (self.seed, self.current_epoch, 1)))
        self._own_streams = RandomStreams((self.seed, self.current_epoch, 2), self.device)

    def _set_single(self, epoch: int) -> None:
        self.cell.single = epoch >= round(self.settings.mixed * self.recipe.epochs)

    def step(self, parts: list[tuple[Tensor, Tensor]], n: int) -> Tensor:
        """A step of alpha and the thresholds, then one of the weights."""
        self._search_step()
        return super().step(parts, n)

    def _search_step(self) -> None:
        batch = {name: values.to(self.device) for name, values in next(self._search).items()}
        inputs, targets = self.prepare(batch, self._own_streams, training=True)
        loss = self.loss(self.mixture(inputs, self.cell.derive(), self.cell()), targets)
        parameters = list(self.cell.parameters())
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        self._move(parameters, gradients)

    @torch.no_grad()
    def _move(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor | None]) -> None:
        """A step of Adam, which leaves numbers without a gradient as they are; with L2 on alpha alone."""
        assert self._optimiser is not None
        before = [parameter.clone() for parameter in parameters]
        for parameter, gradient in zip(parameters, gradients, strict=True):
            decay = _DECAY if parameter is self.cell.alpha else 0.0
            parameter.grad = None if gradient is None else gradient.add(parameter, alpha=decay)
        self._optimiser.step()
        for parameter, old, gradient in zip(parameters, before, gradients, strict=True):
            if gradient is not None:
                parameter.copy_(torch.where(gradient == 0, old, parameter))

    def answer(self, split: str, inputs: Tensor) -> Tensor:
        """Outputs of the derived network, with the statistics of the batch."""
        with batch_statistics(self.network):
            return self.mixture(inputs, self.cell.derive())

    def on_train_epoch_end(self) -> None:
        """Keep the architecture that is derived now."""
        super().on_train_epoch_end()
        if self.epochs_done > len(self.archs):
            self.archs.append(self.cell.derive())

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the state of alpha's optimiser as well."""
        super().on_save_checkpoint(checkpoint)
        assert self._optimiser is not None
        checkpoint[_STATE] = {"optimiser": self._optimiser.state_dict(), "archs": self.archs}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore it; if all epochs are done, no epoch starts that would say whether operations are mixed."""
        super().on_load_checkpoint(checkpoint)
        self._set_single(self.epochs_done - 1)
        self._resumed, self.archs = checkpoint[_STATE]["optimiser"], checkpoint[_STATE]["archs"]

    @torch.no_grad()
    def losses(self) -> tuple[float, float]:
        """Losses of the network of the search and of the derived one on the validation images, in evaluation mode."""
        self.eval()
        arch, weights, device = self.cell.derive(), self.cell(), self.cell.alpha.device
        self._begin_puzzles(self.recipe.epochs - 1)  # those of the last validation
        loader = BatchLoader(self.sources["valid"], self.prepare.domains, self.recipe.batch_size, self.counts["valid"])
        totals, count = torch.zeros(2, dtype=torch.float64), 0
        for batch in loader:
            if (n := len(batch["rgb"])) < LEAST_IMAGES:
                continue
            on_device = {name: values.to(device) for name, values in batch.items()}
            inputs, targets = self.prepare(on_device, self._puzzles, training=False)
            with batch_statistics(self.network):
                for index, q in enumerate((weights, None)):
                    totals[index] += n * float(self.loss(self.mixture(inputs, arch, q), targets))
            count += n
        searched, derived = (totals / count).tolist()
        return searched, derived


def _result(module: _Module, settings: dict[str, Any]) -> dict[str, Any]:
    """The result of a finished search, as JSON values."""
    space = module.network.space
    assert isinstance(space, CellSpace)
    arch = module.cell.derive()
    (simplest,) = space.simplify([arch])
    searched, derived = module.losses()
    notes = []
    if has_skips_alone(space, arch):
        notes.append(
            f"the derived cell {arch} has skips alone: the known collapse of searches by gradient, not a result "
            "(DARTS ends so on NAS-Bench-201, at 54.30 % on CIFAR-10); another seed, or a smaller learning_rate of "
            "alpha, may help"
        )
    shares = module.settings.share_features
    if shares:
        notes.append(
            f"features were shared: the derived network has one set of weights for each node and operation, and is not "
            f"{arch} of {space.name}, which has one for each edge; trained alone, {arch} is another network"
        )
    column = f"valid_{loss_name(module.recipe.task)}"
    steps = len(BatchLoader(module.sources["train"], (), module.recipe.batch_size, module.counts["train"], (0,)))
    return EnTranResult(
        space=space.name,
        task=module.recipe.task,
        method=module.settings.method,
        seed=module.seed,
        arch=arch,
        simplest=simplest,
        gap=derived - searched,
        search_loss=searched,
        derived_loss=derived,
        alpha=module.cell.alpha.tolist(),
        thresholds=module.cell.thresholds.tolist(),
        weights=module.cell().tolist(),
        archs=module.archs,
        losses=module.metrics[column],
        images=2 * module.recipe.epochs * steps * min(module.recipe.batch_size, module.counts["train"]),
        engine=list(module.mixture.engine),
        in_space=not shares,
        seconds=module.metrics[TIME][-1],
        notes=notes,
        settings=settings,
    ).to_json()
