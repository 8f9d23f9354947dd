import json
from dataclasses import replace

import pytest

from benchmarks.decoders import DECODER_CLASSES
from benchmarks.errors import UnknownNameError
from benchmarks.tasks import TRANSNAS_TASKS, get_task
from benchmarks.training.campaign.plan import changed_recipe
from benchmarks.training.presets import changed_settings, deviations, get_recipe, list_presets
from benchmarks.training.recipe import Recipe

# Training configurations of the published code: optimiser, learning rate, weight decay, loss.
PUBLISHED = {
    "class_scene": ("sgd", 0.1, 5e-4, "soft_cross_entropy"),
    "class_object": ("sgd", 0.1, 5e-4, "soft_cross_entropy"),
    "room_layout": ("sgd", 0.1, 5e-4, "mean_squared_error"),
    "jigsaw": ("sgd", 0.1, 5e-4, "cross_entropy"),
    "segmentsemantic": ("sgd", 0.1, 5e-4, "pixel_cross_entropy"),
    "normal": ("adam", 1e-4, 1e-4, "l1_gan"),
    "autoencoder": ("adam", 5e-4, 1e-4, "l1_gan"),
}


@pytest.mark.parametrize("task", TRANSNAS_TASKS)
def test_the_paper_preset_is_the_published_recipe(task):
    recipe = get_recipe(task)
    optimiser = recipe.optimiser
    assert (optimiser.name, optimiser.lr, optimiser.weight_decay, recipe.loss) == PUBLISHED[task]
    assert recipe.epochs == get_task(task).epochs
    assert (recipe.batch_size, recipe.input_size, recipe.num_classes) == (128, 256, DECODER_CLASSES[task])
    assert changed_settings(recipe) == []
    assert all(": " in difference for difference in deviations(recipe)), "what differs all the same has its reason"


def test_what_no_setting_changes_is_named_as_well():
    assert any("permutations" in line for line in deviations(get_recipe("jigsaw")))
    assert not any("permutations" in line for line in deviations(get_recipe("normal")))
    mini = get_recipe("jigsaw", "mini")
    assert deviations(mini)[: len(changed_settings(mini))] == changed_settings(mini)


@pytest.mark.parametrize("preset", list_presets())
@pytest.mark.parametrize("task", TRANSNAS_TASKS)
def test_recipes_survive_json(task, preset):
    recipe = get_recipe(task, preset)
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


@pytest.mark.parametrize("task", TRANSNAS_TASKS)
def test_every_deviation_is_listed(task):
    paper, mini = get_recipe(task).to_dict(), get_recipe(task, "mini").to_dict()
    changed = {name for name in paper if paper[name] != mini[name]}
    nested = {"optimiser", "augmentation"}
    expected = changed - nested
    for part in changed & nested:
        expected |= {name for name in paper[part] if paper[part][name] != mini[part][name]}
    listed = {line.partition(":")[0].replace(" ", "_") for line in changed_settings(get_recipe(task, "mini"))}
    assert listed == expected


def test_a_change_of_the_optimiser_is_a_deviation():
    recipe = get_recipe("jigsaw")
    slower = replace(recipe, optimiser=replace(recipe.optimiser, lr=0.05), n_train=2000)
    assert changed_settings(slower) == ["lr: 0.05 instead of 0.1", "n train: 2,000 instead of as published"]
    assert changed_settings(replace(recipe, joint_tiles=True)) == ["joint tiles: yes instead of no"]


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'jigsaw'"):
        get_recipe("jigsau")
    with pytest.raises(UnknownNameError, match="unknown preset 'minni'; did you mean 'mini'"):
        get_recipe("jigsaw", "minni")
    with pytest.raises(UnknownNameError, match="unknown loss of normal 'l1gan'; did you mean 'l1_gan'"):
        replace(get_recipe("normal"), loss="l1gan")


@pytest.mark.parametrize("name", ["joint_tiles", "fixed_evaluation"])
def test_choices_are_said_with_a_truth_value(name):
    with pytest.raises(ValueError, match=f"expected true or false as {name}, got 1"):
        replace(get_recipe("jigsaw"), **{name: 1})


@pytest.mark.parametrize("task", ["normal", "autoencoder"])
def test_images_hold_a_window_of_the_score(task):
    with pytest.raises(ValueError, match=f"expected an input_size of at least 11 pixels for {task}.*got 8"):
        replace(get_recipe(task), input_size=8)


@pytest.mark.parametrize(
    ("task", "changes", "message"),
    [
        ("room_layout", {"num_classes": 1}, "expected 9 as num_classes of room_layout, got 1"),
        ("segmentsemantic", {"num_classes": 3}, "expected 17 as num_classes of segmentsemantic, got 3"),
        ("normal", {"num_classes": 1}, "expected 3 as num_classes of normal, got 1"),
        ("jigsaw", {"num_classes": 1}, "expected at least 2 as num_classes of jigsaw, got 1"),
        ("normal", {"adversarial_weight": 5}, "expected a number from 0 to 1 as adversarial_weight, got 5"),
        ("jigsaw", {"std": [0, 1, 1]}, "as std, got 0"),
        ("jigsaw", {"augmentation": {"flip": 3}}, "expected a number from 0 to 1 as flip, got 3"),
        ("jigsaw", {"augmentation": {"brightness": -1}}, "expected a number at least 0 as brightness, got -1"),
        ("jigsaw", {"optimiser": {"weight_decay": -1}}, "expected a number at least 0 as weight_decay, got -1"),
        ("normal", {"optimiser": {"betas": [0.9, 5]}}, "as momentum and betas, got 5"),
        ("normal", {"optimiser": {"max_norm": -1}}, "as max_norm, got -1"),
    ],
)
def test_what_cannot_be_trained_is_refused(task, changes, message):
    with pytest.raises(ValueError, match=message):
        changed_recipe(get_recipe(task), changes)


def test_a_loss_fits_its_task():
    with pytest.raises(UnknownNameError, match=r"unknown loss of jigsaw 'l1'\. Choices: cross_entropy"):
        replace(get_recipe("jigsaw"), loss="l1")


@pytest.mark.parametrize("changes", [{"epochs": 0}, {"n_valid": -1}, {"batch_size": True}, {"input_size": 64.0}])
def test_sizes_are_positive_integers(changes):
    with pytest.raises(ValueError, match="expected a positive integer as"):
        replace(get_recipe("normal"), **changes)
