"""A small file in the published layout: same keys, tasks, metrics and epochs, made-up numbers."""

import numpy as np
import pytest

MACRO = ("64-2311-basic", "64-1234-basic", "64-41414-basic")
MICRO = ("64-41414-0_00_100", "64-41414-0_30_100", "64-41414-3_33_333", "64-41414-1_23_012")
METRICS = {
    "class_scene": (("top1", "top5", "loss"), 25),
    "class_object": (("top1", "top5", "loss"), 25),
    "room_layout": (("loss", "neg_loss"), 25),
    "jigsaw": (("top1", "top5", "loss"), 10),
    "segmentsemantic": (("loss", "acc", "mIoU"), 30),
    "normal": (("ssim", "l1_loss"), 30),
    "autoencoder": (("ssim", "l1_loss"), 30),
}
INFO = ("inference_time", "encoder_params", "model_params", "model_FLOPs", "encoder_FLOPs")


def task_entry(task, rng):
    names, epochs = METRICS[task]
    metrics = {}
    for split in ("train", "valid", "test"):
        for name in names:
            high = 100.0 if name in ("top1", "top5", "acc", "mIoU") else 1.0
            sign = -1.0 if name == "neg_loss" else 1.0
            metrics[f"{split}_{name}"] = (sign * high * rng.random(epochs)).tolist()
    metrics["time_elapsed"] = np.cumsum(rng.integers(60, 90, epochs)).astype(float).tolist()
    info = {name: float(rng.random()) for name in INFO}
    info["model_params"] = int(rng.integers(10**6, 10**7))
    return {"model_info": info, "metrics": metrics, "total_epochs": epochs}


@pytest.fixture
def database(rng):
    def entries(archs):
        return {arch: {task: task_entry(task, rng) for task in METRICS} for arch in archs}

    return {
        "metrics_dict": {task: list(task_entry(task, rng)["metrics"]) for task in METRICS},
        "info_names": list(INFO),
        "task_list": list(METRICS),
        "data": {"macro": entries(MACRO), "micro": entries(MICRO)},
    }


@pytest.fixture
def pth(database, tmp_path):
    import torch

    path = tmp_path / "transnas-bench_v10141024.pth"
    torch.save(database, path)
    return path
