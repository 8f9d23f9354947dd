import json

import pytest
import torch
from torch import nn

from benchmarks.errors import ArtefactError
from benchmarks.training.recipe import VERSION
from benchmarks.training.weight_sharing.folder import NetworkFolder, TrainingFolder
from benchmarks.training.weight_sharing.train import load_network


class Small(NetworkFolder):
    kind = "small network"
    file = "small.json"
    trained_by = "train_small"
    entries = ("version", "width", "recipe")


class Search(TrainingFolder):
    kind = "search"
    file = "search.json"
    result = "found.json"


def network(about):
    return nn.Sequential(nn.Conv2d(3, about["width"], 3), nn.BatchNorm2d(about["width"]), nn.Flatten())


@pytest.fixture
def finished(tmp_path):
    folder, about = Small(tmp_path / "new"), {"version": VERSION, "width": 4, "recipe": {"task": "jigsaw"}}
    folder.claim(about)
    trained = network(about)
    trained[1].running_mean += 5
    trained[1].weight.requires_grad_(False)
    torch.save(trained.state_dict(), folder.weights)
    folder.finish({"valid_loss": [0.5]})
    return folder, trained


def test_a_loaded_network_has_the_stored_bits_and_no_others(finished):
    folder, trained = finished
    again = load_network(folder, network)
    assert {name: tensor.device.type for name, tensor in again.state_dict().items()} == dict.fromkeys(
        trained.state_dict(), "cpu"
    )
    for mine, its in zip(again.state_dict().values(), trained.state_dict().values(), strict=True):
        assert torch.equal(mine, its)
    assert not any(module.training for module in again.modules())
    assert all(weights.requires_grad for weights in again.parameters())  # as the network is made, not as it was stored
    assert again[0].weight.is_contiguous(memory_format=torch.channels_last)
    images = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(again(images), trained.eval()(images))


def test_loading_draws_no_random_number(finished):
    folder, _ = finished
    before = torch.get_rng_state()
    load_network(folder, network)
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_of_another_form_are_refused(finished):
    folder, _ = finished
    with pytest.raises(ArtefactError, match=r"(?s)weights.pt' is damaged .*delete the folder and train again"):
        load_network(folder, lambda about: network({**about, "width": 5}))


def test_a_network_with_a_buffer_that_is_not_stored_cannot_be_loaded(finished):
    folder, _ = finished

    def with_constant(about):
        found = network(about)
        found[0].register_buffer("scale", torch.ones(1), persistent=False)
        return found

    with pytest.raises(AssertionError, match="a buffer is not stored"):
        load_network(folder, with_constant)


def test_a_folder_is_of_one_training_and_finished_by_its_result(tmp_path):
    folder = Search(tmp_path / "new")
    assert not folder.is_claimed
    assert folder.claim({"seed": 0}) == folder.path
    assert folder.claim({"seed": 0}) == folder.path
    with pytest.raises(ArtefactError, match="holds another search: seed was 0 and is now 1"):
        Search(tmp_path / "new").claim({"seed": 1})
    assert folder.is_claimed
    assert not folder.is_finished
    folder.finish({"arch": "64-2311-basic"})
    assert folder.is_finished
    assert sorted(path.name for path in folder.path.iterdir()) == ["found.json", "search.json"]
    assert json.loads((folder.path / "found.json").read_text()) == {"arch": "64-2311-basic"}


def test_what_is_usual_need_not_be_written(tmp_path):
    class Stated(Search):
        def stated(self, about):
            return {"sharing": "separate", **about}

    folder = Stated(tmp_path / "new")
    folder.claim({"seed": 0})
    folder.claim({"seed": 0, "sharing": "separate"})
    with pytest.raises(ArtefactError, match="sharing was 'separate' and is now 'sliced'"):
        folder.claim({"seed": 0, "sharing": "sliced"})
