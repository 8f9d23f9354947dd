"""Pi-NAS on the micro space: one supernet without labels, ranked against trainings of single architectures on Rooms.

    python perf/supernets/pinas.py train --folder <folder> --variants pinas,untrained --seeds 0,1,2    # resumes
    python perf/supernets/pinas.py probe --folder <folder> --tasks class_object,jigsaw --seeds 0,1
    python perf/supernets/pinas.py spread --folder <folder of study.py>
    python perf/supernets/pinas.py report

``train`` trains a supernet of the pretext task and scores the 40 micro architectures of `rooms-mini` by minus their
contrast (InfoNCE of two views of the same validation image on one path; no label anywhere). ``probe`` trains a decoder
of a task on its frozen weights, one for all paths, and scores the architectures by minus the task's validation loss.
``spread`` measures the features of finished supernets with labels. Each writes a record to
perf/supernets/records/pinas; what is there is not done again, and an interrupted training goes on. ``report`` prints
the tables of docs/pi-nas.md.

Variants: pinas; uncrossed, whose positives are on the same path; no-negatives, without a queue, where queries and keys
are drawn together (2 - 2 cos); untrained, the initial weights.

A run whose embeddings have a standard deviation below .5 / sqrt(d) has collapsed, and is not ranked.

Truth: the primary metric of `rooms-mini` on each of the seven tasks. No setting of the contrast was compared on any of
them; the learning rate was chosen by losses and spreads on training images. That of the supernets with labels, which
the probes share, comes from a prototype on class_scene (docs/supernets.md), so means without that task are printed too.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from study import SPACE, multiply_adds, rooms_archs, truth_of
from study_records import RECORDS as PLAIN
from study_records import named_records, write_record

from benchmarks import bootstrap_interval, kendall_tau
from benchmarks.errors import ArtefactError
from benchmarks.files import write_beside
from benchmarks.tasks import TRANSNAS_TASKS

if TYPE_CHECKING:
    from benchmarks.training.supernet import Supernet

RECORDS = PLAIN / "pinas"
PATHS, IMAGES, SIDE = 16, 512, 64
"""Random functions and validation images for the spread of embeddings and features."""
PROXIES = ("zen", "naswot", "l2_norm", "synflow")
COLLAPSED = 0.5
"""Least standard deviation of embeddings, in units of 1 / sqrt(d), of a run that is ranked."""
SEEDS = 3
"""Least number of seeds for a verdict."""
LABELLED_BATCH = 16
"""Images in a step of the supernets with labels (study.py)."""
NOT_TUNED = tuple(task for task in TRANSNAS_TASKS if task != "class_scene")


# -- measurement ------------------------------------------------------------------------------------------------------


def objectives() -> dict[str, Any]:
    """Variant -> objective."""
    import torch

    from benchmarks.training.supernet import CrossPathContrast

    class Uncrossed(CrossPathContrast):
        """The positive of a query is the key on its own path."""

        name = "contrast-uncrossed"

        def positives(self, keys: Any) -> Any:
            return list(keys)

    class NoNegatives(CrossPathContrast):
        """Queries and keys are drawn together, and nothing keeps different images apart."""

        name = "contrast-no-negatives"

        def contrast(self, queries: torch.Tensor, positives: torch.Tensor) -> torch.Tensor:
            return 2 - 2 * (queries * positives).sum(dim=1).mean()

    return {"pinas": CrossPathContrast, "uncrossed": Uncrossed, "no-negatives": NoNegatives}


def train(folder: Path, variant: str, seed: int, epochs: int) -> None:
    """Train a supernet, score architectures without labels, and write the record."""
    name = f"{variant}-{epochs}-{seed}"
    record = RECORDS / f"{name}.json"
    if record.exists():
        print(f"{record.name}: done before", flush=True)
        return
    from benchmarks.training.device import training_process
    from benchmarks.training.supernet import (
        PathScorer,
        Supernet,
        SupernetFolder,
        rooms_of,
        supernet_recipe,
        train_supernet,
    )
    from benchmarks.training.supernet.presets import with_epochs
    from benchmarks.training.task_module import channels_last

    training_process(1)
    recipe = with_epochs(replace(supernet_recipe("contrast"), n_test=None), epochs)
    found: dict[str, Any] = {"variant": variant, "epochs": epochs, "seed": seed}
    if variant == "untrained":
        supernet = Supernet(SPACE, recipe, seed)
        channels_last(supernet)
        keep_untrained(supernet, seed, folder / name)
        found |= {"steps": 0, "batch": recipe.batch_size, "seconds": 0, "valid": [], "top1": []}
    else:
        objective = objectives()[variant]()
        where = folder / name
        supernet = train_supernet(SPACE, "contrast", recipe, objective=objective, seed=seed, folder=where, device="cpu")
        metrics = SupernetFolder(where).metrics()
        steps = recipe.epochs * ((recipe.n_train or 0) // recipe.batch_size)
        found |= {"steps": steps, "batch": recipe.batch_size, "seconds": round(metrics["time_elapsed"][-1])}
        for column in ("valid_loss", "valid_top1", "train_objective", "train_embedding_std"):
            found[column.removeprefix("valid_").replace("loss", "valid")] = [round(v, 4) for v in metrics[column]]
    begun = time.perf_counter()
    scorer = PathScorer(supernet, rooms_of(recipe))
    found["estimates"] = {arch: round(-scorer.metrics(arch)["loss"], 6) for arch in rooms_archs()}
    found["scoring"] = round(time.perf_counter() - begun)
    found |= spreads(supernet)
    write(record, found)


def keep_untrained(supernet: Supernet, seed: int, where: Path) -> None:
    """Write a folder of the initial weights, for probes of them."""
    import torch

    from benchmarks.training.recipe import VERSION
    from benchmarks.training.supernet import SupernetFolder

    run = SupernetFolder(where)
    about = {"space": SPACE, "sampler": "disjoint", "objective": "untrained", "seed": seed, "images": "rooms"}
    run.claim({"version": VERSION, **about, "recipe": supernet.recipe.to_dict()})
    with write_beside(run.weights) as beside:
        torch.save(supernet.state_dict(), beside)
    run.finish({})


def spreads(supernet: Supernet) -> dict[str, float]:
    """How embeddings spread over images, and features over paths.

    Embeddings: mean over dimensions and paths of their std over images, in units of 1 / sqrt(d), that of uniform
    directions. Features: pooled, scaled to length 1; share of their variance that is between paths, for one image.
    """
    import torch
    import torch.nn.functional as F  # noqa: N812

    from benchmarks.training.supernet import batch_statistics

    recipe = supernet.recipe
    images = prepared(recipe)
    functions = supernet.layout.functions
    rows = np.random.default_rng(0).choice(len(functions), PATHS, replace=False)
    embedded, features = [], []
    with torch.no_grad(), batch_statistics(supernet):
        for row in rows:
            network = supernet.network(functions[row])
            pooled = torch.cat([network.backbone(part).mean(dim=(2, 3)) for part in images.split(64)])
            features.append(F.normalize(pooled, dim=1))
            if recipe.contrast is not None:
                embedded.append(torch.cat([network.embed(part) for part in images.split(64)]))
    stacked = torch.stack(features)  # (paths, images, channels)
    within = stacked.var(dim=0, correction=0).sum(dim=1).mean()
    whole = stacked.flatten(0, 1).var(dim=0, correction=0).sum()
    found = {"between_paths": round(float(within / whole), 4)}
    if embedded:
        d = embedded[0].shape[1]
        found["embedding_std"] = round(float(torch.stack(embedded).std(dim=1).mean()) * d**0.5, 4)
    return found


def spread(folder: Path) -> None:
    """Write the spread of features of the supernets with labels in a folder."""
    from benchmarks.training.device import training_process
    from benchmarks.training.supernet import SupernetFolder, load_supernet

    training_process(1)
    for path in sorted(folder.glob("uniform-*-[0-9]")):
        record = RECORDS / f"spread-{path.name}.json"
        if record.exists() or not SupernetFolder(path).is_finished:
            continue
        try:
            supernet = load_supernet(path)
        except ArtefactError as error:  # of another version of the code
            print(f"left out: {error}")
            continue
        if supernet.recipe.input_size == SIDE:
            write(record, {"of": path.name, **spreads(supernet)})


def prepared(recipe: Any) -> Any:
    """Whole validation images, normalised, of shape (n, 3, S, S)."""
    import torch

    from benchmarks.training.rooms.source import rooms

    rgb = rooms("valid", recipe.n_valid, recipe.input_size).batch(torch.arange(IMAGES), ["rgb"])["rgb"]
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (recipe.mean, recipe.std))
    return (rgb.float() / 255 - mean) / std


def probe(folder: Path, variant: str, task: str, seed: int, epochs: int, probe_epochs: int) -> None:
    """Train a probe on the supernet of a variant and seed, score architectures, and write the record."""
    name = f"probe-{variant}-{task}-{epochs}-{seed}"
    record = RECORDS / f"{name}.json"
    if record.exists():
        print(f"{record.name}: done before", flush=True)
        return
    from benchmarks.training.device import training_process
    from benchmarks.training.recipe import Recipe
    from benchmarks.training.supernet import PathScorer, SupernetFolder, loss_name, probe_recipe, rooms_of, train_probe

    training_process(1)
    backbone = folder / f"{variant}-{epochs}-{seed}"
    recipe = probe_recipe(task, "mini", Recipe.from_dict(SupernetFolder(backbone).about()["recipe"]))
    recipe = replace(recipe, n_test=None, epochs=probe_epochs)
    where = folder / name
    supernet = train_probe(backbone, task, recipe, seed, where, device="cpu")
    metrics, loss = SupernetFolder(where).metrics(), loss_name(task)
    scorer = PathScorer(supernet, rooms_of(recipe))
    write(
        record,
        {
            "of": variant,
            "task": task,
            "epochs": epochs,
            "seed": seed,
            "batch": recipe.batch_size,
            "steps": recipe.epochs * ((recipe.n_train or 0) // recipe.batch_size),
            "seconds": round(metrics["time_elapsed"][-1]),
            "constant": round(-scorer.constant()[loss], 6),
            "valid": [round(-value, 5) for value in metrics[f"valid_{loss}"]],
            "estimates": {arch: round(-scorer.metrics(arch)[loss], 6) for arch in rooms_archs()},
        },
    )


def write(record: Path, found: dict[str, Any]) -> None:
    """Write a record and say so."""
    write_record(record, found)
    print(f"{record.name}: written", flush=True)


# -- report -----------------------------------------------------------------------------------------------------------


def read(pattern: str) -> list[dict[str, Any]]:
    """Records of a pattern, with their names."""
    return named_records(RECORDS, pattern)


def labelled_records() -> list[dict[str, Any]]:
    """Records of the supernets with labels, with their names."""
    return named_records(PLAIN, "uniform-*-[0-9].json")


def tau(task: str, scores: np.ndarray) -> float:
    """Kendall's tau with the values of rooms-mini on a task."""
    return float(kendall_tau(truth_of(task, "rooms-mini").to_numpy(), scores))


