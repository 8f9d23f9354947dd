"""Training of graph networks: losses against a loop, gaps, early stopping, logs, interruption and resume."""

import json
import threading

import numpy as np
import pytest

torch = pytest.importorskip("torch")
lightning = pytest.importorskip("lightning")

from benchmarks import ArtefactError, get_space  # noqa: E402
from benchmarks.errors import UnknownNameError  # noqa: E402
from surrogates.models.graph.datasets import TaskDataset, graph_tensors  # noqa: E402
from surrogates.models.graph.net import GraphNet, Sizes  # noqa: E402
from surrogates.models.graph.trainer import train  # noqa: E402
from surrogates.models.graph.training import GraphTraining, Schedule  # noqa: E402

MICRO = "transnas101-micro"
SIZES = Sizes(members=2, hidden=6, layers=1, trunk=6)


@pytest.fixture(scope="module")
def dataset():
    """30 architectures, two tasks, some gaps; member k does not see the rows of fold k."""
    archs = get_space(MICRO).sample(30, rng=0)
    size = np.array([arch.count("3") + 0.5 * arch.count("2") for arch in archs])
    Z = np.stack([(size - size.mean()) / size.std(), np.sin(size)], axis=1)
    Z[::7, 1] = np.nan
    seen = np.arange(30) % 2 != np.arange(2)[:, None]
    return TaskDataset.from_arrays(MICRO, "y", graph_tensors(MICRO, archs), np.arange(30), Z, seen)


def fresh(dataset, seed=0):
    return GraphNet(SIZES, {MICRO: dataset.graphs.features.shape[1]}, {"y": 2}, seed=seed)


def error(net, taught, rows):
    with torch.no_grad():
        return float(GraphTraining(net.eval(), [taught], Schedule())._error(taught, rows))


def weights(net):
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])


def test_squared_error_is_that_of_a_loop(dataset):
    net = fresh(dataset).eval()
    module = GraphTraining(net, [dataset], Schedule(ranking=0.0))
    predicted = net(dataset.graphs, MICRO, "y").detach()
    errors = []
    for k in range(2):
        for t in range(2):
            rows = [i for i in range(30) if dataset.seen[k, i] and not torch.isnan(dataset.scores[i, t])]
            errors.append(np.mean([(float(predicted[k, i, t]) - float(dataset.scores[i, t])) ** 2 for i in rows]))
    assert float(module._loss(dataset).detach()) == pytest.approx(np.mean(errors), rel=1e-5)


def test_ranking_prefers_the_right_order(dataset):
    module = GraphTraining(fresh(dataset), [dataset], Schedule())
    right = torch.nan_to_num(dataset.scores).expand(2, -1, -1)
    assert float(module._pair_loss(right, dataset)) < 0.5 * float(module._pair_loss(-right, dataset))


def test_a_member_learns_nothing_from_rows_it_does_not_see(dataset):
    changed = dataset.scores.clone()
    changed[dataset.seen[1]] += 5.0  # rows that member 0 leaves out
    other = TaskDataset(MICRO, "y", dataset.graphs, dataset.rows, changed, dataset.seen)
    nets = [train(fresh(dataset), [taught], Schedule(steps=20, batch_size=8)) for taught in (dataset, other)]
    first, second = (next(iter(net.parameters())).detach() for net in nets)
    assert torch.equal(first[0], second[0])
    assert not torch.equal(first[1], second[1])


def test_training_reduces_the_loss_and_logs_it(dataset, tmp_path):
    net = fresh(dataset)
    before = error(net, dataset, dataset.seen)
    train(net, [dataset], Schedule(steps=100), log_dir=tmp_path)
    assert error(net, dataset, dataset.seen) < 0.5 * before
    logged = next(tmp_path.rglob("metrics.csv")).read_text().splitlines()
    assert "loss" in logged[0]
    assert len(logged) == 1 + 5


