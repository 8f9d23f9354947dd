"""Campaigns: architectures x tasks x seeds, trained by several processes, one record per training.

A campaign is a plan (`load_plan`) and a folder. `run_campaign` runs the trainings that have no record in the folder; it
can be killed at any time, resumed, and run several times in parallel. `campaign_table` makes a `Table` of the records.
"""

from benchmarks.training.campaign.images import (
    ROOMS,
    CampaignImages,
    FolderImages,
    ImageNeeds,
    RoomsImages,
    TaskonomyImages,
)
from benchmarks.training.campaign.launchers import (
    Launcher,
    RayLauncher,
    SlurmLauncher,
    WorkerEnd,
    WorkOrder,
    pull_trainings,
)
from benchmarks.training.campaign.packing import pack_records, unpack_records
from benchmarks.training.campaign.plan import Plan, Trial
from benchmarks.training.campaign.plan_file import load_plan
from benchmarks.training.campaign.pool import CampaignError
from benchmarks.training.campaign.records import Record, read_record, record_path, write_record
from benchmarks.training.campaign.results import campaign_table, provenance
from benchmarks.training.campaign.runner import Progress, run_campaign
from benchmarks.training.campaign.status import campaign_status
from benchmarks.training.campaign.trainer import ImageTrainer, Trainer

__all__ = [
    "ROOMS",
    "CampaignError",
    "CampaignImages",
    "FolderImages",
    "ImageNeeds",
    "ImageTrainer",
    "Launcher",
    "Plan",
    "Progress",
    "RayLauncher",
    "Record",
    "RoomsImages",
    "SlurmLauncher",
    "TaskonomyImages",
    "Trainer",
    "Trial",
    "WorkOrder",
    "WorkerEnd",
    "campaign_status",
    "campaign_table",
    "load_plan",
    "pack_records",
    "provenance",
    "pull_trainings",
    "read_record",
    "record_path",
    "run_campaign",
    "unpack_records",
    "write_record",
]
