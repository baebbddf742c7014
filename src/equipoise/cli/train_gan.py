"""``equipoise imsic train-gan``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.cli.console import Quiet, notes
from equipoise.cli.data import (
    DataChoice,
    DataDir,
    DatasetName,
    Download,
    Hair,
    ImageSize,
    Protocol,
    describe,
)
from equipoise.cli.options import add_options, plain
from equipoise.cli.resuming import begin, resumable
from equipoise.cli.runs import Overwrite, Run, Seed, now
from equipoise.cli.signature import read_parameters
from equipoise.cli.subset import choose_protocol, training_rows

if TYPE_CHECKING:
    import numpy as np

    from equipoise.datasets import Dataset
    from equipoise.imsic import IMSIC

# Parameters that a run has no use for, or another word.
NOT_OPTIONS = {
    "sampling_strategy": "of train-classifier: the GAN itself appends nothing",
    "image_shape": "the data sets are images, never flat rows",
    "categorical_features": "of tables",
    "allow_missing": "of tables",
    "warm_start": "a run starts from nothing, or from its own checkpoint",
    "random_state": "--seed",
    "callbacks": "the run folder's own",
    "verbose": "--quiet",
}
PARAMETERS = [
    p for p in read_parameters("imsic/estimator.py", "IMSIC") if p.name not in NOT_OPTIONS
]


@add_options(PARAMETERS)
def train_gan(
    dataset: DatasetName,
    data_dir: DataDir = None,
    image_size: ImageSize = None,
    hair: Hair = "published",
    download: Download = True,
    protocol: Protocol = None,
    seed: Seed = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", help="Run folder.", show_default="runs/imsic-gan-DATASET-seedSEED"
        ),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    **chosen: Any,
) -> None:
    """Train the GAN of IMSIC on a data set made imbalanced, and keep all of it in a run folder.

    Ctrl-C keeps the model so far. The same command goes on with a run that was interrupted or
    killed. The options from --architecture on are the parameters of IMSIC.
    """
    note = notes(quiet)
    from equipoise.cli.fitting import fit

    parameters = plain(chosen)
    model = build(parameters, seed, verbose=0 if quiet else 1)
    choice = DataChoice(dataset, data_dir, image_size, hair)
    protocol = choose_protocol(protocol, dataset)
    settings = {
        "method": "IMSIC",
        **choice.settings,
        "protocol": protocol,
        "seed": seed,
        "parameters": parameters,
    }
    out = out or Path("runs") / f"imsic-gan-{choice.title}-seed{seed}"
    run = resumable(out, settings, overwrite)

    data = choice.load(download)
    X, y = training_rows(data, settings)
    if len(set(data.y_test.tolist())) == 1:
        raise ValueError("The test images are of one class. Add some of another.")
    run = begin(run, out, settings, describe(choice, data, X, y))
    note(f"{len(y)} training images of {len(data.class_names)} classes, run folder {out}")
    model = fit(model, X, y, run, note)
    report(run, model, X, y, data, note)


def build(parameters: dict[str, Any], seed: int, verbose: int) -> IMSIC:
    """The sampler, not fitted, its parameters checked before any data are loaded.

    Raises
    ------
    ValueError
        Impossible parameters.
    """
    from equipoise.imsic import IMSIC
    from equipoise.imsic.structure import parse_structure
    from equipoise.parameters import check_parameters

    model = IMSIC(**parameters, random_state=seed, verbose=verbose)
    check_parameters("IMSIC", model.get_params(deep=False), model._constraints)
    parse_structure(model.structure, model.n_codes, model.code_names)
    return model


def report(
    run: Run,
    model: IMSIC,
    X: np.ndarray,
    y: np.ndarray,
    data: Dataset,
    note: Callable[[str], None],
) -> None:
    """Compare what the GAN makes with real images, write what came out, print it."""
    from equipoise.cli import pictures
    from equipoise.cli.quality import Quality

    note(f"comparing generated images with some of {len(data.y_test)} held-out ones")
    about = run.record["data"]
    quality = Quality.of(model, X, y, data.X_test, data.y_test, about["class_names"])
    quality.save(run.path)
    pictures.draw_samples(model, X, about, run.pictures / "samples.png")
    pictures.draw_traversals(model, about["class_names"], run.pictures / "traversals.png")
    pictures.draw_structure(model, run.pictures / "structure.png")
    pictures.draw_curves(model.history_, run.pictures / "curves.png")
    run.update(status="finished", finished=now())
    print(quality.report())
