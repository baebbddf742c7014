"""Notes and errors on stderr, and tables on stdout."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout


def notes(quiet: bool) -> Callable[[str], None]:
    """Return the function by which a command tells the user what it is doing.

    Parameters
    ----------
    quiet : bool
        Whether to print nothing. The progress bars of downloads and decoding, and warnings, are
        then off too; call this function before importing the modules that show them.

    Returns
    -------
    callable
        Prints a line to stderr, or does nothing if ``quiet``.
    """
    if not quiet:
        return lambda text: print(text, file=sys.stderr, flush=True)
    os.environ["TQDM_DISABLE"] = "1"
    logging.disable(logging.INFO)
    warnings.simplefilter("ignore")
    return lambda text: None


@contextmanager
def errors_as_messages(prefix: str = "") -> Iterator[None]:
    """Print an error that has a message for the user as one line, and exit.

    The exit code is 2 for a mistake in the arguments and 1 for a failure, such as missing data.
    Bugs keep their traceback, and all errors do where ``EQUIPOISE_TRACEBACK`` is set.

    Parameters
    ----------
    prefix : str, default=""
        What to write before the message.
    """
    try:
        yield
    except Exception as error:
        from equipoise.datasets import DamagedFileError
        from equipoise.errors import LostProcessError, TrainingDivergedError

        failures = (TrainingDivergedError, LostProcessError, DamagedFileError, OSError)
        is_bug = not isinstance(error, (ValueError, *failures))
        if is_bug or os.environ.get("EQUIPOISE_TRACEBACK"):
            raise
        print(f"error: {prefix}{error}", file=sys.stderr)
        sys.exit(1 if isinstance(error, failures) else 2)


def is_torchrun() -> bool:
    """Whether torchrun has started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


@contextmanager
def silent_unless_first() -> Iterator[None]:
    """Let only the first of several processes that torchrun has started print anything.

    The others meet the same errors; only what is not foreseen keeps its traceback in all of them.
    """
    if not is_torchrun() or os.environ["RANK"] == "0":
        yield
        return
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


def exit_if_failed(n_failed: int, n: int, what: str) -> None:
    """Exit with code 1 if some of all jobs or trials (``what``) have failed."""
    if n_failed:
        print(
            f"error: {n_failed} of {n} {what} failed. The same command runs only them.",
            file=sys.stderr,
        )
        sys.exit(1)


def print_table(headings: Sequence[str], *sections: Iterable[Sequence[str]]) -> None:
    """Print a table of words in the first column and numbers in the others.

    Parameters
    ----------
    headings : sequence of str
    *sections : iterable of sequence of str
        The rows, with a gap between two sections.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column(headings[0], no_wrap=True)
    for heading in headings[1:]:
        table.add_column(heading, justify="right")
    for section in sections:
        for row in section:
            table.add_row(*row)
        table.add_section()
    Console().print(table)