def of(record: dict[str, Any]) -> np.ndarray:
    """Scores of a record, higher is better, in the order of `rooms_archs`."""
    return np.array([record["estimates"][arch] for arch in rooms_archs()])


def collapsed(record: dict[str, Any]) -> bool:
    """Whether all images have about the same embedding in a run."""
    return float(record["embedding_std"]) < COLLAPSED


def dead() -> set[tuple[str, int, int]]:
    """Variant, epochs and seed of the collapsed runs, whose probes are not ranked either."""
    return {(r["variant"], r["epochs"], r["seed"]) for r in read("*.json") if "variant" in r and collapsed(r)}


def cost(record: dict[str, Any]) -> str:
    """Steps of a training, and images that passed the network with a gradient."""
    paths = 2 if "variant" in record else 1
    images = f"{record['steps'] * record['batch'] * paths:,}" if "batch" in record else "not recorded"
    return f"{record['steps']} steps, {images} images with gradient"


def rankers() -> dict[str, dict[str, list[np.ndarray]]]:
    """Ranker -> task -> scores, one array a seed."""
    found: dict[str, dict[str, list[np.ndarray]]] = {}
    for record in read("*.json"):
        if "estimates" not in record:
            continue
        if (record.get("variant", record.get("of")), record["epochs"], record["seed"]) in dead():
            continue
        scores = of(record)
        if "variant" in record:
            for task in TRANSNAS_TASKS:
                name = f"{record['variant']}, {record['epochs']} epochs"
                found.setdefault(name, {}).setdefault(task, []).append(scores)
        else:
            found.setdefault(f"probes of {record['of']}, {record['epochs']} epochs", {}).setdefault(
                record["task"], []
            ).append(scores)
    for record in labelled_records():
        if set(rooms_archs()) <= set(record["estimates"]):
            found.setdefault("supernet with labels (SPOS)", {}).setdefault(record["task"], []).append(of(record))
    for task in TRANSNAS_TASKS:
        found.setdefault("multiply-adds", {})[task] = [multiply_adds(rooms_archs())]
        path = PLAIN / f"proxies-{task}.csv"
        for name in PROXIES if path.exists() else ():
            column = pd.read_csv(path, index_col="arch").loc[rooms_archs()][name]
            found.setdefault(name, {})[task] = [column.fillna(column.min()).to_numpy()]
    return found


