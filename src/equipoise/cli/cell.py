"""One cell of a grid search: train a GAN, feed a classifier with it, score both."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise.cli.console import notes
from equipoise.cli.files import write_json
from equipoise.cli.resuming import begin, same_run

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Cell:
    """What a cell is to do; goes to its process as a whole.

    Attributes
    ----------
    path : Path
        Its run folder.
    settings : dict
        As in the record of any run, with ``parameters`` of IMSIC.
    about : dict
        What the record says of the data.
    train, held_out : (ndarray, ndarray)
        Images and labels, both from the training set.
    overwrite : bool
    """

    path: Path
    settings: dict[str, Any]
    about: dict[str, Any]
    train: tuple[np.ndarray, np.ndarray]
    held_out: tuple[np.ndarray, np.ndarray]
    overwrite: bool


def run_alone(cell: Cell, threads: int) -> None:
    """Run a cell in a process of its own, which ends with the exit codes of the command line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this
    threading.Thread(target=_end_with_parent, daemon=True).start()
    notes(quiet=True)
    import torch

    from equipoise.cli.app import exit_code

    torch.set_num_threads(threads)
    try:
        run_cell(cell)
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        print(f"error: {cell.path.name}: {error}", file=sys.stderr)
        sys.exit(code)


def run_cell(cell: Cell) -> None:
    """Train, score, draw, and write all of it into the run folder of the cell."""
    from equipoise.cli import pictures
    from equipoise.cli.train import build_gan
    from equipoise.cli.training import fit

    started = time.perf_counter()
    X, y = cell.train
    run = begin(
        same_run(cell.path, cell.settings, cell.overwrite), cell.path, cell.settings, cell.about
    )
    model = build_gan(cell.settings["parameters"], cell.settings["seed"], verbose=0)
    model = fit(model, X, y, run, lambda text: None)
    found = scores(model, cell)
    pictures.draw_traversals(model, cell.about["class_names"], run.pictures / "traversals.png")
    seconds = time.perf_counter() - started
    write_json(run.path / "metrics.json", found | {"seconds": seconds})
    run.finish()


def scores(model: Any, cell: Cell) -> dict[str, float]:
    """Structure recovery, label fidelity, and ACSA on the held-out images.

    Returns
    -------
    dict
        ``val_acsa`` of a classifier trained on what the GAN completes, ``fidelity``, and the
        three numbers of :func:`equipoise.cli.quality.structure_scores`.
    """
    from equipoise.classifiers import ConvNetClassifier
    from equipoise.cli.quality import fidelity, structure_scores
    from equipoise.metrics import acsa

    classifier = ConvNetClassifier(
        max_epochs=cell.settings["classifier_epochs"], random_state=cell.settings["seed"]
    )
    classifier.fit(*model.resample(*cell.train))
    X, y = cell.held_out
    return {
        "val_acsa": float(acsa(y, classifier.predict(X))),
        "fidelity": fidelity(model, *cell.train),
        **structure_scores(model.structure_report()),
    }


def _end_with_parent() -> None:
    """A process that outlived the command would write where the next command does."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
