"""``equipoise imsic train-classifier``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.cli.console import Quiet, notes
from equipoise.cli.data import (
    PROTOCOLS,
    DataChoice,
    DataDir,
    Download,
    describe,
    fingerprint,
    translate,
)
from equipoise.cli.options import add_options, numbers_by_name, plain
from equipoise.cli.resuming import begin, resumable, warn_of_changes
from equipoise.cli.runs import Overwrite, Run
from equipoise.cli.signature import read_parameters
from equipoise.cli.subset import choose_protocol, training_rows
from equipoise.cli.train_gan import NOT_OPTIONS

if TYPE_CHECKING:
    import numpy as np

PARAMETERS = [
    p
    for p in read_parameters("classifiers/estimator.py", "ConvNetClassifier")
    if p.name not in NOT_OPTIONS
]


def _strategy(text: str) -> Any:
    """``"1000"`` → 1000, ``"9=1000,8=500"`` → a dict, a word as it is."""
    if "=" in text:
        sizes = numbers_by_name(text)
        if any(n != int(n) for n in sizes.values()):
            raise typer.BadParameter(f"{text!r} has a number of images that is not whole.")
        return {name: int(n) for name, n in sizes.items()}
    return int(text) if text.isdecimal() else text


@add_options(PARAMETERS)
def train_classifier(
    gan: Annotated[Path, typer.Option(metavar="RUN", help="Run folder of `imsic train-gan`.")],
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Another data set with the same classes.",
            show_default="that of the GAN",
        ),
    ] = None,
    data_dir: DataDir = None,
    download: Download = True,
    protocol: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"How many training images each class keeps: {PROTOCOLS} (all).",
            show_default="that of the GAN",
        ),
    ] = None,
    sampling_strategy: Annotated[
        Any,
        typer.Option(
            parser=_strategy,
            metavar="<auto|N|NAME=N,...>",
            help="Images of a class after synthetic ones are added: as many as the largest class "
            "has (auto), N where it has fewer, or N in the classes that are named. Also the other "
            "words of imbalanced-learn, such as minority.",
        ),
    ] = "auto",
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Seed of the training subset, the synthetic images and the classifier.",
            show_default="that of the GAN",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", help="Run folder.", show_default="runs/imsic-classifier-DATASET-seedSEED"
        ),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    **chosen: Any,
) -> None:
    """Fill the rare classes with a GAN's images, train a classifier on all, and test it once.

    Ctrl-C keeps the model so far. The same command goes on with a run that was interrupted or
    killed. The options from --architecture on are the parameters of ConvNetClassifier.
    """
    note = notes(quiet)
    from equipoise.classifiers import ConvNetClassifier
    from equipoise.cli.fitting import fit, report
    from equipoise.datasets.images import with_channels
    from equipoise.parameters import check_parameters

    source = Run.open(gan, "IMSIC")
    origin, names = source.record["settings"], source.record["data"]["class_names"]
    own = DataChoice.from_dict(source.record["data"]["source"])
    seed = origin["seed"] if seed is None else seed
    if protocol is None and dataset in (None, own.dataset):
        protocol = origin["protocol"]
    parameters = plain(chosen)
    model = ConvNetClassifier(**parameters, random_state=seed, verbose=0 if quiet else 1)
    check_parameters("ConvNetClassifier", model.get_params(deep=False), model._constraints)
    protocol = choose_protocol(protocol, dataset or own.dataset)
    sampler = source.load_model()
    height, width, channels = sampler.input_shape_
    choice = own.or_another(dataset, data_dir, (height, width))
    settings = {
        "method": "ConvNetClassifier",
        "gan": str(gan.resolve()),
        "dataset": choice.dataset,
        "protocol": protocol,
        "sampling_strategy": sampling_strategy,
        "seed": seed,
        "parameters": parameters,
    }
    out = out or Path("runs") / f"imsic-classifier-{choice.title}-seed{seed}"
    run = resumable(out, settings, overwrite)

    data = choice.load(download)
    X_train, X_test = (with_channels(X, channels) for X in (data.X_train, data.X_test))
    data = replace(data, X_train=X_train, X_test=X_test)
    X, y = training_rows(data, settings)
    if missing := set(names) - set(data.class_names):
        raise ValueError(f"The data have no class {min(missing)!r}, which the GAN knows.")
    y, y_test = (translate(part, data.class_names, names) for part in (y, data.y_test))
    if isinstance(model.class_weight, dict):
        model.class_weight = by_label(model.class_weight, names, "--class-weight")
    sampler.set_params(random_state=seed)
    X_more, y_more = sampler.resample(X, y, targets(sampling_strategy, y, names))
    about = describe(choice, data, X, y) | {
        "class_names": names,
        "synthetic_counts": counts_by_name(y_more[len(y) :], names),
        "fingerprint": fingerprint(X_more, y_more),
    }
    warn_of_changes(source, choice, about["test_fingerprint"])
    run = begin(run, out, settings, about)
    note(f"{len(y)} training images and {len(y_more) - len(y)} synthetic ones, run folder {out}")
    model = fit(model, X_more, y_more, run, note)
    report(run, model, "IMSIC", data.X_test, y_test, note)


def targets(strategy: Any, y: np.ndarray, names: list[str]) -> Any:
    """``sampling_strategy`` as the sampler wants it."""
    import numpy as np

    if isinstance(strategy, int):
        labels, counts = np.unique(y, return_counts=True)
        return dict(zip(labels.tolist(), np.maximum(counts, strategy).tolist(), strict=True))
    if isinstance(strategy, dict):
        return by_label(strategy, names, "--sampling-strategy")
    return strategy


def by_label(values: dict[str, Any], names: list[str], option: str) -> dict[int, Any]:
    """Values by label in place of the class's name.

    Raises
    ------
    ValueError
        There is no class of this name.
    """
    if unknown := [name for name in values if name not in names]:
        raise ValueError(f"{option} {unknown[0]!r} is no class of this run: {', '.join(names)}.")
    return {names.index(name): value for name, value in values.items()}


def counts_by_name(y: np.ndarray, names: list[str]) -> dict[str, int]:
    """How many of each class."""
    import numpy as np

    return dict(zip(names, np.bincount(y, minlength=len(names)).tolist(), strict=True))