def without(by_task: dict[str, list[np.ndarray]]) -> float:
    """Mean tau over the tasks on which no setting was chosen; NaN without any."""
    taus = [np.mean([tau(task, scores) for scores in by_task[task]]) for task in NOT_TUNED if by_task.get(task)]
    return float(np.mean(taus)) if taus else float("nan")


def verdicts(found: dict[str, dict[str, list[np.ndarray]]]) -> None:
    """Say of each claim whether it holds: the mean tau over all tasks is at least another's less one std over seeds."""
    labelled = "supernet with labels (SPOS)"
    mine = [name for name in found if name.startswith(("pinas,", "probes of pinas,"))]
    claims = [(name, other) for name in mine for other in (labelled, "multiply-adds", *PROXIES)]
    claims += [
        (name, name.replace("pinas", control))
        for name in mine
        for control in ("untrained", "uncrossed", "no-negatives")
    ]
    print("\nverdicts: mean tau over the seven tasks >= that of the other less one std over seeds")
    if not mine:
        print("  not decidable: no run of Pi-NAS that has not collapsed")
    for name, other in claims:
        lacking = [
            f"{which} has {len(by)} of {len(TRANSNAS_TASKS)} tasks, {fewest} of {least} seeds"
            for which, by, least in ((name, found[name], SEEDS), (other, found.get(other, {}), least_seeds(other)))
            if (fewest := min(map(len, by.values()), default=0)) < least or len(by) < len(TRANSNAS_TASKS)
        ]
        if lacking:
            print(f"  {name} against {other}: not decidable ({'; '.join(lacking)})")
            continue
        one, two = (means_by_seed(found[which]) for which in (name, other))
        slack = two.std(ddof=1) if len(two) > 1 else 0.0
        holds = "holds" if one.mean() >= two.mean() - slack else "does not hold"
        print(f"  {name} against {other}: {holds} ({one.mean():.3f}, {two.mean():.3f} - {slack:.3f})")


