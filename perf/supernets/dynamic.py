"""Dynamic inference on Rooms: S2DNAS and ENAS4D on one micro architecture, beside static networks of other widths.

    python perf/supernets/dynamic.py measure --folder <folder>    # resumes; half an hour on one free core
    python perf/supernets/dynamic.py report

``measure`` trains on class_scene and writes a record of each network to perf/supernets/records/dynamic: the static
network, halves in all modules trained alone, a once-for-all network over the 243 splits of channels in two stages, then
all 243 splits of the once-for-all network, narrower static networks and the best split trained alone, both with three
seeds, a once-for-all network over depths, kernels and sides as well (ENAS4D and random search), two learning rates of a
once-for-all network on class_object, and once-for-all networks of other seeds. What has a record is not done again; the
table of splits (splits-0.csv) has test top1 only if this version measured it from its first row on. An interrupted
training continues from its last epoch in the folder. ``report`` prints the tables of
docs/dynamic.md from the records.

No setting was tuned: the learning rates are those of the recipes, 3e-3 for once-for-all networks and 6e-3 for others.
Thresholds and temperatures are from 1,024 validation images, accuracies (top1) from 1,024 test images. Costs are
multiply-adds of backbone and classifiers for one image. Images are those of 64 pixels made smaller to 48, networks have
8 base channels, trainings 3 epochs of 4,096 images in batches of 32.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from dynamic_measure import measure
from dynamic_report import report


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=("measure", "report"))
    parser.add_argument("--folder", type=Path, help="folder of the trained networks")
    given = parser.parse_args()
    if given.work == "report":
        report()
    elif given.folder is None:
        parser.error("expected --folder for the trained networks")
    else:
        measure(given.folder)


if __name__ == "__main__":
    main()
