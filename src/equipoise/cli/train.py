"""``equipoise dgc train``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

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
from equipoise.cli.options import add_options, given
from equipoise.cli.resuming import begin, resumable
from equipoise.cli.runs import Overwrite, Seed
from equipoise.cli.signature import read_parameters
from equipoise.cli.subset import choose_protocol, training_rows

# Parameters that a run has no use for, or another word.
NOT_OPTIONS = {
    "image_shape": "the data sets are images, never flat rows",
    "categorical_features": "of tables",
    "allow_missing": "of tables",
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
            metavar="RUN",
            help="Run folder.",
            show_default="runs/dgc-DATASET[-PRESET]-seedSEED",
        ),
    ] = None,
    overwrite: Overwrite = False,
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
    from equipoise.cli import pictures
    from equipoise.cli.fitting import fit, report
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
        **choice.settings,
        "protocol": protocol,
        "seed": seed,
        "parameters": parameters,
    }
    out = out or default_folder(choice, preset.value, seed)
    run = resumable(out, settings, overwrite)

    data = choice.load(download)
    X, y = training_rows(data, settings)
    about = describe(choice, data, X, y)
    run = begin(run, out, settings, about)
    note(f"{len(y)} training images of {len(data.class_names)} classes, run folder {out}")
    model = fit(model, X, y, run, note)
    pictures.draw_samples(model, X, about, run.pictures / "samples.png")
    report(run, model, "DGC", data.X_test, data.y_test, note)


def default_folder(choice: DataChoice, preset: str, seed: int) -> Path:
    """Folder for a run that names none."""
    middle = "" if preset == "default" else f"-{preset}"
    return Path("runs") / f"dgc-{choice.title}{middle}-seed{seed}"
