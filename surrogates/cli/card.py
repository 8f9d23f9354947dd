"""``surrogates card``: the model card of a stored surrogate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from surrogates.cli.help import examples

__all__ = ["EXAMPLES", "card"]

EXAMPLES = examples("surrogates card model", "surrogates card model --license cc-by-4.0 --name rooms-macro")


def card(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Directory of a stored surrogate (surrogates fit --out DIR).")
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="Title.  [default: the name of the directory]", show_default=False)
    ] = None,
    license: Annotated[
        str | None,
        typer.Option(
            "--license", metavar="NAME", help="Licence of the model, as hubs write it (cc-by-4.0); none if not given."
        ),
    ] = None,
) -> None:
    """Write the model card of a stored surrogate with licence and title: README.md, as the Hugging Face hub shows it.

    It says how to load the model, its tasks with their cross-validated agreement, where it holds and what it was fitted
    to. A model is saved with such a card, without a licence, which this one replaces; one that you edited is kept. The
    model loads without it. Nothing is uploaded. Write it last: a model is not fitted again into a folder with a card of
    yours, so that no text of yours is lost.
    """
    from surrogates.store.card import write_card

    typer.echo(f"Wrote {write_card(directory, name=name, license=license)}.")
