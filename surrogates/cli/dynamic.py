"""``surrogates dynamic``: train networks with early exits, search their stages, and show accuracy against cost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.training.dynamic.choices import CONFIDENT_TASKS
from surrogates.cli.arguments import AsJson
from surrogates.cli.help import NamedCommands, examples
from surrogates.cli.out_files import writable
from surrogates.cli.output import check_figure_file, print_json, print_table, working
from surrogates.cli.trainings import Device, Epochs, Preset, Threads, on_device, show_trained, training

if TYPE_CHECKING:
    from benchmarks.training.dynamic import ExitMeasurement, ExitScorer
    from benchmarks.training.dynamic.grid import ChoiceGrid

__all__ = ["METHODS", "dynamic_app"]

METHODS = ("s2dnas", "enas4d")
_TEST_IMAGES = 1024
_ROWS = 11

dynamic_app = typer.Typer(
    cls=NamedCommands,
    help="Dynamic inference: networks of two stages with an exit each, so that easy images cost less.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", callback=writable, help="Figure to write; the ending is its type (.png)."),
]
NetworkFolder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="Folder of a network of `surrogates dynamic train`.")
]


@dynamic_app.command(
    short_help="Train a network with two exits, or resume its training.",
    epilog=examples(
        "surrogates dynamic train scene --arch 64-41414-3_00_130 --task class_scene",
        "surrogates dynamic train elastic --arch 64-41414-3_00_130 --task class_scene --elastic",
        "surrogates dynamic train one --arch 64-2311-basic --task jigsaw --split 1:1-1:1-1:3-1:3 --json",
    ),
)
def train(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of the network; an interrupted training continues there.")
    ],
    arch: Annotated[str, typer.Option(metavar="ARCH", help="Architecture of TransNAS-Bench-101 to split into stages.")],
    task: Annotated[
        str, typer.Option("--task", "-t", metavar="TASK", help=f"Task: one of {', '.join(CONFIDENT_TASKS)}.")
    ],
    split: Annotated[
        str | None,
        typer.Option(
            metavar="SPLIT",
            help="Train this split alone: the parts of each module's channels in each stage, as 1:3-2:2-2:2-1:3-3:1. "
            "Default: all splits of a quarter, a half or three quarters in the first of two stages, once for all.",
        ),
    ] = None,
    elastic: Annotated[
        bool,
        typer.Option("--elastic", help="Also for one or two blocks a module, 1x1 or 3x3 kernels, and smaller images."),
    ] = False,
    objective: Annotated[
        str | None,
        typer.Option(help="What a step minimises: labels or distilled. Default: labels for one split, else distilled."),
    ] = None,
    preset: Preset = "mini",
    epochs: Epochs = None,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Random seed of weights, choices, images and augmentation.")
    ] = 0,
    device: Device = "auto",
    threads: Threads = 1,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Train the stages of an architecture on a task, on synthetic Rooms images.

    Interrupt it at any time; the same command resumes it after its last epoch with the same result.
    """
    from benchmarks.optional import needs_extra
    from benchmarks.training.dynamic.choices import check_confident
    from benchmarks.training.dynamic.folder import MultiStageFolder
    from benchmarks.training.supernet.presets import supernet_recipe

    if split is not None and elastic:
        raise typer.BadParameter("expected one of --split and --elastic, got both")
    recipe = supernet_recipe(check_confident(task), preset)
    if epochs is not None:
        recipe = replace(recipe, epochs=epochs)
    if plot is not None:
        check_figure_file(plot, "--plot")
    with needs_extra("Training", "training", "torch", "lightning", "pillow"):
        from benchmarks.training.dynamic.layout import StageLayout
        from benchmarks.training.dynamic.train import train_multi_stage
    on_device(device, threads)
    layout = StageLayout(arch, recipe)
    what = split if split is not None else _grid(layout.n_modules, recipe.input_size, elastic)
    with training(f"training a multi-stage network of {layout.arch} on {task}") as shows:
        train_multi_stage(arch, task, recipe, what, objective, seed, folder, device=device, progress=shows)
    trained = MultiStageFolder(folder)
    if plot is not None:
        from surrogates.dynamic.figures import plot_epochs

        plot_epochs(f"{layout.arch} on {task}, last exit", trained.metrics()).savefig(plot)
    following = f"Next: surrogates dynamic {'curve' if split else 'search'} {folder}"
    show_trained(trained, folder, "last exit", f"Stages of {layout.arch} on {task}, seed {seed}", following, as_json)


