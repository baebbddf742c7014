"""One piece of work in the background, with its progress and its error."""

from __future__ import annotations

import threading
import traceback
import warnings
from collections.abc import Callable
from typing import Any

from equipoise.errors import TrainingDivergedError

SAID_BY_LIBRARY = (ValueError, TrainingDivergedError, OSError)


def in_words(error: BaseException) -> str:
    """The message for the person; of a mistake of ours, its traceback goes to the terminal."""
    if isinstance(error, SAID_BY_LIBRARY):
        return str(error)
    traceback.print_exception(error)
    return (
        f"Something went wrong that should not ({type(error).__name__}: {error}). Nothing that you "
        "decided is lost. The terminal in which the studio runs says more."
    )


class Job:
    """Work in a thread of its own.

    Parameters
    ----------
    title : str
        What it is, as the beginning of a sentence.
    work : callable
        Gets the job, and returns what becomes ``result``. It looks at ``stop`` now and then.

    Attributes
    ----------
    progress : dict
        What the page shows of it; replaced as a whole.
    result : object
    error : str
        The library's words if the work failed.
    said : list of str
        Warnings.
    stop : threading.Event
        Set to ask the work to end.
    """

    def __init__(self, title: str, work: Callable[[Job], Any]) -> None:
        self.title = title
        self.progress: dict[str, Any] = {}
        self.result: Any = None
        self.error = ""
        self.said: list[str] = []
        self.stop = threading.Event()
        self._work = work
        self._thread = threading.Thread(target=self._run, name=title, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            try:
                self.result = self._work(self)
            except Exception as error:
                self.error = in_words(error)
        self.said = [str(w.message) for w in caught if issubclass(w.category, UserWarning)]

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._thread.is_alive()

    def end(self, timeout: float) -> bool:
        """Ask it to stop and wait for it; returns whether it has ended."""
        self.stop.set()
        self._thread.join(timeout)
        return not self.running
