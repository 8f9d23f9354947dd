"""LightningModule of graph networks: squared error and ranking loss on incomplete labels, one-cycle schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightning
import torch
from torch import Tensor

from surrogates.models.graph.datasets import TaskDataset
from surrogates.models.graph.net import MemberNet

__all__ = ["GraphTraining", "Schedule"]

STEPS_PER_EPOCH = 20
_WARM_UP = 0.15
_SHARPNESS = 3.0
_PAIRS = 4


@dataclass(frozen=True)
class Schedule:
    """Hyperparameters of a training.

    Attributes:
        steps: Optimiser steps, rounded up to whole epochs of 20.
        learning_rate: Peak learning rate of one cycle with cosine decay.
        shrinkage: Fraction of a weight that decays per step at the peak learning rate (AdamW).
        ranking: Weight of the ranking loss, relative to the squared error.
        batch_size: Maximum number of rows per dataset and step.
        patience: Early stopping: epochs without a better held-out loss before the best weights are restored; None: off.
    """

    steps: int = 200
    learning_rate: float = 5e-3
    shrinkage: float = 0.02
    ranking: float = 0.5
    batch_size: int = 384
    patience: int | None = None

    @property
    def epochs(self) -> int:
        """Whole epochs of `STEPS_PER_EPOCH` steps, at least one."""
        return max(1, -(-self.steps // STEPS_PER_EPOCH))


class GraphTraining(lightning.LightningModule):
    """Trains all members of a network on several datasets at once.

    The loss of a member is the mean, over datasets and tasks, of the squared error on its training rows plus a logistic
    loss on random pairs of them, weighted by the difference of their labels (RankNet, Burges et al., ICML 2005).
    Missing labels have weight 0.

    Args:
        net: The network.
        datasets: Training data.
        schedule: See `Schedule`.
    """

    def __init__(self, net: MemberNet, datasets: list[TaskDataset], schedule: Schedule) -> None:
        super().__init__()
        self.net, self.schedule = net, schedule
        self.datasets = datasets
        self.best_loss = float("inf")
        self.best_weights: dict[str, Tensor] = {}

    def on_fit_start(self) -> None:
        """Move the datasets to the network's device."""
        self.datasets = [dataset.to(self.device) for dataset in self.datasets]

    def training_step(self, batch: int, batch_idx: int) -> Tensor:
        """The loss on a random batch of every dataset, summed over the members, which share no weights."""
        losses = [self._loss(self._draw(dataset)) for dataset in self.datasets]
        loss = torch.stack(losses).mean() * self.net.sizes.members
        self.log("loss", loss.detach() / self.net.sizes.members, on_step=False, on_epoch=True, batch_size=1)
        return loss

    def on_train_epoch_end(self) -> None:
        """With early stopping, compute the squared error on the left-out rows and keep the best weights."""
        if self.schedule.patience is None:
            return
        self.net.eval()
        with torch.no_grad():
            held_out = [self._error(dataset, ~dataset.seen) for dataset in self.datasets]
        self.net.train()
        loss = torch.stack(held_out).mean()
        self.log("held_out", loss)
        if float(loss) < self.best_loss:
            self.best_loss = float(loss)
            self.best_weights = {name: value.detach().clone() for name, value in self.net.state_dict().items()}

    def configure_optimizers(self) -> Any:
        """AdamW (no decay of biases and gains) with a one-cycle schedule."""
        trained = [(name, p) for name, p in self.net.named_parameters() if p.requires_grad]
        weights = [p for name, p in trained if not self.net.is_scale_or_shift(name)]
        others = [p for name, p in trained if self.net.is_scale_or_shift(name)]
        rate = self.schedule.learning_rate
        decay = self.schedule.shrinkage / rate
        groups = [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=rate)
        steps = self.schedule.epochs * STEPS_PER_EPOCH + 1
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, rate, total_steps=steps, pct_start=_WARM_UP, cycle_momentum=False
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the state of the random generator and the best weights."""
        checkpoint["generator"] = self.net.generator.get_state()
        checkpoint["best"] = (self.best_loss, self.best_weights)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the state of the random generator and the best weights."""
        self.net.generator.set_state(checkpoint["generator"].cpu())
        self.best_loss, self.best_weights = checkpoint["best"]

    def _draw(self, dataset: TaskDataset) -> TaskDataset:
        if len(dataset) <= self.schedule.batch_size:
            return dataset
        rows = torch.randperm(len(dataset), generator=self.net.generator)[: self.schedule.batch_size]
        return dataset.part(rows.to(self.device))

    def _loss(self, dataset: TaskDataset) -> Tensor:
        predicted = self.net(dataset.graphs, dataset.space, dataset.head)[:, dataset.rows]  # (K, n, T)
        loss = _squared_error(predicted, dataset, dataset.seen)
        if self.schedule.ranking and len(dataset) > 1:
            loss = loss + self.schedule.ranking * self._pair_loss(predicted, dataset)
        return loss

    def _pair_loss(self, predicted: Tensor, dataset: TaskDataset) -> Tensor:
        n, generator = len(dataset), self.net.generator
        one, other = (
            torch.cat([torch.randperm(n, generator=generator) for _ in range(_PAIRS)]).to(self.device) for _ in range(2)
        )
        truth = torch.nan_to_num(dataset.scores[one] - dataset.scores[other])  # (pairs, T), 0 where either is missing
        weight = truth.abs() * (dataset.seen[:, one] & dataset.seen[:, other])[:, :, None]  # (K, pairs, T)
        margin = (predicted[:, one] - predicted[:, other]) * truth.sign()
        losses = torch.nn.functional.softplus(-_SHARPNESS * margin) * weight
        return (losses.sum(dim=1) / weight.sum(dim=1).clamp(min=1e-6)).mean()

    def _error(self, dataset: TaskDataset, rows: Tensor) -> Tensor:
        chunks = torch.split(torch.arange(len(dataset), device=self.device), self.schedule.batch_size)
        parts = [dataset.part(chunk) for chunk in chunks]
        predicted = [self.net(part.graphs, part.space, part.head)[:, part.rows] for part in parts]
        return _squared_error(torch.cat(predicted, dim=1), dataset, rows)


def _squared_error(predicted: Tensor, dataset: TaskDataset, rows: Tensor) -> Tensor:
    """Squared error of the measured labels among `rows`, of shape (K, n); mean over members and tasks."""
    known = ~torch.isnan(dataset.scores)
    weight = (known * rows[:, :, None]).to(predicted.dtype)  # (K, n, T)
    squares = (predicted - torch.nan_to_num(dataset.scores)) ** 2 * weight
    return (squares.sum(dim=1) / weight.sum(dim=1).clamp(min=1)).mean()
