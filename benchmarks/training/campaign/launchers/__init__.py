"""Launchers: how workers of a campaign are started on other machines, by Ray or by Slurm."""

from benchmarks.training.campaign.launchers.base import Launcher, WorkerEnd
from benchmarks.training.campaign.launchers.ray_launcher import RayLauncher
from benchmarks.training.campaign.launchers.remote_worker import WorkOrder, pull_trainings
from benchmarks.training.campaign.launchers.slurm_launcher import SlurmLauncher

__all__ = ["Launcher", "RayLauncher", "SlurmLauncher", "WorkOrder", "WorkerEnd", "pull_trainings"]
