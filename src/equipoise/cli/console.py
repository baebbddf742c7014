"""Notes to the user on stderr, which --quiet turns off."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable


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
