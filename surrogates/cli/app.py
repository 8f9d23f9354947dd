"""The typer app: all commands and the options they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from surrogates.cli import (
    best,
    card,
    compare,
    design,
    doctor,
    draw,
    evaluate,
    fit,
    leaderboard,
    lookup,
    predict,
    pretrain,
    refine,
    report,
    search,
    search_benchmark,
    top,
    train,
    transfer,
    unnas,
)
from surrogates.cli.campaign import campaign_app
from surrogates.cli.chooser import chooser
from surrogates.cli.completion import complete_names
from surrogates.cli.dynamic import dynamic_app
from surrogates.cli.failures import TidyGroup
from surrogates.cli.help import GroupedHelp, examples
from surrogates.cli.rooms import rooms_app
from surrogates.cli.spaces import OwnSpaces, register_sources
from surrogates.cli.supernet import supernet_app
from surrogates.cli.table import table_app

__all__ = ["app"]


class _Commands(TidyGroup, GroupedHelp):
    """Command group with grouped help and error messages instead of tracebacks; TAB completes names."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        complete_names(self)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options and the commands; the two options for completion are in the examples."""
        params: list[Any] = self.params
        for param in params:
            if param.name in ("install_completion", "show_completion"):
                param.hidden = True
        super().format_options(ctx, formatter)


app = typer.Typer(
    name="surrogates",
    cls=_Commands,
    help=(
        "Predict the performance of any architecture on every task, with uncertainty, without training it.\n\n"
        "Exit codes: 0 success, 1 failure, 2 invalid input, 130 interrupted."
    ),
    epilog=examples(
        "surrogates lookup 64-41414-3_33_333",
        "surrogates fit results.csv --out model",
        "cat archs.txt | surrogates predict model -",
        "surrogates --spaces graphs.jsonl lookup cell7 --model model",
        "surrogates --install-completion",
    ),
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _add(group: str, command: Callable[..., None], short_help: str, epilog: str) -> None:
    app.command(rich_help_panel=group, short_help=short_help, epilog=epilog)(command)


_LOOK_UP, _FIT, _TRANSFER, _SEARCH, _TRAIN = "Look up", "Fit and compare", "Transfer", "Search", "Train"
_add(_LOOK_UP, lookup.lookup, "Predicted or measured performance of architectures.", lookup.EXAMPLES)
_add(_LOOK_UP, best.best, "The best architectures of a space within constraints, exact.", best.EXAMPLES)
_add(_LOOK_UP, predict.predict, "Predict architectures with a stored surrogate, as CSV.", predict.EXAMPLES)
_add(_LOOK_UP, top.top, "The best of predictions in shards.", top.EXAMPLES)
_add(_LOOK_UP, draw.draw, "Draw an architecture: cell, skeleton, how it is written.", draw.EXAMPLES)
app.add_typer(table_app, name="table", rich_help_panel=_LOOK_UP, short_help="Inspect and convert tables of results.")
_add(_LOOK_UP, doctor.doctor, "Check the installation, the bundled data and tables.", doctor.EXAMPLES)
_add(_FIT, fit.fit, "Fit a surrogate to a table of results and store it.", fit.EXAMPLES)
_add(_FIT, evaluate.evaluate, "Held-out accuracy of a model: Kendall tau, coverage.", evaluate.EXAMPLES)
_add(_FIT, leaderboard.leaderboard, "Held-out accuracy of all models and baselines.", leaderboard.EXAMPLES)
_add(_FIT, card.card, "Model card of a stored surrogate, for a model hub.", card.EXAMPLES)
_add(_TRANSFER, transfer.transfer, "Transfer matrix: accuracy gain between tasks.", transfer.EXAMPLES)
_add(_TRANSFER, pretrain.pretrain, "Pre-train on other tables, fine-tune with few labels.", pretrain.EXAMPLES)
_add(_SEARCH, search.search, "Neural architecture search on one task or several.", search.EXAMPLES)
_add(
    _SEARCH,
    search_benchmark.search_benchmark,
    "Compare searchers on a surrogate and on true values.",
    search_benchmark.EXAMPLES,
)
_add(_SEARCH, unnas.unnas, "UnNAS study: search on one task, evaluate on others.", unnas.EXAMPLES)
_add(_LOOK_UP, report.report, "Explore a space in one page, to open in a browser.", report.EXAMPLES)
_add(_LOOK_UP, compare.compare, "Architectures side by side: which is better, how surely.", compare.EXAMPLES)
_add(_TRAIN, design.design, "Which architectures to train first: the most informative.", design.EXAMPLES)
_add(_TRAIN, train.train, "Train one architecture on one task.", train.EXAMPLES)
app.add_typer(
    campaign_app,
    name="campaign",
    rich_help_panel=_TRAIN,
    short_help="Train many architectures from a plan file; resumable.",
)
app.add_typer(
    supernet_app,
    name="supernet",
    rich_help_panel=_TRAIN,
    short_help="Train all architectures at once, and rank them.",
)
app.add_typer(
    dynamic_app,
    name="dynamic",
    rich_help_panel=_TRAIN,
    short_help="Networks whose easy images exit early.",
)
_add(_TRAIN, refine.refine, "Active learning: train the most uncertain architectures.", refine.EXAMPLES)
app.add_typer(
    rooms_app, name="rooms", rich_help_panel=_TRAIN, short_help="Synthetic indoor images with labels for all tasks."
)


def _version(wanted: bool) -> None:
    if wanted:
        from surrogates import __version__

        typer.echo(f"transnas-surrogates {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    spaces: OwnSpaces = None,
) -> None:
    if ctx.invoked_subcommand is None:
        if spaces:
            ctx.fail("Missing command.")
        typer.echo(chooser())
        return
    register_sources(spaces or [])
