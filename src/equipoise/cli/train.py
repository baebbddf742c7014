"""``equipoise dgc train``."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.cli.console import Quiet, notes
from equipoise.cli.data import (
    DataChoice,
    DataDir,
    Download,
    Hair,
    ImageSize,
    Protocol,
    choose_protocol,
    class_sizes,
    fingerprint,
    take,
)
from equipoise.cli.options import add_options, given
from equipoise.cli.runs import Run, now, resumable
from equipoise.cli.signature import read_parameters

if TYPE_CHECKING:
    import numpy as np

    from equipoise.datasets import Dataset
    from equipoise.dgc import DGCClassifier

# Parameters that a run has no use for, or another word.
NOT_OPTIONS = {
    "image_shape": "the data sets are images, never flat rows",
    "warm_start": "a run starts from nothing, or from its own checkpoint",
    "random_state": "--seed",
    "callbacks": "the run folder's own",
    "verbose": "--quiet",
}
PARAMETERS = [
    p for p in read_parameters("dgc/estimator.py", "DGCClassifier") if p.name not in NOT_OPTIONS
]


class Preset(StrEnum):
    """Where the parameters that are not given come from."""

    DEFAULT = "default"
    PAPER = "paper"


@add_options(PARAMETERS)
def train(
    context: typer.Context,
    dataset: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="digits, mnist, fashion-mnist, svhn, celeba, or folder for your own images in "
            "one subfolder of --data-dir per class.",
        ),
    ],
    data_dir: DataDir = None,
    image_size: ImageSize = None,
    hair: Hair = "published",
    download: Download = True,
    protocol: Protocol = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the training subset and of the classifier.")
    ] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Run folder.",
            show_default="runs/dgc-DATASET[-PRESET]-seedSEED",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the run that is in the folder.")
    ] = False,
    quiet: Quiet = False,
    preset: Annotated[
        Preset,
        typer.Option(
            help="What holds for parameters that are not given: the defaults below, or the "
            "values of the published objective."
        ),
    ] = Preset.DEFAULT,
    **chosen: Any,
) -> None:
    """Train on a data set made imbalanced, test once, and keep all of it in a run folder.

    Ctrl-C keeps the model so far. The same command goes on with a run that was interrupted or
    killed. The options from --architecture on are the parameters of DGCClassifier.
    """
    note = notes(quiet)
    from equipoise.dgc import DGCClassifier
    from equipoise.parameters import check_parameters

    build = DGCClassifier.paper if preset is Preset.PAPER else DGCClassifier
    model = build(**given(context, chosen), random_state=seed, verbose=0 if quiet else 1)
    parameters = {name: getattr(model, name) for name in chosen}
    check_parameters("DGCClassifier", model.get_params(deep=False), model._constraints)
    choice = DataChoice(dataset, data_dir, image_size, hair)
    protocol = choose_protocol(protocol, dataset)
    settings = {
        "method": "DGCClassifier",
        "preset": preset.value,
        "dataset": dataset,
        "image_size": image_size,
        "hair": hair,
        "protocol": protocol,
        "seed": seed,
        "parameters": parameters,
    }
    out = out or default_folder(choice, preset.value, seed)
    run = resumable(out, settings, overwrite)

    data = choice.load(download)
    X, y = take(data, class_sizes(protocol, dataset, data.y_train), seed)
    about = describe(choice, data, X, y)
    if run is None:
        if old := Run.find(out):
            old.clear()
        run = Run.create(out, settings, data=about)
    elif run.record["data"]["fingerprint"] == about["fingerprint"]:
        run.update(settings=settings)  # the device may be another
    else:
        raise ValueError(
            f"The data are no longer those that {out} was started with. Pass --overwrite to "
            "start anew, or another folder with --out."
        )
    note(f"{len(y)} training images of {len(data.class_names)} classes, run folder {out}")
    model = fit(model, X, y, run, note)
    report(run, model, data, X, note)


def default_folder(choice: DataChoice, preset: str, seed: int) -> Path:
    """Folder for a run that names none."""
    middle = "" if preset == "default" else f"-{preset}"
    return Path("runs") / f"dgc-{choice.title}{middle}-seed{seed}"


def describe(choice: DataChoice, data: Dataset, X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """What the record says of the data.

    Raises
    ------
    ValueError
        There is nothing to test on.
    """
    import numpy as np

    if not len(data.y_test):
        raise ValueError(f"Data set {choice.dataset!r} has no test images. Add some per class.")
    return {
        "source": choice.to_dict(),
        "class_names": list(data.class_names),
        "class_counts": np.bincount(y, minlength=len(data.class_names)).tolist(),
        "n_test": len(data.y_test),
        "fingerprint": fingerprint(X, y),
        "test_fingerprint": fingerprint(data.X_test, data.y_test),
    }


def fit(
    model: DGCClassifier, X: np.ndarray, y: np.ndarray, run: Run, note: Callable[[str], None]
) -> DGCClassifier:
    """Train, or go on training, or take what an earlier process has trained."""
    from equipoise.cli.training import Recorder
    from equipoise.training import Checkpoint

    if run.status == "trained":
        note("the training was done already")
        return run.load_model()
    if run.checkpoint.exists():
        note("going on from the last whole epoch")
    run.update(status="running")
    recorder = Recorder(run)
    model.set_params(callbacks=[Checkpoint(run.checkpoint), recorder])
    try:
        model.fit(X, y)
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt)
        run.update(status="interrupted" if stopped else "failed")
        if isinstance(error, ValueError) and not run.checkpoint.exists():
            run.clear()  # a mistake in the parameters is no run
        raise
    model.save(run.model)
    seconds = sum(epoch["seconds"] for epoch in model.history_)  # of all processes
    if recorder.interrupted:
        run.update(status="interrupted", epochs=recorder.epoch, training_seconds=seconds)
        note(
            f"interrupted after {recorder.epoch} of {model.max_epochs} epochs; the model so far is "
            f"in {run.model}. Run the same command again to go on."
        )
        raise typer.Exit(130)
    run.update(status="trained", epochs=recorder.epoch, training_seconds=seconds)
    return model


def report(
    run: Run, model: DGCClassifier, data: Dataset, X: np.ndarray, note: Callable[[str], None]
) -> None:
    """Test once, write what came out, print it."""
    from equipoise.cli import pictures
    from equipoise.cli.results import Results

    note(f"testing on {len(data.y_test)} images")
    about = run.record["data"]
    started = time.perf_counter()
    probabilities = model.predict_proba(data.X_test)
    seconds = time.perf_counter() - started
    results = Results(data.y_test, probabilities, about["class_names"], about["class_counts"])
    results.save(run.path)
    pictures.draw_samples(model, X, results, run.pictures / "samples.png")
    pictures.draw_confusion(results, run.pictures / "confusion.png")
    pictures.draw_recall({"DGC": results}, run.pictures / "recall-by-size.png")
    pictures.draw_curves(model.history_, run.pictures / "curves.png")
    run.update(status="finished", finished=now(), predict_seconds=seconds)
    print(results.report())