@dynamic_app.command(
    short_help="Search the stages of a trained network.",
    epilog=examples(
        "surrogates dynamic search scene",
        "surrogates dynamic search scene --budget .4 --evaluations 100 --seed 1",
        "surrogates dynamic search elastic --method enas4d --plot front.png --json",
    ),
)
def search(
    folder: NetworkFolder,
    method: Annotated[
        str,
        typer.Option(
            help="s2dnas (REINFORCE: the most accurate within a budget) or enas4d (NSGA-II: accuracy against cost)."
        ),
    ] = "s2dnas",
    budget: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="For s2dnas: average multiply-adds as a share of the whole network's. Default: 0.5."
        ),
    ] = None,
    evaluations: Annotated[int, typer.Option(metavar="N", min=1, help="Number of choices to measure.")] = 60,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Random seed of the search.")] = 0,
    device: Device = "auto",
    threads: Threads = 1,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Search the splits (and depths, kernels, sides) that the network was trained for, on validation images.

    Its state is kept in the folder of the network: an interrupted search continues where it stopped.
    """
    from benchmarks.errors import choice

    choice(method, METHODS, "method")
    if budget is not None and method != "s2dnas":
        raise typer.BadParameter("--budget is for the method s2dnas; enas4d finds choices of many costs")
    share = 0.5 if budget is None else budget
    if not 0 < share <= 1:
        raise typer.BadParameter(f"expected a share above 0 and at most 1, got {share:g}", param_hint="--budget")
    if plot is not None:
        check_figure_file(plot, "--plot")
    grid, whole, fingerprint = _trained_grid(folder)
    scorer = _Scorer(folder, device, threads, None)
    where = folder / "searches" / (f"{method}-{share:g}-{seed}" if method == "s2dnas" else f"{method}-{seed}")
    points = _Points(where, scorer, share * whole)
    options: dict[str, Any] = {"folder": where, "about": {"weights": fingerprint}, "progress": True}
    if method == "s2dnas":
        from surrogates.dynamic.s2dnas import search_splits

        history = search_splits(points.measure, grid, share * whole, evaluations, seed, **options)
        columns = ["choice", "reward", "top1", "multiply_adds"]
        rows: list[dict[str, Any]] = [
            dict(zip(columns, (arch, float(reward), *points.of(arch)), strict=True))
            for arch, reward in zip(history.archs, history.values[:, 0], strict=True)
        ]
        rows = sorted(rows, key=lambda row: -float(row["reward"]))
    else:
        from surrogates.dynamic.enas4d import search_tradeoffs, tradeoff_front

        columns = ["choice", "top1", "multiply_adds"]
        history = search_tradeoffs(scorer.measure, grid, evaluations, seed, **options)
        rows = [dict(zip(columns, row, strict=True)) for row in tradeoff_front(history).to_numpy().tolist()]
    if plot is not None:
        _plot_search(plot, method, folder, scorer, history, rows)
    found = {"method": method, "evaluations": len(history), "of": grid.size, "whole": whole, "found": rows}
    if as_json:
        print_json(found | ({"budget": share * whole} if method == "s2dnas" else {}))
        return
    print_table(columns, [[_cell(row[name]) for name in columns] for row in rows[:_ROWS]])
    goal = f"at a budget of {share * whole:,.0f}" if method == "s2dnas" else "that no other one dominates"
    what = "Highest reward" if method == "s2dnas" else "Choices"
    typer.echo(f"{what} {goal}, of {len(history):,} measured among {grid.size:,}; the whole network has {whole:,}.")
    if method == "s2dnas":
        typer.echo("Reward: validation top1 less 100 points per ln(cost / budget) above the budget, at its best point.")
    typer.echo(f"Next: surrogates dynamic curve {folder} --choice {rows[0]['choice']}")


@dynamic_app.command(
    short_help="Accuracy against average multiply-adds of a trained network.",
    epilog=examples(
        "surrogates dynamic curve scene --choice 1:3-1:1-1:1-3:1-3:1",
        "surrogates dynamic curve one --plot curve.png",
        "surrogates dynamic curve one --test-images 256 --json",
    ),
)
def curve(
    folder: NetworkFolder,
    choice: Annotated[
        str | None,
        typer.Option(metavar="CHOICE", help="Choice to show. Default: the one that was trained alone."),
    ] = None,
    test_images: Annotated[
        int, typer.Option(metavar="N", min=2, help="Number of test images, which thresholds do not depend on.")
    ] = _TEST_IMAGES,
    device: Device = "auto",
    threads: Threads = 1,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Show how accuracy on test images grows with the average cost, as fewer images take the first exit.

    Thresholds and temperatures are found on validation images. Logits are kept in the folder of the network.
    """
    if plot is not None:
        check_figure_file(plot, "--plot")
    text = _choice(folder, choice)
    measured = _measured(folder, text, device, threads, test_images)
    valid, test = measured.valid_curve(), measured.test_curve()
    rows = [
        {
            "threshold": valid.thresholds[point].tolist(),
            "shares": test.shares[point].tolist(),
            "multiply_adds": float(test.multiply_adds[point]),
            "valid_top1": float(valid.accuracy[point]),
            "test_top1": float(test.accuracy[point]),
        }
        for point in range(len(valid.accuracy))
    ]
    if plot is not None:
        from surrogates.dynamic.figures import plot_tradeoffs

        lines = {name: (own.multiply_adds, own.accuracy) for name, own in (("validation", valid), ("test", test))}
        plot_tradeoffs(text, lines).savefig(plot)
    if as_json:
        print_json(
            {
                "choice": text,
                "exits": measured.multiply_adds.tolist(),
                "temperatures": measured.temperatures.tolist(),
                "curve": [
                    {**row, "threshold": [None if value > 1 else value for value in row["threshold"]]} for row in rows
                ],
            }
        )
        return
    shown = rows[:: max((len(rows) - 1) // (_ROWS - 1), 1)]
    print_table(
        ["threshold", "first exit", "multiply-adds", "validation top1", "test top1"],
        [
            [
                ", ".join("never" if value > 1 else f"{value:.3f}" for value in row["threshold"]),
                f"{row['shares'][0]:.0%}",
                f"{row['multiply_adds']:,.0f}",
                f"{row['valid_top1']:.1f} %",
                f"{row['test_top1']:.1f} %",
            ]
            for row in shown
        ],
    )
    costs = " and ".join(f"{cost:,}" for cost in measured.multiply_adds.tolist())
    typer.echo(f"{text}: up to its exits {costs} multiply-adds for one image.")


def _grid(n_modules: int, side: int, elastic: bool) -> ChoiceGrid:
    """The choices to train."""
    from benchmarks.training.dynamic.grid import ChoiceGrid

    if not elastic:
        return ChoiceGrid(n_modules)
    half, most = (side * quarters // 16 * 4 for quarters in (2, 3))  # multiples of 4 pixels, as jigsaw needs
    return ChoiceGrid(n_modules, depths=(1, 2), kernels=(1, 3), sides=(half, most, side))


def _trained_grid(folder: Path) -> tuple[ChoiceGrid, int, str]:
    """The choices that a network was trained for, multiply-adds of the whole, and the fingerprint of its weights."""
    from benchmarks.training.dynamic.choices import StageChoice
    from benchmarks.training.dynamic.folder import MultiStageFolder
    from benchmarks.training.dynamic.layout import StageLayout
    from benchmarks.training.dynamic.samplers import SandwichChoices
    from benchmarks.training.recipe import Recipe

    found = MultiStageFolder(folder)
    about = found.about()
    n_modules = len(about["arch"].split("-")[1])
    sampler = SandwichChoices.parse(n_modules, about["sampler"])
    if sampler is None:
        raise ValueError(
            f"expected a network that was trained once for all splits (train without --split), got one of "
            f"{about['sampler']!r} in {str(folder)!r}"
        )
    plan = StageLayout(about["arch"], Recipe.from_dict(about["recipe"])).plan(StageChoice.dense(n_modules))
    return sampler.grid, int(plan.multiply_adds()[0]), found.fingerprint()


def _choice(folder: Path, choice: str | None) -> str:
    """The choice to show: that of the option, else the one that was trained alone."""
    from benchmarks.training.dynamic.choices import StageChoice
    from benchmarks.training.dynamic.folder import MultiStageFolder

    sampler = MultiStageFolder(folder).about()["sampler"]
    if choice is not None:
        return str(StageChoice.parse(choice))
    if sampler.startswith("sandwich"):
        raise typer.BadParameter(
            "expected a choice of a network that was trained once for all, e.g. the best of `surrogates dynamic "
            "search`, got none",
            param_hint="--choice",
        )
    return str(sampler)


class _Scorer:
    """A network with Rooms images to score it on, which are opened when the first choice is measured."""

    def __init__(self, folder: Path, device: str, threads: int, test_images: int | None) -> None:
        from benchmarks.training.device import torch_device

        self._of = (folder, torch_device(device), threads, test_images)  # checked before images are rendered
        self._found: ExitScorer | None = None

    def measure(self, choice: str) -> ExitMeasurement:
        """As `ExitScorer.measure`."""
        if self._found is None:
            self._found = _opened(*self._of)
        return self._found.measure(choice)


class _Points:
    """Accuracy and cost of the point of a choice with the highest reward, kept beside the state of the search."""

    def __init__(self, folder: Path, scorer: _Scorer, budget: float) -> None:
        self._path, self._scorer, self._budget = folder / "points.json", scorer, budget
        self._known: dict[str, list[float]] | None = None

    def measure(self, choice: str) -> ExitMeasurement:
        """As `ExitScorer.measure`; keeps the point."""
        from benchmarks.files import write_beside

        found = self._scorer.measure(choice)
        curve = found.valid_curve()
        best = int(curve.rewards(self._budget).argmax())
        known = self._read()
        known[choice] = [float(curve.accuracy[best]), float(curve.multiply_adds[best])]
        with write_beside(self._path) as beside:
            beside.write_text(json.dumps(known), encoding="utf-8")
        return found

    def of(self, choice: str) -> list[float]:
        """Top1 on validation images (%) and average multiply-adds."""
        if choice not in self._read():
            self.measure(choice)
        return self._read()[choice]

    def _read(self) -> dict[str, list[float]]:
        from benchmarks.errors import ArtefactError

        if self._known is None:
            try:
                found = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else {}
                self._known = {str(choice): [float(top1), float(cost)] for choice, (top1, cost) in found.items()}
            except (ValueError, TypeError, AttributeError) as error:
                raise ArtefactError(f"{str(self._path)!r} is damaged ({error}); delete it") from error
        return self._known


def _opened(folder: Path, device: str, threads: int, test_images: int | None) -> ExitScorer:
    """A network with Rooms images."""
    from benchmarks.optional import needs_extra
    from benchmarks.training.dynamic.folder import MultiStageFolder
    from benchmarks.training.weight_sharing.folder import ROOMS

    found = MultiStageFolder(folder)
    if found.about()["images"] != ROOMS:
        raise ValueError(
            f"expected a network that was trained on Rooms, got one of other images in {str(folder)!r}: use "
            "`ExitScorer` with these images"
        )
    with needs_extra("Multi-stage networks", "training", "torch", "lightning", "pillow"):
        from benchmarks.training.data.images import TASK_DOMAINS
        from benchmarks.training.device import training_process
        from benchmarks.training.dynamic.scores import ExitScorer
        from benchmarks.training.dynamic.train import load_multi_stage
        from benchmarks.training.rooms.source import rooms
        from benchmarks.training.weight_sharing.images import rooms_of
    training_process(threads)
    network = load_multi_stage(folder).to(device)
    recipe = replace(network.recipe, n_test=None)
    with working("opening the images"):
        sources = rooms_of(recipe)
        if test_images is not None:
            domains = TASK_DOMAINS[recipe.task]
            sources["test"] = rooms("test", test_images, recipe.input_size, domains=domains)
    return ExitScorer(network, sources)


def _measured(folder: Path, choice: str, device: str, threads: int, test_images: int) -> ExitMeasurement:
    """Logits of a choice, kept in the folder of the network."""
    from benchmarks.training.dynamic.folder import MultiStageFolder
    from benchmarks.training.dynamic.measurement import read_measurement, write_measurement

    fingerprint = MultiStageFolder(folder).fingerprint()
    about = f"{choice} {test_images} {fingerprint}"
    if (known := read_measurement(folder, about)) is not None:
        return known
    scorer = _Scorer(folder, device, threads, test_images)
    with working(f"measuring {choice}"):
        found = scorer.measure(choice)
    write_measurement(folder, about, found)
    return found


def _plot_search(
    plot: Path, method: str, folder: Path, scorer: _Scorer, history: Any, rows: list[dict[str, Any]]
) -> None:
    """Write the figure: the validation curve of the best choice, or the front among all that were measured."""
    import numpy as np

    from benchmarks.training.dynamic.folder import MultiStageFolder
    from surrogates.dynamic.figures import plot_tradeoffs

    about = MultiStageFolder(folder).about()
    title = f"{about['arch']} on {about['recipe']['task']}, validation images"
    if method == "s2dnas":
        found = scorer.measure(rows[0]["choice"]).valid_curve()
        plot_tradeoffs(title, {rows[0]["choice"]: (found.multiply_adds, found.accuracy)}).savefig(plot)
        return
    costs, accuracy = (np.array([row[name] for row in rows]) for name in ("multiply_adds", "top1"))
    measured = {"measured": (history.values[:, 1], history.values[:, 0])}
    plot_tradeoffs(title, {"front": (costs, accuracy)}, measured).savefig(plot)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value > 1000 else f"{value:.2f}"
