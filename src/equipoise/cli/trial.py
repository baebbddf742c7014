"""One trial of a grid search: train a GAN, feed a classifier with it, score both."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise.cli.console import errors_as_messages, notes
from equipoise.runs.files import write_json
from equipoise.runs.resuming import begin, check_same_data, same_run

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Trial:
    """What a trial is to do; it is sent to its process as a whole.

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


def is_finished(trial: Trial) -> bool:
    """Whether an earlier command has finished this trial.

    Raises
    ------
    ValueError
        Its folder holds something else.
    """
    run = same_run(trial.path, trial.settings, trial.overwrite)
    if run is None:
        return False
    check_same_data(run, trial.about)
    return run.status == "finished"


def in_processes(trials: Sequence[Trial], n_jobs: int) -> Iterator[tuple[Trial, str]]:
    """Run each trial in a process of its own; yield it when it has ended, with what went wrong."""
    from concurrent.futures import as_completed

    from equipoise.experiments.processes import workers

    with workers(n_jobs) as (pool, children):
        ended = {pool.submit(children.run, run_alone, trial): trial for trial in trials}
        for future in as_completed(ended):
            yield ended[future], future.result()


def run_alone(trial: Trial) -> None:
    """Run a trial as the only thing in its process; a mistake of the user ends in one line."""
    notes(quiet=True)
    with errors_as_messages(f"{trial.path.name}: "):
        run_trial(trial)


def run_trial(trial: Trial) -> None:
    """Train, score, draw, and write all of it into the run folder of the trial."""
    from equipoise.cli import pictures
    from equipoise.cli.train import build_gan
    from equipoise.cli.training import fit

    started = time.perf_counter()
    earlier = same_run(trial.path, trial.settings, trial.overwrite)
    run = begin(earlier, trial.path, trial.settings, trial.about)
    model = build_gan(trial.settings["parameters"], trial.settings["seed"], verbose=0)
    model = fit(model, *trial.train, run, lambda text: None)
    found = scores(model, trial)
    pictures.draw_traversals(model, trial.about["class_names"], run.pictures / "traversals.png")
    seconds = time.perf_counter() - started
    write_json(run.path / "metrics.json", found | {"seconds": seconds})
    run.finish()


def scores(model: Any, trial: Trial) -> dict[str, float]:
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

    epochs, seed = trial.settings["classifier_epochs"], trial.settings["seed"]
    classifier = ConvNetClassifier(max_epochs=epochs, random_state=seed)
    classifier.fit(*model.resample(*trial.train))
    X, y = trial.held_out
    return {
        "val_acsa": float(acsa(y, classifier.predict(X))),
        "fidelity": fidelity(model, *trial.train),
        **structure_scores(model.structure_report()),
    }