def test_loggers_are_named(dataset, tmp_path, monkeypatch):
    with pytest.raises(UnknownNameError, match="unknown logger 'tensorbord'; did you mean 'tensorboard'"):
        train(fresh(dataset), [dataset], Schedule(steps=20), log_dir=tmp_path, logger="tensorbord")
    given = []
    monkeypatch.setattr(
        "surrogates.models.graph.trainer.TensorBoardLogger", lambda folder: given.append(folder) or False
    )
    train(fresh(dataset), [dataset], Schedule(steps=20), log_dir=tmp_path, logger="tensorboard")
    assert given == [str(tmp_path)]

    def missing(folder):
        raise ModuleNotFoundError("Neither `tensorboard` nor `tensorboardX` is available.")

    monkeypatch.setattr("surrogates.models.graph.trainer.TensorBoardLogger", missing)
    with pytest.raises(ImportError, match="needs 'tensorboard', which is not installed: pip install tensorboard"):
        train(fresh(dataset), [dataset], Schedule(steps=20), log_dir=tmp_path, logger="tensorboard")


def test_early_stopping_keeps_the_best_weights(dataset):
    nonsense = torch.randn(30, 2, generator=torch.Generator().manual_seed(0))
    taught = TaskDataset(MICRO, "y", dataset.graphs, dataset.rows, nonsense, dataset.seen)
    stopped = train(fresh(dataset), [taught], Schedule(steps=400, patience=1, learning_rate=2e-2))
    fixed = train(fresh(dataset), [taught], Schedule(steps=160, learning_rate=2e-2))
    assert error(stopped, taught, ~taught.seen) < error(fixed, taught, ~taught.seen)


class PowerCutError(Exception):
    pass


def interrupt(monkeypatch, error, after=2):
    """Make training fail once, in the epoch after `after`."""
    step = GraphTraining.training_step

    def failing(self, batch, batch_idx):
        if self.current_epoch == after:
            monkeypatch.undo()
            raise error
        return step(self, batch, batch_idx)

    monkeypatch.setattr(GraphTraining, "training_step", failing)


@pytest.mark.parametrize("cause", [PowerCutError(), KeyboardInterrupt()])
def test_an_interrupted_training_goes_on_where_it_was(dataset, tmp_path, monkeypatch, cause):
    schedule = Schedule(steps=80, batch_size=8)
    expected = weights(train(fresh(dataset), [dataset], schedule))
    interrupt(monkeypatch, cause)
    with pytest.raises(type(cause)):
        train(fresh(dataset), [dataset], schedule, checkpoint_dir=tmp_path)
    assert (tmp_path / "last.ckpt").exists()
    steps = []
    original = GraphTraining.training_step
    monkeypatch.setattr(GraphTraining, "training_step", lambda *a: steps.append(1) or original(*a))
    resumed = weights(train(fresh(dataset), [dataset], schedule, checkpoint_dir=tmp_path))
    assert len(steps) == 40
    assert torch.equal(resumed, expected)
    assert not (tmp_path / "last.ckpt").exists()


def test_a_checkpoint_of_something_else_is_refused(dataset, tmp_path, monkeypatch):
    schedule = Schedule(steps=80)
    interrupt(monkeypatch, PowerCutError())
    with pytest.raises(PowerCutError):
        train(fresh(dataset), [dataset], schedule, checkpoint_dir=tmp_path)
    with pytest.raises(ArtefactError, match=r"another training: training was .*delete last.ckpt in it or choose"):
        train(fresh(dataset, seed=1), [dataset], schedule, checkpoint_dir=tmp_path)
    sidecar = json.loads((tmp_path / "fit.json").read_text())
    (tmp_path / "fit.json").write_text(json.dumps(sidecar | {"node_schema": 0}))
    with pytest.raises(ArtefactError, match="holds another training: node_schema was 0 and is now 1"):
        train(fresh(dataset), [dataset], schedule, checkpoint_dir=tmp_path)
    (tmp_path / "fit.json").write_text(json.dumps(sidecar | {"version": "0.0"}))
    with pytest.raises(ArtefactError, match=r"holds another training: version was '0\.0' and is now"):
        train(fresh(dataset), [dataset], schedule, checkpoint_dir=tmp_path)
    assert (tmp_path / "last.ckpt").exists()


def test_training_works_in_a_thread(dataset):
    found = []
    thread = threading.Thread(target=lambda: found.append(train(fresh(dataset), [dataset], Schedule(steps=20))))
    thread.start()
    thread.join()
    assert torch.equal(weights(found[0]), weights(train(fresh(dataset), [dataset], Schedule(steps=20))))
