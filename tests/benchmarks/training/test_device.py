"""Devices by name, on machines with and without GPUs."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("lightning")

import torch

from benchmarks.errors import MissingExtraError
from benchmarks.training.campaign import ImageTrainer, Plan, run_campaign
from benchmarks.training.device import device_options
from tests.benchmarks.training.small_trainings import ARCH, images, small_recipe


def gpus(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """As if the machine had so many."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


@pytest.mark.parametrize(
    ("count", "found"), [(0, "no GPU"), (1, r"1 GPU \(cuda:0\)"), (4, r"4 GPUs \(cuda:0 to cuda:3\)")]
)
@pytest.mark.parametrize("device", ["cud", "cpu:1", "mps", "cuda:4", "cuda:", "cuda:-1", "cuda:0,1", ""])
def test_a_device_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, device: str, count: int, found: str
) -> None:
    gpus(monkeypatch, count)
    with pytest.raises(ValueError, match=rf"expected auto, cpu, cuda or cuda:N .* finds {found}; got '{device}'"):
        device_options(device)


def test_gpus_are_taken_where_there_are_some(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(monkeypatch, 0)
    for device in ("cuda", "cuda:0"):
        with pytest.raises(ValueError, match=f"finds no GPU; got '{device}'$"):
            device_options(device)
    assert device_options("auto") == device_options("cpu") == {"accelerator": "cpu", "devices": 1}
    gpus(monkeypatch, 2)
    assert device_options("auto") == {"accelerator": "cuda", "devices": 1}
    assert device_options("cuda") == {"accelerator": "cuda", "devices": 1}
    assert device_options("cuda:1") == {"accelerator": "cuda", "devices": [1]}
    with pytest.raises(ValueError, match="did you mean 'cuda'"):
        device_options("cud")


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"Training needs 'torch'.*\[training\]"):
        device_options("cpu")


def test_a_training_is_refused_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.training.train import train_architecture

    gpus(monkeypatch, 0)
    with pytest.raises(ValueError, match="finds no GPU; got 'cuda'"):
        train_architecture(ARCH, "jigsaw", small_recipe("jigsaw"), {"train": images()}, device="cuda")


def test_a_campaign_is_refused_before_anything_is_recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gpus(monkeypatch, 0)
    with pytest.raises(ValueError, match="finds no GPU; got 'cuda'"):
        list(run_campaign(Plan((ARCH,), ("jigsaw",)), tmp_path, ImageTrainer("cuda")))
    assert list(tmp_path.iterdir()) == []  # so that another recipe may follow


_FREED = """
import torch
from benchmarks.training.device import training_process

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

training_process(2)
before, rows = resident(), [torch.ones(2**20) for _ in range(50)]
del rows
print(torch.get_num_threads(), (resident() - before) / 2**22)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to keep memory")
def test_a_training_process_keeps_memory_for_its_next_tensors() -> None:
    said = subprocess.run([sys.executable, "-c", _FREED], capture_output=True, text=True, check=True).stdout.split()
    assert said[0] == "2"
    assert float(said[1]) == pytest.approx(50, abs=5)  # blocks of 4 MiB, freed and still there
