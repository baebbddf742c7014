"""Which page may change something; all others look on."""

from __future__ import annotations

import time
from collections.abc import Callable

SILENCE = 15.0  # seconds after which a page that does not ask any more has gone


class Pen:
    """Held by one page at a time.

    Parameters
    ----------
    clock : callable
        Seconds, for tests.

    Examples
    --------
    >>> from equipoise.studio.pen import Pen
    >>> pen = Pen()
    >>> pen.held_by("first page"), pen.held_by("second page")
    (True, False)
    >>> pen.put_down("first page")
    >>> pen.held_by("second page")
    True
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._page = ""
        self._seen = 0.0

    def held_by(self, page: str) -> bool:
        """Whether this page, which is asking now, has the pen; it takes it if it is free."""
        now = self._clock()
        if page and (not self._page or now - self._seen > SILENCE):
            self._page = page
        if page and page == self._page:
            self._seen = now
            return True
        return False

    def put_down(self, page: str) -> None:
        """A page is closed; the next one that asks gets the pen."""
        if page == self._page:
            self._page = ""
