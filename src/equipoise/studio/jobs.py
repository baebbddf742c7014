"""One piece of work in the background, with its progress and its error."""

from __future__ import annotations

import threading
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from equipoise.errors import TrainingDivergedError
from equipoise.studio.words import on_the_page

SAID_BY_LIBRARY = (ValueError, TrainingDivergedError, OSError)


def in_words(error: BaseException) -> str:
    """The message for the person; of a mistake of ours, its traceback goes to the terminal."""
    if isinstance(error, SAID_BY_LIBRARY):
        return on_the_page(str(error))
    traceback.print_exception(error)
    return (
        f"Something went wrong that should not ({type(error).__name__}: {error}). Nothing that you "
        "decided is lost. The terminal in which the studio runs says more."
    )


def said_in(caught: Sequence[warnings.WarningMessage]) -> list[str]:
    """Warnings for the person, each once."""
    own = [str(w.message) for w in caught if issubclass(w.category, UserWarning)]
    return [on_the_page(text) for text in dict.fromkeys(own)]


class Job:
    """Work in a thread of its own.

    Parameters
    ----------
    title : str
        What it is, as the beginning of a sentence.
    work : callable
        Gets the job, and returns what becomes ``result``. It looks at ``stop`` now and then.
    left_with : str, default=""
        For work that cannot look at ``stop`` at all times, as a fit of scikit-learn: what to say
        when it was asked to stop. It is left to itself then, and its result is ignored.

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

    def __init__(self, title: str, work: Callable[[Job], Any], left_with: str = "") -> None:
        self.title = title
        self.progress: dict[str, Any] = {}
        self.result: Any = None
        self.error = ""
        self.said: list[str] = []
        self.stop = threading.Event()
        self._work, self._left_with = work, left_with
        self._thread = threading.Thread(target=self._run, name=title, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            try:
                result, said = self._work(self), ""
            except Exception as error:
                result, said = None, in_words(error)
        if self._is_left:
            return
        self.result, self.error = result, said
        self.said = said_in(caught)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._thread.is_alive() and not self._is_left

    @property
    def _is_left(self) -> bool:
        return bool(self._left_with) and self.stop.is_set()

    def ask_to_stop(self) -> None:
        """Ask it to stop, or leave it."""
        if self._left_with and self.running:
            self.error = self._left_with
        self.stop.set()

    def end(self, timeout: float) -> bool:
        """Ask it to stop and wait for it; returns whether it has ended."""
        self.ask_to_stop()
        if self._is_left:
            return True
        self._thread.join(timeout)
        return not self.running
