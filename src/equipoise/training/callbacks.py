"""Callbacks of the training loop: early stopping, checkpoints, a log file, and progress."""

from __future__ import annotations

import json
import sys
import time
import zipfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from equipoise.atomic import replacing
from equipoise.errors import InvalidInputError
from equipoise.stored import require
from equipoise.training.distributed import from_first, rank
from equipoise.training.plan import Progress

SECONDS_PER_LINE = 60  # of progress where there is no terminal


class Callback:
    """Base class whose methods do nothing; override those that you need.

    Attributes
    ----------
    keeps_interrupted : bool
        Whether ``fit`` ends as usual after Ctrl-C, with the model so far, also where other code
        than that of the user has called it. That code has to find out that it was interrupted.
    """

    keeps_interrupted = False

    def on_fit_start(self, progress: Progress) -> None:
        """Called before the first epoch."""

    def on_batch_end(self, progress: Progress) -> None:
        """Called after every optimisation step."""

    def on_epoch_end(self, progress: Progress) -> None:
        """Called after every epoch and its validation."""

    def on_fit_end(self, progress: Progress) -> None:
        """Called at the end, also after an interruption or an error."""


class EarlyStopping(Callback):
    """Stop when the validation ACSA no longer improves, and restore the best weights.

    Parameters
    ----------
    patience : int
        Number of epochs without a better ``val_acsa`` after which to stop.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def on_epoch_end(self, progress: Progress) -> None:
        """Remember the weights if they are the best so far, or stop after ``patience`` epochs."""
        score = progress.history[-1]["val_acsa"]
        if score > progress.best_score:
            progress.best_score, progress.best_epoch = score, progress.epoch
            progress.best_weights = deepcopy(progress.plan.modules.state_dict())
        elif progress.epoch - progress.best_epoch >= self.patience:
            progress.stop = True

    def on_fit_end(self, progress: Progress) -> None:
        """Restore the best weights."""
        if progress.best_weights is not None:
            progress.plan.modules.load_state_dict(progress.best_weights)


class Checkpoint(Callback):
    """Save the whole state of the training after every epoch, and continue from it.

    When the same fit is run again with the same path, it continues where the last one stopped, and
    the result is the same as without the interruption. A fit with other data or other parameters
    needs another path.

    Parameters
    ----------
    path : str or Path
        File of the checkpoint. It is replaced atomically.
    every : int, default=1
        Number of epochs between two writes.
    """

    _SAVED = (
        "fingerprint",
        "epoch",
        "history",
        "stop",
        "best_epoch",
        "best_score",
        "best_weights",
    )

    def __init__(self, path: str | Path, every: int = 1) -> None:
        self.path = path
        self.every = every

    def on_fit_start(self, progress: Progress) -> None:
        """Restore the state of an earlier run, if there is one."""
        state = from_first(lambda: self._read(progress))
        if state is None:
            return
        try:
            self._restore(state, progress)
        except Exception as error:
            raise self._damaged(error) from None

    def _restore(self, state: dict[str, Any], progress: Progress) -> None:
        """Set the state of a training, after what can be checked is checked."""
        require(state["history"], [{"epoch": int, "seconds": float}])
        if not 0 < state["epoch"] == len(state["history"]):
            raise ValueError(f"epoch={state['epoch']!r}")
        plan = progress.plan
        for tensor in (*state["modules"].values(), *(state["best_weights"] or {}).values()):
            if tensor.is_floating_point() and not tensor.isfinite().all():
                raise ValueError("a weight is not finite")
        plan.modules.load_state_dict(state["modules"])
        for optimizer, values in zip(plan.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(values)
        plan.generator.set_state(state["generator"])
        for name in self._SAVED:
            setattr(progress, name, state[name])

    def on_epoch_end(self, progress: Progress) -> None:
        """Write the state after ``every`` epochs, and after the last one."""
        last = progress.stop or progress.epoch == progress.max_epochs
        if rank() > 0 or (progress.epoch % self.every and not last):
            return
        path = Path(self.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        plan = progress.plan
        state = {
            "modules": plan.modules.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in plan.optimizers],
            "generator": plan.generator.get_state(),
            **{name: getattr(progress, name) for name in self._SAVED},
        }
        with replacing(path) as partial, partial.open("wb") as file:
            torch.save(state, file)

    def _read(self, progress: Progress) -> dict[str, Any] | None:
        """The state in the file, if there is one, after a check that it is that of this fit."""
        path = Path(self.path)
        if not path.exists():
            return None
        try:
            _refuse_compressed(path)
            state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
            known = state["fingerprint"]
        except OSError:
            raise
        except Exception as error:  # what is damaged fails in about ten different ways
            raise self._damaged(error) from None
        if known != progress.fingerprint:
            raise InvalidInputError(
                f"path={str(path)!r} is the checkpoint of another fit: its data or parameters "
                "differ. Choose another path, or delete it to start anew."
            )
        return state

    def _damaged(self, error: Exception) -> InvalidInputError:
        return InvalidInputError(
            f"path={str(self.path)!r} is no checkpoint, or a damaged one "
            f"({type(error).__name__}). Delete it to start anew, or choose another path."
        )


class JSONLines(Callback):
    """Append one JSON object per epoch to a file.

    Parameters
    ----------
    path : str or Path
        File to append to.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path

    def on_epoch_end(self, progress: Progress) -> None:
        """Append the record of the epoch."""
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(progress.history[-1]) + "\n")


