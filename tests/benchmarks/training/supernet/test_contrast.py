import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.training.fitting import fit_module
from benchmarks.training.recipe import Augmentation, Recipe
from benchmarks.training.supernet import (
    CrossPathContrast,
    PathScorer,
    Supernet,
    SupernetModule,
    supernet_recipe,
    train_supernet,
)
from benchmarks.training.supernet.objectives import make_objective
from benchmarks.training.supernet.presets import with_epochs
from tests.benchmarks.training.small_trainings import images
from tests.benchmarks.training.supernet.small_contrasts import contrast_recipe
from tests.benchmarks.training.supernet.test_module import Listed, sources

SPACE = "transnas101-micro"
PATHS = ["64-41414-2_31_002", "64-41414-0_23_223"]


def attached(**contrast):
    supernet = Supernet(SPACE, contrast_recipe(contrast), seed=3)
    objective = CrossPathContrast()
    objective.attach(supernet, seed=3)
    return supernet, objective


def filled(objective, rows=None):
    """Negatives in the first rows of the queue."""
    entries = torch.randn(
        objective.queue.shape, generator=torch.Generator().manual_seed(7), dtype=objective.queue.dtype
    )
    objective.queue[:rows] = nn.functional.normalize(entries, dim=1)[:rows]


def views(n: int = 8, seed: int = 0):
    return torch.randn(n, 4, 3, 8, 8, generator=torch.Generator().manual_seed(seed))


def stepped(objective, supernet, inputs, paths=PATHS):
    """Losses of a step without a change of the supernet."""
    found = []
    for path in objective.losses(supernet, paths, inputs, torch.arange(len(inputs)), None):
        path.loss.backward()
        found.append(path)
    return found


def disturbed(supernet, seed: int = 1):
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in supernet.parameters():
            weights.add_(0.1 * torch.randn(weights.shape, generator=rng))


def test_a_teacher_follows_what_the_paths_have_and_nothing_else():
    """m^n p + (1 - m^n) q after n moves towards weights that stay; the frame and the neck move once for each path."""
    supernet, objective = attached(momentum=0.9)
    before = copy.deepcopy(objective.teacher.state_dict())
    disturbed(supernet)
    n, m = 3, 0.9
    for step in range(n):
        stepped(objective, supernet, views(seed=step))
    after, aim = objective.teacher.state_dict(), supernet.state_dict()
    on_paths = [set(supernet.parts_of(path)) - {"frame"} for path in PATHS]
    weights = {name for name, _ in supernet.named_parameters()}
    moves = dict.fromkeys(weights, 0)
    for name in weights:
        part = name.split(".")[1]
        if part == "frame" or name.startswith("decoders"):
            moves[name] = 2 * n
        elif any(part in own for own in on_paths):
            moves[name] = n
    assert set(moves.values()) == {0, n, 2 * n}
    for name, times in moves.items():
        if times:
            expected = m**times * before[name] + (1 - m**times) * aim[name]
            torch.testing.assert_close(after[name], expected, rtol=1e-5, atol=1e-6)
        else:
            assert torch.equal(after[name], before[name]), name


def test_running_statistics_are_not_averaged():
    supernet, objective = attached()
    for name, values in supernet.named_buffers():
        if "running" in name:
            values.add_(1.0)
    before = {name: values.clone() for name, values in objective.teacher.named_buffers()}
    for path in PATHS:
        objective.follow(supernet, path)
    assert before
    assert all(torch.equal(values, before[name]) for name, values in objective.teacher.named_buffers())


def test_the_queue_holds_the_last_entries_in_order_and_wraps():
    _, objective = attached(queue=24)
    filled(objective)
    first = objective.queue.clone()
    given = [torch.randn(8, 6, generator=torch.Generator().manual_seed(step)) for step in range(5)]
    objective.enqueue(given[0])
    assert int(objective.pointer) == 8
    assert torch.equal(objective.queue, torch.cat([given[0], first[8:]]))
    for entries in given[1:]:
        objective.enqueue(entries)
    assert int(objective.pointer) == 5 * 8 % 24
    assert torch.equal(objective.queue, torch.cat([given[3], given[4], given[2]]))


def test_the_queue_gets_the_mean_of_the_keys_of_both_paths():
    supernet, objective = attached()
    inputs = views()
    apart = copy.deepcopy(objective)
    keys = apart.keys(supernet, PATHS, inputs)
    stepped(objective, supernet, inputs)
    torch.testing.assert_close(objective.queue[:8], (keys[0] + keys[1]) / 2)


