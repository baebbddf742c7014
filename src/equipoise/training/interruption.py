"""Who gets the interruption of a training by Ctrl-C."""

from __future__ import annotations

import sys
from types import FrameType

INSTALLED = ("site-packages", "dist-packages")  # folders of other libraries


def fit_is_of_the_user() -> bool:
    """Whether code of the user has called the ``fit`` that is training.

    It is not where this library or another one has called it, such as a search of scikit-learn, a
    pipeline or a comparison: they would go on with a model that is hardly trained.
    """
    frame = sys._getframe(1)
    while frame.f_code.co_name != "fit" and frame.f_back is not None and _is_ours(frame.f_back):
        frame = frame.f_back
    caller = frame.f_back
    is_fit = frame.f_code.co_name in ("fit", "fit_loop")
    return is_fit and caller is not None and not (_is_ours(caller) or _is_installed(caller))


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] == __name__.partition(".")[0]


def _is_installed(frame: FrameType) -> bool:
    return any(folder in frame.f_code.co_filename for folder in INSTALLED)
