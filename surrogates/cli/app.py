"""The app: its commands and what holds for all of them."""

from __future__ import annotations

from typing import Annotated

import typer

from surrogates.cli import (
    doctor,
    evaluate,
    fit,
    leaderboard,
    lookup,
    predict,
    pretrain,
    refine,
    search,
    search_benchmark,
    train,
    transfer,
    unnas,
)
from surrogates.cli.campaign import campaign_app
from surrogates.cli.failures import TidyGroup
from surrogates.cli.help import examples
from surrogates.cli.rooms import rooms_app
from surrogates.cli.table import table_app

__all__ = ["app"]

app = typer.Typer(
    name="surrogates",
    cls=TidyGroup,
    help=(
        "The expected performance of any architecture on every task, with uncertainty, without training.\n\n"
        "Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted."
    ),
    epilog=examples(
        "surrogates lookup 64-41414-3_33_333",
        "surrogates fit results.csv --out model",
        "cat archs.txt | surrogates predict model -",
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command(short_help="What is known about some architectures.", epilog=lookup.EXAMPLES)(lookup.lookup)
app.command(short_help="A stored surrogate, from stdin to stdout.", epilog=predict.EXAMPLES)(predict.predict)
app.command(short_help="A surrogate for a table of results.", epilog=fit.EXAMPLES)(fit.fit)
app.command(short_help="Held-out accuracy of a model on a table.", epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command(short_help="All models and baselines on a table.", epilog=leaderboard.EXAMPLES)(leaderboard.leaderboard)
app.command(short_help="Which task teaches which.", epilog=transfer.EXAMPLES)(transfer.transfer)
app.command(short_help="From other tables to a new task.", epilog=pretrain.EXAMPLES)(pretrain.pretrain)
app.command(short_help="Find good architectures.", epilog=search.EXAMPLES)(search.search)
app.command(
    short_help="Searchers on a surrogate and on the truth.",
    epilog=search_benchmark.EXAMPLES,
)(search_benchmark.search_benchmark)
app.command(short_help="Is searching without labels enough?", epilog=unnas.EXAMPLES)(unnas.unnas)
app.command(short_help="One real training.", epilog=train.EXAMPLES)(train.train)
app.command(short_help="Train what a surrogate doubts.", epilog=refine.EXAMPLES)(refine.refine)
app.command(short_help="Is this installation sound?", epilog=doctor.EXAMPLES)(doctor.doctor)
app.add_typer(campaign_app, name="campaign", short_help="Many real trainings by a plan.")
app.add_typer(rooms_app, name="rooms", short_help="Images with labels for all tasks.")
app.add_typer(table_app, name="table", short_help="Look into tables of results, and convert them.")


def _version(wanted: bool) -> None:
    if wanted:
        from surrogates import __version__

        typer.echo(f"transnas-surrogates {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None: ...