def test_the_loss_is_that_of_a_naive_loop():
    supernet, objective = (part.double() for part in attached(temperature=0.3))
    disturbed(supernet)
    inputs, rows = views().double(), range(8)
    filled(objective, 16)
    queue = objective.queue[:16].numpy()  # the other 8 rows were never written
    found = stepped(copy.deepcopy(objective), supernet, inputs)
    for path in PATHS:
        for mine, its in zip(
            objective.teacher.network(path).parameters(), supernet.network(path).parameters(), strict=True
        ):
            mine.copy_(0.9 * mine + 0.1 * its)

    def embedding(network, view, groups):
        """Each group passes a network of its own; no statistics are shared."""
        out = np.zeros((8, 6))
        for group in groups:
            alone = copy.deepcopy(network).train()
            with torch.no_grad():
                values = alone.decoder(alone.backbone(inputs[group, view])).numpy()
            out[group] = values / np.linalg.norm(values, axis=1, keepdims=True)
        return out

    neighbours, apart = [[0, 1, 2, 3], [4, 5, 6, 7]], [[0, 2, 4, 6], [1, 3, 5, 7]]
    queries = [embedding(supernet.network(path), 2 * place, neighbours) for place, path in enumerate(PATHS)]
    keys = [embedding(objective.teacher.network(path), 2 * place + 1, apart) for place, path in enumerate(PATHS)]
    for place in (0, 1):
        total = 0.0
        for row in rows:
            query, positive = queries[place][row], keys[1 - place][row]
            scores = [query @ positive / 0.3] + [query @ negative / 0.3 for negative in queue]
            total += np.log(np.sum(np.exp(scores))) - scores[0]
        assert float(found[place].loss.detach()) == pytest.approx(total / 8, rel=1e-9)
        expected = queries[place] @ keys[1 - place].T / 0.3
        np.testing.assert_allclose(found[place].outputs.numpy(), expected, rtol=1e-7, atol=1e-9)


def test_swapping_both_views_and_paths_leaves_the_loss():
    supernet, objective = attached()
    disturbed(supernet)
    filled(objective)
    inputs = views()
    other = copy.deepcopy(objective)
    one = [path.loss.detach() for path in stepped(objective, supernet, inputs)]
    two = [path.loss.detach() for path in stepped(other, supernet, inputs[:, [2, 3, 0, 1]], PATHS[::-1])]
    torch.testing.assert_close(sum(one), sum(two))
    torch.testing.assert_close(one, two[::-1])
    torch.testing.assert_close(objective.queue, other.queue)


def test_the_teacher_has_no_gradient_and_the_supernet_has_that_of_both_paths():
    supernet, objective = attached()
    filled(objective)
    found = stepped(objective, supernet, views())
    assert all(weights.grad is None for weights in objective.parameters())
    assert not any(path.outputs.requires_grad for path in found)
    own = {name for path in PATHS for name in supernet.parts_of(path)}
    moved = {
        name for name, part in supernet.parts.items() if any(weights.grad is not None for weights in part.parameters())
    }
    assert moved == own
    assert own < set(supernet.parts)
    assert all(weights.grad is not None for weights in supernet.decoders.parameters())


def test_each_group_of_queries_has_one_image_in_each_group_of_keys():
    recipe = contrast_recipe({"groups": 4, "queue": 32}, batch_size=16)
    objective = CrossPathContrast()
    objective.attach(Supernet(SPACE, recipe), seed=0)
    seen = []

    class Watched(nn.Module):
        def embed(self, batch):
            seen.append(batch[:, 0, 0, 0].clone())
            return batch.flatten(1)[:, :6]

        def modules(self):
            return iter(())

    marked = torch.arange(16.0)[:, None, None, None].expand(16, 3, 8, 8)
    queries = objective._embedded(Watched(), marked)
    keys = objective._embedded(Watched(), marked, apart=True)
    assert torch.equal(queries, keys), "in the order of the batch"
    groups = [[set(order[group::4].int().tolist()) for group in range(4)] for order in seen]
    assert all(len(one & other) == 1 for one in groups[0] for other in groups[1])