class ProgressBar(Callback):
    """Show loss, validation ACSA, rows per second and the time left.

    In a terminal it is a bar, otherwise a line per epoch and one per minute within longer epochs.

    Parameters
    ----------
    unit : str, default="row"
        What a row is called.
    """

    _bar: Any = None

    def __init__(self, unit: str = "row") -> None:
        self.unit = unit

    def on_fit_start(self, progress: Progress) -> None:
        """Start the clock, and open the bar in a terminal."""
        self._bar = None
        self._started = self._told = time.monotonic()
        self._first_epoch = progress.epoch
        if sys.stderr.isatty():
            total = (progress.max_epochs - progress.epoch) * progress.n_rows
            options: dict[str, Any] = {"dynamic_ncols": True, "leave": False}
            self._bar = tqdm(total=total, unit=f" {self.unit}s", unit_scale=True, **options)

    def on_batch_end(self, progress: Progress) -> None:
        """Advance the bar, or print a line if there was none for a minute."""
        share = progress.batch / progress.n_batches
        summary = self._summary(progress, progress.losses)
        if self._bar is not None:
            epochs = progress.epoch - self._first_epoch + share
            self._bar.set_postfix_str(summary, refresh=False)
            self._bar.update(round(epochs * progress.n_rows) - self._bar.n)
        elif time.monotonic() - self._told >= SECONDS_PER_LINE and share < 1:
            passed = progress.epoch - self._first_epoch + share
            rate = passed * progress.n_rows / (time.monotonic() - self._started)
            line = f"epoch {progress.epoch + 1:>3}/{progress.max_epochs}  {share:.0%}  {summary}"
            self._print(f"{line}  {self._speed(progress, rate, progress.epoch + share)}")

    def on_epoch_end(self, progress: Progress) -> None:
        """Print the line of the epoch."""
        record = progress.history[-1]
        rate = progress.n_rows / record["seconds"] if record["seconds"] else 0.0
        self._print(
            f"epoch {progress.epoch:>3}/{progress.max_epochs}  {self._summary(progress, record)}"
            f"  {record['seconds']:.1f} s, {self._speed(progress, rate, progress.epoch)}"
        )

    def on_fit_end(self, progress: Progress) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _print(self, line: str) -> None:
        self._told = time.monotonic()
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            print(line, file=sys.stderr, flush=True)

    def _speed(self, progress: Progress, rate: float, epochs_done: float) -> str:
        """Rows per second, and the time left after so many epochs, if there is any."""
        text = f"{rate:,.0f} {self.unit}s/s" if rate >= 10 else f"{rate:.1f} {self.unit}s/s"
        left = progress.max_epochs - epochs_done
        if left <= 0 or progress.stop:
            return text
        elapsed = time.monotonic() - self._started
        seconds = left * elapsed / (epochs_done - self._first_epoch)
        return f"{text}, {tqdm.format_interval(seconds)} left"

    @staticmethod
    def _summary(progress: Progress, losses: dict[str, Any]) -> str:
        text = f"loss {losses['loss']:.4f}"
        if progress.history and "val_acsa" in progress.history[-1]:
            text += f"  val ACSA {progress.history[-1]['val_acsa']:.4f}"
        return text


def _refuse_compressed(path: Path) -> None:
    """Refuse compressed parts, which torch does not write and which may be of any size."""
    with zipfile.ZipFile(path) as file:
        if any(part.compress_type != zipfile.ZIP_STORED for part in file.infolist()):
            raise ValueError("it is compressed")