def least_seeds(ranker: str) -> int:
    """Number of seeds that a ranker needs; what has no weights needs one."""
    return 1 if ranker in ("multiply-adds", *PROXIES) else SEEDS


def means_by_seed(by_task: dict[str, list[np.ndarray]]) -> np.ndarray:
    """Mean tau over tasks, for each seed that all tasks have."""
    seeds = min(map(len, by_task.values()))
    return np.array([np.mean([tau(task, scores[seed]) for task, scores in by_task.items()]) for seed in range(seeds)])


def report() -> None:
    """Print all tables."""
    report_trainings()
    report_rates()
    found = rankers()
    report_ranks(found)
    verdicts(found)


def report_trainings() -> None:
    """Print what each run took, and whether it collapsed."""
    print("supernets without labels (validation: random paths, two views; chance: loss 4.159, top1 1.6 %)")
    print("  record                          steps      s   loss  top1 %  mean of 40  std of embeddings  between paths")
    for record in read("*.json"):
        if "variant" in record:
            last = [f"{record[name][-1]:6.3f}" if record[name] else "     -" for name in ("valid", "top1")]
            print(
                f"  {record['name']:30s} {record['steps']:6d} {record['seconds']:6d} {last[0]} {last[1]}  "
                f"{-of(record).mean():10.3f} {record['embedding_std']:17.2f} {record['between_paths']:14.3f}"
                f"{'  collapsed: not ranked' if collapsed(record) else ''}"
            )
            for column in ("train_objective", "train_embedding_std"):
                if column in record:
                    print(f"    {column} by epoch: {', '.join(f'{value:.2f}' for value in record[column])}")
            print(f"    {cost(record)}, as many without for the keys")
    for record in read("spread-*.json"):
        print(f"  {record['of'] + ', with labels':76s}{record['between_paths']:14.3f}")
    for record in labelled_records():
        print(f"  {record['name']}, with labels: {cost({'batch': LABELLED_BATCH, **record})}")
    print("\nprobes (minus loss, higher is better): constant answer, random paths, mean of 40")
    for record in read("probe-*.json"):
        losses = f"{record['constant']:8.4f} {record['valid'][-1]:8.4f} {of(record).mean():8.4f}"
        print(f"  {record['name']:34s} {cost(record)}, {record['seconds']} s  {losses}")


