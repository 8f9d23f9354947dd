"""A graph network over all tasks, with calibrated uncertainty, optionally pre-trained on other tables.

Labels are transformed to normal scores of their ranks. The training rows are split into folds; every member of the
ensemble leaves one fold out, so the same networks give the ensemble and the out-of-fold predictions that calibrate it.
All members are trained at once as one module (`surrogates.models.graph.net`), or as modules of the user's own
(`surrogates.models.graph.module_net`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state

from benchmarks.errors import choice
from benchmarks.files import read_file
from surrogates.base import warn_of_equal_labels
from surrogates.calibration.base import CalibratedSurrogate
from surrogates.calibration.folds import FoldCalibration, normal_scores
from surrogates.labels import Labels
from surrogates.models.graph.torch_session import torch_session
from surrogates.models.graph.updates import AVERAGED, UPDATES, hold_out, out_of_fold, update_weights
from surrogates.store.pack import Pack

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from benchmarks.table import Table
    from surrogates.models.graph.datasets import TaskDataset
    from surrogates.models.graph.module_net import Network
    from surrogates.models.graph.training import Schedule
    from surrogates.models.graph.updates import Update
    from surrogates.models.graph.weights import TrainedNet

__all__ = ["GraphSurrogate"]

_STEPS_AT_128 = 200
_FEWEST, _MOST = 60, 800
_CAREFUL = 0.4

Float = NDArray[np.float64]


class GraphSurrogate(CalibratedSurrogate):
    """An ensemble of graph networks on the cell graph and the graph features, all tasks at once; needs ``[gnn]``.

    Args:
        network: What reads the graphs: our dense network if not given, or any network of PyTorch Geometric, of your own
            or `surrogates.models.graph.DirectedGNN`. It is a class or function that makes an untrained
            `torch.nn.Module`, called once a member as ``network(F)`` with the number F of node features; further
            arguments by ``functools.partial(MyNetwork, hidden=32)``. Its ``forward(batch)`` gets a
            `torch_geometric.data.Batch` of n graphs with M nodes and E edges, ``x`` of shape (M, F), standardised,
            ``edge_index`` of shape (2, E), ``batch`` of shape (M,) and ``ptr`` of shape (n + 1,)
            (`encoders.pyg.dense_to_batch`), and returns one vector a graph, floats of shape (n, h) with an h >= 1 of
            its own choice. Vectors and graph features are the input of the trunk, so it need not know tasks or spaces.
            Its dropout follows `random_state`. It is stored if its class is registered (`register_storable`).
        n_members: Number of folds, and of members of the ensemble.
        hidden: Width of a node's state in our dense network.
        layers: Rounds of message passing along and against the edges in our dense network.
        trunk: Width of the input of the heads.
        n_steps: Optimiser steps; if not given 200 for 128 labelled rows, proportional to the square root of their
            number, between 60 and 800.
        learning_rate: Peak learning rate.
        shrinkage: Fraction of a weight that decays per step at the peak learning rate.
        dropout: Dropout probability in training of the states of our dense network, and of the inputs of trunk and
            heads.
        ranking: Weight of the ranking loss, relative to the squared error.
        batch_size: Maximum number of rows per table and step.
        patience: Early stopping: number of epochs of 20 steps without a better loss on the left-out rows before
            training stops and the best weights are restored; no early stopping if not given.
        checkpoint_dir: Folder for a checkpoint after every epoch; after an interruption the same call resumes from it.
        log_dir: Folder for the logged losses; not logged if not given.
        logger: Format of the log: ``"csv"`` or ``"tensorboard"`` (needs tensorboard).
        progress: Whether to show a progress bar.
        n_jobs: Threads on a CPU; all cores if -1, torch's default if not given.
        random_state: Seed; the same seed gives the same predictions in any process on one kind of machine.

    Attributes:
        pretrained_: The network of the last `pretrain`; `fit` neither uses nor changes it.
        weights_: Weight of the network of each update (`finetune`), with sum 1; ``{"scratch": 1.0}`` after `fit`.

    Example:
        >>> from benchmarks import get_space
        >>> archs = get_space("transnas101-micro").sample(60, rng=0)
        >>> depth = [float(arch.count("3")) for arch in archs]
        >>> surrogate = GraphSurrogate(random_state=0, n_members=4).fit(archs, depth)
        >>> mean, std = surrogate.predict(["64-41414-3_33_333", "64-41414-0_00_100"], return_std=True)
        >>> bool(mean[0] > mean[1]), std.shape
        (True, (2,))

        A network of your own:

        >>> import torch
        >>> from torch_geometric.nn import GCNConv, global_mean_pool
        >>> class Convolution(torch.nn.Module):
        ...     def __init__(self, in_channels: int, hidden: int = 16) -> None:
        ...         super().__init__()
        ...         self.convolution = GCNConv(in_channels, hidden)
        ...
        ...     def forward(self, batch):
        ...         return global_mean_pool(self.convolution(batch.x, batch.edge_index).relu(), batch.batch)
        >>> own = GraphSurrogate(network=Convolution, n_members=2, n_steps=40).fit(archs, depth)
        >>> own.predict(archs[:3]).shape
        (3,)
    """

    pretrained_: TrainedNet
    weights_: dict[Update, float]
    kept_by_fit = ("pretrained_",)

    def __init__(
        self,
        *,
        network: Network | None = None,
        n_members: int = 8,
        hidden: int = 48,
        layers: int = 3,
        trunk: int = 64,
        n_steps: int | None = None,
        learning_rate: float = 5e-3,
        shrinkage: float = 0.02,
        dropout: float = 0.1,
        ranking: float = 0.5,
        batch_size: int = 384,
        patience: int | None = None,
        checkpoint_dir: str | Path | None = None,
        log_dir: str | Path | None = None,
        logger: str = "csv",
        progress: bool = False,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.network = network
        self.n_members = n_members
        self.hidden = hidden
        self.layers = layers
        self.trunk = trunk
        self.n_steps = n_steps
        self.learning_rate = learning_rate
        self.shrinkage = shrinkage
        self.dropout = dropout
        self.ranking = ranking
        self.batch_size = batch_size
        self.patience = patience
        self.checkpoint_dir = checkpoint_dir
        self.log_dir = log_dir
        self.logger = logger
        self.progress = progress
        self.n_jobs = n_jobs
        self.random_state = random_state

    def pretrain(self, sources: Table | Sequence[Table], *, n_steps: int = 600, label_free: bool = True) -> Self:
        """Pre-train one network on tables of any tasks and spaces, for `finetune`.

        Args:
            sources: Tables, each of one or more spaces; missing values are allowed. Any numeric column that ranks
                architectures can be a task, such as zero-cost proxies (``Table.from_frame`` of arch, synflow, nwot,
                ...).
            n_steps: Optimiser steps.
            label_free: Whether to also predict parameters and multiply-adds of the same architectures, if they have
                networks.

        Raises:
            ValueError: If there is no table, or a source is not a `Table`.
        """
        from benchmarks.table import Table

        tables = [sources] if isinstance(sources, Table) else list(sources)
        if not tables or not all(isinstance(table, Table) for table in tables):
            raise ValueError(f"expected at least one Table to pre-train on, got {[type(t).__name__ for t in tables]}")
        with torch_session(type(self).__name__, self.n_jobs):
            from surrogates.models.graph.module_net import make_net
            from surrogates.models.graph.net import Sizes
            from surrogates.models.graph.transfer import own_operations, source_datasets
            from surrogates.models.graph.weights import TrainedNet

            sizes = Sizes(self.n_members, self.hidden, self.layers, self.trunk)
            datasets, relevance, heads = source_datasets(tables, self.n_members, label_free)
            widths = {space: len(weights) for space, weights in relevance.items()}
            seed = int(check_random_state(self.random_state).randint(2**31 - 1))
            operations = own_operations(widths)
            net = make_net(self.network, sizes, widths, heads, self.dropout, seed, operations)
            self._train(TrainedNet(net, relevance), datasets, self._schedule(n_steps, 1.0), "pretrain")
            self.pretrained_ = TrainedNet(net, relevance)
        return self

    def finetune(
        self,
        archs: Sequence[str],
        Y: ArrayLike | pd.DataFrame | pd.Series[Any],
        update: Update | Literal["auto"] = "auto",
        *,
        minimize: Collection[str] | str = (),
    ) -> Self:
        """Fit one or more tasks, starting from the pre-trained network; arguments otherwise as in `fit`.

        Args:
            archs: n architecture strings of one space, in the sources or not.
            Y: Labels of shape (n, T) or (n,).
            update: ``"head"``: ridge regression on the frozen pre-trained trunk; ``"adapter"``: from there, train the
                scales and shifts of its layers; ``"full"``: from there, train all weights; ``"scratch"``: as `fit`;
                ``"auto"``: average of head, adapter and scratch, with weights fitted to out-of-fold scores.
            minimize: As in `fit`.

        Raises:
            sklearn.exceptions.NotFittedError: Before `pretrain`.
        """
        if not hasattr(self, "pretrained_"):
            raise NotFittedError("expected pretrain(tables) or load_pretraining(path) before finetune(), got neither")
        choice(update, ("auto", *UPDATES), "update")
        updates = AVERAGED if update == "auto" else (update,)
        labels = Labels.from_data(archs, Y, minimize)
        labels.check_bounds()

        def learn(labels: Labels) -> None:
            self._fit_updates(labels, updates)
            self.widen(labels)

        self.fit_labels(labels, learn)
        warn_of_equal_labels(labels)
        return self

    def save_pretraining(self, path: str | Path) -> Path:
        """Write the pre-trained network to a safetensors file.

        Raises:
            sklearn.exceptions.NotFittedError: Before `pretrain`.
        """
        from benchmarks.files import write_beside

        if not hasattr(self, "pretrained_"):
            raise NotFittedError("expected pretrain(tables) before save_pretraining(), got no pre-trained network")
        with write_beside(path) as beside:
            beside.write_bytes(self.pretrained_.to_bytes())
        return Path(path)

    def load_pretraining(self, path: str | Path) -> Self:
        """Read a network written by `save_pretraining`, for `finetune`.

        Raises:
            ArtefactError: If the file is damaged, or has another node schema or format.
        """
        with torch_session(type(self).__name__, self.n_jobs):
            from surrogates.models.graph.weights import TrainedNet

            self.pretrained_ = TrainedNet.from_bytes(read_file(path), str(path), self.network)
        return self

    def params_to_store(self) -> dict[str, Any]:
        """The constructor's arguments without local folders."""
        return {**self.get_params(deep=False), "checkpoint_dir": None, "log_dir": None}

    def fit_scores(self, labels: Labels) -> None:
        self._fit_updates(labels, ("scratch",))

    def _fit_updates(self, labels: Labels, updates: Sequence[Update]) -> None:
        """Fit to labels with several updates, and average them."""
        Z = normal_scores(labels.values)
        rng = check_random_state(self.random_state)
        # averaged networks must leave out the same rows, so all have as many members as the pre-trained one
        members = self.n_members if tuple(updates) == ("scratch",) else self.pretrained_.net.sizes.members
        with torch_session(type(self).__name__, self.n_jobs):
            fold = rng.permutation(len(Z)) % min(members, len(Z))
            seed = int(rng.randint(2**31 - 1))
            nets, scores = zip(*(self._candidate(u, labels, Z, fold, members, seed) for u in updates), strict=True)
        weights = update_weights(np.stack(scores), Z)
        used = [(u, net, float(w)) for u, net, w in zip(updates, nets, weights, strict=True) if w > 0]
        self.nets_, self.weights_ = {u: net for u, net, _ in used}, {u: w for u, _, w in used}
        self.calibrate(labels, np.tensordot(weights, np.stack(scores), axes=1), fold)

    def _candidate(
        self, update: Update, labels: Labels, Z: Float, fold: NDArray[np.int64], members: int, seed: int
    ) -> tuple[TrainedNet, Float]:
        """A network after one update, and its out-of-fold scores of shape (n, T)."""
        from surrogates.models.graph.datasets import predict_members
        from surrogates.models.graph.net import Sizes
        from surrogates.models.graph.transfer import (
            TARGET,
            fit_head,
            fresh_net,
            only_adapters,
            target_dataset,
            warm_net,
        )

        if update == "scratch":
            sizes = Sizes(members, self.hidden, self.layers, self.trunk)
            trained = fresh_net(labels, Z, self.network, sizes, self.dropout, seed)
        else:
            trained = warm_net(self.pretrained_, labels, Z, seed, frozen=update == "head")
        seen = hold_out(fold, members)
        dataset = target_dataset(trained, labels, Z, seen)
        if update != "scratch":
            fit_head(trained, dataset)
        if update == "adapter":
            only_adapters(trained.net, self.pretrained_.relevance)
        if update != "head" and np.nanmax(np.abs(Z)) > 0:
            steps = self.n_steps or int(np.clip(_STEPS_AT_128 * np.sqrt(len(Z) / 128), _FEWEST, _MOST))
            self._train(trained, [dataset], self._schedule(steps, 1.0 if update == "scratch" else _CAREFUL), update)
        scores = predict_members(trained.net, dataset.graphs, dataset.space, TARGET)[:, labels.group]  # (K, n, T)
        return trained, out_of_fold(scores, seen)

    def scores(self, archs: list[str]) -> Float:
        """Normal scores of m distinct simplest forms, of shape (m, T): the weighted mean of networks and members."""
        with torch_session(type(self).__name__, self.n_jobs):
            return np.asarray(
                sum(
                    weight * self.nets_[update].scores(self.space_, archs, "target").mean(axis=0)
                    for update, weight in self.weights_.items()
                )
            )

    def _schedule(self, steps: int, pace: float) -> Schedule:
        from surrogates.models.graph.training import Schedule

        rate = self.learning_rate * pace
        shrinkage = self.shrinkage * pace
        return Schedule(steps, rate, shrinkage, self.ranking, self.batch_size, self.patience)

    def _train(self, trained: TrainedNet, datasets: list[TaskDataset], schedule: Schedule, stage: str) -> None:
        from surrogates.models.graph.trainer import train

        checkpoints, logs = (folder and Path(folder, stage) for folder in (self.checkpoint_dir, self.log_dir))
        options: dict[str, Any] = {"checkpoint_dir": checkpoints, "log_dir": logs, "logger": self.logger}
        train(trained.net, datasets, schedule, **options, progress=self.progress)

    def pack(self) -> Pack:
        models = {f"{update}.safetensors": net.to_bytes() for update, net in self.nets_.items()}
        return Pack(settings={"weights": self.weights_}, arrays=self.calibration_.to_arrays(), models=models)

    def unpack(self, pack: Pack) -> None:
        self.weights_ = pack.settings["weights"]
        with torch_session(type(self).__name__, self.n_jobs):
            from surrogates.models.graph.weights import TrainedNet

            names = {update: f"{update}.safetensors" for update in self.weights_}
            self.nets_ = {
                update: TrainedNet.from_bytes(pack.models[name], name, self.network) for update, name in names.items()
            }
        self.calibration_ = FoldCalibration.from_arrays(len(self.tasks_), pack.arrays)