def test_an_image_does_not_change_the_queries_of_other_groups():
    supernet, objective = attached()
    inputs = views()
    changed = inputs.clone()
    changed[0] += 1.0
    network = supernet.network(PATHS[0])
    for apart, own in ((False, [0, 1, 2, 3]), (True, [0, 2, 4, 6])):
        one, other = (objective._embedded(network, batch[:, 0], apart) for batch in (inputs, changed))
        same = (one == other).all(dim=1)
        assert (~same).nonzero().flatten().tolist() == own


@pytest.mark.parametrize("space", [SPACE, "nasbench201"])
def test_a_resumed_training_has_the_same_queue_teacher_and_pointer(tmp_path, space):
    recipe = contrast_recipe(epochs=2, n_train=24)

    def module():
        return SupernetModule(
            space, recipe, {"train": images(24, 16), "valid": images(8, 16, 1)}, "disjoint", "contrast"
        )

    whole, cut = module(), module()
    fit_module(whole, None, False, {"accelerator": "cpu"})
    fit_module(cut, tmp_path, False, {"accelerator": "cpu", "max_epochs": 1})
    resumed = module()
    assert not torch.equal(resumed.objective.queue, whole.objective.queue)
    fit_module(resumed, tmp_path, False, {"accelerator": "cpu"})
    assert int(resumed.objective.pointer) == 6 * 8 % 24
    assert int(cut.objective.pointer) == 3 * 8 % 24
    mine, its = whole.state_dict(), resumed.state_dict()
    assert {"objective.queue", "objective.pointer", "objective.teacher.parts.frame.0.weight"} <= set(mine)
    assert set(mine) == set(its)
    for name, values in mine.items():
        assert torch.equal(values, its[name]), name
    assert whole.metrics["valid_loss"] == resumed.metrics["valid_loss"]


class NoNegatives(CrossPathContrast):
    """Nothing keeps different images apart."""

    name = "no-negatives"

    def contrast(self, queries, positives):
        return 2 - 2 * (queries * positives).sum(dim=1).mean()


def learnt(objective, epochs):
    """Means of the last epochs of a training on two paths of one operation each, with views that are only cropped."""
    settings = {"queue": 32, "least_area": 0.8, "jitter": 0.0, "blur": 0.0, "temperature": 1.0, "momentum": 0.5}
    changes = {"batch_size": 16, "base_channels": 4, "num_classes": 16, "n_train": 64, "augmentation": Augmentation()}
    recipe = contrast_recipe(settings, epochs=epochs, **changes)
    recipe = replace(recipe, optimiser=replace(recipe.optimiser, lr=0.005))
    given = {"train": images(64, 16), "valid": images(8, 16)}
    paths = Listed(["64-41414-0_00_300", "64-41414-0_00_200"])
    module = SupernetModule(SPACE, recipe, given, paths, objective, seed=1)
    fit_module(module, None, False, {"accelerator": "cpu"})
    return {name: np.mean(values[-3:]) for name, values in module.metrics.items() if name.startswith("train")}


def test_a_supernet_learns_to_tell_images_apart():
    """After a collapse, equal embeddings would have losses of ln 16 and ln 33, and no spread."""
    found = learnt("contrast", 24)
    assert found["train_loss"] < np.log(16) - 0.05
    assert found["train_objective"] < np.log(33) - 0.05
    assert found["train_embedding_std"] > 0.5


def test_without_negatives_embeddings_collapse():
    assert learnt(NoNegatives(), 10)["train_embedding_std"] < 0.5


def test_the_objective_and_the_spread_of_embeddings_are_recorded():
    """Means over the paths and steps of an epoch."""
    seen = []

    class Watched(CrossPathContrast):
        def contrast(self, queries, positives):
            loss = super().contrast(queries, positives)
            values = queries.detach().double().numpy()
            seen.append((float(loss.detach()), np.std(values, axis=0, ddof=1).mean() * 6**0.5))
            return loss

    given = {"train": images(16, 16), "valid": images(8, 16, 1)}
    module = SupernetModule(SPACE, contrast_recipe(epochs=2), given, "disjoint", Watched())
    fit_module(module, None, False, {"accelerator": "cpu"})
    expected = np.array(seen).reshape(2, 4, 2).mean(axis=1)
    np.testing.assert_allclose(module.metrics["train_objective"], expected[:, 0], rtol=1e-5)
    np.testing.assert_allclose(module.metrics["train_embedding_std"], expected[:, 1], rtol=1e-4)