def report_rates() -> None:
    """Print the short trainings by which the learning rate was chosen, all on training images."""
    for record in read("rates.json"):
        print(f"\nshort trainings without labels ({record['settings']}); chance within batches: 3.466")
        for arm in record["arms"]:
            print("  " + "  ".join(f"{name} {value}" for name, value in arm.items()))


def report_ranks(found: dict[str, dict[str, list[np.ndarray]]]) -> None:
    """Print Kendall's tau of each ranker with the trainings."""
    print("\ntau with rooms-mini, 40 architectures: mean over seeds (std over seeds)")
    print(f"  {'':32s}" + "".join(f"{task[:14]:>16s}" for task in TRANSNAS_TASKS) + "      mean")
    for name, by_task in found.items():
        cells, others = [], []
        for task in TRANSNAS_TASKS:
            taus = [tau(task, scores) for scores in by_task.get(task, ())]
            spread = f"({np.std(taus, ddof=1):.2f})" if len(taus) > 1 else "      "
            cells.append(f"{np.mean(taus):9.3f} {spread}" if taus else f"{'-':>16s}")
            others += [float(np.mean(taus))] if taus else []
        mean = f"{np.mean(others):8.3f} of {len(others)}" if others else "       -"
        if len(by_seed := means_by_seed(by_task)) > 1:
            mean += f" ({by_seed.std(ddof=1):.3f})"
        print(f"  {name:32s}" + "".join(cells) + mean + f", {without(by_task):.3f} without class_scene")
    print("\nthe same, seeds averaged before they rank [95 % of a bootstrap over architectures]")
    for name, by_task in found.items():
        if name in ("multiply-adds", *PROXIES) or max(map(len, by_task.values())) > 1:
            cells = []
            for task in TRANSNAS_TASKS:
                if task not in by_task:
                    cells.append(f"{'-':>20s}")
                    continue
                truth, scores = truth_of(task, "rooms-mini").to_numpy(), np.mean(by_task[task], axis=0)
                low, high = bootstrap_interval(kendall_tau, truth, scores, level=0.95, rng=0)
                cells.append(f"{tau(task, scores):6.2f} [{low:5.2f},{high:5.2f}]")
            print(f"  {name:32s}" + "".join(cells))


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=("train", "probe", "spread", "report"))
    parser.add_argument("--folder", type=Path, help="folder of the trained supernets")
    parser.add_argument("--variants", default="pinas")
    parser.add_argument("--tasks", default=",".join(TRANSNAS_TASKS))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--epochs", type=int, default=40, help="epochs of the supernet (default: 40, the preset's)")
    parser.add_argument("--probe-epochs", type=int, default=4, help="epochs of a probe (default: 4, the preset's)")
    given = parser.parse_args()
    if given.work == "report":
        report()
        return
    if given.folder is None:
        parser.error("expected --folder for the trained supernets")
    if given.work == "spread":
        spread(given.folder)
        return
    for seed in map(int, given.seeds.split(",")):
        for variant in given.variants.split(","):
            if given.work == "train":
                train(given.folder, variant, seed, given.epochs)
                continue
            for task in given.tasks.split(","):
                probe(given.folder, variant, task, seed, given.epochs, given.probe_epochs)


if __name__ == "__main__":
    main()
