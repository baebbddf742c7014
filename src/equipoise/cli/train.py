"""``equipoise dgc train`` and ``equipoise imsic train-gan``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from equipoise.cli.console import notes
from equipoise.cli.docstrings import read_parameters
from equipoise.cli.options import add_options, given
from equipoise.cli.shared_options import ImageSize, Overwrite, Quiet, RunSeed, SkipDamaged
from equipoise.runs.data import DataChoice
from equipoise.runs.run import NOT_OPTIONS

if TYPE_CHECKING:
    from equipoise.imsic import IMSIC

DGC_PARAMETERS = read_parameters("dgc/estimator.py", "DGCClassifier", NOT_OPTIONS)
IMSIC_PARAMETERS = read_parameters("imsic/estimator.py", "IMSIC", NOT_OPTIONS)


class Preset(StrEnum):
    """Source of the parameters that are not given."""

    DEFAULT = "default"
    PAPER = "paper"


@add_options(DGC_PARAMETERS)
def train(
    context: typer.Context,
    *,
    dataset: str,
    data_dir: Path | None = None,
    image_size: ImageSize = None,
    hair: str = "published",
    skip_damaged: SkipDamaged = False,
    download: bool = True,
    protocol: str | None = None,
    seed: RunSeed = 0,
    out: Path | None = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    preset: Preset = Preset.DEFAULT,
    **chosen: Any,
) -> None:
    """Train on an imbalanced data set, test once, and keep everything in a run folder.

    Ctrl-C keeps the model so far. The same command continues a run that was interrupted or
    killed. The options from --architecture on are the parameters of DGCClassifier.

    Parameters
    ----------
    out : RUN, default=runs/dgc-DATASET[-PRESET]-seedSEED
        Run folder.
    preset : str, default=default
        Values of the parameters that are not given: the defaults below, or those of the published
        objective.
    """
    note = notes(quiet)
    from equipoise.cli import pictures, training
    from equipoise.dgc import DGCClassifier
    from equipoise.runs.training import settings_of

    build = DGCClassifier.paper if preset is Preset.PAPER else DGCClassifier
    model = build(**given(context, chosen), random_state=seed, verbose=0 if quiet else 1)
    choice = DataChoice(dataset, data_dir, image_size, hair, skip_damaged)
    settings = settings_of(model, chosen, preset=preset.value, **choice.settings(protocol))
    middle = "" if preset is Preset.DEFAULT else f"-{preset.value}"
    out = out or Path("runs") / f"dgc-{choice.title}{middle}-seed{seed}"
    run, data, X, y, model = training.start_and_fit(
        model, out, settings, choice, download, overwrite, note
    )
    pictures.draw_samples(model, X, run.record["data"], run.pictures / "samples.png")
    training.report(run, model, "DGC", data.X_test, data.y_test, note)


@add_options(IMSIC_PARAMETERS)
def train_gan(
    *,
    dataset: str,
    data_dir: Path | None = None,
    image_size: ImageSize = None,
    hair: str = "published",
    skip_damaged: SkipDamaged = False,
    download: bool = True,
    protocol: str | None = None,
    seed: RunSeed = 0,
    out: Path | None = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    **chosen: Any,
) -> None:
    """Train the GAN of IMSIC on an imbalanced data set, and keep everything in a run folder.

    Ctrl-C keeps the model so far. The same command continues a run that was interrupted or
    killed. The options from --architecture on are the parameters of IMSIC.

    Parameters
    ----------
    out : RUN, default=runs/imsic-gan-DATASET-seedSEED
        Run folder.
    """
    note = notes(quiet)
    from equipoise.cli import pictures, training
    from equipoise.cli.quality import Quality
    from equipoise.runs.training import settings_of

    model = build_gan(chosen, seed, verbose=0 if quiet else 1)
    choice = DataChoice(dataset, data_dir, image_size, hair, skip_damaged)
    settings = settings_of(model, chosen, **choice.settings(protocol))
    out = out or Path("runs") / f"imsic-gan-{choice.title}-seed{seed}"
    run, data, X, y, model = training.start_and_fit(
        model, out, settings, choice, download, overwrite, note
    )
    note(f"comparing generated images with some of {len(data.y_test)} held-out ones")
    about = run.record["data"]
    quality = Quality.of(model, X, y, data.X_test, data.y_test, about["class_names"])
    quality.save(run.path)
    pictures.draw_samples(model, X, about, run.pictures / "samples.png")
    pictures.draw_traversals(model, about["class_names"], run.pictures / "traversals.png")
    pictures.draw_structure(model, run.pictures / "structure.png")
    pictures.draw_curves(model.history_, run.pictures / "curves.png")
    run.finish()
    print(quality.report())


def build_gan(parameters: dict[str, Any], seed: int, verbose: int) -> IMSIC:
    """An unfitted IMSIC, its parameters checked before any data are loaded.

    Raises
    ------
    ValueError
        A parameter is out of range, or the structure is impossible.
    """
    from equipoise.imsic import IMSIC
    from equipoise.imsic.structure import parse_structure
    from equipoise.parameters import check_parameters

    model = IMSIC(**parameters, random_state=seed, verbose=verbose)
    check_parameters("IMSIC", model.get_params(deep=False), model._constraints)
    parse_structure(model.structure, model.n_codes, model.code_names)
    return model