def test_the_first_step_has_no_negatives_and_the_second_those_of_the_first():
    supernet, objective = attached()
    assert not objective.queue.any()
    assert [float(path.loss.detach()) for path in stepped(objective, supernet, views())] == [0.0, 0.0]
    queries = nn.functional.normalize(torch.randn(8, 6), dim=1)
    scores = torch.cat([torch.ones(8, 1), queries @ objective.queue[:8].T], dim=1) / 0.2
    expected = (scores.exp().sum(dim=1).log() - scores[:, 0]).mean()
    torch.testing.assert_close(objective.contrast(queries, queries), expected)


@pytest.mark.parametrize(
    ("sampler", "changes", "match"),
    [
        ("uniform", {}, r"two paths a step for the objective 'contrast', got 1; the sampler 'disjoint'"),
        ("disjoint", {"n_train": 4}, r"one whole batch of 8 training images .*, got 4 images"),
    ],
)
def test_what_cannot_be_trained_leaves_no_folder_and_renders_no_images(tmp_path, sampler, changes, match):
    def rendered(recipe):
        raise AssertionError("rendered")

    with pytest.raises(ValueError, match=match):
        train_supernet(
            SPACE, "contrast", contrast_recipe(**changes), sampler, folder=tmp_path / "new", sources=rendered
        )
    assert not (tmp_path / "new").exists()


def test_a_check_does_not_move_a_sampler():
    class Counting(Listed):
        asked = 0

        def paths(self, step, rng):
            self.asked += 1
            return super().paths(step, rng)

    sampler = Counting(PATHS)
    CrossPathContrast().check(sampler, contrast_recipe())
    assert sampler.asked == 0


def test_too_few_images_of_a_source_leave_no_folder(tmp_path):
    given = {"train": images(4, 16), "valid": images(8, 16, 1)}
    with pytest.raises(ValueError, match="one whole batch of 8 training images"):
        train_supernet(
            SPACE, "contrast", contrast_recipe(n_train=None), folder=tmp_path / "new", sources=given, device="cpu"
        )
    assert not (tmp_path / "new").exists()


def test_a_state_outside_of_torch_is_refused():
    class Kept:
        name = "kept"

        def attach(self, supernet, seed): ...

        def check(self, sampler, recipe): ...

        def losses(self, supernet, paths, inputs, targets, loss): ...

    with pytest.raises(TypeError, match=r"`attach` to be a torch.nn.Module .*Kept"):
        make_objective(Kept())


def test_a_teacher_keeps_its_pace_when_the_epochs_change():
    recipe = supernet_recipe("contrast")
    steps = recipe.n_train // recipe.batch_size
    for epochs in (10, 20, 40, 100):
        asked = with_epochs(recipe, epochs)
        moves = 1 - asked.contrast.momentum
        assert moves * recipe.contrast.queue / recipe.batch_size <= 0.321, "no stale negatives"
        assert moves * epochs * steps == pytest.approx(25.6, rel=1e-3), "averages over the same share of the training"
    assert with_epochs(recipe, 1).contrast.momentum == 0.96
    assert with_epochs(supernet_recipe("jigsaw"), 3) == replace(supernet_recipe("jigsaw"), epochs=3)


def test_a_score_is_the_contrast_of_a_path_with_itself():
    """InfoNCE of two views in a batch, by a loop; a supernet that knows nothing has ln B, as the constant answer."""
    supernet = Supernet(SPACE, contrast_recipe())
    scorer = PathScorer(supernet, {"train": images(16, 16), "valid": images(8, 16, 1)})
    ((inputs, _),) = scorer._valid
    network = supernet.extract(PATHS[0]).train()
    with torch.no_grad():
        first, second = (network.embed(inputs[:, view]).double().numpy() for view in (0, 1))
    losses = []
    for row in range(8):
        scores = [first[row] @ other / 0.2 for other in second]
        losses.append(np.log(np.sum(np.exp(scores))) - scores[row])
    assert scorer.metrics(PATHS[0])["loss"] == pytest.approx(np.mean(losses), rel=1e-4)
    value, error = scorer.with_errors(PATHS[0])["loss"]
    assert (value, error) == pytest.approx((np.mean(losses), np.std(losses, ddof=1) / 8**0.5), rel=1e-3)
    assert scorer.constant()["loss"] == pytest.approx(np.log(8))
    assert scorer.metrics("64-41414-0_00_000")["loss"] == pytest.approx(np.log(8))


