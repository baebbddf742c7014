"""What goes to stderr: notes on the way, unless they are unwanted."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable
from typing import Annotated

import typer

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only results and errors.")]


def notes(quiet: bool) -> Callable[[str], None]:
    """How a command tells what it is doing.

    Parameters
    ----------
    quiet : bool
        Whether to say nothing. The progress bars of downloads and decoding, and warnings, are
        then off too: call this before any of what shows them is imported.

    Returns
    -------
    callable
        Takes a line and prints it to stderr, or not.
    """
    if not quiet:
        return lambda text: print(text, file=sys.stderr, flush=True)
    os.environ["TQDM_DISABLE"] = "1"
    logging.disable(logging.INFO)
    warnings.simplefilter("ignore")
    return lambda text: None
