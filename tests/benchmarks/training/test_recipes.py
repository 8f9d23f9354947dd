import json
from dataclasses import replace

import pytest

from benchmarks.decoders import DECODER_CLASSES
from benchmarks.errors import UnknownNameError
from benchmarks.tasks import TRANSNAS_TASKS, get_task
from benchmarks.training.recipe import Recipe
from benchmarks.training.recipes import deviations, get_recipe, list_presets

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
    assert deviations(recipe) == []


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
    listed = {line.partition(":")[0].replace(" ", "_") for line in deviations(get_recipe(task, "mini"))}
    assert listed == expected


def test_a_change_of_the_optimiser_is_a_deviation():
    recipe = get_recipe("jigsaw")
    slower = replace(recipe, optimiser=replace(recipe.optimiser, lr=0.05), n_train=2000)
    assert deviations(slower) == ["lr: 0.05 instead of 0.1", "n train: 2,000 instead of as published"]
    assert deviations(replace(recipe, joint_tiles=True)) == ["joint tiles: yes instead of no"]


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'jigsaw'"):
        get_recipe("jigsau")
    with pytest.raises(UnknownNameError, match="unknown preset 'minni'; did you mean 'mini'"):
        get_recipe("jigsaw", "minni")
    with pytest.raises(UnknownNameError, match="unknown loss 'l1gan'; did you mean 'l1_gan'"):
        replace(get_recipe("normal"), loss="l1gan")


def test_joint_tiles_are_said_with_a_truth_value():
    with pytest.raises(ValueError, match="expected true or false as joint_tiles, got 1"):
        replace(get_recipe("jigsaw"), joint_tiles=1)


@pytest.mark.parametrize("changes", [{"epochs": 0}, {"n_valid": -1}, {"batch_size": True}, {"input_size": 64.0}])
def test_sizes_are_positive_integers(changes):
    with pytest.raises(ValueError, match="expected a positive integer as"):
        replace(get_recipe("normal"), **changes)