@pytest.mark.parametrize(
    ("contrast", "changes", "match"),
    [
        ({"queue": 20}, {}, "multiple of the batch size 8, got 20; nearest: 16"),
        ({"queue": 0}, {}, "positive integer as queue, got 0"),
        ({"temperature": 0}, {}, "as temperature, got 0"),
        ({"temperature": -0.1}, {}, "as temperature, got -0.1"),
        ({"momentum": 1.01}, {}, "from 0 to 1 as momentum, got 1.01"),
        ({"momentum": -0.1}, {}, "from 0 to 1 as momentum, got -0.1"),
        ({"groups": 3}, {}, "whose square divides a batch of 8, got 3; nearest: 2"),
        ({"groups": 4}, {}, "whose square divides a batch of 8, got 4; nearest: 2"),
        ({}, {"precision": "bf16-true"}, "moves by less than half precision .*got 'bf16-true'; nearest: 'bf16-mixed'"),
        ({"groups": 1, "queue": 1}, {"batch_size": 1}, "at least 2 images for 'contrast', got 1"),
        ({"least_area": 0.0}, {}, "as least_area, got 0.0"),
        ({"sigma": (2.0, 1.0)}, {}, "as smallest sigma, got 2.0"),
        ({}, {"loss": "l1"}, "unknown loss of contrast 'l1'"),
    ],
)
def test_bad_settings_are_refused(contrast, changes, match):
    with pytest.raises(ValueError, match=match):
        contrast_recipe(contrast, **changes)


def test_settings_belong_to_the_pretext_task_alone():
    with pytest.raises(ValueError, match=r"none for others, got Contrast\(.*for 'jigsaw'"):
        replace(supernet_recipe("jigsaw"), contrast=contrast_recipe().contrast)
    with pytest.raises(ValueError, match=r"expected `contrast` settings for the task 'contrast'.*got None"):
        replace(contrast_recipe(), contrast=None)
    for preset in ("mini", "quick", "paper"):
        recipe = supernet_recipe("contrast", preset)
        assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
    assert "contrast" not in supernet_recipe("jigsaw").to_dict(), "hashes of campaigns stay"


def test_what_the_objective_cannot_train_is_refused():
    supernet, objective = attached()
    with pytest.raises(ValueError, match=r"two paths a step .*, got 1; the sampler 'disjoint' draws them"):
        stepped(objective, supernet, views(), PATHS[:1])
    with pytest.raises(ValueError, match="batch that divides the queue of 24, got 7 images"):
        stepped(objective, supernet, views(7))
    with pytest.raises(ValueError, match="square of 2 groups divides, got 6 images"):
        stepped(objective, supernet, views(6))
    with pytest.raises(ValueError, match="attached to a supernet, got one before `attach`"):
        stepped(CrossPathContrast(), supernet, views())
    given = {split: images(16, 16) for split in ("train", "valid")}
    with pytest.raises(ValueError, match=r"whole batches .*accumulate=1.*, got 2 parts"):
        SupernetModule(SPACE, contrast_recipe(), given, "disjoint", "contrast", accumulate=2)
    with pytest.raises(ValueError, match=r"expected the objective 'contrast' for the task 'contrast'.*'supervised'"):
        SupernetModule(SPACE, contrast_recipe(), given, "disjoint")
    labelled = replace(supernet_recipe("room_layout"), input_size=16, base_channels=2, n_train=8, n_valid=8, n_test=8)
    with pytest.raises(
        ValueError, match="recipe of the task 'contrast' for the objective 'contrast', got one of 'room"
    ):
        SupernetModule(SPACE, labelled, sources(), "disjoint", "contrast")
    with pytest.raises(ValueError, match=r"contrast: expected two views of shape \(B, 2, 3, s, s\), got \(8, 4"):
        supernet(views(), PATHS[0])


def test_slices_of_wide_weights_are_refused():
    recipe = replace(supernet_recipe("contrast"), base_channels=2)
    supernet = Supernet("transnas101-macro", recipe, sharing="sliced")
    with pytest.raises(ValueError, match=r"expected separate weights for the objective 'contrast'.*'sliced'"):
        CrossPathContrast().attach(supernet, seed=0)
